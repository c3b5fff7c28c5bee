"""Whether a file of weights is what was written, and what it says of itself.

Weights rest as safetensors: eight bytes that say how long the header is, the header in JSON, the numbers. The format
notices a file cut short; a number that changed on the disk it does not. So the header holds a digest of all the rest.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import IO, Any

FORMAT = "segstudio-weights"
VERSION = 2
"""It goes up where a network of the same name is built differently: its older weights are refused by a sentence."""

ENSEMBLE_VERSION = 3
"""The version of a file that holds an ensemble of two networks: a program that knows of none says so, and stops."""

VERSIONS = (str(VERSION), str(ENSEMBLE_VERSION))

EARLIER = "earlier."
"""What the names of the tensors of an ensemble's earlier member begin with."""

DIGEST = "digest"
"""The key of the digest in the header's metadata; files of older versions have none."""

_METADATA = "__metadata__"
_LONGEST_HEADER = 1 << 26
_CHUNK = 1 << 20

_LONGEST_OWN_HEADER = 1 << 20
_MOST_TENSORS = 4096
_MOST_CLASSES = 255
_BYTES = {"F32": 4, "F16": 2, "BF16": 2, "I64": 8}
_PICKLES = (b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")


class NotWeightsError(ValueError):
    """A file that is no model of this program; the message is the end of a sentence that begins with its name."""


@dataclass(frozen=True, slots=True)
class WeightsInfo:
    """What a model's file says of itself. ``classes`` names class 1, 2, ...; those numbered in ``void`` are not judged.

    ``input_size`` is the longer side in px that it sees images at, ``learned_at`` the one that it was trained at,
    ``even_exposure`` whether as if all had been exposed alike (``imaging.exposure``);
    ``tensors`` maps names to shapes, of an ensemble those of both networks.
    """

    network: str
    classes: tuple[str, ...]
    input_size: int
    upright: bool
    void: tuple[int, ...]
    tensors: Mapping[str, tuple[int, ...]]
    learned_at: int
    even_exposure: bool = False

    @property
    def networks(self) -> int:
        """How many are asked together."""
        return 2 if any(name.startswith(EARLIER) for name in self.tensors) else 1

    @property
    def parameters(self) -> int:
        """How many numbers a network holds."""
        return sum(math.prod(shape) for shape in self.tensors.values()) // self.networks


def inspect(path: Path) -> WeightsInfo:
    """Look at a file that may come from anywhere, without making room for what it claims to hold.

    Of a file, its header of at most a megabyte is read, as JSON: shapes and places of all tensors must be those of the
    file's own length, without gap or overlap. Nothing is unpickled. Raises ``NotWeightsError`` for anything that is no
    model of this program and version, ``OSError`` if the file cannot be read.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(8)
        if start.startswith(_PICKLES):
            raise NotWeightsError(
                "is a pickled or zipped file, as PyTorch writes by default. Such a file can run commands when it is "
                "opened, so it is never read"
            )
        length = int.from_bytes(start, "little")
        if len(start) < 8 or not 0 < length <= min(_LONGEST_OWN_HEADER, size - 8):
            raise NotWeightsError("is no safetensors file")
        try:
            header = json.loads(file.read(length))
        except (ValueError, RecursionError) as error:
            raise NotWeightsError("is no safetensors file") from error
    if not isinstance(header, dict):
        raise NotWeightsError("is no safetensors file")
    metadata = header.pop(_METADATA, None)
    if not isinstance(metadata, dict) or metadata.get("format") != FORMAT:
        raise NotWeightsError("holds weights, but not of a segstudio model")
    if metadata.get("version") not in VERSIONS:
        raise NotWeightsError("was written by another version of segstudio")
    tensors = _shapes(header, size - 8 - length)
    return _info(metadata, tensors)


def _shapes(header: Mapping[str, Any], room: int) -> dict[str, tuple[int, ...]]:
    """The shapes of the tensors in a header, which fill ``room`` bytes without gap or overlap."""
    if not 0 < len(header) <= _MOST_TENSORS:
        raise NotWeightsError("holds no network")
    shapes: dict[str, tuple[int, ...]] = {}
    spans = []
    for name, entry in header.items():
        try:
            shape, (begin, end), width = entry["shape"], entry["data_offsets"], _BYTES[entry["dtype"]]
            whole = all(type(side) is int and side >= 0 for side in (*shape, begin, end))
            if not whole or len(shape) > 8 or end - begin != math.prod(shape) * width:
                raise ValueError(name)
        except (KeyError, TypeError, ValueError) as error:
            raise NotWeightsError("is damaged: what it says of its tensors does not fit") from error
        shapes[name] = tuple(shape)
        spans.append((begin, end))
    reached = 0
    for begin, end in sorted(spans):
        if begin != reached:
            raise NotWeightsError("is damaged: its tensors overlap or leave gaps")
        reached = end
    if reached != room:
        raise NotWeightsError("was cut short, or something was added to it")
    return shapes


def _info(metadata: Mapping[str, Any], tensors: Mapping[str, tuple[int, ...]]) -> WeightsInfo:
    try:
        classes = json.loads(metadata["classes"])
        void = json.loads(metadata.get("void", "[]"))
        if not isinstance(classes, list) or not all(isinstance(name, str) for name in classes):
            raise TypeError(classes)
        info = WeightsInfo(
            str(metadata["network"]),
            tuple(classes),
            int(metadata["input_size"]),
            metadata.get("upright") == "1",
            tuple(int(number) for number in void),
            tensors,
            int(json.loads(metadata.get("learned_at", "null")) or metadata["input_size"]),
            metadata.get("even_exposure") == "1",
        )
    except (KeyError, TypeError, ValueError, OverflowError, RecursionError) as error:
        raise NotWeightsError("is damaged: what it says of itself does not fit") from error
    if not 0 < len(info.classes) <= _MOST_CLASSES or any(not 1 <= number <= len(info.classes) for number in info.void):
        raise NotWeightsError("names classes that make no sense")
    return info


def with_classes(content: bytes, classes: Sequence[str]) -> bytes:
    """A whole safetensors file's ``content``, its classes called otherwise; the numbers stay as they are."""
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    header[_METADATA]["classes"] = json.dumps(list(classes))
    header[_METADATA][DIGEST] = digest_of(_joined(header, content[8 + length :]))
    return _joined(header, content[8 + length :])


def _joined(header: Mapping[str, Any], numbers: bytes) -> bytes:
    said = json.dumps(header).encode()
    said += b" " * (-len(said) % 8)  # numbers begin where a processor reads them at once
    return len(said).to_bytes(8, "little") + said + numbers


def digest_of(content: bytes) -> str:
    """The digest of a safetensors file's ``content``, the digest in its header left out.

    Raises ``ValueError`` if it is not one.
    """
    return _digest(BytesIO(content))[0]


def is_altered(path: Path) -> bool:
    """Whether a file is no longer what was written, or is no file of weights.

    Reads all of it, at some hundred megabytes a second. One without a digest passes if its header can be read. Raises
    ``OSError`` if the file cannot be read.
    """
    with path.open("rb") as file:
        try:
            found, noted = _digest(file)
        except ValueError:
            return True
    return noted is not None and found != noted


def _digest(file: IO[bytes]) -> tuple[str, object]:
    """The digest as it is, and as the header notes it."""
    length = int.from_bytes(file.read(8), "little")
    if not 0 < length <= _LONGEST_HEADER:
        raise ValueError(f"a header of {length} bytes")
    header: dict[str, Any] = json.loads(file.read(length))
    metadata = header.get(_METADATA, {}) if isinstance(header, dict) else None
    if not isinstance(metadata, dict) or any("dtype" not in header[name] for name in header.keys() - {_METADATA}):
        raise ValueError("no header of a safetensors file")
    noted = metadata.pop(DIGEST, None)
    digest = hashlib.blake2b(json.dumps(header, sort_keys=True).encode(), digest_size=16)
    while chunk := file.read(_CHUNK):
        digest.update(chunk)
    return digest.hexdigest(), noted
