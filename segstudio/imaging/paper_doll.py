"""A person cut out of a picture, in poses that nobody photographed: legs that turn in hip and knee, a back that bends.

Who stands for a photograph teaches nothing of who dances or falls. The pixels are the picture's own, so cloth, skin and
shoes are real; only the pose is made up, as a paper doll's is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.domain.geometry import Rect
from segstudio.domain.regions import Mask, bounds
from segstudio.imaging.camera import Picture
from segstudio.imaging.cv import cv2

Matrix = NDArray[np.float64]

_LEAST_TALL = 60
"""Height in px below which nobody is taken apart."""

_UPRIGHT = 0.75
"""Width over height above which nobody stands, so that where the hip is can't be told."""

_HIP = (0.46, 0.54)
"""How far down the hip is, as a share of the height."""

_OVERLAP = 0.02
"""How far parts go beyond their joints, as a share of the height, so that no gap opens."""

_KNEE_BENT, _MOST_KNEE = 0.6, 110.0
_HIP_TURNS = (-20.0, 120.0)
_CROSSED = 0.5
"""How often a leg turns inward instead of outward: who is seen from the side does both."""

_BEND = (0.5, 2.2)
"""Angle in radians of the arc that a bent body follows from head to foot."""

_COARSER = 4
"""Every how many px the map of a bend is reckoned: it has no more detail than that."""

_RIM = 2
"""Px round a part that come along, since an outline is drawn softly: as wide as what mixes there."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of somebody where it lies after it was turned: ``rect`` of the frame, pixels, and which are the part."""

    rect: Rect
    pixels: Picture
    member: Mask


def with_legs_moved(picture: Picture, member: Mask, rng: np.random.Generator) -> tuple[Picture, Mask]:
    """Who stands in ``picture`` (h, w, 3) where ``member`` (h, w) is, legs lifted, spread, crossed and bent.

    Returns as much of picture and member as that takes. Nothing is changed where nobody stands upright. What lies round
    the person afterwards is not meant to be seen.
    """
    picture, member = cut_out(picture, member)
    tall = bounds(member).height
    if tall < _LEAST_TALL or bounds(member).width > _UPRIGHT * tall:
        return picture, member
    picture, member = _framed(picture, member, round(0.1 * tall), round(0.55 * tall))
    body = bounds(member)
    hip = round(body.y0 + tall * rng.uniform(*_HIP))
    overlap = max(1, round(_OVERLAP * tall))
    legs = member.copy()
    legs[: hip - overlap] = False
    middle, apart = _where_legs_meet(member, hip)
    parts: list[_Part | None] = []
    for side in (-1, 1) if rng.random() < 0.5 else (1, -1):
        leg = legs.copy()
        leg[:, slice(round(middle), None) if side < 0 else slice(None, round(middle))] = False
        parts += _leg(picture, leg, hip, (middle + side * apart, hip), side, overlap, rng)
    torso = member.copy()
    torso[hip + overlap :] = False
    parts.append(_turned(picture, torso, _about((0.0, 0.0), 0.0)))
    return _put_together(picture, [part for part in parts if part is not None])


def bent(picture: Picture, member: Mask, rng: np.random.Generator) -> tuple[Picture, Mask]:
    """Who is in ``picture`` (h, w, 3) where ``member`` (h, w) is, bent to one side, as if the spine were a piece of a
    circle.

    Returns as much of picture and member as that takes.
    """
    picture, member = cut_out(picture, member)
    by = max(member.shape) // 3
    picture, member = _framed(picture, member, by, by)
    rows, columns = np.nonzero(member)
    if len(rows) == 0:
        return picture, member
    x, y = float(columns.mean()), float(rows.mean())
    radius = (float(np.ptp(rows)) + 1) / rng.uniform(*_BEND)
    side = float(rng.choice((-1.0, 1.0)))
    height, width = member.shape
    along = np.arange(0, width + _COARSER, _COARSER, dtype=np.float32)[None, :]
    down = np.arange(0, height + _COARSER, _COARSER, dtype=np.float32)[:, None]
    out, up = radius - side * (along - x), down - y
    from_x, from_y = x + side * (radius - np.hypot(out, up)), y + radius * np.arctan2(up, out)
    map_x, map_y = _finer(from_x, width, height), _finer(from_y, width, height)
    moved = cv2.remap(picture, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    of_it = cv2.remap(member.astype(np.uint8), map_x, map_y, cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT) > 0
    return cut_out(np.asarray(moved, np.uint8), of_it)


def cut_out(picture: Picture, member: Mask) -> tuple[Picture, Mask]:
    """Of ``picture`` and ``member`` what is in the box round ``member``, with a little round it."""
    box = bounds(member)
    if box.is_empty:
        return picture, member
    rect = box.expand(1 + _RIM + round(0.05 * max(box.width, box.height))).clip(*member.shape)
    return np.ascontiguousarray(picture[rect.slices]), np.ascontiguousarray(member[rect.slices])


def _framed(picture: Picture, member: Mask, above: int, beside: int) -> tuple[Picture, Mask]:
    """With room round it, ``above`` px over and under it and ``beside`` px left and right."""
    sides = (above, above, beside, beside)
    wide = cv2.copyMakeBorder(picture, *sides, cv2.BORDER_REPLICATE)
    return np.asarray(wide, np.uint8), np.pad(member, ((above, above), (beside, beside)))


def _where_legs_meet(member: Mask, hip: int) -> tuple[float, float]:
    """The column between the legs, and how far from it each turns: a quarter of the width at the hip."""
    at_hip = np.flatnonzero(member[hip])
    below = np.nonzero(member[hip:])[1]
    middle = float(np.median(below)) if len(below) else float(at_hip.mean())
    return middle, float(np.ptp(at_hip)) / 4 if len(at_hip) else 0.0


def _leg(
    picture: Picture,
    leg: Mask,
    hip: int,
    pivot: tuple[float, float],
    side: int,
    overlap: int,
    rng: np.random.Generator,
) -> list[_Part | None]:
    """The parts of a leg, turned about the hip at ``pivot``, and below the knee about that."""
    outward = rng.uniform(*_HIP_TURNS) * -side
    at_hip = _about(pivot, -outward if rng.random() < _CROSSED else outward)
    knee = (hip + bounds(leg).y1) // 2
    at_knee = np.flatnonzero(leg[knee]) if knee < leg.shape[0] else np.empty(0)
    if len(at_knee) == 0 or rng.random() >= _KNEE_BENT:
        return [_turned(picture, leg, at_hip)]
    shin, thigh = leg.copy(), leg.copy()
    shin[: knee - overlap], thigh[knee + overlap :] = False, False
    bend = _about((float(at_knee.mean()), float(knee)), rng.uniform(-_MOST_KNEE, _MOST_KNEE))
    return [_turned(picture, shin, at_hip @ bend), _turned(picture, thigh, at_hip)]


def _about(pivot: tuple[float, float], degrees: float) -> Matrix:
    """The 3 x 3 matrix of a turn about ``pivot`` (x, y), counterclockwise."""
    return np.vstack([cv2.getRotationMatrix2D(pivot, degrees, 1.0), [0.0, 0.0, 1.0]])


def _turned(picture: Picture, part: Mask, matrix: Matrix) -> _Part | None:
    """``part`` of ``picture`` through ``matrix``; None where nothing of it is in the frame."""
    box = bounds(part)
    if box.is_empty:
        return None
    box = box.expand(_RIM + 1).clip(*part.shape)
    corners = matrix[:2, :2] @ np.array([[box.x0, box.x1, box.x0, box.x1], [box.y0, box.y0, box.y1, box.y1]], float)
    corners += matrix[:2, 2:]
    (left, top), (right, bottom) = np.floor(corners.min(axis=1)), np.ceil(corners.max(axis=1)) + 1
    rect = Rect(int(left), int(top), int(right), int(bottom)).clip(*part.shape)
    if rect.is_empty:
        return None
    moved = matrix[:2].copy()
    moved[:, 2] += moved[:, :2] @ (box.x0, box.y0) - (rect.x0, rect.y0)
    size = (rect.width, rect.height)
    pixels = cv2.warpAffine(picture[box.slices], moved, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    member = cv2.warpAffine(part[box.slices].astype(np.uint8), moved, size, flags=cv2.INTER_NEAREST) > 0
    return _Part(rect, np.asarray(pixels, np.uint8), np.asarray(member, np.bool_))


def _put_together(picture: Picture, parts: list[_Part]) -> tuple[Picture, Mask]:
    """``parts`` over each other, the last on top; the rims of all lie below what is inside of any."""
    whole, member = picture.copy(), np.zeros(picture.shape[:2], np.bool_)
    reach = np.ones((2 * _RIM + 1, 2 * _RIM + 1), np.uint8)
    for part in parts:
        rim = cv2.dilate(part.member.astype(np.uint8), reach) > 0
        whole[part.rect.slices][rim] = part.pixels[rim]
    for part in parts:
        whole[part.rect.slices][part.member] = part.pixels[part.member]
        member[part.rect.slices] |= part.member
    return cut_out(whole, member)


def _finer(grid: NDArray[np.floating[Any]], width: int, height: int) -> NDArray[np.float32]:
    """``grid``, of every fourth px, for each px."""
    matrix = np.array([[_COARSER, 0, 0], [0, _COARSER, 0]], np.float64)
    return np.asarray(
        cv2.warpAffine(grid.astype(np.float32), matrix, (width, height), flags=cv2.INTER_LINEAR), np.float32
    )
