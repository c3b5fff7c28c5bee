"""``segstudio model``: a project's model as a file, without a window."""

from __future__ import annotations

import os
import time
from pathlib import Path

from segstudio.app.model_exchange import (
    ANOTHER_NETWORK,
    IMPORTED_FROM,
    NO_MODEL,
    ONNX,
    OWN,
    check_model,
    facts_of,
    write_model,
)
from segstudio.app.model_settings import SETTING, ModelSettings
from segstudio.domain.errors import UserError
from segstudio.domain.segments import as_called
from segstudio.store.project_db import Project


def export_model(
    project: Path, out: Path, number: int | None = None, force: bool = False, identifiers: bool = False
) -> str:
    """Write a round's model, by default the one in use, with its card; returns what to tell the user.

    As ONNX, checked on an image of the project, or as safetensors: by the ending of ``out``. The card has the project's
    name and the round's note only with ``identifiers``. Raises ``UserError``.
    """
    if out.suffix.lower() not in (ONNX, OWN):
        raise UserError(f"“{out.name}” does not say which format: call the file NAME{OWN} or NAME{ONNX}.")
    if os.path.exists(out) and not force:
        raise UserError(f"{out} is there already and was left alone. Choose another name, or say --force.")
    with Project.open(project) as opened:
        in_use = opened.rounds.weights_in_use()
        wanted = number if number is not None else None if in_use is None else in_use[0]
        if wanted is None:
            raise UserError(NO_MODEL)
        weights, facts = facts_of(opened, wanted, identifiers)
        images = (record.path for record in opened.images.list_images() if record.problem is None)
        image = next((path for path in images if os.path.isfile(path)), None)
        # The project stays open meanwhile, so that nobody deletes the round.
        return write_model(weights, facts, out, image)


def import_model(project: Path, file: Path) -> str:
    """Take in a model's file as a round, and use it; returns what to tell the user. Raises ``UserError``."""
    with Project.open(project) as opened:
        classes = opened.classes()
        info = check_model(file, classes, as_called(classes, opened.segment_table()))
        record = opened.rounds.take_in(file, f"{IMPORTED_FROM} {file.name}", time.time())
        opened.rounds.choose(record.number)
        network = ModelSettings.from_kept(opened.settings.get_setting(SETTING), ModelSettings()).network
    used = f"Round {record.number} is the imported model, and in use. The window renews the masks nobody worked on."
    return used if info.network == network else f"{used} {ANOTHER_NETWORK}"
