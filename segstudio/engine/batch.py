"""What one step of training sees."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from segstudio.engine.device import Device
from segstudio.engine.tensors import normalized, to_guidance
from segstudio.engine.views import Views


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """``pixels`` (B, h, w, 3) uint8, ``masks`` (B, h, w) of class ids or IGNORE, ``guidance`` (B, h, w, 3) uint8.

    They rest in the computer's own memory. The masks' int16 are the bits of uint16, of which torch knows little.
    """

    pixels: torch.Tensor
    masks: torch.Tensor
    guidance: torch.Tensor

    @classmethod
    def of(cls, views: Views) -> Batch:
        """Of ``views``, in the same memory."""
        return cls(*map(torch.from_numpy, (views.pixels, views.masks.view(np.int16), views.guidance)))

    def on(self, device: Device) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Views and guidance, both float32 (B, 3, h, w), for a network on ``device``, and the masks int64 there."""
        parts = (part.to(device.torch, non_blocking=True) for part in (self.pixels, self.guidance, self.masks))
        pixels, guidance, masks = parts
        return normalized(pixels), to_guidance(guidance), masks.long().bitwise_and_(0xFFFF)
