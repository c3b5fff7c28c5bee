"""What training and prediction know of a network, and the pieces that networks are made of.

Every network takes float (B, 3, H, W) in [-1, 1] with H and W multiples of ``input_shape.STRIDE`` and, if a person
clicked, a ``guidance`` float (B, GUIDANCE_CHANNELS, H, W) in [0, 1]: where clicks say yes, where they say no, and the
mask that is to be mended. It returns logits (B, C, H, W): one channel for one class (sigmoid), a background channel
before the classes' for several (softmax).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import nn

GUIDANCE_CHANNELS = 3
# Far below what any network says, and still a number in every format that is computed in.
_NEVER = -1e4


class SegmentationNetwork(nn.Module):
    """A network; its ``forward(x, guidance=None)`` is as the module says."""

    def load_pretrained(self) -> None:
        """Load what the network starts from when there are no weights of a round before; nothing by default."""

    def pretrained_parameters(self) -> Iterator[nn.Parameter]:
        """The parameters that are to learn slowly, because they already know much; none by default."""
        return iter(())

    def fresh_parameters(self) -> Iterator[nn.Parameter]:
        """All other parameters."""
        pretrained = {id(parameter) for parameter in self.pretrained_parameters()}
        return (parameter for parameter in self.parameters() if id(parameter) not in pretrained)

    def begin_training(self) -> None:
        """Set up for steps of training."""
        self.train()

    def changing(self) -> dict[str, torch.Tensor]:
        """What a step changes once ``begin_training`` was called, by name in ``state_dict``: themselves, not copies.

        They are others when the network is moved to another device.
        """
        fixed = {name for name, parameter in self.named_parameters() if not parameter.requires_grad}
        for path, module in self.named_modules():
            if not module.training:
                fixed |= {f"{path}.{name}" for name, _ in module.named_buffers(recurse=False)}
        return {name: tensor for name, tensor in self.state_dict().items() if name not in fixed}

    def look(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """What the network makes of an image before it hears of clicks; by default the image itself."""
        return (x,)

    def answer(self, looked: tuple[torch.Tensor, ...], guidance: torch.Tensor | None) -> torch.Tensor:
        """``forward`` from what ``look`` returned."""
        logits: torch.Tensor = self(*looked, guidance)
        return logits

    def bottleneck(self) -> nn.Module:
        """The layer whose output (B, D, h, w) is the deepest and coarsest that the network makes of an image."""
        raise NotImplementedError

    def output_layer(self) -> str:
        """Prefix of the tensors whose shape depends on the classes; they start afresh when the classes change."""
        return "output."


def silenced(logits: torch.Tensor, channels: Sequence[int]) -> torch.Tensor:
    """``logits`` (B, C, ...) in which ``channels`` are never chosen and have no gradient."""
    if not channels:
        return logits
    return logits.index_fill(1, torch.tensor(channels, device=logits.device), _NEVER)


def conv_norm(inputs: int, outputs: int) -> nn.Sequential:
    """A 3x3 convolution, batch norm and ReLU."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


class GuidanceStem(nn.Conv2d):
    """Adds ``guidance`` to the first features of a network, at their size.

    It starts at zero and has no bias, so that a network without clicks is the network that it was before (Sofiiuk et
    al., "Reviving iterative training with mask guidance", ICIP 2022, fuse clicks by such a convolution).
    """

    def __init__(self, outputs: int, stride: int = 1) -> None:
        super().__init__(GUIDANCE_CHANNELS, outputs, 3, stride=stride, padding=1, bias=False)
        nn.init.zeros_(self.weight)

    def join(self, features: torch.Tensor, guidance: torch.Tensor | None) -> torch.Tensor:
        """``features`` (B, outputs, h, w) with what ``guidance`` says of them."""
        return features if guidance is None else features + self(guidance)
