"""Masks whose values or colours are classes, or number objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.domain.errors import UserError
from segstudio.domain.segments import Color
from segstudio.formats.dataset import FoundMask, FoundSegment
from segstudio.formats.png import read_upright, too_many
from segstudio.formats.survey import SNAP, indices_of, is_grey, packed, unmixed, unpacked
from segstudio.imaging.label_values import VOID

_STRANGE = 65535
_MOST_COLOURS = 60_000


@dataclass(frozen=True, eq=False)
class ValueMask:
    """A grey mask: ``classes`` says which class each value is, 0 for none.

    ``void`` is the class of 255 where the list does not name that, 0 for none. ``palette`` says which value each colour
    is in masks with a palette, as far as that is known.
    """

    path: Path
    classes: Mapping[int, int] = field(repr=False)
    void: int = 0
    palette: Mapping[Color, int] = field(default_factory=dict, repr=False)

    @property
    def files(self) -> Sequence[Path]:
        """The one file."""
        return (self.path,)

    def read(self, size: tuple[int, int], orientation: int) -> FoundMask:
        """See ``MaskSource``; a few stray values become background, more are refused.

        So is a palette in which a known colour is another value: of what is called like that no value is sure.
        """
        array = _grey(self.path, read_upright(self.path, size, orientation))
        here = indices_of(self.path, array) if self.palette else {}
        if any(self.palette.get(color, value) != value for color, values in here.items() for value in values):
            raise UserError(
                f"“{self.path.name}” has its colours in another order than the other masks, so its values mean other "
                "classes. Save all masks with one palette, or as colours without one."
            )
        lut = np.full(65536, _STRANGE, np.uint16)
        lut[0] = 0
        lut[VOID] = self.void
        for value, class_id in self.classes.items():
            lut[value] = class_id
        ids = lut[array]
        strange = ids == _STRANGE
        if too_many(strange, array != 0):
            named = ", ".join(str(value) for value in np.unique(array[strange])[:5])
            raise UserError(
                f"“{self.path.name}” has values ({named}) that the list of classes does not name, so it was not read. "
                "Add them to the list, or choose the list that belongs to these masks."
            )
        ids[strange] = 0
        return FoundMask(ids)


@dataclass(frozen=True, eq=False)
class ObjectMask:
    """A grey mask whose values number objects of one class."""

    path: Path
    name: str = "object"

    @property
    def files(self) -> Sequence[Path]:
        """The one file."""
        return (self.path,)

    def read(self, size: tuple[int, int], orientation: int) -> FoundMask:
        """Each object a segment; see ``MaskSource``."""
        array = _grey(self.path, read_upright(self.path, size, orientation))
        if array.max(initial=0) >= _STRANGE:
            raise UserError(f"“{self.path.name}” has values above {_STRANGE - 1}, more than a mask can hold.")
        ids = array.astype(np.uint16)
        numbers = [int(value) for value in np.unique(ids) if value]
        rows = (FoundSegment(n, 1, index, f"{self.name} {index}") for index, n in enumerate(numbers, start=1))
        return FoundMask(ids, tuple(rows))


@dataclass(frozen=True, eq=False)
class ColourMask:
    """A coloured mask: ``classes`` says which class each colour is, 0 for none. Black that is not named is none."""

    path: Path
    classes: Mapping[Color, int] = field(repr=False)

    @property
    def files(self) -> Sequence[Path]:
        """The one file."""
        return (self.path,)

    def read(self, size: tuple[int, int], orientation: int) -> FoundMask:
        """See ``MaskSource``; colours that are nearly a class's are taken for it, as JPEG blurs them.

        What it mixes along an edge is of the class that it is nearest to.
        """
        array = read_upright(self.path, size, orientation, by_colour=True)
        if array.ndim == 2 and array.dtype in (np.uint8, np.bool_):
            grey = array.astype(np.uint8) * (255 if array.dtype == np.bool_ else 1)
            array = np.repeat(grey[..., None], 3, axis=2)
        if array.ndim != 3 or array.dtype != np.uint8:
            raise UserError(f"“{self.path.name}” is no colour picture of 8 bits, as the other masks are.")
        known = {(0, 0, 0): 0, **self.classes}
        colours, places = np.unique(packed(array), return_inverse=True)
        if colours.size > _MOST_COLOURS:
            raise UserError(f"“{self.path.name}” has {colours.size} colours: it is a photograph, not a mask.")
        shown = np.array([unpacked(int(value)) for value in colours], np.int16)
        listed = np.array(list(known), np.int16)
        apart = np.abs(shown[:, None, :] - listed[None]).max(axis=2)
        nearest = apart.argmin(axis=1)
        numbers = np.array(list(known.values()), np.uint16)[nearest]
        strange = (apart.min(axis=1) > SNAP)[places.reshape(array.shape[:2])] & unmixed(self.path, array)
        if too_many(strange, np.asarray(array.any(axis=2), np.bool_)):
            examples = ", ".join("#{:02x}{:02x}{:02x}".format(*rgb) for rgb in shown[apart.min(axis=1) > SNAP][:3])
            raise UserError(
                f"“{self.path.name}” has colours ({examples}) that are none of the classes', so it was not read. "
                "Name them in a list of colours beside the masks, or choose other masks."
            )
        ids = numbers[places.reshape(array.shape[:2])]
        ids[strange] = 0
        return FoundMask(ids)


def _grey(path: Path, array: NDArray[Any]) -> NDArray[np.uint16]:
    """(H, W) of whole numbers from 0 on. Raises ``UserError`` where the mask is coloured or has others."""
    if array.ndim == 3 and is_grey(array):
        array = array[..., 0]
    if array.ndim != 2:
        raise UserError(f"“{path.name}” is a coloured picture, but the other masks have values. Export it as they are.")
    if array.dtype.kind == "f" and not np.array_equal(array, np.rint(np.nan_to_num(array))):
        raise UserError(f"“{path.name}” has values that are no whole numbers, so they can't be classes.")
    if array.size and (array.min() < 0 or array.max() > 65535):
        raise UserError(f"“{path.name}” has values below 0 or above 65535, so they can't be classes.")
    return array.astype(np.uint16)
