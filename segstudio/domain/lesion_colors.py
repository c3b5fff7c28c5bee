"""Which of the six colours of dermoscopy a lesion has, and how much of each."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segstudio.domain.lab import Lab
from segstudio.domain.regions import Mask
from segstudio.imaging.cv import cv2

NAMES = ("white", "red", "light brown", "dark brown", "blue-grey", "black")
"""The six, in the order of PH2's table."""

REFERENCES: NDArray[np.float32] = np.array(
    [(85, 5, 8), (50, 45, 20), (62, 21, 24), (40, 17, 17), (43, 12, 7), (33, 9, 6)], np.float32
)
"""What each looks like, in CIELAB, on skin of lightness ``SKIN``.

Of brown, blue-grey and black: medians of the 26 regions that PH2's dermatologists outlined. White and red have none to
speak of; theirs are what the words mean.
"""

SKIN = 75.0
"""Lightness of the skin that colours are brought to, the median of PH2's images."""

PRESENT: tuple[float, ...] = (0.02, 0.02, 0.40, 0.05, 0.02, 0.012)
"""The share of a lesion from which on a colour is said to be there, by colour: fitted to PH2's labels."""

_DARKEST_SKIN = 40.0
_LEAST_SKIN = 0.02


def color_shares(lab: Lab, mask: Mask, skin: Mask) -> tuple[float, ...]:
    """The share of ``mask`` that is nearest to each of ``REFERENCES``; they add up to 1.

    ``lab`` is (h, w, 3), smoothed against hairs; ``mask``, not empty, and ``skin``, what is certainly none of the
    lesion, are of its size. Lightness is scaled so that the skin's is ``SKIN``, as cameras and light differ; what is
    darker than skin can be, such as the tube's shadow, is left out. With too little skin in sight nothing is scaled.
    """
    around = lab[..., 0][skin]
    around = around[around > _DARKEST_SKIN]
    scale = SKIN / float(np.median(around)) if len(around) > _LEAST_SKIN * mask.size else 1.0
    colors = lab[mask] * np.array([scale, 1, 1], np.float32)
    # |c - r|^2 without |c|^2, which is the same for all references.
    away = (REFERENCES**2).sum(axis=1) - 2 * cv2.gemm(colors, REFERENCES.T.copy(), 1, None, 0)
    counts = np.bincount(away.argmin(axis=1), minlength=len(NAMES))
    return tuple(float(share) for share in counts / counts.sum())


def present(shares: tuple[float, ...]) -> tuple[str, ...]:
    """The names of the colours that are there."""
    return tuple(name for name, share, least in zip(NAMES, shares, PRESENT, strict=True) if share >= least)
