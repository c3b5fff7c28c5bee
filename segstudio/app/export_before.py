"""What was in the place of exported files before, so that an export that is cancelled leaves it as it was."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from segstudio.app.export_claim import is_still_ours, remember
from segstudio.domain.errors import UserError
from segstudio.store.project_db import Project

_FOLDER = "replaced"
"""In the project's folder: what an export that goes on has replaced so far."""


class Before:
    """The files of one export into ``folder``. On the store thread."""

    def __init__(self, project: Project, folder: Path) -> None:
        self._folder = folder
        self._kept = project.folder / _FOLDER
        self._copies: dict[str, Path | None] = {}
        self._made = [place for place in (folder, *folder.parents) if not os.path.lexists(place)]
        shutil.rmtree(self._kept, ignore_errors=True)

    def keep(self, names: Iterable[str]) -> None:
        """These are about to be written, or taken away. Raises ``UserError`` where there is no room to keep them."""
        for name in names:
            if name not in self._copies:
                self._copies[name] = self._copy(name)

    def bring_back(self, project: Project) -> int:
        """Make all as it was; how many files could not be, since something else came to their place."""
        failed = 0
        for name, copy in self._copies.items():
            try:
                if not is_still_ours(project, self._folder, name):
                    failed += 1
                elif copy is None:
                    (self._folder / name).unlink(missing_ok=True)
                else:
                    self._put_back(copy, self._folder / name)
                    remember(project, self._folder, [name])
            except OSError:
                failed += 1
        for place in [*{(self._folder / name).parent for name in self._copies} - {self._folder}, *self._made]:
            # What others put there meanwhile holds a folder, and so does a file that could not be taken away.
            with suppress(OSError):
                place.rmdir()
        self.forget()
        return failed

    def forget(self) -> None:
        """What was there before is not wanted any more."""
        self._copies = {}
        shutil.rmtree(self._kept, ignore_errors=True)

    def _copy(self, name: str) -> Path | None:
        path, copy = self._folder / name, self._kept / str(len(self._copies))
        if not os.path.lexists(path):
            return None
        try:
            self._kept.mkdir(exist_ok=True)
            shutil.copy2(path, copy)
        except OSError as error:
            raise UserError(
                f"{path} is of an earlier export and could not be kept ({error.strerror}), so it was left as it is."
            ) from error
        return copy

    @staticmethod
    def _put_back(copy: Path, path: Path) -> None:
        beside = path.with_name(f".segstudio-{copy.name}.part")
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            shutil.copy2(copy, beside)
            os.replace(beside, path)
        finally:
            beside.unlink(missing_ok=True)
