"""From one frame of a video to the next: the mask goes along with what moves."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from segstudio.imaging.cv import cv2

Ids = NDArray[np.uint16]

_LARGEST_COPY = 500_000
_SOFT = 1.0
_SMALLEST_SPECK = 9


def carry(previous_pixels: NDArray[np.uint8], previous_ids: Ids, next_pixels: NDArray[np.uint8]) -> Ids:
    """``previous_ids``, (H, W) uint16, moved to where the same things are in the next frame.

    Frames are (H, W, 3) uint8 RGB. For each pixel of the next frame dense inverse search (Kroeger et al. 2016) says
    where it was, in a copy of at most half a megapixel; there each id is looked up as a soft mask, and the largest
    share wins, so that borders stay smooth. Specks of an id that are much smaller than any part of it before are
    given to what is around them. No id but 0 comes up that wasn't there. Raises ``ValueError`` for sizes that differ.
    """
    height, width = previous_ids.shape
    if previous_pixels.shape != next_pixels.shape or previous_pixels.shape[:2] != (height, width):
        shapes = f"{previous_pixels.shape[:2]}, {previous_ids.shape} and {next_pixels.shape[:2]}"
        raise ValueError(f"frames and mask must be of one size, not of {shapes}")
    ids = np.unique(previous_ids)
    if len(ids) == 1:
        return previous_ids.copy()
    columns, rows = _where_it_was(previous_pixels, next_pixels)
    carried = np.zeros((height, width), np.uint16)
    best = np.zeros((height, width), np.float32)
    for one in ids:
        before = (previous_ids == one).view(np.uint8)
        share = _share(before, columns, rows)
        if one != 0:
            share = _without_new_specks(share, before)
        wins = share > best
        carried[wins], best[wins] = one, share[wins]
    return carried


def _where_it_was(
    previous: NDArray[np.uint8], following: NDArray[np.uint8]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The column and the row in the previous frame of each pixel of the following one, float32."""
    height, width = previous.shape[:2]
    shrink = min(1.0, math.sqrt(_LARGEST_COPY / (height * width)))
    # Smaller pictures have no pyramid for the search to go down; they are enlarged for it.
    size = max(32, round(width * shrink)), max(32, round(height * shrink))
    grey = [
        cv2.resize(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), size, interpolation=cv2.INTER_AREA)
        for frame in (previous, following)
    ]
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    flow = search.calc(grey[1], grey[0], None)
    flow = cv2.resize(flow, (width, height), interpolation=cv2.INTER_LINEAR)
    columns = np.arange(width, dtype=np.float32) + flow[..., 0] * np.float32(width / size[0])
    rows = np.arange(height, dtype=np.float32)[:, None] + flow[..., 1] * np.float32(height / size[1])
    return columns, rows


def _share(before: NDArray[np.uint8], columns: NDArray[np.float32], rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """How much of each pixel comes from ``before``, 0 or 1, with a soft border."""
    soft = cv2.GaussianBlur(before.astype(np.float32), (0, 0), _SOFT)
    share = cv2.remap(soft, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    smooth: NDArray[np.float32] = cv2.GaussianBlur(share, (0, 0), _SOFT)
    return smooth


def _without_new_specks(share: NDArray[np.float32], before: NDArray[np.uint8]) -> NDArray[np.float32]:
    """``share`` with nothing where a part of it is smaller than half of the smallest part before."""
    _, _, old, _ = cv2.connectedComponentsWithStats(before, connectivity=8)
    count, parts, new, _ = cv2.connectedComponentsWithStats((share > 0.5).view(np.uint8), connectivity=8)
    least = max(_SMALLEST_SPECK, int(old[1:, cv2.CC_STAT_AREA].min()) // 2)
    small = new[:, cv2.CC_STAT_AREA] < least
    small[0] = False
    # The largest part stays, however small: a thing that is still there isn't lost.
    if count > 1:
        small[1 + int(new[1:, cv2.CC_STAT_AREA].argmax())] = False
    share[small[parts]] = 0
    return share
