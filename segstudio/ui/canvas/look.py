"""How one document is shown: what the overlay says, in which style, and how bright the image is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from segstudio.domain.segments import Color
from segstudio.imaging.display import NEUTRAL, Tone

__all__ = ["ADDED", "CHANGED", "DIFFERENCE_LEGEND", "NEUTRAL", "PLAIN", "REMOVED", "LegendEntry", "Look", "Tone"]

Style = Literal["fill", "outline", "both"]
Source = Literal["mask", "prediction", "difference", "none"]


@dataclass(frozen=True, slots=True)
class Look:
    """Everything about how a document is shown but the colours and the zoom.

    ``style`` is how segments are drawn; ``hatched`` gives each its own pattern besides its colour. ``source`` is what
    the overlay shows: the mask, the prediction alone, what the mask changed about the prediction, or nothing.
    ``doubt`` shows where the model is unsure. ``tone`` is about the image itself.
    """

    style: Style = "both"
    hatched: bool = False
    source: Source = "mask"
    doubt: bool = False
    tone: Tone = NEUTRAL


PLAIN = Look()
"""The mask's fill and outline over the image as it is."""


@dataclass(frozen=True, slots=True)
class LegendEntry:
    """One kind of difference: its number in the overlay, its words, its colour and the number of its hatch."""

    kind: int
    words: str
    color: Color
    pattern: int


ADDED, REMOVED, CHANGED = 1, 2, 3

# Blue, vermilion and yellow of Okabe & Ito (2008): told apart by lightness alone, too.
DIFFERENCE_LEGEND = (
    LegendEntry(ADDED, "added to the model's mask", (0, 114, 178), 0),
    LegendEntry(REMOVED, "removed from it", (213, 94, 0), 2),
    LegendEntry(CHANGED, "another segment", (240, 228, 66), 3),
)
"""What the colours and hatches of the difference between the model's mask and the mask mean."""
