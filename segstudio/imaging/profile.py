"""The colours of a file as sRGB, by the profile that it holds: Display P3 of telephones, Adobe RGB of cameras, CMYK.

Screens, the measures of colour and the starters all take pixels for sRGB. Pixels of a wider space, taken for it, look
paler than the skin was.
"""

from __future__ import annotations

import io
import itertools
import logging
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from segstudio.imaging.deep_profile import shaper_of

log = logging.getLogger(__name__)

_SPACES = {"RGB ": "RGB", "CMYK": "CMYK"}
_GREY = frozenset({"1", "L", "LA", "La"})

_SAME = 4
"""By so many of 255 may a profile differ from sRGB and count as it: what cameras write of it is not all alike."""

_STEPS = (0, 51, 102, 153, 204, 255)


@dataclass(frozen=True, slots=True)
class Profile:
    """How pixels of ``mode``, RGB or CMYK, become sRGB; ``content`` is what the file says of it."""

    mode: str
    transform: Any
    content: bytes

    def to_srgb(self, part: Image.Image) -> Image.Image:
        """``part`` of an image, of any mode that Pillow makes RGB of, as RGB."""
        from PIL import ImageCms

        return ImageCms.applyTransform(part.convert(self.mode), self.transform) or part.convert("RGB")

    def deep_to_srgb(self, deep: NDArray[np.uint16]) -> NDArray[np.uint16] | None:
        """(H, W, 3) of 16 bits as sRGB; None where the profile is of a kind that only 8 bits can be told by."""
        shaper = shaper_of(self.content)
        return None if shaper is None else shaper.to_srgb(deep)


def profile_of(image: Image.Image) -> Profile | None:
    """The profile to go by; None where the file has none, or one that is broken, of grey, or sRGB's own."""
    content = image.info.get("icc_profile")
    if not isinstance(content, bytes) or not content or image.mode in _GREY:
        return None
    profile = _read(content)
    return profile if profile is not None and (profile.mode == "CMYK") is (image.mode == "CMYK") else None


@lru_cache(maxsize=16)
def _read(content: bytes) -> Profile | None:
    try:
        # Not at the top: most files have no profile, and Pillow may have been built without.
        from PIL import ImageCms

        profile = ImageCms.ImageCmsProfile(io.BytesIO(content))
        mode = _SPACES.get(profile.profile.xcolor_space)
        if mode is None:
            return None
        transform = ImageCms.buildTransform(
            profile,
            ImageCms.createProfile("sRGB"),
            mode,
            "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except Exception:
        # What is wrong with a profile must not cost the image.
        log.info("a colour profile could not be used", exc_info=True)
        return None
    found = Profile(mode, transform, content)
    return None if mode == "RGB" and _is_srgb(found) else found


def _is_srgb(profile: Profile) -> bool:
    probe = np.array([list(itertools.product(_STEPS, repeat=3))], np.uint8)
    said = np.asarray(profile.to_srgb(Image.fromarray(probe)))
    return int(np.abs(said.astype(np.int16) - probe).max()) <= _SAME
