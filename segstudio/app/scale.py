"""How large a pixel is: one number a project, for lengths in millimetres."""

from __future__ import annotations

import math
from collections.abc import Callable

from segstudio.app.changes import Changes
from segstudio.app.contents import MM_PER_PX
from segstudio.store.project_db import Project


class Scale:
    """Millimetres an image pixel; None where nobody said."""

    def __init__(
        self,
        mm_per_px: float | None,
        save: Callable[[Callable[[Project], object]], None],
        announce: Callable[[Changes], None],
    ) -> None:
        self.mm_per_px = mm_per_px
        self._save = save
        self._announce = announce

    def set(self, mm_per_px: float | None) -> None:
        """Keep it in the project. ``ValueError`` unless it is None or a number above 0."""
        if mm_per_px is not None and not (math.isfinite(mm_per_px) and mm_per_px > 0):
            raise ValueError(f"{mm_per_px} is no size of a pixel")
        if mm_per_px != self.mm_per_px:
            self.mm_per_px = mm_per_px
            self._save(lambda project: project.settings.set_setting(MM_PER_PX, mm_per_px))
            self._announce(Changes(scale=True))
