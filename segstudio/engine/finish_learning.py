"""Which finish the held-out images speak for."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

from segstudio.engine.data import Mask
from segstudio.engine.finishing import PLAIN, Finish, Logits, finished
from segstudio.engine.predict import mask_from_logits, mean_class_dice
from segstudio.protocol.round_folder import IGNORE

LEAST_IMAGES = 4
MOST_IMAGES, MOST_CLASSES = 32, 8
"""More would take longer to learn from than it gains."""
_THRESHOLDS = tuple(round(0.3 + 0.05 * step, 2) for step in range(9))
# A threshold of a half is believed as if this many images spoke for it.
_PRIOR_IMAGES = 10
_LEAST_GAIN = 1e-3


def learn_finish(said: Sequence[Logits], truths: Sequence[Mask], things: Sequence[int] = ()) -> Finish:
    """The finish that makes the mean Dice of ``said`` best; each is (h, w, C), its truth (h, w) uint16 or IGNORE.

    It changes nothing where that does not help by more than chance would, nor with fewer than ``LEAST_IMAGES`` images:
    the threshold is drawn towards a half the more, the fewer images speak for it. Classes numbered in ``things`` have
    many regions by their nature.
    """
    if len(said) < LEAST_IMAGES:
        return PLAIN
    classes = max(1, said[0].shape[2] - 1)

    def dice(finish: Finish) -> float:
        scores = [
            mean_class_dice(mask_from_logits(finished(logits, finish), *truth.shape), truth, classes, IGNORE)
            for logits, truth in zip(said, truths, strict=True)
        ]
        return math.fsum(scores) / len(scores)

    finish, best = PLAIN, dice(PLAIN)
    if classes == 1:
        finish, best = _best_threshold(dice, best, len(said))
    for number in range(1, classes + 1):
        if number not in things:
            more = replace(finish, one_region=(*finish.one_region, number))
            if (gained := dice(more)) > best + _LEAST_GAIN:
                finish, best = more, gained
    return finish


def _best_threshold(dice: Callable[[Finish], float], plain: float, images: int) -> tuple[Finish, float]:
    best = max(_THRESHOLDS, key=lambda threshold: (dice(Finish((threshold,))), -abs(threshold - 0.5)))
    drawn = Finish((round(0.5 + (best - 0.5) * images / (images + _PRIOR_IMAGES), 4),))
    gained = dice(drawn)
    return (drawn, gained) if gained > plain + _LEAST_GAIN else (PLAIN, plain)
