"""Taking a data set into a project: a plan, what is read of each image, and how it is decided what is held out.

What reads files runs on any thread; what takes a ``Project`` runs on the store thread.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segstudio.app.class_mapping import ClassMapping, MasksAs, map_classes
from segstudio.app.loader import THUMBNAIL_SIZE
from segstudio.domain.errors import UserError
from segstudio.domain.groups import Kinship, Membership, perceptual_hash
from segstudio.domain.segments import BACKGROUND, ClassSpec, SegmentTable
from segstudio.formats.dataset import ClassIds, FoundImage, MaskSource, of_classes
from segstudio.formats.file_mask import FileMask
from segstudio.formats.png import read_mask, write_truth
from segstudio.formats.writing import write_whole
from segstudio.imaging.pixel_png import encode_pixels
from segstudio.imaging.reader import fingerprint, read_orientation, read_size, read_thumbnail
from segstudio.imaging.window import with_window
from segstudio.store.images import NewImage, same_file
from segstudio.store.imports import Arrival
from segstudio.store.masks import pack_mask
from segstudio.store.project_db import Project

log = logging.getLogger(__name__)

SLICE = 12
"""Images whose masks are written in one transaction: a stroke waits for no more than these."""

READ_NOTHING = 500
"""Images of a slice of which no file is read."""


@dataclass(frozen=True)
class ImportPlan:
    """What to take in. ``masks_as`` says what masks are taken for.

    ``mapping`` leads from the data set's classes to the project's; without one, masks are numbered as the project's
    classes are (see ``read_mask``). ``unjudged`` are the data set's classes that nobody judged there: those that are
    left out are background in masks that are approved, and stay without a verdict in those to compare with.
    """

    images: tuple[FoundImage, ...]
    masks_as: MasksAs
    mapping: ClassMapping | None = None
    layout: str = "folder"
    folder: Path = field(default_factory=Path)
    unjudged: tuple[int, ...] = ()

    @property
    def distinct_images(self) -> tuple[FoundImage, ...]:
        """Each image once, with its mask if it has one in either place."""
        by_file: dict[tuple[str, str], FoundImage] = {}
        for found in self.images:
            key = (same_file(found.image), "" if found.pixels is None else found.pixels.name)
            known = by_file.setdefault(key, found)
            if known.mask is None and found.mask is not None:
                by_file[key] = found
        return tuple(by_file.values())


@dataclass(frozen=True)
class Incoming:
    """An image with the row that it was given, and the file that the row names."""

    image_id: int
    path: Path
    found: FoundImage


@dataclass(frozen=True)
class Begun:
    """An import whose rows are there. ``known`` counts images that the project had already."""

    import_id: int
    folder: Path
    incoming: tuple[Incoming, ...]
    known: int
    reader: Reader


@dataclass(frozen=True)
class Read:
    """What came of a slice: arrivals, ids of images of which there is nothing to keep, and sentences of trouble."""

    arrivals: tuple[Arrival, ...] = ()
    lost: tuple[int, ...] = ()
    troubles: tuple[str, ...] = ()

    @property
    def approved(self) -> list[int]:
        """Ids of images that come with a mask to approve."""
        return [one.image_id for one in self.arrivals if one.tiles is not None]


@dataclass(frozen=True)
class Reader:
    """Reads images and masks as the plan asks for; on any thread, several at a time."""

    masks_as: MasksAs
    mapping: ClassMapping | None
    classes: tuple[ClassSpec, ...]
    table: SegmentTable
    folder: Path
    unjudged: tuple[int, ...] = ()

    def read(self, slice_: Sequence[Incoming], wanted: Callable[[], bool] = lambda: True) -> Read:
        """Read a slice, as long as it is ``wanted``; what is wrong with an image becomes a sentence."""
        arrivals, lost, troubles = [], [], []
        for one in slice_:
            if not wanted():
                break
            try:
                source = one.found.pixels
                self._check_in_place()
                if source is not None:
                    write_whole(one.path, with_window(encode_pixels(source.read()), source.window))
            except UserError as error:
                lost.append(one.image_id)
                troubles.append(str(error))
                continue
            except Exception as error:
                log.exception("%s could not be imported", one.found.image)
                lost.append(one.image_id)
                troubles.append(f"“{one.found.image.name}” could not be read ({error}) and was left out.")
                continue
            arrival, said = self._arrive(one)
            arrivals.append(arrival)
            troubles += said
        return Read(tuple(arrivals), tuple(lost), tuple(troubles))

    def _check_in_place(self) -> None:
        """What is written makes its folders: in the place of a project that was moved they would keep it from it."""
        project = self.folder.parents[1]
        if not os.path.isdir(project):
            raise UserError(f"The project {project} was moved or deleted. Put it back where it was and import again.")

    def truth_of(self, found: FoundImage) -> Path | None:
        """The file of the mask, where it can be compared with as it is."""
        source = found.mask
        if self.masks_as != "compare" or not isinstance(source, FileMask):
            return None
        return source.path if self._is_as_here() else None

    def needs_reading(self, found: FoundImage) -> bool:
        """Whether files must be opened to take the image in."""
        if found.pixels is not None:
            return True
        return found.mask is not None and self.masks_as != "none" and self.truth_of(found) is None

    def _is_as_here(self) -> bool:
        """Whether masks say of themselves what they mean to the project."""
        if self.mapping is None:
            return True
        if len(self.classes) == 1:
            return set(self.mapping.values()) == {self.classes[0].id}
        return all(own == project for own, project in self.mapping.items())

    def _arrive(self, one: Incoming) -> tuple[Arrival, list[str]]:
        plain = Arrival(one.image_id, attributes=one.found.attributes, mm_per_px=one.found.mm_per_px)
        source = one.found.mask
        if source is None or self.masks_as == "none" or self.truth_of(one.found) is not None:
            return plain, []
        try:
            return self._with_mask(one, source)
        except UserError as error:
            return plain, [str(error)]
        except Exception as error:
            log.exception("the mask of %s could not be imported", one.path)
            return plain, [f"The mask of {one.path.name} could not be read ({error}); the image came without it."]

    def _with_mask(self, one: Incoming, source: MaskSource) -> tuple[Arrival, list[str]]:
        size, orientation = read_size(one.path), read_orientation(one.path)
        mask, void, oddities = self._mask(source, size, orientation)
        truth, tiles = None, None
        if self.masks_as == "compare":
            truth = self.folder / "masks" / f"{one.image_id}.png"
            write_truth(truth, mask, orientation, self.classes, void)
        else:
            tiles = pack_mask(mask, self.table)
        shown = perceptual_hash(read_thumbnail(one.path, THUMBNAIL_SIZE))
        print_ = fingerprint(one.path)
        about = one.found.attributes, one.found.mm_per_px
        return Arrival(one.image_id, *size, print_, shown, tiles, truth, *about), oddities

    def _mask(
        self, source: MaskSource, size: tuple[int, int], orientation: int
    ) -> tuple[ClassIds, NDArray[np.bool_], list[str]]:
        """Class ids (H, W), where (H, W) nobody judged that has no class here, and what is odd."""
        if self.mapping is None and isinstance(source, FileMask):
            mask = read_mask(source.path, size, orientation, self.classes)
            return mask, np.zeros(mask.shape, np.bool_), []
        mapping = self.mapping or {spec.id: spec.id for spec in self.classes}
        lost = [own for own in self.unjudged if not mapping.get(own)] if self.masks_as == "compare" else []
        taken = [own for own, here in mapping.items() if here != BACKGROUND]
        found = of_classes(source, [*taken, *lost]).read(size, orientation)
        void = np.isin(found.class_ids(), lost)
        return map_classes(found, mapping, source.files[0].name), void, list(found.oddities)


def begin(project: Project, plan: ImportPlan) -> Begun:
    """Make the rows; nothing of them is seen yet. What a full disk left of an import before goes first."""
    project.imports.sweep()
    import_id = project.imports.begin(plan.layout, plan.folder)
    folder = project.imports.folder_of(import_id)
    reader = Reader(plan.masks_as, plan.mapping, project.classes(), project.segment_table(), folder, plan.unjudged)
    images = plan.distinct_images
    paths = list(_paths(images, folder))
    items = [NewImage(path, reader.truth_of(found), found.patient) for path, found in zip(paths, images, strict=True)]
    ids = project.imports.add(import_id, items)
    incoming = tuple(
        Incoming(image_id, path, found)
        for image_id, path, found in zip(ids, paths, images, strict=True)
        if image_id is not None
    )
    return Begun(import_id, folder, incoming, len(images) - len(incoming), reader)


def slices(begun: Begun) -> list[tuple[Incoming, ...]]:
    """The images in the portions in which they are read and written."""
    idle = [one for one in begun.incoming if not begun.reader.needs_reading(one.found)]
    busy = [one for one in begun.incoming if begun.reader.needs_reading(one.found)]
    return [
        tuple(part[start : start + size])
        for part, size in ((idle, READ_NOTHING), (busy, SLICE))
        for start in range(0, len(part), size)
    ]


def put(project: Project, read: Read) -> None:
    """Write what was read of a slice."""
    project.imports.put(read.arrivals)
    project.imports.discard(read.lost)


def decide(
    members: Mapping[int, Membership], approved: Sequence[int], departed: Sequence[Membership] = ()
) -> list[dict[int, bool]]:
    """Which of the images to approve are held out, in slices; on any thread, a second for ten thousand.

    ``departed`` are images that a model knows and the project no longer has.
    """
    places = {image_id: place for place, image_id in enumerate(members)}
    order = sorted(approved)
    sides = Kinship(list(members.values()), departed).decide_all([places[image_id] for image_id in order])
    decided = list(zip(order, sides, strict=True))
    return [dict(decided[start : start + SLICE]) for start in range(0, len(decided), SLICE)]


def import_now(
    project: Project, plan: ImportPlan, tell: Callable[[int, int], None] = lambda _done, _all: None
) -> tuple[int, int, list[str]]:
    """Import all that a new project is made of, and wait for it: images, how many approved, sentences of trouble."""
    begun = begin(project, plan)
    approved: list[int] = []
    troubles: list[str] = []
    done = lost = 0
    try:
        with ThreadPoolExecutor(2, thread_name_prefix="import") as pool:
            for read in pool.map(begun.reader.read, slices(begun)):
                put(project, read)
                approved += read.approved
                troubles += read.troubles
                lost += len(read.lost)
                done += len(read.arrivals) + len(read.lost)
                tell(done, len(begun.incoming))
        members, departed = project.images.memberships(begun.import_id), project.learned.departed()
        for sides in decide(members, approved, departed):
            project.imports.approve(sides)
        project.imports.finish(begun.import_id)
        project.imports.settle(begun.import_id)
    except BaseException:
        project.imports.drop(begun.import_id)
        raise
    return len(begun.incoming) - lost, len(approved), troubles


def said_of(troubles: Sequence[str]) -> str:
    """The first trouble, and how many more there are; "" without any."""
    more = f" ({len(troubles) - 1:,} more like this.)" if len(troubles) > 1 else ""
    return f"{troubles[0]}{more}" if troubles else ""


def _paths(images: Sequence[FoundImage], folder: Path) -> Iterator[Path]:
    """The file of each image; those that an import writes are numbered where two share a name."""
    taken: set[str] = set()
    for found in images:
        if found.pixels is None:
            yield found.image
            continue
        name, number = Path(found.pixels.name).name, 1
        unique = name
        while unique.casefold() in taken:
            number += 1
            unique = f"{Path(name).stem}_{number}{Path(name).suffix}"
        taken.add(unique.casefold())
        yield folder / "images" / unique
