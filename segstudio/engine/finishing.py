"""What is made of a network's answer before it becomes a mask."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segstudio.domain.regions import fill_holes, largest, parts

Logits = NDArray[np.float32]

USUAL_COLOURS = 0.6
"""How much colours count that are to count, where no more is known. After rounds of 3 to 80 lesions 0.3 made masks
better by about as much as 0.9 did."""


@dataclass(frozen=True, slots=True)
class Finish:
    """``thresholds`` holds for class 1, 2, ... the probability from which a pixel is the class and not background.

    It is a half for classes that it does not reach to. Of the classes numbered in ``one_region`` an image shows one
    part at most, and it has no holes but in those that are in ``with_holes`` too. ``colours`` is how much the image's
    own colours count beside what the network says, see ``own_colours``. Raises ``ValueError`` for a threshold that is
    no probability, and for another weight than one from 0 to 2.
    """

    thresholds: tuple[float, ...] = ()
    one_region: tuple[int, ...] = ()
    with_holes: tuple[int, ...] = ()
    colours: float = 0.0

    def __post_init__(self) -> None:
        for threshold in self.thresholds:
            if not 0 < threshold < 1:
                raise ValueError(f"{threshold} is no probability")
        if not 0 <= self.colours <= 2:
            raise ValueError(f"{self.colours} is no weight of colours")

    def by_hand(
        self, thresholds: Sequence[float | None], one_region: Sequence[bool | None], colours: bool | None = None
    ) -> Finish:
        """This one, but for what a person chose for class 1, 2, ..., and of colours; None leaves it as it is."""
        count = max(len(self.thresholds), len(thresholds))
        chosen = [*thresholds, *[None] * (count - len(thresholds))]
        learned = [*self.thresholds, *[0.5] * (count - len(self.thresholds))]
        regions = dict.fromkeys(self.one_region, True)
        regions.update({n: wanted for n, wanted in enumerate(one_region, start=1) if wanted is not None})
        chosen_whole = {number for number, wanted in enumerate(one_region, start=1) if wanted}
        return Finish(
            tuple(b if a is None else a for a, b in zip(chosen, learned, strict=True)),
            tuple(sorted(number for number, wanted in regions.items() if wanted)),
            tuple(number for number in self.with_holes if regions.get(number) and number not in chosen_whole),
            self.colours if colours is None else colours and (self.colours or USUAL_COLOURS),
        )


PLAIN = Finish()
"""Each pixel is what is most probable there."""


def finished(logits: Logits, finish: Finish) -> Logits:
    """``logits`` (h, w, C) float32 changed such that ``mask_from_logits`` makes the finished mask of them.

    The image's own colours have been heeded before, or they are not.

    The regions are those at the size of the logits, so that it costs milliseconds for an image of any size and the
    borders stay as smooth as they were.
    """
    shifts = [math.log(threshold / (1 - threshold)) for threshold in finish.thresholds]
    if any(shifts):
        logits = logits.copy()
        first = 0 if logits.shape[2] == 1 else 1
        logits[..., first : first + len(shifts)] -= np.array(shifts, np.float32)
    if logits.shape[2] == 1:
        return _one_region_of_one(logits, bool(finish.with_holes)) if finish.one_region else logits
    # What one class loses may become another's, far from that one's region: once more, until each has but one.
    for _ in finish.one_region:
        before = logits
        for number in finish.one_region:
            logits = _one_region_of_many(logits, number, number in finish.with_holes)
        if logits is before:
            break
    return logits


def _one_region_of_one(logits: Logits, with_holes: bool) -> Logits:
    """What is to change side keeps its distance from zero, so that no new border is drawn at its rim."""
    member = logits[..., 0] > 0
    region = _largest_part(member)
    if not with_holes:
        region = fill_holes(region)
    return np.where((member != region)[..., None], -logits, logits)


def _one_region_of_many(logits: Logits, number: int, with_holes: bool) -> Logits:
    chosen = logits.argmax(axis=2)
    member = chosen == number
    region = _largest_part(member)
    whole = region if with_holes else fill_holes(region)
    gone, filled = member & ~region, whole & (chosen == 0)
    if not (gone.any() or filled.any()):
        return logits
    changed = logits.copy()
    changed[gone, number] = logits[gone].min(axis=1) - 1
    changed[filled, number] = logits[filled].max(axis=1) + 1
    return changed


def _largest_part(member: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """What touches by a corner only would come apart when it is enlarged, so parts hang together by sides."""
    labels, areas = parts(member, diagonal=False)
    return np.asarray((labels == largest(labels, areas)) & member)
