"""How good weights are: mean dense Dice on the held-out images, at the size of their files."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from segstudio.engine.base import Base
from segstudio.engine.data import to_input
from segstudio.engine.device import Device
from segstudio.engine.finish_learning import (
    LEAST_IMAGES,
    MOST_CLASSES,
    MOST_IMAGES,
    learn_finish,
    told_by_colours,
    told_by_masks,
)
from segstudio.engine.finishing import PLAIN, Finish
from segstudio.engine.inference import Inference, image_logits
from segstudio.engine.models import network_of
from segstudio.engine.predict import mask_from_logits, mean_class_dice
from segstudio.engine.progress import RoundEvents, check_in_every_layer
from segstudio.engine.sample import Sample
from segstudio.engine.trouble import Careful, Means, free_memory, if_memory_allows
from segstudio.protocol.round_folder import IGNORE, RoundRequest

Tensors = Mapping[str, torch.Tensor]

# That many are held at a time to learn a finish from: a quarter of a gigabyte.
_MOST_LOGITS = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """Weights by name, their mean Dice and that of each held-out image by its id.

    ``earlier`` are those of the other member where an ensemble was scored. The Dice is NaN of weights that give no
    numbers. It is the Dice of the network's own masks: a finish was learned on these very images and would flatter it.
    ``side`` is what the network saw at once, see ``trouble.Means``.
    """

    tensors: dict[str, torch.Tensor]
    dice: float
    per_image: dict[int, float]
    side: int
    earlier: dict[str, torch.Tensor] | None = None


class Scorer:
    """Scores weights of the network of ``request`` on ``held_out``, asked at ``side`` px.

    ``report`` is called before each image. Raises ``RoundCancelled`` where ``events`` say so.
    """

    def __init__(
        self,
        request: RoundRequest,
        held_out: list[Sample],
        device: Device,
        events: RoundEvents,
        side: int,
        report: Callable[[], None],
    ) -> None:
        self._name = request.settings.network
        self._inference = Inference.of(request.settings, request.void)
        self._class_count = len(request.classes)
        self._held_out = held_out
        self.means = Means(device, self._inference.views(device), side)
        """What is asked with. Where memory runs out all the same, less is; never smaller images."""
        self._events = events
        self._report = report

    def score(self, tensors: Tensors, earlier: Tensors | None = None) -> Scored:
        """The mean Dice of ``tensors``, which are kept as they are and must not change afterwards.

        With those of an ``earlier`` network it is that of both as an ensemble.
        """
        ask = self._asker(tensors, earlier)
        per_image: dict[int, float] = {}
        for sample in self._held_out:
            assert sample.full_mask is not None
            logits = ask(sample)
            if np.isfinite(logits).all():
                mask = mask_from_logits(logits, *sample.full_mask.shape)
                per_image[sample.image_id] = mean_class_dice(mask, sample.full_mask, self._class_count, IGNORE)
            else:
                per_image[sample.image_id] = math.nan
        dice = math.fsum(per_image.values()) / len(per_image)
        return Scored(dict(tensors), dice, per_image, self.means.side, None if earlier is None else dict(earlier))

    def gives_numbers(self, tensors: Tensors, sample: Sample) -> bool:
        """Whether what ``tensors`` say of ``sample`` are numbers; weights that are may still overflow on their way."""
        return bool(np.isfinite(self._asker(tensors)(sample)).all())

    def learn_finish(self, best: Scored, things: Sequence[int], taught: Sequence[Sample], base: Base | None) -> Finish:
        """What makes the masks of ``best``, taught by the samples ``taught``, better; see ``learn_finish``.

        Where the held-out images are too few, or memory runs out, the samples alone tell or, if they tell nothing, what
        is known of ``base``. Of memory ``events`` hear: a round is not lost for want of a finish.
        """
        count = len(self._held_out)
        told = if_memory_allows(lambda: self._told(things, taught, base))
        finish = None if told is None else if_memory_allows(lambda: self._learned_finish(best, things, told))
        if finish is None:
            free_memory(self.means.device)
            self._events.on_notice(
                "There was not enough memory to learn how to clean up the model's masks. The round is kept, and its "
                "masks may have a few more specks or holes."
            )
            finish, count = told or PLAIN, 0
        return finish if base is None else base.finish(finish, [sample.mask for sample in taught], count)

    def _told(self, things: Sequence[int], taught: Sequence[Sample], base: Base | None) -> Finish:
        """The finish that masks and colours speak for, without the network; of colours a starter knows more."""
        if self._class_count > MOST_CLASSES:
            return PLAIN
        samples = [*taught, *self._held_out]
        told = told_by_masks([sample.mask for sample in samples], self._class_count, things)
        if self._class_count > 1:
            return told
        return replace(told, colours=told_by_colours(samples) if base is None else base.colours)

    def _learned_finish(self, best: Scored, things: Sequence[int], told: Finish) -> Finish:
        """The finish that the held-out images speak for, ``told`` where there are too few of them."""
        if self._class_count > MOST_CLASSES or len(self._held_out) < LEAST_IMAGES:
            return told
        ask = self._asker(best.tensors, best.earlier)
        channels = 1 if self._class_count == 1 else self._class_count + 1
        most = max(LEAST_IMAGES, _MOST_LOGITS // (channels * max(sample.mask.size for sample in self._held_out)))
        samples = self._held_out[: min(most, MOST_IMAGES)]
        pictures, truths = [sample.pixels for sample in samples], [sample.mask for sample in samples]
        said = [ask(sample) for sample in samples]
        return learn_finish(said, truths, things, told, pictures, self._events.pause)

    def _asker(self, tensors: Tensors, earlier: Tensors | None = None) -> Callable[[Sample], NDArray[np.float32]]:
        """What gives the logits (h, w, C) of a sample by these weights."""
        sets = [tensors] if earlier is None else [tensors, earlier]
        members = [network_of(self._name, self._class_count, one) for one in sets]
        for network in members:
            check_in_every_layer(network, self._events)
        careful = Careful(nn.ModuleList(members), self.means, self._events.on_notice)

        def logits(sample: Sample, means: Means) -> NDArray[np.float32]:
            how, pixels = self._inference, sample.pixels
            if how.window is not None:
                how = replace(how, window=means.side)
            else:
                # The shape at which masks will be made, or the score would be that of other masks.
                whole = sample.mask if sample.full_mask is None else sample.full_mask
                pixels = to_input(pixels, means.side, whole.shape)
            return image_logits(members, pixels, means.device, how, self._events.pause, None, means.batch)

        def ask(sample: Sample) -> NDArray[np.float32]:
            self._report()
            self._events.pause()
            return careful.ask(lambda means: logits(sample, means))

        return ask
