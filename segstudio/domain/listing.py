"""Names in one line, as a person types them."""

from __future__ import annotations

import csv
from collections.abc import Sequence


def names_in(line: str) -> list[str]:
    """The names between commas; one with a comma of its own stands in quotes."""
    row = next(csv.reader([line], skipinitialspace=True), [])
    return [name.strip() for name in row if name.strip()]


def listed(names: Sequence[str]) -> str:
    """A line in which ``names_in`` finds these names."""
    return ", ".join('"' + name.replace('"', '""') + '"' if "," in name or '"' in name[:1] else name for name in names)
