"""Masks and images that were turned differently."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from segstudio.domain.errors import UserError
from segstudio.imaging.orientation import from_stored, turned_size

Scalar = TypeVar("Scalar", bound=np.generic)


def lined_up(array: NDArray[Scalar], size: tuple[int, int], orientation: int, name: str) -> NDArray[Scalar]:
    """A mask (H, W, ...) turned upright for an image of this upright ``size`` and EXIF ``orientation``.

    One of the image's stored size is turned as the image is; where both readings fit, it is taken as stored: that is
    what programs write. Raises ``UserError``, which calls the mask ``name``, for one of any other size.
    """
    if _size(array) == turned_size(size, orientation):
        return from_stored(array, orientation)
    check_size(array, size, name)
    return array


def check_size(array: NDArray[Any], size: tuple[int, int], name: str) -> None:
    """Raise ``UserError`` where a mask (H, W, ...) is not of its image's ``size`` (width, height)."""
    if _size(array) != size:
        width, height = _size(array)
        raise UserError(
            f"The mask “{name}” has {width} × {height} pixels but its image has {size[0]} × {size[1]}. "
            "Check that they belong together, or export the mask again at the image's size."
        )


def _size(array: NDArray[Any]) -> tuple[int, int]:
    return array.shape[1], array.shape[0]
