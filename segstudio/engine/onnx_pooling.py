"""SegNet's pooling and unpooling in what ONNX knows: its own unpooling wants sizes that are fixed beforehand.

Which of each 2 x 2 was the largest is four masks instead of an index. Of equal ones the first counts, as in torch.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from segstudio.engine.segnet import Pool, Unpool


class _MaskPool(nn.Module):
    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """``x`` (B, C, H, W) to the largest (B, C, H/2, W/2), and which of the four it is (B, C, 4, H/2, W/2)."""
        four = torch.stack([x[..., i::2, j::2] for i in (0, 1) for j in (0, 1)], dim=2)
        largest = four.max(dim=2, keepdim=True).values
        is_largest = (four >= largest).to(x.dtype)
        before = torch.cumsum(is_largest, dim=2) - is_largest
        return largest.squeeze(2), is_largest * (before == 0).to(x.dtype)


class _MaskUnpool(nn.Module):
    def forward(self, x: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
        """``x`` (B, C, h, w) and ``places`` (B, C, 4, h, w) to (B, C, 2h, 2w)."""
        return functional.pixel_shuffle((x.unsqueeze(2) * places).flatten(1, 2), 2)


def pools_by_places(network: nn.Module) -> bool:
    """Whether ``network`` puts values back where they came from."""
    return any(isinstance(part, Unpool) for part in network.modules())


def pool_by_masks(network: nn.Module) -> None:
    """Put what ONNX knows in the place of SegNet's pooling, wherever ``network`` has it."""
    for name, part in list(network.named_children()):
        if isinstance(part, Pool | Unpool):
            setattr(network, name, _MaskPool() if isinstance(part, Pool) else _MaskUnpool())
        else:
            pool_by_masks(part)
