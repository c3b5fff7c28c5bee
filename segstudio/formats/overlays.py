"""Images with the outlines of their masks drawn on them: to look at in a folder or on a slide, not to read back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from segstudio.domain.errors import UserError
from segstudio.formats.mask_formats import Classes, Encoded, Entry, MaskToWrite
from segstudio.imaging.outlines import drawn_on
from segstudio.imaging.pixel_png import encode_pixels
from segstudio.imaging.reader import read_image

_BEHIND = "_overlay"
"""Behind the image's name: beside the images none is taken for one of them, nor for a mask."""


@dataclass(frozen=True)
class Overlays:
    """A picture of each image as the window shows it, upright, with its classes outlined in their colours."""

    key: str = "overlay"
    title: str = "Pictures with outlines, to look at (PNG)"
    shared: tuple[str, ...] = ()

    def about(self, several: bool) -> str:
        """See ``MaskFormat``."""
        outlines = "each class outlined in its colour" if several else "its mask outlined"
        return f"One PNG an image: the image itself, with {outlines}. It cannot be read back as a mask."

    def file_of(self, stem: str) -> str:
        """See ``MaskFormat``."""
        return f"{stem}{_BEHIND}.png"

    def encode(self, mask: MaskToWrite, classes: Classes) -> Encoded:
        """See ``MaskFormat``; an image of another size can't be drawn on either."""
        if mask.image is None:
            raise UserError(f"{mask.file_name} was left out: its image is not known, so nothing can be drawn on it.")
        pixels = read_image(mask.image).pixels
        if pixels.shape[:2] != mask.class_ids.shape:
            raise UserError(f"{mask.file_name} was left out: its image has another size by now. Look at it first.")
        drawn = drawn_on(pixels, mask.class_ids, {spec.id: spec.color for spec in classes})
        return Encoded(encode_pixels(drawn))

    def about_all(self, entries: Sequence[Entry], classes: Classes) -> Mapping[str, bytes]:
        """Nothing is left to write."""
        return {}
