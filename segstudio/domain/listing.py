"""Names in one line, as a person types them in the window or behind an option."""

from __future__ import annotations

import csv
from collections.abc import Sequence


def names_in(line: str) -> tuple[str, ...]:
    """The names between commas, each once; one with a comma of its own stands in quotes."""
    try:
        row = next(csv.reader([line], skipinitialspace=True), [])
    except csv.Error:  # a line break, or a name of a hundred thousand letters
        row = line.split(",")
    return tuple(dict.fromkeys(name.strip() for name in row if name.strip()))


def listed(names: Sequence[str]) -> str:
    """A line in which ``names_in`` finds these names."""
    return ", ".join('"' + name.replace('"', '""') + '"' if "," in name or '"' in name[:1] else name for name in names)
