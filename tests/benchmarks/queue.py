"""Whether the queue's order helps: a simulated annotator on PH2, by chance, by uncertainty, and with diversity.

Run ``python -m tests.benchmarks.queue``. For each seed the cases are split anew into a pool and unseen ones; each order
starts with the same images by chance, and goes its own way once there is a model. Rounds are bound by steps, so that a
busy machine changes nothing. PH2: Mendonca et al., "PH2 - A dermoscopic image database", EMBC 2013.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path

import numpy as np

from segstudio.app.simulate import Report, SimulationSettings, simulate_annotator
from segstudio.domain.queue import Order
from segstudio.protocol.round_folder import TrainingSettings
from tests.benchmarks.learning import _DATA, Case, cases

ORDERS: tuple[Order, ...] = ("random", "uncertain", "diverse")


def lay_out(chosen: list[Case], folder: Path) -> tuple[Path, Path]:
    """Copy ``chosen`` to a folder of images and one of masks, which are paired by name."""
    images, masks = folder / "images", folder / "masks"
    for place in (images, masks):
        place.mkdir(parents=True)
    for case in chosen:
        shutil.copyfile(case.image, images / case.image.name)
        shutil.copyfile(case.lesion, masks / f"{case.image.stem}.png")
    return images, masks


def run(order: Order, seed: int, options: argparse.Namespace) -> Report:
    """One simulated annotator."""
    drawn = cases(_DATA / "ph2_packed", seed)
    training = TrainingSettings(input_size=options.size, seconds=1e6, seed=seed, max_steps=options.steps)
    with tempfile.TemporaryDirectory() as folder:
        pool = lay_out(drawn[: options.pool], Path(folder) / "pool")
        unseen = lay_out(drawn[-options.unseen :], Path(folder) / "unseen")
        settings = SimulationSettings(
            *pool, *unseen, count=options.count, seed=seed, tolerance=options.tolerance, order=order
        )
        return simulate_annotator(settings, lambda line: print(f"    {line}", flush=True), training)


def main() -> None:
    """Print each run, and the mean over the seeds after each number of approved images."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--orders", nargs="+", choices=ORDERS, default=list(ORDERS))
    parser.add_argument("--pool", type=int, default=80)
    parser.add_argument("--unseen", type=int, default=40)
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--steps", type=int, default=120)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--tolerance", type=float, default=0.01)
    options = parser.parse_args()
    print(f"PH2: {vars(options)}", flush=True)
    found: dict[Order, list[Report]] = {order: [] for order in options.orders}
    for seed in options.seeds:
        for order in options.orders:
            print(f"{order}, seed {seed}", flush=True)
            found[order].append(run(order, seed, options))
    print("| order | approved | unseen Dice by seed | mean | Dice before, from the 4th on | human s |")
    print("|---|---:|---|---:|---:|---:|")
    for order, reports in found.items():
        for count in (3, 8, 13, 18, 23, 28, options.count):
            if count > options.count or (count == options.count and count in (3, 8, 13, 18, 23, 28)):
                continue
            last = [report["images"][count - 1]["holdout_dice"] for report in reports]
            rows = [row for report in reports for row in report["images"][:count]]
            before = [row["dice_before"] for report in reports for row in report["images"][3:count]]
            hand = sum(row["human_seconds"] for row in rows) / len(reports)
            shown = " ".join(f"{value:.3f}" for value in last)
            mean_before = f"{np.mean(before):.3f}" if before else "-"
            print(f"| {order} | {count} | {shown} | {np.mean(last):.3f} | {mean_before} | {hand:.0f} |")


if __name__ == "__main__":
    main()
