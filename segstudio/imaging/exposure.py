"""As if every picture had been exposed alike: how light it came out says something of the camera, not of what it shows.

That holds for colour pictures through an instrument that brings its own light, as a dermoscope. In a grey picture the
lightness may be what was measured, as in an X-ray, and in a photograph of a room a dark wall is not a light one.
"""

from __future__ import annotations

import numpy as np

from segstudio.imaging.camera import Picture
from segstudio.imaging.cv import cv2

LIGHT_PARTS = 85
"""The percentile of a picture's values that is made alike: most pictures hold some skin that is darker, and a black
mount round them may be half of it. Glare is lighter, but there is less of it."""

AS_LIGHT_AS = 240
"""What it is made: as light as can be without losing what is lighter."""

LEAST_GAIN, MOST_GAIN = 0.6, 2.0
"""A picture without light parts is not made of noise."""

_SAMPLED = 256


def exposure_gain(picture: Picture) -> float:
    """What ``picture``, (h, w, 3) uint8 RGB, is to be multiplied by; 1 if it is grey."""
    step = max(1, max(picture.shape[:2]) // _SAMPLED)
    sample = picture[::step, ::step]
    lightest = sample.max(axis=2)
    if np.array_equal(lightest, sample.min(axis=2)):
        return 1.0
    return float(np.clip(AS_LIGHT_AS / max(float(np.percentile(lightest, LIGHT_PARTS)), 1.0), LEAST_GAIN, MOST_GAIN))


def exposed(picture: Picture, gain: float) -> Picture:
    """``picture`` (h, w, 3) uint8 ``gain`` times as light; itself where that is 1."""
    return picture if gain == 1 else np.asarray(cv2.convertScaleAbs(picture, alpha=gain), np.uint8)
