"""What planes are made of."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

TILE = 256
"""Side of a tile in pixels."""

UNSET = 65535
"""Value of a correction pixel that nobody painted."""

TileKey = tuple[int, int]
"""(row, column) of a tile, counted in tiles."""

Tile = NDArray[np.uint16]
"""(256, 256) uint16; at the right and lower border the part outside the image holds the plane's fill."""

TileChange = tuple[Tile | None, Tile | None]
"""A tile before and after; None is a tile that is all fill."""
