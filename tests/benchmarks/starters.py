"""Starter models against the network from ImageNet at 0, 5 and 10 corrected images, on images never seen.

    python -m tests.benchmarks.starters BUILT --fold 0 [--json FILE]

``BUILT`` is the folder of ``segstudio starter build``, of which the weights of ``--fold`` are taken. Ten images of that
fold are corrected (here: their true masks), in the order of a seed; the rest of its photographs is what is scored. The
round on five goes on from the starter or from ImageNet, the one on ten from the one on five; every fifth image is held
out, and images are seen at the starter's size, as the program does. Everything else is a project's default.
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
from pathlib import Path

import numpy as np

from segstudio.domain.metrics import dice, iou
from segstudio.engine.data import ImageCache, load_rgb, read_mask
from segstudio.engine.device import CPU, use_threads
from segstudio.engine.predict import Predictor
from segstudio.engine.progress import RoundEvents
from segstudio.engine.rounds import run_round
from segstudio.protocol.round_folder import MASKS, WEIGHTS, RoundRequest, TrainingImage, TrainingSettings, write_request
from segstudio.protocol.starter_recipe import RecipeSample, read_recipe

CORRECTED = (5, 10)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("built", type=Path)
    parser.add_argument("--fold", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--most", type=int, default=40, help="images that are scored")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    use_threads(1)
    recipe = read_recipe(arguments.built)
    samples = [s for s in recipe.samples if s.fold == arguments.fold and s.source == "photo"]
    samples = [samples[index] for index in np.random.default_rng(arguments.seed).permutation(len(samples))]
    corrected, rest = samples[: max(CORRECTED)], samples[max(CORRECTED) :][: arguments.most]
    starter = arguments.built / f"fold-{arguments.fold}" / WEIGHTS
    built = arguments.built
    upright = recipe.kind == "body"
    settings = TrainingSettings(
        input_size=recipe.side, upright=upright, even_exposure=not upright, seconds=1e6, seed=arguments.seed
    )
    report: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory(prefix="segstudio-starters-") as folder:
        for name, base in (("starter", starter), ("ImageNet", None)):
            if base is not None:
                report[f"{name}, 0"] = score(built, base, rest)
                print(f"{name}, 0", report[f"{name}, 0"], flush=True)
            weights = base
            for count in CORRECTED:
                round_folder = Path(folder) / f"{name}-{count}"
                write_round(
                    arguments.built, round_folder, corrected[:count], recipe.class_name, settings, weights, base
                )
                result = run_round(round_folder, CPU, ImageCache(), RoundEvents())
                weights = round_folder / WEIGHTS
                found = score(built, weights, rest)
                report[f"{name}, {count}"] = {**found, "steps": result.steps}
                print(f"{name}, {count}", report[f"{name}, {count}"], flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=1), encoding="utf-8")


def write_round(
    built: Path,
    folder: Path,
    samples: list[RecipeSample],
    class_name: str,
    settings: TrainingSettings,
    parent: Path | None,
    base: Path | None,
) -> None:
    (folder / MASKS).mkdir(parents=True)
    images = []
    for number, sample in enumerate(samples, start=1):
        assert sample.mask is not None
        (folder / MASKS / f"{number}.png").write_bytes((built / sample.mask).read_bytes())
        role = "held_out" if number % 5 == 0 else "train"
        images.append(TrainingImage(number, sample.image, f"{MASKS}/{number}.png", role))
    said = [None if path is None else str(path) for path in (parent, base)]
    write_request(folder, RoundRequest(1, (class_name,), tuple(images), said[0], settings, base_weights=said[1]))


def score(built: Path, weights: Path, samples: list[RecipeSample]) -> dict[str, float]:
    predictor = Predictor(weights, CPU)
    rows = []
    for sample in samples:
        assert sample.mask is not None
        said, truth = predictor.predict(load_rgb(Path(sample.image))).mask == 1, read_mask(built / sample.mask) == 1
        rows.append((dice(said, truth), iou(said, truth)))
    found = {}
    for name, values in zip(("dice", "iou"), np.array(rows).T, strict=True):
        worst = np.sort(values)[: math.ceil(len(values) / 10)]
        found |= {name: round(float(values.mean()), 4), f"{name}_worst_tenth": round(float(worst.mean()), 4)}
    return found


if __name__ == "__main__":
    main()
