"""How well two readers agree: by image, in all with intervals, and who differs from whom by how much."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segstudio.domain.metrics import dice, hd95
from segstudio.domain.round_scores import Interval, mean_interval

Ids = NDArray[np.uint16]
Counts = Mapping[tuple[int, int], int]

RESAMPLES = 1000
_SEED = 4
_LIMITS = 1.959964


@dataclass(frozen=True)
class PairScores:
    """Two readings of one image. Areas and ``hd95`` are in pixels; ``counts`` says how many pixels got which two ids.

    ``dice`` and ``hd95`` are means over the segments that either reading has; ``kappa`` is over all pixels.
    """

    image_id: int
    dice: float
    hd95: float
    kappa: float
    first_area: int
    second_area: int
    counts: Counts

    @property
    def area_difference(self) -> float:
        """How much larger the second's area is, in parts of the mean of both: -2 to 2, 0 where both are empty."""
        total = self.first_area + self.second_area
        return 2 * (self.second_area - self.first_area) / total if total else 0.0


@dataclass(frozen=True)
class LimitsOfAgreement:
    """Bland and Altman (1986): the mean difference and the limits within which 95 % of differences lie."""

    bias: Interval
    low: float
    high: float


@dataclass(frozen=True)
class Agreement:
    """All pairs, the most disputed first, and what they come to. Intervals are 95 %, None for fewer than two pairs."""

    pairs: tuple[PairScores, ...]
    dice: Interval | None
    hd95: Interval | None
    kappa: Interval | None
    area: LimitsOfAgreement | None


def pair_scores(image_id: int, first: Ids, second: Ids, void: Collection[int] = ()) -> PairScores:
    """Compare two (H, W) uint16 masks of segment ids.

    A pixel that either reader did not judge (an id in ``void``) counts nowhere. Dice and HD95 as in ``metrics``; both
    are 1 and 0 where neither reading holds anything. Raises ``ValueError`` for different shapes.
    """
    if first.shape != second.shape or first.ndim != 2:
        raise ValueError(f"masks of shapes {first.shape} and {second.shape} can't be compared")
    judged = ~(np.isin(first, list(void)) | np.isin(second, list(void)))
    one, other = np.where(judged, first, 0), np.where(judged, second, 0)
    present = [int(value) for value in np.union1d(np.unique(one), np.unique(other)) if value]
    halves = [(one == value, other == value) for value in present]
    counts = pixel_counts(first[judged], second[judged])
    return PairScores(
        image_id,
        dice=float(np.mean([dice(a, b) for a, b in halves])) if halves else 1.0,
        hd95=float(np.mean([hd95(a, b) for a, b in halves])) if halves else 0.0,
        kappa=cohen_kappa(counts),
        first_area=int(np.count_nonzero(one)),
        second_area=int(np.count_nonzero(other)),
        counts=counts,
    )


def pixel_counts(first: Ids, second: Ids) -> dict[tuple[int, int], int]:
    """How many pixels have which id in the first and in the second of two arrays of one shape."""
    both = first.astype(np.uint32).ravel() << 16 | second.astype(np.uint32).ravel()
    values, counts = np.unique(both, return_counts=True)
    return {(int(v) >> 16, int(v) & 0xFFFF): int(n) for v, n in zip(values, counts, strict=True)}


def cohen_kappa(counts: Counts) -> float:
    """Cohen (1960): (p_o - p_e) / (1 - p_e), of the pixels counted by both ids.

    p_o is the share on which both agree, p_e the share on which they would by chance, given how often each uses each
    id. 1 where chance alone explains all agreement and they agree, as on an image that both call empty.
    """
    total = sum(counts.values())
    if not total:
        return 1.0
    firsts: dict[int, int] = {}
    seconds: dict[int, int] = {}
    for (a, b), n in counts.items():
        firsts[a] = firsts.get(a, 0) + n
        seconds[b] = seconds.get(b, 0) + n
    observed = sum(n for (a, b), n in counts.items() if a == b) / total
    expected = sum(n * seconds.get(value, 0) for value, n in firsts.items()) / total**2
    return (observed - expected) / (1 - expected) if expected < 1 else 1.0


def agreement(pairs: Sequence[PairScores]) -> Agreement:
    """Sum up all pairs. Dice and HD95 are means over images with Student's interval.

    Kappa pools the pixels of all images; its interval is the bootstrap's (Efron 1979, percentiles) over images, since
    pixels of one image do not vary independently.
    """
    ordered = tuple(sorted(pairs, key=lambda pair: (pair.dice, -pair.hd95, pair.image_id)))
    return Agreement(
        ordered,
        mean_interval(pair.dice for pair in ordered),
        mean_interval((pair.hd95 for pair in ordered), most=math.inf),
        _pooled_kappa(ordered),
        limits_of_agreement([pair.area_difference for pair in ordered]),
    )


def limits_of_agreement(differences: Sequence[float]) -> LimitsOfAgreement | None:
    """The mean difference with its interval, and the mean +- 1.96 standard deviations; None for fewer than two."""
    bias = mean_interval(differences, least=-math.inf, most=math.inf)
    if bias is None:
        return None
    reach = _LIMITS * float(np.std(np.asarray(differences, np.float64), ddof=1))
    return LimitsOfAgreement(bias, bias.mean - reach, bias.mean + reach)


def _pooled_kappa(pairs: Sequence[PairScores]) -> Interval | None:
    if len(pairs) < 2:
        return None
    cells = sorted({cell for pair in pairs for cell in pair.counts})
    table = np.array([[pair.counts.get(cell, 0) for cell in cells] for pair in pairs], np.int64)
    draws = np.random.default_rng(_SEED).integers(0, len(pairs), (RESAMPLES, len(pairs)))
    drawn = np.array([np.bincount(draw, minlength=len(pairs)) for draw in draws])
    mean, *values = (
        cohen_kappa(dict(zip(cells, row.tolist(), strict=True))) for row in (table.sum(0), *(drawn @ table))
    )
    low, high = np.percentile(values, (2.5, 97.5))
    return Interval(mean, float(low), float(high), len(pairs))
