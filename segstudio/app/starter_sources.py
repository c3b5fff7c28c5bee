"""The recipe of a starter model, written from folders of data: what is in them, in which fold, with which mask."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.domain.errors import UserError
from segstudio.domain.frames import parse_frame, sequence_of
from segstudio.domain.groups import NEAR, perceptual_hash
from segstudio.formats.coco_json import read_json
from segstudio.formats.dataset import FoundImage
from segstudio.formats.detect import find_dataset
from segstudio.imaging.cv import cv2
from segstudio.imaging.mask_png import encode_mask
from segstudio.imaging.reader import read_image, read_orientation, read_size
from segstudio.protocol.codec import ProtocolError
from segstudio.protocol.round_folder import IGNORE, MASKS
from segstudio.protocol.starter_recipe import RECIPE, Recipe, RecipeSample, StarterKind, read_recipe, write_recipe

CLASS_NAMES: dict[StarterKind, str] = {"lesion": "lesion", "body": "person"}
FOLDS = 3
_STEPS: dict[StarterKind, int] = {"lesion": 2500, "body": 6000}
_BATCHES: dict[StarterKind, int] = {"lesion": 8, "body": 16}
_SHARES: dict[StarterKind, dict[str, float]] = {
    "lesion": {"photo": 0.85, "drawn": 0.15},
    "body": {"photo": 0.5, "video": 0.15, "coco": 0.2, "drawn": 0.15},
}
_DRAWN = 80
_SIDES: dict[StarterKind, int] = {"lesion": 256, "body": 320}
_PERSON_MASKS = "masks_person"
# People in view that are small beside the largest are neither meant nor wrong; smaller than this nobody is meant.
_SMALL_BESIDE, _LEAST_SHARE = 0.25, 0.02


@dataclass(frozen=True)
class _Found:
    """A sample before it has a fold; ``mask`` (H, W) uint16, None of a background."""

    name: str
    image: Path
    mask: NDArray[np.uint16] | None
    group: str
    source: str
    scored: bool


def make_recipe(
    kind: StarterKind, folders: Sequence[Path], out: Path, seed: int, steps: int | None = None, folds: int = FOLDS
) -> Recipe:
    """Look through ``folders`` and write the masks as training reads them to ``out``.

    Known are PH2, COCO (``annotations/instances_*.json``) and folders of images with masks. Whole groups go to one
    fold: a video by all its cameras, pictures nearly the same. Each folder is spread over the ``folds``. Raises
    ``UserError`` where nothing is found to learn from.
    """
    (out / MASKS).mkdir(parents=True, exist_ok=True)
    found: list[_Found] = []
    groups: dict[str, int] = {}
    for folder in folders:
        here = list(_find(kind, folder))
        for source in sorted({sample.source for sample in here if sample.scored}):
            groups |= _folds([sample.group for sample in here if sample.source == source], seed, folds)
        found += here
    samples = []
    for number, sample in enumerate(found):
        file = None
        if sample.mask is not None:
            file = f"{MASKS}/{number:04d}.png"
            (out / file).write_bytes(encode_mask(sample.mask))
        fold = groups.get(sample.group, -1)
        samples.append(
            RecipeSample(
                sample.name, str(sample.image.resolve()), file, sample.group, sample.source, fold, sample.scored
            )
        )
    if not any(sample.mask for sample in samples):
        raise UserError("None of these folders holds images with masks that a starter model could learn from.")
    return Recipe(
        kind=kind, class_name=CLASS_NAMES[kind], samples=tuple(samples), shares=_SHARES[kind], folds=folds,
        steps=steps or _STEPS[kind], batch=_BATCHES[kind], side=_SIDES[kind], seed=seed, drawn=_DRAWN,
    )  # fmt: skip


def _find(kind: StarterKind, folder: Path) -> Iterator[_Found]:
    if not os.path.isdir(folder):
        raise UserError(f"There is no folder {folder}. Name folders that hold images with masks.")
    if kind == "body" and list(folder.glob("annotations/instances_*.json")):
        yield from _coco_people(folder)
        return
    masks = folder / _PERSON_MASKS
    if kind == "body" and os.path.isdir(masks):
        yield from _photos(kind, folder, find_dataset(folder / "images", masks).images)
    else:
        yield from _photos(kind, folder, find_dataset(folder).images)


def _photos(kind: StarterKind, folder: Path, pairs: Sequence[FoundImage]) -> Iterator[_Found]:
    hashes: list[tuple[int, str]] = []
    for pair in pairs:
        if pair.mask is None:
            continue
        pixels = read_image(pair.image).pixels
        frame = parse_frame(pair.image.name)
        name = f"{folder.name}/{pair.image.stem}"
        group, source = name, "photo"
        if frame is not None:
            group, source = f"{folder.name}/{sequence_of(frame)}", "video"
        elif (shown := perceptual_hash(pixels)) is not None:
            near = [g for other, g in hashes if ((shown ^ other) & (2**64 - 1)).bit_count() <= NEAR]
            group = near[0] if near else group
            hashes.append((shown, group))
        mask = pair.mask.read(read_size(pair.image), read_orientation(pair.image)).class_ids()
        yield _Found(name, pair.image, (mask > 0).astype(np.uint16), group, source, True)


def _coco_people(folder: Path) -> Iterator[_Found]:
    """Photos with people, of whom the small ones and crowds are ignored, and photos as backgrounds.

    Behind somebody near, people who are far away and small are background too.
    """
    for file in sorted(folder.glob("annotations/instances_*.json")):
        body: dict[str, Any] = read_json(file)
        person = {c["id"] for c in body["categories"] if c["name"] == "person"}
        people: dict[int, list[dict[str, Any]]] = defaultdict(list)
        for annotation in body["annotations"]:
            if annotation["category_id"] in person:
                people[annotation["image_id"]].append(annotation)
        for image in body["images"]:
            # The name alone: what a file says of folders may lead out of this one.
            own = PureWindowsPath(str(image["file_name"])).name
            path = next((f / own for f in sorted(folder.iterdir()) if own and os.path.isfile(f / own)), None)
            if path is None:
                continue
            name = f"{folder.name}/{path.stem}"
            mask = _people_mask(people[image["id"]], read_size(path)[::-1])
            if (mask == 1).mean() >= _LEAST_SHARE:
                yield _Found(name, path, mask, name, "coco", False)
            else:
                yield _Found(name, path, None, name, "background", False)


def _people_mask(people: Sequence[dict[str, Any]], shape: tuple[int, int]) -> NDArray[np.uint16]:
    mask = np.zeros(shape, np.uint16)
    largest = max((p["area"] for p in people if not p["iscrowd"]), default=0.0)
    for person in sorted(people, key=lambda person: float(person["area"])):
        if person["iscrowd"] or not isinstance(person["segmentation"], list):
            x, y, w, h = (int(value) for value in person["bbox"])
            mask[y : y + h, x : x + w] = IGNORE
            continue
        rings = [np.rint(np.reshape(ring, (-1, 2))).astype(np.int32) for ring in person["segmentation"]]
        cv2.fillPoly(mask, rings, 1 if person["area"] >= _SMALL_BESIDE * largest else IGNORE)
    return mask


def _folds(groups: Sequence[str], seed: int, count: int) -> dict[str, int]:
    """A fold for each group: the largest first, each to the fold that has the least, of equals by chance."""
    sizes: dict[str, int] = defaultdict(int)
    for group in groups:
        sizes[group] += 1
    names = sorted(sizes)
    order = [names[index] for index in np.random.default_rng(seed).permutation(len(names))]
    filled = [0] * count
    folds: dict[str, int] = {}
    for group in sorted(order, key=lambda group: -sizes[group]):
        folds[group] = min(range(count), key=lambda fold: (filled[fold], fold))
        filled[folds[group]] += sizes[group]
    return folds


def prepare(
    kind: StarterKind, folders: Sequence[Path], out: Path, seed: int, steps: int | None = None, folds: int = FOLDS
) -> None:
    """Write the recipe to ``out``, unless it stands there: then the build goes on by it.

    Raises ``UserError`` where the recipe there is another, or nothing is found to learn from.
    """
    if os.path.isfile(out / RECIPE):
        try:
            known = read_recipe(out)
        except ProtocolError as error:
            raise UserError(f"{error}. Choose an empty folder.") from error
        if (known.kind, known.seed, known.folds) != (kind, seed, folds):
            raise UserError(
                f"{out} holds a {known.kind} model with seed {known.seed} in {known.folds} folds. "
                "Choose an empty folder."
            )
        return
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"The folder {out} could not be made: {error.strerror}. Choose another one.") from error
    write_recipe(out, make_recipe(kind, folders, out, seed, steps, folds))


def report_table(report: dict[str, Any]) -> str:
    """What a build found, as lines of text."""
    titles = ("unseen", "images", "Dice (95 % interval)", "worst tenth", "IoU", "worst tenth")
    lines = ["{:<28} {:>6}  {:<24} {:>11}  {:>5} {:>11}".format(*titles)]
    for name, found in report["figures"].items():
        dice, iou = found["dice"], found["iou"]
        spread = "" if dice["low"] is None else f" ({dice['low']:.3f} to {dice['high']:.3f})"
        lines.append(
            f"{name:<28} {found['count']:>6}  {dice['mean']:.3f}{spread:<19} {dice['worst_tenth']:>11.3f}  "
            f"{iou['mean']:>5.3f} {iou['worst_tenth']:>11.3f}"
        )
    return "\n".join(lines)
