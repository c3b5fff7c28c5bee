"""What is read of a file and which file it was, both of one state of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from segstudio.domain.errors import UserError
from segstudio.imaging.reader import fingerprint

T = TypeVar("T")

_TRIES = 3


def read_with_fingerprint(path: Path, read: Callable[[Path], T]) -> tuple[T, str]:
    """What ``read`` makes of the file, and the ``fingerprint`` of that very content.

    A copy that comes in over a file while it is read would else leave its pixels under the other's name. Raises what
    ``read`` and ``fingerprint`` do, and ``UserError`` for a file that keeps changing.
    """
    for _ in range(_TRIES):
        before = _state(path)
        result, print_ = read(path), fingerprint(path)
        if _state(path) == before:
            return result, print_
    raise UserError(f"“{path.name}” is being written just now. Wait until that is done, then open it again.")


def _state(path: Path) -> tuple[int, int, int] | None:
    """None where it can't be told: reading says why."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
