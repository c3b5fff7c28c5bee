"""How long a thousand pairs of masks take to compare: ``python -m tests.benchmarks.evaluating``.

Masks are drawn lesions of 768 x 576 px and what a model may have made of them, as PNG files, fifty of them each under
many names; measured is everything that ``segstudio evaluate`` does from the first file to the table, on all cores.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from segstudio.app.evaluation import evaluate
from segstudio.app.evaluation_plans import folder_plan
from segstudio.app.evaluation_report import report, table
from segstudio.imaging.cv import cv2

DRAWN = 50


def write_pairs(folder: Path, count: int, size: tuple[int, int] = (768, 576)) -> tuple[Path, Path]:
    """Folders of ``count`` masks and truths."""
    width, height = size
    pred, truth = folder / "pred", folder / "truth"
    pred.mkdir()
    truth.mkdir()
    y, x = np.mgrid[:height, :width]
    for number in range(min(count, DRAWN)):
        rng = np.random.default_rng(number)
        radius, centre = rng.uniform(80, 270), rng.uniform((300, 230), (460, 340))
        noise = cv2.GaussianBlur(rng.normal(size=(height, width)).astype(np.float32), (0, 0), 30) * 800
        far = np.hypot(x - centre[0], y - centre[1])
        said = np.hypot(x - centre[0] - rng.normal(0, 12), y - centre[1] - rng.normal(0, 12))
        Image.fromarray(np.where(far + noise < radius, 255, 0).astype(np.uint8)).save(truth / f"{number:04d}.png")
        Image.fromarray(np.where(said + 0.8 * noise < radius, 255, 0).astype(np.uint8)).save(pred / f"{number:04d}.png")
    for number in range(DRAWN, count):
        for own in (pred, truth):
            shutil.copy(own / f"{number % DRAWN:04d}.png", own / f"{number:04d}.png")
    return pred, truth


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    count = parser.parse_args().count
    with tempfile.TemporaryDirectory() as name:
        pred, truth = write_pairs(Path(name), count)
        started, worked = time.perf_counter(), time.process_time()
        found = evaluate(folder_plan(pred, truth))
        text = table(found)
        report(found)
        seconds, work = time.perf_counter() - started, time.process_time() - worked
    print(text)
    print(f"\n{count} pairs of 768 x 576 in {seconds:.1f} s, {work:.1f} s of processor (bar for 1,000: 60 s)")


if __name__ == "__main__":
    main()
