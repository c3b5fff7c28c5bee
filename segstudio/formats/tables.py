"""Tables that come with data sets: text of a size that can be held, and CSV by its headings."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from segstudio.domain.errors import UserError
from segstudio.formats.writing import cell_text

MOST_BYTES = 64 * 2**20


def read_text(path: Path) -> str:
    """The text of a file; UTF-8, or Latin-1 where it is none. Raises ``UserError``."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise UserError(
                f"“{path.name}” has more than {MOST_BYTES // 2**20} MB, so it was not read. "
                "Take it out of the folder if it does not belong to the images."
            )
        content = path.read_bytes()
    except OSError as error:
        raise UserError(
            f"“{path.name}” can't be read ({error.strerror or error}), so nothing of it is known. "
            "Check that you may read it, and look again."
        ) from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def read_csv(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file by their headings, with commas, semicolons or tabs; cells without a heading are left out.

    Raises ``UserError``.
    """
    text = read_text(path)
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    try:
        rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
        return [
            {
                cell_text(name.strip()): cell_text(value.strip())
                for name, value in row.items()
                if name and isinstance(value, str)
            }
            for row in rows
        ]
    except csv.Error as error:
        raise UserError(
            f"“{path.name}” is no table that can be read ({error}), so nothing of it is known. "
            "Save it again as CSV, and look again."
        ) from error
