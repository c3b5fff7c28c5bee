"""A round from its folder to its weights and metrics."""

from __future__ import annotations

import time
from pathlib import Path

from segstudio.domain.errors import UserError
from segstudio.engine.checkpoint import Checkpoint, WeightsHeader, load_checkpoint, save_checkpoint
from segstudio.engine.data import ImageCache, load_round
from segstudio.engine.device import Device
from segstudio.engine.progress import RoundEvents, RoundProgress
from segstudio.engine.train import RoundTrainer
from segstudio.protocol.codec import ProtocolError
from segstudio.protocol.round_folder import WEIGHTS, RoundRequest, RoundResult, read_request, write_result


def run_round(folder: Path, device: Device, cache: ImageCache, events: RoundEvents) -> RoundResult:
    """Train the round in ``folder`` and leave ``weights.safetensors`` and ``result.json`` there.

    Raises ``RoundCancelled`` or ``UserError``; then nothing of this run is left behind. Weights that stood in the
    folder before, because the round is repeated, stay until the new ones are whole.
    """
    started = time.monotonic()
    request = _read(folder)
    events.on_progress(RoundProgress("preparing", 0.0, None, 0, 0, None, None, 0))
    data = load_round(folder, request, cache, events.on_notice, events.pause)
    parent = _load_parent(request, events)
    trained = RoundTrainer(request, data, parent, device, events).run()
    count = trained.held_out_count
    events.on_progress(
        RoundProgress("saving", 0.97, 1.0, trained.steps, trained.steps, trained.loss, trained.held_out_dice, count)
    )
    settings = request.settings
    header = WeightsHeader(
        settings.network,
        request.classes,
        settings.input_size,
        settings.upright,
        trained.finish,
        settings.window,
        settings.flip_average,
        request.void,
    )
    events.check()
    result = RoundResult(
        round=request.round,
        seconds=time.monotonic() - started,
        steps=trained.steps,
        loss=trained.loss,
        held_out_dice=trained.held_out_dice,
        held_out_count=count,
        per_image=trained.per_image,
        device=device.kind,
    )
    try:
        save_checkpoint(folder / WEIGHTS, header, trained.tensors)
        write_result(folder, result)
    except BaseException:
        (folder / WEIGHTS).unlink(missing_ok=True)
        raise
    return result


def _read(folder: Path) -> RoundRequest:
    try:
        request = read_request(folder)
    except ProtocolError as error:
        raise UserError(f"The folder {folder} does not hold a round of training: {error}.") from error
    if not set(range(1, len(request.classes) + 1)) - set(request.void):
        raise UserError("There is no class to learn. Add a class to the project first.")
    return request


def _load_parent(request: RoundRequest, events: RoundEvents) -> Checkpoint | None:
    """The weights to go on from, None to start afresh, which a missing or unfitting parent is a reason for."""
    if request.parent_weights is None:
        return None
    try:
        parent = load_checkpoint(Path(request.parent_weights))
        parent.build()
    except UserError as error:
        events.on_notice(f"Training starts afresh, because the last weights cannot be used. {error}")
        return None
    if parent.header.network != request.settings.network:
        events.on_notice("Training starts afresh, because another network was chosen.")
        return None
    return parent
