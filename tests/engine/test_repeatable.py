"""A round can be repeated bit for bit, also by a process that was started anew."""

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from segstudio.engine import schedule
from segstudio.engine.checkpoint import load_checkpoint
from segstudio.engine.data import ImageCache
from segstudio.engine.device import CPU
from segstudio.engine.predict import Predictor
from segstudio.engine.progress import RoundEvents
from segstudio.engine.rounds import run_round
from segstudio.engine.scoring import Scored, Scorer
from segstudio.protocol.round_folder import WEIGHTS, read_result
from segstudio.protocol.weights import digest_of
from tests.engine.synthetic import TINY, disc, make_round

_RUN = """
import sys
from pathlib import Path
from segstudio.engine.data import ImageCache
from segstudio.engine.device import CPU, use_threads
from segstudio.engine.progress import RoundEvents
from segstudio.engine.rounds import run_round
use_threads(1)
run_round(Path(sys.argv[1]), CPU, ImageCache(), RoundEvents())
"""


def _run(folder: Path, hash_seed: int) -> tuple[float, dict[int, float], str]:
    """Run the round in a process of its own: its loss, its scores, the digest of its weights."""
    subprocess.run(
        [sys.executable, "-c", _RUN, str(folder)],
        check=True,
        env={**os.environ, "PYTHONHASHSEED": str(hash_seed)},
        timeout=120,
    )
    result = read_result(folder)
    return result.loss, result.per_image, digest_of((folder / WEIGHTS).read_bytes())


def test_a_round_repeated_after_a_restart_gives_the_same_loss_scores_and_file(tmp_path: Path) -> None:
    make_round(tmp_path / "1", train=4, held_out=2, settings=replace(TINY, max_steps=3))
    first = _run(tmp_path / "1", 1)
    assert _run(tmp_path / "1", 2) == first
    body = json.loads((tmp_path / "1" / "request.json").read_text())
    body["settings"]["seed"] += 1
    (tmp_path / "1" / "request.json").write_text(json.dumps(body))
    # Another seed needs no process of its own, whose imports take longer than the round.
    run_round(tmp_path / "1", CPU, ImageCache(), RoundEvents())
    assert read_result(tmp_path / "1").loss != first[0]


@pytest.mark.parametrize("goes", ["wrong", "to numbers that are none"])
def test_a_round_that_begins_again_is_the_same_whatever_was_asked_for_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, goes: str
) -> None:
    """What it begins again with is filled at random, from where the generator of numbers is by then."""
    make_round(tmp_path / "1")
    run_round(tmp_path / "1", CPU, ImageCache(), RoundEvents())
    weights = tmp_path / "1" / WEIGHTS
    parent, scores = (weights, [0.9, 0.8, 0.95]) if goes == "wrong" else (None, [np.nan, 0.8, 0.9, 0.95])
    make_round(tmp_path / "2", held_out=4, settings=replace(TINY, max_steps=5), parent=parent)

    def run(between: Callable[[], None]) -> dict[str, torch.Tensor]:
        left = iter([*scores, *[0.5] * 9])
        monkeypatch.setattr(Scorer, "score", lambda _, tensors, *__: Scored(tensors, next(left), {1: 0.5}, 64))
        run_round(tmp_path / "2", CPU, ImageCache(), RoundEvents(between_steps=between))
        return load_checkpoint(tmp_path / "2" / WEIGHTS).tensors

    pauses = itertools.count()

    def ask() -> None:
        if next(pauses) >= 16:
            return  # what comes then is no training any more
        predictor = Predictor(weights, CPU)
        predictor.predict(disc(9)[0])
        predictor.mend(np.zeros((64, 64, 3), np.uint8), np.zeros((64, 64, 3), np.uint8), 1)

    alone, asked = run(lambda: None), run(ask)
    assert all(torch.equal(alone[name], asked[name]) for name in alone)


def test_a_round_that_the_clock_cut_is_the_same_when_it_is_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_round(tmp_path, train=4, held_out=2, settings=replace(TINY, max_steps=20, seconds=3.0))

    def run(pace: float) -> tuple[int, float, dict[str, torch.Tensor]]:
        monkeypatch.setattr(schedule, "time", _Ticking(pace))
        result = run_round(tmp_path, CPU, ImageCache(), RoundEvents())
        return result.steps, result.loss, load_checkpoint(tmp_path / WEIGHTS).tensors

    steps, loss, tensors = run(0.3)
    assert 10 <= steps < 20, "the time is too short for all"
    again = run(0.001)
    assert again[:2] == (steps, loss)
    assert all(torch.equal(again[2][name], tensors[name]) for name in tensors)


class _Ticking:
    """A clock that goes on by ``pace`` seconds whenever somebody looks."""

    def __init__(self, pace: float) -> None:
        self._pace, self._now = pace, 0.0

    def monotonic(self) -> float:
        self._now += self._pace
        return self._now
