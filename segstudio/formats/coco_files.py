"""Where the files of a COCO data set are: its JSON files, and the images and PNG files that these name."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from segstudio.domain.errors import UserError
from segstudio.formats.coco_json import looks_like_coco
from segstudio.formats.dataset import inside
from segstudio.formats.folder import is_mask_folder
from segstudio.imaging.find import PROJECT_SUFFIX, find_images, is_file, is_folder

_SPLIT = re.compile(r"(train|training|val|valid|validation|test|testing)\d*")


def find_annotation_files(folder: Path, masks: Path | None = None) -> list[Path]:
    """The JSON files with COCO's tables in ``masks``, or else ``folder``, and right below; never raises."""
    return sorted(path for path in _json(folder if masks is None else masks) if looks_like_coco(path))


def _json(root: Path) -> Iterable[Path]:
    below = []
    for entry in _entries(root):
        if is_file(entry) and entry.name.lower().endswith(".json"):
            yield Path(entry.path)
        elif is_folder(entry) and not entry.name.startswith(".") and not entry.name.lower().endswith(PROJECT_SUFFIX):
            below.append(entry.path)
    for child in below:
        yield from (Path(e.path) for e in _entries(child) if is_file(e) and e.name.lower().endswith(".json"))


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
        # What the chosen folder is called says which images are in it only where the JSON files lie elsewhere.
        self._above = () if masks is None or masks.resolve().is_relative_to(root.resolve()) else (root.name,)
        self._index_by_source: dict[Path, dict[str, list[Path]]] = {}
        labels = [path for path in files if self._in_panoptic(path, root)]
        labels += [] if masks is None else find_images(masks)
        self._labels = _by_name(labels)

    def images(self, names: Sequence[str], source: Path) -> list[Path | UserError]:
        """The image that the JSON file ``source`` means by each of ``names``.

        ``UserError`` for a name that leads out of the folder, for an image that is not there, and where several files
        could be meant, or one by several names: an image that is missing must not leave its objects to another.
        """
        found = [self._try(name, source, names) for name in names]
        meant: dict[Path, set[str]] = defaultdict(set)
        for name, path in zip(names, found, strict=True):
            if isinstance(path, Path):
                meant[path].add(name)
        return [
            path if isinstance(path, UserError) or _is_sure(name, path, meant[path]) else _not_here(name)
            for name, path in zip(names, found, strict=True)
        ]

    def _try(self, name: str, source: Path, names: Sequence[str]) -> Path | UserError:
        try:
            return self._file(name, source, self._index_of(source, names))
        except UserError as error:
            return error

    def _index_of(self, source: Path, names: Sequence[str]) -> dict[str, list[Path]]:
        """The images that ``source`` may speak of: those in its own folder, if it lies among images of its own; not
        those of another part of the data set, if it says which part it is of."""
        if source in self._index_by_source:
            return self._index_by_source[source]
        index, home, parts = self._index, source.parent, _splits(_words(source.stem))
        if home != self.root and any(home in path.parents for name in names for path in index.get(_last(name), [])):
            index = _by_name(path for path in self._images if home in path.parents)
        elif parts:
            index = _by_name(
                path
                for path in self._images
                if not (own := _splits((*self._above, *path.relative_to(self.root).parts[:-1]))) or own & parts
            )
        self._index_by_source[source] = index
        return index

    def panoptic(self, name: str, source: Path) -> Path:
        """The PNG of object ids that ``source`` calls ``name``.

        Raises ``UserError`` where it leads out of the folder, is not there, or several files could be meant.
        """
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
    candidates = index.get(_last(name), [])
    if not candidates:
        raise _not_here(name)
    words = _words(source)

    def fit(path: Path) -> tuple[int, bool, bool]:
        parts = path.parts
        return _in_common(name, path), parts[-2].casefold() in words, not any(map(is_mask_folder, parts[-3:-1]))

    best = max(map(fit, candidates))
    fitting = [path for path in candidates if fit(path) == best]
    if len(fitting) > 1:
        raise UserError(
            f"Several files are called “{name}”, so none of them was taken: nobody can tell which is meant."
        )
    return fitting[0]


def _is_sure(name: str, path: Path, names: set[str]) -> bool:
    """Whether of all ``names`` that led to ``path`` this is the one that says most of where it lies."""
    closest = max(_in_common(other, path) for other in names)
    return [other for other in names if _in_common(other, path) == closest] == [name]


def _in_common(name: str, path: Path) -> int:
    """How many parts of ``name`` are those of ``path``, from the last one on."""
    wanted, parts = _parts(name), [part.casefold() for part in path.parts]
    same = 0
    while same < min(len(wanted), len(parts)) and parts[-1 - same] == wanted[-1 - same]:
        same += 1
    return same


def _parts(name: str) -> list[str]:
    return [part.casefold() for part in PurePosixPath(name.replace("\\", "/")).parts]


def _last(name: str) -> str:
    return (_parts(name) or [""])[-1]


def _words(stem: str) -> set[str]:
    return set(re.split(r"[-_. ]", stem.casefold()))


def _splits(words: Iterable[str]) -> set[str]:
    """Which part of a data set is spoken of: ``train2017`` and ``training`` are the same, as ``val`` and ``valid``."""
    return {part[1][:3] for word in words if (part := _SPLIT.fullmatch(word.casefold()))}


def _not_here(name: str) -> UserError:
    return UserError(f"“{name}” is not in this folder, so it was left out.")
