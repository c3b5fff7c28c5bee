"""Masks and images that were turned differently."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from segstudio.domain.errors import UserError
from segstudio.imaging.orientation import UPRIGHT, from_stored, turned_size

Scalar = TypeVar("Scalar", bound=np.generic)


def lined_up(array: NDArray[Scalar], size: tuple[int, int], orientation: int, name: str) -> NDArray[Scalar]:
    """A mask (H, W, ...) turned upright for an image of this upright ``size`` and EXIF ``orientation``.

    One of the image's stored size is turned as the image is; where both readings fit, it is taken as stored: that is
    what programs write. Raises ``UserError``, which calls the mask ``name``, for one of any other size.
    """
    found = array.shape[1], array.shape[0]
    check_size(found, size, name, orientation)
    return from_stored(array, orientation) if found == turned_size(size, orientation) else array


def check_size(found: tuple[int, int], size: tuple[int, int], name: str, orientation: int = UPRIGHT) -> None:
    """Raise ``UserError`` where a mask ``found`` to be of some (width, height) is none of an image of this ``size``.

    ``size`` is upright; the image's stored size, by its EXIF ``orientation``, will do, too.
    """
    if found not in (size, turned_size(size, orientation)):
        raise UserError(
            f"The mask “{name}” has {found[0]} × {found[1]} pixels but its image has {size[0]} × {size[1]}. "
            "Check that they belong together, or export the mask again at the image's size."
        )
