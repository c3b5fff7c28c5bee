"""Which images are frames of one video, and which comes before which, told by their names."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import PurePath

LARGEST_GAP = 2
"""How many of its sequence's usual steps a frame may be from the one before; farther, nothing is where it was."""

_LEAST_NEIGHBOURS = 3

# MADS, <Action>_<Sequence>_C<camera>_<frame>: the camera makes it unmistakable.
_MADS = re.compile(r"(?P<sequence>[A-Za-z]+_[A-Za-z0-9]+_C\d+)_(?P<number>\d+)")
_MADS_SEQUENCE = re.compile(r"(?P<video>[A-Za-z]+_[A-Za-z0-9]+)_C\d+")
# A word for it, as video tools write: frame0001, video2_frame_17.
_NAMED = re.compile(r"(?P<sequence>(?:.*[^A-Za-z])?(?:frame|frm))[_\-. ]?(?P<number>\d+)", re.IGNORECASE)
# Any prefix, and a number of five or more digits that begins with a zero, as DAVIS and ffmpeg write it.
_PADDED = re.compile(r"(?P<sequence>.*[A-Za-z].*)[_\-.](?P<number>0\d{4,})")
# Four digits, as ffmpeg's manual has them, or a number alone in a folder with a name of its own, as in DAVIS: pictures
# of patients may be called so, too.
_SHORT = re.compile(r"(?P<sequence>.*[A-Za-z].*)[_\-.](?P<number>0\d{3})")
_BARE = re.compile(r"0\d{3,5}")
_ANY_FOLDER = re.compile(
    r"[^A-Za-z]*|(?:jpeg)?images?|imgs?|photos?|pictures?|masks?|labels?|inputs?|data|datasets?|"
    r"(?:train(?:ing)?|val(?:id)?|validation|test(?:ing)?)\d*|all|full|raw|export(?:s|ed)?|\d+p",
    re.IGNORECASE,
)
# What cameras and collections of patients name single pictures; they count on like frames and aren't any.
_SINGLE = re.compile(
    r"_?(?:dsc[nf]?|i?mg|pxl|p|gopr|dji|sam|cimg|pict?|picture|photo|image|scan|slide|sample|"
    r"imd|isic|ham|patient|case|subject|lesion|mole|na?evus|melanoma|skin|derm|dermoscopy|visit|id)(?![A-Za-z])",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Frame:
    """The ``number`` of a frame within its ``sequence``; ``certain`` unless single pictures may be called so, too."""

    sequence: str
    number: int
    certain: bool = True


# Whoever looks for the frame before asks this of every name, again and again.
@lru_cache(maxsize=1 << 16)
def parse_frame(name: str) -> Frame | None:
    """What a file's name says of its place in a video; None for what is named like a single picture.

    ``name`` may have folders, which become part of the sequence, and an ending. Known are MADS
    (``HipHop_HipHop1_C0_00180.png``), names with a word for it (``frame0001.jpg``), and a prefix with a number of at
    least five digits that begins with a zero (``breakdance_00012.jpg``). Less certain are four digits after a prefix
    (``dance_0001.jpg``), and four to six alone in a folder that has a name of its own (``breakdance/00012.jpg``).
    Dermoscopes' pictures are numbered patients: ``IMG_2044``, ``DSC_0123``, ``IMD003``, ``ISIC_0024306`` are none,
    since a mask carried from one patient to the next would be worse than no offer.
    """
    path = PurePath(name)
    stem = path.name[: -len(path.suffix)] if path.suffix and not path.suffix[1:].isdigit() else path.name
    folder = "" if path.parent == PurePath(".") else f"{path.parent.as_posix()}/"
    found = _MADS.fullmatch(stem) or _NAMED.fullmatch(stem)
    if found is not None:
        return Frame(folder + found["sequence"], int(found["number"]))
    if _BARE.fullmatch(stem):
        own = path.parent.name
        named = not _ANY_FOLDER.fullmatch(own) and not _SINGLE.match(own.rstrip("sS"))
        return Frame(folder, int(stem), certain=False) if named else None
    long = _PADDED.fullmatch(stem)
    found = long or _SHORT.fullmatch(stem)
    if found is None or _SINGLE.match(found["sequence"]):
        return None
    return Frame(folder + found["sequence"], int(found["number"]), certain=long is not None)


def sequence_of(frame: Frame) -> str:
    """The video that a frame is of, whichever camera saw it: in MADS, all cameras of a sequence in any folder."""
    found = _MADS_SEQUENCE.fullmatch(PurePath(frame.sequence).name)
    return frame.sequence if found is None else found["video"]


def previous_frame(names: Sequence[str], name: str) -> str | None:
    """The nearest earlier frame of the same video among ``names``, or None.

    A video is at least three of ``names`` in one sequence. The frame before may be up to ``LARGEST_GAP`` times the
    sequence's usual step away, which is its median: MADS shows every 45th frame and leaves some of those out.
    """
    frame = parse_frame(name)
    if frame is None:
        return None
    by_number = _sequences(names).get(frame.sequence, {})
    numbers = sorted({*by_number, frame.number})
    if len(numbers) < _LEAST_NEIGHBOURS:
        return None
    steps = sorted(after - before for before, after in pairwise(numbers))
    usual = steps[(len(steps) - 1) // 2]
    earlier = [number for number in numbers if number < frame.number]
    if not earlier or frame.number - earlier[-1] > LARGEST_GAP * usual:
        return None
    return by_number[earlier[-1]]


def _sequences(names: Sequence[str]) -> dict[str, dict[int, str]]:
    """The names of each sequence by the number of their frame."""
    found: dict[str, dict[int, str]] = defaultdict(dict)
    for name in names:
        frame = parse_frame(name)
        if frame is not None:
            found[frame.sequence].setdefault(frame.number, name)
    return found
