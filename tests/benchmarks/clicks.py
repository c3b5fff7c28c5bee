"""How many clicks a mask takes: NoC@85 and NoC@90 on images that no round has seen.

Run ``python -m tests.benchmarks.clicks ph2`` or ``ccp``; with ``--weights FILE`` nothing is trained. NoC is the mean
number of clicks until the mask overlaps with the truth by an IoU of 0.85 or 0.90, at most 20 (Xu et al., "Deep
Interactive Object Selection", CVPR 2016), here with this project's network after one round on a few images. It is
counted from nothing and from the model's own mask; where that is good enough as it is, no click is counted.

Realistic clicks fall into some error, a large one more likely, and rather inside of it than at its border; centred ones
at the very middle of the largest error, as most papers count them. PH2: Mendonca et al., EMBC 2013; CCP: Yang et al.,
"Clothing Co-Parsing by Joint Image Segmentation and Labeling", CVPR 2014.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from segstudio.domain.clicks import Click
from segstudio.domain.input_size import choose_input_size, measure_image
from segstudio.domain.mending import Mending, says
from segstudio.domain.regions import keep_largest
from segstudio.engine.data import ImageCache, load_rgb, write_mask
from segstudio.engine.device import pick_device, use_threads
from segstudio.engine.guidance import one_part, place
from segstudio.engine.predict import Predictor
from segstudio.engine.progress import RoundEvents
from segstudio.engine.rounds import run_round
from segstudio.imaging.cv import cv2
from segstudio.protocol.round_folder import MASKS, WEIGHTS, RoundRequest, TrainingImage, TrainingSettings, write_request

MOST_CLICKS = 20
TARGETS = (0.85, 0.90)
_DATA = Path(os.environ.get("SEGSTUDIO_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
_CENTRED = 1000.0
_WAYS = ("realistic", "centred")

Bools = np.ndarray
Pair = tuple[Path, Path]
"""An image and its true mask."""


def pairs(name: str, seed: int) -> list[Pair]:
    """All images of a data set, in an order drawn by ``seed``."""
    if name == "ph2":
        images = sorted((_DATA / "ph2_packed").glob("*/*_Dermoscopic_Image/*.webp"))
        found = [(image, image.parents[1] / f"{image.stem}_lesion" / f"{image.stem}_lesion.png") for image in images]
    else:
        images = sorted((_DATA / "ccp" / "images").glob("*.jpg"))
        found = [(image, _DATA / "ccp" / "masks_person" / f"{image.stem}.png") for image in images]
    return [found[index] for index in np.random.default_rng(seed).permutation(len(found))]


def truth_of(pair: Pair) -> Bools:
    """(H, W) bool."""
    return cv2.imdecode(np.frombuffer(pair[1].read_bytes(), np.uint8), cv2.IMREAD_GRAYSCALE) > 0


def iou(one: Bools, other: Bools) -> float:
    """Intersection over union."""
    union = (one | other).sum()
    return float((one & other).sum() / union) if union else 1.0


def trained(train: list[Pair], settings: TrainingSettings, folder: Path) -> Path:
    """The weights of one round on ``train``."""
    folder.mkdir(parents=True, exist_ok=True)
    images = []
    for index, pair in enumerate(train):
        write_mask(folder / MASKS / f"{index}.png", truth_of(pair).astype(np.uint16))
        images.append(TrainingImage(index, str(pair[0]), f"{MASKS}/{index}.png", "train"))
    write_request(folder, RoundRequest(1, ("object",), tuple(images), None, settings))
    run_round(folder, pick_device(), ImageCache(), RoundEvents(on_notice=print))
    return folder / WEIGHTS


@dataclass
class Course:
    """The IoU before the first click and after each, and the seconds that each answer took."""

    overlaps: list[float]
    seconds: list[float] = field(default_factory=list)

    def clicks_to(self, target: float) -> int:
        """How many clicks it took, ``MOST_CLICKS`` if it was not reached."""
        return next((count for count, overlap in enumerate(self.overlaps) if overlap >= target), MOST_CLICKS)


def next_click(shown: Bools, truth: Bools, rng: np.random.Generator, centred: bool) -> Click:
    """Where a person would click next; ``shown`` differs from ``truth``."""
    wrong = shown != truth
    parts = [wrong & truth, wrong & ~truth]
    if centred:
        part = max((keep_largest(part) for part in parts), key=np.count_nonzero)
    else:
        areas = np.array([part.sum() for part in parts], float)
        part = one_part(parts[rng.choice(2, p=areas / areas.sum())], rng)
    at = place(part, rng, *([_CENTRED] if centred else []))
    assert at is not None
    return Click(at[0] + 0.5, at[1] + 0.5, bool(truth[at[1], at[0]]))


def course(
    predictor: Predictor, pixels: np.ndarray, truth: Bools, start: Bools, rng: np.random.Generator, centred: bool
) -> Course:
    """Click until the mask is as good as the highest target asks, as the tool does it."""
    shown, clicks = start.copy(), list[Click]()
    made = Course([iou(shown, truth)])
    while made.overlaps[-1] < max(TARGETS) and len(clicks) < MOST_CLICKS:
        click = next_click(shown, truth, rng, centred)
        began = time.perf_counter()
        mending = Mending.begin(shown, [one for one in clicks if says(shown, one)], click)
        seen = mending.crop.pixels(pixels)
        answer = predictor.mend(seen, mending.guidance, 1)
        rect, where = mending.change(answer, seen, shown[mending.crop.rect.slices])
        shown[rect.slices][where] = click.adds
        made.seconds.append(time.perf_counter() - began)
        clicks.append(click)
        made.overlaps.append(iou(shown, truth))
    return made


def row(name: str, courses: list[Course]) -> str:
    """One line of the table."""
    counts = [np.array([one.clicks_to(target) for one in courses]) for target in TARGETS]
    failed = (counts[1] >= MOST_CLICKS).mean()
    first = np.mean([one.overlaps[min(1, len(one.overlaps) - 1)] for one in courses])
    return (
        f"{name:34} {np.mean([one.overlaps[0] for one in courses]):9.3f} {first:11.3f} "
        f"{counts[0].mean():7.2f} {counts[1].mean():7.2f} {100 * failed:9.0f} %"
    )


def report(weights: Path, unseen: list[Pair], seed: int, ways: list[str], tell: Callable[[str], None]) -> None:
    """Click all of ``unseen``, from nothing and from the model's mask, in each of ``ways``."""
    predictor = Predictor(weights, pick_device())
    seconds: list[float] = []
    tell(f"{'':34} IoU first  1st click  NoC@85  NoC@90   20 not enough")
    for start in ("nothing", "the model's mask"):
        for how in ways:
            courses = []
            for number, pair in enumerate(unseen):
                pixels, truth = load_rgb(pair[0]), truth_of(pair)
                begun = predictor.predict(pixels).mask > 0 if start != "nothing" else np.zeros(truth.shape, bool)
                rng = np.random.default_rng([seed, number])
                courses.append(course(predictor, pixels, truth, begun, rng, how == "centred"))
            seconds += [second for one in courses for second in one.seconds]
            tell(row(f"from {start}, {how}", courses))
    half, most = np.quantile(seconds, (0.5, 0.95))
    tell(f"an answer takes {1000 * half:.0f} ms, 19 of 20 at most {1000 * most:.0f} ms")


def main() -> None:
    """Train if need be, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", choices=("ph2", "ccp"))
    parser.add_argument("--train", type=int, default=20)
    parser.add_argument("--unseen", type=int, default=40)
    parser.add_argument("--clicks", nargs="+", choices=_WAYS, default=list(_WAYS))
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--keep", type=Path, help="folder to train in and to keep")
    parser.add_argument("--steps", type=int, help="steps of the round; by default as in the program")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int)
    arguments = parser.parse_args()
    found = pairs(arguments.data, arguments.seed)
    train, unseen = found[: arguments.train], found[-arguments.unseen :]
    print(f"{use_threads(arguments.threads)} thread(s); {len(train)} images learned, {len(unseen)} unseen", flush=True)
    device = pick_device()
    size = choose_input_size([measure_image(truth_of(pair).astype(np.uint16)) for pair in train], device.kind)
    settings = TrainingSettings(
        input_size=size.longer_side,
        seconds=3600.0,
        seed=arguments.seed,
        max_steps=arguments.steps,
        upright=arguments.data == "ccp",
    )
    with tempfile.TemporaryDirectory() as folder:
        weights = arguments.weights or trained(train, settings, arguments.keep or Path(folder))
        report(weights, unseen, arguments.seed, arguments.clicks, lambda line: print(line, flush=True))


if __name__ == "__main__":
    main()
