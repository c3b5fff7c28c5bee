"""A second look, from nearer, at what the first one found: people are small in the frames of a video."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segstudio.domain.geometry import Rect
from segstudio.domain.regions import bounds
from segstudio.engine.finishing import Logits
from segstudio.imaging.cv import cv2

_MARGIN = 0.2
"""What is seen round what was found, as a share of its longer side: an arm may have been missed."""

_NEARER = 0.75
"""Share of the image's longer side above which a second look would show no more than the first."""

_MOST = 1280


def near(found: NDArray[np.bool_], height: int, width: int) -> Rect | None:
    """The part of an image of ``height`` x ``width`` px to look at again, None where that would show no more.

    ``found`` (h, w) says where something is, at any size.
    """
    box = bounds(found)
    if box.is_empty:
        return None
    down, along = height / found.shape[0], width / found.shape[1]
    margin = _MARGIN * max(box.width * along, box.height * down)
    part = Rect(
        round(box.x0 * along - margin),
        round(box.y0 * down - margin),
        round(box.x1 * along + margin),
        round(box.y1 * down + margin),
    ).clip(height, width)
    shows_more = not part.is_empty and max(part.width, part.height) <= _NEARER * max(height, width)
    return part if shows_more else None


def joined(whole: Logits, part: Logits, rect: Rect, height: int, width: int) -> Logits:
    """``whole`` (h, w, C) of an image, but in ``rect`` the mean with ``part`` (h, w, C), which saw that alone.

    From nearer, outlines are finer; from afar it is plainer what is a dark room and what a dark coat. It is as fine as
    the part, and has at most 1280 px on the longer side.
    """
    scale = min(part.shape[1] / rect.width, _MOST / max(height, width))
    answer = _resized(whole, max(1, round(width * scale)), max(1, round(height * scale)))
    down, along = answer.shape[0] / height, answer.shape[1] / width
    place = Rect(round(rect.x0 * along), round(rect.y0 * down), round(rect.x1 * along), round(rect.y1 * down))
    answer[place.slices] = (answer[place.slices] + _resized(part, place.width, place.height)) / 2
    return answer


def _resized(logits: Logits, width: int, height: int) -> Logits:
    planes = [cv2.resize(np.ascontiguousarray(plane), (width, height)) for plane in np.moveaxis(logits, 2, 0)]
    return np.stack(planes, axis=2)
