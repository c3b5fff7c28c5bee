"""The image files of a project: more of them, and where they are now."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from segstudio.app.catalog import Catalog
from segstudio.app.changes import Changes, Message
from segstudio.app.store_thread import StoreThread
from segstudio.app.thumbnails import Thumbnails
from segstudio.domain.annotation import ImageRecord
from segstudio.domain.counting import counted
from segstudio.domain.errors import UserError
from segstudio.imaging.find import is_image_name
from segstudio.imaging.reader import fingerprint
from segstudio.store.images import NewImage, same_file
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
        """Say where an image's file is now; its neighbours that moved or were renamed along are found too."""
        old = self._catalog.record(image_id).path

        def write(project: Project) -> list[ImageRecord]:
            project.images.relocate(image_id, path)
            if old.name == path.name:
                project.images.relocate_folder(old.parent, path.parent)
            return project.images.list_images()

        def moved(records: list[ImageRecord]) -> None:
            self._take_places(records)
            self._open_image(image_id)
            if old.name != path.name:
                self._find_renamed(path.parent)

        self._store.run(write, moved)

    def _find_renamed(self, folder: Path) -> None:
        """Find in ``folder`` what else is missing, by what is in the files: their names are others."""
        known = self._catalog.records

        def compute() -> dict[int, Path]:
            return _renamed(known, folder)

        def found(places: dict[int, Path]) -> None:
            if places:
                self._store.run(lambda project: _moved_all(project, places), self._take_places)

        self._store.beside(compute, found, lambda _error: None)

    def _take_places(self, records: Sequence[ImageRecord]) -> None:
        # Only what moved: the rest of a record may have changed here since the project was read.
        moved_to = {record.id: record for record in records}
        for known in self._catalog.all_rows:
            now = moved_to[known.origin]
            self._catalog.replace(replace(known, path=now.path, name=now.name, truth=now.truth, problem=now.problem))
        self._thumbnails.clear()
        self._announce(Changes(image_list=True))


def _renamed(known: Sequence[ImageRecord], folder: Path) -> dict[int, Path]:
    """Where images are whose file is missing: the one file in ``folder`` with the same content that no image has."""
    missing = [record for record in known if record.fingerprint and not os.path.exists(record.path)]
    times = Counter(record.fingerprint for record in known)
    if not missing:
        return {}
    taken, by_content = {same_file(record.path) for record in known}, defaultdict[str, list[Path]](list)
    for path in folder.iterdir():
        if is_image_name(path.name) and same_file(path) not in taken:
            with suppress(UserError):
                by_content[fingerprint(path)].append(path)
    found = {record.id: by_content.get(record.fingerprint, []) for record in missing if times[record.fingerprint] == 1}
    return {image_id: paths[0] for image_id, paths in found.items() if len(paths) == 1}


def _moved_all(project: Project, places: Mapping[int, Path]) -> list[ImageRecord]:
    with project.transaction():
        for image_id, path in places.items():
            if not os.path.exists(project.images.image(image_id).path):
                project.images.relocate(image_id, path)
    return project.images.list_images()
