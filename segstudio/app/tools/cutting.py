"""What box and scribble find: on a thread, from pixels and from the mask as it was when they were asked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from segstudio.app.document import Document
from segstudio.app.tools.growing import region_at, showing
from segstudio.domain.brush import Point, stroke_segment
from segstudio.domain.geometry import EMPTY, Rect, union_all
from segstudio.domain.grabcut import refine_box, refine_scribbles
from segstudio.domain.regions import parts
from segstudio.imaging.cv import cv2

Mask = NDArray[np.bool_]
Stroke = tuple[Sequence[Point], float, bool]
"""A scribble: its points, its radius in px, and whether it says what is inside."""

MOST_PIXELS = 4_000_000
"""Larger regions are looked at in a copy of so many pixels, and their border is drawn smoothly at full size."""

_AROUND = 0.15


@dataclass(frozen=True, eq=False)
class Find:
    """An object: ``mask`` in ``rect``, and the pixels there that had been the segment and are ``replaced`` by it."""

    rect: Rect
    mask: Mask
    replaced: Mask
    of_box: bool


NO_FIND = Find(EMPTY, np.zeros((0, 0), np.bool_), np.zeros((0, 0), np.bool_), False)


def find_in_box(document: Document, segment_id: int, box: Rect) -> Find:
    """The object in a box. Parts of the segment that lie wholly in the box are what it replaces."""
    factor = _factor(box)
    if factor == 1:
        rect, mask = refine_box(document.pixels, box)
    else:
        rect = box.clip(document.height, document.width)
        small = Rect(rect.x0 // factor, rect.y0 // factor, -(-rect.x1 // factor), -(-rect.y1 // factor))
        pixels = document.pixels[::factor, ::factor]
        reduced, found = refine_box(pixels, small.clip(*pixels.shape[:2]))
        mask = _enlarged(found, reduced, factor, rect)
    return Find(rect, mask, _enclosed(document, segment_id, rect), of_box=True)


def find_of_mask(document: Document, segment_id: int, points: Sequence[Point]) -> Find:
    """The part of the segment that a scribble first meets, with room around it and the scribble; or ``NO_FIND``."""
    for x, y in _dense(points):
        column, row = math.floor(x), math.floor(y)
        if outside_of(document, column, row):
            continue
        if int(document.shown(Rect(column, row, column + 1, row + 1))[0, 0]) == segment_id:
            box, region = region_at(document, column, row) or (EMPTY, np.zeros((0, 0), np.bool_))
            columns, rows = [point[0] for point in points], [point[1] for point in points]
            way = Rect(
                math.floor(min(columns)), math.floor(min(rows)), math.ceil(max(columns)) + 1, math.ceil(max(rows)) + 1
            )
            wide = union_all([box, way])
            rect = wide.expand(round(_AROUND * max(wide.width, wide.height)) + 8).intersect(document.bounds)
            mask = np.zeros((rect.height, rect.width), np.bool_)
            mask[box.y0 - rect.y0 : box.y1 - rect.y0, box.x0 - rect.x0 : box.x1 - rect.x0] = region
            return Find(rect, mask, mask.copy(), of_box=False)
    return NO_FIND


def with_scribbles(document: Document, find: Find, strokes: Sequence[Stroke]) -> Find:
    """The find, corrected by all scribbles on it; where they cross, the later one counts."""
    rect = find.rect
    inside, outside = np.zeros_like(find.mask), np.zeros_like(find.mask)
    for points, radius, says_inside in strokes:
        for start, end in zip([points[0], *points], points, strict=False):
            own, covered = stroke_segment(start, end, radius, document.height, document.width)
            part = own.intersect(rect)
            if part.is_empty:
                continue
            here = slice(part.y0 - rect.y0, part.y1 - rect.y0), slice(part.x0 - rect.x0, part.x1 - rect.x0)
            there = covered[part.y0 - own.y0 : part.y1 - own.y0, part.x0 - own.x0 : part.x1 - own.x0]
            marked, other = (inside, outside) if says_inside else (outside, inside)
            marked[here] |= there
            other[here] &= ~there
    factor = _factor(rect)
    if factor == 1:
        return replace(find, mask=refine_scribbles(document.pixels, rect, find.mask, inside, outside))
    pixels = document.pixels[rect.slices][::factor, ::factor]
    whole = Rect(0, 0, pixels.shape[1], pixels.shape[0])
    sparse = [_any(mask, factor) for mask in (inside, outside)]
    found = refine_scribbles(pixels, whole, find.mask[::factor, ::factor].copy(), *sparse)
    full = _enlarged(found, whole, factor, Rect(0, 0, rect.width, rect.height))
    return replace(find, mask=(full | inside) & ~outside)


def outside_of(document: Document, column: int, row: int) -> bool:
    """Whether there is no such pixel."""
    return not (0 <= column < document.width and 0 <= row < document.height)


def _dense(points: Sequence[Point]) -> list[Point]:
    """Points at most a pixel apart on the way through ``points``."""
    found = [points[0]]
    for start, end in pairwise(points):
        steps = max(1, math.ceil(math.dist(start, end)))
        xs, ys = np.linspace(start[0], end[0], steps + 1), np.linspace(start[1], end[1], steps + 1)
        found.extend(zip(xs[1:].tolist(), ys[1:].tolist(), strict=True))
    return found


def _enclosed(document: Document, segment_id: int, rect: Rect) -> Mask:
    """The pixels of ``rect`` in parts of the segment that do not go on beyond it."""
    wide = rect.expand(1).intersect(document.bounds)
    labels, areas = parts(showing(document, wide, segment_id))
    stays = np.zeros(len(areas), np.bool_)
    sides = (
        (rect.y0 > wide.y0, labels[0]),
        (rect.y1 < wide.y1, labels[-1]),
        (rect.x0 > wide.x0, labels[:, 0]),
        (rect.x1 < wide.x1, labels[:, -1]),
    )
    for goes_on, side in sides:
        if goes_on:
            stays[side] = True
    # Label 0 is all that is not the segment.
    stays[0] = True
    inner = labels[rect.y0 - wide.y0 : rect.y1 - wide.y0, rect.x0 - wide.x0 : rect.x1 - wide.x0]
    enclosed: Mask = ~stays[inner]
    return enclosed


def _factor(rect: Rect) -> int:
    return max(1, math.ceil(math.sqrt(rect.width * rect.height / MOST_PIXELS)))


def _any(mask: Mask, factor: int) -> Mask:
    """Whether any pixel of each square of ``factor`` px is set."""
    height, width = mask.shape
    edges = (0, -height % factor, 0, -width % factor)
    framed = cv2.copyMakeBorder(mask.view(np.uint8), *edges, cv2.BORDER_CONSTANT, value=0)
    blocks = framed.reshape(framed.shape[0] // factor, factor, framed.shape[1] // factor, factor)
    found: Mask = blocks.max(axis=(1, 3)).view(np.bool_)
    return found


def _enlarged(found: Mask, reduced: Rect, factor: int, rect: Rect) -> Mask:
    """What was found in ``reduced``, in squares of ``factor`` px, at full size in ``rect``."""
    soft = cv2.resize(found.view(np.uint8) * np.uint8(255), None, fx=factor, fy=factor, interpolation=cv2.INTER_LINEAR)
    y, x = rect.y0 - reduced.y0 * factor, rect.x0 - reduced.x0 * factor
    full = np.zeros((rect.height, rect.width), np.bool_)
    part = soft[y : y + rect.height, x : x + rect.width] >= 128
    full[: part.shape[0], : part.shape[1]] = part
    return full
