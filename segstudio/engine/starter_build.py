"""A starter model from its recipe: a training a fold, its scores on what it has not seen, and one training on all."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from segstudio.domain.input_size import farther_off
from segstudio.engine.checkpoint import WeightsHeader, save_checkpoint
from segstudio.engine.device import Device
from segstudio.engine.finishing import Finish
from segstudio.engine.second_look import SecondLook
from segstudio.engine.starter_data import StarterData
from segstudio.engine.starter_score import MADE_UP, Row, draw_worst, figures, score_fold, worst, write_json
from segstudio.engine.starter_train import NETWORK, STATE, STATE_NOTES, StarterTraining
from segstudio.imaging.cv import cv2
from segstudio.protocol.round_folder import WEIGHTS
from segstudio.protocol.starter_recipe import Recipe

ALL = "all"
REPORT, WORST, WORST_ELSEWHERE, WORST_MADE_UP = "report.json", "worst.jpg", "worst_elsewhere.jpg", "worst_made_up.jpg"
_SAID_EVERY = 20

_COLOURS_OF_LESIONS = 0.2
"""How much a lesion's own colours count; more is as good on images of one dermoscope and a little worse on others."""

_STREAM_OF_ALL = 3
"""Which draws the training on all has: the same, and so the same weights, in however many folds it is judged."""


def train_part(
    folder: Path, recipe: Recipe, fold: int | None, device: Device, report: Callable[[int, float], None]
) -> Path:
    """Weights of ``recipe`` that have not seen ``fold``, or have seen all; trained unless they are there."""
    weights = _weights(folder, ALL if fold is None else str(fold))
    part = weights.parent
    if os.path.isfile(weights):
        return weights
    part.mkdir(parents=True, exist_ok=True)
    data = StarterData(folder, recipe, fold)
    stream = _STREAM_OF_ALL if fold is None else fold
    tensors = StarterTraining(part, recipe, data, stream, device).run(report)
    save_checkpoint(weights, header_of(recipe), halved(tensors))
    for name in (STATE, STATE_NOTES):
        (part / name).unlink(missing_ok=True)
    return weights


def build_starter(
    folder: Path, recipe: Recipe, device: Device, say: Callable[[str], None], only: Sequence[str] | None = None
) -> dict[str, Any]:
    """Train and judge all parts, write ``report.json`` and pictures of the worst, and return the report.

    What is there already is not made again. ``only`` names the parts to make, "0", "1", ... and "all".
    """
    parts = [str(fold) for fold in range(recipe.folds)] + [ALL]
    rows: list[Row] = []
    for part in parts:
        if only is not None and part not in only and not os.path.isfile(_weights(folder, part)):
            continue
        fold = None if part == ALL else int(part)
        weights = train_part(folder, recipe, fold, device, _steps_said(say, part, recipe))
        if fold is not None:
            rows += score_fold(folder, recipe, fold, weights, device, _images_said(say, part))
    report = {
        "kind": recipe.kind, "seed": recipe.seed, "steps": recipe.steps, "folds": recipe.folds,
        "judged_folds": sorted({row.fold for row in rows}), "figures": figures(rows),
        "images": [asdict(row) for row in rows],
    }  # fmt: skip
    write_json(folder / REPORT, report)
    sheets = {
        WORST: [row for row in rows if not row.view and row.source != MADE_UP],
        WORST_ELSEWHERE: [row for row in rows if row.view],
        WORST_MADE_UP: [row for row in rows if row.source == MADE_UP],
    }
    for name, judged in sheets.items():
        if judged:
            sheet = draw_worst(folder, recipe, worst(judged), lambda fold: _weights(folder, str(fold)), device)
            cv2.imwrite(str(folder / name), cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR))
    return report


def _weights(folder: Path, part: str) -> Path:
    return folder / (ALL if part == ALL else f"fold-{part}") / WEIGHTS


def _steps_said(say: Callable[[str], None], part: str, recipe: Recipe) -> Callable[[int, float], None]:
    def report(step: int, loss: float) -> None:
        if step % _SAID_EVERY == 0 or step == recipe.steps:
            say(f"{_words(part)}: step {step} of {recipe.steps}, loss {loss:.3f}")

    return report


def _images_said(say: Callable[[str], None], part: str) -> Callable[[int, int], None]:
    def report(done: int, total: int) -> None:
        if done % _SAID_EVERY == 0 or done == total:
            say(f"{_words(part)}: judged on {done} of {total} images that it has not seen")

    return report


def _words(part: str) -> str:
    return "On all images" if part == ALL else f"Without fold {part}"


def header_of(recipe: Recipe) -> WeightsHeader:
    """What the weights say of themselves: one lesion, or one person, is asked for.

    Others who are in view are left out; the gap between arm and body stays open. People are looked at a second time,
    from nearer: in a video they are small. Lesions are first seen from a little farther off than they were learned,
    since they have width to spare, then so that they are half as long as the pictures were that taught them: so most
    lesions in these were, about.
    """
    names, side = (recipe.class_name,), recipe.side
    if recipe.kind == "body":
        finish = Finish(one_region=(1,), with_holes=(1,))
        return WeightsHeader(NETWORK, names, side, True, finish, second_look=SecondLook(close_up=True), learned_at=side)
    finish, look = Finish(one_region=(1,), colours=_COLOURS_OF_LESIONS), SecondLook(fitted=side // 2)
    return WeightsHeader(
        NETWORK, names, farther_off(side), False, finish, second_look=look, learned_at=side, even_exposure=True
    )


def halved(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """``tensors`` in half precision, which no mask shows."""
    return {name: tensor.half() if tensor.is_floating_point() else tensor for name, tensor in tensors.items()}
