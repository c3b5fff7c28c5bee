"""The one shape in which every importer says what it found in a folder, and from which everything is taken in.

A module of ``formats`` that knows a layout has ``recognises(folder, masks)`` and ``find(folder, masks)`` and stands in
the table of ``detect``. Finding lists names and may look at a few files; masks are read one by one when they are
wanted. Nothing is ever written to what was found.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from segstudio.domain.errors import UserError
from segstudio.domain.segments import Color
from segstudio.imaging.window import Window

ClassIds = NDArray[np.uint16]


@dataclass(frozen=True, slots=True)
class FoundClass:
    """A class as the data set has it; ``id`` is its number in the data set's masks, which need not be the project's.

    ``name`` is "" where the data set does not say, ``color`` None where it has none. Class 0 is background and is
    never listed. See ``ClassSpec`` for the kinds.
    """

    id: int
    name: str = ""
    kind: Literal["stuff", "thing", "void"] = "stuff"
    color: Color | None = None


@dataclass(frozen=True, slots=True)
class FoundSegment:
    """One segment of one mask: which value it has there, which of the data set's classes it is, and which object."""

    id: int
    class_id: int
    instance: int = 0
    name: str = ""


@dataclass(frozen=True, eq=False)
class FoundMask:
    """What a mask says of one image: ``ids`` is (H, W) uint16 of the upright image, 0 where there is nothing.

    ``segments`` say what the ids are; without them, they are the data set's class ids. ``oddities`` are sentences of
    what is odd about this mask and what was made of it.
    """

    ids: ClassIds
    segments: tuple[FoundSegment, ...] = ()
    oddities: tuple[str, ...] = ()

    def class_ids(self) -> ClassIds:
        """(H, W) uint16 of the data set's class ids: all objects of a class alike."""
        if not self.segments:
            return self.ids
        lut = np.zeros(65536, np.uint16)
        for segment in self.segments:
            lut[segment.id] = segment.class_id
        return lut[self.ids]


class MaskSource(Protocol):
    """Where a mask comes from. It opens nothing until it is read, and may be read on any thread."""

    @property
    def files(self) -> Sequence[Path]:
        """The files that it is read from, the most telling one first."""

    def read(self, size: tuple[int, int], orientation: int) -> FoundMask:
        """The mask of an image with this upright ``size`` (width, height) and EXIF ``orientation``.

        Raises ``UserError`` for what can't be read, is of another size, or makes no sense.
        """


@runtime_checkable
class Overlapping(MaskSource, Protocol):
    """A mask of objects that lie over one another: those that nobody wants must not hide the others."""

    def of_classes(self, wanted: Collection[int]) -> MaskSource:
        """The same without the objects of other classes than those with these numbers."""


def of_classes(source: MaskSource, wanted: Collection[int]) -> MaskSource:
    """``source`` without what would only hide objects of the classes with these numbers."""
    return source.of_classes(wanted) if isinstance(source, Overlapping) else source


class PixelSource(Protocol):
    """An image that is no file of its own, or none that can be worked on: a frame of a video, a slice of DICOM.

    An import writes it beside the project and works on that.
    """

    @property
    def name(self) -> str:
        """The name of the file to write, ending in ``.png``; frames of a video as ``parse_frame`` knows them."""

    @property
    def window(self) -> Window | None:
        """Which values grey of 16 bits is to be shown by; None where the file does not say."""

    def read(self) -> NDArray[Any]:
        """(H, W, 3) uint8 RGB, or (H, W) uint8 or uint16 grey. Raises ``UserError``."""


@dataclass(frozen=True)
class FoundImage:
    """An image file with its mask, if there is one, and what the data set says of it.

    ``pixels`` is set where the image is only a part of the file at ``image``. Images of one ``patient`` are never on
    both sides of the split; videos are told by their names. ``attributes`` are what the data set knows of the image
    as a whole, by name, in words: {"Diagnosis": "melanoma"}. ``mm_per_px`` is how large a pixel is, if it says so.
    """

    image: Path
    mask: MaskSource | None = None
    pixels: PixelSource | None = None
    patient: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict, compare=False)
    mm_per_px: float | None = None


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that an import leaves out, and a sentence why."""

    path: Path
    why: str


@dataclass(frozen=True)
class Layer:
    """Other masks of the same images, to be chosen in place of those that ``Dataset.images`` have."""

    name: str
    classes: tuple[FoundClass, ...]
    masks: tuple[MaskSource | None, ...]


@dataclass(frozen=True)
class Dataset:
    """What is in a folder: images in order, each with its mask or without, and what is to be said of them.

    ``layout`` names who made it so, as a user knows it ("PH2"), or is "folder". ``classes`` are in the masks; empty
    where that is not known without reading them all. ``notes`` are sentences: what is odd and what was made of it.
    ``layers`` are other masks that it has; ``layer`` names the one in ``images``. ``upright`` says that what is up in
    the images stays up.
    """

    layout: str
    images: tuple[FoundImage, ...]
    classes: tuple[FoundClass, ...] = ()
    notes: tuple[str, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    layer: str = ""
    layers: tuple[Layer, ...] = ()
    upright: bool = False

    @property
    def with_mask(self) -> int:
        """How many of the images have a mask."""
        return sum(found.mask is not None for found in self.images)

    @property
    def names_classes(self) -> bool:
        """Whether it says what its classes are called."""
        return bool(self.classes) and all(known.name for known in self.classes)

    def choose(self, name: str) -> Dataset:
        """The same images with the masks of another layer; ``KeyError`` for one that it lacks."""
        if name == self.layer:
            return self
        layer = {layer.name: layer for layer in self.layers}[name]
        own = Layer(self.layer, self.classes, tuple(found.mask for found in self.images))
        images = tuple(replace(found, mask=mask) for found, mask in zip(self.images, layer.masks, strict=True))
        others = tuple(own if other.name == name else other for other in self.layers)
        return replace(self, images=images, classes=layer.classes, layer=name, layers=others)


class Recogniser(Protocol):
    """A module that knows a layout."""

    def recognises(self, folder: Path, masks: Path | None = None) -> bool:
        """True for a folder laid out so; ``masks`` is a folder of masks apart from it, chosen by hand.

        Looks at names, opens little, and never raises.
        """

    def find(self, folder: Path, masks: Path | None = None) -> Dataset:
        """What is in a folder that ``recognises`` said yes to. Raises ``UserError`` where it can't be listed."""


def inside(root: Path, name: str) -> Path:
    """The file that a table or an annotation in ``root`` calls ``name``.

    Raises ``UserError`` for a name that leads out of ``root``: such a file was not meant, whoever wrote the name.
    """
    base, top, named = root.resolve(), os.path.abspath(root), name.replace("\\", "/")
    there = Path(os.path.normpath(os.path.join(top, named)))
    path = None
    # Asked of the name before the disk: Windows would sign on to whichever computer a name says.
    if there.is_relative_to(top) or there.is_relative_to(base):
        with contextlib.suppress(OSError, RuntimeError, ValueError):  # links in a circle, what is no name for a file
            path = (base / named).resolve()
    if path is None or not path.is_relative_to(base):
        raise UserError(
            f"“{name}” points outside the folder “{root.name or root}”, so nothing was read from there. "
            "Choose the folder that holds all of the data set, or correct that name."
        )
    return root / path.relative_to(base)
