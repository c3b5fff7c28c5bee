"""At which size a network sees an image."""

from __future__ import annotations

STRIDE = 32
"""Networks halve an image so often that its sides have to be multiples of this many pixels."""

_SHORTEST_SIDE = 2 * STRIDE


def input_shape(width: int, height: int, longer_side: int) -> tuple[int, int]:
    """(h, w) at which a network sees an image of ``width`` x ``height``.

    The longer side becomes ``longer_side``; both are rounded to multiples of 32, at least 64. The proportions
    change by less than a tenth unless the image is a narrow strip.
    """
    scale = longer_side / max(width, height)
    return reduced_side(height, scale), reduced_side(width, scale)


def is_strip(width: int, height: int, longer_side: int) -> bool:
    """Whether an image is so narrow that a network sees it wider than it is, since no side may be below 64 px."""
    return min(width, height) * longer_side < _SHORTEST_SIDE * max(width, height)


def reduced_side(side: int, scale: float) -> int:
    """``side`` in px at ``scale``, as a multiple of 32, at least 64."""
    return max(_SHORTEST_SIDE, STRIDE * round(side * scale / STRIDE))
