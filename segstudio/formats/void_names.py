"""What data sets call the class that nobody judges, and the one that is nothing."""

from __future__ import annotations

_VOID = {
    "void", "unlabelled", "unlabeled", "unlabel", "ignore", "ignored", "unknown", "dontcare", "don't care", "dont care",
    "not judged", "unannotated", "undefined",
}  # fmt: skip
_NOTHING = {"background", "_background_", "bg", "null", "none", "nothing"}
_MARK = " (not judged)"


JUDGED = "judged"
"""The key by which our files say of a class whether it is judged, where its name would be taken otherwise."""


def means_void(name: str) -> bool:
    """Whether a class of this name is neither right nor wrong."""
    return name.strip().casefold() in _VOID or name.endswith(_MARK)


def means_nothing(name: str) -> bool:
    """Whether a class of this name is the background."""
    return name.strip().casefold() in _NOTHING


def in_a_list(name: str, void: bool) -> str | dict[str, str | bool]:
    """A class for a list of names: its name, marked if it is ``void``; a row where that would be read otherwise."""
    plain = name + _MARK if void and not means_void(name) else name
    read = unmarked(plain), means_void(plain), means_nothing(plain)
    return plain if read == (name, void, False) else {"name": name, JUDGED: not void}


def unmarked(name: str) -> str:
    """The name without the mark of ``in_a_list``."""
    return name.removesuffix(_MARK)
