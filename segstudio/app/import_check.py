"""A look at the files of a data set before it is taken in: sizes that differ, odd masks, broken files, copies."""

from __future__ import annotations

import logging
import random
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from segstudio.app.new_project import Preview, look_at
from segstudio.domain.errors import UserError
from segstudio.formats.dataset import Dataset, FoundImage
from segstudio.imaging.label_values import count_pages
from segstudio.imaging.reader import fingerprint, read_orientation, read_size
from segstudio.store.images import same_file

SECONDS = 2.0
"""How long is looked at masks; of a large data set a part says enough."""

COPIES_SECONDS = 1.0
"""How long copies are looked for."""

PAGES_SECONDS = 1.0
"""How long is looked for files of several pages."""

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


def look_closely(
    paths: Sequence[Path], masks: Path | None = None, known: Sequence[Path] = ()
) -> tuple[Preview, Checked]:
    """``look_at``, and a look at the files; ``known`` are those of the project's images.

    Raises ``UserError`` where there is no image.
    """
    preview = look_at(paths, masks)
    checked = check(preview.found)
    copies = count_copies(preview.found, known)
    if copies:
        said = "1 image is here already: it lies" if copies == 1 else f"{copies:,} images are here already: they lie"
        again = "It" if copies == 1 else "Each"
        twice = f"{said} in another place, too, with the same content. {again} would be in this project twice."
        checked = replace(checked, notes=(twice, *checked.notes))
    pages = pages_note(preview.found)
    return preview, replace(checked, notes=(*checked.notes, pages)) if pages else checked


def pages_note(found: Dataset, seconds: float = PAGES_SECONDS) -> str:
    """A sentence if images of ``found`` are TIFF files of several pages, as far as time allows to look; else ""."""
    until = time.monotonic() + seconds
    several, first = 0, ""
    for image in found.images:
        if image.pixels is None and (pages := count_pages(image.image)) > 1:
            several += 1
            first = first or f"“{image.image.name}” with {pages:,}"
        if time.monotonic() > until:
            break
    if several < 2:
        return f"A file has several pages, of which the first is taken: {first}." if several else ""
    return f"{several:,} files have several pages, of which the first is taken, for example {first}."


def count_copies(found: Dataset, known: Sequence[Path], seconds: float = COPIES_SECONDS) -> int:
    """How many images of ``found`` have the content of another file of ``known``, as far as time allows to look.

    A file is read only where another is of the same size.
    """
    until = time.monotonic() + seconds
    ours = {same_file(path) for path in known}
    others = [one.image for one in found.images if one.pixels is None and same_file(one.image) not in ours]
    by_size: dict[int, list[Path]] = defaultdict(list)
    for path in known:
        if others and time.monotonic() < until and (size := _size(path)) is not None:
            by_size[size].append(path)
    contents: dict[int, set[str]] = defaultdict(set)
    copies = 0
    for path in others:
        size = _size(path)
        if size is None or size not in by_size:
            continue
        # Uncompressed images are all of one size, so there may be any number to read.
        while by_size[size] and time.monotonic() < until:
            contents[size].add(_content(by_size[size].pop()))
        if time.monotonic() > until:
            break
        content = _content(path)
        copies += content != "" and content in contents[size]
    return copies


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None


def _content(path: Path) -> str:
    """The file's fingerprint; "" where it can't be read, which the import will say."""
    try:
        return fingerprint(path)
    except UserError:
        return ""


def _oddities(image: FoundImage) -> Sequence[str]:
    assert image.mask is not None
    return image.mask.read(read_size(image.image), read_orientation(image.image)).oddities


def _with_count(oddities: list[str]) -> list[str]:
    more = f" ({len(oddities) - 1:,} more masks are odd like this.)" if len(oddities) > 1 else ""
    return [f"{oddities[0]}{more}"] if oddities else []
