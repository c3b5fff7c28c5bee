"""What files are called among others: by their stem, and where several share it, with the folders that they lie in.

Such a name leads back to its file, whichever others are there by then. A number would not: which of two files is the
second depends on the first.
"""

from __future__ import annotations

import functools
import os
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

_LONGEST = 180
"""Bytes of a name; file systems take 255, and an ending or the number of a frame is still to come."""


def folded(name: str) -> str:
    """A name in one spelling of accents (macOS has another) and one letter case."""
    return unicodedata.normalize("NFC", name).casefold()


def stem_of(path: Path) -> str:
    """The name without its ending."""
    return path.stem


def own_stems(paths: Sequence[Path], stem: Callable[[Path], str] = stem_of) -> list[str | None]:
    """A name for each of ``paths`` that none of the others could have, without an ending; no two are alike.

    It is the ``stem``, for files that share it with as many folders in front as differ (``monday_scan``), for those of
    one folder with their ending (``scan.jpg``). None where even that does not tell files apart.
    """
    groups: dict[str, list[Path]] = defaultdict(list)
    for path in paths:
        groups[folded(stem(path))].append(path)
    named: dict[Path, str] = {}
    for group in groups.values():
        named |= {group[0]: stem(group[0])} if len(group) == 1 else _told_apart(group, stem)
    stems = [named[path] for path in paths]
    count = Counter(map(folded, stems))
    return [name if count[folded(name)] == 1 and len(os.fsencode(name)) <= _LONGEST else None for name in stems]


def possible_names(path: Path) -> Iterator[str]:
    """All that ``own_stems`` may ever call a file, ``folded``, what tells most of it first."""
    short, whole = folded(path.stem), folded(path.name)
    for front in _fronts(os.path.abspath(path.parent)):
        yield front + whole
        yield front + short


@functools.lru_cache(maxsize=256)
def _fronts(parent: str) -> tuple[str, ...]:
    """What may stand in front of the names of the files in a folder, the longest first."""
    fronts = [""]
    for folder in reversed(Path(parent).parts[1:]):
        fronts.append(f"{folded(folder)}_{fronts[-1]}")
    return tuple(reversed(fronts))


def _told_apart(group: Sequence[Path], stem: Callable[[Path], str]) -> dict[Path, str]:
    """The names of files that share a stem."""
    folders = {path: _folders(path) for path in group}
    keys = {path: tuple(map(folded, folders[path])) for path in group}
    places = Counter(keys.values())
    depth = 0
    while len({_last(key, depth) for key in places}) < len(places):
        depth += 1
    return {
        path: "_".join([*_last(folders[path], depth), stem(path) if places[keys[path]] == 1 else path.name])
        for path in group
    }


def _folders(path: Path) -> tuple[str, ...]:
    return Path(os.path.abspath(path)).parent.parts[1:]


def _last(parts: tuple[str, ...], count: int) -> tuple[str, ...]:
    return parts[max(0, len(parts) - count) :]
