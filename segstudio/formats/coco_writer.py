"""COCO's JSON out: objects with run lengths, and panoptic PNG files. What is written is exact to the pixel.

Instances: each piece of a class that hangs together, corners included, is an object. Panoptic: so is each piece of a
class whose objects count singly; any other class is one segment an image. A class that nobody judges has the
supercategory ``void``, by which it is known again; one that is only called so says that it is judged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio import __version__
from segstudio.domain.regions import parts
from segstudio.domain.segments import ClassSpec
from segstudio.formats.mask_formats import Classes, Encoded, Entry, MaskToWrite, json_bytes, png_bytes
from segstudio.formats.rle import LabelRuns, runs_of
from segstudio.formats.void_names import JUDGED, means_void


@dataclass(frozen=True)
class CocoInstances:
    """All objects in one ``instances.json``."""

    key: str = "coco"
    title: str = "COCO objects (JSON)"
    shared: tuple[str, ...] = ("instances.json",)

    def about(self, several: bool) -> str:
        """See ``MaskFormat``."""
        return "One instances.json; each piece of a class that hangs together is an object. The images are not copied."

    def file_of(self, stem: str) -> None:
        """See ``MaskFormat``."""
        return

    def encode(self, mask: MaskToWrite, classes: Classes) -> Encoded:
        """See ``MaskFormat``."""
        stored = mask.stored()
        labels, of_class = _labelled(stored, [spec.id for spec in _present(stored, classes)])
        objects = [
            {**_described(piece), "category_id": of_class[piece.label], "segmentation": piece.encode()}
            for piece in runs_of(labels)
        ]
        return Encoded(None, (_image(mask, stored), objects))

    def about_all(self, entries: Sequence[Entry], classes: Classes) -> Mapping[str, bytes]:
        """See ``MaskFormat``."""
        rows = ({**thing, "image_id": image["id"]} for image, objects in entries for thing in objects)
        annotations = [{"id": number, **row} for number, row in enumerate(rows, start=1)]
        return {self.shared[0]: json_bytes(_file(entries, annotations, classes))}


@dataclass(frozen=True)
class CocoPanoptic:
    """PNG files of segment ids in ``panoptic/`` and one ``panoptic.json``."""

    key: str = "coco-panoptic"
    title: str = "COCO panoptic (PNG and JSON)"
    shared: tuple[str, ...] = ("panoptic.json",)

    def about(self, several: bool) -> str:
        """See ``MaskFormat``."""
        return "One PNG of segments an image in the folder panoptic, and panoptic.json. The images are not copied."

    def file_of(self, stem: str) -> str:
        """See ``MaskFormat``."""
        return f"panoptic/{stem}.png"

    def encode(self, mask: MaskToWrite, classes: Classes) -> Encoded:
        """See ``MaskFormat``."""
        stored = mask.stored()
        present = _present(stored, classes)
        labels, of_class = _labelled(stored, [spec.id for spec in present if spec.kind == "thing"])
        for spec in present:
            if spec.kind != "thing":
                of_class.append(spec.id)
                labels[stored == spec.id] = len(of_class) - 1
        segments = [
            {"id": piece.label, **_described(piece), "category_id": of_class[piece.label]} for piece in runs_of(labels)
        ]
        colours = np.stack([labels >> shift & 255 for shift in (0, 8, 16)], axis=2).astype(np.uint8)
        return Encoded(png_bytes(colours), (_image(mask, stored), (f"{mask.stem}.png", segments)))

    def about_all(self, entries: Sequence[Entry], classes: Classes) -> Mapping[str, bytes]:
        """See ``MaskFormat``."""
        annotations = [
            {"image_id": image["id"], "file_name": name, "segments_info": segments}
            for image, (name, segments) in entries
        ]
        return {self.shared[0]: json_bytes(_file(entries, annotations, classes))}


def _file(entries: Sequence[Entry], annotations: list[dict[str, Any]], classes: Classes) -> dict[str, Any]:
    return {
        "info": {"description": f"Exported by segstudio {__version__}"},
        "images": [image for image, _ in entries],
        "categories": [_category(spec) for spec in classes],
        "annotations": annotations,
    }


def _category(spec: ClassSpec) -> dict[str, Any]:
    group = "void" if spec.kind == "void" else "object"
    thing = int(spec.kind == "thing")
    row = {"id": spec.id, "name": spec.name, "supercategory": group, "isthing": thing, "color": list(spec.color)}
    return row | {JUDGED: True} if spec.kind != "void" and means_void(spec.name) else row


def _image(mask: MaskToWrite, stored: NDArray[np.uint16]) -> dict[str, Any]:
    height, width = stored.shape
    return {"id": mask.image_id, "file_name": mask.file_name, "width": width, "height": height}


def _present(stored: NDArray[np.uint16], classes: Classes) -> list[ClassSpec]:
    """Those of ``classes`` that the mask holds: of eighty, most masks hold a few."""
    counts = np.bincount(stored.ravel(), minlength=1 + max((spec.id for spec in classes), default=0))
    return [spec for spec in classes if counts[spec.id]]


def _labelled(stored: NDArray[np.uint16], classes: Sequence[int]) -> tuple[NDArray[np.int32], list[int]]:
    """Each piece of ``classes`` that hangs together by a number of its own from 1 on, and the class of each number."""
    labels = np.zeros(stored.shape, np.int32)
    of_class = [0]
    for class_id in classes:
        own, areas = parts(stored == class_id)
        np.copyto(labels, own + (len(of_class) - 1), where=own > 0, casting="unsafe")
        of_class += [class_id] * (len(areas) - 1)
    return labels, of_class


def _described(piece: LabelRuns) -> dict[str, Any]:
    return {"area": piece.area, "bbox": piece.box, "iscrowd": 0}
