"""Small pictures of the images, read when they are first wanted."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from segstudio.app.catalog import Catalog
from segstudio.app.changes import Changes
from segstudio.app.loader import Loader

Picture = NDArray[np.uint8]

AT_ONCE = 2
"""Pictures asked of the loader at a time: one in work, one so that it never waits."""

MOST_WAITING = 60
"""Pictures that are remembered to be read; more than a screen full nobody looks at."""


MOST_KEPT = 2000
"""Pictures that are kept, some 20 kB each: of a hundred thousand frames that somebody goes through they were 2 GB."""


class Thumbnails:
    """(h, w, 3) uint8 by image id. Main thread only."""

    def __init__(self, loader: Loader, catalog: Catalog, announce: Callable[[Changes], None]) -> None:
        self._loader = loader
        self._catalog = catalog
        self._announce = announce
        self._pictures: dict[int, Picture | None] = {}
        self._waiting: list[int] = []
        self._reading = 0

    def get(self, image_id: int) -> Picture | None:
        """The picture, or None while it is being read or if it cannot be."""
        if image_id not in self._pictures:
            self._pictures[image_id] = None
            self._waiting.append(image_id)
            if len(self._waiting) > MOST_WAITING:
                # Scrolled past long ago: it is asked for again when it is looked at.
                self._pictures.pop(self._waiting.pop(0), None)
            self._read_next()
        return self._pictures[image_id]

    def _read_next(self) -> None:
        """What was asked for last is looked at now, so it comes first."""
        while self._waiting and self._reading < AT_ONCE:
            image_id = self._waiting.pop()
            self._reading += 1
            self._loader.thumbnail(
                self._catalog.record(image_id).path,
                lambda picture, image_id=image_id: self._keep(image_id, picture),  # type: ignore[misc]
            )

    def _keep(self, image_id: int, picture: Picture | None) -> None:
        self._reading -= 1
        self._pictures[image_id] = picture
        while len(self._pictures) > MOST_KEPT:
            # The one that was asked for first: whoever comes back to it has it read again.
            del self._pictures[next(iter(self._pictures))]
        self._announce(Changes(thumbnails=frozenset({image_id})))
        self._read_next()

    def clear(self) -> None:
        """Read all of them afresh when they are next wanted."""
        self._pictures.clear()
        self._waiting.clear()
