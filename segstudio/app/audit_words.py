"""Entries of the audit trail in words that people read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from segstudio.domain.audit import Entry
from segstudio.domain.counting import counted
from segstudio.store.paths import readable

_SHORT = 12


def when(entry: Entry) -> str:
    """The time of an entry on this computer's clock; as it stands where it is no time any more."""
    try:
        return datetime.fromisoformat(entry.when).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    except (TypeError, ValueError, OverflowError):
        return text(entry.when)


def details(entry: Entry) -> str:
    """What an entry says beside who, when and which kind, in one line."""
    told = entry.told
    parts = [words for word in _WORDS if (words := word(told))]
    parts += [f"{_name(key)} {_value(value)}" for key, value in told.items() if _is_worth_saying(key, value)]
    return text(", ".join(parts))


def text(value: object) -> str:
    """What was found in place of a text, as one that can be shown."""
    return readable(str(value))


def _pixels(told: Mapping[str, object]) -> str:
    pixels, box = told.get("pixels"), told.get("box")
    if not isinstance(pixels, int):
        return ""
    where = ""
    if isinstance(box, list) and len(box) == 4 and all(isinstance(side, int) for side in box):
        x0, y0, x1, y1 = box
        where = f" in {x1 - x0} × {y1 - y0} at ({x0}, {y0})"
    return f"{pixels:,} px{where}"


def _field(key: str, words: str) -> Callable[[Mapping[str, object]], str]:
    return lambda told: words.format(_value(told[key])) if told.get(key) not in (None, "") else ""


def _named(told: Mapping[str, object]) -> str:
    return text(told.get("name", ""))


def _setting(told: Mapping[str, object]) -> str:
    return f"{_name(str(told['key']))} {_value(told.get('value'))}" if "key" in told else ""


def _segments(told: Mapping[str, object]) -> str:
    rows = told.get("segments")
    names = [str(row[3]) for row in rows if isinstance(row, list) and len(row) > 3] if isinstance(rows, list) else []
    return ", ".join(names)


def _classes(told: Mapping[str, object]) -> str:
    rows = told.get("classes")
    if not isinstance(rows, list):
        return ""
    return ", ".join(str(row["name"]) if isinstance(row, dict) and "name" in row else str(row) for row in rows)


def _count(told: Mapping[str, object]) -> str:
    count = told.get("count")
    if not isinstance(count, int):
        return ""
    # What says the first and the last of them counts images.
    return counted(count, "image") if "first" in told else f"{count:,}"


def _ended(told: Mapping[str, object]) -> str:
    return "no longer approved" if told.get("approved") is False else ""


_WORDS: tuple[Callable[[Mapping[str, object]], str], ...] = (
    _named,
    _setting,
    _segments,
    _classes,
    _count,
    _pixels,
    _ended,
    # Of one image they are counted from 1, as the list of its versions does.
    _field("version", "version {} of the project"),
    _field("mask", "mask {}"),
    _field("round", "round {}"),
    _field("weights", "weights {}"),
)
_SAID = {
    "name", "key", "value", "segments", "classes", "count", "first", "last", "pixels", "box", "edit", "version", "mask",
    "round", "weights", "file", "png",
}  # fmt: skip


def _is_worth_saying(key: str, value: object) -> bool:
    """Not what was said already, nor what is not so, nor the digest of what has no other word."""
    return key not in _SAID and value not in ("", False) and not _is_digest(value)


def _is_digest(value: object) -> bool:
    return isinstance(value, str) and len(value) == 64 and not set(value) - set("0123456789abcdef")


def _name(key: str) -> str:
    return key.replace("_", " ")


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if _is_digest(value):
        return f"{str(value)[:_SHORT]}…"
    if isinstance(value, list):
        return ", ".join(_value(item) for item in value)
    if isinstance(value, dict):
        return " ".join(f"{_name(key)} {_value(item)}" for key, item in value.items())
    if isinstance(value, float):
        return f"{value:.6g}"
    return "–" if value is None else str(value)
