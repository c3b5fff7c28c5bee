"""What can be done to a region of pixels: its parts, its holes, its border.

Every mask is (h, w) bool and is left as it is; what is returned is a new one of its shape. The work is done in the
mask's bounding box, and what only moves the border is done where the border is.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.domain.geometry import EMPTY, Rect
from segstudio.imaging.cv import cv2

Mask = NDArray[np.bool_]

_ROWS = 64

# Beyond this many sigmas there is under a ten-thousandth of a Gaussian.
_SIGMAS = 4

# The widest Gaussian, as sigma in px, that is weighed pixel by pixel; the work grows with it, that of boxes doesn't.
_WIDEST = 6.0
_BOXES = 4


def connected(mask: Mask, column: int, row: int, diagonal: bool = False) -> Mask:
    """The part of ``mask`` that hangs together with the pixel in ``column``, ``row``; none of it if that is outside.

    Pixels hang together by their sides and, if ``diagonal``, by their corners.
    """
    height, width = mask.shape
    if not (0 <= row < height and 0 <= column < width and mask[row, column]):
        return np.zeros_like(mask)
    filled: NDArray[np.uint8] = mask.astype(np.uint8, order="C")
    cv2.floodFill(filled, None, (column, row), 2, flags=8 if diagonal else 4)
    found: Mask = filled == 2
    return found


def fill_holes(mask: Mask) -> Mask:
    """``mask`` and what it encloses: pixels outside it from which no way by sides leads to the frame."""
    box = bounds(mask)
    result = mask.copy()
    if not box.is_empty:
        result[box.slices] |= holes(mask[box.slices])
    return result


def holes(mask: Mask) -> Mask:
    """What ``mask`` encloses and is not itself: pixels from which no way by sides leads out of the array."""
    height, width = mask.shape
    outside = np.ones((height + 2, width + 2), np.uint8)
    outside[1:-1, 1:-1] = ~mask
    cv2.floodFill(outside, None, (0, 0), 0)
    return outside[1:-1, 1:-1].astype(np.bool_)


def keep_largest(mask: Mask) -> Mask:
    """The largest part of ``mask``; parts that touch by a corner are one. Of equal ones the upper is kept."""
    box = bounds(mask)
    result = np.zeros_like(mask)
    if not box.is_empty:
        labels, areas = parts(mask[box.slices])
        result[box.slices] = labels == largest(labels, areas)
    return result


def without_specks(mask: Mask, min_area: float) -> Mask:
    """``mask`` without its parts of fewer than ``min_area`` px; parts that touch by a corner are one."""
    box = bounds(mask)
    result = np.zeros_like(mask)
    if not box.is_empty:
        labels, areas = parts(mask[box.slices])
        stays = areas >= min_area
        stays[0] = False
        result[box.slices] = chosen(labels, stays)
    return result


def grow(mask: Mask, radius: float) -> Mask:
    """All pixels that are at most ``radius`` px from a pixel of ``mask``, from centre to centre; exact.

    Distances: Felzenszwalb & Huttenlocher (2012), "Distance Transforms of Sampled Functions", as OpenCV has them.
    """
    reach = math.floor(max(radius, 0))

    def grown(window: Mask) -> Mask:
        return within(distance_to(window), radius)

    return _at_border(mask, bounds(mask).expand(reach).clip(*mask.shape), reach, grown)


def shrink(mask: Mask, radius: float) -> Mask:
    """The pixels of ``mask`` more than ``radius`` px from every pixel outside it, from centre to centre; exact.

    What lies beyond the frame isn't outside, so a mask doesn't come off the frame.
    """
    reach = math.floor(max(radius, 0))

    def shrunk(window: Mask) -> Mask:
        return window & ~within(distance_to(~window), radius)

    return _at_border(mask, bounds(mask), reach, shrunk)


def smooth(mask: Mask, radius: float) -> Mask:
    """``mask`` with a smoother border: where a Gaussian of ``radius`` px as sigma finds more of it than of the rest.

    A straight border stays where it is, and it meets the frame as before, for the frame's pixels are continued beyond
    it. A bend of radius R moves inward by about radius**2 / 2R, so a disk of ten times ``radius`` loses a percent of
    its area; one of less than 1.18 times ``radius`` vanishes, and so do gaps and lines of less than 1.35 times. A
    ``radius`` of 0 or less changes nothing.
    """
    reach = blur_reach(radius)

    def smoothed(window: Mask) -> Mask:
        weight = blurred(window, radius)
        # Where both have the same, rounding must not decide.
        return (weight > 0.5 + 1e-6) | ((weight > 0.5 - 1e-6) & window)

    return _at_border(mask, bounds(mask).expand(reach).clip(*mask.shape), reach, smoothed)


def bounds(mask: Mask) -> Rect:
    """The smallest rectangle that holds all of ``mask``; ``EMPTY`` for none."""
    if not mask.size:
        return EMPTY
    x, y, width, height = cv2.boundingRect(_bytes(mask))
    return Rect(x, y, x + width, y + height) if width else EMPTY


def parts(mask: Mask, diagonal: bool = True) -> tuple[NDArray[np.integer], NDArray[np.int64]]:
    """The parts of ``mask`` that hang together, by corners too if ``diagonal``.

    Returns (h, w) labels, 0 outside the mask, uint16 where that is sure to be enough and int32 elsewhere; and for every
    label its area in px, 0 for label 0.
    """
    # A part begins at least one run of pixels in a row, so there are no more parts than runs.
    runs = np.count_nonzero(mask[:, 1:] & ~mask[:, :-1]) + np.count_nonzero(mask[:, :1])
    kind = cv2.CV_16U if runs < np.iinfo(np.uint16).max else cv2.CV_32S
    _, labels, stats, _ = cv2.connectedComponentsWithStats(_bytes(mask), connectivity=8 if diagonal else 4, ltype=kind)
    areas = stats[:, cv2.CC_STAT_AREA].astype(np.int64)
    areas[0] = 0
    return labels, areas


def largest(labels: NDArray[np.integer], areas: NDArray[np.int64]) -> int:
    """The label of the largest part, as ``parts`` returned them; of equal ones that with the first pixel by rows."""
    equal = np.flatnonzero(areas == areas.max())
    if len(equal) == 1:
        return int(equal[0])
    return int(labels.reshape(-1)[np.argmax(np.isin(labels, equal))])


def chosen(labels: NDArray[np.integer], which: Mask) -> Mask:
    """(h, w) bool: the pixels whose label is one of ``which``, a bool for every label."""
    result = np.empty(labels.shape, np.bool_)
    # An index array is widened to eight bytes a pixel, so not all at once.
    for row in range(0, len(labels), _ROWS):
        result[row : row + _ROWS] = which[labels[row : row + _ROWS]]
    return result


def distance_to(mask: Mask) -> NDArray[np.float32]:
    """(h, w) float32: how far each pixel's centre is from that of the nearest pixel of ``mask``; endless for none."""
    distance: NDArray[np.float32] = cv2.distanceTransform(_bytes(~mask), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return distance


def within(distance: NDArray[np.float32], radius: float) -> Mask:
    """Where a ``distance`` between pixels is at most ``radius``, whatever rounding did to its square root."""
    # Squares of distances between pixels are whole numbers: the limit is set halfway between two of them.
    return distance <= np.float32(math.sqrt(math.floor(radius * radius + 1e-9) + 0.5))


def blurred(mask: Mask, sigma: float) -> NDArray[np.float32]:
    """(h, w) float32, 0 to 1: how much of a Gaussian around each pixel is ``mask``.

    The pixels at the frame are continued beyond it. ``sigma`` is in px and more than 0; from 6 on, four boxes in turn
    stand for the Gaussian (Wells 1986, "Efficient Synthesis of Gaussian Filters by Cascaded Uniform Filters").
    """
    weight: NDArray[np.float32] = mask.astype(np.float32)
    if sigma <= _WIDEST:
        side = 2 * blur_reach(sigma) + 1
        weight = cv2.GaussianBlur(weight, (side, side), sigma, borderType=cv2.BORDER_REPLICATE)
    else:
        for side in _box_sides(sigma):
            weight = cv2.blur(weight, (side, side), borderType=cv2.BORDER_REPLICATE)
    return weight


def blur_reach(sigma: float) -> int:
    """From how far, in px, ``blurred`` takes pixels into account."""
    if sigma > _WIDEST:
        return sum(side // 2 for side in _box_sides(sigma))
    return math.ceil(_SIGMAS * max(sigma, 0))


def _box_sides(sigma: float) -> list[int]:
    """Odd sides of the boxes that in turn have the variance of a Gaussian of ``sigma``, as nearly as there are any.

    Kovesi (2010), "Fast Almost-Gaussian Filtering".
    """
    wanted = 12 * sigma * sigma
    smaller = (math.floor(math.sqrt(wanted / _BOXES + 1)) - 1) // 2 * 2 + 1
    # A box of side n has the variance (n**2 - 1) / 12, and the next odd side adds 4n + 4 to n**2.
    larger = round((wanted - _BOXES * (smaller * smaller - 1)) / (4 * smaller + 4))
    return [smaller] * (_BOXES - larger) + [smaller + 2] * larger


def blocks(rect: Rect, reach: int) -> Iterator[Rect]:
    """``rect`` in pieces, row by row, for work that looks ``reach`` px beyond each of them.

    They are of 128 px a side, or so large that work along a border is least.
    """
    side = max(128, 2 * reach)
    for y in range(rect.y0, rect.y1, side):
        for x in range(rect.x0, rect.x1, side):
            yield Rect(x, y, x + side, y + side).intersect(rect)


def inner(values: NDArray[Any], window: Rect, rect: Rect) -> NDArray[Any]:
    """The part of ``values``, which are those of ``window``, that lies in ``rect`` inside it; a view."""
    return values[rect.y0 - window.y0 : rect.y1 - window.y0, rect.x0 - window.x0 : rect.x1 - window.x0]


def _at_border(mask: Mask, box: Rect, reach: int, change: Callable[[Mask], Mask]) -> Mask:
    """``mask`` with ``change`` made to all parts of ``box`` that have both kinds of pixel within ``reach``.

    ``change`` is given such a part with ``reach`` px around it, as far as there are any, and must leave alone what is
    of one kind.
    """
    result = mask.copy()
    if reach <= 0:
        return result
    for block in blocks(box, reach):
        window = block.expand(reach).clip(*mask.shape)
        before = mask[window.slices]
        if before.any() and not before.all():
            result[block.slices] = inner(change(before), window, block)
    return result


def _bytes(mask: Mask) -> NDArray[np.uint8]:
    """``mask`` as OpenCV takes it, without a copy where that can be."""
    return mask.view(np.uint8)
