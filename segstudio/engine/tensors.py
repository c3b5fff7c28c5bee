"""How images and clicks become what a network takes."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray


def to_tensor(batch: NDArray[np.uint8], device: torch.device) -> torch.Tensor:
    """(B, h, w, 3) uint8 to float32 (B, 3, h, w) in [-1, 1] on ``device``, in channels-last memory."""
    return normalized(torch.from_numpy(batch).to(device))


def normalized(batch: torch.Tensor) -> torch.Tensor:
    """(B, h, w, 3) uint8 to float32 (B, 3, h, w) in [-1, 1], in channels-last memory."""
    # The memory already is channels-last, so the permuted view needs no copy but the conversion.
    return batch.permute(0, 3, 1, 2).float().sub_(127.0).div_(128.0)


def to_guidance(drawn_clicks: torch.Tensor) -> torch.Tensor:
    """What ``domain.clicks.drawn`` made, as (B, h, w, 3) uint8, for a network: float32 (B, 3, h, w) in [0, 1]."""
    return drawn_clicks.permute(0, 3, 1, 2).float().div_(255.0)
