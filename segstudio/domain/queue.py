"""Which images a person should visit next, so that the model learns much from each.

Uncertainty sampling (Lewis & Gale, SIGIR 1994) joined with greedy k-centre (Gonzalez, "Clustering to minimize the
maximum intercluster distance", 1985; Sener & Savarese, "Active learning for convolutional neural networks: a core-set
approach", ICLR 2018): of the images that the model is unsure of, the one least like those that it was taught with.
Frames of a video are visited sparsely: next to a frame that was visited there is little to learn. From what is held
out nothing is learned, so no more of it comes early than a score needs.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from segstudio.domain.frames import Frame
from segstudio.domain.rounds import HELD_OUT_SHARE

Order = Literal["list", "random", "uncertain", "diverse"]
ORDERS: tuple[Order, ...] = get_args(Order)

Reason = Literal["unsure", "unlike", "apart", "chance"]

POOL = 2000
"""Of more images than these only the ones that the model is most unsure of are compared with what it was taught."""

ENOUGH_SCORES = 40
"""Held-out images from which on a score stands on enough of them: with more it would hardly be more certain."""

_CENTRES_AT_ONCE = 1000
_LEAST_DISTANCE = 1e-3
_BEHIND = 4.0
"""Taken from a score, it puts an image behind all others, however unsure the model is of it."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Insight:
    """What the model of a round makes of a whole image.

    ``uncertainty`` is 0 (sure) to 1. ``embedding`` is (D,) float, near those of images that look alike to the model;
    only embeddings of one round can be compared. Either may be None.
    """

    round_number: int
    uncertainty: float | None
    embedding: NDArray[np.float16] | Floats | None


@dataclass(frozen=True, slots=True)
class Candidate:
    """An image: ``open`` if it waits for a person, ``visited`` if one was there, ``taught`` if the model learns it.

    ``held_out`` if it is known that the model never will, and ``scores`` if it is held out and approved.
    """

    image_id: int
    open: bool
    visited: bool = False
    taught: bool = False
    insight: Insight | None = None
    frame: Frame | None = None
    held_out: bool = False
    scores: bool = False


@dataclass(frozen=True, slots=True)
class Pick:
    """An image to visit, and why: the model is unsure of it, or it is unlike those that the model was taught with, or
    far in its video from frames that were visited, or by chance."""

    image_id: int
    reason: Reason


def next_images(candidates: Sequence[Candidate], order: Order, count: int, seed: int = 0) -> list[Pick]:
    """The ``count`` images to visit next, or all that are open if these are fewer; the same for the same ``seed``.

    - "list": as they come.
    - "random": by chance, in videos by chance and apart.
    - "uncertain": those that the model is most unsure of.
    - "diverse": the same, times the distance from what it was taught with and from those picked before.

    Where nothing is known of an image it comes after those of which something is, by chance. Every further frame of
    a video counts less the nearer it lies to one that was visited or picked. While a fifth of what is approved is held
    out, or ``ENOUGH_SCORES`` images are, what would be held out, too, comes last, in any order but "list".
    """
    if order == "list":
        return [Pick(candidate.image_id, "chance") for candidate in candidates if candidate.open][:count]
    choice = _Choice(candidates, order, seed)
    picks: list[Pick] = []
    while len(picks) < count and choice.open.any():
        picks.append(choice.pick())
    return picks


def luck(image_ids: Sequence[int], seed: int) -> NDArray[np.float64]:
    """A number from 0 to 1 for each id, as good as random and always the same (Steele et al., SplitMix, 2014)."""
    with np.errstate(over="ignore"):
        z = np.asarray(image_ids, np.uint64) + np.uint64(0x9E3779B97F4A7C15) * np.uint64(seed + 1)
        z *= np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    return z / 2.0**64


class _Choice:
    """The candidates as arrays; ``pick`` takes the best one and counts it as visited from then on."""

    def __init__(self, candidates: Sequence[Candidate], order: Order, seed: int) -> None:
        self._candidates = candidates
        self.open = np.array([candidate.open for candidate in candidates], np.bool_)
        self._luck = luck([candidate.image_id for candidate in candidates], seed)
        self._videos = _Videos(candidates)
        self._uncertainty = np.full(len(candidates), np.nan)
        self._places: _Places | None = None
        self._held_out = np.array([candidate.held_out for candidate in candidates], np.bool_)
        self._scores = sum(candidate.scores for candidate in candidates)
        self._taught = sum(candidate.taught for candidate in candidates)
        if order == "random":
            return
        for index, candidate in enumerate(candidates):
            if candidate.insight is not None and candidate.insight.uncertainty is not None:
                self._uncertainty[index] = candidate.insight.uncertainty
        if order == "diverse":
            usual = np.nanmedian(self._uncertainty) if np.isfinite(self._uncertainty).any() else 1.0
            self._uncertainty = np.where(np.isnan(self._uncertainty), usual, self._uncertainty)
            self._places = _Places(candidates, self.open, self._uncertainty * self._videos.apart)

    def pick(self) -> Pick:
        worth, known = self._uncertainty, np.isfinite(self._uncertainty)
        if self._places is not None:
            # Halved, since two directions are at most 2 apart. Where nothing differs the rest is to tell still.
            worth, known = worth * np.maximum(self._places.distance / 2, _LEAST_DISTANCE), self._places.known
        apart = self._videos.apart
        tie = 1e-9 * self._luck
        score = np.where(known, 2 + np.where(known, worth, 0) * apart + tie, self._luck * apart)
        if self._scores and self._scores >= min(ENOUGH_SCORES, HELD_OUT_SHARE * (self._taught + self._scores)):
            score = np.where(self._held_out, score - _BEHIND, score)
        best = int(np.where(self.open, score, -np.inf).argmax())
        pick = Pick(self._candidates[best].image_id, self._reason(best, bool(known[best])))
        self.open[best] = False
        self._scores += bool(self._held_out[best])
        self._taught += not self._held_out[best]
        self._videos.visit(best)
        if self._places is not None:
            self._places.teach(best)
        return pick

    def _reason(self, index: int, known: bool) -> Reason:
        if not known:
            return "apart" if self._candidates[index].frame is not None else "chance"
        if self._places is not None and self._places.stands_out(index, self._uncertainty, self.open):
            return "unlike"
        return "unsure"


class _Videos:
    """``apart``: how far each frame is from the nearest one of its video that was visited, as a share of the video.

    It is 1 for single pictures and for videos of which no frame was visited, and at most 1/2 for others: every video
    is visited before one is visited twice, and the farthest frame first, which halves what is left.
    """

    def __init__(self, candidates: Sequence[Candidate]) -> None:
        self.apart = np.ones(len(candidates))
        self._number = np.zeros(len(candidates))
        members: dict[str, list[int]] = defaultdict(list)
        for index, candidate in enumerate(candidates):
            if candidate.frame is not None:
                members[candidate.frame.sequence].append(index)
                self._number[index] = candidate.frame.number
        self._members = {sequence: np.array(indices) for sequence, indices in members.items()}
        self._sequence = {index: sequence for sequence, indices in members.items() for index in indices}
        for index in self._sequence:
            if candidates[index].visited:
                self.visit(index)

    def visit(self, index: int) -> None:
        """A person was, or will be, at this frame."""
        if index not in self._sequence:
            return
        members = self._members[self._sequence[index]]
        numbers = self._number[members]
        length = np.ptp(numbers) + 1
        gap = np.abs(numbers - self._number[index]) / (2 * length)
        self.apart[members] = np.minimum(self.apart[members], gap)


class _Places:
    """``distance``: how far each image's embedding is from the nearest one that the model was taught, 0 to 2.

    Only embeddings of the round that most open images have are known; all are brought to length 1.
    """

    def __init__(self, candidates: Sequence[Candidate], open_: NDArray[np.bool_], worth: NDArray[np.float64]) -> None:
        self.known = np.zeros(len(candidates), np.bool_)
        self.distance = np.ones(len(candidates))
        self._row: dict[int, int] = {}
        rounds = Counter(_kind(candidate) for candidate in candidates if candidate.open)
        del rounds[None]
        if not rounds:
            return
        leading = max(rounds, key=lambda kind: (rounds[kind], kind or (0, 0)))
        of_round = np.array([_kind(candidate) == leading for candidate in candidates])
        open_known = np.flatnonzero(of_round & open_)
        pool = open_known[np.argsort(-worth[open_known], kind="stable")[:POOL]]
        self.known[pool] = True
        self._pool = pool
        self._row = {int(index): row for row, index in enumerate(pool)}
        self._vectors = _unit([candidates[index] for index in pool])
        taught = [c for c, same in zip(candidates, of_round, strict=True) if same and c.taught and not c.open]
        for first in range(0, len(taught), _CENTRES_AT_ONCE):
            self._approach(_unit(taught[first : first + _CENTRES_AT_ONCE]), first == 0)
        self._any = bool(taught)

    def teach(self, index: int) -> None:
        """Count an image as one that the model was taught with."""
        if index in self._row:
            row = self._row[index]
            self._approach(self._vectors[row : row + 1], not self._any)
            self._any = True

    def stands_out(self, index: int, uncertainty: NDArray[np.float64], open_: NDArray[np.bool_]) -> bool:
        """Whether its distance is higher among those of the open images than its uncertainty is."""
        others = self._pool[open_[self._pool]]
        nearer = (self.distance[others] < self.distance[index]).sum()
        surer = (uncertainty[others] < uncertainty[index]).sum()
        return bool(nearer > surer)

    def _approach(self, centres: Floats, first: bool) -> None:
        cosine = (self._vectors @ centres.T).max(axis=1)
        distance = np.sqrt(np.clip(2 - 2 * cosine.astype(np.float64), 0, 4))
        self.distance[self._pool] = distance if first else np.minimum(self.distance[self._pool], distance)


def _kind(candidate: Candidate) -> tuple[int, int] | None:
    """What two embeddings must have in common to be compared: round and length; None without an embedding."""
    insight = candidate.insight
    if insight is None or insight.embedding is None:
        return None
    return insight.round_number, len(insight.embedding)


def _unit(candidates: Sequence[Candidate]) -> Floats:
    """(N, D) float32 embeddings of length 1; zeros stay."""
    rows = [c.insight.embedding for c in candidates if c.insight is not None and c.insight.embedding is not None]
    vectors = np.stack(rows).astype(np.float32)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-6), np.float32)
