"""A round from its folder to its weights and metrics."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

from segstudio.domain.errors import UserError
from segstudio.engine.checkpoint import Checkpoint, WeightsHeader, load_checkpoint, save_checkpoint
from segstudio.engine.data import ImageCache, RoundData, load_round
from segstudio.engine.device import CPU, Device
from segstudio.engine.progress import RoundEvents, RoundProgress
from segstudio.engine.scoring import Scored
from segstudio.engine.train import RoundTrainer, Trained
from segstudio.engine.trouble import MEMORY_ERRORS, could_not_write, free_memory, is_out_of_memory, no_memory
from segstudio.protocol.codec import ProtocolError
from segstudio.protocol.round_folder import (
    RESULT,
    WEIGHTS,
    RoundRequest,
    RoundResult,
    read_request,
    read_result,
    write_result,
)


def run_round(folder: Path, device: Device, cache: ImageCache, events: RoundEvents) -> RoundResult:
    """Train the round in ``folder`` and leave ``weights.safetensors`` and ``result.json`` there.

    Raises ``RoundCancelled`` or ``UserError``; then nothing of this run is left behind. Weights that stood in the
    folder before, because the round is repeated, stay with their result until both new ones are whole; it takes the
    same steps as they did.
    """
    started = time.monotonic()
    request = _read(folder)
    events.on_progress(RoundProgress("preparing", 0.0, None, 0, 0, None, None, 0))
    data = load_round(folder, request, cache, events.on_notice, events.pause)
    parent = _load_parent(request, events)
    base = parent if request.base_weights == request.parent_weights else _load_base(request)
    trained = _train(request, data, parent, base, device, events, _cuts_before(folder, device))
    count = trained.held_out_count
    events.on_progress(
        RoundProgress("saving", 0.97, 1.0, trained.steps, trained.steps, trained.loss, trained.held_out_dice, count)
    )
    settings = request.settings
    windowed = settings.window is not None
    header = WeightsHeader(
        settings.network,
        request.classes,
        settings.input_size if windowed else trained.best.side,
        settings.upright,
        trained.finish,
        trained.best.side if windowed else None,
        settings.flip_average,
        request.void,
        trained.second_look,
        settings.input_size,
        settings.even_exposure,
    )
    events.check()
    result = RoundResult(
        round=request.round,
        seconds=time.monotonic() - started,
        steps=trained.steps,
        loss=trained.loss,
        held_out_dice=trained.held_out_dice,
        held_out_count=count,
        per_image=trained.best.per_image,
        device=trained.device.kind,
        cuts=trained.cuts,
    )
    _leave(folder, header, trained.best, result)
    return result


def _read(folder: Path) -> RoundRequest:
    try:
        request = read_request(folder)
    except ProtocolError as error:
        raise UserError(f"The folder {folder} does not hold a round of training: {error}.") from error
    if not set(range(1, len(request.classes) + 1)) - set(request.void):
        raise UserError("There is no class to learn. Add a class to the project first.")
    return request


def _cuts_before(folder: Path, device: Device) -> tuple[tuple[int, int], ...]:
    """How the plan of a round that is repeated was cut; () of one that is new, or was done on another device."""
    try:
        before = read_result(folder)
    except ProtocolError:
        return ()
    return before.cuts if before.device == device.kind else ()


def _leave(folder: Path, header: WeightsHeader, best: Scored, result: RoundResult) -> None:
    """Put the weights and the result in the place of earlier ones, both or neither. Raises ``UserError``.

    The weights come last: whoever finds whole ones finds the result that they are of.
    """
    fresh, before = folder / f"{WEIGHTS}.new", _content(folder / RESULT)
    try:
        save_checkpoint(fresh, header, best.tensors, best.earlier)
        _write_result(folder, result)
        _put_in_place(fresh, folder / WEIGHTS, before)
    finally:
        with contextlib.suppress(OSError):
            fresh.unlink(missing_ok=True)


def _put_in_place(fresh: Path, weights: Path, result_before: bytes | None) -> None:
    """Rename; where the disk refuses, as Windows does while somebody reads the old weights, their result is theirs."""
    try:
        fresh.replace(weights)
    except OSError as error:
        result = weights.with_name(RESULT)
        with contextlib.suppress(OSError):
            if result_before is None:
                result.unlink()
            else:
                result.write_bytes(result_before)
        raise could_not_write("What the model learned", weights, error) from error


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _write_result(folder: Path, result: RoundResult) -> None:
    try:
        write_result(folder, result)
    except OSError as error:
        raise could_not_write("How the round went", folder / RESULT, error) from error


def _train(
    request: RoundRequest,
    data: RoundData,
    parent: Checkpoint | None,
    base: Checkpoint | None,
    device: Device,
    events: RoundEvents,
    cuts: tuple[tuple[int, int], ...],
) -> Trained:
    """Train on ``device``; on the CPU where its memory does not even hold the weights."""
    try:
        return RoundTrainer(request, data, parent, device, events, base, cuts).run()
    except MEMORY_ERRORS as error:
        if not is_out_of_memory(error):
            raise
        if device.kind == "cpu":
            raise no_memory() from error
    free_memory(device)
    events.on_notice("Memory ran out on the graphics card; learning begins again on the processor.")
    return _train(request, data, parent, base, CPU, events, ())


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


def _load_base(request: RoundRequest) -> Checkpoint | None:
    """The starter, None without one that can be used: a round can do without."""
    if request.base_weights is None:
        return None
    try:
        base = load_checkpoint(Path(request.base_weights))
        base.build()
    except UserError:
        return None
    return base
