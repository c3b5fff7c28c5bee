"""Where Approve goes, in the user's words."""

from __future__ import annotations

from segstudio.domain.queue import Order, Pick, Reason

ORDER_WORDS: dict[Order, str] = {
    "list": "Go on in the list",
    "diverse": "Go to what the model learns most from",
    "uncertain": "Go to where the model is most unsure",
    "random": "Go to any image, by chance",
}
"""The choices, as they stand in the menu."""

_SHORT: dict[Reason, str] = {
    "unsure": "next: model is unsure",
    "unlike": "next: unlike the others",
    "apart": "next: new in the video",
    "chance": "next, by chance",
}
_LONG: dict[Reason, str] = {
    "unsure": "Comes next, because the model is unsure of it.",
    "unlike": "Comes next, because it is unlike what the model has learned from.",
    "apart": "Comes next, because it is far from the frames that are done.",
    "chance": "Comes next, by chance.",
}


def short_reason(pick: Pick) -> str:
    """What a row of the list has room for."""
    return _SHORT[pick.reason]


def long_reason(pick: Pick) -> str:
    """A sentence for its tooltip."""
    return _LONG[pick.reason]
