"""The formats that masks are exported in.

Each encodes one image at a time, on any thread, so that an export can go on beside other work, and says first which
files there will be. Nothing is written here: the project is to know what it writes before it does. Masks lie on the
image file's pixels as stored. What is made by one is read back pixel by pixel by ``find_dataset``, but for pictures to
look at (``overlays``).
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from segstudio.domain.segments import ClassSpec
from segstudio.formats.dataset import ClassIds
from segstudio.formats.png import mask_bytes
from segstudio.formats.void_names import in_a_list
from segstudio.formats.writing import text_bytes
from segstudio.imaging.orientation import to_stored

Entry = Any
"""What a format keeps of an image until all are written; goes into JSON."""

Classes = Sequence[ClassSpec]


@dataclass(frozen=True, eq=False)
class MaskToWrite:
    """The mask of one image: ``class_ids`` is (H, W) uint16, upright.

    ``stem`` is the image's among those that are exported with it, ``file_name`` what files call the image, with "/".
    ``image`` is its file, for formats that show it.
    """

    image_id: int
    stem: str
    file_name: str
    class_ids: ClassIds
    orientation: int
    image: Path | None = None

    def stored(self) -> ClassIds:
        """The class ids as the image's file stores its pixels."""
        return np.ascontiguousarray(to_stored(self.class_ids, self.orientation))


@dataclass(frozen=True, eq=False)
class Encoded:
    """What a format made of one mask: the content of its file, None where it has none of its own, and the entry."""

    content: bytes | None
    entry: Entry = None


class MaskFormat(Protocol):
    """How masks are written."""

    @property
    def key(self) -> str:
        """What the command line calls it."""

    @property
    def title(self) -> str:
        """What the window calls it."""

    @property
    def shared(self) -> tuple[str, ...]:
        """The files about all images, within the folder."""

    def about(self, several: bool) -> str:
        """A sentence on what is written; ``several`` says that the project has more than one class."""

    def file_of(self, stem: str) -> str | None:
        """The file of one image, within the folder; None where it has none of its own."""

    def encode(self, mask: MaskToWrite, classes: Classes) -> Encoded:
        """The mask of one image. Raises ``UserError`` where the image is needed and can't be read."""

    def about_all(self, entries: Sequence[Entry], classes: Classes) -> Mapping[str, bytes]:
        """What is about all images: the content of each of the ``shared`` files."""


@dataclass(frozen=True)
class PlainMasks:
    """Black and white, or one palette index a class."""

    key: str = "png"
    title: str = "Mask pictures (PNG)"
    shared: tuple[str, ...] = ()

    def about(self, several: bool) -> str:
        """See ``MaskFormat``."""
        return f"One PNG an image, of its size and name, with {'one colour index a class' if several else '0 and 255'}."

    def file_of(self, stem: str) -> str:
        """See ``MaskFormat``."""
        return f"{stem}.png"

    def encode(self, mask: MaskToWrite, classes: Classes) -> Encoded:
        """See ``MaskFormat``."""
        return Encoded(mask_bytes(mask.class_ids, mask.orientation, classes))

    def about_all(self, entries: Sequence[Entry], classes: Classes) -> Mapping[str, bytes]:
        """Nothing is left to write."""
        return {}


@dataclass(frozen=True)
class ClassMaps:
    """Grey pictures whose values are the numbers of the classes, 0 for background, and ``labels.json`` with names."""

    key: str
    title: str
    deep: bool
    shared: tuple[str, ...] = ("labels.json",)

    def about(self, several: bool) -> str:
        """See ``MaskFormat``."""
        bits = "a 16-bit" if self.deep else "a"
        return f"One grey PNG an image, with {bits} number a class, and labels.json that names the numbers."

    def file_of(self, stem: str) -> str:
        """See ``MaskFormat``."""
        return f"{stem}.png"

    def encode(self, mask: MaskToWrite, classes: Classes) -> Encoded:
        """See ``MaskFormat``; numbers above 255 take 16 bits in any case."""
        deep = self.deep or max((spec.id for spec in classes), default=0) > 255
        stored = mask.stored()
        return Encoded(png_bytes(stored if deep else stored.astype(np.uint8)))

    def about_all(self, entries: Sequence[Entry], classes: Classes) -> Mapping[str, bytes]:
        """See ``MaskFormat``."""
        names = {0: "background"} | {spec.id: in_a_list(spec.name, spec.kind == "void") for spec in classes}
        return {self.shared[0]: json_bytes({str(number): name for number, name in names.items()})}


def json_bytes(content: Any) -> bytes:
    """JSON as the content of a file."""
    return text_bytes(json.dumps(content, ensure_ascii=False))


def png_bytes(array: NDArray[np.uint8] | NDArray[np.uint16]) -> bytes:
    """An array of grey or colour as PNG, lossless."""
    content = io.BytesIO()
    Image.fromarray(array).save(content, "PNG")
    return content.getvalue()
