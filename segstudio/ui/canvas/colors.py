"""Colours of the overlay: look-up tables from segment id to premultiplied ARGB, and the outline."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segstudio.domain.segments import Color, SegmentTable
from segstudio.imaging.cv import cv2

DARK_LINE = 0xB0000000
"""Outer line of the outline: black that lets a little through, premultiplied."""

OUTLINE_WIDTH = 1.5
"""Width of both lines together, in logical pixels of the screen."""

_LIGHT_ALPHA = 240


@dataclass(frozen=True, eq=False)
class OverlayColors:
    """``fill`` and ``line`` are uint32 of 65536; ``shown`` maps hidden segments to background, None if none is."""

    fill: NDArray[np.uint32]
    line: NDArray[np.uint32]
    shown: NDArray[np.uint16] | None

    @classmethod
    def of(cls, table: SegmentTable, opacity: float) -> OverlayColors:
        """The colours of a segment table under an overlay of ``opacity``."""
        fill = np.zeros(65536, np.uint32)
        line = np.zeros(65536, np.uint32)
        shown = np.arange(65536, dtype=np.uint16)
        for segment in table:
            if segment.hidden:
                shown[segment.id] = 0
                continue
            fill[segment.id] = premultiplied(segment.color, round(255 * opacity * segment.opacity))
            line[segment.id] = premultiplied(_lightened(segment.color), _LIGHT_ALPHA)
        return cls(fill, line, shown if any(segment.hidden for segment in table) else None)

    def compose(self, ids: NDArray[np.uint16], light: int, dark: int) -> NDArray[np.uint32]:
        """The overlay of (h, w) segment ids: fill, and an outline ``light`` px inside and ``dark`` px outside.

        Of two segments that touch, the one with the higher id counts as inside.
        """
        if self.shown is not None:
            ids = self.shown[ids]
        if not ids.any():
            return np.zeros(ids.shape, np.uint32)
        colors = self.fill[ids]
        if light:
            inside = cv2.erode(ids, _disk(light)) < ids
            colors[inside] = self.line[ids[inside]]
        if dark:
            colors[cv2.dilate(ids, _disk(dark)) > ids] = DARK_LINE
        return colors


def premultiplied(color: Color, alpha: int) -> int:
    """0xAARRGGBB with the colour scaled by its alpha."""
    red, green, blue = (round(channel * alpha / 255) for channel in color)
    return alpha << 24 | red << 16 | green << 8 | blue


def outline_widths(pixels: float) -> tuple[int, int]:
    """Whole pixels of the light and the dark line for an outline about ``pixels`` wide; each is at least one."""
    total = max(2, round(pixels))
    light = (total + 1) // 2
    return light, total - light


def _lightened(color: Color) -> Color:
    red, green, blue = (round(channel * 0.35 + 255 * 0.65) for channel in color)
    return red, green, blue


def _disk(radius: int) -> NDArray[np.uint8]:
    shape = cv2.MORPH_CROSS if radius == 1 else cv2.MORPH_ELLIPSE
    kernel: NDArray[np.uint8] = cv2.getStructuringElement(shape, (2 * radius + 1, 2 * radius + 1))
    return kernel
