"""Writing files whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
from pathlib import Path

from segstudio.domain.errors import UserError

_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")

_IN_USE = (5, 32, 33)
"""What Windows says of a file that somebody has open: access denied, sharing violation, lock violation."""


def write_whole(path: Path, content: bytes) -> None:
    """Write beside ``path`` and rename, so that whoever looks sees the old file or the whole new one.

    Makes the folder. Raises ``UserError`` where it can't be written: read-only, no room, drive gone.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # The name is ours and short: a long one of the user's plus an ending can be too long for the file system.
        beside = path.parent / f".segstudio-{secrets.token_hex(8)}.part"
        try:
            with open(beside, "xb") as file:
                file.write(content)
            os.replace(beside, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(beside)
            raise
    except OSError as error:
        raise _cannot_write(path, error) from error


def check_reports(*places: tuple[Path | None, str]) -> None:
    """Make sure, before the work begins, that files with reports take the place of earlier reports alone.

    ``places`` are where each is to be written, None for nowhere, and how the names of its kind end (".csv"). A slip on
    the command line must not cost an image or a project, nor an hour whose result has no place. Raises ``UserError``.
    """
    taken: set[str] = set()
    for path, ending in places:
        if path is None:
            continue
        place = os.path.normcase(os.path.realpath(path))
        if os.path.isdir(place):
            raise UserError(f"{path} is a folder. Nothing was written; name a file in it that ends in {ending}.")
        if os.path.lexists(path) and path.suffix.lower() != ending:
            raise UserError(
                f"{path} is there already, and only a file that ends in {ending} is written over. Nothing was written; "
                "choose another name."
            )
        if place in taken:
            raise UserError(f"{path} is named for two reports. Nothing was written; give each a file of its own.")
        _check_folder(path)
        taken.add(place)


def _check_folder(path: Path) -> None:
    """Raises ``UserError`` where ``path`` has no folder, nor one in which it could be made. Leaves nothing behind."""
    # A drive that is not connected has none. To os.path, what lies where one may not look is not there.
    folder = next((folder for folder in path.absolute().parents if os.path.exists(folder)), None)
    if folder is None:
        raise _cannot_write(path, FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT)))
    if not os.path.isdir(folder):
        raise _cannot_write(path, NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR)))
    if not os.access(folder, os.W_OK):
        raise _cannot_write(path, PermissionError(errno.EACCES, os.strerror(errno.EACCES)))


def _cannot_write(path: Path, error: OSError) -> UserError:
    if error.errno == errno.ENOSPC:
        return UserError(f"There is no room left to write “{path.name}”. Free some space on that drive and try again.")
    if getattr(error, "winerror", None) in _IN_USE and os.path.isfile(path):
        return UserError(
            f"“{path.name}” in {path.parent} could not be replaced: another program may have it open, as a spreadsheet "
            "does. Close it there and try again, or choose another folder."
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return UserError(
            f"You may not write “{path.name}” to {path.parent}. Choose another folder, or ask for permission."
        )
    return UserError(
        f"“{path.name}” can't be written to {path.parent} ({error.strerror or error}). "
        "Check that the drive or network folder is connected, or choose another folder."
    )


def text_bytes(text: str) -> bytes:
    """UTF-8. A part of a file's name that is no text (Linux allows any) becomes ``\\udcfc``, as JSON has it."""
    return text.encode("utf-8", "backslashreplace")


def plain_cell(text: str) -> str:
    """A cell of a CSV file that a spreadsheet would take for a formula is marked as text; ``cell_text`` reads it."""
    is_plain = not _is_formula(text) or _NUMBER.fullmatch(text) is not None
    return text if is_plain else f"'{text}"


def cell_text(cell: str) -> str:
    """What ``plain_cell`` made a cell of."""
    return cell[1:] if cell.startswith("'") and _is_formula(cell) else cell


def _is_formula(text: str) -> bool:
    """Also one that is marked already: a mark of the text's own must come back as well."""
    return text.lstrip("'").startswith(("=", "+", "-", "@", "\t", "\r"))
