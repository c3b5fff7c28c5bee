"""Whether a file of weights is what was written.

Weights rest as safetensors: eight bytes that say how long the header is, the header in JSON, the numbers. The format
notices a file cut short; a number that changed on the disk it does not. So the header holds a digest of all the rest.
"""

from __future__ import annotations

import hashlib
import json
from io import BytesIO
from pathlib import Path
from typing import IO, Any

DIGEST = "digest"
"""The key of the digest in the header's metadata; files of older versions have none."""

_METADATA = "__metadata__"
_LONGEST_HEADER = 1 << 26
_CHUNK = 1 << 20


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
