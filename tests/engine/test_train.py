import errno
import math
import os
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from segstudio.domain.errors import UserError
from segstudio.engine import base, beginning, rounds, schedule, scoring
from segstudio.engine.checkpoint import load_checkpoint
from segstudio.engine.data import ImageCache
from segstudio.engine.device import Device
from segstudio.engine.predict import Predictor
from segstudio.engine.progress import RoundCancelled, RoundEvents, RoundProgress, check_in_every_layer
from segstudio.engine.rounds import run_round
from segstudio.engine.train import RoundTrainer
from segstudio.protocol.round_folder import RESULT, WEIGHTS, Loss, RoundResult, read_result, write_request
from tests.engine.synthetic import TINY, disc, make_round

CPU = Device("cpu", "test")


def _run(folder: Path, **events: object) -> RoundResult:
    return run_round(folder, CPU, ImageCache(), RoundEvents(**events))  # type: ignore[arg-type]


def _outputs(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name.startswith(("weights", "result")))


def test_same_folder_and_seed_give_the_same_weights_bit_for_bit(tmp_path: Path) -> None:
    make_round(tmp_path)
    first = _run(tmp_path)
    tensors = load_checkpoint(tmp_path / WEIGHTS).tensors
    second = _run(tmp_path)
    again = load_checkpoint(tmp_path / WEIGHTS).tensors
    assert first.loss == second.loss
    assert all(torch.equal(again[name], tensor) for name, tensor in tensors.items())
    make_round(tmp_path, settings=replace(TINY, seed=8))
    assert _run(tmp_path).loss != first.loss


def test_a_round_learns_discs_and_reports_itself(tmp_path: Path) -> None:
    make_round(tmp_path, train=4, held_out=2, settings=replace(TINY, max_steps=20))
    reports: list[RoundProgress] = []
    result = _run(tmp_path, on_progress=reports.append)
    assert result.steps == 20
    assert result.held_out_dice is not None
    assert result.held_out_dice > 0.8
    assert result.held_out_dice == pytest.approx(sum(result.per_image.values()) / 2)
    assert sorted(result.per_image) == [4, 5]
    assert read_result(tmp_path) == result
    pixels, mask = disc(77)
    said = Predictor(tmp_path / WEIGHTS, CPU).predict(pixels).mask
    assert 2 * (said & mask).sum() / (said.sum() + mask.sum()) > 0.8
    fractions = [report.fraction for report in reports]
    assert fractions == sorted(fractions)
    assert list(dict.fromkeys(report.phase for report in reports)) == [
        "preparing",
        "training",
        "scoring",
        "saving",
    ]
    assert _outputs(tmp_path) == [RESULT, WEIGHTS]


def test_fewer_than_two_held_out_images_give_no_score(tmp_path: Path) -> None:
    make_round(tmp_path, held_out=1)
    result = _run(tmp_path)
    assert (result.held_out_dice, result.held_out_count, result.per_image) == (None, 1, {})


@pytest.mark.parametrize("loss", ["cross_entropy_dice", "balanced"])
def test_held_out_images_are_never_trained_on(tmp_path: Path, loss: Loss) -> None:
    """Nor does how much of each class they show say what a class weighs."""
    settings = replace(TINY, loss=loss)
    make_round(tmp_path, train=2, held_out=0, settings=settings)
    alone = _run(tmp_path).loss
    make_round(tmp_path, train=2, held_out=3, settings=settings)
    assert _run(tmp_path).loss == alone


def test_what_a_round_is_planned_by_is_seen_on_the_images_it_learns_from_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which starter fits, and at what size to ask, is decided without the images that judge the outcome."""
    looked_at: list[list[int]] = []
    shapes: list[list[np.ndarray]] = []
    monkeypatch.setattr(base, "_fits", lambda _known, _request, train: looked_at.append([s.image_id for s in train]))
    monkeypatch.setattr(
        beginning, "size_to_ask_at", lambda side, masks, _leave_out: (shapes.append(list(masks)), side)[1]
    )
    make_round(tmp_path / "1", settings=replace(TINY, max_steps=1))
    _run(tmp_path / "1")
    known = str(tmp_path / "1" / WEIGHTS)
    request = make_round(tmp_path / "2", train=2, held_out=5, settings=replace(TINY, max_steps=1))
    write_request(tmp_path / "2", replace(request, base_weights=known))
    shapes.clear()
    _run(tmp_path / "2")
    assert looked_at == [[0, 1]]
    assert [len(masks) for masks in shapes] == [2]


def test_best_scored_weights_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scores = iter([0.1, 0.9, 0.2, 0.3])
    current = [0.0]

    def dice(*_: object) -> float:
        return current[0]

    score = RoundTrainer._score
    averages: list[dict[str, torch.Tensor]] = []

    def scored(self: RoundTrainer) -> None:
        current[0] = next(scores)
        averages.append(self._average.snapshot())
        score(self)

    monkeypatch.setattr(scoring, "mean_class_dice", dice)
    monkeypatch.setattr(RoundTrainer, "_score", scored)
    make_round(tmp_path, held_out=4, settings=replace(TINY, max_steps=8))
    assert _run(tmp_path).held_out_dice == 0.9
    kept = load_checkpoint(tmp_path / WEIGHTS).tensors
    matches = [all(torch.equal(kept[name], average[name]) for name in kept) for average in averages]
    assert matches == [False, True, False, False]


def test_the_next_round_goes_on_from_the_last(tmp_path: Path) -> None:
    make_round(tmp_path / "1", settings=replace(TINY, max_steps=12))
    first = _run(tmp_path / "1")
    make_round(tmp_path / "2", parent=tmp_path / "1" / WEIGHTS)
    assert _run(tmp_path / "2").loss < first.loss


def test_a_new_class_keeps_what_the_other_layers_know(tmp_path: Path) -> None:
    make_round(tmp_path / "1")
    _run(tmp_path / "1")
    make_round(tmp_path / "2", parent=tmp_path / "1" / WEIGHTS, classes=("disc", "ring"))
    notices: list[str] = []
    assert math.isfinite(_run(tmp_path / "2", on_notice=notices.append).loss)
    assert load_checkpoint(tmp_path / "2" / WEIGHTS).header.classes == ("disc", "ring")
    assert not notices


def test_a_parent_that_cannot_be_used_is_a_notice(tmp_path: Path) -> None:
    (tmp_path / "old.safetensors").write_bytes(b"nonsense")
    make_round(tmp_path / "2", parent=tmp_path / "old.safetensors")
    notices: list[str] = []
    _run(tmp_path / "2", on_notice=notices.append)
    assert len(notices) == 1
    assert "starts afresh" in notices[0]


def test_cancel_leaves_nothing_behind(tmp_path: Path) -> None:
    make_round(tmp_path)
    asked = iter(range(1000))
    with pytest.raises(RoundCancelled):
        _run(tmp_path, should_cancel=lambda: next(asked) > 20)
    assert _outputs(tmp_path) == []


def test_cancelling_a_round_that_is_repeated_keeps_its_weights(tmp_path: Path) -> None:
    make_round(tmp_path)
    (tmp_path / WEIGHTS).write_bytes(b"of before")
    with pytest.raises(RoundCancelled):
        _run(tmp_path, should_cancel=lambda: True)
    assert (tmp_path / WEIGHTS).read_bytes() == b"of before"


def test_a_result_that_cannot_be_written_takes_the_weights_along(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(rounds, "write_result", full)
    make_round(tmp_path)
    with pytest.raises(UserError, match="disk is full"):
        _run(tmp_path)
    assert _outputs(tmp_path) == []


@pytest.mark.parametrize("what", ["weights", "result", "rename"])
def test_a_round_that_is_repeated_and_not_written_keeps_its_weights_and_their_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    make_round(tmp_path)
    _run(tmp_path)
    before = {name: (tmp_path / name).read_bytes() for name in (RESULT, WEIGHTS)}
    make_round(tmp_path, settings=replace(TINY, seed=8))
    refused = {"weights": rf"{WEIGHTS}.*\.tmp", "result": r"result\.tmp", "rename": WEIGHTS}[what]
    replace_file = os.rename

    def full(_source: object, target: object, **_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    def rename(source: os.PathLike[str], target: os.PathLike[str]) -> None:
        if re.fullmatch(refused, Path(target if what == "rename" else source).name):
            full(source, target)
        replace_file(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", rename)
        with pytest.raises(UserError, match="disk is full"):
            _run(tmp_path)
    assert {name: (tmp_path / name).read_bytes() for name in (RESULT, WEIGHTS)} == before
    assert _outputs(tmp_path) == [RESULT, WEIGHTS]


def test_weights_that_cannot_be_put_in_their_place_leave_no_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_round(tmp_path)
    put = Path.replace

    def refuse(path: Path, target: Path) -> Path:
        if target.name == WEIGHTS:
            raise PermissionError(errno.EACCES, "Permission denied")
        return put(path, target)

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(UserError, match="could not be written"):
        _run(tmp_path)
    assert _outputs(tmp_path) == []


@pytest.mark.parametrize("after", [1, 3])
def test_cancel_is_seen_within_a_forward_and_a_backward_pass(after: int) -> None:
    asked: list[int] = []
    events = RoundEvents(should_cancel=lambda: asked.append(1) is None and len(asked) > after)
    network = nn.Sequential(nn.Conv2d(1, 1, 1), nn.Conv2d(1, 1, 1))
    check_in_every_layer(network, events)
    x = torch.zeros(1, 1, 2, 2)
    if after == 1:
        with pytest.raises(RoundCancelled):
            network(x)
    else:
        y = network(x)
        with pytest.raises(RoundCancelled):
            y.sum().backward()


def test_work_between_steps_is_done_once_a_step_at_least(tmp_path: Path) -> None:
    make_round(tmp_path)
    calls: list[int] = []
    _run(tmp_path, between_steps=lambda: calls.append(1))
    assert len(calls) >= 3 + 3


def test_seconds_bound_a_round(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule, "_MEASURED_STEPS", 2)
    make_round(tmp_path, settings=replace(TINY, max_steps=12, seconds=0.01))
    assert _run(tmp_path).steps == 6  # half of the plan


def test_mixed_portrait_and_landscape_images_train_together(tmp_path: Path) -> None:
    request = make_round(tmp_path / "a", train=2, size=(64, 96))
    other = make_round(tmp_path / "b", train=2, size=(96, 64))
    (tmp_path / "a" / "masks" / "8.png").write_bytes((tmp_path / "b" / "masks" / "0.png").read_bytes())
    extra = replace(other.images[0], image_id=8, mask="masks/8.png")
    write_request(tmp_path / "a", replace(request, images=(*request.images, extra)))
    assert math.isfinite(_run(tmp_path / "a").loss)


def test_a_folder_without_a_round_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not hold a round"):
        _run(tmp_path)


def test_no_class_is_told(tmp_path: Path) -> None:
    make_round(tmp_path, classes=())
    with pytest.raises(UserError, match="no class"):
        _run(tmp_path)
