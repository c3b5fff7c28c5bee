"""Small pictures of the images, read when they are first wanted."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from segstudio.app.catalog import Catalog
from segstudio.app.changes import Changes
from segstudio.app.loader import Loader

Picture = NDArray[np.uint8]


class Thumbnails:
    """(h, w, 3) uint8 by image id. Main thread only."""

    def __init__(self, loader: Loader, catalog: Catalog, announce: Callable[[Changes], None]) -> None:
        self._loader = loader
        self._catalog = catalog
        self._announce = announce
        self._pictures: dict[int, Picture | None] = {}

    def get(self, image_id: int) -> Picture | None:
        """The picture, or None while it is being read or if it cannot be."""
        if image_id not in self._pictures:
            self._pictures[image_id] = None

            def keep(picture: Picture | None) -> None:
                self._pictures[image_id] = picture
                self._announce(Changes(images=frozenset({image_id})))

            self._loader.thumbnail(self._catalog.record(image_id).path, keep)
        return self._pictures[image_id]

    def clear(self) -> None:
        """Read all of them afresh when they are next wanted."""
        self._pictures.clear()
