"""Colours of the overlay: look-up tables from segment id to premultiplied ARGB."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

from segstudio.domain.masked import put_value
from segstudio.domain.segments import Color, SegmentTable
from segstudio.imaging.cv import cv2
from segstudio.ui.canvas.hatch import pattern_of, shift_table
from segstudio.ui.canvas.look import DIFFERENCE_LEGEND

DARK_LINE = 0xB0000000
"""Outer line of the outline: black that lets a little through, premultiplied."""

OUTLINE_WIDTH = 1.5
"""Width of both lines together, in logical pixels of the screen."""

LIGHT_HATCH, DARK_HATCH = 0xC8C8C8C8, 0x78000000
LIGHT_CELL, DARK_CELL = 0xA8A8A8A8, 0x60000000
"""White lines of the hatches over proposals, and the black ones of all hatches; premultiplied."""

_LIGHT_ALPHA = 240
_BYTE = 256

DOUBT_FROM = 64
"""Doubt, of 255, below which nothing is shown."""

DOUBT_LOW: Color = (190, 40, 150)
DOUBT_HIGH: Color = (250, 215, 60)
"""What is shown where doubt begins to be shown, and where it is full."""

_DOUBT_ALPHAS = (25, 160)


@dataclass(frozen=True, eq=False)
class OverlayColors:
    """``fill`` and ``line`` are uint32 of 65536; ``shown`` maps hidden segments to background, None if none is.

    ``hatches`` is a ``shift_table`` and ``opacity`` the overlay's own, 0 to 1.
    """

    fill: NDArray[np.uint32]
    line: NDArray[np.uint32]
    shown: NDArray[np.uint16] | None
    hatches: NDArray[np.uint16]
    opacity: float

    @classmethod
    def of(cls, table: SegmentTable, opacity: float) -> OverlayColors:
        """The colours of a segment table under an overlay of ``opacity``."""
        seen = [segment for segment in table if not segment.hidden]
        rows = [(segment.id, segment.color, opacity * segment.opacity, pattern_of(segment.id)) for segment in seen]
        shown = None
        if len(seen) < len(table):
            shown = np.arange(65536, dtype=np.uint16)
            shown[[segment.id for segment in table if segment.hidden]] = 0
        return cls._of_rows(rows, shown, opacity)

    @classmethod
    def of_difference(cls, opacity: float) -> OverlayColors:
        """The colours of ``DIFFERENCE_LEGEND``."""
        return cls._of_rows([(e.kind, e.color, opacity, e.pattern) for e in DIFFERENCE_LEGEND], None, opacity)

    @classmethod
    def _of_rows(
        cls, rows: Iterable[tuple[int, Color, float, int]], shown: NDArray[np.uint16] | None, opacity: float
    ) -> OverlayColors:
        fill, line = np.zeros(65536, np.uint32), np.zeros(65536, np.uint32)
        patterns = {}
        for id_, color, share, pattern in rows:
            fill[id_] = premultiplied(color, round(255 * share))
            line[id_] = premultiplied(_lightened(color), _LIGHT_ALPHA)
            patterns[id_] = pattern
        return cls(fill, line, shown, shift_table(patterns), opacity)

    def draw_fill(self, out: NDArray[np.uint32], ids: NDArray[np.uint16], low: int, high: int) -> None:
        """Put the fill of segment ids, none below ``low`` or above ``high``, into ``out`` of their shape."""
        if high >= _BYTE:
            np.take(self.fill, ids, out=out, mode="clip")
        elif high - low > 1:
            table = self.fill[:_BYTE].view(np.int32)
            out[:] = cv2.LUT(ids.astype(np.uint8), table).view(np.uint32)
        else:
            # Seeing which are of one value takes half the time of looking every pixel up.
            out[:] = self.fill[low]
            if self.fill[high] != self.fill[low]:
                put_value(out, self.fill[high], ids == high)

    def draw_outline(
        self, out: NDArray[np.uint32], ids: NDArray[np.uint16], inner: tuple[slice, slice], light: int, dark: int
    ) -> None:
        """Draw an outline ``light`` px inside and ``dark`` px outside over ``out``, which shows ``inner`` of ``ids``.

        Of two segments that touch, the one with the higher id counts as inside. ``out`` is at most as large as a tile.
        """
        shown = ids[inner]
        if light:
            rim = cv2.erode(ids, _disk(light))[inner] < shown
            # Lines are few pixels: where they are is found once, in less time than a mask is applied twice.
            rows, columns = np.divmod(np.flatnonzero(rim), out.shape[1])
            out[rows, columns] = self.line[shown[rows, columns]]
        if dark:
            put_value(out, DARK_LINE, cv2.dilate(ids, _disk(dark))[inner] > shown)

    def draw_two(
        self,
        out: NDArray[np.uint32],
        ids: NDArray[np.uint16],
        inner: tuple[slice, slice],
        low: int,
        light: int,
        dark: int,
        filled: bool,
    ) -> None:
        """As ``draw_fill``, if ``filled``, and ``draw_outline``, where all of ``ids`` are ``low`` or ``low + 1``.

        That is what nearly every stroke shows, and it takes half the time.
        """
        higher = (ids != low).view(np.uint8)
        # How far inside a pixel lies: 0 outside, 1 outside at the border, 2 inside at the border, 3 inside.
        depth = cv2.erode(higher, _disk(light)) if light else higher.copy()
        depth += higher
        depth += cv2.dilate(higher, _disk(dark)) if dark else higher
        below, above = (int(self.fill[low]), int(self.fill[low + 1])) if filled else (0, 0)
        out[:] = cv2.LUT(depth[inner], _by_depth(below, DARK_LINE, int(self.line[low + 1]), above)).view(np.uint32)


@lru_cache(maxsize=64)
def _by_depth(*colors: int) -> NDArray[np.int32]:
    table = np.zeros(_BYTE, np.uint32)
    table[: len(colors)] = colors
    return table.view(np.int32)


@cache
def doubt_table() -> NDArray[np.uint32]:
    """Premultiplied ARGB, of 256, for doubt from 0, sure, to 255: magenta to yellow, and nothing while it is small."""
    table = np.zeros(256, np.uint32)
    for doubt in range(DOUBT_FROM, 256):
        share = (doubt - DOUBT_FROM) / (255 - DOUBT_FROM)
        red, green, blue = (round(a + share * (b - a)) for a, b in zip(DOUBT_LOW, DOUBT_HIGH, strict=True))
        low, high = _DOUBT_ALPHAS
        table[doubt] = premultiplied((red, green, blue), round(low + share * (high - low)))
    return table


def premultiplied(color: Color, alpha: int) -> int:
    """0xAARRGGBB with the colour scaled by its alpha."""
    red, green, blue = (round(channel * alpha / 255) for channel in color)
    return alpha << 24 | red << 16 | green << 8 | blue


def outline_widths(pixels: float) -> tuple[int, int]:
    """Whole pixels of the light and the dark line for an outline about ``pixels`` wide.

    Each is at least one, but for an outline of less than one in all, which is a light line only.
    """
    total = max(1 if pixels < 1 else 2, round(pixels))
    light = (total + 1) // 2
    return light, total - light


def _lightened(color: Color) -> Color:
    red, green, blue = (round(channel * 0.35 + 255 * 0.65) for channel in color)
    return red, green, blue


@cache
def _disk(radius: int) -> NDArray[np.uint8]:
    shape = cv2.MORPH_CROSS if radius == 1 else cv2.MORPH_ELLIPSE
    kernel: NDArray[np.uint8] = cv2.getStructuringElement(shape, (2 * radius + 1, 2 * radius + 1))
    return kernel
