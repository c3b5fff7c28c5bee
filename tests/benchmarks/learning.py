"""How much the model learns from how little: sequential rounds on PH2, as a person approving images would cause them.

Run ``python -m tests.benchmarks.learning``. After 3, 8, 13 and 20 approved images a round is trained, each from the
weights of the last, every fifth approved image held out; the weights are then scored on 40 cases that no round has
seen, by Dice at full size. PH2: Mendonca et al., "PH2 - A dermoscopic image database", EMBC 2013.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from segstudio.engine.data import ImageCache, load_rgb, write_mask
from segstudio.engine.device import Device, pick_device, use_threads
from segstudio.engine.predict import Predictor, mean_class_dice
from segstudio.engine.progress import RoundEvents
from segstudio.engine.rounds import run_round
from segstudio.imaging.cv import cv2
from segstudio.protocol.round_folder import (
    IGNORE,
    MASKS,
    WEIGHTS,
    RoundRequest,
    TrainingImage,
    TrainingSettings,
    write_request,
)

UNSEEN = 40
HELD_OUT_EVERY = 5
_DATA = Path(os.environ.get("SEGSTUDIO_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))


@dataclass(frozen=True, slots=True)
class Case:
    """A lesion's image and its true mask."""

    image: Path
    lesion: Path

    def mask(self) -> np.ndarray:
        """Class ids (h, w) uint16: 1 in the lesion."""
        content = np.frombuffer(self.lesion.read_bytes(), np.uint8)
        return (cv2.imdecode(content, cv2.IMREAD_GRAYSCALE) > 0).astype(np.uint16)


@dataclass(frozen=True, slots=True)
class Score:
    """After a round: images approved, seconds of training so far, mean and worst-tenth Dice on unseen cases."""

    approved: int
    seconds: float
    steps: int
    held_out_dice: float | None
    mean: float
    worst_tenth: float


def cases(folder: Path, seed: int) -> list[Case]:
    """All cases of the packed PH2 in ``folder``, in an order drawn by ``seed``."""
    found = [
        Case(image, image.parents[1] / f"{image.stem}_lesion" / f"{image.stem}_lesion.png")
        for image in sorted(folder.glob("*/*_Dermoscopic_Image/*.webp"))
    ]
    return [found[index] for index in np.random.default_rng(seed).permutation(len(found))]


def score(weights: Path, unseen: list[Case], device: Device) -> list[float]:
    """Dice of each of ``unseen`` at full size."""
    predictor = Predictor(weights, device)
    return [mean_class_dice(predictor.predict(load_rgb(case.image)).mask, case.mask(), 1, IGNORE) for case in unseen]


def simulate(
    approvals: list[int], settings: TrainingSettings, seed: int, folder: Path, root: Path = _DATA / "ph2_packed"
) -> Iterator[Score]:
    """Train a round after each number of ``approvals`` and score it."""
    device, cache = pick_device(), ImageCache()
    order = cases(root, seed)
    unseen, approved = order[-UNSEEN:], order[:-UNSEEN]
    parent: Path | None = None
    spent = 0.0
    for number, count in enumerate(approvals, start=1):
        place = folder / f"{number:04}"
        images = []
        for index, case in enumerate(approved[:count]):
            write_mask(place / MASKS / f"{index}.png", case.mask())
            role = "held_out" if index % HELD_OUT_EVERY == HELD_OUT_EVERY - 1 else "train"
            images.append(TrainingImage(index, str(case.image), f"{MASKS}/{index}.png", role))
        write_request(place, RoundRequest(number, ("lesion",), tuple(images), parent and str(parent), settings))
        started = time.monotonic()
        result = run_round(place, device, cache, RoundEvents(on_notice=print))
        spent += time.monotonic() - started
        parent = place / WEIGHTS
        dice = sorted(score(parent, unseen, device))
        worst = float(np.mean(dice[: max(1, len(dice) // 10)]))
        yield Score(count, spent, result.steps, result.held_out_dice, float(np.mean(dice)), worst)


def main() -> None:
    """Print a line a round."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--approved", type=int, nargs="+", default=[3, 8, 13, 20])
    parser.add_argument("--seconds", type=float, default=TrainingSettings().seconds)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int)
    arguments = parser.parse_args()
    print(f"{use_threads(arguments.threads)} thread(s); Dice on {UNSEEN} unseen cases of PH2")
    print("approved  training s  steps  held out   mean  worst tenth", flush=True)
    settings = TrainingSettings(seconds=arguments.seconds, seed=arguments.seed)
    with tempfile.TemporaryDirectory() as folder:
        for s in simulate(arguments.approved, settings, arguments.seed, Path(folder)):
            held = "-" if s.held_out_dice is None else f"{s.held_out_dice:.3f}"
            print(
                f"{s.approved:8}  {s.seconds:10.1f}  {s.steps:5}  {held:>8}  {s.mean:.3f}  {s.worst_tenth:11.3f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
