"""A mask that is an image file, as most data sets have it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.domain.regions import bounds, holes, parts
from segstudio.formats.dataset import FoundMask
from segstudio.formats.png import as_ids, as_white, check_no_photograph, is_foreground, read_upright, says_void
from segstudio.formats.survey import plain_shades


@dataclass(frozen=True)
class FileMask:
    """The mask in a file of any kind that ``read_array`` knows; alpha is never the mask.

    ``binary`` masks are of class 1 wherever they aren't black. Of others the values are the class ids, unless they are
    plainly black and white, or 1 and a void of 255. ``one_region`` says that the data set promises one region without
    holes: a mask that is not so says it.
    """

    path: Path
    binary: bool = False
    one_region: bool = False

    @property
    def files(self) -> Sequence[Path]:
        """The one file."""
        return (self.path,)

    def read(self, size: tuple[int, int], orientation: int) -> FoundMask:
        """See ``MaskSource``; also see ``read_upright`` for masks of turned photographs. A photograph is refused."""
        array = as_white(self.path, read_upright(self.path, size, orientation))
        check_no_photograph(array, self.path.name)
        binary = self.binary or says_void(array)
        ids, white = (is_foreground(array).astype(np.uint16), True) if binary else as_ids(array)
        odd = _shades(self.path.name, array) if white else ()
        return FoundMask(ids, oddities=odd or (_regions(self.path.name, ids > 0) if self.one_region else ()))


def _shades(name: str, array: NDArray[Any]) -> tuple[str, ...]:
    """What keeps a mask from being black and white: several greys that may be classes, or 255 as what nobody judges."""
    if says_void(array):
        return (f"“{name}” has 1 and 255: 1 is taken for the object, 255 for nothing.",)
    shades = plain_shades(array)
    if not shades:
        return ()
    named = ", ".join(map(str, shades[:5]))
    return (f"“{name}” has several shades ({named}), which may be classes; from 128 on all are taken for one.",)


def _regions(name: str, mask: np.ndarray[tuple[int, int], np.dtype[np.bool_]]) -> tuple[str, ...]:
    """What keeps a mask from being one region without holes, as one sentence at most."""
    if not mask.any():
        return (f"“{name}” is empty.",)
    inner = mask[bounds(mask).slices]
    regions = len(parts(inner)[1]) - 1
    enclosed = len(parts(holes(inner))[1]) - 1
    said = [f"{regions} regions"] if regions > 1 else []
    said += [] if not enclosed else ["a hole" if enclosed == 1 else f"{enclosed} holes"]
    return (f"“{name}” has {' and '.join(said)}; it is taken as it is.",) if said else ()
