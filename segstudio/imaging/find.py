"""Which files are images, and in which order people expect them."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from segstudio.domain.errors import UserError

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".jpe", ".bmp", ".dib", ".tif", ".tiff", ".webp"})
"""Endings, in lower case, of files that are offered as images. What a file is, its content decides."""

PROJECT_SUFFIX = ".segstudio"

_DIGITS = re.compile(r"(\d+)")

NaturalKey = tuple[tuple[int, int, str], ...]


def natural_key(text: str) -> NaturalKey:
    """A sort key by which ``IMD9`` comes before ``IMD10``; letter case is ignored.

    Text that differs in case only compares equal: sort by ``(natural_key(text), text)`` where that matters.
    """
    # isdecimal and not isdigit: int() refuses superscripts, which \d doesn't match either.
    return tuple(
        (0, int(part), "") if part.isdecimal() else (1, 0, part.casefold()) for part in _DIGITS.split(text) if part
    )


def path_key(path: Path, root: Path) -> tuple[tuple[NaturalKey, ...], str]:
    """A sort key for paths below ``root``: folder by folder, each naturally."""
    parts = path.relative_to(root).parts
    return tuple(natural_key(part) for part in parts), str(path)


def is_image_name(name: str) -> bool:
    """True for a visible file name with one of ``SUFFIXES``."""
    return not name.startswith(".") and os.path.splitext(name)[1].lower() in SUFFIXES


def is_folder(entry: os.DirEntry[str]) -> bool:
    """Whether it is a folder or a link to one; false where the disk can't say, as of links that go round in a circle.

    One such link must not keep what lies beside it from being found.
    """
    try:
        return entry.is_dir()
    except OSError:
        return False


def is_file(entry: os.DirEntry[str]) -> bool:
    """Whether it is a file or a link to one; false where the disk can't say."""
    try:
        return entry.is_file()
    except OSError:
        return False


def find_images(folder: Path) -> list[Path]:
    """All image files in ``folder`` and below; see ``find_files``."""
    return find_files(folder, is_image_name)


def has_images(folder: Path) -> bool:
    """Whether there is any image file in ``folder`` or below; false where it can't be listed."""
    return any(is_image_name(name) for _, _, files in _walk(folder) for name in files)


def find_files(folder: Path, wanted: Callable[[str], bool]) -> list[Path]:
    """All files in ``folder`` and below whose names are ``wanted``, naturally sorted folder by folder.

    Each starts with ``folder``. Hidden files and folders and project folders are left out, and so are subfolders that
    can't be read. Nothing is opened: 10,000 names take a fraction of a second. Raises ``UserError`` where ``folder``
    itself can't be listed.
    """
    try:
        with os.scandir(folder):
            pass
    except OSError as error:
        raise UserError(
            f"The folder “{folder.name or folder}” can't be opened ({error.strerror or error}). "
            "Check that it exists, that its drive is connected and that you may read it, then try again."
        ) from error
    found = [Path(parent, name) for parent, _, files in _walk(folder) for name in files if wanted(name)]
    return sorted(found, key=lambda path: path_key(path, folder))


def _walk(folder: Path) -> Iterator[tuple[str, list[str], list[str]]]:
    """``os.walk`` without hidden folders and projects."""
    for parent, folders, files in os.walk(folder):
        folders[:] = [
            name for name in folders if not name.startswith(".") and not name.lower().endswith(PROJECT_SUFFIX)
        ]
        yield parent, folders, files
