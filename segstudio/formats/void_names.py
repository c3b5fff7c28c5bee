"""What data sets call the class that nobody judges, and the one that is nothing."""

from __future__ import annotations

_VOID = {
    "void", "unlabelled", "unlabeled", "unlabel", "ignore", "ignored", "unknown", "dontcare", "don't care", "dont care",
    "not judged", "unannotated", "undefined",
}  # fmt: skip
_NOTHING = {"background", "_background_", "bg", "null", "none", "nothing"}
_MARK = " (not judged)"


def means_void(name: str) -> bool:
    """Whether a class of this name is neither right nor wrong."""
    return name.strip().casefold() in _VOID or name.endswith(_MARK)


def means_nothing(name: str) -> bool:
    """Whether a class of this name is the background."""
    return name.strip().casefold() in _NOTHING


def marked_void(name: str) -> str:
    """The name for a file that knows names only, by which ``means_void`` knows that it is not judged."""
    return name if means_void(name) else name + _MARK


def unmarked(name: str) -> str:
    """The name without what ``marked_void`` added."""
    return name.removesuffix(_MARK)
