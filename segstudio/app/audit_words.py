"""Entries of the audit trail in words that people read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from segstudio.app.adjudication import TITLES
from segstudio.domain.audit import Entry
from segstudio.domain.counting import counted
from segstudio.store.paths import readable

_SHORT = 12

_DONE = {
    "adjudicate": "decided between readings",
    "agreement looked at": "agreement of readers shown",
    "classes": "classes changed",
    "compare readings": "both readings compared",
    "export": "masks exported",
    "found approved": "approved before the trail",
    "reader": "reader named",
    "reject": "rejected",
    "report": "report written",
    "round in use": "round taken into use",
    "scale": "scale set",
    "segments": "segments changed",
    "setting": "setting changed",
    "show model": "model's mask asked for",
    "take reading": "reading taken",
    "use again": "rejection taken back",
}
"""What was done, where the word that is sealed is the program's own; it stays as it is in the trail and its table."""

_ABOUT_IMAGES = ("agreement looked at", "readings without a name claimed")
"""Kinds whose count is of images."""


def done(entry: Entry) -> str:
    """What was done, in words."""
    return text(_DONE.get(entry.kind, entry.kind))


def when(entry: Entry) -> str:
    """When it was; see ``local_time``."""
    return local_time(entry.when)


def local_time(moment: str, zone: str = "") -> str:
    """An ISO time on this computer's clock, with how far that is from UTC; as it stands where it is no time.

    ``zone`` comes before that, where it must be said what "+01:00" is counted from.
    """
    try:
        local = datetime.fromisoformat(moment).astimezone().isoformat(" ", "seconds")
    except (TypeError, ValueError, OverflowError):
        return text(moment)
    return f"{local[:19]} {zone}{local[19:]}"


def details(entry: Entry) -> str:
    """What an entry says beside who, when and which kind, in one line."""
    told = entry.told
    if entry.kind in _ABOUT_IMAGES:
        told = {"first": None, **told}
    parts = [words for word in _WORDS if (words := word(told))]
    parts += [f"{_name(key)} {_value(value)}" for key, value in told.items() if _is_worth_saying(key, value, told)]
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


def _files(told: Mapping[str, object]) -> str:
    files = told.get("files")
    return counted(files, "file") if isinstance(files, int) else ""


def _images(told: Mapping[str, object]) -> str:
    images = told.get("images")
    if not isinstance(images, int):
        return ""
    # What has a score says how many of those kept aside it is of.
    return f"Dice {_value(told['dice'])} on {counted(images, 'image')}" if "dice" in told else counted(images, "image")


def _taken(told: Mapping[str, object]) -> str:
    return next((words[len("Take ") :] for which, words in TITLES.items() if which == told.get("which")), "")


def _identifiers(told: Mapping[str, object]) -> str:
    return "with names of files and people" if told.get("identifiers") is True else ""


def _ended(told: Mapping[str, object]) -> str:
    return "no longer approved" if told.get("approved") is False else ""


_WORDS: tuple[Callable[[Mapping[str, object]], str], ...] = (
    _named,
    _setting,
    _segments,
    _classes,
    _count,
    _files,
    _images,
    _pixels,
    _taken,
    _identifiers,
    _ended,
    _field("mm_per_px", "{} mm a pixel"),
    # Of one image they are counted from 1, as the list of its versions does.
    _field("version", "version {} of the project"),
    _field("mask", "mask {}"),
    _field("round", "round {}"),
    _field("weights", "weights {}"),
    lambda told: "held out" if told.get("held_out") is True else "",
)
_SAID = {
    "name", "key", "value", "segments", "classes", "count", "first", "last", "pixels", "box", "edit", "version", "mask",
    "round", "weights", "file", "png",
}  # fmt: skip
_KEYS = {"mm_per_px": "mm a pixel"}
_SAID_ELSEWHERE: tuple[tuple[str, Callable[[Mapping[str, object]], str]], ...] = (
    ("files", _files), ("images", _images), ("dice", _images), ("which", _taken), ("identifiers", _identifiers),
)  # fmt: skip
"""What is said in a word of its own where that has one; whatever else stands there is said as it is."""


def _is_worth_saying(key: str, value: object, told: Mapping[str, object]) -> bool:
    """Not what was said already, nor what is not so, nor the digest of what has no other word."""
    if key in _SAID or value in ("", False) or _is_digest(value) or (key, value) == ("held_out", True):
        return False
    if key == "mm_per_px" and value is not None:
        return False
    return not any(key == own and word(told) for own, word in _SAID_ELSEWHERE)


def _is_digest(value: object) -> bool:
    return isinstance(value, str) and len(value) == 64 and not set(value) - set("0123456789abcdef")


def _name(key: str) -> str:
    return _KEYS.get(key, key.replace("_", " "))


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
