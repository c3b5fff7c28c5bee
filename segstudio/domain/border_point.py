"""A segment's border brought to a point, and what lies near it along with it, as the model sees the image."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from segstudio.domain.model_border import hanging_on
from segstudio.domain.regions import Mask
from segstudio.imaging.cv import cv2

Likely = NDArray[np.float32]

_STIFFNESS = 7.0
"""How many logits of doubt one reach of way is worth: where the model has no doubt, the border bends like rubber."""

_CERTAIN = 255
_LOGITS = np.log(np.clip(np.arange(_CERTAIN + 1) / _CERTAIN, 0.5, 1 - 0.25 / _CERTAIN))
_LOGITS = (_LOGITS - np.log1p(-np.exp(_LOGITS))).astype(np.float32)
"""Logit by confidence; what is less likely than not is even."""


def likelihood(own: Mask, confidence: NDArray[np.uint8]) -> Likely:
    """How likely the model holds each pixel to be of a segment, as a logit: above 0 where it says so, ``own``.

    ``confidence`` is the probability of what it said, 255 for certain; both (h, w).
    """
    logits: Likely = cv2.LUT(confidence, _LOGITS)
    return np.where(own, logits, -logits)


def border_through(mask: Mask, free: Mask, likely: Likely, point: tuple[int, int], reach: float | None) -> Mask:
    """The pixels in which ``mask`` changes so that its border runs through ``point``: (h, w) bool.

    Outside of ``mask`` the point draws its border out, inside it draws it in. Without a ``reach`` the border goes all
    round to where the model is as ``likely`` as at the point. Within ``reach`` px it crosses as much of the model's
    doubt, counted from where it is, as on its way to the point, and the less the farther off that way: see ``_weight``.
    Nothing changes beyond the reach, nor if the border is beyond it. Only pixels that are ``free`` change, and only
    where they hang together with what the mask wins from or loses to. ``point`` is (column, row), inside.
    """
    column, row = point
    outward = not mask[row, column]
    # Drawing in is drawing out what is not the segment.
    grown, likely = (mask, likely) if outward else (~mask, -likely)
    reached = np.zeros_like(mask)
    if reach is None:
        reached = likely >= likely[row, column]
    elif grown.any():
        crossed, nearest = _crossed(grown, likely, reach)
        down, along = np.divmod(int(np.argmax(grown & (nearest == nearest[row, column]))), mask.shape[1])
        way = math.dist((column, row), (along, down))
        if way < reach:
            steps = np.linspace(0, 1, math.ceil(way) + 1)
            rows, columns = np.rint(row + (down - row) * steps), np.rint(column + (along - column) * steps)
            most = float(crossed[rows.astype(np.intp), columns.astype(np.intp)].max())
            weight = _weight(mask.shape, (column, row), (int(along), int(down)), reach)
            reached = (crossed <= most * weight) & (weight > 0)
    return hanging_on(grown, reached & free & ~grown)


def _crossed(grown: Mask, likely: Likely, reach: float) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """What a border has to cross to get to each pixel outside of ``grown``: of doubt, in logits, and of way.

    The way is the shortest. What is likelier than the border itself takes nothing. Also returns a number for each pixel
    that it shares with the pixel of ``grown`` nearest to it.
    """
    distance, nearest = cv2.distanceTransformWithLabels(
        (~grown).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    at_border = np.zeros(int(nearest.max()) + 1, np.float32)
    # Between the last pixel inside and the first one outside there is a leap: even odds, if the model drew it there.
    at_border[nearest[grown]] = np.clip(0, cv2.erode(likely, np.ones((3, 3), np.uint8))[grown], likely[grown])
    doubt = np.maximum(at_border[nearest] - likely, 0)
    return np.asarray(doubt + (_STIFFNESS / reach) * distance, np.float32), nearest


def _weight(shape: tuple[int, ...], point: tuple[int, int], start: tuple[int, int], reach: float) -> Likely:
    """1 on the way from ``start`` to ``point``, less and less beside it, 0 from ``reach`` px round the point on.

    (1 - (d / r)**2)**2 at a distance of d from the way, where r is how far it is from there to the circle, square to
    the way. Both points are (column, row), less than the reach apart.
    """
    columns = np.arange(shape[1], dtype=np.float32) - point[0]
    rows = (np.arange(shape[0], dtype=np.float32) - point[1])[:, None]
    way = math.dist(point, start)
    across, down = ((start[0] - point[0]) / way, (start[1] - point[1]) / way) if way else (0.0, 0.0)
    gone = np.clip(columns * across + rows * down, 0, way)
    beside = np.square(columns - gone * across) + np.square(rows - gone * down)
    return np.asarray(np.square(np.clip(1 - beside / (reach**2 - np.square(gone)), 0, None)), np.float32)
