"""What was in the place of exported files before, so that an export that is cancelled leaves it as it was."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from segstudio.app.export_claim import check_outside, is_still_ours, remember
from segstudio.domain.errors import UserError
from segstudio.store.project_db import Project

_FOLDER = "replaced"
"""In the project's folder: what an export that goes on has replaced so far."""

_AT_ONCE = 0.1
"""Seconds that strokes wait to be saved, at most, while files are brought back."""


class Before:
    """The files of one export into ``folder``. On the store thread.

    Raises ``UserError`` where ``folder`` is one of the project's own, as that in which they are kept.
    """

    def __init__(self, project: Project, folder: Path) -> None:
        self._folder = folder
        self._kept = project.folder / _FOLDER
        check_outside(project, folder)
        self._copies: dict[str, Path | None] = {}
        self._count = 0
        self._made = [place for place in (folder, *folder.parents) if not os.path.lexists(place)]
        self._below: list[Path] = []
        self.failed = 0
        """How many files could not be made as they were, since something else came to their place, or the disk ended
        it."""
        self.unknown: UserError | None = None
        """Why the project could not note of files that are back that they are its own."""
        sweep(project)

    def keep(self, names: Iterable[str]) -> None:
        """These are about to be written, or taken away. Raises ``UserError`` where there is no room to keep them."""
        for name in names:
            if name not in self._copies:
                self._copies[name] = self._copy(name)
                parent = (self._folder / name).parent
                if parent != self._folder and parent not in self._below and not os.path.lexists(parent):
                    self._below.append(parent)

    def bring_back(self, project: Project) -> bool:
        """Make some of it as it was, for a moment; whether there is more to do. ``failed`` and ``unknown`` say how."""
        deadline = time.monotonic() + _AT_ONCE
        back = []
        # What was not there before goes first, so that a full disk has room for what was.
        for name in sorted(self._copies, key=lambda name: self._copies[name] is not None):
            if self._is_back(project, name, self._copies.pop(name)):
                back.append(name)
            if time.monotonic() > deadline:
                break
        try:
            remember(project, self._folder, back)
        except UserError as error:
            self.unknown = error
        if self._copies:
            return True
        for place in [*self._below, *self._made]:
            # What others put there meanwhile holds a folder, and so does a file that could not be taken away.
            with suppress(OSError):
                place.rmdir()
        self.forget(project)
        return False

    def forget(self, project: Project) -> None:
        """What was there before is not wanted any more."""
        self._copies = {}
        sweep(project)

    def _copy(self, name: str) -> Path | None:
        path, copy = self._folder / name, self._kept / str(self._count)
        if not os.path.lexists(path):
            return None
        self._count += 1
        try:
            self._kept.mkdir(exist_ok=True)
            shutil.copy2(path, copy)
        except OSError as error:
            raise UserError(
                f"{path} is of an earlier export and could not be kept ({error.strerror}), so it was left as it is."
            ) from error
        return copy

    def _is_back(self, project: Project, name: str, copy: Path | None) -> bool:
        """Whether a file that was there before is there again."""
        try:
            if not is_still_ours(project, self._folder, name):
                self.failed += 1
            elif copy is None:
                (self._folder / name).unlink(missing_ok=True)
            else:
                _put_back(copy, self._folder / name)
                return True
        except (OSError, UserError):
            self.failed += 1
        return False


def sweep(project: Project) -> None:
    """Remove what an export kept, also one that the program ended in; its files are called by numbers.

    A link in place of the folder, which somebody made, goes: where it leads is not the project's.
    """
    kept = project.folder / _FOLDER
    with suppress(OSError):
        if kept.is_symlink():
            kept.unlink()
        for copy in list(kept.iterdir()):
            if copy.name.isdecimal():
                copy.unlink()
        kept.rmdir()


def _put_back(copy: Path, path: Path) -> None:
    beside = path.with_name(f".segstudio-{copy.name}.part")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        shutil.copy2(copy, beside)
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)
