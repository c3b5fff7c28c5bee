"""Which images belong together, so that none of them may be held out while another is trained on.

A group is a patient, a video or a part of a long one, or pictures that are nearly the same. A model that has learned
one image of a group knows the others too well: its score on them says nothing of images that it will meet.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import PurePath
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from segstudio.domain.frames import parse_frame, sequence_of
from segstudio.domain.rounds import HELD_OUT_SHARE, holds_out
from segstudio.imaging.cv import cv2

NEAR = 6
"""Bits by which the perceptual hashes of two images may differ that pass for one picture.

Measured: of 120 dermoscopy pictures, 150 photographs of people and 100 of other things no two differ by less than 8, 14
and 18 bits. The same picture saved at a JPEG quality of 40, at two fifths of its size, or a sixth brighter, differs by
2, 2 and 6 bits or less in 95 of 100 cases.
"""

PART_STEPS = 8
"""Steps of a video's usual length that a part of it takes, where it is cut into parts."""

PATIENT = "patient:"
"""How the names of patients' groups begin."""

_SMALL, _BAND = 32, 8
_PART = re.compile(r"(?P<video>.*)\|(?P<span>\d+):(?P<part>\d+)", re.DOTALL)


class Groupable(Protocol):
    """What is to be known of an image."""

    @property
    def fingerprint(self) -> str:
        """The hexadecimal hash of its file, "" until that was read."""

    @property
    def group(self) -> str:
        """The name of its group, "" for none."""

    @property
    def perceptual(self) -> int | None:
        """Its perceptual hash, None until it was read and for pictures of one colour."""

    @property
    def held_out(self) -> bool | None:
        """Its side, None until that is decided."""


_64_BITS = (1 << 64) - 1


def perceptual_hash(pixels: NDArray[np.uint8]) -> int | None:
    """64 bits, as a signed number, that stay nearly the same for (h, w, 3) uint8 ``pixels`` of any size and quality.

    The signs of 8 x 8 low frequencies of the picture at 32 x 32 about their median (Zauner, "Implementation and
    benchmarking of perceptual image hash functions", 2010), without those that only say how light and dark lie across
    the whole of it. None for a picture of one colour.
    """
    grey = cv2.cvtColor(cv2.resize(pixels, (_SMALL, _SMALL), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
    if int(grey.max()) - int(grey.min()) < 2:
        return None
    band = cv2.dct(grey.astype(np.float32))[1 : _BAND + 1, 1 : _BAND + 1].ravel()
    bits = np.packbits(band > np.median(band))
    return int.from_bytes(bits.tobytes(), "big", signed=True)


def are_one_picture(one: int | None, other: int | None) -> bool:
    """Whether two perceptual hashes may be of one picture, saved twice; where one of them is None, nobody can tell."""
    return one is None or other is None or ((one ^ other) & _64_BITS).bit_count() <= NEAR


def patient_group(patient: str, secret: bytes) -> str:
    """The name of the group of all images of one patient: an HMAC (RFC 2104), which who lacks the ``secret`` can't
    tell from that of any other patient, though they know all numbers that patients have."""
    code = hmac.new(secret, patient.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
    return f"{PATIENT}{code[:16]}"


def video_groups(names: Sequence[str], known: Sequence[str] = ()) -> list[str]:
    """The name of the group of each of ``names``, "" for those that are no frames.

    A video is one group, seen by whatever cameras. One that is more than the held-out share of ``names`` is cut into
    parts of ``PART_STEPS`` of its usual steps: held out as a whole it would leave too little to learn from, and learned
    from as a whole too little to score on. ``known`` are the names of groups that the project has, and a video that is
    cut or whole there stays so.
    """
    frames = [parse_frame(name) for name in names]
    videos = [None if frame is None else sequence_of(frame) for frame in frames]
    cut = {match["video"]: int(match["span"]) for group in known if (match := _PART.fullmatch(group))}
    whole = set(known) - cut.keys()
    numbers = defaultdict(set)
    for frame, video in zip(frames, videos, strict=True):
        if frame is not None and video is not None:
            numbers[video].add(frame.number)
    for video, count in Counter(video for video in videos if video is not None).items():
        if video not in whole and video not in cut and count > HELD_OUT_SHARE * len(names):
            cut[video] = PART_STEPS * _usual_step(sorted(numbers[video]))
    groups = []
    for frame, video in zip(frames, videos, strict=True):
        if frame is None or video is None:
            groups.append("")
        elif video in cut:
            groups.append(f"{video}|{cut[video]}:{frame.number // cut[video]}")
        else:
            groups.append(video)
    return groups


@dataclass(frozen=True, slots=True)
class Membership:
    """What is to be known of an image, and no more."""

    fingerprint: str
    group: str
    perceptual: int | None
    held_out: bool | None


class Kinship:
    """Which of ``images`` belong together: the same file, one group, pictures near each other.

    Two that both belong to a third belong together, too. Where they were once decided apart, the nearest counts.
    ``departed`` are no images any more, but a model knows them: they are kin, and not counted.
    """

    def __init__(self, images: Sequence[Groupable], departed: Sequence[Groupable] = ()) -> None:
        self._images, self._count = [*images, *departed], len(images)
        self._hashed = [number for number, image in enumerate(self._images) if image.perceptual is not None]
        self._hashes = np.array([self._images[number].perceptual for number in self._hashed], np.int64)
        self._same: dict[tuple[str, str], list[int]] = defaultdict(list)
        for number, image in enumerate(self._images):
            for key in _keys(image):
                self._same[key].append(number)

    def decide(self, image: Groupable) -> bool:
        """Whether ``image``, one of the images that is approved now, is held out for ever.

        What was decided of its group holds for it. The first of a group decides, by the hash of the group's name
        without the folders that it lies in, or of the file where there is no group.
        """
        decided = self.side(image)
        if decided is not None:
            return decided
        before = [other.held_out for other in self._images[: self._count] if other.held_out is not None]
        size = len(self._same["group", image.group]) if image.group else 1
        return holds_out(_identity(image), len(before), sum(before), size)

    def decide_all(self, numbers: Iterable[int]) -> list[bool]:
        """What ``decide`` says of the images with these numbers if they are approved one after the other.

        About a tenth of a millisecond an image: decided one by one, ten thousand images would take minutes.
        """
        sides = [image.held_out for image in self._images]
        counted = sides[: self._count]
        decided, held_out = len(counted) - counted.count(None), counted.count(True)
        answers = []
        for number in numbers:
            side, image = sides[number], self._images[number]
            if side is None:
                side = next((sides[kin] for kin in self._kin(image) if sides[kin] is not None), None)
                if side is None:
                    size = len(self._same["group", image.group]) if image.group else 1
                    side = holds_out(_identity(image), decided, held_out, size)
                sides[number] = side
                decided, held_out = decided + 1, held_out + side
            answers.append(side)
        return answers

    def side(self, image: Groupable) -> bool | None:
        """Whether ``image`` is held out by what was decided of it and its kin; None where nothing was."""
        if image.held_out is not None:
            return image.held_out
        kin = (self._images[number] for number in self._kin(image))
        return next((other.held_out for other in kin if other.held_out is not None), None)

    def _kin(self, image: Groupable) -> Iterator[int]:
        """The numbers of those that belong to ``image``, nearest first."""
        seen: set[int] = set()
        waiting = deque([image])
        while waiting:
            one = waiting.popleft()
            alike = [number for key in _keys(one) for number in self._same[key]]
            for number in (*alike, *self._near(one)):
                if number not in seen:
                    seen.add(number)
                    waiting.append(self._images[number])
                    yield number

    def _near(self, image: Groupable) -> list[int]:
        if image.perceptual is None:
            return []
        distance = np.bitwise_count((self._hashes ^ np.int64(image.perceptual)).view(np.uint64))
        near = [self._hashed[index] for index in np.flatnonzero(distance <= NEAR)]
        return [number for number in near if not _parts_of_one_video(image.group, self._images[number].group)]


def _keys(image: Groupable) -> list[tuple[str, str]]:
    keys = (("file", image.fingerprint), ("group", image.group))
    return [key for key in keys if key[1]]


def _identity(image: Groupable) -> str:
    if not image.group:
        return image.fingerprint
    return hashlib.sha256("/".join(PurePath(image.group).parts[-2:]).encode()).hexdigest()


def _parts_of_one_video(one: str, other: str) -> bool:
    """Their borders are near each other by nature; joined, a slow video would hang together from end to end."""
    first, second = _PART.fullmatch(one), _PART.fullmatch(other)
    return first is not None and second is not None and first["video"] == second["video"]


def _usual_step(numbers: Sequence[int]) -> int:
    steps = sorted(after - before for before, after in pairwise(numbers))
    return steps[(len(steps) - 1) // 2] if steps else 1
