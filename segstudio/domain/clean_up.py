"""What tidies segments up: holes, specks, and borders that are too far in, too far out or too rough."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from segstudio.domain.geometry import Rect, union_all
from segstudio.domain.patch import NOTHING, Patch
from segstudio.domain.regions import (
    Mask,
    blocks,
    blur_reach,
    blurred,
    bounds,
    chosen,
    distance_to,
    holes,
    inner,
    largest,
    parts,
    within,
)
from segstudio.domain.segments import BACKGROUND

Operation = Literal["fill_holes", "keep_largest", "remove_specks", "grow", "shrink", "smooth"]

Ids = NDArray[np.uint16]
Going = Callable[[NDArray[np.integer], NDArray[np.int64]], Mask]

_NEIGHBOURS = tuple((dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1) if dy or dx)

# Weights that differ by less than this are the same: rounding must not move a border.
_SAME = 1e-5


def clean_up(
    ids: Ids, operation: Operation, amount: float, segments: Sequence[int], locked: Sequence[int] = ()
) -> Patch:
    """What ``operation`` would change in the mask ``ids``, (h, w) uint16, for the named ``segments``.

    ``amount`` is a radius in px for ``grow``, ``shrink`` and ``smooth``, an area in px for ``remove_specks``, and
    nothing to the others. The patch's rectangle holds just what changes; nothing changes for segments that aren't
    there, nor for the background, which isn't a segment. No pixel of a ``locked`` segment changes and none becomes
    its. The operations, where parts of a segment may hang together by corners:

    - ``fill_holes``: background from which no way by sides leads to the frame without crossing the segment becomes
      the segment. Of several segments around it, the innermost takes it. Other segments stay what they are.
    - ``keep_largest``: all but the largest part of a segment goes.
    - ``remove_specks``: parts of fewer than ``amount`` px go.
    - ``grow``: background at most ``amount`` px from a segment becomes it; of several, the nearest or else first named.
    - ``shrink``: pixels at most ``amount`` px from one outside their segment, but not from the frame, go.
    - ``smooth``: a pixel becomes what a Gaussian of ``amount`` px as sigma finds most of around it. Background may
      become a named segment, a named segment anything; others stay, so that nothing thin is lost beside what is named.

    A part that goes becomes what there is most of in the ring of pixels around it, itself and locked segments
    excluded. Several segments are done one after the other, each on what the last has left. What goes in shrinking
    becomes what is nearest within ``amount``, segments that shrink too and locked ones excluded; elsewhere background.
    """
    named = [segment for segment in dict.fromkeys(segments) if segment != BACKGROUND and segment not in locked]
    boxes = _boxes(ids, named)
    named = [segment for segment in named if segment in boxes]
    if not named:
        return NOTHING
    if operation == "fill_holes":
        return _fill_holes(ids, boxes, locked)
    if operation == "keep_largest":
        return _drop_parts(ids, boxes, locked, lambda labels, areas: np.arange(len(areas)) != largest(labels, areas))
    if operation == "remove_specks":
        return _drop_parts(ids, boxes, locked, lambda _, areas: areas < amount)
    reach = blur_reach(amount) if operation == "smooth" else math.floor(max(amount, 0))
    change = {"grow": _grown, "shrink": _shrunk, "smooth": _smoothed}[operation]
    box = union_all(boxes.values()).expand(reach).clip(*ids.shape)
    if reach <= 0 or (operation == "grow" and BACKGROUND in locked):
        return NOTHING
    return _at_borders(ids, box, reach, lambda window: change(window, amount, named, locked))


def _fill_holes(ids: Ids, boxes: dict[int, Rect], locked: Sequence[int]) -> Patch:
    if BACKGROUND in locked:
        return NOTHING
    whole = union_all(boxes.values())
    draft = ids[whole.slices].copy()
    for segment, box in boxes.items():
        before = ids[box.slices]
        taken = holes(before == segment)
        taken &= before == BACKGROUND
        view = inner(draft, whole, box)
        contested = taken & (view != BACKGROUND)
        if contested.any():
            taken[contested] = _is_inner(ids, boxes, segment, contested, view[contested])
        view[taken] = segment
    return _difference(whole, ids[whole.slices], draft)


def _is_inner(ids: Ids, boxes: dict[int, Rect], segment: int, contested: Mask, owners: Ids) -> Mask:
    """Whether the hole of ``segment`` at each ``contested`` pixel of its box is smaller than that of its owner."""
    rows, columns = np.nonzero(contested)
    rows, columns = rows + boxes[segment].y0, columns + boxes[segment].x0

    def sizes(holder: int, which: Mask) -> NDArray[np.int64]:
        box = boxes[holder]
        labels, areas = parts(holes(ids[box.slices] == holder), diagonal=False)
        found: NDArray[np.int64] = areas[labels[rows[which] - box.y0, columns[which] - box.x0]]
        return found

    smaller = np.zeros(len(rows), np.bool_)
    own = sizes(segment, np.ones_like(smaller))
    for owner in _present(owners):
        which = owners == owner
        smaller[which] = own[which] < sizes(owner, which)
    return smaller


def _drop_parts(ids: Ids, boxes: dict[int, Rect], locked: Sequence[int], goes: Going) -> Patch:
    """``goes`` is given the labels and areas of a segment's parts and says of every label whether its part goes."""
    whole = union_all(boxes.values()).expand(1).clip(*ids.shape)
    draft = ids[whole.slices].copy()
    changed: list[Rect] = []
    for segment, box in boxes.items():
        # What went from segments before may have become this one's.
        window = union_all([box, *changed]).expand(1).clip(*ids.shape)
        view = inner(draft, whole, window)
        labels, areas = parts(view == segment)
        going = goes(labels, areas)
        going[0] = False
        if going.any():
            places = np.flatnonzero(chosen(labels, going))
            rows, columns = np.divmod(places, window.width)
            label = labels.reshape(-1)[places].astype(np.int64)
            view[rows, columns] = _around(view, rows, columns, label, segment, locked)
            changed.append(box)
    return _difference(whole, ids[whole.slices], draft)


def _around(
    view: Ids,
    rows: NDArray[np.int64],
    columns: NDArray[np.int64],
    label: NDArray[np.int64],
    segment: int,
    locked: Sequence[int],
) -> Ids:
    """For each pixel in ``rows`` and ``columns`` the id that most pixels around its part have; of two the lower.

    ``label`` says to which part of ``segment`` each belongs. Where there is no id that may be taken it is background,
    or ``segment`` itself if background is locked.
    """
    height, width = view.shape
    pairs = []
    for dy, dx in _NEIGHBOURS:
        y, x = rows + dy, columns + dx
        inside = (y >= 0) & (y < height) & (x >= 0) & (x < width)
        y, x = y[inside], x[inside]
        other = ~np.isin(view[y, x], [segment, *locked])
        pairs.append(label[inside][other] * view.size + (y * width + x)[other])
    # A pixel of the ring counts once, however many pixels of the part it touches.
    part, pixel = np.divmod(np.unique(np.concatenate(pairs)), view.size)
    keys, votes = np.unique(part * 65536 + view[np.divmod(pixel, width)], return_counts=True)
    part, found = np.divmod(keys, 65536)
    order = np.lexsort((-found, votes, part))
    result = np.full(label.max() + 1, segment if BACKGROUND in locked else BACKGROUND, np.uint16)
    # Of several writes to one place the last stays, and that is the one with the most votes.
    result[part[order]] = found[order]
    return result[label]


def _at_borders(ids: Ids, box: Rect, reach: int, change: Callable[[Ids], Ids]) -> Patch:
    """``change`` made to all parts of ``box`` with more than one id within ``reach``."""
    found = []
    for block in blocks(box, reach):
        window = block.expand(reach).clip(*ids.shape)
        before = ids[window.slices]
        if before.min() != before.max():
            after = inner(change(before), window, block)
            found.append(_difference(block, ids[block.slices], after))
    return _joined([patch for patch in found if not patch.rect.is_empty])


def _grown(window: Ids, radius: float, named: Sequence[int], locked: Sequence[int]) -> Ids:
    nearest = np.full(window.shape, np.inf, np.float32)
    owner = np.zeros_like(window)
    present = set(_present(window))
    for segment in named:
        if segment in present:
            _take_nearer(window, segment, nearest, owner)
    return np.where((window == BACKGROUND) & within(nearest, radius), owner, window)


def _shrunk(window: Ids, radius: float, named: Sequence[int], locked: Sequence[int]) -> Ids:
    present = _present(window)
    lost = np.zeros(window.shape, np.bool_)
    for segment in set(named).intersection(present):
        member = window == segment
        lost |= member & within(distance_to(~member), radius)
    fallback = window if BACKGROUND in locked else np.zeros_like(window)
    heirs = [other for other in present if other not in named and other not in locked]
    if not lost.any() or heirs in ([], [BACKGROUND]):
        return np.where(lost, fallback, window)
    nearest = np.full(window.shape, np.inf, np.float32)
    owner = np.zeros_like(window)
    for other in heirs:
        _take_nearer(window, other, nearest, owner)
    return np.where(lost, np.where(within(nearest, radius), owner, fallback), window)


def _smoothed(window: Ids, radius: float, named: Sequence[int], locked: Sequence[int]) -> Ids:
    present = _present(window)
    if not set(named).intersection(present):
        return window
    most = np.full(window.shape, -np.inf, np.float32)
    own, rest = np.zeros(window.shape, np.float32), np.ones(window.shape, np.float32)
    winner = window.copy()
    for segment in present:
        member = window == segment
        # All weights together are 1.
        weight = rest.copy() if segment == present[-1] else blurred(member, radius)
        rest -= weight
        own[member] = weight[member]
        better = weight > most
        most[better] = weight[better]
        winner[better] = segment
    ours = list(named)
    free = ~np.isin(winner, list(locked)) & ~np.isin(window, list(locked))
    allowed = np.isin(window, ours) | ((window == BACKGROUND) & np.isin(winner, ours))
    return np.where((most > own + _SAME) & free & allowed, winner, window)


def _take_nearer(window: Ids, segment: int, nearest: NDArray[np.float32], owner: Ids) -> None:
    """Enter ``segment``, which is in ``window``, where it is nearer than what was entered before."""
    # To the whole numbers that they are, so that what is as near doesn't win by rounding.
    distance = np.sqrt(np.rint(distance_to(window == segment) ** 2))
    closer = distance < nearest
    nearest[closer] = distance[closer]
    owner[closer] = segment


def _present(values: Ids) -> list[int]:
    """All ids in ``values``, rising."""
    found: list[int] = np.flatnonzero(np.bincount(values.reshape(-1))).tolist()
    return found


def _boxes(ids: Ids, named: Sequence[int]) -> dict[int, Rect]:
    """The bounding box of each of the ``named`` segments that is there, in their order; one look at every pixel."""
    found = dict.fromkeys(named, Rect(0, 0, 0, 0))
    for block in blocks(Rect(0, 0, ids.shape[1], ids.shape[0]), 0):
        values = ids[block.slices]
        lowest = int(values.min())
        if lowest == values.max():
            if lowest in found:
                found[lowest] = found[lowest].union(block)
            continue
        for segment in found.keys() & set(_present(values)):
            box = bounds(values == segment)
            found[segment] = found[segment].union(box.moved(block.x0, block.y0))
    return {segment: box for segment, box in found.items() if not box.is_empty}


def _difference(rect: Rect, before: Ids, after: Ids) -> Patch:
    """The patch that makes ``after`` of ``before``, both of ``rect``'s shape."""
    where = before != after
    box = bounds(where)
    if box.is_empty:
        return NOTHING
    where, values = where[box.slices], after[box.slices]
    changed = values[where]
    lowest = int(changed.min())
    placed = Rect(rect.x0 + box.x0, rect.y0 + box.y0, rect.x0 + box.x1, rect.y0 + box.y1)
    return Patch(placed, where, lowest if lowest == changed.max() else values)


def _joined(patches: Sequence[Patch]) -> Patch:
    """One patch for ``patches`` that don't overlap."""
    rect = union_all(patch.rect for patch in patches)
    if rect.is_empty:
        return NOTHING
    where = np.zeros((rect.height, rect.width), np.bool_)
    ids = patches[0].ids
    if any(not isinstance(patch.ids, int) or patch.ids != ids for patch in patches):
        ids = np.zeros(where.shape, np.uint16)
    for patch in patches:
        inner(where, rect, patch.rect)[...] = patch.where
        if not isinstance(ids, int):
            inner(ids, rect, patch.rect)[...] = patch.ids
    return Patch(rect, where, ids)
