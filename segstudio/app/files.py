"""The image files of a project: more of them, and where they are now."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from segstudio.app.catalog import Catalog
from segstudio.app.changes import Changes, Message
from segstudio.app.store_thread import StoreThread
from segstudio.app.thumbnails import Thumbnails
from segstudio.domain.annotation import ImageRecord
from segstudio.domain.counting import counted
from segstudio.store.images import NewImage
from segstudio.store.project_db import Project


class Files:
    """Every method returns at once. ``on_added`` is called when rows have come, ``open_image`` for one that moved."""

    def __init__(
        self,
        store: StoreThread,
        catalog: Catalog,
        thumbnails: Thumbnails,
        announce: Callable[[Changes], None],
        on_added: Callable[[], None],
        open_image: Callable[[int], None],
    ) -> None:
        self._store = store
        self._catalog = catalog
        self._thumbnails = thumbnails
        self._announce = announce
        self._on_added = on_added
        self._open_image = open_image

    def add(self, paths: Sequence[Path]) -> None:
        """Add files to the project; those that it has already are skipped."""
        items = [NewImage(path) for path in paths]

        def write(project: Project) -> list[ImageRecord]:
            project.images.add_images(items)
            return project.images.list_images()

        def added(records: list[ImageRecord]) -> None:
            new = self._catalog.extend(records)
            self._announce(Changes(image_list=True, message=Message(f"{counted(new, 'image')} added.", key="added")))
            self._on_added()

        self._store.run(write, added)

    def relocate(self, image_id: int, path: Path) -> None:
        """Say where an image's file is now; its neighbours that moved along are found too."""
        old = self._catalog.record(image_id).path

        def write(project: Project) -> list[ImageRecord]:
            project.images.relocate(image_id, path)
            if old.name == path.name:
                project.images.relocate_folder(old.parent, path.parent)
            return project.images.list_images()

        def moved(records: list[ImageRecord]) -> None:
            # Only what moved: the rest of a record may have changed here since the project was read.
            moved_to = {record.id: record for record in records}
            for known in self._catalog.all_rows:
                now = moved_to[known.origin]
                self._catalog.replace(
                    replace(known, path=now.path, name=now.name, truth=now.truth, problem=now.problem)
                )
            self._thumbnails.clear()
            self._announce(Changes(image_list=True))
            self._open_image(image_id)

        self._store.run(write, moved)
