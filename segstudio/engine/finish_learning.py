"""Which finish the approved masks and the held-out images speak for."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import numpy as np

from segstudio.domain.regions import fill_holes, parts
from segstudio.engine.finishing import PLAIN, USUAL_COLOURS, Finish, Logits, finished
from segstudio.engine.own_colours import heeding_colours, told_apart
from segstudio.engine.predict import mask_from_logits, mean_class_dice
from segstudio.engine.sample import Mask, Pixels, Sample
from segstudio.protocol.round_folder import IGNORE

LEAST_IMAGES = 4
MOST_IMAGES, MOST_CLASSES = 32, 8
"""More would take longer to learn from than it gains."""
_THRESHOLDS = tuple(round(0.3 + 0.05 * step, 2) for step in range(9))
# A threshold of a half is believed as if this many images spoke for it.
_PRIOR_IMAGES = 10
_LEAST_GAIN = 1e-3
_COLOURS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
# Colours alone tell 0.96 of the pixels of a lesion of PH2 rightly and 0.85 of those of a person of CCP, at the median.
_TOLD_APART = 0.92
# As many images as a first round has: it gains most.
_IMAGES_THAT_TELL = 3
# So many masks of a class in one part are hardly chance, nor is it that none has a hole: half of a set of photographs
# of people show a gap between arm and body, no lesion has one. One mask in ten may be in several parts, as one
# photograph in a hundred is. A sliver of this share of the class is a slip of the hand.
_MASKS_THAT_TELL, _EXCEPTIONS, _SLIP = 5, 0.1, 0.01


def told_by_masks(masks: Iterable[Mask], class_count: int, things: Sequence[int] = ()) -> Finish:
    """One region of the classes that ``masks``, (h, w) uint16, show in one part, nine in ten of those that show them.

    It has holes if any mask shows one. At least five must show the class in one part. Masks of which anything is IGNORE
    tell nothing, nor do classes numbered in ``things``.
    """
    classes = [number for number in range(1, class_count + 1) if number not in things]
    alone, scattered, holed = (dict.fromkeys(classes, 0) for _ in range(3))
    for mask in masks:
        if (mask != IGNORE).all():
            for number in [n for n in np.unique(mask).tolist() if n in alone]:
                member = mask == number
                area = int(member.sum())
                in_several = area - int(parts(member, diagonal=False)[1].max()) > _SLIP * area
                (scattered if in_several else alone)[number] += 1
                holed[number] += int(fill_holes(member).sum()) - area > _SLIP * area
    told = [
        number
        for number in classes
        if alone[number] >= _MASKS_THAT_TELL and scattered[number] <= _EXCEPTIONS * (alone[number] + scattered[number])
    ]
    return Finish(one_region=tuple(told), with_holes=tuple(number for number in told if holed[number]))


def told_by_colours(samples: Sequence[Sample]) -> float:
    """How much an image's own colours shall count beside a network of one class that learned from ``samples``.

    That is nothing, unless in half of what is known of them as a whole, three at least, colours alone tell the class
    apart nearly without fault: so they do lesions and skin, but not people and what is behind them.
    """
    whole = [sample for sample in samples if (sample.mask != IGNORE).all()]
    looked_at = whole[:: math.ceil(len(whole) / MOST_IMAGES) or 1]
    shares = [told_apart(sample.pixels, sample.mask > 0) for sample in looked_at]
    known = [share for share in shares if share is not None]
    tell = len(known) >= _IMAGES_THAT_TELL and float(np.median(known)) >= _TOLD_APART
    return USUAL_COLOURS if tell else 0.0


def learn_finish(
    said: Sequence[Logits],
    truths: Sequence[Mask],
    things: Sequence[int] = (),
    told: Finish = PLAIN,
    pictures: Sequence[Pixels] = (),
    pause: Callable[[], None] = lambda: None,
) -> Finish:
    """The finish that makes the mean Dice of ``said`` best; each is (h, w, C), its truth (h, w) uint16 or IGNORE.

    ``pictures`` are the images, (H, W, 3) uint8 RGB at any size; without them nothing is learned of their colours.
    ``pause`` is called between images, since it takes seconds and somebody may wait for the answer to a click.

    It changes nothing where that does not help by more than chance would, nor with fewer than ``LEAST_IMAGES`` images:
    the threshold is drawn towards a half the more, the fewer images speak for it. Classes numbered in ``things`` have
    many regions by their nature; those of which ``told`` has one region keep it unless the images speak against it.
    """
    if len(said) < LEAST_IMAGES:
        return told
    classes = max(1, said[0].shape[2] - 1)

    if classes == 1 and pictures:
        weight = _best_colours(said, truths, pictures, told, pause)
        said = [heeding_colours(logits, pixels, weight) for logits, pixels in zip(said, pictures, strict=True)]
        return replace(_learn_shape(said, truths, things, told, classes, pause), colours=weight)
    return _learn_shape(said, truths, things, told, classes, pause)


def _learn_shape(
    said: Sequence[Logits],
    truths: Sequence[Mask],
    things: Sequence[int],
    told: Finish,
    classes: int,
    pause: Callable[[], None],
) -> Finish:
    """The threshold and the regions."""

    def dice(finish: Finish) -> float:
        return _mean_dice(said, truths, finish, classes, pause)

    finish, best = PLAIN, dice(PLAIN)
    if classes == 1:
        finish, best = _best_threshold(dice, best, len(said))
    for number in range(1, classes + 1):
        if number not in things:
            alone = number in told.one_region
            more = _one_region(finish, number, not alone or number in told.with_holes, dice)
            if (gained := dice(more)) > best + (-_LEAST_GAIN if alone else _LEAST_GAIN):
                finish, best = more, gained
    return finish


def _best_colours(
    said: Sequence[Logits],
    truths: Sequence[Mask],
    pictures: Sequence[Pixels],
    told: Finish,
    pause: Callable[[], None],
) -> float:
    """How much colours shall count: as ``told`` or, as far as that is worth it, what these images speak for."""
    plain = replace(told, colours=0.0)
    found: dict[float, float] = {}

    def dice(weight: float) -> float:
        if weight not in found:
            heeded = (heeding_colours(logits, pixels, weight) for logits, pixels in zip(said, pictures, strict=True))
            found[weight] = _mean_dice(heeded, truths, plain, 1, pause)
        return found[weight]

    usual = told.colours if dice(told.colours) > dice(0.0) - _LEAST_GAIN else 0.0
    best = max((told.colours, *_COLOURS), key=dice)
    drawn = round(told.colours + (best - told.colours) * len(said) / (len(said) + _PRIOR_IMAGES), 3)
    return drawn if dice(drawn) > dice(usual) + _LEAST_GAIN else usual


def _mean_dice(
    said: Iterable[Logits], truths: Sequence[Mask], finish: Finish, classes: int, pause: Callable[[], None]
) -> float:
    scores = []
    for logits, truth in zip(said, truths, strict=True):
        pause()
        mask = mask_from_logits(finished(logits, finish), *truth.shape)
        scores.append(mean_class_dice(mask, truth, classes, IGNORE))
    return math.fsum(scores) / len(scores)


def _one_region(finish: Finish, number: int, may_have_holes: bool, dice: Callable[[Finish], float]) -> Finish:
    """``finish`` with one region of the class ``number``; its holes stay where that is better."""
    filled = replace(finish, one_region=(*finish.one_region, number))
    if not may_have_holes:
        return filled
    return max(filled, replace(filled, with_holes=(*finish.with_holes, number)), key=dice)


def _best_threshold(dice: Callable[[Finish], float], plain: float, images: int) -> tuple[Finish, float]:
    best = max(_THRESHOLDS, key=lambda threshold: (dice(Finish((threshold,))), -abs(threshold - 0.5)))
    drawn = Finish((round(0.5 + (best - 0.5) * images / (images + _PRIOR_IMAGES), 4),))
    gained = dice(drawn)
    return (drawn, gained) if gained > plain + _LEAST_GAIN else (PLAIN, plain)
