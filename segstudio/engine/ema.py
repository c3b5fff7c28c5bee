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
    def update(self, weights: Mapping[str, torch.Tensor]) -> None:
        """Take in ``weights``, of a network's ``state_dict`` what a step has changed."""
        self._updates += 1
        decay = min(self._decay, self._updates / (self._updates + 4.0))
        kinds: dict[torch.dtype, tuple[list[torch.Tensor], list[torch.Tensor]]] = {}
        for name, tensor in weights.items():
            means, news = kinds.setdefault(tensor.dtype, ([], []))
            means.append(self.tensors[name])
            news.append(tensor)
        # All at once: an accelerator would have to be told of hundreds of little things to do.
        for dtype, (means, news) in kinds.items():
            if dtype.is_floating_point:
                torch._foreach_lerp_(means, news, 1.0 - decay)
            else:
                torch._foreach_copy_(means, news)

    @property
    def is_taught(self) -> bool:
        """Whether a step went into it: else it is what the network began with."""
        return self._updates > 0

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
