"""How well measured asymmetry and colours agree with the dermatologists of PH2.

    python -m tests.benchmarks.abcd [--folder PH2]

On PH2's own masks, so that nothing but the measures is judged. Thresholds are chosen anew in each of ten folds from the
other nine; every image is judged once, by thresholds that never saw it. What the program itself uses was fitted to all
of the images, and is only given for comparison. Regions whose colours the references were read from are left out of the
second line of colours. Mendonca et al., "PH2 - a dermoscopic image database for research and benchmarking", EMBC 2013.
"""

from __future__ import annotations

import argparse
import math
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from segstudio.domain.asymmetry import COLOR_SCALE, SHAPE_SCALE
from segstudio.domain.lesion import Lesion, measure_lesion
from segstudio.domain.lesion_colors import NAMES, PRESENT
from segstudio.domain.measure import measure_shape
from segstudio.imaging.reader import read_array, read_image
from tests.helpers.data import data_folder

FOLDS, SEED, RESAMPLED = 10, 0, 2000
SHAPES = (0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.6)
COLORS = (8.0, 10.0, 12.0, 14.0, 16.0, 20.0)


@dataclass(frozen=True)
class Case:
    """One lesion: what was measured, and what the dermatologists said."""

    lesion: Lesion
    asymmetry: int
    colors: tuple[bool, ...]
    outlined: bool


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, help="PH2Dataset, as it comes; else the development data")
    folder = parser.parse_args().folder
    with tempfile.TemporaryDirectory() as name:
        if folder is None:
            packed = data_folder("ph2_packed")
            unpack = packed.parent / "unpack_ph2.py"
            subprocess.run([sys.executable, str(unpack), name], check=True, capture_output=True)
            folder, table = Path(name) / "PH2Dataset", packed / "PH2_dataset.txt"
        else:
            table = folder / "PH2_dataset.txt"
        cases = read_cases(folder / "PH2 Dataset images", table)
    print(f"{len(cases)} lesions, intervals of 95 %\n")
    report_asymmetry(cases)
    report_colors(cases)


def read_cases(images: Path, table: Path) -> list[Case]:
    """All lesions of the folder that the table knows."""
    said = {}
    for line in table.read_text("latin-1").splitlines():
        cells = [cell.strip() for cell in line.split("||")]
        if len(cells) > 10 and re.fullmatch(r"IMD\d+", cells[1]):
            said[cells[1]] = int(cells[4]), {int(number) for number in cells[10].split()}
    cases = []
    for folder in sorted(images.iterdir()):
        asymmetry, colors = said[folder.name]
        pixels = read_image(folder / f"{folder.name}_Dermoscopic_Image" / f"{folder.name}.bmp").pixels
        mask = read_array(folder / f"{folder.name}_lesion" / f"{folder.name}_lesion.bmp")[0]
        mask = (mask if mask.ndim == 2 else mask[..., 0]) > 0
        shape = measure_shape(mask)
        assert shape is not None
        outlined = (
            any((folder / f"{folder.name}_roi").glob("*Label*")) if (folder / f"{folder.name}_roi").is_dir() else False
        )
        present = tuple(number in colors for number in range(1, 7))
        cases.append(Case(measure_lesion(pixels, mask, shape), asymmetry, present, outlined))
    return cases


# ---- asymmetry ------------------------------------------------------------------------------------------------


def report_asymmetry(cases: list[Case]) -> None:
    """Rank correlation of what was measured, and kappa of the axes counted."""
    truth = np.array([case.asymmetry for case in cases])
    shape, color = (
        np.array([[getattr(about, what) for about in case.lesion.asymmetry] for case in cases])
        for what in ("shape", "color")
    )
    print("asymmetry: rank correlation (Spearman) with the axes that experts call asymmetric")
    for name, values in (
        ("shape, both axes", shape.sum(axis=1)),
        ("colour, both axes", color.sum(axis=1)),
        ("both together", (shape / SHAPE_SCALE + color / COLOR_SCALE).sum(axis=1)),
    ):
        rho = float(spearmanr(values, truth).statistic)
        low, high = resampled(lambda rows, v=values: float(spearmanr(v[rows], truth[rows]).statistic), len(cases))
        print(f"  {name:20s} {rho:.2f} ({low:.2f} to {high:.2f})")
    found = np.zeros(len(cases), np.int64)
    for held, rest in folds(truth):
        best = max(
            ((s, c) for s in SHAPES for c in COLORS),
            key=lambda pair: weighted_kappa(axes(shape[rest], color[rest], *pair), truth[rest]),
        )
        found[held] = axes(shape[held], color[held], *best)
    print("axes counted, 0, 1 or 2: kappa (weighted by the square of the difference)")
    for name, counted in (
        ("cross-validated", found),
        ("as in the program", axes(shape, color, SHAPE_SCALE, COLOR_SCALE)),
    ):
        low, high = resampled(lambda rows, n=counted: weighted_kappa(n[rows], truth[rows]), len(cases))
        same = float(np.mean(counted == truth))
        print(f"  {name:20s} {weighted_kappa(counted, truth):.2f} ({low:.2f} to {high:.2f}), the same in {same:.0%}")
    print("  rows: experts 0, 1, 2; columns: cross-validated 0, 1, 2")
    for row in table_of(found, truth):
        print("   ", *(f"{int(count):4d}" for count in row))
    print()


def axes(shape: NDArray[np.float64], color: NDArray[np.float64], s: float, c: float) -> NDArray[np.int64]:
    """Axes that count as asymmetric, with these scales."""
    return np.asarray((shape / s + color / c >= 1).sum(axis=1), np.int64)


def table_of(found: NDArray[np.int64], truth: NDArray[np.int64]) -> NDArray[np.float64]:
    counts = np.zeros((3, 3))
    np.add.at(counts, (truth, found), 1)
    return counts


def weighted_kappa(found: NDArray[np.int64], truth: NDArray[np.int64]) -> float:
    """Cohen (1968), squared weights; 0 where either side says only one thing and chance explains all."""
    counts = table_of(found, truth)
    weights = np.subtract.outer(np.arange(3), np.arange(3)) ** 2
    chance = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / counts.sum()
    expected = float((weights * chance).sum())
    return 1 - float((weights * counts).sum()) / expected if expected else 0.0


# ---- colours --------------------------------------------------------------------------------------------------


def report_colors(cases: list[Case]) -> None:
    """Of each colour: how often it is found where experts see it, and not found where they do not."""
    shares = np.array([case.lesion.color_shares for case in cases])
    truth = np.array([case.colors for case in cases])
    fresh = np.array([not case.outlined for case in cases])
    print("colours: area under the curve; sensitivity and specificity, cross-validated; as in the program")
    for number, name in enumerate(NAMES):
        there, share = truth[:, number], shares[:, number]
        found = np.zeros(len(cases), bool)
        for held, rest in folds(there.astype(np.int64)):
            found[held] = share[held] >= threshold(share[rest], there[rest])
        words = f"{name:12s} {there.sum():3d} of {len(cases)}   {curve(share, there):.2f}"
        words += f" (without outlined: {curve(share[fresh], there[fresh]):.2f})"
        for which in (found, share >= PRESENT[number]):
            words += "   " + ", ".join(
                f"{k / n:.2f} ({low:.2f} to {high:.2f})"
                for k, n in (
                    (int(which[there].sum()), int(there.sum())),
                    (int((~which[~there]).sum()), int((~there).sum())),
                )
                for low, high in [wilson(k, n)]
            )
        print(" ", words)
    count = (shares >= np.array(PRESENT)).sum(axis=1)
    rho = float(spearmanr(count, truth.sum(axis=1)).statistic)
    print(f"  how many colours: rank correlation {rho:.2f}")


def threshold(share: NDArray[np.float64], there: NDArray[np.bool_]) -> float:
    """The share that parts best, by sensitivity + specificity (Youden 1950)."""
    tried = np.unique(share)
    gain = [(share[there] >= t).mean() + (share[~there] < t).mean() for t in tried]
    return float(tried[int(np.argmax(gain))])


def curve(share: NDArray[np.float64], there: NDArray[np.bool_]) -> float:
    """Area under the receiver operating characteristic: how often a lesion with the colour has the larger share."""
    with_, without = share[there][:, None], share[~there][None]
    return float(((with_ > without) + 0.5 * (with_ == without)).mean())


# ---- statistics -----------------------------------------------------------------------------------------------


def folds(strata: NDArray[np.int64]) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Held-out and other rows, ten times, each value of ``strata`` spread evenly."""
    rng = np.random.default_rng(SEED)
    number = np.zeros(len(strata), np.int64)
    for value in np.unique(strata):
        rows = rng.permutation(np.flatnonzero(strata == value))
        number[rows] = np.arange(len(rows)) % FOLDS
    return [(np.flatnonzero(number == fold), np.flatnonzero(number != fold)) for fold in range(FOLDS)]


def resampled(measure, count: int) -> tuple[float, float]:
    """The middle 95 % over resampled lesions."""
    rng = np.random.default_rng(SEED)
    values = [measure(rng.integers(0, count, count)) for _ in range(RESAMPLED)]
    return float(np.nanpercentile(values, 2.5)), float(np.nanpercentile(values, 97.5))


def wilson(k: int, n: int) -> tuple[float, float]:
    """Wilson's interval (1927) of a share."""
    z = 1.96
    middle, reach = k / n + z * z / (2 * n), z * math.sqrt(k / n * (1 - k / n) / n + z * z / (4 * n * n))
    return max(0.0, (middle - reach) / (1 + z * z / n)), min(1.0, (middle + reach) / (1 + z * z / n))


if __name__ == "__main__":
    main()
