"""Measures in words and units."""

from __future__ import annotations

from segstudio.app.measures import Measured, Quantity
from segstudio.domain.calibration import Calibration
from segstudio.domain.lesion_colors import NAMES, PRESENT

SOURCES = {
    "ruler": "by the ruler drawn on this image",
    "dicom": "by the image's file (DICOM)",
    "project": "by the project's scale",
    "none": "no scale is set: lengths are in pixels",
}

_SHORTER = {"ruler": "this image's ruler", "dicom": "its file", "project": "project's scale"}

FRAME = "Cut by the image's edge: sizes are the least that it can have"

_FEW = 0.02


def color_words() -> str:
    """From which share of a lesion on a colour is said to be seen in it."""
    most = [f"{name} {100 * least:.0f} %" for name, least in zip(NAMES, PRESENT, strict=True) if least > _FEW]
    return f"Colours count as seen from these shares on: {', '.join(most)}, the others {100 * _FEW:.0f} % or less."


def unit_of(quantity: Quantity, mm_per_px: float | None) -> tuple[str, float]:
    """The unit that a quantity is told in, "" for none, and by what its value is multiplied."""
    if quantity.kind == "length":
        return ("px", 1.0) if mm_per_px is None else ("mm", mm_per_px)
    if quantity.kind == "area":
        return ("px²", 1.0) if mm_per_px is None else ("mm²", mm_per_px * mm_per_px)
    return {"place": ("px", 1.0), "share": ("%", 100.0), "color": ("ΔE", 1.0)}.get(quantity.kind, ("", 1.0))


def number(value: float, quantity: Quantity, unit: str) -> str:
    """A value in its unit, with as many places as mean something."""
    if quantity.kind == "count" or unit in ("px²",):
        return f"{value:.0f}"
    if quantity.kind == "ratio":
        return f"{value:.3f}"
    if unit in ("mm", "mm²"):
        return f"{value:.1f}" if value >= 100 else f"{value:.2f}"
    return f"{value:.1f}"


def value_words(measured: Measured, quantity: Quantity, mm_per_px: float | None) -> str:
    """The value with its unit; "–" where it could not be measured."""
    if quantity.key not in measured.values:
        return "–"
    unit, by = unit_of(quantity, mm_per_px)
    return f"{number(measured.values[quantity.key] * by, quantity, unit)} {unit}".strip()


def range_words(measured: Measured, quantity: Quantity, mm_per_px: float | None) -> str:
    """What it may be by the model's doubt, without a unit; "" where there is no doubt, or none that shows."""
    if quantity.key not in measured.low:
        return ""
    unit, by = unit_of(quantity, mm_per_px)
    low, high = (number(side[quantity.key] * by, quantity, unit) for side in (measured.low, measured.high))
    return "" if low == high else f"{low}–{high}"


def scale_words(calibration: Calibration) -> str:
    """How large a pixel is, and who says so."""
    if calibration.mm_per_px is None:
        return "No scale is set: lengths are in pixels"
    return f"1 px = {calibration.mm_per_px:.4g} mm, {SOURCES[calibration.source]}"


def shorter_scale_words(calibration: Calibration) -> str:
    """``scale_words`` where there is less room."""
    said = _SHORTER.get(calibration.source)
    return scale_words(calibration) if said is None else f"1 px = {calibration.mm_per_px:.4g} mm, {said}"


def change_words(before: float, after: float) -> str:
    """How much larger or smaller, in per cent of what it was."""
    return "–" if before <= 0 else f"{100 * (after - before) / before:+z.1f} %".replace("-", "−")
