"""Round numbers at even distances, for rulers and grids."""

from __future__ import annotations

import math

_STEPS = (1.0, 2.0, 5.0, 10.0)


def round_step(least: float) -> float:
    """The smallest of 1, 2, 5 times a power of ten that is not below ``least``, which is above 0."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(step * power for step in _STEPS if step * power >= least * (1 - 1e-9))


def steps_between(start: float, stop: float, step: float) -> range:
    """Whole numbers n with ``start`` <= n * ``step`` <= ``stop``."""
    return range(math.ceil(start / step - 1e-9), math.floor(stop / step + 1e-9) + 1)


def number_text(value: float, step: float) -> str:
    """A multiple of ``step`` with as many decimals as ``step`` has."""
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    return f"{value + 0.0:.{decimals}f}"
