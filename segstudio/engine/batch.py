"""What one step of training sees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from segstudio.engine.device import Device
from segstudio.engine.sample import Mask, Pixels
from segstudio.engine.tensors import normalized, to_guidance


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """``pixels`` (B, h, w, 3) uint8, ``masks`` (B, h, w) of class ids or IGNORE, ``guidance`` (B, h, w, 3) uint8.

    They rest in the computer's own memory. The masks' int16 are the bits of uint16, of which torch knows little.
    """

    pixels: torch.Tensor
    masks: torch.Tensor
    guidance: torch.Tensor

    @classmethod
    def of(
        cls, views: Sequence[tuple[Pixels, Mask]], guidance: Sequence[NDArray[np.uint8] | None], pinned: bool = False
    ) -> Batch:
        """Of equally large ``views`` and what is told of each; ``pinned`` in pages that a CUDA card fetches itself."""
        masks = np.stack([mask for _, mask in views])
        told = np.zeros((*masks.shape, 3), np.uint8)
        for index, clicks in enumerate(guidance):
            if clicks is not None:
                told[index] = clicks
        parts = [
            torch.from_numpy(part) for part in (np.stack([pixels for pixels, _ in views]), masks.view(np.int16), told)
        ]
        return cls(*(part.pin_memory() for part in parts) if pinned else parts)

    def on(self, device: Device) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Views and guidance, both float32 (B, 3, h, w), for a network on ``device``, and the masks int64 there."""
        parts = (part.to(device.torch, non_blocking=True) for part in (self.pixels, self.guidance, self.masks))
        pixels, guidance, masks = parts
        return normalized(pixels), to_guidance(guidance), masks.long().bitwise_and_(0xFFFF)
