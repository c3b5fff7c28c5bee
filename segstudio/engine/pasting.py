"""People cut out and put before other places, as videos show them: in any pose, any way up, before others.

After Ghiasi et al., "Simple copy-paste", CVPR 2021.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from segstudio.domain.regions import bounds
from segstudio.engine.augment import Augmentation, augment, fit
from segstudio.engine.sample import Mask, Pixels, Sample
from segstudio.imaging.cv import cv2
from segstudio.imaging.paper_doll import bent, cut_out, with_legs_moved
from segstudio.protocol.round_folder import IGNORE

PHOTOGRAPHED = Augmentation(upright=True, upright_degrees=25.0, upright_zoom=1.6, stretch=1.15, shift=0.12)
"""How far views of people and places stray that somebody has photographed so."""

_GONE = 2

# How often somebody is seen in a pose that nobody photographed, as who dances or falls is.
_LEGS_MOVED, _BENT = 0.5, 0.3
# How often somebody in another place is turned any way up, as who stands on the hands is, or rolls on the floor.
_TURNED = 0.5
# How often others stand in a row behind whoever is meant, and how many: who watches a dancer is not the dancer.
_ROW, _IN_ROW = 0.3, (5, 14)
# Their height as a share of the view's, and how much more of the view one of them may be than who is meant.
_TALL, _NOT_MORE = (0.3, 0.75), 1.3
# How often others stand about anywhere instead, at most so many, each smaller.
_CROWD, _MOST_OTHERS, _SMALLER = 0.6, 6, 0.7
# How far around somebody who is taken out of a room nobody vouches for what is there instead, in px.
_AROUND = 4
# Who stands in a dim place is lit less, too, down to this.
_LEAST_LIGHT = 0.3
# A person cut out is put into other places, at down to this share of the size, as in videos of a room.
_FAR = Augmentation(upright=True, upright_degrees=45.0, upright_zoom=1.8, stretch=1.15, shift=0.2)
_FAR_SCALE = 0.6
_ANY_WAY_UP = replace(_FAR, upright_degrees=180.0)
# Others are anywhere in the picture.
_ABOUT = replace(_FAR, upright_degrees=15.0, shift=0.5)
# An outline is as soft as this many px, and so far it reaches.
_SOFT, _SOFT_REACH = 0.7, 4


def pasted(
    sample: Sample,
    behind: Sample,
    people: Sequence[Sample],
    dim: bool,
    canvas: tuple[int, int],
    rng: np.random.Generator,
) -> tuple[Pixels, Mask]:
    """Who is in ``sample`` in front of ``behind``, and maybe of others out of ``people``, who are not meant.

    Returns pixels (h, w, 3) uint8 and mask (h, w) uint16 of ``canvas`` (h, w). A ``dim`` place is dark, and so is,
    somewhat less, who is in it.
    """
    sample = _in_a_pose(sample, rng)
    scale = fit(sample, canvas, rng) * _FAR_SCALE ** rng.random()
    pixels, mask = augment(sample, canvas, scale, _ANY_WAY_UP if rng.random() < _TURNED else _FAR, rng)
    place, gone = augment(behind, canvas, 1.3 * fit(behind, canvas, rng), PHOTOGRAPHED, rng)
    member = mask == 1
    if rng.random() < _ROW:
        place = _before_a_row(place, _some(people, *_IN_ROW, rng), member, rng)
    elif rng.random() < _CROWD:
        place = _before_others(place, _some(people, 1, _MOST_OTHERS, rng), member, rng)
    if dim:
        place = cv2.convertScaleAbs(place, alpha=math.exp(rng.uniform(math.log(0.03), math.log(0.5))))
        pixels = cv2.convertScaleAbs(pixels, alpha=math.exp(rng.uniform(math.log(_LEAST_LIGHT), 0)))
    known = np.where(gone == _GONE, IGNORE, 0)
    return _over(place, pixels, member), np.where(member, 1, known).astype(np.uint16)


def room(frame: Sample) -> Sample:
    """The place that ``frame`` shows, without who is in it; nobody will vouch for where that was."""
    reach = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * _AROUND + 1, 2 * _AROUND + 1))
    gone = cv2.dilate((frame.mask == 1).astype(np.uint8), reach)
    pixels = cv2.inpaint(frame.pixels, gone, _AROUND, cv2.INPAINT_TELEA)
    return Sample(frame.image_id, np.asarray(pixels, np.uint8), (gone * _GONE).astype(np.uint16), None)


def _in_a_pose(sample: Sample, rng: np.random.Generator) -> Sample:
    """``sample``, or who is in it in another pose."""
    moved, curved = rng.random() < _LEGS_MOVED, rng.random() < _BENT
    pixels, member = sample.pixels, sample.mask == 1
    if moved:
        pixels, member = with_legs_moved(pixels, member, rng)
    if curved:
        pixels, member = bent(pixels, member, rng)
    return Sample(sample.image_id, pixels, member.astype(np.uint16), None) if moved or curved else sample


def _some(people: Sequence[Sample], least: int, most: int, rng: np.random.Generator) -> list[Sample]:
    return [people[int(rng.integers(len(people)))] for _ in range(int(rng.integers(least, most + 1)))]


def _before_others(
    place: Pixels, others: Sequence[Sample], member: NDArray[np.bool_], rng: np.random.Generator
) -> Pixels:
    """``place`` with ``others`` anywhere in it, as far as they are smaller than who is meant, the ``member``."""
    canvas = (member.shape[0], member.shape[1])
    for other in others:
        pixels, mask = augment(other, canvas, fit(other, canvas, rng) * rng.uniform(0.3, 0.8), _ABOUT, rng)
        if (mask == 1).sum() < _SMALLER * member.sum():
            place = _over(place, pixels, mask == 1)
    return place


def _before_a_row(
    place: Pixels, others: Sequence[Sample], member: NDArray[np.bool_], rng: np.random.Generator
) -> Pixels:
    """``place`` with ``others`` side by side on one ground, near that of who is meant, the ``member``."""
    height, width = member.shape
    ground = bounds(member).y1 - rng.uniform(-0.02, 0.2) * height
    tall, step = height * rng.uniform(*_TALL), width / max(1, len(others) - 1)
    for number, other in zip(rng.permutation(len(others)), others, strict=True):
        pixels, of_other = cut_out(other.pixels, other.mask == 1)
        if of_other.shape[0] < of_other.shape[1]:
            continue
        scale = tall * rng.uniform(0.85, 1.15) / of_other.shape[0]
        along = scale * rng.choice((-1.0, 1.0))
        x = (number + rng.uniform(-0.5, 0.5)) * step - along * of_other.shape[1] / 2
        y = ground + rng.uniform(-0.03, 0.03) * height - scale * of_other.shape[0]
        matrix = np.array([[along, 0, x], [0, scale, y]])
        pixels = cv2.warpAffine(pixels, matrix, (width, height), flags=cv2.INTER_LINEAR)
        seen = cv2.warpAffine(of_other.astype(np.uint8), matrix, (width, height), flags=cv2.INTER_NEAREST) > 0
        if seen.sum() < _NOT_MORE * member.sum():
            place = _over(place, cv2.convertScaleAbs(pixels, alpha=rng.uniform(0.7, 1.2)), seen)
    return place


def _over(place: Pixels, pixels: Pixels, member: NDArray[np.bool_]) -> Pixels:
    """``place`` with ``pixels`` where ``member`` is, softly."""
    box = bounds(member)
    if box.is_empty:
        return place
    place, part = place.copy(), box.expand(_SOFT_REACH).clip(*member.shape).slices
    cover = cv2.GaussianBlur(member[part].astype(np.float32), (0, 0), _SOFT)[..., None]
    place[part] = pixels[part] * cover + place[part] * (1 - cover)
    return place
