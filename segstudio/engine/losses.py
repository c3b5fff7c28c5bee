"""What a prediction is measured by while learning: cross-entropy plus Dice, read only where a human vouched."""

from __future__ import annotations

import torch
from monai.losses import DiceLoss
from torch import nn
from torch.nn import functional

from segstudio.protocol.round_folder import IGNORE


class MaskedSegmentationLoss(nn.Module):
    """BCE + Dice for one output channel, cross-entropy + Dice for several, over vouched pixels only.

    Dice is pooled over the batch (Milletari et al., "V-Net", 3DV 2016, as MONAI computes it), so that a sample
    with few vouched pixels weighs little. A batch without any gives a loss of zero, with zero gradient.
    """

    def __init__(self) -> None:
        super().__init__()
        self._dice = DiceLoss(batch=True, smooth_nr=1.0, smooth_dr=1.0)

    def forward(self, logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Scalar float32 loss of ``logits`` (B, C, H, W) against ``target`` (B, H, W) int64 class ids or IGNORE."""
        logits = logits.float()
        vouched = target != IGNORE
        weight = vouched.unsqueeze(1).float()
        classes = torch.where(vouched, target, 0)
        if logits.shape[1] == 1:
            truth = classes.clamp(max=1).unsqueeze(1).float()
            probability = torch.sigmoid(logits)
            each = functional.binary_cross_entropy_with_logits(logits, truth, reduction="none")
        else:
            truth = functional.one_hot(classes, logits.shape[1]).permute(0, 3, 1, 2).float()
            probability = torch.softmax(logits, dim=1)
            each = functional.cross_entropy(logits, classes, reduction="none").unsqueeze(1)
        cross_entropy = (each * weight).sum() / weight.sum().clamp(min=1.0)
        # MONAI's own MaskedDiceLoss masks before the sigmoid, which leaves 0.5 outside: mask after it.
        dice: torch.Tensor = self._dice(probability * weight, truth * weight)
        return cross_entropy + dice
