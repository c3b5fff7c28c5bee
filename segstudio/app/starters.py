"""The starter models that come with the program: what a project starts from, so that its first image has a mask.

A project that starts from one holds a copy of its own as the weights of round 0, so that it is whole wherever it goes,
and a later version of the program changes nothing in it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from segstudio.app.model_files import models_folder
from segstudio.domain.errors import UserError
from segstudio.domain.frames import parse_frame
from segstudio.formats.dataset import FoundImage
from segstudio.imaging.reader import read_thumbnail
from segstudio.protocol.weights import is_altered
from segstudio.store.project_db import Project

StarterName = Literal["lesion", "body"]
StarterChoice = Literal["automatic", "lesion", "body", "none"]

SETTING = "starter"
"""The setting of a project that holds the name of its starter, "none" for none."""

_LOOKED_AT = 3
_SMALL = 64
"""Pixels along the longer side that are enough to see colours by."""
_LEAST_COLOUR = 0.06
"""Mean saturation below which pictures are grey, so no dermoscopy."""


@dataclass(frozen=True, slots=True)
class StarterWords:
    """A starter by its title and what it is for."""

    name: StarterName
    title: str
    about: str


STARTERS: tuple[StarterWords, ...] = (
    StarterWords(
        "lesion",
        "Skin lesions",
        "Has seen dermoscopy pictures with one lesion each, so the first image has a mask at once. For research use.",
    ),
    StarterWords(
        "body",
        "People",
        "Has seen photographs and videos of people, head to foot, so the first image has a mask at once. "
        "For research use.",
    ),
)

_WORDS: dict[StarterName, frozenset[str]] = {
    "lesion": frozenset(("lesion", "lesions", "mole", "moles", "nevus", "nevi", "naevus", "naevi", "melanoma")),
    "body": frozenset(("person", "persons", "people", "body", "bodies", "human", "humans", "dancer", "figure")),
}
_CLASS: dict[StarterName, str] = {"lesion": "lesion", "body": "person"}
# Names of classes that say nothing of what is marked: then the files' names may.
_ANY = frozenset(["object", "objects", "foreground", "mask", "region", "target"])
_DERMOSCOPY = re.compile(r"(imd\d{3}|isic_\d+|ham\d+)", re.IGNORECASE)
_MADS = re.compile(r"[A-Za-z]+_[A-Za-z]*\d+_C\d+_\d+")


def starter_file(name: str) -> Path:
    """The weights of a starter. Raises ``UserError`` if there is none of that name, or its file is not whole."""
    known = [words.name for words in STARTERS]
    path = models_folder() / f"{name}.safetensors"
    if name not in known or not os.path.isfile(path):
        raise UserError(f'There is no starter model "{name}" in this installation. Known are: {", ".join(known)}.')
    if is_altered(path):
        raise UserError(f"The starter model {path.name} is damaged. Install segstudio again.")
    return path


def available() -> tuple[StarterWords, ...]:
    """The starters whose files are there."""
    return tuple(words for words in STARTERS if os.path.isfile(models_folder() / f"{words.name}.safetensors"))


def fitting(images: Sequence[FoundImage], classes: Sequence[str]) -> StarterName | None:
    """The starter for a project of ``images`` with the one class that is to be marked; None where none is sure to fit.

    The name of the class decides, or that of most images where the class may be anything; frames of videos and slices
    go by the names that they will have. Opens three pictures at most: grey ones are no dermoscopy.
    """
    if len(classes) != 1 or not images:
        return None
    words = _words(classes[0])
    for name in _WORDS:
        if words & _WORDS[name] or (words <= _ANY and _named_like(name, images)):
            return name if name != "lesion" or _in_colour(images) else None
    return None


def is_unnamed(images: Sequence[FoundImage], classes: Sequence[str]) -> bool:
    """Whether a starter might serve if only somebody said what is marked: the one class may be anything.

    Opens no picture.
    """
    words = _words(classes[0]) if len(classes) == 1 else set()
    return bool(words) and words <= _ANY and not any(_named_like(name, images) for name in _WORDS)


def class_by_names(images: Sequence[FoundImage]) -> str:
    """What most of the ``images`` are of by their files' names, as the name of a class; "object" where they don't tell.

    Opens no picture.
    """
    return next((named for name, named in _CLASS.items() if images and _named_like(name, images)), "object")


def is_person(name: str) -> bool:
    """Whether a class of this name marks people."""
    return bool(_words(name) & _WORDS["body"])


def marks_people(classes: Sequence[str]) -> bool:
    """Whether people are all that a project with ``classes`` marks: its model then knows them upright."""
    return len(classes) == 1 and is_person(classes[0])


def are_unlike(one: str, other: str) -> bool:
    """Whether two names of classes speak of things that are never the same: a lesion and a person."""
    kinds = [{kind for kind, words in _WORDS.items() if _words(name) & words} for name in (one, other)]
    return all(kinds) and not kinds[0] & kinds[1]


def _words(name: str) -> set[str]:
    return set(re.findall(r"[a-z]+", name.casefold()))


def _named_like(name: StarterName, images: Sequence[FoundImage]) -> bool:
    paths = [Path(found.image.name if found.pixels is None else found.pixels.name) for found in images]
    if name == "lesion":
        like = sum(_DERMOSCOPY.match(path.stem) is not None for path in paths)
    else:
        like = sum(_MADS.fullmatch(path.stem) is not None and parse_frame(path.name) is not None for path in paths)
    return like > len(paths) / 2


def _in_colour(images: Sequence[FoundImage]) -> bool:
    for found in images[:: max(1, len(images) // _LOOKED_AT)][:_LOOKED_AT]:
        try:
            picture = read_thumbnail(found.image, _SMALL) if found.pixels is None else found.pixels.read()
        except UserError:
            continue
        if picture.ndim < 3:
            continue
        step = max(1, max(picture.shape) // _SMALL)
        small = picture[::step, ::step].astype(np.float32)
        high, low = small.max(axis=2), small.min(axis=2)
        if float(((high - low) / np.maximum(high, 1)).mean()) >= _LEAST_COLOUR:
            return True
    return False


def give(project: Project, name: str) -> Path | None:
    """Let ``project`` start from the starter ``name``, or from none; on the store thread.

    Returns the weights in the project. Raises ``UserError`` if there is no such starter or it can't be copied.
    """
    if name == "none":
        project.rounds.drop_starter()
        path = None
    else:
        path = project.rounds.take_starter(starter_file(name))
    project.settings.set_setting(SETTING, name)
    return path


@dataclass(frozen=True, slots=True)
class KeptStarter:
    """The starter of a project: its name, "none" for none, and its weights if they can be used."""

    name: str = "none"
    weights: Path | None = None

    @classmethod
    def of(cls, project: Project) -> KeptStarter:
        """Read it; on the store thread."""
        kept: Any = project.settings.get_setting(SETTING)
        path = project.rounds.starter()
        return cls(kept if isinstance(kept, str) else "none" if path is None else "own", path)


NO_STARTER = KeptStarter()
