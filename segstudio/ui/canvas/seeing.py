"""How a user likes to see images and masks: kept for this computer, but for the tone, which is about the images."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal, get_args

from PySide6.QtCore import QObject, Signal

from segstudio.app.document import Document
from segstudio.app.settings import Settings
from segstudio.imaging.display import NEUTRAL, Tone
from segstudio.ui.canvas.look import Look, Source, Style

_KEY = "seeing"

Reading = Literal["image", "model", "difference", "truth"]
"""What the second view shows: the image alone, the model's mask, what was corrected, the mask to compare with."""

_CHOICES: dict[str, tuple[str, ...]] = {"style": get_args(Style), "reading": get_args(Reading)}


@dataclass(frozen=True)
class Sight:
    """What is shown besides image and mask, and how the mask is drawn."""

    style: Style = "both"
    hatched: bool = False
    doubt: bool = False
    grid: bool = False
    rulers: bool = False
    loupe: bool = False
    navigator: bool = True
    millimetres: bool = True
    compare: bool = False
    measures: bool = False
    reading: Reading = "model"

    @classmethod
    def from_kept(cls, kept: object) -> Sight:
        """What ``asdict`` made of one; whatever can't be understood is as at first."""
        values = kept if isinstance(kept, dict) else {}
        good = {field.name: values[field.name] for field in fields(cls) if _fits(field.name, values.get(field.name))}
        return cls(**good)


class Seeing(QObject):
    """The sight in use and the tone of each kind of image; ``changed`` says that something of it did."""

    changed = Signal()

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._settings = settings
        self._tones: dict[bool, Tone] = {}
        self.sight = Sight.from_kept(settings.get(_KEY))

    def set(self, **values: Any) -> None:
        """See otherwise from now on. ``TypeError`` for an unknown name."""
        sight = replace(self.sight, **values)
        if sight != self.sight:
            before, self.sight = asdict(self.sight), sight
            now = asdict(sight)
            self._settings.merge(_KEY, {name: now[name] for name in now if now[name] != before[name]})
            self.changed.emit()

    def toggle(self, name: str) -> None:
        """Switch one of the yes-or-no choices."""
        self.set(**{name: not getattr(self.sight, name)})

    def unit(self, mm_per_px: float | None) -> float:
        """Image pixels that the unit of rulers and grid spans: a millimetre if that is known and liked, else 1."""
        return 1 / mm_per_px if mm_per_px and self.sight.millimetres else 1.0

    def tone(self, document: Document | None) -> Tone:
        """How bright an image is drawn."""
        return self._tones.get(_is_deep(document), NEUTRAL)

    def set_tone(self, document: Document | None, tone: Tone) -> None:
        """Draw images of this kind, of 8 or of 16 bits, in another tone until the project is closed."""
        if tone != self.tone(document):
            self._tones[_is_deep(document)] = tone
            self.changed.emit()

    def forget_tones(self) -> None:
        """Another project has other images."""
        if self._tones:
            self._tones = {}
            self.changed.emit()

    def look(self, document: Document | None, source: Source = "mask") -> Look:
        """How to draw a document."""
        return Look(self.sight.style, self.sight.hatched, source, self.sight.doubt, self.tone(document))


def _is_deep(document: Document | None) -> bool:
    return document is not None and document.deep is not None


def _fits(name: str, value: object) -> bool:
    return value in _CHOICES[name] if name in _CHOICES else isinstance(value, bool)
