"""What a prediction is measured by while learning, read only where a human vouched."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import get_args

import torch
from monai.losses import DiceLoss, FocalLoss
from torch import nn
from torch.nn import functional

from segstudio.domain.errors import UserError
from segstudio.engine.network import silenced
from segstudio.protocol.round_folder import IGNORE, Loss

_GAMMA = 2.0


class MaskedSegmentationLoss(nn.Module):
    """One of the losses by name, for one output channel (sigmoid) or several (softmax), over vouched pixels only.

    ======================  ===========================================================================================
    cross_entropy           BCE or cross-entropy
    dice                    Dice alone (Milletari et al., "V-Net", 3DV 2016, as MONAI computes it)
    cross_entropy_dice      both; the default
    focal                   focal loss (Lin et al., ICCV 2017) plus Dice: what is learned already counts little
    balanced                cross-entropy in which each class weighs by its ``class_weights``
    ======================  ===========================================================================================

    Dice is pooled over the batch, so that a sample with few vouched pixels weighs little. A batch without any gives a
    loss of zero, with zero gradient. Channels numbered in ``void`` are never learned.
    Raises ``UserError`` for an unknown name.
    """

    def __init__(
        self, kind: str = "cross_entropy_dice", class_weights: Sequence[float] = (), void: tuple[int, ...] = ()
    ) -> None:
        super().__init__()
        if kind not in get_args(Loss):
            raise UserError(f'This version of segstudio does not know the way to learn "{kind}". Choose another one.')
        self._kind = kind
        self._void = void
        self._weights = torch.tensor(class_weights) if kind == "balanced" else None
        self._dice = DiceLoss(batch=True, smooth_nr=1.0, smooth_dr=1.0)
        self._sigmoid_focal = FocalLoss(gamma=_GAMMA, reduction="none")
        self._softmax_focal = FocalLoss(gamma=_GAMMA, reduction="none", use_softmax=True)

    def forward(self, logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Scalar float32 loss of ``logits`` (B, C, H, W) against ``target`` (B, H, W) int64 class ids or IGNORE."""
        logits = silenced(logits.float(), self._void)
        vouched = target != IGNORE
        weight = vouched.unsqueeze(1).float()
        classes = torch.where(vouched, target, 0)
        if logits.shape[1] == 1:
            classes = classes.clamp(max=1)
            truth = classes.unsqueeze(1).float()
            probability = torch.sigmoid(logits)
        else:
            truth = functional.one_hot(classes, logits.shape[1]).permute(0, 3, 1, 2).float()
            probability = torch.softmax(logits, dim=1)
        loss = torch.zeros((), device=logits.device)
        if self._kind != "dice":
            each = self._each(logits, classes, truth)
            if self._weights is not None:
                weight_of_each = weight * self._weights.to(logits)[classes].unsqueeze(1)
            else:
                weight_of_each = weight
            loss = loss + (each * weight_of_each).sum() / _at_least(weight_of_each.sum())
        if self._kind in ("dice", "cross_entropy_dice", "focal"):
            # MONAI's own MaskedDiceLoss masks before the sigmoid, which leaves 0.5 outside: mask after it.
            loss = loss + self._dice(probability * weight, truth * weight)
        return loss

    def _each(self, logits: torch.Tensor, classes: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
        """The loss of each pixel, (B, 1, H, W)."""
        one = logits.shape[1] == 1
        if self._kind == "focal":
            focal = self._sigmoid_focal if one else self._softmax_focal
            summed: torch.Tensor = focal(logits, truth).sum(dim=1, keepdim=True)
            return summed
        if one:
            return functional.binary_cross_entropy_with_logits(logits, truth, reduction="none")
        return functional.cross_entropy(logits, classes, reduction="none").unsqueeze(1)


def effective_weights(pixels: Sequence[int]) -> list[float]:
    """What a pixel of each class weighs, given how many ``pixels`` each has; their mean is 1.

    By the inverse of the effective number (1 - b^n) / (1 - b) (Cui et al., "Class-Balanced Loss Based on Effective
    Number of Samples", CVPR 2019) with b = (N - 1) / N, where N is all pixels. A class without any weighs 1.
    """
    total = sum(pixels)
    if total < 2:
        return [1.0] * len(pixels)
    log_b = math.log1p(-1 / total)
    inverse = [-1 / math.expm1(count * log_b) if count else 0.0 for count in pixels]
    mean = sum(inverse) / sum(count > 0 for count in pixels)
    return [value / mean if value else 1.0 for value in inverse]


def _at_least(total: torch.Tensor) -> torch.Tensor:
    """``total``, or one where it is zero: then there is nothing to divide."""
    return torch.where(total > 0, total, torch.ones_like(total))
