"""COCO's JSON files (Lin et al., 2014; panoptic: Kirillov et al., 2019), checked and in types of their own.

Whoever wrote such a file may have been wrong or unfriendly: every number and name that leads to an allocation or to a
file is looked at first, and what does not fit is a ``UserError`` that names the file.
"""

from __future__ import annotations

import contextlib
import gc
import json
import mmap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from segstudio.domain.errors import UserError
from segstudio.formats.void_names import JUDGED
from segstudio.imaging.reader import MAX_PIXELS

LARGEST = 1_500_000_000
"""The most bytes of JSON that are read; COCO's own largest file has 470 MB."""

_KEYS = (b'"images"', b'"annotations"', b'"categories"')


@dataclass(frozen=True, slots=True)
class Category:
    """A class as the file has it; ``thing`` and ``void`` are None where the file does not say."""

    id: int
    name: str
    thing: bool | None = None
    void: bool | None = None
    color: tuple[int, int, int] | None = None
    keypoints: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Annotated:
    """One object. ``shape`` is as in the file: polygons, run lengths, or None for an object without a mask.

    In panoptic files ``id`` is the object's value in the PNG.
    """

    id: int
    category: int
    shape: Any = None
    crowd: bool = False
    keypoints: tuple[float, ...] = ()


@dataclass(frozen=True)
class Picture:
    """One image as the file has it; ``panoptic`` is the name of its PNG of object ids, where the file is of that kind.

    ``width`` and ``height`` are 0 where the file does not say.
    """

    name: str
    width: int
    height: int
    objects: list[Annotated] = field(default_factory=list)
    panoptic: str | None = None


@dataclass(frozen=True)
class CocoFile:
    """What one JSON file says. ``pictures`` are in the file's order, by id."""

    path: Path
    pictures: Mapping[int, Picture]
    categories: Mapping[int, Category]
    orphans: int = 0

    @property
    def panoptic(self) -> bool:
        """Whether its masks are PNG files of object ids."""
        return any(picture.panoptic is not None for picture in self.pictures.values())


def looks_like_coco(path: Path) -> bool:
    """Whether a JSON file has COCO's three tables; reads names only, and never raises."""
    try:
        if path.stat().st_size > LARGEST:
            return False
        with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return all(content.find(key) >= 0 for key in _KEYS)
    except (OSError, ValueError):
        return False


def read_coco(path: Path) -> CocoFile:
    """Read and check one file. Raises ``UserError`` where it can't be read or is not as COCO has it."""
    content = read_json(path)
    try:
        return _parsed(path, content)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        detail = f" ({error.args[0]})" if isinstance(error, _Wrong) else ""
        raise UserError(
            f"“{path.name}” is not as COCO writes it{detail}, so nothing was read from it. "
            "Export it again from the program that made it."
        ) from error


def read_json(path: Path) -> Any:
    """The content of a JSON file. Raises ``UserError`` where it can't be read, is none, or is too large."""
    try:
        if path.stat().st_size > LARGEST:
            raise UserError(
                f"“{path.name}” is larger than {LARGEST // 10**6} MB and was not read. Split it into parts."
            )
        with open(path, encoding="utf-8-sig") as file, _no_collection():
            return json.load(file)
    except OSError as error:
        raise UserError(
            f"“{path.name}” can't be read ({error.strerror or error}). Check that its drive is connected and try again."
        ) from error
    except (ValueError, RecursionError) as error:
        where = f" in line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise UserError(f"“{path.name}” is damaged{where}: it is no JSON. Copy it again, or export it anew.") from error
    except MemoryError as error:
        raise UserError(f"There isn't enough memory to read “{path.name}”. Split it into parts.") from error


@contextlib.contextmanager
def _no_collection() -> Iterator[None]:
    """Millions of new objects, none of them garbage: the collector would go through all of them again and again."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class _Wrong(ValueError):
    """What is wrong, in words for the user."""


def _parsed(path: Path, content: Any) -> CocoFile:
    if not isinstance(content, dict):
        raise _Wrong("it is no table of images, annotations and categories")
    categories: dict[int, Category] = {}
    for known in map(_category, _rows(content, "categories")):
        if categories.setdefault(known.id, known).name != known.name:
            raise _Wrong(f"two categories have the id {known.id}, so nobody can tell which is meant")
    pictures: dict[int, Picture] = {}
    for row in _rows(content, "images"):
        image_id, picture = _whole(row, "id", "images"), _picture(row)
        if pictures.setdefault(image_id, picture).name != picture.name:
            raise _Wrong(f"two images have the id {image_id}, so nobody can tell whose objects are whose")
    orphans = 0
    for row in _rows(content, "annotations"):
        image_id = _whole(row, "image_id", "annotations")
        if image_id not in pictures:
            orphans += 1
            continue
        picture = pictures[image_id]
        if "segments_info" in row:
            name = _text(row, "file_name", "annotations")
            pictures[image_id] = Picture(picture.name, picture.width, picture.height, picture.objects, name)
            picture.objects.extend(_object(known, categories) for known in _rows(row, "segments_info"))
        else:
            picture.objects.append(_object(row, categories))
    return CocoFile(path, pictures, categories, orphans)


def _rows(table: Mapping[str, Any], key: str) -> Iterator[Mapping[str, Any]]:
    rows = table.get(key)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise _Wrong(f"“{key}” is no list")
    return iter(rows)


def _category(row: Mapping[str, Any]) -> Category:
    thing, color, judged = row.get("isthing"), row.get("color"), row.get(JUDGED)
    void = True if row.get("supercategory") == "void" else None
    return Category(
        _whole(row, "id", "categories"),
        _text(row, "name", "categories").strip(),
        None if thing is None else bool(thing),
        not judged if isinstance(judged, bool) else void,
        _color(color) if isinstance(color, list) else None,
        tuple(str(name) for name in row.get("keypoints") or ()),
    )


def _color(values: list[Any]) -> tuple[int, int, int] | None:
    if len(values) != 3 or not all(isinstance(value, int) and 0 <= value <= 255 for value in values):
        return None
    return values[0], values[1], values[2]


def _picture(row: Mapping[str, Any]) -> Picture:
    width, height = (_whole(row, side, "images") if side in row else 0 for side in ("width", "height"))
    if width < 0 or height < 0 or width * height > MAX_PIXELS:
        raise _Wrong(f"an image has {width} × {height} pixels")
    return Picture(_text(row, "file_name", "images"), width, height)


def _object(row: Mapping[str, Any], categories: Mapping[int, Category]) -> Annotated:
    category = _whole(row, "category_id", "annotations")
    if category not in categories:
        raise _Wrong(f"an annotation is of category {category}, which is not listed")
    keypoints = _numbers(row.get("keypoints") or ())
    return Annotated(
        _whole(row, "id", "annotations") if "id" in row else 0,
        category,
        row.get("segmentation") or None,
        bool(row.get("iscrowd")),
        keypoints,
    )


def _numbers(values: Iterable[Any]) -> tuple[float, ...]:
    numbers = tuple(float(value) for value in values)
    return numbers if len(numbers) % 3 == 0 else ()


def _whole(row: Mapping[str, Any], key: str, table: str) -> int:
    value = row.get(key)
    # Some programs write ids as text, or as 12.0.
    if isinstance(value, str) and value.strip().lstrip("-").isdecimal():
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise _Wrong(f"“{key}” in “{table}” is no whole number")
    return value


def _text(row: Mapping[str, Any], key: str, table: str) -> str:
    value = row.get(key)
    if not isinstance(value, str) or not value.strip() or "\0" in value:
        raise _Wrong(f"“{key}” in “{table}” is no name")
    return value
