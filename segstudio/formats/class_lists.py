"""Lists of classes that lie beside masks: what a value or a colour in them means.

Known are JSON (``{"0": "sky"}``, ``{"sky": 0}``, ``["sky", "road"]`` or rows with ``id``, ``name`` and ``color``),
colour lists as CamVid's ``label_colors.txt`` (``64 128 64 Animal``), tables as ``class_dict.csv`` (``name,r,g,b``), and
plain names, one a line.
"""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segstudio.domain.errors import UserError
from segstudio.domain.segments import Color
from segstudio.formats.coco_json import read_json
from segstudio.formats.void_names import JUDGED
from segstudio.imaging.find import is_file

_NAMES = re.compile(
    r"(labels?|class(es)?|class_?(dict|names|list)|label_?(colou?rs?|map|names)|colou?r_?map|palette|categories|"
    r"codes|labelmap)\.(json|txt|csv)",
    re.IGNORECASE,
)
_HEADINGS = frozenset({
    "id", "index", "idx", "value", "number", "code", "pixel", "pixel value", "pixel_value", "class id", "class_id",
    "label id", "label_id", "train_id", "trainid", "name", "class", "label", "class name", "class_name", "label name",
    "label_name", "category", "description", "r", "g", "b", "red", "green", "blue",
})  # fmt: skip
_CVAT = re.compile(r"([^:]+):\s*(\d+),\s*(\d+),\s*(\d+)(?:\s*|(?::[^:]*){1,2})")
# Each is matched from one end only: tried from every place of a long line they would hold up the window.
_NUMBERS_FIRST = re.compile(r"\s*((?:\d+[\s:]+)*)")
_NUMBERS_LAST_REVERSED = re.compile(r"(?:\d+\s+)*")
_LARGEST = 4_000_000
_MOST = 65534


@dataclass(frozen=True, slots=True)
class Listed:
    """One class: the value that it has in grey masks, its name, and the colour that it has in coloured ones.

    ``judged`` is None where only the name can tell.
    """

    value: int
    name: str
    color: Color | None = None
    judged: bool | None = None


def find_class_list(*folders: Path) -> Path | None:
    """The first list of classes in one of ``folders``; looks at names only, and never raises."""
    for folder in folders:
        try:
            with os.scandir(folder) as entries:
                named = sorted(Path(e.path) for e in entries if is_file(e) and _NAMES.fullmatch(e.name))
        except OSError:
            continue
        if named:
            return named[0]
    return None


def read_class_list(path: Path) -> tuple[Listed, ...]:
    """The classes in rising order of their values, at least one. Raises ``UserError`` for what is no such list."""
    try:
        if path.stat().st_size > _LARGEST:
            raise ValueError("it is too large")
        listed = _from_json(read_json(path)) if path.suffix.lower() == ".json" else _from_text(_text(path))
        if not listed:
            raise ValueError("it is empty")
        values = [known.value for known in listed]
        if len(set(values)) < len(values):
            raise ValueError("it has a value twice")
        if min(values) < 0 or max(values) > _MOST:
            raise ValueError("a value is below 0 or too large")
    except OSError as error:
        raise UserError(f"“{path.name}” can't be read ({error.strerror or error}).") from error
    except (ValueError, TypeError, KeyError, csv.Error) as error:
        why = f" ({error})" if isinstance(error, ValueError) else ""
        raise UserError(
            f"“{path.name}” should say what the classes are called, and makes no sense{why}. Correct or move it."
        ) from error
    return tuple(sorted(listed, key=lambda known: known.value))


def _text(path: Path) -> str:
    return path.read_bytes().decode("utf-8-sig", "replace")


def _from_json(content: Any) -> list[Listed]:
    if isinstance(content, Mapping) and len(content) == 1:
        (inner,) = content.values()
        content = inner if isinstance(inner, list | dict) else content
    if isinstance(content, list):
        return [_row(row, index) for index, row in enumerate(content)]
    if not isinstance(content, Mapping):
        raise ValueError("it is no table")
    listed = []
    for key, said in content.items():
        if key.strip().isdecimal():
            listed.append(_row(said, int(key)))
        elif isinstance(said, int) and not isinstance(said, bool):
            listed.append(Listed(said, _name(key)))
        else:
            color = _color(said)
            if color is None:
                raise ValueError(f"“{key}” is no number")
            listed.append(Listed(len(listed), _name(key), color))
    return listed


def _row(row: Any, value: int) -> Listed:
    if isinstance(row, str):
        return Listed(value, _name(row))
    if not isinstance(row, Mapping):
        raise ValueError("a class has no name")
    own = row.get("id", row.get("value", value))
    if not isinstance(own, int) or isinstance(own, bool):
        raise ValueError("a value is no number")
    judged = row.get(JUDGED)
    color = _color(row.get("color", row.get("colour")))
    return Listed(own, _name(row.get("name", row.get("label"))), color, judged if isinstance(judged, bool) else None)


def _from_text(text: str) -> list[Listed]:
    rows = [_cells(line) for line in text.splitlines() if line.strip() and not line.lstrip().startswith(("//", "#"))]
    if len(rows) > 1 and _are_headings([cell.casefold() for cell in rows[0]]):
        rows = rows[1:]
    listed: list[Listed] = []
    for cells in rows:
        numbers = [index for index, cell in enumerate(cells) if cell.isdecimal()]
        names = [cell for cell in cells if not cell.isdecimal()]
        if len(names) == 0:
            raise ValueError(f"“{' '.join(cells)}” has no name")
        value = len(listed)
        color = None
        if len(numbers) >= 3:
            color = _color([int(cells[index]) for index in numbers[-3:]])
        if len(numbers) in (1, 4):
            value = int(cells[numbers[0]])
        listed.append(Listed(value, _name(" ".join(names)), color))
    return listed


def _are_headings(cells: Sequence[str]) -> bool:
    """Whether a first row says what is in the others; taken for a class, it would be all of the background."""
    if cells[1:4] in (["r", "g", "b"], ["red", "green", "blue"]):
        return True
    return len(cells) > 1 and all(cell in _HEADINGS for cell in cells)


def _cells(line: str) -> list[str]:
    """A line's cells: apart by commas, or else by blanks, where numbers stand in front of a name or behind it.

    ``road:128,64,128::`` is how CVAT writes a name and its colour.
    """
    cvat = _CVAT.fullmatch(line)
    if cvat is not None:
        return [cvat[1].strip(), cvat[2], cvat[3], cvat[4]]
    if "," in line:
        cells = next(csv.reader(io.StringIO(line)))
        return [cell.strip() for cell in cells if cell.strip()]
    first = _NUMBERS_FIRST.match(line)
    assert first is not None
    rest = line[first.end() :].rstrip()
    last = _NUMBERS_LAST_REVERSED.match(rest[::-1])
    assert last is not None
    name = rest[: len(rest) - last.end()]
    if not name:
        return line.split()
    return [*first[1].replace(":", " ").split(), name, *rest[len(name) :].split()]


def _name(said: Any) -> str:
    if not isinstance(said, str) or not said.strip():
        raise ValueError("a class has no name")
    return said.strip()


def _color(said: Any) -> Color | None:
    """Three numbers up to 255, or ``#rrggbb``; None for anything else."""
    if isinstance(said, str) and re.fullmatch(r"#[0-9a-fA-F]{6}", said):
        return int(said[1:3], 16), int(said[3:5], 16), int(said[5:7], 16)
    if not isinstance(said, Sequence) or isinstance(said, str) or len(said) not in (3, 4):
        return None
    if not all(isinstance(part, int) and 0 <= part <= 255 for part in said):
        return None
    return said[0], said[1], said[2]
