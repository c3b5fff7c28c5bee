"""What kind of masks these are, by looking at some of them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from segstudio.domain.errors import UserError
from segstudio.domain.segments import Color
from segstudio.imaging.cv import cv2
from segstudio.imaging.label_values import MOST_ID, VOID, read_palette, shows_white
from segstudio.imaging.reader import read_array

MOST_CLASSES = 64
"""More values or colours than that are no classes: they number objects, or are a photograph's."""

SNAP = 24
"""How far, in any of its parts, a colour may be from the one that it is taken for; JPEG blurs them."""

_FULL = 256
"""Colours of the palettes that this program writes; earlier versions did not say that only values count."""

_LOSSY = (".jpg", ".jpeg", ".jpe", ".webp")
_RARE = 0.0005
_DARK, _LIGHT = 16, 240
"""What JPEG makes of black and of white lies below and above."""
_FLAT, _MOSTLY = 8, 0.8
"""How far neighbours in a plain place of a blurred mask may differ, and the share of a mask that is plain."""
_PLAIN = 0.01
"""Share of the plain places that are not black which shades between must have to be no edges."""

Kind = Literal["binary", "values", "objects", "colours", "unknown"]


@dataclass(frozen=True)
class Survey:
    """What was found in ``looked_at`` of ``of`` masks.

    ``binary``: black and white, whatever number is white, or 0 and 1. ``values``: each value a class. ``objects``: each
    value an object. ``colours``: each colour a class. ``unknown``: none could be read, or too much is in them.
    ``values`` and ``colours`` come with their shares of all pixels. ``palette`` says which value each colour of
    palettes is, where that is the same in all masks. ``many`` says that 8 bits have more shades than ``MOST_CLASSES``
    in plain places: those of classes, or of pictures.
    """

    kind: Kind
    looked_at: int
    of: int
    values: dict[int, float] = field(default_factory=dict)
    colours: dict[Color, float] = field(default_factory=dict)
    palette: dict[Color, int] = field(default_factory=dict)
    many: bool = False


def survey(masks: Sequence[Path], most: int = 48) -> Survey:
    """Look at up to ``most`` of ``masks``, evenly spread; those that can't be read are passed over."""
    step = max(1, -(-len(masks) // most))
    chosen = masks[::step]
    values: Counter[int] = Counter()
    colours: Counter[int] = Counter()
    plains: Counter[int] = Counter()
    whites: Counter[int] = Counter()
    deep, seen = False, 0
    palettes = _Palettes()
    for path in chosen:
        try:
            array, _ = read_array(path)
        except UserError:
            continue
        seen += 1
        if array.dtype.kind == "f" or (array.ndim == 3 and array.dtype != np.uint8):
            return Survey("unknown", seen, len(masks))
        if array.ndim == 3 and not is_grey(array):
            colours.update(_counted(packed(array)[unmixed(path, array)]))
        else:
            flat = array[..., 0] if array.ndim == 3 else array
            deep |= flat.dtype.itemsize > 1 and not _is_white(flat)
            if shows_white(path, flat) is not None:
                whites.update(_counted(flat))
                continue
            plains.update(_plains(flat))
            values.update(_counted(flat) if not palettes.take(path, array) else {})
        if len(colours) > 200_000 or len(values) > 65536:
            break
    if colours or palettes.differ:
        colours.update(palettes.colours)
        # Grey pictures among coloured ones are of few colours by chance.
        colours.update({value * 0x010101: count for value, count in values.items() if value < 256})
        colours.update({(255 if value else 0) * 0x010101: count for value, count in whites.items()})
        exact = not any(path.suffix.lower() in _LOSSY for path in chosen)
        return _coloured(colours, exact, seen, len(masks))
    values.update(palettes.values)
    only_white = bool(whites) and set(values) <= {0, VOID}
    # Beside masks with other numbers, white is one of these.
    values.update(whites)
    if only_white:
        return Survey("binary", seen, len(masks), _shares(values))
    shades = [] if deep else shades_of(plains)
    if 0 < len(shades) <= MOST_CLASSES:
        total = values.total()
        shares = {value: count / total for value, count in sorted(values.items()) if value in (0, *shades)}
        return Survey("values", seen, len(masks), shares)
    found = _valued(values, deep, seen, len(masks))
    return replace(found, palette=palettes.known, many=len(shades) > MOST_CLASSES)


def shades_of(plains: Mapping[int, int]) -> list[int]:
    """The values of plain places, by their pixels, if they are several shades of grey; [] for black and white, and ids.

    Some programs spread few classes over the greys: 0, 128 and 255. Whatever is black and white with soft edges has
    shades between them along its edges alone.
    """
    own = {value: count for value, count in plains.items() if value}
    total = sum(own.values())
    between = sum(count for value, count in own.items() if _DARK < value < _LIGHT)
    kept = [value for value, count in sorted(own.items()) if count >= _RARE * total]
    if len(kept) < 2 or max(kept) <= MOST_ID:
        return []
    return kept if between >= _PLAIN * total else []


def plain_shades(array: NDArray[Any]) -> list[int]:
    """``shades_of`` one mask, (H, W) or (H, W, 3) of any type."""
    return [] if array.ndim == 3 else shades_of(_plains(array))


def is_soft_white(flat: NDArray[Any]) -> bool:
    """Whether (H, W) whole numbers of more than 8 bits are black and white with soft edges, of which 255 is white.

    Objects that are numbered, and classes beside a void, are plain inside; what lies between black and white along an
    edge is dark and light.
    """
    if flat.ndim != 2 or flat.dtype.kind not in "iu" or flat.dtype.itemsize == 1 or flat.size == 0:
        return False
    if flat.max() != VOID or flat.min() < 0 or not np.any((flat > MOST_ID) & (flat < VOID)):
        return False
    plains = _plains(flat.astype(np.uint8))
    light = sum(count for value, count in plains.items() if value >= _LIGHT)
    between = sum(count for value, count in plains.items() if _DARK < value < _LIGHT)
    dark = sum(count for value, count in plains.items() if 0 < value <= _DARK)  # where a wide edge runs out
    return light > dark and between < _PLAIN * light


def _is_white(flat: NDArray[Any]) -> bool:
    """Whether nothing in (H, W) is a number: black, white of 255, and soft edges between."""
    return bool(np.isin(flat, (0, VOID)).all()) or is_soft_white(flat)


def _plains(flat: NDArray[Any]) -> dict[int, int]:
    """How many pixels of (H, W) uint8 are of each value as their eight neighbours are; {} of other types."""
    if flat.dtype != np.uint8 or min(flat.shape) < 1:
        return {}
    grey = np.ascontiguousarray(flat)
    around = np.ones((3, 3), np.uint8)
    plain = cv2.compare(cv2.erode(grey, around), cv2.dilate(grey, around), cv2.CMP_EQ)
    counts = cv2.calcHist([grey], [0], plain, [256], [0, 256]).ravel()
    return {int(value): int(counts[value]) for value in np.flatnonzero(counts)}


def indices_of(path: Path, array: NDArray[Any], by_value: bool = False) -> dict[Color, list[int]]:
    """The colours that a mask (H, W) shows by its palette, and the value or values that are so; {} without a palette.

    Values beyond the palette have no colour. A palette of which only the values count comes only ``by_value``.
    """
    palette = read_palette(path, by_value)
    found: dict[Color, list[int]] = {}
    if palette is None:
        return found
    for value in np.unique(array).tolist():
        if value < len(palette):
            red, green, blue = palette[value].tolist()
            found.setdefault((red, green, blue), []).append(value)
    return found


class _Palettes:
    """The palettes of several masks, and what these say by value and by colour.

    Where programs gave each mask a palette of its own, with its colours in any order, the values mean nothing. A class
    whose colour was changed between two masks keeps its value. So do all in masks that say that only values count,
    unless beside them lies one whose palette another program sorted anew.
    """

    def __init__(self) -> None:
        self.values: Counter[int] = Counter()
        self.colours: Counter[int] = Counter()
        self._indices: dict[Color, set[int]] = defaultdict(set)
        self._bare: dict[int, set[Color]] = defaultdict(set)
        self._by_value: dict[Color, set[int]] = defaultdict(set)
        self._sorted: dict[Color, set[int]] = defaultdict(set)
        self._values_count = False

    def take(self, path: Path, array: NDArray[Any]) -> bool:
        """Look at a mask as ``read_array`` has it; False, and nothing is taken, if it has no palette."""
        here = indices_of(path, array, by_value=True) if array.ndim == 2 else {}
        if not here:
            return False
        counts = _counted(array)
        self.values.update(counts)
        for color, own in here.items():
            self.colours[color[0] << 16 | color[1] << 8 | color[2]] += sum(counts[value] for value in own)
        palette = read_palette(path)
        if palette is None:
            for color, own in here.items():
                self._by_value[color].update(own)
            return True
        for color, own in here.items():
            self._values_count |= len(own) > 1
            self._indices[color].update(own)
            if len(palette) <= len(counts):
                self._bare[own[0]].add(color)
            if len(palette) < _FULL:
                self._sorted[color].update(own)
        return True

    @property
    def differ(self) -> bool:
        """Whether one colour has several values, or, with palettes of nothing but what is shown, one value several."""
        several = any(len(own) > 1 for own in self._indices.values()) or any(
            len(own) > 1 for own in self._bare.values()
        )
        anew = any(not own <= self._by_value.get(color, own) for color, own in self._sorted.items())
        return (several or anew) and not self._values_count

    @property
    def known(self) -> dict[Color, int]:
        """The value of each colour; nothing where two values of a mask share one."""
        if self._values_count:
            return {}
        sure = {color: min(own) for color, own in self._by_value.items() if len(own) == 1}
        return sure | {color: min(own) for color, own in self._indices.items()}


def is_grey(array: NDArray[Any]) -> bool:
    """Whether (H, W, 3) is a grey picture kept as colours."""
    return bool(np.all((array[..., 0] == array[..., 1]) & (array[..., 1] == array[..., 2])))


def unmixed(path: Path, array: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """(H, W), where the colours of a mask (H, W, 3) are its own: not along edges in files that blur them.

    Everywhere in all others, photographs in such files among them: these have too little that is plain for a mask.
    """
    everywhere = np.ones(array.shape[:2], np.bool_)
    if path.suffix.lower() not in _LOSSY:
        return everywhere
    around = np.ones((3, 3), np.uint8)
    plain = (cv2.dilate(array, around) - cv2.erode(array, around)).max(axis=2) <= _FLAT
    return np.asarray(plain, np.bool_) if plain.mean() >= _MOSTLY else everywhere


def packed(array: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """(H, W) uint32 of 0xRRGGBB from (H, W, 3) uint8."""
    wide = array.astype(np.uint32)
    return np.asarray(wide[..., 0] << 16 | wide[..., 1] << 8 | wide[..., 2], np.uint32)


def unpacked(value: int) -> Color:
    """A colour from 0xRRGGBB."""
    return value >> 16, value >> 8 & 255, value & 255


def _counted(array: NDArray[Any]) -> dict[int, int]:
    values, counts = np.unique(array, return_counts=True)
    return dict(zip(values.tolist(), counts.tolist(), strict=True))


def _shares(values: Counter[int]) -> dict[int, float]:
    total = max(1, values.total())
    return {int(value): count / total for value, count in sorted(values.items())}


def _valued(values: Counter[int], deep: bool, seen: int, of: int) -> Survey:
    shares = _shares(values)
    said = [value for value in shares if value not in (0, VOID)]
    kind: Kind
    if not seen or min(shares, default=0) < 0:
        kind = "unknown"
    elif said in ([], [1]) and not (said and VOID in shares):
        kind = "binary"
    elif deep and (len(said) > MOST_CLASSES or max(said) > 65534):
        kind = "objects" if max(said) <= 65534 else "unknown"
    elif len(said) > MOST_CLASSES or (not deep and max(said) > MOST_ID):
        # 8 bits that reach far up are black and white with soft edges.
        kind = "binary"
    else:
        kind = "values"
    return Survey(kind, seen, of, shares)


def _coloured(colours: Counter[int], exact: bool, seen: int, of: int) -> Survey:
    total = colours.total()
    kept: dict[Color, float] = {}
    # Where nothing is blurred, by JPEG or along edges, each colour is as it was meant.
    snap = 0 if exact and len(colours) <= MOST_CLASSES else SNAP
    for value, count in colours.most_common():
        color = unpacked(value)
        near = next((known for known in kept if _distance(known, color) <= snap), None)
        if near is not None:
            kept[near] += count / total
        elif count / total >= _RARE:
            kept[color] = count / total
        if len(kept) > MOST_CLASSES:
            return Survey("unknown", seen, of)
    strays = 1 - sum(kept.values())
    return Survey("colours" if strays < 0.02 else "unknown", seen, of, colours=kept)


def _distance(one: Color, other: Color) -> int:
    return max(abs(a - b) for a, b in zip(one, other, strict=True))
