"""The running mean of the weights, which predicts better than the weights of any one step."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import nn


class WeightAverage:
    """Exponential moving average of all weights and statistics (Polyak & Juditsky, 1992).

    Its horizon grows with the steps done until ``horizon`` steps, so that the start is forgotten quickly.
    """

    def __init__(self, network: nn.Module, horizon: float) -> None:
        self._decay = 1.0 - 1.0 / max(1.0, horizon)
        self._updates = 0
        self.tensors = {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}

    @torch.no_grad()
    def update(self, network: nn.Module) -> None:
        """Take in the weights after a step."""
        self._updates += 1
        decay = min(self._decay, self._updates / (self._updates + 4.0))
        for name, tensor in network.state_dict().items():
            if tensor.dtype.is_floating_point:
                self.tensors[name].lerp_(tensor, 1.0 - decay)
            else:
                self.tensors[name].copy_(tensor)

    def resume(self, tensors: Mapping[str, torch.Tensor], updates: int) -> None:
        """Go on from an average that was kept after ``updates``."""
        for name, tensor in self.tensors.items():
            tensor.copy_(tensors[name])
        self._updates = updates

    def to(self, device: torch.device) -> None:
        """Go on on ``device``."""
        self.tensors = {name: tensor.to(device) for name, tensor in self.tensors.items()}

    def snapshot(self) -> dict[str, torch.Tensor]:
        """A copy of the average as it is now."""
        return {name: tensor.clone() for name, tensor in self.tensors.items()}
