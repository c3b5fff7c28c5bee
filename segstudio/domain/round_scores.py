"""What rounds are judged by: scores of single images, how sure their mean is, and two rounds side by side."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segstudio.domain.rounds import SCORE_NEEDS

SAME_DICE = 0.0005
"""Two Dice nearer to each other than this are shown alike, so they count as the same."""

_FINEST = 1e-9
"""Two Dice nearer to each other than this are one."""

# Student's t at 97.5 % for 1 to 30 degrees of freedom.
_T = (
    12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622, 2.2281,
    2.2010, 2.1788, 2.1604, 2.1448, 2.1314, 2.1199, 2.1098, 2.1009, 2.0930, 2.0860,
    2.0796, 2.0739, 2.0687, 2.0639, 2.0595, 2.0555, 2.0518, 2.0484, 2.0452, 2.0423,
)  # fmt: skip
_NORMAL = 1.959964


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean over ``count`` values and the 95 % confidence interval round it."""

    mean: float
    low: float
    high: float
    count: int


@dataclass(frozen=True, slots=True)
class ApprovalScore:
    """How right the model was where a person then approved a mask.

    ``dice`` compares the prediction that was shown, made by round ``round_number``, with the mask that was approved
    over it, in 0..1; ``approved_at`` is seconds since the epoch, of the first approval over this prediction.
    """

    image_id: int
    round_number: int
    dice: float
    approved_at: float


@dataclass(frozen=True, slots=True)
class ImageChange:
    """Held-out Dice of one image in two rounds."""

    image_id: int
    before: float
    after: float

    @property
    def change(self) -> float:
        """What the later one won, below 0 what it lost."""
        return self.after - self.before


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two rounds on the images that both were scored on, what lost most first.

    ``before``, ``after`` and ``change`` are means with their intervals, None for fewer than two images.
    """

    images: tuple[ImageChange, ...]
    before: Interval | None
    after: Interval | None
    change: Interval | None

    @property
    def better(self) -> int:
        """Images on which the second round is better."""
        return sum(image.change >= SAME_DICE for image in self.images)

    @property
    def worse(self) -> int:
        """Images on which the second round is worse."""
        return sum(image.change <= -SAME_DICE for image in self.images)


def mean_interval(values: Iterable[float], least: float = 0.0, most: float = 1.0) -> Interval | None:
    """The mean and its 95 % interval by Student's t (Gosset 1908), cut off at ``least`` and ``most``.

    The spread is that between images, so the interval says how far the mean may be off because other images could
    have been held out. With few images it is wide, and it ought to be. None for fewer than two values.
    """
    array = np.fromiter(values, np.float64)
    if len(array) < 2:
        return None
    mean = float(array.mean())
    half = _t_quantile(len(array) - 1) * float(array.std(ddof=1)) / math.sqrt(len(array))
    return Interval(mean, max(least, mean - half), min(most, mean + half), len(array))


def compare(before: Mapping[int, float], after: Mapping[int, float]) -> Comparison:
    """Two rounds by image; ``before`` and ``after`` map image ids to Dice. Images that only one has are left out."""
    both = [ImageChange(image_id, before[image_id], after[image_id]) for image_id in before.keys() & after.keys()]
    both.sort(key=lambda image: (image.change, image.image_id))
    return Comparison(
        tuple(both),
        mean_interval(image.before for image in both),
        mean_interval(image.after for image in both),
        mean_interval((image.change for image in both), least=-1.0),
    )


def as_good(one: Mapping[int, float], other: Mapping[int, float]) -> bool | None:
    """Whether a round finds at least as much as ``other`` on the images that both were scored on.

    Means over other images say nothing of that: those that came later may be easier. None where both have fewer than
    ``SCORE_NEEDS``, for then nobody can tell.
    """
    both = one.keys() & other.keys()
    return sum(one[i] - other[i] for i in both) >= 0.0 if len(both) >= SCORE_NEEDS else None


def best_rounds(scores: Mapping[int, Mapping[int, float]]) -> dict[int, list[int]]:
    """The rounds that no other surpasses, each with those that it could be compared with, of which there is one.

    ``scores`` are held-out Dice by image id, by the round's number. Of equals the latest is the best.
    """
    numbers = list(scores)
    more, both = _side_by_side(list(scores.values()))
    best: dict[int, list[int]] = {}
    for row, number in enumerate(numbers):
        compared = [other for other in range(len(numbers)) if other != row and both[row, other] >= SCORE_NEEDS]
        wins = (more[row, i] > 0 or (more[row, i] == 0 and numbers[i] < number) for i in compared)
        if compared and all(wins):
            best[number] = [numbers[i] for i in compared]
    return best


def _side_by_side(scores: Sequence[Mapping[int, float]]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Of each round beside each other, (rounds, rounds): how much more it found in what both saw, of how many images.

    All at once, since three hundred rounds of two thousand images are ninety million pairs of scores, and a window
    waits. Scores are whole numbers in it, whose sums are exact: what is the same is so in any order.
    """
    column = {image: at for at, image in enumerate(dict.fromkeys(image for found in scores for image in found))}
    seen = np.zeros((len(scores), len(column)))
    dice = np.zeros_like(seen)
    for row, found in enumerate(scores):
        columns = [column[image] for image in found]
        seen[row, columns] = 1
        dice[row, columns] = np.rint(np.array(list(found.values())) / _FINEST)
    own = dice @ seen.T
    return own - own.T, seen @ seen.T


def spare_rounds(scores: Mapping[int, Mapping[int, float]], needed: Iterable[int]) -> list[int]:
    """The rounds that nobody will miss, since one that is kept is as good wherever both were scored.

    Those that are ``needed`` are kept, and so is one that can't be compared with any kept one.
    """
    kept = {number for number in needed if number in scores}
    rest = sorted(scores.keys() - kept, key=lambda number: (-_mean(scores[number]), -number))
    spare = []
    for number in rest:
        if any(as_good(scores[other], scores[number]) for other in kept):
            spare.append(number)
        else:
            kept.add(number)
    return sorted(spare)


def _mean(scores: Mapping[int, float]) -> float:
    return sum(scores.values()) / len(scores) if scores else 0.0


def _t_quantile(freedom: int) -> float:
    """Student's t at 97.5 %; beyond the table by the expansion of Cornish and Fisher (1938)."""
    if freedom <= len(_T):
        return _T[freedom - 1]
    z = _NORMAL
    return z + (z**3 + z) / (4 * freedom) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
