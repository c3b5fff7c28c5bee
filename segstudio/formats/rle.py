"""Masks of single objects as COCO writes them: run lengths and polygons.

Run lengths go down the columns and begin with the pixels that are off. What files say is checked before anything is
allocated or handed to pycocotools, whose C code trusts its input.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco_mask

Mask = NDArray[np.bool_]

_FAR = 16.0
"""How many of the image's sides a corner may lie outside it."""

_LONGEST = 4_000_000
"""Pixels of the way round all polygons of an object: pycocotools takes up to 120 bytes for each, and does not look
whether it got them."""

_OFFSET, _PAYLOAD, _SIGN, _MORE = 48, 0x1F, 0x10, 0x20


def decode_rle(counts: str | bytes | Sequence[Any], height: int, width: int) -> Mask:
    """(height, width) bool of run lengths, as a list of numbers or as COCO's compressed text.

    Raises ``ValueError`` where they are no run lengths or don't add up to the image.
    """
    runs = _unpacked(counts) if isinstance(counts, str | bytes) else _whole_numbers(counts)
    if any(run < 0 for run in runs) or sum(runs) != height * width:
        raise ValueError(f"its run lengths don't add up to {width} × {height} pixels")
    on = np.zeros(len(runs), np.bool_)
    on[1::2] = True
    return np.repeat(on, runs).reshape(width, height).T


def encode_rle(mask: Mask) -> dict[str, Any]:
    """COCO's compressed run lengths of a (H, W) bool mask, ready for JSON; decodes to the same pixels."""
    packed = coco_mask.encode(np.asfortranarray(mask, np.uint8))
    return {"size": [int(side) for side in packed["size"]], "counts": packed["counts"].decode("ascii")}


@dataclass(frozen=True, slots=True)
class LabelRuns:
    """Where one label is: its runs down the columns, by their first place and length, in an image of ``height``."""

    label: int
    starts: NDArray[np.int64]
    lengths: NDArray[np.int64]
    height: int
    width: int

    @property
    def area(self) -> int:
        """Pixels."""
        return int(self.lengths.sum())

    @property
    def box(self) -> list[int]:
        """x, y, width, height of what it covers."""
        ends = self.starts + self.lengths - 1
        left, right = int(self.starts[0]) // self.height, int(ends[-1]) // self.height
        # A run that goes on in the next column has been at the bottom and at the top.
        over = bool((self.starts // self.height != ends // self.height).any())
        top = 0 if over else int((self.starts % self.height).min())
        bottom = self.height - 1 if over else int((ends % self.height).max())
        return [left, top, right - left + 1, bottom - top + 1]

    def encode(self) -> dict[str, Any]:
        """As ``encode_rle`` has it."""
        ends = self.starts + self.lengths
        gaps = self.starts - np.concatenate([[0], ends[:-1]])
        counts = np.stack([gaps, self.lengths], axis=1).ravel().tolist()
        rest = self.height * self.width - int(ends[-1])
        size = [self.height, self.width]
        packed = coco_mask.frPyObjects(
            {"size": size, "counts": [*counts, rest] if rest else counts}, self.height, self.width
        )
        return {"size": size, "counts": packed["counts"].decode("ascii")}


def runs_of(labels: NDArray[np.integer]) -> Iterator[LabelRuns]:
    """Each label but 0 of (H, W) whole numbers, in rising order; one pass, however many there are."""
    height, width = labels.shape
    flat = np.ascontiguousarray(labels.T).ravel()
    starts = np.concatenate([[0], np.flatnonzero(flat[1:] != flat[:-1]) + 1])
    lengths = np.diff(np.append(starts, flat.size))
    values = flat[starts]
    order = np.argsort(values, kind="stable")
    for group in np.split(order, np.flatnonzero(np.diff(values[order])) + 1):
        label = int(values[group[0]])
        if label:
            yield LabelRuns(label, starts[group], lengths[group], height, width)


def fill_polygons(polygons: Sequence[Any], height: int, width: int) -> Mask:
    """(height, width) bool of what any of ``polygons`` covers, each a flat list x, y, x, y ... in pixels.

    The pixels are pycocotools' own. A polygon that crosses itself is filled where its border goes round an odd number
    of times. One of fewer than three corners covers nothing. Raises ``ValueError`` for what is no polygon, lies far
    outside, or goes to and fro without end.
    """
    corners = [_corners(polygon, height, width) for polygon in polygons]
    flat = [polygon for polygon in corners if len(polygon) >= 6]
    if not flat:
        return np.zeros((height, width), np.bool_)
    if sum(map(_way_round, flat)) > _LONGEST:
        raise ValueError("its polygon has a longer way round than any outline")
    merged = coco_mask.merge(coco_mask.frPyObjects(flat, height, width))
    return decode_rle(merged["counts"], height, width)


def _corners(polygon: Any, height: int, width: int) -> list[float]:
    if not isinstance(polygon, list) or len(polygon) % 2:
        raise ValueError("its polygon is no list of x and y")
    reach = _FAR * max(height, width)
    for number in polygon:
        if isinstance(number, bool) or not isinstance(number, int | float):
            raise ValueError("its polygon holds something that is no number")
        if not math.isfinite(number) or abs(number) > reach:
            raise ValueError("its polygon lies far outside the image")
    return [float(number) for number in polygon]


def _way_round(corners: Sequence[float]) -> float:
    """Pixels from corner to corner and back to the first, as pycocotools counts them: by the longer of two sides."""
    points = np.reshape(corners, (-1, 2))
    return float(np.abs(points - np.roll(points, 1, axis=0)).max(axis=1).sum())


def _whole_numbers(counts: Sequence[Any]) -> list[int]:
    if not all(isinstance(run, int) and not isinstance(run, bool) for run in counts):
        raise ValueError("its run lengths are no whole numbers")
    return list(counts)


def _unpacked(text: str | bytes) -> list[int]:
    """Numbers of five bits a character, lowest first, each but the first three told by its difference to two before."""
    codes = text.encode("ascii", "replace") if isinstance(text, str) else text
    runs: list[int] = []
    value, shift = 0, 0
    for code in codes:
        bits = code - _OFFSET
        if not 0 <= bits < 2 * _MORE or shift > 60:
            raise ValueError("its run lengths are no text that COCO writes")
        value |= (bits & _PAYLOAD) << shift
        shift += 5
        if bits & _MORE:
            continue
        if bits & _SIGN:
            value -= 1 << shift
        runs.append(value + runs[-2] if len(runs) > 2 else value)
        value, shift = 0, 0
    if shift:
        raise ValueError("its run lengths are cut short")
    return runs
