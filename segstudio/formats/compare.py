"""Two folders of masks: which belong together, and what a pair of them says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.domain.errors import UserError
from segstudio.formats import ph2
from segstudio.formats.pairs import bare_stem, match
from segstudio.formats.png import as_ids, read_values
from segstudio.imaging.find import find_images
from segstudio.imaging.label_values import MOST_ID, VOID
from segstudio.imaging.reader import read_size

Ids = NDArray[np.uint16]

NOT_JUDGED = 65535
"""Stands in true masks for what their data set does not judge, whatever it calls it: no class has that id."""

_LOW, _STRAY, _LOOKED_AT = 63, 0.01, 32
"""Beside a void of 255 ids are not above the first, and more than the second's share of what a mask says; so many true
masks are looked at for it."""


@dataclass(frozen=True)
class Paired:
    """Masks with their truths, in natural order, and what was left over on either side."""

    pairs: tuple[tuple[Path, Path], ...]
    unpaired_predictions: tuple[Path, ...]
    unpaired_truth: tuple[Path, ...]


def pair_masks(pred_dir: Path, truth_dir: Path) -> Paired:
    """Every mask in ``pred_dir`` with the one of its name in ``truth_dir``; no file is opened.

    Raises ``UserError`` where a folder can't be listed or nothing pairs.
    """
    predictions, truths = _masks(pred_dir), _masks(truth_dir)
    pairs = _pairs(predictions, pred_dir, truths, truth_dir)
    if not pairs:
        raise UserError(
            f"No mask in “{pred_dir.name or pred_dir}” ({len(predictions)} files) has the name of one in "
            f"“{truth_dir.name or truth_dir}” ({len(truths)} files). Check that both folders are the right ones."
        )
    used_pred, used_truth = {pred for pred, _ in pairs}, {truth for _, truth in pairs}
    return Paired(
        tuple(pairs),
        tuple(path for path in predictions if path not in used_pred),
        tuple(path for path in truths if path not in used_truth),
    )


def read_together(truth_path: Path, paths: Sequence[Path], void: int | None = None) -> tuple[Ids, ...]:
    """The truth and other masks of one image, (H, W) uint16 ids each, in one language.

    Where one of them knows black and white only, all are 0 and 1: whatever number another gives the object, it means
    the same. Where the truth has the value ``void``, all are 0, and so is that value anywhere, unless another mask is
    black and white and it is its white. Raises ``UserError`` for a file that can't be read, for different sizes and for
    a truth with a void of 255 that ``void`` doesn't name: read as black and white, the void would be the object.
    """
    check_sizes(truth_path, paths)
    truth, *others = [read_values(path) for path in (truth_path, *paths)]
    if void != VOID and truth.dtype == np.uint8 and _has_void_beside_ids(truth):
        raise UserError(
            f"“{truth_path.name}” has {VOID} beside low class numbers, so it is neither black and white nor numbers "
            f"alone. If nobody judges where it is {VOID}, say “--void {VOID}”; else save it with another number there."
        )
    # Before it is told whether a mask is black and white: void is often 255, beside low class ids.
    judged = ~_has(truth, void)
    kept = [_taken_out(truth, void), *(mask if _is_white(mask, void) else _taken_out(mask, void) for mask in others)]
    said = [as_ids(mask) for mask in kept]
    masks = [np.where(judged, mask, 0).astype(np.uint16) for mask, _ in said]
    if any(binary for _, binary in said):
        masks = [(mask > 0).astype(np.uint16) for mask in masks]
    return tuple(masks)


def check_sizes(truth_path: Path, paths: Sequence[Path]) -> None:
    """Raises ``UserError`` where one of ``paths`` has another upright size than the true mask, by their headers."""
    width, height = read_size(truth_path)
    for path in paths:
        found = read_size(path)
        if found != (width, height):
            raise UserError(
                f"“{path.name}” has {found[0]} × {found[1]} pixels but its counterpart has {width} × {height}. "
                "Masks must be compared at one size."
            )


def judges_nothing(truths: Sequence[Path], void: int) -> bool:
    """Whether none of these masks says anything but ``void``; only as many are read as it takes to know.

    Those that can't be read count for nothing.
    """
    seen = False
    for path in truths:
        try:
            truth = read_values(path)
        except UserError:
            continue
        if _taken_out(truth, void).any():
            return False
        seen = seen or bool(_has(truth, void).any())
    return seen


def void_beside_ids(truths: Sequence[Path]) -> int | None:
    """``VOID`` if more of these true masks have it beside low class ids than alone, else None; a few are looked at.

    Where most have it alone, it is white, and where any of more than 8 bits has ids that reach further, it is one of
    them. Those that can't be read count for nothing.
    """
    beside = alone = 0
    for path in truths[:: max(1, len(truths) // _LOOKED_AT)]:
        try:
            mask = read_values(path)
        except UserError:
            continue
        if _numbers_further(mask):
            return None
        if _has_void_beside_ids(mask):
            beside += 1
        elif _has(mask, VOID).any():
            alone += 1
    return VOID if beside > alone else None


def _has_void_beside_ids(mask: NDArray[Any]) -> bool:
    """Whether (H, W) or (H, W, 3) has the void of class maps; blurred black and white has shades between."""
    if mask.ndim != 2 or mask.dtype.kind not in "iu":
        return False
    void, said = int(np.count_nonzero(mask == VOID)), int(np.count_nonzero(mask))
    low = int(np.count_nonzero((mask > 0) & (mask <= _LOW)))
    return void > 0 and low + void == said and low > _STRAY * said


def _numbers_further(mask: NDArray[Any]) -> bool:
    """Whether a mask of more than 8 bits has ids among which 255 would be one."""
    if mask.dtype == np.uint8:
        return False
    ids, binary = as_ids(mask)
    return not binary and bool(np.any((ids > _LOW) & (ids != VOID)))


def _has(mask: NDArray[Any], value: int | None) -> NDArray[np.bool_]:
    """Where a mask has a value, (H, W); nowhere in a coloured one."""
    return mask == value if mask.ndim == 2 and value is not None else np.zeros(mask.shape[:2], np.bool_)


def _taken_out(mask: NDArray[Any], value: int | None) -> NDArray[Any]:
    taken = mask.copy()
    taken[_has(mask, value)] = 0
    return taken


def _is_white(mask: NDArray[Any], value: int | None) -> bool:
    """Whether ``value`` is not void in a mask but its white: beside it there is nothing, or other shades as light."""
    if value is None or value <= MOST_ID or mask.ndim != 2 or mask.dtype.kind not in "iu":
        return False
    if mask.dtype != np.uint8:
        return value == VOID and as_ids(mask)[1]
    rest = int(_taken_out(mask, value).max(initial=0))
    return rest == 0 or rest > MOST_ID


def without(masks: Sequence[Ids], void: Sequence[int]) -> list[Ids]:
    """``masks``, the truth first, with 0 wherever the truth says one of ``void``, and for these ids anywhere."""
    if not void:
        return list(masks)
    judged = ~np.isin(masks[0], void)
    return [np.where(judged & ~np.isin(mask, void), mask, 0).astype(np.uint16) for mask in masks]


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
