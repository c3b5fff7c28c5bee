"""Hatch patterns: what tells segments apart where colour can't."""

from __future__ import annotations

from functools import cache
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from segstudio.domain.geometry import Rect

NOTHING, LIGHT, DARK = 0, 1, 2
"""What a pixel of a hatch is: left as it is, part of the light line, part of the dark one beside it."""

PERIOD = 16
"""Logical pixels after which a hatch repeats."""

PATTERNS = 7
"""Patterns for segments: diagonal, horizontal, back-diagonal, dots, vertical, grid, lozenges."""

PROPOSED, ERASED = 0, 1
"""Rows of ``mark_hatches``."""

_NO_PATTERN = PATTERNS

_Bits = TypeVar("_Bits", np.uint8, np.uint16)


def pattern_of(segment_id: int) -> int:
    """The number of the pattern that a segment is hatched with."""
    return (segment_id - 1) % PATTERNS


def hatch_tile(pattern: int, zoom: int = 1) -> NDArray[np.uint8]:
    """One period of a pattern in device pixels, ``zoom`` of which make a logical one; NOTHING, LIGHT or DARK."""
    return _zoomed(_with_shadow(_lines(pattern)), zoom)


def shift_table(patterns: dict[int, int]) -> NDArray[np.uint16]:
    """What ``hatched`` looks segment ids up in: uint16 of 65536; ids without a pattern get none."""
    table = np.full(65536, 2 * _NO_PATTERN, np.uint16)
    for segment_id, pattern in patterns.items():
        table[segment_id] = 2 * pattern
    return table


def hatched(ids: NDArray[np.uint16], shifts: NDArray[np.uint16], rect: Rect, zoom: int) -> NDArray[np.uint16]:
    """NOTHING, LIGHT or DARK for each of ``ids``, which lie at the device pixels ``rect``; the same at every call."""
    return np.asarray((_spread(_all_tiles(zoom), rect) >> shifts[ids]) & 3, np.uint16)


def marked(rect: Rect, mark: int, zoom: int) -> NDArray[np.uint8]:
    """The hatch over what is proposed, or what would be erased, at the device pixels ``rect``."""
    y, x = np.indices((PERIOD, PERIOD))
    if mark == PROPOSED:
        tile = _with_shadow((x - y) % PERIOD == 0)
    else:
        crossed = ((x + y) % (PERIOD // 2) == 0) | ((x - y) % (PERIOD // 2) == 0)
        tile = np.where(crossed, DARK, NOTHING).astype(np.uint8)
        tile[(x + y) % (PERIOD // 2) == 1] = LIGHT
    return _spread(_zoomed(tile, zoom), rect)


@cache
def _all_tiles(zoom: int) -> NDArray[np.uint16]:
    """All patterns side by side in the bits of one tile: a shift picks that of a pixel's segment."""
    bits = np.zeros((PERIOD * zoom, PERIOD * zoom), np.uint16)
    for pattern in range(PATTERNS):
        bits |= hatch_tile(pattern, zoom).astype(np.uint16) << (2 * pattern)
    return bits


def _lines(pattern: int) -> NDArray[np.bool_]:
    y, x = np.indices((PERIOD, PERIOD))
    half = PERIOD // 2
    diagonal, back = (x + y) % half == 0, (x - y) % half == 0
    dots = ((x % half < 2) & (y % half < 2)) & ((x // half + y // half) % 2 == 0)
    wide = ((x + y) % PERIOD == 0) | ((x - y) % PERIOD == 0)
    choices: tuple[NDArray[np.bool_], ...] = (
        diagonal,
        y % half == 0,
        back,
        dots,
        x % half == 0,
        (x % half == 0) | (y % half == 0),
        wide,
    )
    return choices[pattern]


def _with_shadow(light: NDArray[np.bool_]) -> NDArray[np.uint8]:
    # A dark line right beside the light one: one of the two shows on any skin and any cloth.
    shadow = np.roll(light, 1, axis=0) if light.any(axis=0).all() else np.roll(light, 1, axis=1)
    return np.where(light, LIGHT, np.where(shadow, DARK, NOTHING)).astype(np.uint8)


def _zoomed(tile: NDArray[np.uint8], zoom: int) -> NDArray[np.uint8]:
    return tile.repeat(zoom, axis=0).repeat(zoom, axis=1)


def _spread(tile: NDArray[_Bits], rect: Rect) -> NDArray[_Bits]:
    rows = np.arange(rect.y0, rect.y1) % tile.shape[0]
    columns = np.arange(rect.x0, rect.x1) % tile.shape[1]
    spread: NDArray[_Bits] = tile.take(columns, axis=1).take(rows, axis=0)
    return spread
