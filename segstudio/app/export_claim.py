"""Which exported masks are a project's own, so that an export never overwrites what others made.

A project remembers, by folder, each file that it exported there, as it was when it was written. A file that it does not
remember, or that is another by now, may be somebody's ground truth.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Container, Iterable, Mapping, Sequence
from pathlib import Path

from segstudio.domain.errors import UserError
from segstudio.formats.writing import write_whole
from segstudio.store.exports import is_as_written
from segstudio.store.inside import leads_inside
from segstudio.store.project_db import Project

_SETTING = "exported"
"""Where programs before remembered names alone, by folder; they count where nothing better is known."""


def claim(project: Project, folder: Path, paths: Sequence[Path], identifiers: bool = False) -> None:
    """Make sure that ``project`` may write ``paths``, all in ``folder``, and make the folder. On the store thread.

    The audit trail says so, also whether what tells who images are of goes along: ``identifiers``.

    Raises ``UserError``, and changes nothing, if one of them is there already and not as ``project`` exported it, if
    the folder is one of the project's own, or if it cannot be made.
    """
    key = Path(os.path.abspath(folder))
    check_outside(project, folder)
    foreign = _foreign(project, key, [path.relative_to(folder).as_posix() for path in paths])
    if foreign:
        more = "" if len(foreign) == 1 else f" and {len(foreign) - 1} more"
        raise UserError(
            f"{folder} already holds {foreign[0]}{more}, which this project did not export, or which was changed "
            "since. Nothing was written; choose another folder."
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"The folder {folder} could not be made: {error.strerror}. Choose another one.") from error
    project.audit.note("export", folder=str(key), files=len(paths), identifiers=identifiers)


def check_outside(project: Project, folder: Path) -> None:
    """Raise ``UserError`` if ``folder`` is one of the project's own."""
    if leads_inside(Path(os.path.abspath(folder)), project.folder):
        raise UserError(
            f"{folder} is in the project itself, which keeps its own files there. Nothing was written; choose another "
            "folder."
        )


def check_still_free(project: Project, folder: Path, names: Iterable[str]) -> None:
    """Raise ``UserError`` if something else came to one of ``names`` in ``folder`` since it was claimed."""
    foreign = _foreign(project, Path(os.path.abspath(folder)), names)
    if foreign:
        raise UserError(f"{foreign[0]} came to {folder} meanwhile and was left alone. Choose another folder.")


def write_own(project: Project, folder: Path, contents: Mapping[str, bytes]) -> None:
    """Write files of ``project``, by their names in ``folder``, so that it knows them whenever the program ends.

    Raises ``UserError`` where they can't be written, or the project can't note of them that they are its own.
    """
    place = Path(os.path.abspath(folder))
    project.exports.expect(place, contents)
    for name, content in contents.items():
        write_whole(folder / name, content)
    project.exports.remember(place, contents)


def remember(project: Project, folder: Path, names: Iterable[str]) -> None:
    """``project`` has just written ``names`` in ``folder``."""
    project.exports.remember(Path(os.path.abspath(folder)), names)


def withdraw(project: Project, folder: Path, name: str) -> None:
    """Take a file away that an earlier export of ``project`` wrote, unless it was changed since."""
    place = Path(os.path.abspath(folder))
    if os.path.lexists(folder / name) and not _foreign(project, place, [name]):
        try:
            (folder / name).unlink()
        except OSError as error:
            raise UserError(
                f"{folder / name} is of an earlier export and could not be taken away ({error.strerror}). Delete it, "
                "or choose another folder."
            ) from error


def is_still_ours(project: Project, folder: Path, name: str) -> bool:
    """Whether nothing else came to ``name`` in ``folder`` since ``project`` wrote it, or took it away."""
    return not _foreign(project, Path(os.path.abspath(folder)), [name])


def note_cancelled(project: Project, folder: Path) -> None:
    """Have the audit trail say that the export to ``folder`` was cancelled."""
    project.audit.note("export cancelled", folder=os.path.abspath(folder))


def left_over(project: Project, folder: Path, names: Container[str]) -> int:
    """How many files of earlier exports of ``project`` are in ``folder`` still, beside ``names``."""
    place = Path(os.path.abspath(folder))
    there = [name for name in project.exports.names(place) if name not in names and os.path.lexists(folder / name)]
    return len(there) - len(_foreign(project, place, there))


def _foreign(project: Project, folder: Path, names: Iterable[str]) -> list[str]:
    @functools.cache
    def by_name() -> frozenset[str]:
        return frozenset(project.settings.get_setting(_SETTING, {}).get(str(folder), []))

    def is_ours(name: str) -> bool:
        written = project.exports.find(folder, name)
        known = name in by_name() if written is None else is_as_written(folder / name, written)
        return known or project.exports.is_expected(folder, name)

    return [name for name in names if os.path.lexists(folder / name) and not is_ours(name)]
