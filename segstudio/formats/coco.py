"""COCO: images with JSON files of instances, person keypoints and panoptic segments.

Known are the layout of COCO itself (``annotations/instances_val2017.json`` beside ``val2017/``) and what annotation
programs export (one JSON file beside its images, or above folders of them). Each object is a segment of its own; where
objects overlap, the one that comes later in the file is on top, and crowd regions are below all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from segstudio.domain.counting import those
from segstudio.domain.errors import UserError
from segstudio.formats.coco_files import Folder, find_annotation_files
from segstudio.formats.coco_json import Annotated, Category, CocoFile, Picture, read_coco
from segstudio.formats.coco_masks import ObjectsMask, PanopticMask
from segstudio.formats.dataset import Dataset, FoundClass, FoundImage, Layer, MaskSource, Skipped
from segstudio.formats.void_names import means_void
from segstudio.imaging.find import path_key

LAYOUT = "COCO"

_OBJECTS, _PANOPTIC = "objects", "panoptic"


def recognises(folder: Path, masks: Path | None = None) -> bool:
    """True where a JSON file with COCO's tables is in ``folder`` or right below it, or, if that is given, ``masks``."""
    return bool(find_annotation_files(folder, masks))


def find(folder: Path, masks: Path | None = None) -> Dataset:
    """All images that the JSON files list, and those that lie beside them, with their masks and keypoints.

    Reads the JSON files, and no image. Raises ``UserError`` where one of them can't be read or no image is there.
    """
    files = [read_coco(path) for path in find_annotation_files(folder, masks)]
    place = Folder(folder, masks, [file.path.stem for file in files if file.panoptic])
    # Of an object in several files the shape of the first counts: instances before keypoints, as COCO names them.
    gathered = _Gathered(place, _Classes(files))
    for file in files:
        gathered.add(file)
    if not gathered.known:
        raise UserError(
            f"None of the images that {_named(files)} lists is in “{folder.name or folder}”. "
            "Choose the folder that holds both the images and the JSON files."
        )
    return gathered.dataset(files)


def _named(files: Sequence[CocoFile]) -> str:
    first = f"“{files[0].path.name}”"
    return first if len(files) == 1 else f"{first} or another JSON file"


@dataclass
class _Known:
    """What the files say of one image; ``category`` of an object is the number of its class."""

    picture: Picture
    source: Path
    objects: list[Annotated] = field(default_factory=list)
    panoptic: PanopticMask | None = None
    poses: list[str] = field(default_factory=list)


class _Gathered:
    """The images of several JSON files, each once."""

    def __init__(self, place: Folder, classes: _Classes) -> None:
        self._place = place
        self._classes = classes
        self._skipped: list[Skipped] = []
        self.known: dict[Path, _Known] = {}

    def add(self, file: CocoFile) -> None:
        """Take over what one file says; an object that another one had already is taken once."""
        pictures = list(file.pictures.values())
        images = self._place.images([picture.name for picture in pictures], file.path)
        for picture, image in zip(pictures, images, strict=True):
            if isinstance(image, UserError):
                self._skipped.append(Skipped(Path(picture.name), str(image)))
                continue
            try:
                known = self.known.setdefault(image, _Known(picture, file.path))
                if picture.panoptic is not None:
                    path = self._place.panoptic(picture.panoptic, file.path)
                    objects = self._classes.numbered(file, picture)
                    known.panoptic = PanopticMask(path, file.path, picture, tuple(objects), self._classes.names)
            except UserError as error:
                self._skipped.append(Skipped(Path(picture.name), str(error)))
                continue
            if picture.panoptic is None:
                objects = self._classes.numbered(file, picture)
                known.poses += [
                    pose_in_words(file.categories[thing.category].keypoints, thing.keypoints)
                    for thing in picture.objects
                    if any(thing.keypoints)
                ]
                # A file of keypoints repeats the objects of the file of instances.
                there = {(thing.category, thing.id) for thing in known.objects if thing.id}
                known.objects += [thing for thing in objects if (thing.category, thing.id) not in there]

    def dataset(self, files: Sequence[CocoFile]) -> Dataset:
        """All of it, in order."""
        beside = self._place.beside(self.known)
        order = sorted([*self.known, *beside], key=lambda path: path_key(path, self._place.root))
        objects = [self._objects(path) for path in order]
        panoptic = [known.panoptic if (known := self.known.get(path)) else None for path in order]
        both = any(panoptic) and any(objects)
        masks: Sequence[MaskSource | None] = panoptic if any(panoptic) else objects
        classes = self._classes.found()
        return Dataset(
            LAYOUT,
            tuple(
                FoundImage(path, mask, attributes=self._poses(path)) for path, mask in zip(order, masks, strict=True)
            ),
            classes,
            tuple(_notes(files, list(self.known.values()), beside, masks)),
            tuple(self._skipped),
            _PANOPTIC if both else "",
            (Layer(_OBJECTS, classes, tuple(objects)),) if both else (),
            upright=True,
        )

    def _objects(self, path: Path) -> ObjectsMask | None:
        known = self.known.get(path)
        objects = () if known is None else tuple(thing for thing in known.objects if thing.shape)
        return ObjectsMask(known.source, known.picture, objects, self._classes.names) if known and objects else None

    def _poses(self, path: Path) -> dict[str, str]:
        known = self.known.get(path)
        return {} if known is None else {f"Pose {number}": said for number, said in enumerate(known.poses, start=1)}


class _Classes:
    """The categories of several files, joined by name and numbered from 1."""

    def __init__(self, files: Sequence[CocoFile]) -> None:
        by_name: dict[str, int] = {}
        self._specs: list[Category] = []
        self._numbers: dict[Path, dict[int, int]] = {}
        for file in files:
            numbers = self._numbers.setdefault(file.path, {})
            for spec in file.categories.values():
                number = by_name.setdefault(spec.name.casefold(), len(by_name) + 1)
                numbers[spec.id] = number
                if number > len(self._specs):
                    self._specs.append(spec)
        self.names = {number: spec.name for number, spec in enumerate(self._specs, start=1)}

    def numbered(self, file: CocoFile, picture: Picture) -> list[Annotated]:
        """The objects of a picture, with the numbers of their classes for the file's own."""
        numbers = self._numbers[file.path]
        return [replace(thing, category=numbers[thing.category]) for thing in picture.objects]

    def found(self) -> tuple[FoundClass, ...]:
        """All of them, in order."""
        return tuple(
            FoundClass(number, spec.name, _kind(spec), spec.color) for number, spec in enumerate(self._specs, start=1)
        )


def _kind(spec: Category) -> Literal["stuff", "thing", "void"]:
    if means_void(spec.name) if spec.void is None else spec.void:
        return "void"
    return "stuff" if spec.thing is False else "thing"


def pose_in_words(names: Sequence[str], keypoints: Sequence[float]) -> str:
    """What is known of a person's joints, ``nose 142,309; left eye 177,320 hidden``; others are left out."""
    said = []
    for index in range(len(keypoints) // 3):
        x, y, seen = keypoints[3 * index : 3 * index + 3]
        if seen:
            name = names[index].replace("_", " ") if index < len(names) else f"point {index + 1}"
            said.append(f"{name} {x:g},{y:g}" + (" hidden" if seen == 1 else ""))
    return "; ".join(said)


def _notes(
    files: Sequence[CocoFile], known: Sequence[_Known], beside: Sequence[Path], masks: Sequence[MaskSource | None]
) -> Iterator[str]:
    for file in files:
        names = Counter(spec.name.casefold() for spec in file.categories.values())
        joined = [f"“{name}”" for name, count in names.items() if count > 1]
        if joined:
            yield f"“{file.path.name}” has several categories called {', '.join(joined[:3])}: they become one class."
    objects = [thing for image in known for thing in image.objects]
    if len(objects) > len(known):
        yield "Where objects overlap, the one that comes later in the file is on top."
    crowds = sum(thing.crowd for thing in objects)
    poses = "given by keypoints, and kept with the image."
    orphans = "of images that their file does not list: left out."
    for count, thing, verb, what in (
        (
            crowds,
            "crowd region",
            ("is", "are"),
            f"taken as {'its' if crowds == 1 else 'their'} class, below all others.",
        ),
        (sum(thing.shape is None for thing in objects), "object", ("has", "have"), "a box or keypoints but no mask."),
        (sum(len(image.poses) for image in known), "pose", ("is", "are"), poses),
        (sum(file.orphans for file in files), "annotation", ("is", "are"), orphans),
        (len(beside), "image", ("lies", "lie"), "beside the others and in no JSON file."),
    ):
        if count:
            yield f"{those(count, thing, verb)} {what}"
    bare = sum(mask is None for mask in masks)
    if bare:
        yield (
            f"{those(bare, 'image', ('has no object and so comes', 'have no object and so come'), len(masks))} "
            "without a mask: nobody can tell whether nothing is there or nobody looked."
        )
