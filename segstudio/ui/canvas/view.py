"""Where the image lies on the screen: pure arithmetic between image pixels and device pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from segstudio.domain.geometry import Rect

MIN_SCALE = 0.02
MAX_SCALE = 32.0

CRISP_FROM = 4.0
"""Scale from which on image pixels are drawn as squares."""

STOPS = (
    *(0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.25, 0.33, 0.5, 0.67, 0.75, 1.0),
    *(1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0, 32.0),
)
"""Scales that stepwise zooming stops at."""

_KEPT_VISIBLE = 48
"""Device pixels of the image that panning leaves on the screen."""


@dataclass(frozen=True, slots=True)
class View:
    """``scale`` device pixels an image pixel; the image's upper left corner lies at device pixel (``x``, ``y``)."""

    scale: float = 1.0
    x: float = 0.0
    y: float = 0.0

    def to_screen(self, image_x: float, image_y: float) -> tuple[float, float]:
        """The device pixel of an image point."""
        return image_x * self.scale + self.x, image_y * self.scale + self.y

    def to_image(self, screen_x: float, screen_y: float) -> tuple[float, float]:
        """The image point of a device pixel."""
        return (screen_x - self.x) / self.scale, (screen_y - self.y) / self.scale

    def at_scale(self, scale: float, screen_x: float, screen_y: float) -> View:
        """Zoomed to ``scale``, within the limits, with the image point under the given device pixel kept there."""
        scale = min(MAX_SCALE, max(MIN_SCALE, scale))
        image_x, image_y = self.to_image(screen_x, screen_y)
        return View(scale, screen_x - image_x * scale, screen_y - image_y * scale)

    def zoomed(self, factor: float, screen_x: float, screen_y: float) -> View:
        """Zoomed by ``factor`` at a device pixel."""
        return self.at_scale(self.scale * factor, screen_x, screen_y)

    def stepped(self, direction: int, screen_x: float, screen_y: float) -> View:
        """Zoomed in (``direction`` 1) or out (-1) to the next stop."""
        if direction > 0:
            scale = next((stop for stop in STOPS if stop > self.scale * 1.001), MAX_SCALE)
        else:
            scale = next((stop for stop in reversed(STOPS) if stop < self.scale / 1.001), MIN_SCALE)
        return self.at_scale(scale, screen_x, screen_y)

    def panned(self, dx: float, dy: float) -> View:
        """Moved by device pixels."""
        return replace(self, x=self.x + dx, y=self.y + dy)

    def kept_visible(self, image_width: int, image_height: int, width: float, height: float) -> View:
        """Moved back so far that some of the image stays within ``width`` x ``height`` device pixels."""
        return replace(
            self,
            x=_between(_KEPT_VISIBLE - image_width * self.scale, self.x, width - _KEPT_VISIBLE),
            y=_between(_KEPT_VISIBLE - image_height * self.scale, self.y, height - _KEPT_VISIBLE),
        )

    def snapped(self) -> View:
        """With the image's corner on a whole device pixel, so that 100 % is sharp."""
        if self.x == round(self.x) and self.y == round(self.y):
            return self
        return replace(self, x=float(round(self.x)), y=float(round(self.y)))

    def image_rect(self, screen: Rect) -> Rect:
        """The image pixels, not clipped to the image, that a rectangle of device pixels touches."""
        x0, y0 = self.to_image(screen.x0, screen.y0)
        x1, y1 = self.to_image(screen.x1, screen.y1)
        return Rect(math.floor(x0), math.floor(y0), math.ceil(x1), math.ceil(y1))

    def screen_rect(self, image: Rect) -> Rect:
        """The device pixels that a rectangle of image pixels touches."""
        x0, y0 = self.to_screen(image.x0, image.y0)
        x1, y1 = self.to_screen(image.x1, image.y1)
        return Rect(math.floor(x0), math.floor(y0), math.ceil(x1), math.ceil(y1))


def fit(image_width: int, image_height: int, width: float, height: float, margin: float = 0.0) -> View:
    """The whole image, centred, as large as ``width`` x ``height`` device pixels less a margin allow."""
    room_x, room_y = max(1.0, width - 2 * margin), max(1.0, height - 2 * margin)
    scale = min(room_x / max(1, image_width), room_y / max(1, image_height))
    return centred(image_width, image_height, width, height, min(MAX_SCALE, max(MIN_SCALE, scale)))


def centred(image_width: int, image_height: int, width: float, height: float, scale: float) -> View:
    """The image's middle in the middle, at ``scale``."""
    return View(scale, (width - image_width * scale) / 2, (height - image_height * scale) / 2)


def _between(low: float, value: float, high: float) -> float:
    return max(min(low, high), min(value, max(low, high)))
