"""What a starter is to a round: where it begins, and what the little it has learned is measured and mixed with.

A few images teach more about themselves than about those to come. The mean of the weights before and after fine-tuning
keeps what was known and takes in what was learned (Wortsman et al., "Robust fine-tuning of zero-shot models", CVPR
2022); the more images there are, the more of what was learned counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch

from segstudio.domain.regions import parts
from segstudio.engine.checkpoint import Checkpoint
from segstudio.engine.device import Device
from segstudio.engine.finish_learning import LEAST_IMAGES
from segstudio.engine.finishing import PLAIN, Finish
from segstudio.engine.inference import Inference, image_logits
from segstudio.engine.predict import mask_from_logits, mean_class_dice
from segstudio.engine.sample import Mask, Sample
from segstudio.imaging.exposure import exposed, exposure_gain
from segstudio.protocol.round_folder import IGNORE, RoundRequest

_HALF_AT = 8
"""Images trained on at which what was learned counts as much as the starter."""

_FITS = 0.6
"""Mean Dice on the images trained on below which a starter knows other things than are marked here."""

_LOOKED_AT = 6

_MOST_SCATTERED, _SECOND = 0.2, 0.1
"""Share of masks that may show a second region worth its name, which is one of so much of what is marked."""


class Base:
    """The starter of a round, which trains on so many images."""

    def __init__(self, checkpoint: Checkpoint, images: int) -> None:
        self._tensors = checkpoint.tensors
        self._finish = checkpoint.header.finish
        self._images = images
        self.colours = self._finish.colours
        """How much an image's own colours count beside what the starter says."""
        self.second_look = checkpoint.header.second_look
        """How what the starter finds is looked at again: that suits the weights that stay near it, too."""

    @classmethod
    def of(cls, checkpoint: Checkpoint | None, request: RoundRequest, train: Sequence[Sample]) -> Base | None:
        """None without a starter, for other classes, another network, or where it misses what is marked here."""
        if checkpoint is None or len(checkpoint.header.classes) != len(request.classes):
            return None
        if checkpoint.header.network != request.settings.network or not _fits(checkpoint, request, train):
            return None
        return cls(checkpoint, len(train))

    def mixed(self, learned: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """``learned`` drawn towards the starter."""
        share = self._images / (self._images + _HALF_AT)
        return {
            name: torch.lerp(self._tensors[name].to(tensor), tensor, share)
            if tensor.dtype.is_floating_point
            else tensor.clone()
            for name, tensor in learned.items()
        }

    def finish(self, learned: Finish, masks: Sequence[Mask], held_out: int) -> Finish:
        """The starter's finish as long as too few held-out images could tell, unless ``masks`` show several regions."""
        if replace(learned, colours=PLAIN.colours) != PLAIN or held_out >= LEAST_IMAGES:
            return learned
        scattered = sum(_in_several(mask) for mask in masks)
        return learned if scattered > _MOST_SCATTERED * len(masks) else self._finish


def _fits(checkpoint: Checkpoint, request: RoundRequest, train: Sequence[Sample]) -> bool:
    members, device = checkpoint.members(), Device("cpu", "CPU")
    how = Inference(flip_average=False, void=request.void)
    scores = []
    for sample in train[:: max(1, len(train) // _LOOKED_AT)][:_LOOKED_AT]:
        pixels = sample.pixels
        if checkpoint.header.even_exposure:
            # What teaches is as it came; the starter is asked as it will be for predictions.
            pixels = exposed(pixels, exposure_gain(pixels))
        mask = mask_from_logits(image_logits(members, pixels, device, how), *sample.mask.shape)
        scores.append(mean_class_dice(mask, sample.mask, len(request.classes), IGNORE))
    return bool(np.mean(scores) >= _FITS)


def _in_several(mask: Mask) -> bool:
    areas = np.sort(parts((mask > 0) & (mask != IGNORE))[1])
    return len(areas) > 2 and areas[-2] > _SECOND * areas.sum()
