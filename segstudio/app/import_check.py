"""A look at the files of a data set before it is taken in: sizes that differ, odd masks, broken files."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from segstudio.app.new_project import Preview, look_at
from segstudio.domain.errors import UserError
from segstudio.formats.dataset import Dataset, FoundImage
from segstudio.imaging.reader import read_orientation, read_size

SECONDS = 2.0
"""How long is looked; of a large data set a part says enough."""

MOST = 400

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Checked:
    """How many pairs were looked at, of how many, and sentences of what was found."""

    looked_at: int
    pairs: int
    notes: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """How much of it was looked at; "" where it was all or nothing."""
        return f"{self.looked_at:,} of {self.pairs:,} masks were looked at." if self.looked_at < self.pairs else ""


def check(found: Dataset, seconds: float = SECONDS, most: int = MOST) -> Checked:
    """Look at masks and the sizes of their images, drawn by chance but always the same ones; never raises."""
    pairs = [image for image in found.images if image.mask is not None and image.pixels is None]
    chosen = random.Random(0).sample(pairs, min(most, len(pairs)))
    until = time.monotonic() + seconds
    troubles: list[str] = []
    oddities: list[str] = []
    looked_at = 0
    for image in chosen:
        if looked_at and time.monotonic() > until:
            break
        looked_at += 1
        try:
            oddities += _oddities(image)
        except UserError as error:
            troubles.append(str(error))
        except Exception as error:
            log.exception("the mask of %s could not be looked at", image.image)
            troubles.append(f"The mask of “{image.image.name}” could not be read ({error}).")
    notes = []
    if troubles:
        count = f"{len(troubles):,} masks" if len(troubles) > 1 else "1 mask"
        notes.append(f"{count} can't be taken. {troubles[0]}")
    notes += _with_count(oddities)
    return Checked(looked_at, len(pairs), tuple(notes))


def look_closely(paths: Sequence[Path], masks: Path | None = None) -> tuple[Preview, Checked]:
    """``look_at``, and a look at the files. Raises ``UserError`` where there is no image."""
    preview = look_at(paths, masks)
    return preview, check(preview.found)


def _oddities(image: FoundImage) -> Sequence[str]:
    assert image.mask is not None
    return image.mask.read(read_size(image.image), read_orientation(image.image)).oddities


def _with_count(oddities: list[str]) -> list[str]:
    more = f" ({len(oddities) - 1:,} more masks are odd like this.)" if len(oddities) > 1 else ""
    return [f"{oddities[0]}{more}"] if oddities else []
