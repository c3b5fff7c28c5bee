"""Masks that COCO has: many objects in JSON, or a PNG of object ids."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from segstudio.domain.errors import UserError
from segstudio.formats.coco_json import Annotated, Picture
from segstudio.formats.dataset import FoundMask, FoundSegment
from segstudio.formats.lining_up import lined_up
from segstudio.formats.png import read_upright
from segstudio.formats.rle import Mask, decode_rle, fill_polygons
from segstudio.imaging.orientation import turned_size

_MOST_OBJECTS = 65534
"""What a mask can tell apart; the next value is taken for nothing painted."""


@dataclass(frozen=True, eq=False)
class ObjectsMask:
    """The objects of one image, in the order of the file; ``category`` is the number of the class already."""

    source: Path
    picture: Picture
    objects: tuple[Annotated, ...]
    names: Mapping[int, str]

    @property
    def files(self) -> Sequence[Path]:
        """The JSON file."""
        return (self.source,)

    def of_classes(self, wanted: Collection[int]) -> ObjectsMask:
        """See ``Overlapping``."""
        return replace(self, objects=tuple(thing for thing in self.objects if thing.category in wanted))

    def read(self, size: tuple[int, int], orientation: int) -> FoundMask:
        """Each object a segment of its own; see ``MaskSource``."""
        width, height = turned_size(size, orientation)
        if self.picture.width and self.picture.height:
            width, height = self.picture.width, self.picture.height
        name = f"{self.source.name}: {self.picture.name}"
        # First of all whether it fits: what doesn't needs no array.
        lined_up(np.broadcast_to(np.uint16(0), (height, width)), size, orientation, name)
        if len(self.objects) > _MOST_OBJECTS:
            raise UserError(f"“{name}” has more than {_MOST_OBJECTS} objects, more than one mask can hold.")
        ids = np.zeros((height, width), np.uint16)
        ordered = sorted(self.objects, key=lambda thing: not thing.crowd)
        twice, over = np.zeros((height, width), np.bool_), 0
        for number, thing in enumerate(ordered, start=1):
            mask = self._shape(thing, height, width, name)
            below = mask & (ids > 0)
            twice |= below
            over += bool(below.any())
            ids[mask] = number
        oddities = _overlap(self.picture.name, over, int(twice.sum()), int(np.count_nonzero(ids)))
        return FoundMask(lined_up(ids, size, orientation, name), _segments(ordered, self.names), oddities)

    def _shape(self, thing: Annotated, height: int, width: int, name: str) -> Mask:
        shape = thing.shape
        try:
            if isinstance(shape, list):
                return fill_polygons(shape, height, width)
            if isinstance(shape, dict):
                if "size" in shape and list(shape["size"]) != [height, width]:
                    raise ValueError("its run lengths are of an image of another size")
                counts = shape.get("counts")
                if isinstance(counts, str | list):
                    return decode_rle(counts, height, width)
            raise ValueError("it is neither polygons nor run lengths")
        except (ValueError, TypeError) as error:
            raise UserError(
                f"Object {thing.id} in “{name}” can't be drawn: {error}. "
                "The image is taken without a mask; export the file again from the program that made it."
            ) from error


def _overlap(name: str, objects: int, pixels: int, of: int) -> tuple[str, ...]:
    if not objects:
        return ()
    share = 100 * pixels / max(of, 1)
    said = "1 object lies over others" if objects == 1 else f"{objects} objects lie over others"
    return (f"In “{name}” {said}, on {share:.1f} % of what is masked: the later is on top.",)


@dataclass(frozen=True, eq=False)
class PanopticMask:
    """A PNG whose colour R + 256 G + 65536 B is the id of an object; 0 is none."""

    path: Path
    source: Path
    picture: Picture
    objects: tuple[Annotated, ...]
    names: Mapping[int, str]

    @property
    def files(self) -> Sequence[Path]:
        """The PNG and the JSON file."""
        return (self.path, self.source)

    def read(self, size: tuple[int, int], orientation: int) -> FoundMask:
        """Each object a segment of its own; see ``MaskSource``."""
        array = read_upright(self.path, size, orientation)
        if array.ndim != 3 or array.dtype != np.uint8:
            raise UserError(
                f"“{self.path.name}” is no colour picture of 8 bits, as panoptic masks are. Export it again."
            )
        colours = array[..., 0] + 256 * array[..., 1].astype(np.uint32) + 65536 * array[..., 2].astype(np.uint32)
        listed = np.array([0, *self._numbers()], np.uint32)
        order = np.searchsorted(listed, colours).clip(max=listed.size - 1)
        strange = listed[order] != colours
        if strange.any():
            raise UserError(
                f"“{self.path.name}” shows object {int(colours[strange][0])}, which “{self.source.name}” does not "
                "list. Use the JSON file that belongs to these masks."
            )
        ordered = sorted(self.objects, key=lambda thing: thing.id)
        return FoundMask(order.astype(np.uint16), _segments(ordered, self.names))

    def _numbers(self) -> list[int]:
        """What the objects are in the PNG, in rising order."""
        numbers = sorted({thing.id for thing in self.objects})
        if len(numbers) < len(self.objects) or (numbers and not 0 < numbers[0] <= numbers[-1] < 1 << 24):
            raise UserError(
                f"“{self.source.name}” lists objects of “{self.path.name}” twice, or with numbers that no picture can "
                "show. Export it again from the program that made it."
            )
        if len(numbers) > _MOST_OBJECTS:
            raise UserError(f"“{self.path.name}” has more than {_MOST_OBJECTS} objects, more than one mask can hold.")
        return numbers


def _segments(ordered: Sequence[Annotated], names: Mapping[int, str]) -> tuple[FoundSegment, ...]:
    """One row an object, numbered from 1 in the given order; objects of a class are numbered, too."""
    of_class: Counter[int] = Counter()
    rows = []
    for number, thing in enumerate(ordered, start=1):
        of_class[thing.category] += 1
        instance = of_class[thing.category]
        rows.append(FoundSegment(number, thing.category, instance, f"{names[thing.category]} {instance}"))
    return tuple(rows)
