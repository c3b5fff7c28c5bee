"""Models as files: those that come with the program, by name, and anybody's, by path."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import segstudio
from segstudio.domain.errors import UserError
from segstudio.domain.segments import VOID_COLOR, ClassSpec, make_classes
from segstudio.protocol.weights import NotWeightsError, WeightsInfo, inspect, is_altered

SUFFIX = ".safetensors"


def models_folder() -> Path:
    """Where the models lie that come with the program: in the package, or in the sources beside it."""
    package = Path(segstudio.__file__).parent
    installed = package / "_resources" / "models"
    return installed if os.path.isdir(installed) else package.parent / "resources" / "models"


def own_models() -> dict[str, Path]:
    """The models that come with the program, by name."""
    return {path.stem: path for path in sorted(models_folder().glob(f"*{SUFFIX}"))}


def find_model(name: str) -> Path:
    """The file of a model that comes with the program, or the one at a path. Raises ``UserError`` for neither."""
    own = own_models()
    if name in own:
        return own[name]
    path = Path(name)
    if os.path.isfile(path):
        return path.absolute()
    known = ", ".join(own) or "none with this installation"
    raise UserError(f"There is no model “{name}”. Give the path of a {SUFFIX} file, or a name: {known}.")


def look_at_model(path: Path) -> WeightsInfo:
    """What a model's file says of itself, once it is known to be whole. Raises ``UserError`` for anything else.

    Nothing of it is run or unpickled, and no more room is made than the file has.
    """
    try:
        info = inspect(path)
        whole = not is_altered(path)
    except NotWeightsError as error:
        raise UserError(
            f"“{path.name}” {error}. It was left alone: choose a {SUFFIX} file that segstudio exported."
        ) from error
    except OSError as error:
        raise UserError(f"“{path.name}” can't be read ({error.strerror}). Choose another file.") from error
    if not whole:
        raise UserError(f"“{path.name}” was changed or damaged since it was written. Get the file once more.")
    return info


def classes_of(info: WeightsInfo) -> tuple[ClassSpec, ...]:
    """The classes that a model knows, in the usual colours."""
    made = make_classes(name.strip() or f"class {number}" for number, name in enumerate(info.classes, start=1))
    return tuple(replace(spec, kind="void", color=VOID_COLOR) if spec.id in info.void else spec for spec in made)
