"""SegNet: an encoder like VGG-16's, and a decoder that puts each value back where the pooling took it from."""

from __future__ import annotations

import itertools

import torch
from torch import nn
from torch.nn import functional

from segstudio.engine.network import GuidanceStem, SegmentationNetwork, conv_norm

# A quarter as wide as in the paper, for a sixteenth of the work: a round has to end on a laptop's processor.
_CHANNELS = (16, 32, 64, 128, 128)
_CONVOLUTIONS = (2, 2, 3, 3, 3)


def _stage(inputs: int, outputs: int, count: int) -> nn.Sequential:
    """``count`` convolutions, the last of which has ``outputs`` channels and the others ``inputs``."""
    widths = [inputs] * count + [outputs]
    return nn.Sequential(*(conv_norm(a, b) for a, b in itertools.pairwise(widths)))


class Pool(nn.Module):
    """The largest value of each 2 x 2, and which of the four it is, in a form that ``Unpool`` takes."""

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """``x`` (B, C, H, W) to (B, C, H/2, W/2) twice."""
        pooled, places = functional.max_pool2d(x, 2, return_indices=True)
        return pooled, places


class Unpool(nn.Module):
    """Puts each value back where the pooling took it from, among zeros."""

    def forward(self, x: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
        """``x`` (B, C, h, w) to (B, C, 2h, 2w)."""
        return functional.max_unpool2d(x, places, [2, 2])


class SegNet(SegmentationNetwork):
    """SegNet (Badrinarayanan et al., TPAMI 2017), a quarter as wide; 1.8 million parameters. It starts from nothing."""

    def __init__(self, outputs: int) -> None:
        super().__init__()
        first = _CHANNELS[0]
        self.stem = nn.Conv2d(3, first, 3, padding=1, bias=False)
        self.guide = GuidanceStem(first)
        self.norm = nn.Sequential(nn.BatchNorm2d(first), nn.ReLU(inplace=True), conv_norm(first, first))
        self.down = nn.ModuleList()
        self.up = nn.ModuleList()
        for fine, coarse, count in zip(_CHANNELS, _CHANNELS[1:], _CONVOLUTIONS[1:], strict=False):
            self.down.append(nn.Sequential(conv_norm(fine, coarse), _stage(coarse, coarse, count - 1)))
            self.up.insert(0, _stage(coarse, fine, count))
        self.pool, self.unpool = Pool(), Unpool()
        self.last = _stage(first, first, _CONVOLUTIONS[0])
        self.output = nn.Conv2d(first, outputs, 3, padding=1)

    def forward(self, x: torch.Tensor, guidance: torch.Tensor | None = None) -> torch.Tensor:
        """Logits (B, C, H, W)."""
        x = self.norm(self.guide.join(self.stem(x), guidance))
        places = []
        for stage in self.down:
            x, place = self.pool(x)
            places.append(place)
            x = stage(x)
        x, place = self.pool(x)
        x = self.unpool(x, place)
        for stage in self.up:
            x = self.unpool(stage(x), places.pop())
        logits: torch.Tensor = self.output(self.last(x))
        return logits

    def bottleneck(self) -> nn.Module:
        """The last level of the way down."""
        return self.down[-1]
