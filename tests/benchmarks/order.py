"""Whether the queue's order helps: rounds on PH2 with images chosen by chance, by uncertainty, and with diversity.

Run ``python -m tests.benchmarks.order``. For each seed the cases are split anew into a pool and 40 unseen ones. The
first round is the same for all orders; from then on each chooses for itself, as the queue does, what is approved before
the next round. Rounds are bound by steps, so that a busy machine changes nothing. ``segstudio simulate --order`` does
the same with strokes. PH2: Mendonca et al., "PH2 - A dermoscopic image database", EMBC 2013.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from segstudio.domain.queue import Candidate, Insight, Order, next_images
from segstudio.engine.data import ImageCache, load_rgb, write_mask
from segstudio.engine.device import Device, pick_device, use_threads
from segstudio.engine.predict import Predictor, mean_class_dice
from segstudio.engine.progress import RoundEvents
from segstudio.engine.rounds import run_round
from segstudio.protocol.round_folder import (
    IGNORE,
    MASKS,
    WEIGHTS,
    RoundRequest,
    TrainingImage,
    TrainingSettings,
    write_request,
)
from tests.benchmarks.learning import _DATA, HELD_OUT_EVERY, UNSEEN, Case, cases, score

ORDERS: tuple[Order, ...] = ("random", "uncertain", "diverse")


@dataclass
class Row:
    """After a round: mean and worst-tenth Dice of unseen cases, and of what was just approved before it was learned.

    ``known`` is the rank correlation of uncertainty and error over the pool.
    """

    approved: int
    mean: float
    worst_tenth: float
    before: float | None
    known: float


@dataclass
class Annotator:
    """Approves true masks in some order; ``chosen`` are places in ``pool``."""

    pool: list[Case]
    unseen: list[Case]
    settings: TrainingSettings
    folder: Path
    device: Device
    cache: ImageCache
    chosen: list[int] = field(default_factory=list)
    weights: Path | None = None
    rounds: int = 0
    insights: dict[int, Insight] = field(default_factory=dict)
    dice: dict[int, float] = field(default_factory=dict)

    def approve(self, order: Order, count: int) -> float | None:
        """Approve until ``count`` are; returns the mean Dice that the model had on them."""
        candidates = [
            Candidate(
                place,
                place not in self.chosen,
                taught=place in self.chosen and not self._held_out(self.chosen.index(place)),
                insight=self.insights.get(place),
            )
            for place in range(len(self.pool))
        ]
        more = count - len(self.chosen)
        # The pool lies in an order by chance already, and the first images must be the same for all.
        by_chance = order == "random" or not self.insights
        new = [pick.image_id for pick in next_images(candidates, "list" if by_chance else order, more)]
        before = [self.dice[place] for place in new] if self.dice else []
        self.chosen += new
        return float(np.mean(before)) if before else None

    def learn(self, before: float | None) -> Row:
        """Train a round on what is approved, and look at the pool and at the unseen cases."""
        self.rounds += 1
        place = self.folder / f"{self.rounds:04}"
        place.mkdir(parents=True, exist_ok=True)
        images = []
        for index, chosen in enumerate(self.chosen):
            write_mask(place / MASKS / f"{index}.png", self.pool[chosen].mask())
            role = "held_out" if self._held_out(index) else "train"
            images.append(TrainingImage(index, str(self.pool[chosen].image), f"{MASKS}/{index}.png", role))
        parent = None if self.weights is None else str(self.weights)
        write_request(place, RoundRequest(self.rounds, ("lesion",), tuple(images), parent, self.settings))
        run_round(place, self.device, self.cache, RoundEvents(on_notice=print))
        self.weights = place / WEIGHTS
        self._look_at_pool()
        errors = [1 - self.dice[image] for image in self.dice]
        unsure = [self.insights[image].uncertainty or 0.0 for image in self.dice]
        dice = sorted(score(self.weights, self.unseen, self.device))
        worst = float(np.mean(dice[: max(1, len(dice) // 10)]))
        return Row(len(self.chosen), float(np.mean(dice)), worst, before, _rank_correlation(errors, unsure))

    def _look_at_pool(self) -> None:
        assert self.weights is not None
        predictor = Predictor(self.weights, self.device)
        self.dice.clear()
        for place, case in enumerate(self.pool):
            said = predictor.predict(load_rgb(case.image))
            self.insights[place] = Insight(self.rounds, said.uncertainty, said.embedding)
            if place not in self.chosen:
                self.dice[place] = mean_class_dice(said.mask, case.mask(), 1, IGNORE)

    def _held_out(self, index: int) -> bool:
        return index % HELD_OUT_EVERY == HELD_OUT_EVERY - 1


def _rank_correlation(a: list[float], b: list[float]) -> float:
    """Spearman's."""
    ranks = [np.argsort(np.argsort(values)) for values in (a, b)]
    return float(np.corrcoef(*ranks)[0, 1])


def compare(seed: int, options: argparse.Namespace, folder: Path) -> dict[Order, list[Row]]:
    """The rows of each order; the first is the same for all."""
    drawn = cases(_DATA / "ph2_packed", seed)
    pool, unseen = drawn[: options.pool], drawn[-UNSEEN:]
    settings = TrainingSettings(input_size=options.size, seconds=1e6, seed=seed, max_steps=options.steps)
    device, cache = pick_device(), ImageCache()
    start = Annotator(pool, unseen, settings, folder / "start", device, cache)
    start.approve("random", options.approved[0])
    first = start.learn(None)
    found: dict[Order, list[Row]] = {}
    for order in options.orders:
        run = Annotator(
            pool, unseen, settings, folder / order, device, cache,
            list(start.chosen), start.weights, start.rounds, dict(start.insights), dict(start.dice),
        )  # fmt: skip
        rows = found[order] = [first]
        for count in options.approved[1:]:
            rows.append(run.learn(run.approve(order, count)))
            print(f"seed {seed} {order}: {rows[-1]}", flush=True)
    return found


def main() -> None:
    """Print each round, and a table of means over the seeds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--orders", nargs="+", choices=ORDERS, default=list(ORDERS))
    parser.add_argument("--approved", type=int, nargs="+", default=[3, 8, 13, 18])
    parser.add_argument("--pool", type=int, default=80)
    parser.add_argument("--steps", type=int, default=120)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--threads", type=int)
    options = parser.parse_args()
    print(f"{use_threads(options.threads)} thread(s), PH2: {vars(options)}", flush=True)
    every: list[dict[Order, list[Row]]] = []
    for seed in options.seeds:
        with tempfile.TemporaryDirectory() as folder:
            every.append(compare(seed, options, Path(folder)))
        _print_table(every, options)


def _print_table(every: list[dict[Order, list[Row]]], options: argparse.Namespace) -> None:
    print("| order | approved | mean Dice by seed | mean | worst tenth | Dice before approval | rank correlation |")
    print("|---|---:|---|---:|---:|---:|---:|")
    for order in options.orders:
        for place, count in enumerate(options.approved):
            rows = [found[order][place] for found in every]
            by_seed = " ".join(f"{row.mean:.3f}" for row in rows)
            before = [row.before for row in rows if row.before is not None]
            shown = f"{np.mean(before):.3f}" if before else "–"
            mean, worst, known = (
                np.mean([getattr(row, name) for row in rows]) for name in ("mean", "worst_tenth", "known")
            )
            print(f"| {order} | {count} | {by_seed} | {mean:.3f} | {worst:.3f} | {shown} | {known:.2f} |", flush=True)


if __name__ == "__main__":
    main()
