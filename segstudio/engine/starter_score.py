"""How good a starter is on what it has not seen: rows of scores, what they come to, and pictures of the worst."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.domain.metrics import dice, iou
from segstudio.domain.round_scores import mean_interval
from segstudio.engine.data import load_rgb, read_mask
from segstudio.engine.device import Device
from segstudio.engine.predict import Predictor
from segstudio.engine.sample import Mask, Pixels
from segstudio.engine.starter_data import drawn_sample
from segstudio.imaging.cv import cv2
from segstudio.imaging.elsewhere import ELSEWHERE
from segstudio.protocol.round_folder import IGNORE
from segstudio.protocol.starter_recipe import Recipe, RecipeSample

SCORES = "scores.json"
MADE_UP = "made up"
"""Source of pictures that this program draws and no training has seen; their worst ten can be shown to anybody."""

_WORST, _ACROSS = 10, 5
_DRAWN_A_FOLD, _FIRST_UNSEEN = 40, 500
_CELL, _LABEL = 320, 26
_TRUE, _SAID = (60, 200, 90), (235, 70, 60)


@dataclass(frozen=True, slots=True)
class Row:
    """One unseen sample; ``view`` is "" for the picture as it is, else the name of a stand-in (``ELSEWHERE``).

    ``source`` is that of the sample, or ``MADE_UP``.
    """

    name: str
    source: str
    view: str
    fold: int
    dice: float
    iou: float


def score_fold(
    folder: Path, recipe: Recipe, fold: int, weights: Path, device: Device, report: Callable[[int, int], None]
) -> list[Row]:
    """Rows of the samples of ``fold`` by ``weights``, which have not seen them; kept beside the weights."""
    kept = weights.with_name(SCORES)
    if os.path.isfile(kept):
        return [Row(**row) for row in json.loads(kept.read_text(encoding="utf-8"))]
    predictor = Predictor(weights, device)
    samples = [sample for sample in recipe.samples if sample.fold == fold and sample.scored]
    rows: list[Row] = []
    for done, sample in enumerate(samples, start=1):
        for view, (pixels, truth) in _views(folder, recipe, sample):
            said = predictor.predict(pixels).mask
            rows.append(Row(sample.name, sample.source, view, fold, *_pair(said, truth)))
        report(done, len(samples))
    for number in range(_FIRST_UNSEEN + _DRAWN_A_FOLD * fold, _FIRST_UNSEEN + _DRAWN_A_FOLD * (fold + 1)):
        drawn = drawn_sample(recipe, number)
        pair = _pair(predictor.predict(drawn.pixels).mask, drawn.mask)
        rows.append(Row(f"{MADE_UP}/{number}", MADE_UP, "", fold, *pair))
    write_json(kept, [asdict(row) for row in rows])
    return rows


def figures(rows: Sequence[Row]) -> dict[str, Any]:
    """By source and view: count, mean with its interval, worst tenth, least, and how many are below Jaccard 0.65."""
    grouped: dict[str, list[Row]] = {}
    for row in rows:
        grouped.setdefault(row.source + (f", {row.view}" if row.view else ""), []).append(row)
    return {name: _figures(group) for name, group in grouped.items()}


def _figures(rows: Sequence[Row]) -> dict[str, Any]:
    found: dict[str, Any] = {"count": len(rows), "below_jaccard_0.65": sum(row.iou < 0.65 for row in rows)}
    for measure in ("dice", "iou"):
        values = sorted(getattr(row, measure) for row in rows)
        interval, tenth = mean_interval(values), math.ceil(len(values) / 10)
        found[measure] = {
            "mean": math.fsum(values) / len(values),
            "low": None if interval is None else interval.low,
            "high": None if interval is None else interval.high,
            "worst_tenth": math.fsum(values[:tenth]) / tenth,
            "least": values[0],
        }
    return found


def worst(rows: Iterable[Row]) -> list[Row]:
    """The ten with the least overlap."""
    return sorted(rows, key=lambda row: (row.iou, row.name))[:_WORST]


def draw_worst(
    folder: Path, recipe: Recipe, rows: Sequence[Row], weights_of: Callable[[int], Path], device: Device
) -> Pixels:
    """A sheet of pictures with the true outline in green and what the model said in red."""
    by_name = {sample.name: sample for sample in recipe.samples}
    cells = []
    for row in rows:
        if row.source == MADE_UP:
            drawn = drawn_sample(recipe, int(row.name.split("/")[1]))
            pixels, truth = drawn.pixels, drawn.mask
        else:
            pixels, truth = dict(_views(folder, recipe, by_name[row.name]))[row.view]
        cells.append(_cell(pixels, truth, Predictor(weights_of(row.fold), device).predict(pixels).mask, row))
    return _sheet(cells)


def write_json(path: Path, body: Any) -> None:
    """Write beside, then rename."""
    beside = path.with_name(path.name + ".tmp")
    beside.write_text(json.dumps(body, indent=1, allow_nan=False), encoding="utf-8")
    os.replace(beside, path)


def _views(folder: Path, recipe: Recipe, sample: RecipeSample) -> list[tuple[str, tuple[Pixels, Mask]]]:
    assert sample.mask is not None
    pixels, truth = load_rgb(Path(sample.image)), read_mask(folder / sample.mask)
    views = [("", (pixels, truth))]
    if recipe.kind == "lesion":
        # Its own numbers: the stand-ins of a picture are the same for every model that is judged.
        seed = [recipe.seed, 0xE15E, *sample.name.encode()]
        views += [(name, change(pixels, truth, np.random.default_rng(seed))) for name, change in ELSEWHERE.items()]
    return views


def _pair(said: Mask, truth: Mask) -> tuple[float, float]:
    vouched = truth != IGNORE
    one, other = (said == 1) & vouched, truth == 1
    return dice(one, other), iou(one, other)


def _cell(pixels: Pixels, truth: Mask, said: Mask, row: Row) -> Pixels:
    """The picture with both outlines, and below it its name and its score."""
    scale = _CELL / max(truth.shape)
    size = (max(1, round(truth.shape[1] * scale)), max(1, round(truth.shape[0] * scale)))
    picture = np.ascontiguousarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA))
    for mask, colour in ((truth, _TRUE), (said, _SAID)):
        member = cv2.resize((mask == 1).astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
        outlines, _ = cv2.findContours(member, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(picture, outlines, -1, colour, 2)
    words = f"{Path(row.name).name[:22]}  IoU {row.iou:.2f}"
    cell: NDArray[np.uint8] = np.full((size[1] + _LABEL, _CELL, 3), 255, np.uint8)
    cell[: size[1], : size[0]] = picture
    cv2.putText(cell, words, (4, size[1] + 18), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (40, 40, 40), 1, cv2.LINE_AA)
    return cell


def _sheet(cells: list[Pixels]) -> Pixels:
    """``cells`` in rows, all as high as the highest."""
    height = max(cell.shape[0] for cell in cells)
    blank = np.full((height, _CELL, 3), 255, np.uint8)
    placed = [blank.copy() for _ in range(-(-len(cells) // _ACROSS) * _ACROSS)]
    for place, cell in zip(placed, cells, strict=False):
        place[: cell.shape[0]] = cell
    return np.vstack([np.hstack(placed[first : first + _ACROSS]) for first in range(0, len(placed), _ACROSS)])
