"""Rounds, scorings and predictions when memory runs out and when numbers run away."""

import contextlib
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from segstudio.domain.errors import UserError
from segstudio.engine import beginning, data, predict, scoring, train
from segstudio.engine.checkpoint import WeightsHeader, load_checkpoint, save_checkpoint
from segstudio.engine.data import ImageCache
from segstudio.engine.device import CPU, Device
from segstudio.engine.ema import WeightAverage
from segstudio.engine.finishing import PLAIN, Finish
from segstudio.engine.models import build_network
from segstudio.engine.network import SegmentationNetwork
from segstudio.engine.predict import Predictor
from segstudio.engine.progress import RoundEvents
from segstudio.engine.rounds import run_round
from segstudio.engine.schedule import BATCH, LARGE_BATCH
from segstudio.engine.scoring import Scorer
from segstudio.engine.trouble import LEAST_SIDE, Means, Trouble, all_finite, is_out_of_memory
from segstudio.imaging.cv import cv2
from segstudio.protocol.round_folder import WEIGHTS, RoundResult, read_result
from tests.engine.synthetic import TINY, disc, make_round

LARGE = replace(TINY, input_size=192)


class Card(Device):
    """Passes for a graphics card, and computes on the CPU."""

    @property
    def torch(self) -> torch.device:
        return torch.device("cpu")

    def autocast(self) -> contextlib.nullcontext[None]:
        return contextlib.nullcontext()


CARD = Card("cuda", "a card")


@pytest.fixture
def notices() -> list[str]:
    return []


def _run(folder: Path, notices: list[str], device: Device = CPU) -> RoundResult:
    return run_round(folder, device, ImageCache(), RoundEvents(on_notice=notices.append))


def _outputs(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name.startswith(("weights", "result")))


# ---- memory --------------------------------------------------------------------------------------------------------


class Memory:
    """Lets a batch through if it is not ``too_large``; ``seen`` lists (images, longer side) of each that it saw."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, too_large: Callable[[int, int, bool], bool]) -> None:
        self.seen: list[tuple[int, int]] = []
        self.refused: list[tuple[int, int]] = []
        self.on_card = False
        place, call = Device.place, nn.Module.__call__

        def placed(device: Device, network: nn.Module) -> nn.Module:
            self.on_card = device.kind == "cuda"
            return place(device, network)

        def limited(network: SegmentationNetwork, images: torch.Tensor, *guidance: torch.Tensor) -> torch.Tensor:
            size = (len(images), max(images.shape[2:]))
            if too_large(*size, self.on_card):
                self.refused.append(size)
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB.")
            self.seen.append(size)
            return call(network, images, *guidance)  # type: ignore[no-any-return]

        monkeypatch.setattr(Device, "place", placed)
        monkeypatch.setattr(SegmentationNetwork, "__call__", limited, raising=False)


def test_memory_that_runs_out_halves_the_batch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, notices: list[str]
) -> None:
    memory = Memory(monkeypatch, lambda batch, _side, _card: batch > 1)
    make_round(tmp_path)
    assert _run(tmp_path, notices).steps == 3
    assert [batch for batch, _ in memory.refused[:2]] == [BATCH, BATCH // 2] == [4, 2]
    assert [batch for batch, _ in memory.seen[:3]] == [1, 1, 1]
    assert notices == ["Memory ran out; learning goes on with fewer images at a time."] * 2


def test_then_smaller_images_are_learned_from_and_the_weights_say_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, notices: list[str]
) -> None:
    memory = Memory(monkeypatch, lambda _batch, side, _card: side > 96)
    make_round(tmp_path, held_out=2, settings=replace(LARGE, max_steps=4), size=(192, 128))
    result = _run(tmp_path, notices)
    assert result.steps == 4
    assert load_checkpoint(tmp_path / WEIGHTS).header.input_size == 96
    assert max(side for _, side in memory.seen) == 96
    assert [("smaller images" in notice) for notice in notices] == [False, False, True]
    assert result.held_out_dice is not None


def test_a_thrifty_round_begins_with_one_image_of_half_the_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, notices: list[str]
) -> None:
    memory = Memory(monkeypatch, lambda *_: False)
    make_round(tmp_path, held_out=2, settings=replace(LARGE, max_steps=4, thrifty=True), size=(192, 128))
    assert _run(tmp_path, notices).steps == 4
    assert max(side for _, side in memory.seen) == 96
    assert [batch for batch, _ in memory.seen[:3]] == [1, 1, 1]
    assert load_checkpoint(tmp_path / WEIGHTS).header.input_size == 96
    assert notices == []


def test_windows_get_smaller_where_a_round_sees_windows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, notices: list[str]
) -> None:
    memory = Memory(monkeypatch, lambda _batch, side, _card: side > 96)
    make_round(tmp_path, held_out=2, settings=replace(LARGE, max_steps=4, window=160), size=(192, 192))
    assert _run(tmp_path, notices).steps == 4
    header = load_checkpoint(tmp_path / WEIGHTS).header
    assert (header.input_size, header.window) == (192, 96)
    assert max(side for _, side in memory.seen) == 96


def test_then_the_processor_takes_over_with_all_that_was_planned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, notices: list[str]
) -> None:
    memory = Memory(monkeypatch, lambda _batch, _side, card: card)
    make_round(tmp_path, held_out=2, settings=replace(LARGE, max_steps=3), size=(192, 128))
    result = _run(tmp_path, notices, CARD)
    assert (result.steps, result.device) == (3, "cpu")
    assert read_result(tmp_path).device == "cpu"
    assert load_checkpoint(tmp_path / WEIGHTS).header.input_size == 192
    assert "on the processor" in notices[-1]
    assert memory.seen[0][0] == BATCH
    assert max(side for _, side in memory.seen) == 192


def test_no_memory_at_all_fails_with_a_sentence_after_everything_was_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, notices: list[str]
) -> None:
    memory = Memory(monkeypatch, lambda *_: True)
    make_round(tmp_path, settings=LARGE)
    with pytest.raises(UserError, match="not enough memory"):
        _run(tmp_path, notices, CARD)
    assert [batch for batch, _ in memory.refused] == [8, 4, 2, 1, 2, 1, 4, 2, 1, 2, 1]
    assert _outputs(tmp_path) == []


def test_a_card_that_does_not_even_hold_the_weights_leaves_the_round_to_the_processor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, notices: list[str]
) -> None:
    place = Device.place

    def full(device: Device, network: nn.Module) -> nn.Module:
        if device.kind == "cuda":
            raise RuntimeError("CUDA error: out of memory")
        return place(device, network)

    monkeypatch.setattr(Device, "place", full)
    make_round(tmp_path)
    assert _run(tmp_path, notices, CARD).device == "cpu"
    assert "begins again on the processor" in notices[0]


def test_weights_for_which_the_computer_has_no_room_fail_with_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, notices: list[str]
) -> None:
    def full(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(WeightAverage, "snapshot", full)
    make_round(tmp_path)
    with pytest.raises(UserError, match="not enough memory"):
        _run(tmp_path, notices)


def test_scoring_asks_for_less_at_a_time_and_says_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, notices: list[str]
) -> None:
    make_round(tmp_path, held_out=2, settings=replace(TINY, max_steps=1))
    plenty = _run(tmp_path, notices)
    memory = Memory(monkeypatch, lambda _batch, _side, _card: False)
    ask = scoring.image_logits

    def limited(network: SegmentationNetwork, pixels: np.ndarray, device: Device, *more: object) -> np.ndarray:
        if more[-1] != 1 or device.kind == "cuda":
            raise torch.OutOfMemoryError
        return ask(network, pixels, device, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(scoring, "image_logits", limited)
    little = _run(tmp_path, notices, CARD)
    assert {batch for batch, _ in memory.seen} == {LARGE_BATCH, 1}
    assert little.per_image == pytest.approx(plenty.per_image, abs=0.02)
    assert any("on the processor" in notice for notice in notices)


@pytest.mark.parametrize("of", ["learning", "asking", "telling"])
def test_a_round_whose_finish_there_is_no_memory_for_is_kept_with_what_the_masks_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, notices: list[str], of: str
) -> None:
    make_round(tmp_path, held_out=4)
    plenty = _run(tmp_path, notices)
    assert notices == []

    def full(*_: object) -> None:
        raise MemoryError

    learn = Scorer.learn_finish

    def late(self: Scorer, *given: Any) -> Finish:
        monkeypatch.setattr(scoring, *{"learning": ("learn_finish", full), "asking": ("image_logits", full)}[of])
        return learn(self, *given)

    if of == "telling":
        monkeypatch.setattr(scoring, "told_by_masks", full)
    else:
        monkeypatch.setattr(Scorer, "learn_finish", late)
    little = _run(tmp_path, notices)
    assert little.per_image == plenty.per_image
    assert [("not enough memory" in notice, "is kept" in notice) for notice in notices] == [(True, True)]
    # Each of the seven masks shows one disc.
    finish = PLAIN if of == "telling" else Finish(one_region=(1,), colours=0.6)
    assert load_checkpoint(tmp_path / WEIGHTS).header.finish == finish


def test_another_error_while_a_finish_is_learned_is_raised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, notices: list[str]
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    make_round(tmp_path, held_out=4)
    monkeypatch.setattr(scoring, "learn_finish", broken)
    with pytest.raises(RuntimeError, match="mat1"):
        _run(tmp_path, notices)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    torch.manual_seed(1)
    network = build_network(TINY.network, 1)
    save_checkpoint(tmp_path / "w.safetensors", WeightsHeader(TINY.network, ("disc",), 192), network.state_dict())
    return tmp_path / "w.safetensors"


@pytest.mark.parametrize("on_cpu_alone", [False, True])
def test_a_mask_made_with_little_memory_is_the_same(
    model: Path, monkeypatch: pytest.MonkeyPatch, notices: list[str], on_cpu_alone: bool
) -> None:
    pixels, _ = disc(3, 192, 128)
    plenty = Predictor(model, CPU).predict(pixels)
    memory = Memory(monkeypatch, lambda batch, _side, card: batch > 1 or (card and on_cpu_alone))
    predictor = Predictor(model, CARD, notices.append)
    for _ in range(2):
        little = predictor.predict(pixels)
        assert (little.mask == plenty.mask).mean() > 0.999
        assert np.abs(little.confidence.astype(int) - plenty.confidence).max() <= 1
    assert [batch for batch, _ in memory.seen] == [1] * 8
    assert len(notices) == int(on_cpu_alone), "it is said once"
    assert len(memory.refused) == (5 if on_cpu_alone else 2), "what is too much is tried once"


def test_a_mask_is_made_from_a_smaller_image_before_it_is_not_made(
    model: Path, monkeypatch: pytest.MonkeyPatch, notices: list[str]
) -> None:
    Memory(monkeypatch, lambda _batch, side, _card: side > 96)
    pixels, _ = disc(3, 192, 128)
    said = Predictor(model, CPU, notices.append).predict(pixels)
    assert (said.mask.shape, max(said.confidence.shape)) == ((128, 192), 96)
    assert "smaller images" in notices[0]


def test_a_mask_for_which_there_is_no_memory_is_a_sentence(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Memory(monkeypatch, lambda *_: True)
    with pytest.raises(UserError, match="not enough memory to make a mask"):
        Predictor(model, CARD).predict(disc(3, 192, 128)[0])


@pytest.mark.parametrize("error", [MemoryError(), cv2.error("OpenCV: (-4:Insufficient memory) Failed to allocate")])
def test_an_image_too_large_for_memory_is_left_out_of_the_round(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, notices: list[str], error: Exception
) -> None:
    read_image = data.read_image

    def read(path: Path) -> object:
        if path.name == "1.png":
            raise error
        return read_image(path)

    monkeypatch.setattr(data, "read_image", read)
    make_round(tmp_path)
    assert _run(tmp_path, notices).steps == 3
    assert len(notices) == 1
    assert "memory to read 1.png" in notices[0]


def test_a_bug_is_not_taken_for_lack_of_memory(
    tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch, notices: list[str]
) -> None:
    def broken(*_: object) -> torch.Tensor:
        raise RuntimeError("shapes do not match")

    monkeypatch.setattr(SegmentationNetwork, "__call__", broken, raising=False)
    make_round(tmp_path)
    with pytest.raises(RuntimeError, match="shapes"):
        _run(tmp_path, notices)
    with pytest.raises(RuntimeError, match="shapes"):
        Predictor(model, CPU).predict(disc(3)[0])
    assert not notices


@pytest.mark.parametrize(
    ("error", "is_one"),
    [
        (MemoryError(), True),
        (torch.OutOfMemoryError("CUDA out of memory."), True),
        (RuntimeError("[enforce fail at alloc_cpu.cpp:132] DefaultCPUAllocator: can't allocate memory"), True),
        (RuntimeError("MPS backend out of memory (MPS allocated: 8 GB)"), True),
        (RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"), True),
        (RuntimeError("could not create a primitive"), True),
        (cv2.error("OpenCV(5.0) alloc.cpp:73: error: (-4:Insufficient memory) Failed to allocate 9 bytes"), True),
        (RuntimeError("The size of tensor a (3) must match the size of tensor b (4)"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_how_lack_of_memory_is_told(error: Exception, is_one: bool) -> None:
    assert is_out_of_memory(error) is is_one


def test_means_end_where_nothing_is_left_to_see() -> None:
    sizes = []
    means: Means | None = Means(CPU, 8, 1024)
    while means is not None:
        sizes.append(means.side)
        means = means.with_fewer() or means.with_smaller()
    assert sorted(set(sizes)) == [128, 256, 512, 1024]
    assert min(sizes) >= LEAST_SIDE


# ---- numbers that run away -----------------------------------------------------------------------------------------


def _objective(values: Callable[[int], float], calls: list[int]) -> type[nn.Module]:
    """A loss of the network's real gradient, whose value at the n-th call is multiplied by ``values(n)``."""

    class Objective(nn.Module):
        def __init__(self, *_settings: object) -> None:
            super().__init__()

        def forward(self, logits: torch.Tensor, _target: torch.Tensor) -> torch.Tensor:
            calls.append(len(calls))
            return logits.float().square().mean() * values(calls[-1])

    return Objective


def test_a_loss_that_is_no_number_goes_back_to_good_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, notices: list[str]
) -> None:
    calls: list[int] = []
    monkeypatch.setattr(
        beginning, "MaskedSegmentationLoss", _objective(lambda call: math.nan if call == 2 else 1.0, calls)
    )
    make_round(tmp_path, settings=replace(TINY, max_steps=5))
    result = _run(tmp_path, notices)
    assert (result.steps, len(calls)) == (5, 6)
    assert math.isfinite(result.loss)
    assert len(notices) == 1
    assert "unstable" in notices[0]
    assert all(torch.isfinite(t).all() for t in load_checkpoint(tmp_path / WEIGHTS).tensors.values())


def test_training_that_never_settles_fails_with_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, notices: list[str]
) -> None:
    monkeypatch.setattr(beginning, "MaskedSegmentationLoss", _objective(lambda _: math.inf, []))
    make_round(tmp_path)
    with pytest.raises(UserError, match="did not settle"):
        _run(tmp_path, notices)
    assert _outputs(tmp_path) == []


def _harm_before(
    monkeypatch: pytest.MonkeyPatch, number: int, harm: Callable[[SegmentationNetwork], None]
) -> list[None]:
    """Do ``harm`` to the network as the step of that ``number`` begins; the list grows by one a step."""
    steps: list[None] = []
    step = train.RoundTrainer._step

    def watched(trainer: train.RoundTrainer) -> float | None:
        steps.append(None)
        if len(steps) == number:
            harm(trainer._network)
        return step(trainer)

    monkeypatch.setattr(train.RoundTrainer, "_step", watched)
    return steps


def _harm(name_ends: str, value: float) -> Callable[[SegmentationNetwork], None]:
    def harm(network: SegmentationNetwork) -> None:
        tensors = [tensor for name, tensor in network.changing().items() if name.endswith(name_ends)]
        with torch.no_grad():
            tensors[0][(0,) * tensors[0].ndim] = value

    return harm


@pytest.mark.parametrize(
    ("where", "value"),
    [("running_mean", math.nan), ("running_var", math.inf), ("weight", math.nan), ("bias", -math.inf)],
)
def test_weights_and_statistics_that_are_no_numbers_never_reach_the_average(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, notices: list[str], where: str, value: float
) -> None:
    """A statistic can be infinite although the loss of that step is not."""
    steps = _harm_before(monkeypatch, 2, _harm(where, value))
    make_round(tmp_path, settings=replace(TINY, max_steps=4))
    result = _run(tmp_path, notices)
    assert (result.steps, len(steps)) == (4, 5)
    assert ["unstable" in notice for notice in notices] == [True]
    assert math.isfinite(result.loss)
    assert all_finite(load_checkpoint(tmp_path / WEIGHTS).tensors.values())


def test_it_goes_on_more_slowly_after_each_time() -> None:
    told: list[str] = []
    trouble = Trouble(Means(CPU, 8, 64), told.append)
    rates = []
    for _ in range(3):
        trouble.ran_away()
        rates.append(trouble.rate_scale)
    with pytest.raises(UserError, match="did not settle"):
        trouble.ran_away()
    assert rates == pytest.approx([0.3, 0.09, 0.027])
    assert len(told) == 3


@pytest.fixture
def no_number_at(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Lets the answer to the n-th question for a mask, from 0, be no numbers."""
    asked: list[int] = []
    ask = scoring.image_logits

    def let(first: int, last: int = 0) -> None:
        def answer(*args: object) -> np.ndarray:
            asked.append(len(asked))
            logits = ask(*args)  # type: ignore[arg-type]
            return logits * np.nan if first <= asked[-1] < max(last, first + 1) else logits

        monkeypatch.setattr(scoring, "image_logits", answer)

    return let


def test_weights_whose_masks_are_no_numbers_are_never_accepted_as_best(
    tmp_path: Path, notices: list[str], no_number_at: Callable[..., None]
) -> None:
    """They would score 1 on a held-out image that shows nothing, since no number is above a half."""
    make_round(tmp_path, held_out=4, settings=replace(TINY, max_steps=8))
    no_number_at(4, 8)  # the second of four scorings, of four images each
    result = _run(tmp_path, notices)
    assert result.held_out_dice is not None
    assert math.isfinite(result.held_out_dice)
    assert all(math.isfinite(dice) for dice in result.per_image.values())
    assert read_result(tmp_path) == result
    assert ["unstable" in notice for notice in notices] == [True]
    assert result.steps == 8


def test_a_first_scoring_that_gives_no_numbers_begins_again_from_what_the_round_began_with(
    tmp_path: Path, notices: list[str], no_number_at: Callable[..., None]
) -> None:
    make_round(tmp_path, held_out=4, settings=replace(TINY, max_steps=8))
    no_number_at(1)  # one image of the first scoring is enough
    assert math.isfinite(_run(tmp_path, notices).held_out_dice or math.nan)
    assert len(notices) == 1


@pytest.mark.parametrize("held_out", [0, 2])
def test_a_model_that_never_gives_numbers_fails_and_leaves_nothing(
    tmp_path: Path, notices: list[str], no_number_at: Callable[..., None], held_out: int
) -> None:
    make_round(tmp_path, held_out=held_out, settings=replace(TINY, max_steps=4))
    no_number_at(0, 1000)
    with pytest.raises(UserError, match="did not settle"):
        _run(tmp_path, notices)
    assert _outputs(tmp_path) == []


@pytest.mark.parametrize("held_out", [2, 3])
@pytest.mark.parametrize("later", [False, True])
def test_weights_that_nobody_taught_are_no_end_of_a_round(
    tmp_path: Path, notices: list[str], no_number_at: Callable[..., None], held_out: int, later: bool
) -> None:
    """The only scoring comes last: what the round then goes back to is what it began with."""
    parent = None
    if later:
        make_round(tmp_path / "1")
        _run(tmp_path / "1", notices)
        parent = tmp_path / "1" / WEIGHTS
    make_round(tmp_path / "2", held_out=held_out, settings=replace(TINY, max_steps=6), parent=parent)
    no_number_at(1)  # of all answers but this one numbers come
    with pytest.raises(UserError, match="did not settle"):
        _run(tmp_path / "2", notices)
    assert _outputs(tmp_path / "2") == []


@pytest.mark.parametrize("healed", [True, False])
def test_a_parent_that_gives_no_numbers_of_a_held_out_image_stands_in_nobodys_way(
    tmp_path: Path,
    notices: list[str],
    no_number_at: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    healed: bool,
) -> None:
    """It is gone on from, as it may heal; where it does not, the rest of the round begins from what is sound."""
    make_round(tmp_path / "1")
    _run(tmp_path / "1", notices)
    parent = tmp_path / "1" / WEIGHTS
    make_round(tmp_path / "2", held_out=4, settings=replace(TINY, max_steps=8), parent=parent)
    began: list[bool] = []
    begin = train.starting_network
    monkeypatch.setattr(
        train, "starting_network", lambda *given: (began.append(given[1] is not None), begin(*given))[1]
    )
    # The parent is asked first about the four, then the weights at 0.4 of the round.
    no_number_at(1, 2 if healed else 6)
    result = _run(tmp_path / "2", notices)
    assert result.held_out_dice is not None
    assert all(math.isfinite(dice) for dice in [result.held_out_dice, *result.per_image.values()])
    assert began == ([True] if healed else [True, False])
    assert ["unstable" in notice for notice in notices] == ([] if healed else [True])
    first, left = (load_checkpoint(tmp_path / number / WEIGHTS).tensors for number in "12")
    assert not all(torch.equal(left[name], first[name]) for name in left)


def test_a_parent_with_what_is_no_number_is_not_gone_on_from(tmp_path: Path, notices: list[str]) -> None:
    make_round(tmp_path / "1")
    _run(tmp_path / "1", notices)
    parent = load_checkpoint(tmp_path / "1" / WEIGHTS)
    parent.tensors[next(iter(parent.tensors))].fill_(math.nan)
    save_checkpoint(tmp_path / "1" / WEIGHTS, parent.header, parent.tensors)
    make_round(tmp_path / "2", parent=tmp_path / "1" / WEIGHTS)
    assert math.isfinite(_run(tmp_path / "2", notices).loss)
    assert ["starts afresh" in notice for notice in notices] == [True]


def test_a_model_that_gives_no_numbers_makes_no_mask(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predict, "image_logits", lambda *_: np.full((64, 64, 1), np.nan, np.float32))
    with pytest.raises(UserError, match="older round"):
        Predictor(model, CPU).predict(disc(3)[0])
