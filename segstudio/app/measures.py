"""What is measured of the segments of an image, as one table of quantities that window, report and files share."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from segstudio.app.document import Document
from segstudio.domain.border import SECTORS
from segstudio.domain.doubt_band import doubt_band
from segstudio.domain.lesion import Closeup, Lesion
from segstudio.domain.lesion_colors import NAMES
from segstudio.domain.measure import Shape, measure_shape
from segstudio.domain.plane import UNSET
from segstudio.domain.regions import Mask
from segstudio.domain.segments import ClassSpec, Segment, SegmentTable, void_ids

Kind = Literal["length", "area", "place", "ratio", "count", "share", "color"]
"""Lengths and areas are in px, share is 0 to 1, color a difference in CIELAB, place a position in the image in px."""

Part = Literal["size", "shape", "asymmetry", "border", "color"]

PART_TITLES: dict[Part, str] = {
    "size": "Size",
    "shape": "Shape",
    "asymmetry": "Asymmetry",
    "border": "Border",
    "color": "Colours",
}

NO_DIAGNOSIS = "These are measurements. They do not diagnose, and no score is made of them."


@dataclass(frozen=True, slots=True)
class Quantity:
    """One row: its key in files, its name in the window, of what kind it is, and what it says."""

    key: str
    title: str
    kind: Kind
    part: Part
    about: str


def _rows() -> Iterable[Quantity]:
    yield Quantity("area", "Area", "area", "size", "All pixels of the segment, its pieces together")
    yield Quantity(
        "perimeter",
        "Perimeter",
        "length",
        "size",
        "Length of the border and of the borders of holes, not in pixel steps",
    )
    yield Quantity(
        "equivalent_diameter", "Equivalent diameter", "length", "size", "Diameter of the disc of the same area"
    )
    yield Quantity(
        "max_diameter", "Longest diameter", "length", "size", "Feret: the longest distance of two border points"
    )
    yield Quantity(
        "min_diameter", "Shortest diameter", "length", "size", "Feret: the narrowest gap that it fits through"
    )
    yield Quantity("centroid_x", "Centroid, from the left", "place", "size", "In pixels of the image")
    yield Quantity("centroid_y", "Centroid, from the top", "place", "size", "In pixels of the image")
    yield Quantity(
        "compactness", "Compactness", "ratio", "shape", "Perimeter² over 4π area: 1 for a disc, more for the ragged"
    )
    yield Quantity(
        "solidity", "Solidity", "ratio", "shape", "Area over that of the convex hull: less where it is notched"
    )
    yield Quantity("eccentricity", "Eccentricity", "ratio", "shape", "0 for a disc, towards 1 for a line")
    yield Quantity("parts", "Pieces", "count", "shape", "Pieces that do not hang together")
    folded = "folded over its {} axis"
    for axis in ("long", "short"):
        yield Quantity(
            f"asymmetry_shape_{axis}", f"Shape, {axis} axis", "share", "asymmetry",
            f"Area without a counterpart when {folded.format(axis)}",
        )  # fmt: skip
        yield Quantity(
            f"asymmetry_color_{axis}", f"Colour, {axis} axis", "color", "asymmetry",
            f"Mean colour difference (ΔE, CIELAB) of counterparts when {folded.format(axis)}",
        )  # fmt: skip
    yield Quantity(
        "asymmetric_axes", "Asymmetric axes", "count", "asymmetry",
        "Axes, of two, about which shape and colour together differ as much as where experts say so",
    )  # fmt: skip
    yield Quantity(
        "fractal_dimension", "Fractal dimension", "ratio", "border", "Of the border, by counting boxes: 1 if smooth"
    )
    yield Quantity(
        "abruptness_mean", "Contrast, mean", "color", "border",
        "Mean colour difference (ΔE) across the border: low where the lesion fades into the skin",
    )  # fmt: skip
    for sector in range(1, SECTORS + 1):
        yield Quantity(
            f"abruptness_{sector}", f"Contrast, sector {sector}", "color", "border",
            "Colour difference (ΔE) across the border in this eighth; they are numbered on the image",
        )  # fmt: skip
    for name in NAMES:
        yield Quantity(
            f"color_{name.replace(' ', '_').replace('-', '_')}", name.capitalize(), "share", "color",
            "Share of the segment that is nearest to this of dermoscopy's six colours",
        )  # fmt: skip


QUANTITIES: tuple[Quantity, ...] = tuple(_rows())
BY_KEY: Mapping[str, Quantity] = {row.key: row for row in QUANTITIES}
_OF_NOTHING = {row.key: 0.0 for row in QUANTITIES if row.kind in ("length", "area") or row.key == "parts"}
"""What is measured of an empty mask; it has no place and no shape."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One segment of one image: values by key, and the least and most of each by the model's doubt.

    ``low`` and ``high`` are empty where there is no doubt to go by. ``outline`` are the segment's borders as arrays
    (n, 2) of x and y in image pixels.
    """

    segment: Segment
    shape: Shape
    lesion: Lesion | None
    values: Mapping[str, float]
    low: Mapping[str, float]
    high: Mapping[str, float]


@dataclass(frozen=True, eq=False)
class Picture:
    """What is measured: pixels, (H, W, 3) uint8, and the planes that make the mask; for any thread."""

    pixels: NDArray[np.uint8]
    correction: NDArray[np.uint16]
    prediction: NDArray[np.uint16] | None
    confidence: NDArray[np.uint8] | None

    @classmethod
    def of(cls, document: Document) -> Picture:
        """Of a document that nobody changes any more, see ``frozen``."""
        below = document.prediction
        return cls(
            document.pixels, document.correction.to_array(), None if below is None else below.to_array(),
            document.confidence,
        )  # fmt: skip

    @property
    def shown(self) -> NDArray[np.uint16]:
        """The mask: correction over prediction over background."""
        below = np.uint16(0) if self.prediction is None else self.prediction
        return np.where(self.correction == UNSET, below, self.correction)


def is_lesion_project(classes: Iterable[ClassSpec]) -> bool:
    """Whether the names of the classes speak of skin, so that lesions are measured unless somebody says otherwise."""
    return any(re.search(r"lesion|n(a)?ev(us|i)|mole|melano|ph2", spec.name, re.IGNORECASE) for spec in classes)


def measured_segments(table: SegmentTable, classes: Iterable[ClassSpec]) -> tuple[Segment, ...]:
    """Those that are measured: what nobody judges is not."""
    void = void_ids(classes)
    return tuple(row for row in table if row.class_id not in void)


def measure_picture(picture: Picture, segments: Iterable[Segment], lesions: bool) -> tuple[Measured, ...]:
    """Measure each segment that the picture shows, in order; with asymmetry, border and colours if ``lesions``."""
    shown = picture.shown
    there = np.flatnonzero(np.bincount(shown.ravel(), minlength=1))
    rows = (measure_segment(picture, shown == row.id, row, lesions) for row in segments if row.id in there)
    return tuple(row for row in rows if row is not None)


def measure_segment(picture: Picture, mask: Mask, segment: Segment, lesions: bool) -> Measured | None:
    """Measure one segment, shown at ``mask``; None of an empty one."""
    shape = measure_shape(mask)
    if shape is None:
        return None
    closeup = Closeup(picture.pixels, mask, shape) if lesions else None
    lesion = None if closeup is None else closeup.measure(mask, shape)
    values = _values(shape, lesion)
    doubted = [values, *_doubted(picture, mask, segment, closeup)]
    low = {key: min(found[key] for found in doubted if key in found) for key in values} if len(doubted) > 1 else {}
    high = {key: max(found[key] for found in doubted if key in found) for key in values} if len(doubted) > 1 else {}
    return Measured(segment, shape, lesion, values, low, high)


def _doubted(picture: Picture, mask: Mask, segment: Segment, closeup: Closeup | None) -> Iterable[dict[str, float]]:
    """The values of the stricter and the looser mask; nothing where the model was not asked how sure it is."""
    if picture.prediction is None or picture.confidence is None:
        return
    own, painted = picture.prediction == segment.id, picture.correction != UNSET
    for other in doubt_band(mask, own, painted, picture.confidence):
        shape = measure_shape(other)
        if shape is None:
            yield dict(_OF_NOTHING)
        else:
            yield _values(shape, None if closeup is None else closeup.measure(other, shape))


def _values(shape: Shape, lesion: Lesion | None) -> dict[str, float]:
    values = {
        "area": shape.area,
        "perimeter": shape.perimeter,
        "equivalent_diameter": shape.equivalent_diameter,
        "max_diameter": shape.max_diameter.length,
        "min_diameter": shape.min_diameter.length,
        "centroid_x": shape.centroid[0],
        "centroid_y": shape.centroid[1],
        "compactness": shape.compactness,
        "solidity": shape.solidity,
        "eccentricity": shape.eccentricity,
        "parts": float(shape.parts),
    }
    return values if lesion is None else values | _lesion_values(lesion)


def _lesion_values(lesion: Lesion) -> dict[str, float]:
    values = {
        f"asymmetry_{what}_{axis}": value
        for axis, about in zip(("long", "short"), lesion.asymmetry, strict=True)
        for what, value in (("shape", about.shape), ("color", about.color))
        if value is not None
    }
    values["asymmetric_axes"] = float(lesion.asymmetric_axes)
    values["fractal_dimension"] = lesion.fractal_dimension
    known = [value for value in lesion.abruptness if value is not None]
    if known:
        values["abruptness_mean"] = sum(known) / len(known)
    for number, value in enumerate(lesion.abruptness, start=1):
        if value is not None:
            values[f"abruptness_{number}"] = value
    colors = (row.key for row in QUANTITIES if row.part == "color")
    return values | dict(zip(colors, lesion.color_shares, strict=True))
