"""Whether what a DICOM file is compressed to is as large as it declares: its decoders unfold all of it before they ask.

Two megabytes may be compressed from two gigabytes of zeros, which would be read as millions of values.
"""

from __future__ import annotations

import io
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from segstudio.domain.errors import UserError

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

DEFLATED = "1.2.840.10008.1.2.1.99"
"""A file that is compressed as a whole, by its transfer syntax."""

RUN_LENGTHS = "1.2.840.10008.1.2.5"
"""Pictures as runs of equal bytes."""

_BESIDE = 2**20
"""Bytes that all else in a file may take beside its pictures."""

_RUN, _NOTHING = 128, 128
_FRAME_HEADER = 64


def check_unfolds(path: Path) -> None:
    """Raises ``UserError`` for a file that is compressed as a whole and holds more than the pictures that it declares.

    Others are not read on. Raises whatever a damaged file comes to.
    """
    import pydicom
    from pydicom.filereader import read_dataset, read_preamble

    with open(path, "rb") as file:
        read_preamble(file, force=True)
        meta = read_dataset(file, False, True, stop_when=lambda tag, _vr, _length: tag.group != 2)
        if meta.get("TransferSyntaxUID") != DEFLATED:
            return
        unfolding, left = zlib.decompressobj(-zlib.MAX_WBITS), file.read()
    start = unfolding.decompress(left, _BESIDE)
    stop = pydicom.tag.Tag("PixelData")
    declared = _declared(read_dataset(io.BytesIO(start), False, True, stop_when=lambda tag, _vr, _length: tag == stop))
    unfolded = len(start)
    while unfolded <= declared + _BESIDE and (part := unfolding.decompress(unfolding.unconsumed_tail, _BESIDE)):
        unfolded += len(part)
    if unfolded > declared + _BESIDE:
        raise UserError(
            f"“{path.name}” is compressed as a whole and holds more than the pictures that it declares, so it was not "
            "read. Export it again, or have it saved uncompressed (“Explicit VR Little Endian”)."
        )


def check_runs(path: Path, frame: bytes, declared: int) -> None:
    """Raises ``UserError`` for a ``frame`` of runs that come to more than the ``declared`` bytes of a picture."""
    place, end, unfolded = _FRAME_HEADER, len(frame), 0
    if _RUN * (end - place) <= 2 * (declared + _BESIDE):
        return
    while place < end and unfolded <= declared + _BESIDE:
        head = frame[place]
        copied = head + 1 if head < _NOTHING else 0
        unfolded += copied or (257 - head if head > _NOTHING else 0)
        place += 1 + (copied or (head > _NOTHING))
    if unfolded > declared + _BESIDE:
        raise UserError(
            f"“{path.name}” holds more than the picture that it declares, so it was not read. Export it again."
        )


def _declared(header: Dataset) -> int:
    """The bytes of all pictures, by the header; 0 where it does not say."""
    sides = [header.get(name) for name in ("Rows", "Columns", "SamplesPerPixel", "BitsAllocated")]
    if not all(isinstance(side, int) for side in sides):
        return 0
    rows, columns, samples, bits = sides
    return int(rows * columns * samples * bits * int(header.get("NumberOfFrames") or 1) // 8)
