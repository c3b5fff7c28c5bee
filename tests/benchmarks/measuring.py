"""How long it takes to measure 200 images of PH2's size, and what a stroke costs while measures are shown.

    python -m tests.benchmarks.measuring [--count 200] [--pdf]

Each image has a mask of its own and a confidence map, so that three masks are measured, as in a project in use.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np

from segstudio.app.report_files import CsvWriter, JsonWriter
from segstudio.app.reporting import report_project
from segstudio.domain.segments import make_classes
from segstudio.imaging.cv import cv2
from segstudio.imaging.mask_png import encode_confidence, encode_mask
from segstudio.imaging.synthetic_lesions import lesion
from segstudio.store.images import NewImage
from segstudio.store.project_db import Project

SIZE = (768, 576)


def make_project(folder: Path, count: int) -> Path:
    """A project with ``count`` drawn lesions, their masks as predictions, and doubt along their borders."""
    images = folder / "images"
    images.mkdir()
    drawn = [lesion(seed, SIZE) for seed in range(min(count, 20))]
    paths, masks = [], []
    for number in range(count):
        pixels, mask = drawn[number % len(drawn)]
        paths.append(images / f"{number:03d}.bmp")
        cv2.imwrite(str(paths[-1]), pixels[..., ::-1])
        masks.append(mask > 0)
    with Project.create(folder / "p.segstudio", make_classes(["lesion"])) as project:
        ids = project.images.add_images([NewImage(path) for path in paths])
        for image_id, mask in zip(ids, masks, strict=True):
            soft = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 8)
            sure = cv2.resize((255 * np.maximum(soft, 1 - soft)).astype(np.uint8), (256, 192))
            project.images.set_size(image_id, *SIZE, "")
            project.masks.put_prediction(image_id, 1, encode_mask(mask.astype(np.uint16)), encode_confidence(sure))
    return folder / "p.segstudio"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--pdf", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = make_project(folder, options.count)
        family = ""
        if options.pdf:
            from segstudio.ui.measure_command import start_qt

            family = start_qt()

        def make(head):
            writers = [CsvWriter(folder / "m.csv", head), JsonWriter(folder / "m.json", head)]
            if options.pdf:
                from segstudio.ui.report_pdf import PdfWriter

                writers.append(PdfWriter(folder / "m.pdf", head, family))
            return writers

        with Project.open(path) as project:
            wall, cpu = time.perf_counter(), time.process_time()
            count, problems = report_project(project, False, make)
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(f"{count} images, {problems} not measured: {wall:.1f} s, {cpu:.1f} s of one core")


if __name__ == "__main__":
    main()
