"""GrabCut: from a box or a few scribbles, the object."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from segstudio.domain.geometry import EMPTY, Rect
from segstudio.imaging.cv import cv2

Mask = NDArray[np.bool_]
_Field = NDArray[np.float32]

# Longest sides of the copies in which the colours are learnt and in which the region is drawn.
_LEARN_SIDE = 200
_DRAW_SIDE = 640
_ITERATIONS = 2
_FEWEST_SAMPLES = 16

_PADDING = 0.15
_SURE = 6.0
_PRIOR = 1.5
_GUIDE_REACH = 3
_GUIDE_EPSILON = 2e-3
_LEVELS = 32
_ALIKE = 6.0
_SPREAD = 0.08
_MOST_COLORS = 24
_SOME = 12
_COMPONENTS = 5


def refine_box(pixels: NDArray[np.uint8], box: Rect) -> tuple[Rect, Mask]:
    """The object inside ``box`` of ``pixels``, (H, W, 3) uint8 RGB: the box, clipped to the image, and its pixels.

    GrabCut (Rother, Kolmogorov and Blake 2004) learns the colours inside and around the box in a small copy. The
    graph cut there would lose what is thin, so its colour models alone are taken on: how much more likely a pixel's
    colour is inside, smoothed by a guided filter (He and Sun 2015) whose last step is at full size. Holes are filled,
    and parts much smaller than the largest are dropped. Where nothing tells inside from outside, it is the whole box.
    Below 300 ms for a crop of 1024 px; the same each time.
    """
    height, width = pixels.shape[:2]
    box = box.clip(height, width)
    if box.is_empty:
        return EMPTY, np.zeros((0, 0), np.bool_)
    margin = round(_PADDING * max(box.width, box.height)) + 8
    wide = box.expand(margin).clip(height, width)
    trimap = np.full((wide.height, wide.width), cv2.GC_BGD, np.uint8)
    inner = Rect(box.x0 - wide.x0, box.y0 - wide.y0, box.x1 - wide.x0, box.y1 - wide.y0)
    trimap[inner.slices] = cv2.GC_PR_FGD
    crop = np.ascontiguousarray(pixels[wide.slices])
    odds = _odds(crop, trimap)
    if odds is None:
        return box, np.ones((box.height, box.width), np.bool_)
    odds[trimap == cv2.GC_BGD] = -_SURE
    found = _filled(_main_parts(_drawn(crop, odds)[inner.slices]))
    # Less than a hundredth of what was asked for is no object, it is a model without any colours left.
    if np.count_nonzero(found) * 100 < found.size:
        found[:] = True
    return box, found


def refine_scribbles(pixels: NDArray[np.uint8], rect: Rect, current: Mask, foreground: Mask, background: Mask) -> Mask:
    """``current``, corrected by scribbles that are certainly inside (``foreground``) and outside (``background``).

    ``pixels`` is (H, W, 3) uint8 RGB, ``rect`` lies inside it, and the bool arrays and the result have its shape. As
    ``refine_box``; ``current`` is what the colours are first learnt from, and it decides where they say little. What
    is near to a scribble and looks the same is taken to be meant by it. Parts that hold no scribble and none of
    ``current`` are dropped. A pixel in both scribbles is outside.
    """
    foreground = foreground & ~background
    if rect.is_empty:
        return (current | foreground) & ~background
    crop = np.ascontiguousarray(pixels[rect.slices])
    inside, outside = _meant(crop, foreground, background)
    current = (current | inside) & ~outside
    certain = (current | foreground) & ~background
    trimap = np.where(current, np.uint8(cv2.GC_PR_FGD), np.uint8(cv2.GC_PR_BGD))
    trimap[foreground], trimap[background] = cv2.GC_FGD, cv2.GC_BGD
    odds = _odds(crop, trimap)
    if odds is None:
        return certain
    odds += np.where(current, np.float32(_PRIOR), np.float32(-_PRIOR))
    odds[foreground], odds[background] = _SURE, -_SURE
    found = (_drawn(crop, odds) | foreground) & ~background
    return _touching(found, certain)


def _meant(crop: NDArray[np.uint8], foreground: Mask, background: Mask) -> tuple[Mask, Mask]:
    """What hangs together with either scribble in its own colours (CIELAB), no further off than a share of the side."""
    height, width = foreground.shape
    factor = max(1.0, max(height, width) / _LEARN_SIDE)
    size = (max(1, round(width / factor)), max(1, round(height / factor)))
    small = cv2.resize(crop, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    lab = cv2.GaussianBlur(cv2.cvtColor(small, cv2.COLOR_RGB2LAB), (3, 3), 0)
    inside, outside = _any_of(foreground, size), _any_of(background, size)
    inside &= ~outside
    unlike_inside, unlike_outside = _unlike(lab, inside), _unlike(lab, outside)
    found = []
    for scribble, other, unlike, unlike_other in (
        (inside, outside, unlike_inside, unlike_outside),
        (outside, inside, unlike_outside, unlike_inside),
    ):
        alike = ((unlike <= _ALIKE) & (unlike <= unlike_other) | scribble) & ~other
        away = cv2.distanceTransform((~scribble).view(np.uint8), cv2.DIST_L2, 3)
        meant = _touching(alike & (away <= _SPREAD * max(size)), scribble)
        found.append(cv2.resize(meant.view(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST).view(np.bool_))
    return found[0], found[1]


def _any_of(mask: Mask, size: tuple[int, int]) -> Mask:
    """``mask`` at a smaller size; a scribble is thin, so any of it in a cell counts."""
    some: Mask = cv2.resize(mask.view(np.uint8) * np.uint8(255), size, interpolation=cv2.INTER_AREA) > _SOME
    return some


def _unlike(lab: _Field, scribble: Mask) -> _Field:
    """How far each colour is from the nearest one in a scribble."""
    colors = lab[scribble]
    if not len(colors):
        return np.full(scribble.shape, np.inf, np.float32)
    colors = colors[:: -(-len(colors) // _MOST_COLORS)]
    flat = lab.reshape(-1, 3)
    squares = (flat**2).sum(axis=1)[:, None] - 2 * flat @ colors.T + (colors**2).sum(axis=1)
    nearest: _Field = np.sqrt(np.maximum(squares.min(axis=1), 0)).reshape(scribble.shape)
    return nearest


def _odds(crop: NDArray[np.uint8], trimap: NDArray[np.uint8]) -> _Field | None:
    """How much more likely each colour is inside, as a logarithm within ``_SURE``; None with too few samples."""
    height, width = trimap.shape
    factor = max(1.0, max(height, width) / _LEARN_SIDE)
    size = (max(1, round(width / factor)), max(1, round(height / factor)))
    small = cv2.resize(crop, size, interpolation=cv2.INTER_AREA)
    labels = _reduced_trimap(trimap, size)
    inside = np.count_nonzero(labels & 1)
    if inside < _FEWEST_SAMPLES or labels.size - inside < _FEWEST_SAMPLES:
        return None
    cv2.setRNGSeed(0)
    models = np.zeros((1, 13 * _COMPONENTS)), np.zeros((1, 13 * _COMPONENTS))
    # The last learning is from the last cut but one, which keeps a model of what a cut has left nothing of.
    _, outside_model, inside_model = cv2.grabCut(small, labels, None, *models, _ITERATIONS, cv2.GC_INIT_WITH_MASK)
    steps = (np.arange(_LEVELS, dtype=np.float32) + 0.5) * (256 / _LEVELS)
    colors = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 3)
    table = np.clip(_log_density(inside_model, colors) - _log_density(outside_model, colors), -_SURE, _SURE)
    level = (crop // (256 // _LEVELS)).astype(np.int32)
    index = (level[..., 0] * _LEVELS + level[..., 1]) * _LEVELS + level[..., 2]
    return np.take(table.astype(np.float32), index)


def _reduced_trimap(trimap: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    labels: NDArray[np.uint8] = cv2.resize(trimap, size, interpolation=cv2.INTER_NEAREST)
    for label in (cv2.GC_FGD, cv2.GC_BGD):
        labels[_any_of(trimap == label, size)] = label
    return labels


def _log_density(model: NDArray[np.float64], colors: NDArray[np.float32]) -> NDArray[np.float64]:
    """The logarithm of a mixture of Gaussians, as grabCut lays it out, for (N, 3) colours."""
    flat = model.reshape(-1)
    weights, means = flat[:_COMPONENTS], flat[_COMPONENTS : 4 * _COMPONENTS].reshape(_COMPONENTS, 3)
    covariances = flat[4 * _COMPONENTS :].reshape(_COMPONENTS, 3, 3)
    density = np.full(len(colors), 1e-12)
    for weight, mean, covariance in zip(weights, means, covariances, strict=True):
        if weight <= 0:
            continue
        # Widened by the table's step, so that no Gaussian falls between two of its colours.
        wide = covariance + np.eye(3) * 6.0
        away = (colors - mean) @ np.linalg.cholesky(np.linalg.inv(wide))
        density += np.exp(-0.5 * (away * away).sum(axis=1)) * (weight / math.sqrt(np.linalg.det(wide)))
    logarithm: NDArray[np.float64] = np.log(density)
    return logarithm


def _drawn(crop: NDArray[np.uint8], odds: _Field) -> Mask:
    """Where ``odds``, smoothed along the edges of ``crop``, speak for the inside."""
    height, width = odds.shape
    factor = max(1.0, max(height, width) / _DRAW_SIDE)
    size = (max(1, round(width / factor)), max(1, round(height / factor)))
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    small_grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    values = cv2.resize(odds, size, interpolation=cv2.INTER_AREA)
    slope, offset = _guided(small_grey, values)
    slope, offset = _guided(small_grey, slope * small_grey + offset)
    slope, offset = cv2.resize(slope, (width, height)), cv2.resize(offset, (width, height))
    inside: Mask = slope * grey + offset > 0
    return inside


def _guided(guide: _Field, values: _Field) -> tuple[_Field, _Field]:
    """The slope and offset that make ``values`` of ``guide`` around each pixel."""
    side = (2 * _GUIDE_REACH + 1, 2 * _GUIDE_REACH + 1)
    mean, mean_value = cv2.blur(guide, side), cv2.blur(values, side)
    slope = (cv2.blur(guide * values, side) - mean * mean_value) / (
        cv2.blur(guide * guide, side) - mean * mean + np.float32(_GUIDE_EPSILON)
    )
    return cv2.blur(slope, side), cv2.blur(mean_value - slope * mean, side)


def _main_parts(mask: Mask) -> Mask:
    count, parts, stats, _ = cv2.connectedComponentsWithStats(mask.view(np.uint8), connectivity=8)
    if count < 2:
        return mask
    areas = stats[:, cv2.CC_STAT_AREA]
    kept = areas >= 0.2 * areas[1:].max()
    kept[0] = False
    main: Mask = kept[parts]
    return main


def _filled(mask: Mask) -> Mask:
    framed = cv2.copyMakeBorder(mask.view(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    cv2.floodFill(framed, None, (0, 0), 2, flags=4)
    filled: Mask = framed[1:-1, 1:-1] != 2
    return filled


def _touching(mask: Mask, wanted: Mask) -> Mask:
    """The connected parts of ``mask`` that hold some of ``wanted``."""
    count, parts = cv2.connectedComponents(mask.view(np.uint8), connectivity=8)
    kept = np.zeros(count, np.bool_)
    kept[parts[wanted & mask]] = True
    touching: Mask = kept[parts]
    return touching
