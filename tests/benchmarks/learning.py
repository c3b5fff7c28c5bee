"""How much the model learns from how little: sequential rounds as a person approving images would cause them.

Run ``python -m tests.benchmarks.learning`` for PH2, ``--data ccp`` for persons, ``--steps-only`` for the speed alone.
Rounds run when the program would run them, each from the weights of the last, every fifth approved image held out; the
weights are then scored on 40 images that no round has seen, at full size. Training seconds are those of whole rounds,
one after another, so nothing else should run meanwhile. PH2: Mendonca et al., "PH2 - A dermoscopic image database",
EMBC 2013. CCP: Yang et al., "Clothing Co-Parsing by Joint Image Segmentation and Labeling", CVPR 2014.
"""

from __future__ import annotations

import argparse
import math
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from segstudio.domain.input_size import choose_input_size, measure_image
from segstudio.domain.rounds import approvals_missing
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
_SPEED_IMAGES = 8
_SPEED_STEPS = (8, 28)


@dataclass(frozen=True, slots=True)
class Bar:
    """What is to be reached when ``approved`` images are: at most ``seconds`` so far, at least these scores."""

    approved: int
    seconds: float
    mean: float
    worst_tenth: float = 0.0


BARS = {
    "ph2": (Bar(10, 90, 0.90, 0.70), Bar(20, 180, 0.92, 0.75), Bar(40, 400, 0.93, 0.80), Bar(80, 1200, 0.94, 0.84)),
    "ccp": (Bar(20, math.inf, 0.92),),
}


@dataclass(frozen=True, slots=True)
class Case:
    """An image and its true mask."""

    image: Path
    lesion: Path

    def mask(self) -> np.ndarray:
        """Class ids (h, w) uint16: 1 in the lesion or person."""
        content = np.frombuffer(self.lesion.read_bytes(), np.uint8)
        return (cv2.imdecode(content, cv2.IMREAD_GRAYSCALE) > 0).astype(np.uint16)


@dataclass(frozen=True, slots=True)
class Score:
    """After a round: images approved, seconds of training so far, mean and worst-tenth score on unseen cases."""

    approved: int
    seconds: float
    steps: int
    held_out_dice: float | None
    mean: float
    worst_tenth: float


def cases(folder: Path, seed: int) -> list[Case]:
    """All cases of the packed PH2 or of CCP in ``folder``, in an order drawn by ``seed``."""
    found = [
        Case(image, image.parents[1] / f"{image.stem}_lesion" / f"{image.stem}_lesion.png")
        for image in sorted(folder.glob("*/*_Dermoscopic_Image/*.webp"))
    ] or [
        Case(image, folder / "masks_person" / f"{image.stem}.png")
        for image in sorted((folder / "images").glob("*.jpg"))
    ]
    return [found[index] for index in np.random.default_rng(seed).permutation(len(found))]


def programs_approvals(most: int) -> list[int]:
    """After how many approved images, ``most`` at most, the program starts rounds by itself."""
    begun: list[int] = []
    for approved in range(most + 1):
        if approvals_missing(approved, begun[-1] if begun else None) == 0:
            begun.append(approved)
    return begun


def score(weights: Path, unseen: list[Case], device: Device, iou: bool = False) -> list[float]:
    """Dice, or else the intersection over union, of each of ``unseen`` at full size."""
    predictor = Predictor(weights, device)
    dice = [mean_class_dice(predictor.predict(load_rgb(case.image)).mask, case.mask(), 1, IGNORE) for case in unseen]
    return [d / (2 - d) for d in dice] if iou else dice


def simulate(
    approvals: list[int],
    settings: TrainingSettings,
    seed: int,
    folder: Path,
    root: Path = _DATA / "ph2_packed",
    iou: bool = False,
    choose_size: bool = False,
) -> Iterator[Score]:
    """Train a round after each number of ``approvals`` and score it; ``choose_size`` as the program does."""
    device, cache = pick_device(), ImageCache()
    order = cases(root, seed)
    unseen, approved = order[-UNSEEN:], order[:-UNSEEN]
    parent: Path | None = None
    spent, known = 0.0, 0
    for number, count in enumerate(approvals, start=1):
        place = folder / f"{number:04}"
        place.mkdir(parents=True, exist_ok=True)
        images = []
        for index, case in enumerate(approved[:count]):
            write_mask(place / MASKS / f"{index}.png", case.mask())
            role = "held_out" if index % HELD_OUT_EVERY == HELD_OUT_EVERY - 1 else "train"
            fresh = parent is not None and index >= known
            images.append(TrainingImage(index, str(case.image), f"{MASKS}/{index}.png", role, fresh, fresh))
        if choose_size:
            measures = [measure_image(case.mask()) for case in approved[:count]]
            settings = replace(settings, input_size=choose_input_size(measures, device.kind).longer_side)
        write_request(place, RoundRequest(number, ("object",), tuple(images), parent and str(parent), settings))
        started = time.monotonic()
        result = run_round(place, device, cache, RoundEvents(on_notice=print))
        spent += time.monotonic() - started
        parent, known = place / WEIGHTS, count
        scores = sorted(score(parent, unseen, device, iou))
        worst = float(np.mean(scores[: max(1, len(scores) // 10)]))
        yield Score(count, spent, result.steps, result.held_out_dice, float(np.mean(scores)), worst)


def against(bar: Bar, runs: list[list[Score]]) -> str:
    """A line of the table: the means over ``runs`` of the last round of each that was due by then."""
    due = [[s for s in run if s.approved <= bar.approved][-1] for run in runs]
    reached = [statistics.mean(getattr(s, name) for s in due) for name in ("seconds", "mean", "worst_tenth")]
    wanted = (bar.seconds, bar.mean, bar.worst_tenth)
    met = reached[0] <= wanted[0] and all(r >= w for r, w in zip(reached[1:], wanted[1:], strict=True))
    seconds, mean, worst = (f"{r:.{d}f} ({w:g})" for r, w, d in zip(reached, wanted, (0, 3, 3), strict=True))
    return f"{bar.approved:8}  {seconds:>12}  {mean:>12}  {worst:>12}  {'met' if met else 'MISSED'}"


def measure_speed(root: Path, settings: TrainingSettings, folder: Path) -> str:
    """How fast a round learns and an image of 768 x 576 gets its mask, in one line."""
    device, cache = pick_device(), ImageCache()
    chosen = cases(root, 0)[:_SPEED_IMAGES]
    took = []
    for steps in _SPEED_STEPS:
        place = folder / str(steps)
        place.mkdir()
        for index, case in enumerate(chosen):
            write_mask(place / MASKS / f"{index}.png", case.mask())
        images = tuple(TrainingImage(i, str(c.image), f"{MASKS}/{i}.png", "train") for i, c in enumerate(chosen))
        bound = TrainingSettings(
            seconds=1e6,
            max_steps=steps,
            input_size=settings.input_size,
            upright=settings.upright,
            even_exposure=settings.even_exposure,
        )
        write_request(place, RoundRequest(1, ("object",), images, None, bound))
        started = time.monotonic()
        run_round(place, device, cache, RoundEvents())
        took.append(time.monotonic() - started)
    step = (took[1] - took[0]) / (_SPEED_STEPS[1] - _SPEED_STEPS[0])
    photograph = folder / "768x576.png"
    cv2.imwrite(str(photograph), cv2.resize(load_rgb(chosen[0].image), (768, 576))[..., ::-1])
    predictor = Predictor(folder / str(_SPEED_STEPS[0]) / WEIGHTS, device)
    paints, threads = time_of_mask(predictor, photograph), torch.get_num_threads()
    use_threads(painting=False)
    alone = time_of_mask(predictor, photograph)
    use_threads(threads)
    return f"{1e3 * step:.0f} ms a step; {paints:.0f} ms from file to mask, {alone:.0f} on every core"


def time_of_mask(predictor: Predictor, photograph: Path) -> float:
    """Milliseconds from a file to its mask, the median of some."""
    times = []
    for _ in range(12):
        started = time.monotonic()
        predictor.predict_file(photograph)
        times.append(time.monotonic() - started)
    return 1e3 * statistics.median(times[2:])


def main() -> None:
    """Print a line a round, then the means over the seeds beside the bars."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", choices=sorted(BARS), default="ph2")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--most", type=int, help="stop after so many approved images")
    parser.add_argument("--approved", type=int, nargs="+", help="run rounds after these instead of as the program does")
    parser.add_argument("--size", type=int, help="longer side of an image in px; by default chosen as the program does")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--steps-only", action="store_true")
    arguments = parser.parse_args()
    usual = TrainingSettings().input_size
    threads, ccp = use_threads(arguments.threads), arguments.data == "ccp"
    root, measure = _DATA / ("ccp" if ccp else "ph2_packed"), "IoU" if ccp else "Dice"
    with tempfile.TemporaryDirectory() as folder:
        settings = TrainingSettings(input_size=arguments.size or usual, upright=ccp, even_exposure=not ccp)
        print(f"{threads} thread(s): {measure_speed(root, settings, Path(folder))}", flush=True)
    if arguments.steps_only:
        return
    most = arguments.most or max(arguments.approved or [BARS[arguments.data][-1].approved])
    approvals = arguments.approved or programs_approvals(most)
    print(f"{measure} on {UNSEEN} unseen cases\nseed  approved  training s  steps  held out   mean  worst tenth")
    runs: list[list[Score]] = []
    for seed in arguments.seeds:
        runs.append([])
        settings = TrainingSettings(seed=seed, input_size=arguments.size or usual, upright=ccp, even_exposure=not ccp)
        with tempfile.TemporaryDirectory() as folder:
            for s in simulate(approvals, settings, seed, Path(folder), root, ccp, arguments.size is None):
                held = "-" if s.held_out_dice is None else f"{s.held_out_dice:.3f}"
                line = f"{seed:4}  {s.approved:8}  {s.seconds:10.1f}  {s.steps:5}  {held:>8}  "
                print(f"{line}{s.mean:.3f}  {s.worst_tenth:11.3f}", flush=True)
                runs[-1].append(s)
    print(f"\nmean over {len(runs)} seed(s), the bar in brackets")
    print(f"approved    training s     mean {measure:4}   worst tenth")
    for bar in BARS[arguments.data]:
        if approvals[0] <= bar.approved <= most:
            print(against(bar, runs))


if __name__ == "__main__":
    main()
