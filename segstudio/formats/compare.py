"""Two folders of masks, compared pair by pair."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.domain.errors import UserError
from segstudio.domain.metrics import Scores, mean_of, score_pair, summary
from segstudio.formats import ph2
from segstudio.formats.pairs import bare_stem, match
from segstudio.formats.png import read_ids
from segstudio.imaging.find import find_images

Progress = Callable[[int, int], None]


def evaluate_folders(
    pred_dir: Path, truth_dir: Path, progress: Progress | None = None, void: int | None = None
) -> dict[str, Any]:
    """Score every mask in ``pred_dir`` against the one of its name in ``truth_dir``; about 30 ms a pair.

    Returns plain types, ready for JSON: ``images`` (one of ``name``, ``prediction``, ``truth``, ``dice``, ``iou``,
    ``hd95`` each, HD95 in pixels), ``count``, ``mean``, ``median``, ``worst_tenth`` (each ``dice``, ``iou``,
    ``hd95``), ``unpaired_predictions`` and ``unpaired_truth`` (paths), ``failed`` (``name``, ``reason``). With several
    classes an image's scores are the means over the classes that either mask holds; a mask of 0 and 255 is one class.
    Where a true mask has the value ``void``, nothing counts.
    ``progress`` is called with pairs done and pairs in all. Raises ``UserError`` where a folder can't be listed or no
    pair can be compared.
    """
    predictions, truths = _masks(pred_dir), _masks(truth_dir)
    pairs = _pairs(predictions, pred_dir, truths, truth_dir)
    if not pairs:
        raise UserError(
            f"No mask in “{pred_dir.name or pred_dir}” ({len(predictions)} files) has the name of one in "
            f"“{truth_dir.name or truth_dir}” ({len(truths)} files). Check that both folders are the right ones."
        )
    rows: list[dict[str, Any]] = []
    scores: list[Scores] = []
    failed: list[dict[str, str]] = []
    for done, (pred, truth) in enumerate(pairs, start=1):
        try:
            score = _score(pred, truth, void)
        except UserError as error:
            failed.append({"name": pred.stem, "reason": str(error)})
        else:
            scores.append(score)
            rows.append({"name": pred.stem, "prediction": str(pred), "truth": str(truth), **asdict(score)})
        if progress is not None:
            progress(done, len(pairs))
    if not scores:
        raise UserError(f"None of the {len(pairs)} pairs of masks can be compared. {failed[0]['reason']}")
    total = summary(scores)
    used_pred, used_truth = {pred for pred, _ in pairs}, {truth for _, truth in pairs}
    return {
        "images": rows,
        "count": total.count,
        "mean": asdict(total.mean),
        "median": asdict(total.median),
        "worst_tenth": asdict(total.worst_tenth),
        "unpaired_predictions": [str(path) for path in predictions if path not in used_pred],
        "unpaired_truth": [str(path) for path in truths if path not in used_truth],
        "failed": failed,
    }


def _masks(folder: Path) -> list[Path]:
    """The masks in a folder; of PH2's own layout, where images and ROI masks lie beside them, the lesion masks."""
    if ph2.recognises(folder):
        return [found.mask for found in ph2.find_pairs(folder) if found.mask is not None]
    return find_images(folder)


def _pairs(predictions: list[Path], pred_dir: Path, truths: list[Path], truth_dir: Path) -> list[tuple[Path, Path]]:
    """Predictions with their truths: by stem as it is, then by stem without what marks a mask, on both sides."""
    pairs = [(found.image, found.mask) for found in match(predictions, pred_dir, truths, truth_dir)]
    done = [(pred, truth) for pred, truth in pairs if truth is not None]
    used = {truth for _, truth in done}
    open_truths: dict[str, list[Path]] = {}
    for path in truths:
        if path not in used:
            open_truths.setdefault(bare_stem(path), []).append(path)
    for pred, truth in pairs:
        rest = open_truths.get(bare_stem(pred), []) if truth is None else []
        if len(rest) == 1:
            done.append((pred, rest.pop()))
    order = {path: index for index, path in enumerate(predictions)}
    return sorted(done, key=lambda couple: order[couple[0]])


def _score(pred_path: Path, truth_path: Path, void: int | None) -> Scores:
    (pred, pred_binary), (truth, truth_binary) = read_ids(pred_path), read_ids(truth_path)
    if pred.shape != truth.shape:
        raise UserError(
            f"“{pred_path.name}” has {pred.shape[1]} × {pred.shape[0]} pixels but its counterpart has "
            f"{truth.shape[1]} × {truth.shape[0]}. Masks must be compared at one size."
        )
    if void is not None:
        judged = truth != void
        pred, truth = np.where(judged & (pred != void), pred, 0), np.where(judged, truth, 0)
    if pred_binary or truth_binary:
        # One of them knows lesion and not-lesion only; whatever number the other gives the lesion, it means the same.
        return score_pair(pred > 0, truth > 0)
    classes = _classes(pred) | _classes(truth)
    return mean_of([score_pair(pred == own, truth == own) for own in sorted(classes or {1})])


def _classes(ids: NDArray[np.uint16]) -> set[int]:
    return {int(value) for value in np.flatnonzero(np.bincount(ids.reshape(-1))) if value}
