"""Window and level: how pixels of more than 8 bits become ones that a screen can show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

LOW_PERCENT = 0.5
HIGH_PERCENT = 99.5
_SAMPLES = 1_000_000


@dataclass(frozen=True, slots=True)
class Tone:
    """How bright an image is drawn.

    ``black`` and ``white`` are fractions of what the image shows untouched, so that 0 and 1 change nothing; values
    beyond them bring back what was clipped there, where the file holds more than 8 bits. ``gamma`` above 1 lifts the
    darks. ``local_contrast`` evens out slow changes of light and lifts what is faint.
    """

    black: float = 0.0
    white: float = 1.0
    gamma: float = 1.0
    local_contrast: bool = False

    @property
    def is_neutral(self) -> bool:
        """True if the image is drawn as it is."""
        return not self.local_contrast and not self.changes_levels

    @property
    def changes_levels(self) -> bool:
        """True if black, white or gamma change what is drawn."""
        return (self.black, self.white, self.gamma) != (0.0, 1.0, 1.0)


NEUTRAL = Tone()


def percentile_window(
    values: NDArray[Any], low: float = LOW_PERCENT, high: float = HIGH_PERCENT
) -> tuple[float, float]:
    """The values at two percentiles, as ``(black, white)``; finite, and ``black < white`` always.

    ``values`` is any real array; it is thinned to about a million samples first, and NaN and infinities are left
    out.
    """
    step = max(1, values.size // _SAMPLES)
    sample = values.reshape(-1)[::step]
    if sample.dtype.kind == "f":
        sample = sample[np.isfinite(sample)]
    if sample.size == 0:
        return 0.0, 1.0
    black, white = (float(v) for v in np.percentile(sample, (low, high)))
    if white <= black:
        # Nearly everything has one value: the few others are then what there is to see.
        black, white = float(sample.min()), float(sample.max())
    return (black, white) if white > black else (black, black + 1.0)


def to_8bit(values: NDArray[Any], window: tuple[float, float]) -> NDArray[np.uint8]:
    """Values scaled linearly so that ``window`` spans 0 to 255, clipped outside; same shape, uint8. NaN is black."""
    black, white = window
    if values.dtype == np.uint16:
        # A look-up table: a fifth of the time of arithmetic on the whole picture.
        ramp = (np.arange(65536, dtype=np.float64) - black) * (255.0 / (white - black))
        table = np.clip(np.rint(ramp), 0, 255).astype(np.uint8)
        looked_up: NDArray[np.uint8] = table[values]
        return looked_up
    scaled = (values.astype(np.float64) - black) * (255.0 / (white - black))
    return np.clip(np.rint(np.nan_to_num(scaled, nan=0.0, posinf=255.0, neginf=0.0)), 0, 255).astype(np.uint8)


def shown_range(deep: NDArray[np.uint16], window: tuple[float, float] | None = None) -> tuple[float, float]:
    """The values of (H, W) or (H, W, 3) uint16 pixels that an untouched image shows as black and as white.

    ``window`` is the one that the file names, if it does. A ``Tone`` of ``black`` b and ``white`` w shows low + b *
    (high - low) as black and low + w * (high - low) as white.
    """
    return window or (percentile_window(deep) if deep.ndim == 2 else (0.0, 65535.0))


def tone_table(tone: Tone, low: float, high: float, size: int) -> NDArray[np.uint8]:
    """Look-up table, uint8 of ``size``, from a pixel's value to what is shown; 0 to 1 is the range ``low`` to ``high``.

    A ``white`` at or below ``black`` is a step from black to white there.
    """
    share = (np.arange(size, dtype=np.float64) - low) / (high - low)
    stretched = (share - tone.black) / max(tone.white - tone.black, 1e-6)
    shown = np.clip(stretched, 0.0, 1.0) ** (1.0 / max(tone.gamma, 0.01))
    return np.rint(255.0 * shown).astype(np.uint8)
