"""What there is to say of the pixel under the pointer."""

from __future__ import annotations

import math
from dataclasses import dataclass

from segstudio.app.session import Session
from segstudio.domain.geometry import Rect
from segstudio.domain.segments import BACKGROUND, Color


@dataclass(frozen=True)
class Readout:
    """One pixel in words: where it is, what is shown there, how sure the model is of it, what the file holds."""

    position: str
    segment: str
    color: Color | None
    sure: str
    values: str
    millimetres: str

    @classmethod
    def of(cls, session: Session | None, point: tuple[float, float] | None) -> Readout | None:
        """Of an image point; None outside the image, without one, and while another one is on its way."""
        document = None if session is None or session.loading_id is not None else session.document
        if session is None or document is None or point is None:
            return None
        x, y = math.floor(point[0]), math.floor(point[1])
        if not (0 <= x < document.width and 0 <= y < document.height):
            return None
        segment_id = int(document.shown(Rect(x, y, x + 1, y + 1))[0, 0])
        segment = next((row for row in session.table if row.id == segment_id), None)
        probability = document.probability_at(x, y)
        pixel = document.pixels[y, x] if document.deep is None else document.deep[y, x]
        values = [int(value) for value in pixel.ravel()]
        size = session.scale.mm_per_px
        return cls(
            f"x {x}  y {y}",
            segment.name if segment is not None else "Background" if segment_id == BACKGROUND else "",
            None if segment is None else segment.color,
            "" if probability is None else f"{probability:.0%} sure".replace("%", " %"),
            ("RGB " if len(values) == 3 else "Grey ") + " ".join(str(value) for value in values),
            "" if size is None else f"{point[0] * size:.2f}, {point[1] * size:.2f} mm",
        )
