"""What lies in a project's folder, whatever links lead out of it.

A project may come from anywhere, packed by anybody: on its word nothing outside of it is read, written or deleted.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from segstudio.domain.errors import UserError


def leads_inside(path: Path, folder: Path) -> bool:
    """Whether ``path`` lies in ``folder`` once links are followed; False where that can't be told."""
    try:
        return path.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError):  # RuntimeError: links that go round in a circle
        return False


def is_within(path: Path, folder: Path) -> bool:
    """Whether removing ``path`` removes something in ``folder``: of a link that is the link, wherever it leads."""
    return leads_inside(path.parent, folder)


def check_links(folder: Path, places: Iterable[Path]) -> None:
    """Raise ``UserError`` if what is written to one of ``places`` would leave the project in ``folder``."""
    for place in places:
        if not leads_inside(place, folder):
            raise UserError(
                f"The project {folder} was not opened: its “{place.relative_to(folder)}” is a link to another folder, "
                "and what is written or deleted there would not be the project's. Put a folder in place of the link, "
                "then open the project again."
            )
