"""Keys as the system that runs this has them, and as it writes them."""

from __future__ import annotations

import re
import sys

from PySide6.QtGui import QKeySequence

_TAKEN_ON_A_MAC = {"Ctrl+H": "Meta+H", "Ctrl+M": "Meta+M"}
"""What Qt calls Ctrl is the command key there, which with these hides the program and folds its window up. Meta is the
key that is called control there."""

_MODIFIERS = re.compile(r"(?:\b(?:Ctrl|Shift|Alt)\+)+(?=\S)")


def sequence(key: str) -> QKeySequence:
    """The key of a row of the table, on this system."""
    return QKeySequence(_TAKEN_ON_A_MAC.get(key, key) if sys.platform == "darwin" else key)


def key_text(key: str) -> str:
    """A key as it is written on keyboards here."""
    return sequence(key).toString(QKeySequence.SequenceFormat.NativeText)


def native(words: str) -> str:
    """``words`` with the modifiers in them as they are written here: the program's own name them as Qt does."""
    # Of a wheel or a click Qt knows no name, so it is asked about a letter that then goes.
    return _MODIFIERS.sub(lambda found: key_text(f"{found[0]}A").removesuffix("A"), words)
