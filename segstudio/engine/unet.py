"""U-Net as it is taught: two convolutions a level, halved by pooling, joined across at every level on the way back."""

from __future__ import annotations

import itertools

import torch
from torch import nn
from torch.nn import functional

from segstudio.engine.network import GuidanceStem, SegmentationNetwork, conv_norm

# A quarter as wide as in the paper, for a sixteenth of the work: a round has to end on a laptop's processor.
_CHANNELS = (16, 32, 64, 128, 256)


def _level(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(conv_norm(inputs, outputs), conv_norm(outputs, outputs))


class UNet(SegmentationNetwork):
    """U-Net (Ronneberger et al., MICCAI 2015), a quarter as wide, padded, with batch norm; 1.9 million parameters.

    It starts from nothing.
    """

    def __init__(self, outputs: int) -> None:
        super().__init__()
        first = _CHANNELS[0]
        self.stem = nn.Conv2d(3, first, 3, padding=1, bias=False)
        self.guide = GuidanceStem(first)
        self.norm = nn.Sequential(nn.BatchNorm2d(first), nn.ReLU(inplace=True), conv_norm(first, first))
        pairs = list(itertools.pairwise(_CHANNELS))
        self.down = nn.ModuleList(_level(fine, coarse) for fine, coarse in pairs)
        self.up = nn.ModuleList(nn.ConvTranspose2d(coarse, fine, 2, stride=2) for fine, coarse in reversed(pairs))
        self.joined = nn.ModuleList(_level(2 * fine, fine) for fine, _ in reversed(pairs))
        self.output = nn.Conv2d(first, outputs, 1)

    def forward(self, x: torch.Tensor, guidance: torch.Tensor | None = None) -> torch.Tensor:
        """Logits (B, C, H, W)."""
        x = self.norm(self.guide.join(self.stem(x), guidance))
        skips = [x]
        for level in self.down:
            x = level(functional.max_pool2d(x, 2))
            skips.append(x)
        skips.pop()
        for up, joined in zip(self.up, self.joined, strict=True):
            x = joined(torch.cat([skips.pop(), up(x)], dim=1))
        logits: torch.Tensor = self.output(x)
        return logits

    def bottleneck(self) -> nn.Module:
        """The last level of the way down."""
        return self.down[-1]
