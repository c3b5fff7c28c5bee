"""Which exported masks are a project's own, so that an export never overwrites what others made.

A project remembers, by folder, the files that it exported there. A file that it does not remember may be somebody's
ground truth.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from segstudio.domain.errors import UserError
from segstudio.store.project_db import Project

_SETTING = "exported"


def claim(project: Project, folder: Path, paths: Sequence[Path]) -> None:
    """Remember that ``project`` exports ``paths``, all in ``folder``; makes the folder. On the store thread.

    Raises ``UserError``, and changes nothing, if one of them is there already and was not exported from ``project``,
    or if the folder cannot be made.
    """
    key = os.path.abspath(folder)
    remembered = project.settings.get_setting(_SETTING, {})
    ours = set(remembered.get(key, []))
    names = {path: path.relative_to(folder).as_posix() for path in paths}
    foreign = [name for path, name in names.items() if name not in ours and os.path.lexists(path)]
    if foreign:
        more = "" if len(foreign) == 1 else f" and {len(foreign) - 1} more"
        raise UserError(
            f"{folder} already holds {foreign[0]}{more}, which this project did not export. "
            "Nothing was written; choose another folder."
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"The folder {folder} could not be made: {error.strerror}. Choose another one.") from error
    with project.transaction():
        project.settings.set_setting(_SETTING, {**remembered, key: sorted(ours | set(names.values()))})
        project.audit.note("export", folder=key, files=len(paths))
