"""What is known of the image on the canvas as a whole. Main thread only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from segstudio.app.changes import Changes
from segstudio.app.store_thread import StoreThread

T = TypeVar("T")


class Attributes:
    """Read when another image is shown; few are looked at, so the others are left where they are."""

    def __init__(self, store: StoreThread, announce: Callable[[Changes], None]) -> None:
        self._store = store
        self._announce = announce
        self._image_id: int | None = None
        self.shown: Mapping[str, str] = {}

    def follow(self, image_id: int | None) -> None:
        """Another image is on the canvas, or none."""
        if image_id == self._image_id:
            return
        self._image_id = image_id
        self._keep(image_id, {})
        if image_id is not None:
            self._store.run(
                lambda project: project.attributes.of(image_id),
                lambda found: self._keep(image_id, found),
            )

    def look_up(self, call: Callable[[Mapping[int, Mapping[str, str]]], T], done: Callable[[T], None]) -> None:
        """Give ``done`` what ``call`` makes, off this thread, of what is known of all images, by image id."""
        self._store.run(lambda project: call(project.attributes.all()), done)

    def _keep(self, image_id: int | None, found: Mapping[str, str]) -> None:
        if image_id == self._image_id and found != self.shown:
            self.shown = found
            self._announce(Changes(attributes=True))
