"""Models judged on a folder of images with true masks, in any layout that the program knows."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segstudio.app.evaluation import Cancelled, Case, Plan, Progress, Stopped
from segstudio.app.evaluation_groups import Grouping
from segstudio.app.evaluation_plans import told_apart
from segstudio.domain.errors import UserError
from segstudio.domain.evaluation import Ids
from segstudio.domain.segments import ClassSpec, void_ids
from segstudio.formats.attributes import key_of
from segstudio.formats.compare import NOT_JUDGED, without
from segstudio.formats.dataset import Dataset, FoundImage, of_classes
from segstudio.formats.detect import find_dataset
from segstudio.imaging.mask_png import decode_mask
from segstudio.imaging.reader import read_orientation


@dataclass(frozen=True)
class Weights:
    """A model to be judged: its file, what it is called and the classes that it knows, in order."""

    name: str
    path: Path
    classes: tuple[ClassSpec, ...]


Foretell = Callable[[Path, Sequence[Path], Path, Progress, Cancelled], Mapping[Path, Path | UserError]]
"""Writes masks as 16-bit PNG into a folder, with weights: by image, the mask's file or why there is none."""


def model_plan(
    models: Sequence[Weights],
    images: Path,
    masks: Path | None,
    foretell: Foretell,
    *,
    grouping: Grouping | None = None,
    by: Sequence[str] = (),
    progress: Progress = lambda _done, _total: None,
    cancelled: Cancelled = lambda: False,
) -> Plan:
    """One or two models on a folder of images with true masks, which ``foretell`` asks them about first.

    Without a ``grouping`` the summary goes by what the data set itself says of its images, or by what of that is named
    in ``by``. Raises ``UserError`` if no image has a mask of the models' classes, two models know different ones, or
    nothing is called as in ``by``, ``Stopped`` if cancelled. The plan's ``close`` removes the masks that were made.
    """
    classes = models[0].classes
    if any([spec.name for spec in model.classes] != [spec.name for spec in classes] for model in models[1:]):
        raise UserError("The two models know different classes, so they can't be compared. Choose two of one kind.")
    dataset = find_dataset(images, masks)
    found = [one for one in dataset.images if one.mask is not None and one.pixels is None]
    if not found:
        raise UserError(f"No image in “{images.name}” has a mask. Choose the folder of its true masks.")
    meaning = _meaning(dataset, classes)
    if grouping is None:
        grouping = Grouping.of_data_set(
            {key_of(one.image): dict(one.attributes) for one in found if one.attributes}, by
        )
    folder = Path(tempfile.mkdtemp(prefix="segstudio-"))
    try:
        answers = _asked(models, [one.image for one in found], folder, foretell, progress, cancelled)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    cases = tuple(
        Case(
            one.image.stem,
            _reads(one, [answer[one.image] for answer in answers], meaning, (*void_ids(classes), NOT_JUDGED)),
            one.image,
            groups=grouping.groups(one.image),
            files={"image": str(one.image), "truth": str(one.mask.files[0]) if one.mask is not None else ""},
        )
        for one in found
    )
    names = tuple(model.name for model in models)
    sides = told_apart(models[0].path, models[1].path) if len(set(names)) < len(names) else names
    named = {spec.id: spec.name for spec in classes}
    return Plan(
        sides, masks.name if masks else images.name, cases, named, note=_missing_words(dataset, classes, meaning),
        close=lambda: shutil.rmtree(folder, True),
    )  # fmt: skip


def _asked(
    models: Sequence[Weights],
    images: Sequence[Path],
    folder: Path,
    foretell: Foretell,
    progress: Progress,
    cancelled: Cancelled,
) -> list[Mapping[Path, Path | UserError]]:
    """What each model says of ``images``."""
    answers = []
    for number, model in enumerate(models):

        def tell(done: int, _total: int, before: int = number * len(images)) -> None:
            progress(before + done, len(models) * len(images))

        own = folder / str(number)
        own.mkdir()
        answers.append(foretell(model.path, images, own, tell, cancelled))
        if cancelled():
            raise Stopped
    return answers


def _meaning(dataset: Dataset, classes: tuple[ClassSpec, ...]) -> NDArray[np.uint16]:
    """A look-up table, uint16 of 65536, from the data set's class ids to the models': by name, where it has names.

    What the data set does not judge, and the models do not know by name, becomes ``NOT_JUDGED``. Raises ``UserError``
    where no class is one of the models'.
    """
    lut = np.zeros(65536, np.uint16)
    by_name = {spec.name.casefold(): spec.id for spec in classes} if dataset.names_classes else {}
    void = [known.id for known in dataset.classes if known.kind == "void" and known.name.casefold() not in by_name]
    if dataset.names_classes:
        judged = [known for known in dataset.classes if known.id not in void]
        for known in judged:
            lut[known.id] = by_name.get(known.name.casefold(), 0)
        if lut.any():
            lut[void] = NOT_JUDGED
            return lut
        if len(classes) > 1 or len(judged) > 1:
            theirs, ours = (", ".join(each.name for each in names) for names in (judged, classes))
            raise UserError(f"The masks are of other classes ({theirs}) than the model ({ours}). Choose other masks.")
    if len(classes) == 1:
        lut[1:] = classes[0].id
    else:
        for spec in classes:
            lut[spec.id] = spec.id
    lut[void] = NOT_JUDGED
    return lut


def _missing_words(dataset: Dataset, classes: tuple[ClassSpec, ...], meaning: NDArray[np.uint16]) -> str:
    """A sentence on classes of the models that the masks have under no name, as where one was renamed; "" for none."""
    missing = [f"“{spec.name}”" for spec in classes if spec.kind != "void" and spec.id not in meaning]
    if not dataset.names_classes or not missing:
        return ""
    return f"The masks know no class called {' or '.join(missing)}: wherever that is found, it counts as wrong."


def _reads(
    one: FoundImage, answers: Sequence[Path | UserError], meaning: NDArray[np.uint16], void: Sequence[int]
) -> Callable[[], tuple[Ids, ...]]:
    def read() -> tuple[Ids, ...]:
        said = []
        for answer in answers:
            if isinstance(answer, UserError):
                raise answer
            said.append(decode_mask(answer.read_bytes()))
        assert one.mask is not None
        height, width = said[0].shape
        mask = of_classes(one.mask, np.flatnonzero(meaning).tolist())
        true = meaning[mask.read((width, height), read_orientation(one.image)).class_ids()]
        return tuple(without((true, *said), void))

    return read
