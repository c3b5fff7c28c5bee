"""The lines round what a mask holds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segstudio.imaging.cv import cv2


def outlines(mask: NDArray[np.uint16]) -> tuple[NDArray[np.float64], ...]:
    """Closed lines round each piece and each hole of each segment of a (H, W) uint16 mask; 0 is background.

    Each is (n, 2) of x and y in image pixels, through the middles of the pixels at the border (Suzuki and Abe 1985).
    """
    lines: list[NDArray[np.float64]] = []
    for value in np.unique(mask):
        if value:
            found, _ = cv2.findContours((mask == value).astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
            lines += [line[:, 0].astype(np.float64) + 0.5 for line in found]
    return tuple(lines)


def runs(line: NDArray[np.float64], keep: NDArray[np.bool_]) -> list[NDArray[np.float64]]:
    """The pieces of a closed ``line``, (n, 2), for which ``keep``, (n,), holds; if for all, all of it, closed."""
    if keep.all():
        return [np.vstack([line, line[:1]])]
    if not keep.any():
        return []
    # From a point that is left out on, no piece goes over the end.
    first = int(np.argmin(keep))
    line, keep = np.roll(line, -first, axis=0), np.roll(keep, -first)
    ends = np.flatnonzero(np.diff(keep.astype(np.int8), append=0))
    return [line[begin + 1 : end + 1] for begin, end in zip(ends[::2], ends[1::2], strict=True)]
