"""What a starter model is made from: the samples with their groups, how it is trained, and how it is judged.

::

    lesion-starter/
        recipe.json             written once; a build that is started again goes on by it
        masks/0012.png          16-bit grey PNG a sample: class id a pixel, IGNORE where nobody vouched
        fold-0/ ... all/        a training each: state.safetensors and state.json, then the weights
        report.json             every sample's scores by the fold that had not seen its group
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from segstudio.protocol.codec import ProtocolError

RECIPE = "recipe.json"
RECIPE_VERSION = 1

StarterKind = Literal["lesion", "body"]


@dataclass(frozen=True, slots=True)
class RecipeSample:
    """An image (absolute path) and its mask (relative to the folder); without a mask it is a background.

    All samples of a ``group`` are in one fold. ``source`` is the data set; only ``scored`` ones are in the report.
    """

    name: str
    image: str
    mask: str | None
    group: str
    source: str
    fold: int
    scored: bool


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to train and judge a starter.

    ``shares`` says how much of what is seen comes from each source, made-up pictures ("drawn") among them. ``steps``
    are those of one training; ``side`` is the longer side in px at which masks are predicted.
    """

    kind: StarterKind
    class_name: str
    samples: tuple[RecipeSample, ...]
    shares: dict[str, float]
    folds: int
    steps: int
    batch: int
    side: int
    seed: int
    drawn: int


def write_recipe(folder: Path, recipe: Recipe) -> None:
    """Write ``recipe.json``; the folder must exist."""
    beside = folder / (RECIPE + ".tmp")
    body = {"version": RECIPE_VERSION, **asdict(recipe)}
    beside.write_text(json.dumps(body, indent=1, allow_nan=False), encoding="utf-8")
    os.replace(beside, folder / RECIPE)


def read_recipe(folder: Path) -> Recipe:
    """Read ``recipe.json``. Raises ``ProtocolError`` if it is not one of this version."""
    try:
        body: dict[str, Any] = json.loads((folder / RECIPE).read_text(encoding="utf-8"))
        if body.pop("version") != RECIPE_VERSION:
            raise ValueError("another version")
        samples = tuple(RecipeSample(**sample) for sample in body.pop("samples"))
        return Recipe(samples=samples, **body)
    except (OSError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise ProtocolError(f"{folder / RECIPE} is no recipe of a starter model: {error!r}") from error
