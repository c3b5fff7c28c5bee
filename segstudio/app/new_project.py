"""Making a project: look at what there is, then one plan, carried out image by image."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from segstudio.app.class_mapping import ClassMapping, MasksAs, mapping_for_new, unjudged
from segstudio.app.importing import ImportPlan
from segstudio.app.model_settings import SETTING, ModelSettings
from segstudio.app.starters import StarterChoice, available, class_by_names, fitting, give, starter_file
from segstudio.domain.errors import UserError
from segstudio.domain.segments import make_classes
from segstudio.formats import video
from segstudio.formats.dataset import Dataset, FoundClass, FoundImage
from segstudio.formats.detect import find_dataset, find_in_files
from segstudio.formats.joining import joined
from segstudio.imaging.find import path_key
from segstudio.imaging.reader import read_size
from segstudio.imaging.video import is_video_name
from segstudio.protocol.round_folder import Network
from segstudio.store.project_db import Project

SUFFIX = ".segstudio"

_SECONDS = 1.0
"""For so long the beginnings of files are looked at."""


@dataclass(frozen=True)
class NewProject:
    """A plan: ``masks_as`` says what existing masks are taken for.

    ``upright`` says that what is up in the images stays up, as with people and scenes, so that the model need not
    learn them upside down. Those of ``classes`` whose names are in ``void`` are not judged. ``network`` is the one to
    learn with, None for the usual one. ``starter`` is the model to start from; "automatic" takes the one that fits.
    The rest is as ``ImportPlan`` has it.
    """

    folder: Path
    images: tuple[FoundImage, ...]
    classes: tuple[str, ...]
    masks_as: MasksAs
    upright: bool = False
    void: tuple[str, ...] = ()
    network: Network | None = None
    starter: StarterChoice = "none"
    mapping: ClassMapping | None = None
    layout: str = "folder"
    source: Path = field(default_factory=Path)
    found_classes: tuple[FoundClass, ...] = ()
    """What the data set says that its masks show: what they become goes by these names unless ``mapping`` says it."""

    @property
    def as_import(self) -> ImportPlan:
        """How the images come into the project.

        Raises ``UserError`` where masks show none of its classes, two of these have one name, or none is judged.
        """
        one_name = said_of_one_name(self.classes)
        if one_name:
            raise UserError(one_name)
        if not set(self.classes) - set(self.void):
            raise UserError(
                "None of the classes is judged, so there would be nothing to learn. Leave one of them to be judged."
            )
        mapping = self.mapping
        if mapping is None and self.masks_as != "none":
            mapping = mapping_for_new(self.found_classes, make_classes(self.classes, self.void))
        return ImportPlan(self.images, self.masks_as, mapping, self.layout, self.source, unjudged(self.found_classes))


@dataclass(frozen=True)
class Preview:
    """What was found, before anything is made."""

    found: Dataset
    suggested_folder: Path

    @property
    def suggested_classes(self) -> tuple[str, ...]:
        """What the data set calls its classes; their numbers, or what files' names tell, where it says nothing."""
        if len(self.found.classes) > 1 or self.found.names_classes:
            return tuple(known.name or f"class {known.id}" for known in self.found.classes)
        return (class_by_names(self.found.images),)

    @property
    def suggested_void(self) -> tuple[str, ...]:
        """Those of ``suggested_classes`` that nobody judges in the data set."""
        return tuple(known.name for known in self.found.classes if known.kind == "void")


def look_at(paths: Sequence[Path], masks: Path | None = None, every: int | None = None) -> Preview:
    """Find images, and masks that belong to them, in files and folders; slow for many.

    Of videos every ``every``-th frame is taken; None leaves that to their length.

    They come in natural order, however they were chosen: frames of a video are gone through one after the other.
    Raises ``UserError`` where there is no image.
    """
    if not paths:
        raise UserError("No images were given. Choose a folder with images, or the images themselves.")
    if len(paths) == 1 and os.path.isdir(paths[0]):
        name, found = paths[0].name, find_dataset(paths[0], masks)
    else:
        ordered = sorted(paths, key=lambda path: path_key(path, Path(path.anchor)))
        files = find_in_files([path for path in ordered if not os.path.isdir(path)])
        parts = [find_dataset(path) for path in ordered if os.path.isdir(path)]
        name, found = _name_of(paths), joined([files, *parts] if files.images else parts)
    if not found.images:
        raise UserError(
            f"There are no images in {paths[0]}. Choose a folder that holds PNG, JPEG, BMP, TIFF, WebP, DICOM or video "
            "files."
        )
    if every is not None and found.layout == video.LAYOUT:
        found = video.resampled(found, every)
    unreadable = _unreadable(found)
    if unreadable:
        found = replace(found, notes=(*found.notes, unreadable))
    return Preview(found, _free_folder(paths[0].parent, name))


def _unreadable(found: Dataset) -> str:
    """A sentence if files are no images, by their beginnings and as far as time allows to look; else ""."""
    until = time.monotonic() + _SECONDS
    first, count = "", 0
    for image in found.images:
        if image.pixels is None:
            try:
                read_size(image.image)
            except UserError as error:
                count += 1
                first = first or str(error)
        if time.monotonic() > until:
            break
    if not count:
        return ""
    said = "1 file can't be shown, but is" if count == 1 else f"{count:,} files can't be shown, but are"
    return f"{said} in the list. {first}"


def said_of_one_name(classes: Sequence[str]) -> str:
    """The sentence where two names differ by capital letters alone, since masks find their class by name; else ""."""
    by_name: dict[str, str] = {}
    for name in classes:
        first = by_name.setdefault(name.casefold(), name)
        if first != name:
            return f"“{first}” and “{name}” differ by capital letters alone. Give each class a name of its own."
    return ""


def create(plan: NewProject) -> Project:
    """Make the project, with no images yet; on the store thread. They follow by ``NewProject.as_import``."""
    starter = _starter_of(plan)
    project = Project.create(plan.folder, make_classes(plan.classes, plan.void))
    with contextlib.ExitStack() as on_failure:
        on_failure.callback(project.unmake)
        project.settings.set_setting("upright", plan.upright)
        if plan.network is not None:
            project.settings.set_setting(SETTING, ModelSettings(network=plan.network).kept())
        if starter != "none":
            give(project, starter)
            project.settings.set_setting("upright", plan.upright or starter == "body")
        on_failure.pop_all()
    return project


def _starter_of(plan: NewProject) -> str:
    """The starter that fits or was asked for, "none" for none; ``UserError`` if that asked for can't serve."""
    usual = plan.network in (None, ModelSettings().network)
    if plan.starter == "automatic":
        known = {words.name for words in available()} if usual else set()
        found = fitting(plan.images, plan.classes) if known else None
        return found if found is not None and found in known else "none"
    if plan.starter == "none":
        return "none"
    if not usual:
        raise UserError("Starter models are of the usual network. Choose that, or no starter model.")
    if len(plan.classes) != 1:
        raise UserError("Starter models know one class, so they are for projects with one. Choose no starter model.")
    starter_file(plan.starter)
    return plan.starter


def _name_of(files: Sequence[Path]) -> str:
    """What a project of ``files`` is called: like their folder, but like its video where there is one alone."""
    return files[0].stem if len(files) == 1 and is_video_name(files[0].name) else files[0].parent.name


def _free_folder(parent: Path, name: str) -> Path:
    name = name or "images"  # the top of a drive, as of a camera's card, is called nothing
    folder, number = parent / f"{name}{SUFFIX}", 1
    while os.path.exists(folder):
        number += 1
        folder = parent / f"{name} {number}{SUFFIX}"
    return folder
