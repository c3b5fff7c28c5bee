"""What can be judged: folders of masks, a project, models on a folder of images with masks."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypeVar

from segstudio.app.evaluation import Case, Plan
from segstudio.app.evaluation_groups import Grouping
from segstudio.app.round_writer import class_ids, stored_mask
from segstudio.domain.annotation import ImageRecord, ImageState
from segstudio.domain.errors import UserError
from segstudio.domain.evaluation import Ids
from segstudio.domain.segments import ClassSpec, SegmentTable, void_ids
from segstudio.formats.attributes import key_of
from segstudio.formats.compare import (
    NOT_JUDGED,
    Paired,
    judges_nothing,
    pair_masks,
    read_together,
    void_beside_ids,
    without,
)
from segstudio.formats.detect import said_in
from segstudio.formats.lining_up import lined_up
from segstudio.formats.named_together import NamedTogether, named_together
from segstudio.formats.pairs import bare_stem, match
from segstudio.formats.png import read_mask
from segstudio.imaging.find import find_images
from segstudio.imaging.orientation import UPRIGHT
from segstudio.imaging.reader import read_orientation, read_size
from segstudio.store.project_db import Project

T = TypeVar("T")
Ask = Callable[[Callable[[Project], T]], T]
Read = Callable[[Path, Sequence[Path]], tuple[Ids, ...]]
Against = Literal["approved", "now", "truth"]
APPROVED_SIDES = ("the model",), "approved masks"
"""What is judged, and what it is held to."""

NO_PREDICTION = "No approved image has a mask by the model below it yet."
ONLY_KNOWN = "The model had learned from every approved image before it made the mask below."


def folder_plan(
    pred: Path,
    truth: Path,
    other: Path | None = None,
    *,
    images: Path | None = None,
    void: int | None = None,
    classes: Sequence[str] = (),
    grouping: Grouping | None = None,
    by: Sequence[str] = (),
) -> Plan:
    """Masks in ``pred``, and in ``other``, against those of their names in ``truth``; ``images`` lie behind outlines.

    Of two folders only images count that both have a mask of; a mask of one that has none in the other folder has no
    partner. Without a ``void`` it is 255 where true masks have that beside low class ids, as many data sets do, and the
    plan's ``note`` says so. Where lists of classes lie beside all masks, and no ``classes`` are given, a value means
    what its own folder's list calls it. Without a ``grouping`` the summary goes by what a data set in ``images`` or
    ``truth`` says, or by what of that is named in ``by``. Raises ``UserError`` if nothing pairs, if the true masks say
    nothing but ``void``, and if nothing is called as in ``by``.
    """
    grouping = grouping or _said_of(truth if images is None else images, truth, by)
    paired = pair_masks(pred, truth)
    if void is not None and judges_nothing([true for _, true in paired.pairs], void):
        raise UserError(
            f"The true masks in “{truth.name}” have no value but 0 and {void}, so nothing is left to compare when "
            f"{void} is not judged. If {void} is the object, leave out “--void”."
        )
    second = None if other is None else pair_masks(other, truth)
    named = None if classes else _by_names(pred, truth, paired, other, second, void)
    found = void_beside_ids([true for _, true in paired.pairs]) if void is None and named is None else None
    read: Read = partial(read_together, void=found if void is None else void) if named is None else named.read
    seconds = {} if second is None else {true: mask for mask, true in second.pairs}
    picture_of = _pictures(images, [folder for folder in (pred, truth, other) if folder])
    own = {} if images is None else _own_pictures(picture_of.values(), images, paired, truth)
    cases = []
    for mask, true in paired.pairs:
        masks = [mask]
        if other is not None:
            if true not in seconds:
                continue
            masks.append(seconds[true])
        picture = own.get(true) or picture_of.get(bare_stem(true)) or _beside(true)
        files = {"prediction": str(mask), "truth": str(true)}
        if other is not None:
            files["other"] = str(masks[1])
        cases.append(
            Case(
                mask.stem,
                partial(read, true, masks),
                picture,
                groups=grouping.groups(true),
                files=files,
                turned=partial(_upright, true, picture),
            )
        )
    if not cases:
        raise UserError(f"No image has a mask in “{pred.name}” and in “{(other or pred).name}”. Check the folders.")
    sides = (pred.name,) if other is None else told_apart(pred, other)
    names, note = _numbered(classes, found) if named is None else (named.classes, named.note)
    return Plan(sides, truth.name, tuple(cases), names, (_alone(paired, second), paired.unpaired_truth), note)


def _numbered(classes: Sequence[str], void: int | None) -> tuple[Mapping[int, str], str]:
    """The names of class 1, 2, ..., and what is to be said where ``void`` was found in the true masks."""
    note = "" if void is None else f"Where the true masks are {void}, nothing is judged."
    return dict(enumerate(classes, start=1)), note


def _by_names(
    pred: Path, truth: Path, paired: Paired, other: Path | None, second: Paired | None, void: int | None
) -> NamedTogether | None:
    """What is compared, by the names that lists beside all of the masks give their values; None without such lists."""
    folders = [(truth, [true for _, true in paired.pairs]), (pred, [mask for mask, _ in paired.pairs])]
    if other is not None and second is not None:
        folders.append((other, [mask for mask, _ in second.pairs]))
    return named_together(folders, void)


def _said_of(images: Path, truth: Path, by: Sequence[str]) -> Grouping:
    """How a data set in one of both folders groups its images; not at all where none says anything of them."""
    found = said_in(images) or said_in(truth)
    if by and not found:
        raise UserError("Of these folders nothing is known that --by could name. Give --attributes with a table.")
    return Grouping.of_data_set({key_of(one.image): dict(one.attributes) for one in found}, by)


def _alone(paired: Paired, second: Paired | None) -> tuple[Path, ...]:
    """Masks that nothing is said of: without a true one, or without one in the other folder where there are two."""
    if second is None:
        return paired.unpaired_predictions
    found = []
    for one, other in ((paired, second), (second, paired)):
        there = {true for _, true in other.pairs}
        found += [*one.unpaired_predictions, *(mask for mask, true in one.pairs if true not in there)]
    return tuple(found)


def _upright(true: Path, picture: Path | None, mask: Ids) -> Ids:
    """A mask (H, W) as the image behind it is seen, where it lies as the image's file stores its pixels.

    One whose own file says how to turn it is upright already, and so is one that fits no other way.
    """
    if picture is None:
        return mask
    try:
        orientation = read_orientation(picture)
        if orientation == UPRIGHT or read_orientation(true) != UPRIGHT:
            return mask
        return lined_up(mask, read_size(picture), orientation, true.name)
    except UserError:
        return mask


def _pictures(images: Path | None, masks: Sequence[Path]) -> dict[str, Path]:
    """Images by what their masks are called, none of which are in folders of masks."""
    if images is None:
        return {}
    inside = [folder.resolve() for folder in masks if folder.resolve() != images.resolve()]
    found: dict[str, Path] = {}
    for path in find_images(images):
        if not any(path.resolve().is_relative_to(folder) for folder in inside):
            found.setdefault(bare_stem(path), path)
    return found


def _own_pictures(pictures: Iterable[Path], images: Path, paired: Paired, truth: Path) -> dict[Path, Path]:
    """Images by the true masks that an import would give them."""
    found = match(pictures, images, [true for _, true in paired.pairs], truth)
    return {each.mask: each.image for each in found if each.mask is not None}


def _beside(mask: Path) -> Path | None:
    """The image of a mask in PH2's own layout."""
    case = mask.parent.parent
    picture = case / f"{case.name}_Dermoscopic_Image"
    return next(iter(find_images(picture)), None) if os.path.isdir(picture) else None


def told_apart(one: Path, other: Path) -> tuple[str, str]:
    """Names of two files or folders; with those of as many folders around them as it takes where they are alike.

    The same one twice is called the same but for "again".
    """
    stems = [path.stem if os.path.isfile(path) else path.name for path in (one, other)]
    if stems[0] != stems[1]:
        return stems[0], stems[1]
    parts = [path.absolute().parts for path in (one, other)]
    for depth in range(1 if one.name != other.name else 2, max(map(len, parts)) + 1):
        first, second = ("/".join(folders[-depth:]) for folders in parts)
        if first != second:
            return first, second
    return one.name, f"{one.name} again"


def predicted_before(record: ImageRecord) -> bool:
    """Whether an image is approved and has a mask by the model below."""
    return record.state is ImageState.APPROVED and record.prediction_round is not None


def was_known(record: ImageRecord, learned: Mapping[int, Collection[int]]) -> bool:
    """Whether the model that made an image's mask had learned from the image: its approval was taken back and given
    again, or its mask was renewed. ``learned`` is as ``Learned.by_round`` gives it."""
    return record.prediction_round is not None and (record.reading_of or record.id) in learned.get(
        record.prediction_round, ()
    )


def project_plan(
    ask: Ask[Any],
    records: Sequence[ImageRecord],
    classes: tuple[ClassSpec, ...],
    table: SegmentTable,
    against: Literal["approved", "truth"],
    groups: Mapping[int, Mapping[str, str]] | None = None,
    numbers: Mapping[int, int] | None = None,
) -> Plan:
    """A project's masks: what the model said before an image was approved, against what was approved; or the masks as
    they are, against true masks that were given to compare with.

    ``ask`` runs a call on the project and waits for it; it is used from any thread. The model's mask of an approved
    image is the one that was there when it was approved; images that its round had learned from are left out.
    ``groups`` says by image id to which groups an image belongs: see ``ProjectGroups.of_images``;
    ``numbers`` its place among all images, where ``records`` are some of them.
    Raises ``UserError`` if there is nothing to compare.
    """
    void = void_ids(classes)
    cases = []
    places = {record.id: place for place, record in enumerate(records, start=1)}
    learned = ask(lambda project: project.learned.by_round()) if against == "approved" else {}
    for record in records:
        if against == "approved":
            if not predicted_before(record) or was_known(record, learned):
                continue
            read = _reads_prediction(ask, record, table, void)
        else:
            if record.truth is None or not record.width or record.state is ImageState.NEW:
                continue
            read = _reads_truth(ask, record, classes, table, void)
        cases.append(project_case(record, read, groups or {}, numbers or places))
    if not cases:
        raise UserError(_no_cases(records, against))
    sides, truth = APPROVED_SIDES if against == "approved" else (("the masks",), "true masks")
    return Plan(sides, truth, tuple(cases), {spec.id: spec.name for spec in classes})


def _no_cases(records: Sequence[ImageRecord], against: Literal["approved", "truth"]) -> str:
    """Why there is nothing to compare, and what to do."""
    if against == "approved":
        nothing = ONLY_KNOWN if any(map(predicted_before, records)) else NO_PREDICTION
        return f"{nothing} Run a round, then approve some images."
    if any(record.truth is not None for record in records):
        return "No image with a true mask has a mask of its own yet. Approve a few, or let the model predict, first."
    return (
        "No image of this project has a true mask to compare with. Have masks kept aside to compare with when you make "
        "a project or import a data set."
    )


def project_case(
    record: ImageRecord,
    read: Callable[[], tuple[Ids, ...]],
    groups: Mapping[int, Mapping[str, str]],
    numbers: Mapping[int, int],
) -> Case:
    """An image of a project; ``groups`` and ``numbers`` go by image id."""
    files, number = {"image": str(record.path)}, numbers[record.id]
    return Case(Path(record.name).stem, read, record.path, record.id, groups.get(record.id, {}), files, number)


def _reads_prediction(
    ask: Ask[tuple[Ids, ...]], record: ImageRecord, table: SegmentTable, void: Sequence[int]
) -> Callable[[], tuple[Ids, ...]]:
    def read(project: Project) -> tuple[Ids, ...]:
        approved = class_ids(stored_mask(project, record, vouched_only=False), table)
        prediction = project.masks.prediction(record.id)
        if prediction is None:
            raise UserError(f"{record.name} has no mask by the model any more.")
        try:
            said = table.class_lut()[prediction.mask()]
        except ValueError as error:
            raise UserError(f"The model's mask of {record.name} is damaged, so it was left out.") from error
        return tuple(without((approved, said), void))

    return lambda: ask(read)


def _reads_truth(
    ask: Ask[tuple[Ids, ...]],
    record: ImageRecord,
    classes: tuple[ClassSpec, ...],
    table: SegmentTable,
    void: Sequence[int],
) -> Callable[[], tuple[Ids, ...]]:
    def read() -> tuple[Ids, ...]:
        assert record.truth is not None
        size = (record.width, record.height)
        true = read_mask(record.truth, size, read_orientation(record.path), classes, NOT_JUDGED)
        (shown,) = ask(lambda project: (class_ids(stored_mask(project, record, vouched_only=False), table),))
        return tuple(without((true, shown), (*void, NOT_JUDGED)))

    return read
