"""Where the files of a COCO data set are: its JSON files, and the images and PNG files that these name."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from segstudio.domain.errors import UserError
from segstudio.formats.coco_json import looks_like_coco
from segstudio.formats.dataset import inside
from segstudio.formats.folder import is_mask_folder
from segstudio.imaging.find import PROJECT_SUFFIX, find_images


def find_annotation_files(folder: Path, masks: Path | None = None) -> list[Path]:
    """The JSON files with COCO's tables in ``masks``, or else ``folder``, and right below; never raises."""
    return sorted(path for path in _json(folder if masks is None else masks) if looks_like_coco(path))


def _json(root: Path) -> Iterable[Path]:
    below = []
    for entry in _entries(root):
        if entry.is_file() and entry.name.lower().endswith(".json"):
            yield Path(entry.path)
        elif entry.is_dir() and not entry.name.startswith(".") and not entry.name.lower().endswith(PROJECT_SUFFIX):
            below.append(entry.path)
    for child in below:
        yield from (Path(e.path) for e in _entries(child) if e.is_file() and e.name.lower().endswith(".json"))


def _entries(root: str | Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(root) as entries:
            return list(entries)
    except OSError:
        return []


class Folder:
    """Finds the files that JSON files name, wherever below the chosen folder they are.

    ``panoptic`` are the folders' names in which panoptic PNG files are: what lies there is no image.
    """

    def __init__(self, root: Path, masks: Path | None, panoptic: Sequence[str]) -> None:
        self.root = root
        self._panoptic = {name.casefold() for name in panoptic}
        files = find_images(root)
        self._images = [path for path in files if not self._in_panoptic(path, root)]
        self._index = _by_name(self._images)
        labels = [path for path in files if self._in_panoptic(path, root)]
        labels += [] if masks is None else find_images(masks)
        self._labels = _by_name(labels)

    def image(self, name: str, source: Path) -> Path:
        """The image that the JSON file ``source`` calls ``name``.

        Raises ``UserError`` where it leads out of the folder, is not there, or several files could be meant.
        """
        return self._file(name, source, self._index)

    def panoptic(self, name: str, source: Path) -> Path:
        """The PNG of object ids that ``source`` calls ``name``. Raises ``UserError`` like ``image``."""
        return self._file(name, source, self._labels)

    def beside(self, images: Iterable[Path]) -> list[Path]:
        """The images that lie in the same folders as ``images`` and are none of them."""
        known = set(images)
        folders = {path.parent for path in known}
        return [path for path in self._images if path.parent in folders and path not in known]

    def _file(self, name: str, source: Path, index: dict[str, list[Path]]) -> Path:
        # What is found lies below the root in any case; a name that points elsewhere meant another file.
        if ".." in name or ":" in name or name.startswith(("/", "\\")):
            inside(self.root, name)
        return _chosen(name, source.stem, index)

    def _in_panoptic(self, path: Path, root: Path) -> bool:
        return any(part.casefold() in self._panoptic for part in path.relative_to(root).parts[:-1])


def _by_name(paths: Iterable[Path]) -> dict[str, list[Path]]:
    index: dict[str, list[Path]] = defaultdict(list)
    for path in paths:
        index[path.name.casefold()].append(path)
    return index


def _chosen(name: str, source: str, index: dict[str, list[Path]]) -> Path:
    """Of the files of that name the one whose folders fit best: as ``name`` says, as ``source`` does, no masks'."""
    wanted = [part.casefold() for part in PurePosixPath(name.replace("\\", "/")).parts]
    candidates = index.get(wanted[-1], []) if wanted else []
    if not candidates:
        raise UserError(f"“{name}” is not in this folder, so it was left out.")
    words = set(source.casefold().replace("-", "_").split("_"))

    def fit(path: Path) -> tuple[int, bool, bool]:
        parts = [part.casefold() for part in path.parts]
        same = 0
        while same < len(wanted) and parts[-1 - same :][0] == wanted[-1 - same]:
            same += 1
        return same, parts[-2] in words, not any(is_mask_folder(part) for part in parts[-3:-1])

    best = max(map(fit, candidates))
    fitting = [path for path in candidates if fit(path) == best]
    if len(fitting) > 1:
        raise UserError(
            f"Several files are called “{name}”, so none of them was taken: nobody can tell which is meant."
        )
    return fitting[0]
