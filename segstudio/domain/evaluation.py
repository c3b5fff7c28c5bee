"""What masks are judged by: scores of images, their sum by class and by group, and two models side by side."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from segstudio.domain.metrics import Scores, mean_of, score_pair, summary
from segstudio.domain.round_scores import Interval, mean_interval

Ids = NDArray[np.uint16]
_UNKNOWN = "unknown"
Name = Literal["dice", "iou", "isic", "boundary_f1", "hd95"]


@dataclass(frozen=True, slots=True)
class Measure:
    """A field of ``Scores`` and what people call it. ``same`` is the difference below which two are shown alike."""

    name: Name
    title: str
    about: str
    places: int = 3
    least: float = 0.0
    most: float = 1.0

    @property
    def more_is_better(self) -> bool:
        """False for a distance."""
        return self.name != "hd95"

    @property
    def same(self) -> float:
        """Half of the last place that is shown."""
        return float(0.5 * 10**-self.places)

    def of(self, scores: Scores) -> float:
        """Its value."""
        return float(getattr(scores, self.name))

    def words(self, value: float) -> str:
        """A value as it is shown."""
        return f"{value:.{self.places}f}"


MEASURES: tuple[Measure, ...] = (
    Measure("dice", "Dice", "Twice the common area over the sum of both areas"),
    Measure("iou", "IoU", "The common area over the area of both together (Jaccard)"),
    Measure("isic", "ISIC score", "The IoU, counted as 0 where it is below 0.65"),
    Measure("boundary_f1", "Outline F1", "How much of both outlines lies within 0.75 % of the diagonal of the other"),
    Measure(
        "hd95", "HD95 (px)", "How far the outlines are apart, in pixels, but for the farthest 5 %", 1, 0.0, math.inf
    ),
)


@dataclass(frozen=True, slots=True)
class Side:
    """One mask against the truth: ``classes`` by class id, those that either holds, and ``total``, their mean."""

    total: Scores
    classes: Mapping[int, Scores]


@dataclass(frozen=True, slots=True)
class Scored:
    """An image and its masks against the truth, one a side; ``groups`` maps an attribute to the image's value."""

    name: str
    sides: tuple[Side, ...]
    groups: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Statistic:
    """One measure over many images. ``interval`` is that of the mean, at 95 %; None for fewer than two images."""

    mean: float
    median: float
    worst_tenth: float
    interval: Interval | None


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the summary: of all images, of a class, or of a group (``attribute``: ``name``)."""

    kind: Literal["all", "class", "group"]
    name: str
    count: int
    measures: Mapping[Name, Statistic]
    attribute: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """What the second side has over the first in one measure, image by image; see ``differences``."""

    measure: Measure
    change: Interval | None
    better: int
    worse: int
    count: int

    @property
    def certain(self) -> bool:
        """Whether more than chance speaks for it."""
        return self.change is not None and not self.change.low <= 0 <= self.change.high


def score_masks(truth: Ids, masks: Sequence[Ids]) -> tuple[Side, ...]:
    """Each of ``masks`` against ``truth``, all (H, W) uint16 class ids; 0 is background.

    A class that neither of two masks holds counts for nothing; where neither holds any, they agree in full. Raises
    ``ValueError`` for different shapes.
    """
    there = _classes(truth)
    return tuple(_side(truth, mask, sorted(there | _classes(mask))) for mask in masks)


def _side(truth: Ids, mask: Ids, present: Sequence[int]) -> Side:
    classes = {number: score_pair(mask == number, truth == number) for number in present}
    total = mean_of(list(classes.values())) if classes else score_pair(mask > 0, truth > 0)
    return Side(total, classes)


def _classes(ids: Ids) -> set[int]:
    return {int(number) for number in np.flatnonzero(np.bincount(ids.reshape(-1))) if number}


def lines(scored: Sequence[Scored], side: int, classes: Mapping[int, str]) -> list[Line]:
    """The summary of one side: all images, each class where there are several, each value of each attribute.

    Images of which an attribute says nothing, or in so many words that nobody knows, are one group, the last.
    ``classes`` names class ids; a class counts in the images where it is in either mask. Raises ``ValueError`` for no
    images at all.
    """
    found = [_line("all", "All images", [case.sides[side].total for case in scored])]
    by_class: dict[int, list[Scores]] = defaultdict(list)
    for case in scored:
        for number, scores in case.sides[side].classes.items():
            by_class[number].append(scores)
    if len(by_class) > 1:
        found += [
            _line("class", classes.get(number, f"Class {number}"), by_class[number]) for number in sorted(by_class)
        ]
    for attribute in dict.fromkeys(name for case in scored for name in case.groups):
        by_value: dict[str, list[Scores]] = defaultdict(list)
        for case in scored:
            by_value[case.groups.get(attribute) or _UNKNOWN].append(case.sides[side].total)
        for value in sorted(by_value, key=lambda value: (value == _UNKNOWN, value)):
            found.append(_line("group", value, by_value[value], attribute))
    return found


def _line(kind: Literal["all", "class", "group"], name: str, scores: Sequence[Scores], attribute: str = "") -> Line:
    total = summary(scores)
    statistics: dict[Name, Statistic] = {
        measure.name: Statistic(
            measure.of(total.mean),
            measure.of(total.median),
            measure.of(total.worst_tenth),
            mean_interval((measure.of(score) for score in scores), measure.least, measure.most),
        )
        for measure in MEASURES
    }
    return Line(kind, name, total.count, statistics, attribute)


def differences(scored: Iterable[Scored]) -> list[Difference]:
    """The second side less the first, measure by measure, with the interval of the mean of the paired differences.

    Pairing takes out that some images are harder than others, so far fewer images tell two models apart. ``better``
    and ``worse`` count images on which the second side is, by more than is shown.
    """
    pairs = [(case.sides[0].total, case.sides[1].total) for case in scored]
    return [_difference(measure, pairs) for measure in MEASURES]


def _difference(measure: Measure, pairs: Sequence[tuple[Scores, Scores]]) -> Difference:
    changes = [measure.of(after) - measure.of(before) for before, after in pairs]
    gains = [change if measure.more_is_better else -change for change in changes]
    return Difference(
        measure,
        mean_interval(changes, measure.least - measure.most, measure.most - measure.least),
        sum(gain >= measure.same for gain in gains),
        sum(gain <= -measure.same for gain in gains),
        len(pairs),
    )


def worst_first(scored: Sequence[Scored], measure: Measure = MEASURES[0], side: int | None = 0) -> list[int]:
    """Places in ``scored``, the image first whose mask on ``side`` is the worst.

    With no ``side`` that one is first on which the second side lost most against the first.
    """

    def key(place: int) -> tuple[float, str]:
        first, *_, last = [measure.of(each.total) for each in (*scored[place].sides, scored[place].sides[-1])]
        value = last - first if side is None else measure.of(scored[place].sides[side].total)
        return (value if measure.more_is_better else -value), scored[place].name

    return sorted(range(len(scored)), key=key)
