"""What guards a project against a round that makes its model worse."""

import math
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from segstudio.engine import base, schedule, train
from segstudio.engine.checkpoint import load_checkpoint, save_checkpoint
from segstudio.engine.data import ImageCache
from segstudio.engine.device import Device
from segstudio.engine.models import build_network
from segstudio.engine.progress import RoundEvents
from segstudio.engine.rounds import run_round
from segstudio.engine.schedule import FIRST_ROUND, LATER_ROUND, StepBudget, outgrown
from segstudio.engine.scoring import Scored, Scorer
from segstudio.engine.second_look import SecondLook
from segstudio.engine.train import RoundTrainer
from segstudio.protocol.round_folder import WEIGHTS, RoundResult, read_request, write_request
from tests.engine.synthetic import TINY, make_round

CPU = Device("cpu", "test")
SETTINGS = replace(TINY, max_steps=10)


def _run(folder: Path, notices: list[str]) -> RoundResult:
    return run_round(folder, CPU, ImageCache(), RoundEvents(on_notice=notices.append))


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A round that has ended."""
    folder = tmp_path_factory.mktemp("taught") / "1"
    make_round(folder, settings=TINY)
    _run(folder, [])
    return folder


@pytest.fixture
def parent(tmp_path: Path, taught: Path) -> Path:
    """Weights of the round before."""
    shutil.copytree(taught, tmp_path / "1")
    return tmp_path / "1" / WEIGHTS


def _scores(monkeypatch: pytest.MonkeyPatch, dice: list[float], unlike: float = 0.0) -> list[dict[str, torch.Tensor]]:
    """Let the scorings of a round come out as ``dice``; returns the weights that were scored.

    Single images come out as much better or worse as all, or ``unlike`` that.
    """
    seen: list[dict[str, torch.Tensor]] = []
    left = iter(dice)

    def score(
        _self: Scorer, tensors: dict[str, torch.Tensor], earlier: dict[str, torch.Tensor] | None = None
    ) -> Scored:
        seen.append({name: tensor.clone() for name, tensor in tensors.items()})
        mean, sign = next(left), 1 - 2 * (len(seen) % 2)
        per_image = {number: mean + sign * unlike * (number - 1.5) for number in range(4)}
        return Scored(tensors, mean, per_image, TINY.input_size, earlier)

    monkeypatch.setattr(Scorer, "score", score)
    return seen


def _same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(one[name], other[name]) for name in one)


def test_weights_that_score_worse_than_the_last_are_not_accepted(
    tmp_path: Path, parent: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_round(tmp_path / "2", held_out=4, settings=SETTINGS, parent=parent)
    _scores(monkeypatch, [0.9, 0.88, 0.8, 0.8, 0.8, 0.88])
    notices: list[str] = []
    result = _run(tmp_path / "2", notices)
    assert result.held_out_dice == 0.9
    assert result.steps == 9, "it ends early, after two late scorings that found nothing better"
    assert _same(load_checkpoint(tmp_path / "2" / WEIGHTS).tensors, load_checkpoint(parent).tensors)
    assert [("stays as it was" in notice) for notice in notices] == [True]


def test_new_weights_that_score_better_than_the_last_are_accepted(
    tmp_path: Path, parent: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_round(tmp_path / "2", held_out=4, settings=SETTINGS, parent=parent)
    seen = _scores(monkeypatch, [0.8, 0.79, 0.8, 0.9, 0.85, 0.85])
    notices: list[str] = []
    assert _run(tmp_path / "2", notices).held_out_dice == 0.9
    assert _same(load_checkpoint(tmp_path / "2" / WEIGHTS).tensors, seen[3])
    assert not notices


@pytest.mark.parametrize("anew", [False, True])
def test_where_the_held_out_images_cannot_tell_the_old_network_and_the_new_one_are_asked_from_then_on(
    tmp_path: Path, parent: Path, monkeypatch: pytest.MonkeyPatch, anew: bool
) -> None:
    """And in the round after that the newest of both has its turn with the next one."""
    make_round(tmp_path / "2", train=5, held_out=4, settings=SETTINGS, parent=parent)
    if anew:
        monkeypatch.setattr(schedule, "_ANEW_FROM", 4)
        _outgrown(tmp_path / "2", parent)
    seen = _scores(monkeypatch, [0.8, 0.79, 0.78, 0.795, 0.79, 0.805], unlike=0.05)
    notices: list[str] = []
    assert _run(tmp_path / "2", notices).held_out_dice == 0.805
    both = load_checkpoint(tmp_path / "2" / WEIGHTS)
    assert both.earlier is not None
    assert _same(both.earlier, load_checkpoint(parent).tensors)
    assert _same(both.tensors, seen[3])
    assert not notices
    if anew:
        return
    make_round(tmp_path / "3", held_out=4, settings=SETTINGS, parent=tmp_path / "2" / WEIGHTS)
    seen = _scores(monkeypatch, [0.8, 0.79, 0.78, 0.795, 0.79, 0.805], unlike=0.05)
    _run(tmp_path / "3", [])
    after = load_checkpoint(tmp_path / "3" / WEIGHTS)
    assert after.earlier is not None
    assert _same(after.earlier, both.tensors)
    assert _same(after.tensors, seen[3])


def test_an_ensemble_that_stays_in_use_stays_whole(
    tmp_path: Path, parent: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = load_checkpoint(parent)
    other = {name: tensor + 1 for name, tensor in known.tensors.items()}
    save_checkpoint(tmp_path / "both.safetensors", known.header, known.tensors, other)
    make_round(tmp_path / "2", held_out=4, settings=SETTINGS, parent=tmp_path / "both.safetensors")
    _scores(monkeypatch, [0.9, 0.88, 0.8, 0.8, 0.8, 0.88])
    assert _run(tmp_path / "2", []).held_out_dice == 0.9
    kept = load_checkpoint(tmp_path / "2" / WEIGHTS)
    assert kept.earlier is not None
    assert _same(kept.tensors, known.tensors)
    assert _same(kept.earlier, other)


def test_a_round_that_goes_wrong_from_the_last_weights_starts_afresh(
    tmp_path: Path, parent: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the fixed share the rest learns from the base, at its rates, through a whole cycle, and is compared."""
    make_round(tmp_path / "2", held_out=4, settings=SETTINGS, parent=parent)
    _scores(monkeypatch, [0.9, 0.85, 0.8, 0.8, 0.95])
    imagenet = build_network(TINY.network, 1)
    imagenet.load_pretrained()
    learns = "encoder.blocks.5.expand.conv.weight"
    rates: list[float] = []
    from_base: list[bool] = []
    step = RoundTrainer._step

    def watched(self: RoundTrainer) -> float | None:
        from_base.append(torch.equal(self._network.state_dict()[learns], imagenet.state_dict()[learns]))
        loss = step(self)
        rates.append(self._optimizer.param_groups[0]["lr"])
        return loss

    monkeypatch.setattr(RoundTrainer, "_step", watched)
    notices: list[str] = []
    result = _run(tmp_path / "2", notices)
    assert result.held_out_dice == 0.95
    assert result.steps == len(rates) == 10
    assert len(notices) == 1
    assert "starts afresh" in notices[0]
    assert max(rates[:4]) <= LATER_ROUND.fresh < max(rates[4:]) <= FIRST_ROUND.fresh
    assert rates[4] < rates[5]
    assert from_base == [step == 4 for step in range(10)]


@pytest.mark.parametrize(("dice", "looks_again"), [(0.8, True), (0.95, False)])
def test_a_starter_that_stays_in_use_looks_again_as_before(
    tmp_path: Path, parent: Path, monkeypatch: pytest.MonkeyPatch, dice: float, looks_again: bool
) -> None:
    """Where the round left it and began afresh, too: weights from there are no neighbours of the starter."""
    known = load_checkpoint(parent)
    save_checkpoint(
        tmp_path / "s.safetensors", replace(known.header, second_look=SecondLook(close_up=True)), known.tensors
    )
    monkeypatch.setattr(base, "_fits", lambda *_: True)
    request = make_round(tmp_path / "2", held_out=4, settings=SETTINGS, parent=tmp_path / "s.safetensors")
    write_request(tmp_path / "2", replace(request, base_weights=request.parent_weights))
    _scores(monkeypatch, [0.9, 0.85, 0.8, 0.8, dice, 0.8])
    notices: list[str] = []
    _run(tmp_path / "2", notices)
    assert "starts afresh" in notices[0]
    assert load_checkpoint(tmp_path / "2" / WEIGHTS).header.second_look.close_up is looks_again


def test_a_handful_of_held_out_images_overrules_nobody(
    tmp_path: Path, parent: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_round(tmp_path / "2", held_out=3, settings=SETTINGS, parent=parent)
    seen = _scores(monkeypatch, [0.1])
    assert _run(tmp_path / "2", []).held_out_dice == 0.1
    assert _same(load_checkpoint(tmp_path / "2" / WEIGHTS).tensors, seen[-1])
    assert len(seen) == 1, "nor do they choose among the weights of the round"


def test_weights_of_other_classes_do_not_compete(tmp_path: Path, parent: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_round(tmp_path / "2", held_out=4, settings=SETTINGS, parent=parent, classes=("disc", "ring"))
    seen = _scores(monkeypatch, [0.1, 0.2, 0.3, 0.2])
    assert _run(tmp_path / "2", []).held_out_dice == 0.3
    assert len(seen) == 4


def test_a_second_cycle_takes_what_is_left() -> None:
    budget = StepBudget(20, 1000.0)
    cycles, scales = [], []
    for number in range(20):
        if number == 8:
            budget.begin_cycle()
        cycles.append(budget.cycle)
        scales.append(budget.scale)
        budget.begin_step()
        budget.end_step()
    assert cycles[7] == pytest.approx(7 / 20)
    assert cycles[8] == 0.0
    assert cycles[19] == pytest.approx(11 / 12)
    assert budget.cycle == 1.0
    assert scales[8] < 1.0 == scales[-1]
    assert math.isclose(budget.fraction, 1.0)


@pytest.mark.parametrize(("known", "images"), [(20, 26), (0, 24), (46, 48), (40, 96)])
def test_weights_are_outgrown_at_24_images_and_whenever_these_have_doubled(known: int, images: int) -> None:
    assert outgrown(known, images)


@pytest.mark.parametrize(("known", "images"), [(0, 3), (10, 23), (24, 47), (26, 32), (48, 95), (30, 30)])
def test_weights_that_knew_nearly_as_much_are_gone_on_from(known: int, images: int) -> None:
    assert not outgrown(known, images)


def _outgrown(folder: Path, parent: Path, held_out: int = 4) -> None:
    """A round on five images, of which four are new, in a program in which weights are outgrown at four."""
    request = make_round(folder, train=5, held_out=held_out, settings=SETTINGS, parent=parent)
    new = [image.role == "train" and image.image_id > 1 for image in request.images]
    images = [replace(image, fresh=is_new, added=is_new) for image, is_new in zip(request.images, new, strict=True)]
    write_request(folder, replace(request, images=tuple(images)))


@pytest.fixture
def began(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """For each network that a round began with, whether it had weights to go on from."""
    seen: list[bool] = []
    begin = train.starting_network
    monkeypatch.setattr(schedule, "_ANEW_FROM", 4)
    monkeypatch.setattr(train, "starting_network", lambda *given: (seen.append(given[1] is not None), begin(*given))[1])
    return seen


@pytest.mark.parametrize("dice", [0.9, 0.795, 0.7])
def test_a_round_that_has_outgrown_the_last_weights_begins_anew_and_these_still_compete(
    tmp_path: Path, parent: Path, began: list[bool], monkeypatch: pytest.MonkeyPatch, dice: float
) -> None:
    _outgrown(tmp_path / "2", parent)
    # The last weights, and then, never ending early, the new ones at four shares of the round.
    _scores(monkeypatch, [0.8, 0.1, 0.1, 0.1, dice])
    result = _run(tmp_path / "2", [])
    assert began == [False]
    assert result.steps == SETTINGS.max_steps
    assert result.held_out_dice == (0.8 if dice == 0.7 else dice), "a little less is chance"
    kept = _same(load_checkpoint(tmp_path / "2" / WEIGHTS).tensors, load_checkpoint(parent).tensors)
    assert kept is (dice == 0.7)


@pytest.mark.parametrize(("held_out", "anew"), [(4, True), (2, False)])
def test_a_round_that_begins_anew_sees_no_image_more_often_since_all_are_new_to_it(
    tmp_path: Path, parent: Path, began: list[bool], monkeypatch: pytest.MonkeyPatch, held_out: int, anew: bool
) -> None:
    fed: list[list[bool]] = []
    feed = train.Feed
    monkeypatch.setattr(
        train, "Feed", lambda *given: (fed.append([sample.fresh for sample in given[1]]), feed(*given))[1]
    )
    _outgrown(tmp_path / "2", parent, held_out)
    _run(tmp_path / "2", [])
    assert began == [not anew]
    assert len(fed[0]) == 5
    assert any(fed[0]) is not anew


def test_after_trouble_too_it_begins_anew_and_not_from_what_was_outgrown(
    tmp_path: Path, parent: Path, began: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    _outgrown(tmp_path / "2", parent)
    _scores(monkeypatch, [0.8, math.nan, 0.1, 0.1, math.nan])
    assert _run(tmp_path / "2", []).held_out_dice == 0.8
    assert began == [False, False]
    assert _same(load_checkpoint(tmp_path / "2" / WEIGHTS).tensors, load_checkpoint(parent).tensors)


def test_without_images_enough_to_compare_nothing_is_given_up(tmp_path: Path, parent: Path, began: list[bool]) -> None:
    _outgrown(tmp_path / "2", parent, held_out=2)
    _run(tmp_path / "2", [])
    assert began == [True]


def test_images_whose_masks_have_changed_are_known_all_the_same(
    tmp_path: Path, parent: Path, began: list[bool]
) -> None:
    _outgrown(tmp_path / "2", parent)
    request = read_request(tmp_path / "2")
    changed = tuple(replace(image, added=False) for image in request.images)
    write_request(tmp_path / "2", replace(request, images=changed))
    _run(tmp_path / "2", [])
    assert began[0]


@pytest.mark.parametrize("fits", [True, False])
def test_a_starter_that_fits_is_not_outgrown(
    tmp_path: Path, parent: Path, began: list[bool], monkeypatch: pytest.MonkeyPatch, fits: bool
) -> None:
    monkeypatch.setattr(base, "_FITS", 0.0 if fits else 1.1)
    _outgrown(tmp_path / "2", parent)
    request = read_request(tmp_path / "2")
    write_request(tmp_path / "2", replace(request, base_weights=str(parent)))
    _run(tmp_path / "2", [])
    assert began[0] is fits
