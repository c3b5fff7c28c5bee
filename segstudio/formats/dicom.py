"""Folders of DICOM files: each picture in them becomes an image of the project."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from segstudio.domain.counting import counted, those
from segstudio.domain.errors import UserError
from segstudio.formats.dataset import Dataset, FoundImage, Skipped
from segstudio.formats.dicom_file import DicomHeader, is_dicom, read_dicom_frame, read_dicom_header
from segstudio.formats.extracted import has_images, with_masks
from segstudio.formats.own_names import own_stems
from segstudio.formats.squaring import squared, with_squared_mask
from segstudio.imaging.find import find_files

LAYOUT = "DICOM"

_ENDINGS = (".dcm", ".dicom", ".ima", "")


@dataclass(frozen=True, slots=True)
class DicomFrame:
    """One picture of a file; see ``PixelSource``.

    ``stem`` is the file's own among those that are imported with it, ``window`` what the picture is shown by.
    ``square`` is the (width, height) of the picture with square pixels, where the file has others of ``stored``.
    """

    path: Path
    stem: str
    index: int
    frames: int
    window: tuple[float, float] | None = None
    stored: tuple[int, int] = (0, 0)
    square: tuple[int, int] | None = None

    @property
    def name(self) -> str:
        """``scan.png``, or ``scan_frame_0003.png`` where the file has several."""
        return f"{self.stem}.png" if self.frames == 1 else f"{self.stem}_frame_{self.index + 1:04d}.png"

    def read(self) -> NDArray[Any]:
        """(H, W) uint8 or uint16 grey, or (H, W, 3) uint8 RGB. Raises ``UserError``."""
        return squared(read_dicom_frame(self.path, self.index), self.square)


def recognises(folder: Path, masks: Path | None = None) -> bool:
    """True for a folder with DICOM files and without images, but for those in ``masks``; never raises."""
    return not has_images(folder, masks) and any(map(is_dicom, _candidates(folder)))


def find(folder: Path, masks: Path | None = None) -> Dataset:
    """The pictures of all DICOM files in ``folder`` and below, with the masks that are called like them.

    Reads headers. Raises ``UserError`` if there is none.
    """
    found = with_masks(pictures([path for path in _candidates(folder) if is_dicom(path)]), folder, masks)
    return replace(found, images=tuple(map(_with_squared_mask, found.images)))


def pictures(paths: Sequence[Path]) -> Dataset:
    """Each picture of each file; files without, and those that can't be decoded, are skipped with a reason."""
    images: list[FoundImage] = []
    headers: list[DicomHeader] = []
    skipped: list[Skipped] = []
    for path, stem in zip(paths, own_stems(paths, _stem), strict=True):
        try:
            header = read_dicom_header(path)
        except UserError as error:
            skipped.append(Skipped(path, str(error)))
            continue
        headers.append(header)
        stored, own = (header.width, header.height), stem or _stem(path)
        images += [
            FoundImage(
                path,
                pixels=DicomFrame(path, own, index, header.frames, header.window_of(index), stored, header.square),
                patient=header.patient,
                attributes=header.described,
                mm_per_px=header.mm_per_px,
            )
            for index in range(header.frames)
        ]
    if not images:
        raise UserError(
            skipped[0].why if skipped else "There is no DICOM file with a picture here. Choose another folder."
        )
    return Dataset(LAYOUT, tuple(images), notes=tuple(_notes(headers)), skipped=tuple(skipped))


def _with_squared_mask(found: FoundImage) -> FoundImage:
    """The same image; its mask may be of the picture as it is in the file."""
    frame = found.pixels
    return with_squared_mask(found, frame.stored, frame.square) if isinstance(frame, DicomFrame) else found


def _notes(headers: Sequence[DicomHeader]) -> list[str]:
    notes = ["The pictures are written as PNG files into the project's own folder; the DICOM files stay as they are."]
    several = [header.frames for header in headers if header.frames > 1]
    if several:
        hold = those(len(several), "file", ("holds", "hold"))
        notes.append(f"{hold} several pictures, {sum(several):,} in all: each is an image.")
    if any(8 < header.bits <= 16 for header in headers):
        notes.append("Grey of more than 8 bits is kept with 16, and shown by the window that the file names.")
    deep = sum(header.bits > 16 for header in headers)
    if deep:
        notes.append(f"{those(deep, 'file', ('has', 'have'))} more than 16 bits a value: stretched to 16.")
    square = sum(header.square is not None for header in headers)
    if square:
        notes.append(
            f"Pixels of {counted(square, 'file')} are not square: their pictures are written with square ones, so that "
            "shapes, lengths and areas are true. Masks for them are exported at that size."
        )
    oblong = sum(header.oblong and header.square is None for header in headers)
    if oblong:
        notes.append(
            f"Pixels of {counted(oblong, 'file')} are so far from square that this can't be meant: they are shown and "
            "measured as squares, so lengths, areas and shapes are not true there, by whatever scale."
        )
    sizes = Counter(header.mm_per_px for header in headers)
    known = [size for size in sizes if size is not None]
    if len(known) == 1 and len(sizes) == 1:
        notes.append(f"A pixel is {known[0]:g} mm large.")
    elif known:
        notes.append("Pixels are not of one size, or not all files say how large: each image keeps its own.")
    return notes


def _stem(path: Path) -> str:
    """The name without its ending, if it has one: of ``IM.12`` and ``1.2.840.3`` the last part is none."""
    return path.stem if path.suffix.lower() in _ENDINGS else path.name


def _candidates(folder: Path) -> list[Path]:
    return find_files(folder, _may_be)


def _may_be(name: str) -> bool:
    """Scanners number their files without an ending, or take the last part of a number for one."""
    ending = os.path.splitext(name)[1].lower()
    return not name.startswith(".") and (ending in _ENDINGS or ending[1:].isdigit())
