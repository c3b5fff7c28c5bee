"""A model on images, with no project: ``segstudio predict --model``, and the masks that an evaluation needs."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from segstudio.app.batch import Say, predict_each
from segstudio.app.evaluation import Cancelled, Progress, Stopped
from segstudio.app.evaluation_models import Weights
from segstudio.app.exporting import export_paths, masks_words, write_beside
from segstudio.app.headless import HeadlessScheduler
from segstudio.app.model_files import classes_of, find_model, look_at_model
from segstudio.app.predictor import AS_LEARNED, Finish
from segstudio.domain.errors import UserError
from segstudio.formats.png import is_unchanged
from segstudio.imaging.find import find_images
from segstudio.imaging.mask_png import encode_mask
from segstudio.protocol.round_folder import WEIGHTS
from segstudio.store.images import same_file


@dataclass(frozen=True)
class PredictionReport:
    """How ``predict_with`` went: masks written, and a sentence for each image that has none."""

    folder: Path
    written: int
    troubles: tuple[str, ...]

    @property
    def text(self) -> str:
        """For a person."""
        return "\n".join([f"{masks_words(self.written)} written to {self.folder}.", *self.troubles])


def weights_of(name: str) -> Weights:
    """A model by name or path, looked at; a project's own is called by its round.

    Raises ``UserError`` if it is none.
    """
    path = find_model(name)
    of_round = path.name == WEIGHTS and path.parent.name.isdecimal()
    called = f"round {int(path.parent.name)}" if of_round else path.stem
    return Weights(called, path, classes_of(look_at_model(path)))


def predict_with(model: str, images: Sequence[Path], out: Path, force: bool, say: Say) -> PredictionReport:
    """Write a mask for each of ``images`` (files, or folders of them) to ``out``, lined up with the file as stored.

    0 and 255 for one class, else a palette PNG. An image that can't be read is a sentence and the rest goes on.
    ``say`` is told how far it is. Nothing is begun, and ``UserError`` raised, if the model is none, no image is named,
    or ``out`` holds a file in the place of a mask that is not an unchanged mask of this command, unless ``force``.
    """
    weights = weights_of(model)
    files = _files(images)
    paths = export_paths(out, files)
    _check_targets(files, paths, out, force)
    troubles: list[str] = []
    answers = predict_each(HeadlessScheduler(), weights.path, files)
    for done, ((image, mask), target) in enumerate(zip(answers, paths, strict=True), start=1):
        try:
            if isinstance(mask, UserError):
                raise mask
            write_beside(target, mask, image, weights.classes, marked=True)
        except UserError as error:
            troubles.append(f"{image.name}: {error}")
        say(f"{done} of {len(files)}: {image.name}")
    if len(troubles) == len(files):
        raise UserError(f"No mask could be made. {troubles[0]}")
    return PredictionReport(out, len(files) - len(troubles), tuple(troubles))


def foretell(
    weights: Path,
    images: Sequence[Path],
    folder: Path,
    progress: Progress,
    cancelled: Cancelled,
    finish: Finish = AS_LEARNED,
    painting: bool = False,
) -> Mapping[Path, Path | UserError]:
    """Masks for an evaluation, each a 16-bit PNG in ``folder``, by a worker of its own; may run on any thread.

    ``finish`` is what a person chose of how masks are finished. A core stays free where there is ``painting``. Raises
    ``Stopped`` if cancelled, ``UserError`` if the worker ends.
    """
    found: dict[Path, Path | UserError] = {}
    answers = predict_each(HeadlessScheduler(), weights, images, finish, cancelled, painting)
    try:
        for number, (image, mask) in enumerate(answers):
            if isinstance(mask, UserError):
                found[image] = mask
            else:
                found[image] = target = folder / f"{number}.png"
                target.write_bytes(encode_mask(mask))
            progress(number + 1, len(images))
            if cancelled():
                break
    finally:
        answers.close()
    if cancelled():
        raise Stopped
    return found


def _files(images: Sequence[Path]) -> list[Path]:
    files: list[Path] = []
    for path in images:
        files += find_images(path.absolute()) if os.path.isdir(path) else [path.absolute()]
    if not files:
        raise UserError("There is no image to look at. Name image files, or a folder that holds some.")
    return list(dict.fromkeys(files))


def _check_targets(files: Sequence[Path], paths: Sequence[Path], out: Path, force: bool) -> None:
    own = {same_file(path) for path in files}
    for path in paths:
        if same_file(path) in own:
            raise UserError(f"{path} is one of the images. Choose another folder for the masks.")
    foreign = [] if force else [path.name for path in paths if os.path.lexists(path) and not is_unchanged(path)]
    if foreign:
        more = "" if len(foreign) == 1 else f" and {len(foreign) - 1} more"
        raise UserError(
            f"{out} already holds {foreign[0]}{more}, which may be somebody's work. Nothing was written: choose "
            "another folder, or add --force to write over it."
        )
