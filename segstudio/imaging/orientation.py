"""EXIF orientation: turning arrays between how a file stores them and how people see them.

The eight values of EXIF 2.32 tag 0x0112. Everything inside the program is upright; only what is written for other
programs, which read the pixels as stored, is turned back.
"""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Scalar = TypeVar("Scalar", bound=np.generic)

UPRIGHT = 1
SWAPPED = frozenset({5, 6, 7, 8})
"""Orientations whose upright width is the stored height."""

# 6 and 8 are quarter turns and undo one another; every other orientation undoes itself.
_INVERSE = {6: 8, 8: 6}


def clean(value: Any) -> int:
    """The orientation that a tag means: 1 to 8, and 1 for anything that the standard doesn't know (0 is common)."""
    return value if isinstance(value, int) and 1 <= value <= 8 else UPRIGHT


def turned_size(size: tuple[int, int], orientation: int) -> tuple[int, int]:
    """``(width, height)`` upright for the stored one, or stored for the upright one."""
    return (size[1], size[0]) if orientation in SWAPPED else size


def from_stored(array: NDArray[Scalar], orientation: int) -> NDArray[Scalar]:
    """An array (H, W, ...) as stored, turned upright; C-contiguous, and the same object where nothing turns."""
    turned = array
    if orientation in (2, 3):
        turned = turned[:, ::-1]
    if orientation in (3, 4):
        turned = turned[::-1]
    if orientation == 5:
        turned = turned.swapaxes(0, 1)
    elif orientation == 6:
        turned = np.rot90(turned, -1)
    elif orientation == 7:
        turned = np.rot90(turned, 2).swapaxes(0, 1)
    elif orientation == 8:
        turned = np.rot90(turned, 1)
    return np.ascontiguousarray(turned)


def to_stored(array: NDArray[Scalar], orientation: int) -> NDArray[Scalar]:
    """An upright array (H, W, ...), turned to how the file with this orientation stores it; undoes ``from_stored``."""
    return from_stored(array, _INVERSE.get(orientation, orientation))
