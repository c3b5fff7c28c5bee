"""Tables that say what images are of: a diagnosis, a sequence, a camera. One row an image."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from segstudio.domain.errors import UserError
from segstudio.formats.pairs import bare_stem
from segstudio.formats.writing import cell_text

Attributes = dict[str, dict[str, str]]

_KEYS = ("image", "image_id", "image_name", "isic_id", "file", "file_name", "filename", "name", "id", "case")
_LARGEST = 64 * 1024 * 1024
MOST_VALUES = 40
"""A column of more values than this groups nothing: it names patients, dates or comments."""


def read_attributes(path: Path) -> Attributes:
    """What a CSV (comma, semicolon or tab; UTF-8) says of images: by ``key_of`` their name, a value by column.

    The column that names images is called image, isic_id, file or the like, else it is the first. Raises ``UserError``
    for a file that can't be read, is no such table, or names an image twice.
    """
    try:
        if path.stat().st_size > _LARGEST:
            raise UserError(f"“{path.name}” is too large for a table of images. Choose another file.")
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UserError(f"“{path.name}” can't be read ({error.strerror}). Choose another file.") from error
    except UnicodeDecodeError as error:
        raise UserError(f"“{path.name}” is no text in UTF-8. Save the table as CSV in UTF-8 and try again.") from error
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    try:
        read = csv.reader(io.StringIO(text), delimiter=delimiter)
        head, *rows = [[cell_text(cell.strip()) for cell in row] for row in read if any(row)] or [[]]
    except csv.Error as error:
        raise UserError(f"“{path.name}” is no table ({error}). Save it as CSV and try again.") from error
    if len(head) < 2 or not rows:
        raise UserError(f"“{path.name}” needs a row of column names, of two or more, and a row an image below it.")
    key = next((place for place, name in enumerate(head) if name.casefold() in _KEYS), 0)
    found: Attributes = {}
    for row in rows:
        cells = dict(zip(head, row, strict=False))
        image = key_of(Path(cells.pop(head[key], "")))
        if image in found:
            raise UserError(f"“{path.name}” names the image “{row[key]}” twice. Keep one row of them.")
        found[image] = cells
    return found


def key_of(path: Path) -> str:
    """The name by which an image is looked up: without folder, ending and what marks a mask."""
    name = unicodedata.normalize("NFC", path.name).casefold()
    return bare_stem(path) if path.suffix.lower() in _ENDINGS else bare_stem(Path(name + ".png"))


_ENDINGS = frozenset({".png", ".jpg", ".jpeg", ".jpe", ".bmp", ".dib", ".tif", ".tiff", ".webp", ".dcm"})


def grouping_names(attributes: Mapping[Any, Mapping[str, str]]) -> list[str]:
    """The names (of columns) that put images into groups: of two values or more, and not of a value an image."""
    values: dict[str, set[str]] = {}
    for cells in attributes.values():
        for name, value in cells.items():
            values.setdefault(name, set()).add(value)
    most = min(MOST_VALUES, max(2, len(attributes) // 2))
    return [name for name, found in values.items() if 2 <= len(found) <= most]
