"""How long reading, listing, drawing and comparing take: `python tests/benchmarks/imaging.py`.

Medians of processor time; the last column is the ratio to reading one image of 768 x 576, measured in the same run.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from segstudio.formats.compare import evaluate_folders
from segstudio.imaging.find import find_images
from segstudio.imaging.reader import read_image, read_thumbnail
from segstudio.imaging.synthetic_bodies import body
from segstudio.imaging.synthetic_lesions import lesion

REPEATS = 7


def milliseconds(call: Callable[[], object]) -> float:
    """Median over some repeats, after one that warms up."""
    call()
    took = []
    for _ in range(REPEATS):
        began = time.process_time()
        call()
        took.append(time.process_time() - began)
    return 1000 * statistics.median(took)


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pixels, mask = lesion(1)
        small, large = folder / "small.bmp", folder / "large.jpg"
        Image.fromarray(pixels).save(small)
        Image.fromarray(np.tile(pixels, (5, 6, 1))[:3000, :4000]).save(large, quality=90)
        many = folder / "many"
        many.mkdir()
        for index in range(10_000):
            (many / f"frame_{index}.png").touch()
        for part, shift in (("pred", 5), ("truth", 0)):
            (folder / part).mkdir()
            moved = np.roll(np.where(mask, 255, 0).astype(np.uint8), shift, 1)
            Image.fromarray(moved).save(folder / part / "a.png")
        rows = {
            "read 768 x 576 BMP": milliseconds(lambda: read_image(small)),
            "read 12 MP JPEG": milliseconds(lambda: read_image(large)),
            "thumbnail of 12 MP JPEG": milliseconds(lambda: read_thumbnail(large, 96)),
            "list 10,000 images": milliseconds(lambda: find_images(many)),
            "compare one pair of 768 x 576": milliseconds(lambda: evaluate_folders(folder / "pred", folder / "truth")),
            "draw a lesion": milliseconds(lambda: lesion(2)),
            "draw a body": milliseconds(lambda: body(2)),
        }
    print("| what | ms | ratio |\n|---|---:|---:|")
    first = rows["read 768 x 576 BMP"]
    for what, took in rows.items():
        print(f"| {what} | {took:.1f} | {took / first:.1f} |")


if __name__ == "__main__":
    main()
