"""Dermoscopy pictures as devices that nobody trained for might have taken them: a stand-in for such devices.

None of it is made as the views that training sees (``dermoscope``): other formulas, stronger, and always all of it. A
stand-in all the same: what real devices and other annotators change besides, it can't show.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.imaging.camera import Picture
from segstudio.imaging.cv import cv2

Mask = NDArray[np.uint16]


def through_another_lens(picture: Picture, mask: Mask, rng: np.random.Generator) -> tuple[Picture, Mask]:
    """At 55 to 75 % of its size behind a round black mount, the middle lighter, the edges yellow."""
    height, width = mask.shape
    scale = rng.uniform(0.55, 0.75)
    matrix = np.array([[scale, 0, (1 - scale) * width / 2], [0, scale, (1 - scale) * height / 2]])
    size = (width, height)
    moved = cv2.warpAffine(picture, matrix, size, flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE)
    member = cv2.warpAffine(mask, matrix, size, flags=cv2.INTER_NEAREST)
    far = _far_from_middle(mask.shape)
    light = np.exp(-1.2 * far**2)[..., None]
    tinted = moved * light + moved * np.array((1.0, 0.9, 0.6)) * (1 - light)
    inside = far < 1.25 * scale
    member[~inside] = 0
    return _bytes(np.where(inside[..., None], tinted, 6.0)), member


def in_another_light(picture: Picture, mask: Mask, rng: np.random.Generator) -> tuple[Picture, Mask]:
    """Bluish or greenish polarised light: steep curves, each channel its own, and lustre on the skin."""
    values = picture.astype(np.float32) / 255
    curves = 1 / (1 + np.exp(-rng.uniform(5, 9, 3) * (values - rng.uniform(0.42, 0.6, 3))))
    cast = np.array((0.78, 0.95, 1.08)) if rng.random() < 0.5 else np.array((0.85, 1.08, 0.86))
    speck = cv2.GaussianBlur(rng.random(mask.shape, np.float32), (0, 0), 2.0)
    shine = np.clip((speck - np.quantile(speck, 0.97)) * 12, 0, 0.5)[..., None]
    return _bytes((curves * cast * (1 - shine) + shine) * 255), mask


def from_close_by(picture: Picture, mask: Mask, rng: np.random.Generator) -> tuple[Picture, Mask]:
    """The middle third of the area alone, half as fine, oversharpened, washed out."""
    height, width = mask.shape
    share = rng.uniform(0.6, 0.75)
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    middle = [(v[0] + v[-1]) / 2 if len(v) else side / 2 for v, side in ((rows, height), (columns, width))]
    h, w = int(share * height), int(share * width)
    top, left = (
        int(np.clip(m - s / 2, 0, full - s)) for m, s, full in zip(middle, (h, w), (height, width), strict=True)
    )
    part = cv2.resize(picture[top : top + h, left : left + w], (w // 2, h // 2), interpolation=cv2.INTER_AREA)
    soft = cv2.GaussianBlur(part, (0, 0), 2.0)
    sharp = np.clip(2.2 * part.astype(np.float32) - 1.2 * soft, 0, 255)
    washed = 70 + 0.65 * sharp * np.array((1.0, 0.94, 0.97))
    large = cv2.resize(_bytes(washed), (w, h), interpolation=cv2.INTER_LINEAR)
    return np.asarray(large, np.uint8), np.ascontiguousarray(mask[top : top + h, left : left + w])


ELSEWHERE: dict[str, Callable[[Picture, Mask, np.random.Generator], tuple[Picture, Mask]]] = {
    "another lens": through_another_lens,
    "another light": in_another_light,
    "close by": from_close_by,
}


def _far_from_middle(shape: tuple[int, int]) -> NDArray[np.float32]:
    """0 in the middle, 1 at the middle of the nearer edges."""
    height, width = shape
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    return np.asarray(np.hypot(x * np.float32(width / height), y), np.float32)


def _bytes(values: NDArray[np.floating[Any]]) -> Picture:
    return np.asarray(np.clip(values + 0.5, 0, 255), np.uint8)
