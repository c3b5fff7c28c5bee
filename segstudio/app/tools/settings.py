"""How the tools are set: one small record, the same for all tools that ask for a thing."""

from __future__ import annotations

import math
from collections.abc import Container, Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal

Effect = Literal["paint", "erase", "restore"]
"""What a tool does to its pixels: the segment in hand, background, or the model's mask again."""

Operation = Literal["fill_holes", "keep_largest", "remove_specks", "grow", "shrink", "smooth"]
"""How a mask is cleaned up."""

OF_A_PROJECT = ("paint_over",)
"""Settings that mean nothing in another project and are not kept."""

LIMITS: dict[str, tuple[float, float]] = {
    "radius": (0.5, 500.0),
    "span": (5.0, 2000.0),
    "tolerance": (1.0, 80.0),
    "smoothing": (0.0, 10.0),
    "likeness": (2.0, 60.0),
    "scale": (0, 2),
    "reach": (0.5, 100.0),
    "speck_area": (1, 100_000),
}
"""Least and greatest value of the settings that are numbers."""

SIZES: dict[str, float] = {"radius": 0.5, "span": 1, "scale": 1, "reach": 0.5, "speck_area": 1, "tolerance": 0.5}
"""Settings that "larger" and "smaller" change, the first that a tool heeds, and by how much at least."""

_SLIGHT = 0.05
"""A change by less than this share is a part of one: a touchpad's, of which many come."""


def size_among(options: Container[str]) -> str:
    """Which of a tool's ``options`` "larger" and "smaller" change; "" for none."""
    return next((name for name in SIZES if name in options), "")


@dataclass(frozen=True, slots=True)
class ToolSettings:
    """What the user set.

    ``radius`` of the brush and ``span`` of a border point in px; ``square`` instead of round; ``pressure`` of a pen
    drives the size. ``effect`` is what the tools that fill an area do. ``paint_over`` is the only segment id that may
    be painted over, None for any. ``tolerance`` (wand) and ``likeness`` (snap brush) are differences in CIELAB;
    ``smoothing`` of the wand's border in px. ``scale`` of the superpixels: 0 fine to 2 coarse. ``operation`` cleans up,
    within ``reach`` px, or below ``speck_area`` px, of the segment in hand or of ``every_segment``.
    """

    radius: float = 12.0
    span: float = 150.0
    square: bool = False
    pressure: bool = True
    effect: Effect = "paint"
    paint_over: int | None = None
    tolerance: float = 12.0
    contiguous: bool = True
    smoothing: float = 1.5
    likeness: float = 20.0
    scale: int = 1
    operation: Operation = "fill_holes"
    reach: float = 3.0
    speck_area: int = 50
    every_segment: bool = False

    def changed(self, **values: Any) -> ToolSettings:
        """With other values, numbers kept within ``LIMITS``. ``TypeError`` for an unknown name."""
        return replace(self, **{name: _limited(name, value) for name, value in values.items()})

    def resized(self, name: str, factor: float) -> float:
        """One of ``SIZES`` times ``factor``, changed by at least its least step unless ``factor`` is slight."""
        value = getattr(self, name)
        step = max(abs(value * (factor - 1)), SIZES[name] if abs(factor - 1) > _SLIGHT else 0)
        return float(value + math.copysign(step, factor - 1))

    def kept(self) -> dict[str, Any]:
        """What the next start should find, ready for JSON."""
        return {name: value for name, value in asdict(self).items() if name not in OF_A_PROJECT}

    def changed_since(self, before: ToolSettings) -> dict[str, Any]:
        """What of ``kept`` was otherwise ``before``: the rest another window may have changed."""
        now, then = self.kept(), before.kept()
        return {name: value for name, value in now.items() if value != then[name]}

    @classmethod
    def from_kept(cls, values: object) -> ToolSettings:
        """What ``kept`` gave; whatever is unknown or of another kind is as it is at first."""
        first = cls()
        if not isinstance(values, Mapping):
            return first
        names = {field.name for field in fields(cls)} - set(OF_A_PROJECT)
        known = {name: values[name] for name in names & values.keys() if _fits(getattr(first, name), values[name])}
        return first.changed(**known)


_WORDS: dict[str, tuple[str, ...]] = {
    "paint": ("paint", "erase", "restore"),
    "fill_holes": ("fill_holes", "keep_largest", "remove_specks", "grow", "shrink", "smooth"),
}
"""The words that a setting may hold, by the one that it holds at first."""


def _fits(first: object, value: object) -> bool:
    if isinstance(first, str):
        return value in _WORDS[first]
    if isinstance(first, bool) or isinstance(value, bool):
        return isinstance(first, bool) and isinstance(value, bool)
    return isinstance(value, int | float)


def _limited(name: str, value: Any) -> Any:
    if name not in LIMITS:
        return value
    low, high = LIMITS[name]
    kind = type(getattr(ToolSettings(), name))
    return kind(min(max(value, low), high))
