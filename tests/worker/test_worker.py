import base64
import errno
import gc
import io
import os
import weakref
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from segstudio.engine import rounds
from segstudio.engine.checkpoint import WeightsHeader, save_checkpoint
from segstudio.engine.device import Device
from segstudio.engine.finishing import Finish
from segstudio.engine.insight import EMBEDDING_LENGTH
from segstudio.engine.models import build_network
from segstudio.engine.predict import Prediction, Predictor
from segstudio.engine.progress import RoundCancelled
from segstudio.engine.sample import Pixels
from segstudio.engine.train import RoundTrainer
from segstudio.imaging.mask_png import decode_confidence, decode_mask, from_text, to_text
from segstudio.protocol.codec import decode
from segstudio.protocol.messages import (
    Cancel,
    Cancelled,
    Failed,
    Finished,
    Mend,
    Mended,
    Message,
    Notice,
    Predict,
    Predicted,
    Progress,
    Train,
)
from segstudio.worker import main
from segstudio.worker.channel import Channel
from segstudio.worker.inbox import Inbox, Job
from segstudio.worker.main import Worker
from tests.engine.synthetic import disc, make_round, write_image

CPU = Device("cpu", "test")


def _answers(*jobs: Job) -> list[Message]:
    """What a worker answers to ``jobs``, progress apart; it ends when it would wait for another."""
    out = io.BytesIO()
    inbox = Inbox()
    for job in jobs:
        inbox.put(job)
    done = inbox.done
    open_jobs = [job.job for job in jobs]

    def count(job: int) -> None:
        done(job)
        open_jobs.remove(job)
        if not open_jobs:
            inbox.close()

    inbox.done = count  # type: ignore[method-assign]
    Worker(Channel(io.BytesIO(), out), inbox, CPU).run()
    messages = [decode(line.decode()) for line in out.getvalue().splitlines()]
    return [message for message in messages if not isinstance(message, Progress)]


def _predict(job: int, folder: Path) -> Predict:
    output, confidence = str(folder / f"{job}.png"), str(folder / f"{job}.confidence.png")
    return Predict(job, job, str(folder / "i.png"), str(folder / "w.safetensors"), output, confidence)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    header = WeightsHeader("unet-efficientnet-lite0", ("disc",), 64)
    save_checkpoint(tmp_path / "w.safetensors", header, build_network(header.network, 1).state_dict())
    write_image(tmp_path / "i.png", disc(0)[0])
    return tmp_path


def test_each_job_is_answered(tmp_path: Path) -> None:
    make_round(tmp_path)
    (finished,) = _answers(Train(1, str(tmp_path)))
    assert isinstance(finished, Finished)
    assert (finished.job, finished.held_out_dice, finished.held_out_count) == (1, None, 0)


@pytest.mark.parametrize("given_up", [False, True])
def test_what_a_round_held_is_let_go_of_when_it_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given_up: bool
) -> None:
    make_round(tmp_path)
    held: list[weakref.ref[object]] = []
    train = RoundTrainer._train

    def noted(trainer: RoundTrainer) -> None:
        train(trainer)
        held.extend(weakref.ref(one) for one in (trainer, trainer._network, trainer._optimizer, trainer._average))
        gc.collect()  # as after a round of minutes: all of it is among what Python looks through last
        if given_up:
            raise RoundCancelled

    monkeypatch.setattr(RoundTrainer, "_train", noted)
    gc.disable()
    try:
        (answer,) = _answers(Train(1, str(tmp_path)))
    finally:
        gc.enable()
    assert isinstance(answer, Cancelled if given_up else Finished)
    assert [one() is None for one in held] == [True] * 4


def test_weights_are_loaded_once_for_many_images(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[Path] = []
    predictor = main.Predictor
    monkeypatch.setattr(main, "Predictor", lambda path, *more: (loaded.append(path), predictor(path, *more))[1])
    answers = _answers(_predict(1, model), _predict(2, model), _predict(3, model))
    assert [type(answer) for answer in answers] == [Predicted] * 3
    assert loaded == [model / "w.safetensors"]
    assert sorted(path.name for path in model.glob("[0-9].png")) == ["1.png", "2.png", "3.png"]


def test_weights_that_were_replaced_are_loaded_anew_and_no_more_than_two_models_are_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[str] = []
    monkeypatch.setattr(main, "Predictor", lambda path, *_: (loaded.append(path.name), object())[1])
    worker = Worker(Channel(io.BytesIO(), io.BytesIO()), Inbox(), CPU)
    for name in "abc":
        (tmp_path / name).write_bytes(b"")
    for name in "abacbca":
        worker._predictor(tmp_path / name)
    assert loaded == ["a", "b", "c", "b", "a"]
    # A round may be repeated in its folder.
    os.utime(tmp_path / "a", ns=(1, 1))
    worker._predictor(tmp_path / "a")
    assert loaded[5:] == ["a"]


def test_a_click_is_answered_for_its_class_and_as_its_image_was_exposed(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pixels, clicks = (np.full((32, 64, 3), value, np.uint8) for value in (7, 255))
    heard: list[object] = []

    class Heard:
        def __init__(self, *_: object) -> None:
            pass

        def mend(self, *told: object) -> np.ndarray:
            heard.extend(told)
            return np.full((32, 64), 9, np.uint8)

    monkeypatch.setattr(main, "Predictor", Heard)
    (mended,) = _answers(Mend(4, str(model / "w.safetensors"), 3, to_text(pixels), to_text(clicks), 1.5))
    assert isinstance(mended, Mended)
    assert mended.job == 4
    assert np.array_equal(from_text(mended.probability, 1), np.full((32, 64), 9, np.uint8))
    assert np.array_equal(heard[0], pixels)
    assert np.array_equal(heard[1], clicks)
    assert heard[2:] == [3, 1.5]


@pytest.mark.parametrize("between_windows", [True, False])
def test_a_prediction_that_is_given_up_while_it_is_made_leaves_no_mask(
    model: Path, monkeypatch: pytest.MonkeyPatch, between_windows: bool
) -> None:
    out, inbox, asked = io.BytesIO(), Inbox(), []

    def given_up(self: Predictor, pixels: np.ndarray, _: object, pause: Callable[[], None]) -> Prediction:
        inbox.put(Cancel(1))
        if between_windows:
            pause()
        asked.append(1)
        return Prediction(np.zeros(pixels.shape[:2], np.uint16), np.zeros((2, 2), np.uint8))

    monkeypatch.setattr(Predictor, "predict", given_up)
    job = _predict(1, model)
    inbox.put(job)
    assert inbox.next_job() == job
    Worker(Channel(io.BytesIO(), out), inbox, CPU)._do(job)
    assert [decode(line.decode()) for line in out.getvalue().splitlines()] == [Cancelled(1)]
    assert bool(asked) is not between_windows
    assert not list(model.glob("1.*"))


def test_a_person_decides_how_masks_are_finished(model: Path) -> None:
    asked = _predict(1, model)
    every = replace(asked, job=2, output=str(model / "2.png"), thresholds=[1e-9, 0.5], one_region=[True, True])
    none = replace(asked, job=3, output=str(model / "3.png"), thresholds=[1 - 1e-9])
    assert [type(answer) for answer in _answers(asked, every, none)] == [Predicted] * 3
    assert decode_mask((model / "2.png").read_bytes()).min() == 1
    assert decode_mask((model / "3.png").read_bytes()).max() == 0


def test_a_person_decides_whether_colours_count(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[float] = []
    predict = Predictor.predict

    def hear(self: Predictor, pixels: Pixels, finish: Finish, give_up: Callable[[], None]) -> Prediction:
        heard.append(finish.colours)
        return predict(self, pixels, finish, give_up)

    monkeypatch.setattr(Predictor, "predict", hear)
    asked = _predict(1, model)
    _answers(asked, replace(asked, job=2, colours=True), replace(asked, job=3, colours=False))
    assert heard == [0, 0.6, 0]


def test_the_confidence_is_written_beside_the_mask_where_it_is_asked_for(model: Path) -> None:
    asked = _predict(1, model)
    (predicted,) = _answers(asked)
    assert isinstance(predicted, Predicted)
    assert (predicted.output, predicted.confidence) == (asked.output, asked.confidence)
    confidence = decode_confidence((model / "1.confidence.png").read_bytes())
    assert confidence.shape == (64, 64)
    assert int(confidence.min()) >= 128
    (without,) = _answers(replace(asked, job=2, output=str(model / "2.png"), confidence=None))
    assert isinstance(without, Predicted)
    assert without.confidence is None
    assert sorted(path.name for path in model.glob("[0-9].*")) == ["1.confidence.png", "1.png", "2.png"]


def test_a_prediction_comes_with_what_the_model_makes_of_the_whole_image(model: Path) -> None:
    (predicted,) = _answers(_predict(1, model))
    assert isinstance(predicted, Predicted)
    assert predicted.uncertainty is not None
    assert 0 <= predicted.uncertainty <= 1
    assert predicted.embedding is not None
    vector = np.frombuffer(base64.b64decode(predicted.embedding), "<f2").astype(float)
    assert vector.shape == (EMBEDDING_LENGTH,)
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-2)


def test_a_confidence_that_cannot_be_written_leaves_no_mask_behind(model: Path) -> None:
    (model / "1.confidence.png").mkdir()
    (failed,) = _answers(_predict(1, model))
    assert isinstance(failed, Failed)
    assert "could not be written" in failed.sentence
    assert sorted(path.name for path in model.glob("[0-9].*")) == ["1.confidence.png"]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (KeyError("a bug"), "Something went wrong inside segstudio (KeyError)"),
        (OSError(errno.EIO, "broken"), "Check the disk"),
        (OSError(errno.ENOSPC, "no room"), "free some space"),
        (MemoryError(), "There is not enough memory"),
    ],
)
def test_whatever_happens_becomes_a_sentence_and_a_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, words: str
) -> None:
    def broken(*_: object) -> None:
        raise error

    monkeypatch.setattr(rounds, "run_round", broken)
    (failed,) = _answers(Train(5, str(tmp_path)))
    assert isinstance(failed, Failed)
    assert failed.job == 5
    assert words in failed.sentence
    assert type(error).__name__ in failed.detail
    assert "Traceback" in failed.detail


def test_what_is_noticed_while_a_click_is_answered_is_said_of_the_click(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Short:
        def __init__(self, _weights: object, _device: object, on_notice: Callable[[str], None]) -> None:
            self.on_notice = on_notice

        def mend(self, *_: object) -> np.ndarray:
            self.on_notice("Memory is short.")
            return np.zeros((32, 64), np.uint8)

    monkeypatch.setattr(main, "Predictor", Short)
    nothing = to_text(np.zeros((32, 64, 3), np.uint8))
    notice, mended = _answers(Mend(4, str(model / "w.safetensors"), 1, nothing, nothing, 1.0))
    assert notice == Notice(4, "Memory is short.")
    assert isinstance(mended, Mended)
