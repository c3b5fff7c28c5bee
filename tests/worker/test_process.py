"""The real child process: what the window relies on."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from segstudio.domain.clicks import Click, drawn
from segstudio.engine.data import read_mask
from segstudio.engine.device import usable_cores
from segstudio.imaging.mask_png import decode_confidence, from_text, to_text
from segstudio.protocol.messages import (
    PROTOCOL_VERSION,
    Cancel,
    Cancelled,
    Failed,
    Finished,
    Mend,
    Mended,
    Notice,
    Predict,
    Predicted,
    Progress,
    Shutdown,
    Train,
)
from segstudio.protocol.round_folder import RESULT, WEIGHTS, read_result
from tests.engine.synthetic import TINY, disc, make_round
from tests.worker.child import Child

ENDLESS = replace(TINY, max_steps=100_000, seconds=100_000.0)


@pytest.fixture(scope="module")
def child() -> Iterator[Child]:
    """One worker for the tests that leave it as it was."""
    with Child() as child:
        yield child


@pytest.fixture(scope="module")
def trained(child: Child, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a round that the worker has finished."""
    folder = tmp_path_factory.mktemp("round")
    make_round(folder, train=4, held_out=2, settings=replace(TINY, max_steps=6))
    child.tell(Train(1, str(folder)))
    finished = child.expect(Finished)
    result = read_result(folder)
    assert (finished.job, finished.loss, finished.held_out_dice) == (1, result.loss, result.held_out_dice)
    return folder


def _left(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir() if p.name.startswith(("weights", "result")))


def test_it_says_who_it_is(child: Child) -> None:
    assert child.ready.protocol == PROTOCOL_VERSION
    assert child.ready.pid == child.process.pid
    assert 1 <= child.ready.threads <= max(1, usable_cores() - 1)


def test_progress_comes_every_second_and_never_falls(child: Child, trained: Path) -> None:
    reports = [(at, message) for at, message in child.said if isinstance(message, Progress) and message.job == 1]
    fractions = [message.fraction for _, message in reports]
    assert fractions == sorted(fractions)
    assert fractions[0] == 0.0
    assert fractions[-1] > 0.9
    assert all(later - earlier < 1.5 for (earlier, _), (later, _) in pairwise(reports))
    assert {message.phase for _, message in reports} >= {"preparing", "training", "scoring", "saving"}
    assert _left(trained) == [RESULT, WEIGHTS]


def test_it_predicts_to_a_file(child: Child, trained: Path, tmp_path: Path) -> None:
    output, sure = tmp_path / "neu" / "12.png", tmp_path / "neu" / "12.confidence.png"
    child.tell(Predict(2, 12, str(trained / "0.png"), str(trained / WEIGHTS), str(output), str(sure)))
    answer = child.expect(Predicted)
    assert (answer.job, answer.image_id, answer.width, answer.height) == (2, 12, 80, 64)
    assert (answer.output, answer.confidence) == (str(output), str(sure))
    assert read_mask(output).shape == (64, 80)
    assert decode_confidence(sure.read_bytes()).shape == (64, 64)


@pytest.mark.parametrize("line", [b"\n", b"garbage\n", b"\xff\xfe\n", b'{"type":"Ready"}\n', b"[1]\n"])
def test_garbage_is_logged_and_survived(child: Child, trained: Path, tmp_path: Path, line: bytes) -> None:
    before = len(child.errors)
    child.write(line)
    child.tell(Predict(3, 1, str(trained / "1.png"), str(trained / WEIGHTS), str(tmp_path / "1.png"), None))
    assert child.expect(Predicted).job == 3
    assert "passed over" in "".join(child.errors[before:])


def test_a_file_that_is_no_image_fails_with_a_sentence(child: Child, trained: Path, tmp_path: Path) -> None:
    (tmp_path / "x.png").write_bytes(b"no image")
    child.tell(Predict(4, 1, str(tmp_path / "x.png"), str(trained / WEIGHTS), str(tmp_path / "out.png"), None))
    failed = child.expect(Failed)
    assert failed.job == 4
    assert "x.png" in failed.sentence
    assert "Traceback" not in failed.sentence
    assert "Traceback" in failed.detail
    assert not (tmp_path / "out.png").exists()


def test_missing_weights_fail_with_a_sentence(child: Child, trained: Path, tmp_path: Path) -> None:
    child.tell(Predict(5, 1, str(trained / "0.png"), str(tmp_path / "none.safetensors"), str(tmp_path / "o.png"), None))
    assert "none.safetensors" in child.expect(Failed).sentence


def test_a_round_whose_images_are_gone_fails_with_a_sentence(child: Child, tmp_path: Path) -> None:
    make_round(tmp_path, train=1)
    (tmp_path / "0.png").unlink()
    child.tell(Train(6, str(tmp_path)))
    child.expect(Notice)
    failed = child.expect(Failed)
    assert (failed.job, "None of the training images" in failed.sentence) == (6, True)


def test_cancel_and_predict_while_a_round_trains(child: Child, trained: Path, tmp_path: Path) -> None:
    make_round(tmp_path, settings=ENDLESS)
    waiting = tmp_path / "waiting"
    make_round(waiting)
    child.tell(Train(7, str(tmp_path)), Train(8, str(waiting)))
    while not (isinstance(message := child.next(), Progress) and message.step > 1):
        pass
    child.tell(Predict(9, 3, str(trained / "1.png"), str(trained / WEIGHTS), str(tmp_path / "p.png"), None))
    assert child.expect(Predicted).job == 9
    child.tell(Cancel(8))
    assert child.expect(Cancelled).job == 8
    child.tell(Cancel(7))
    asked = time.monotonic()
    assert child.expect(Cancelled).job == 7
    assert time.monotonic() - asked < 1.0
    assert _left(tmp_path) == []
    child.tell(Cancel(7), Predict(10, 3, str(trained / "1.png"), str(trained / WEIGHTS), str(tmp_path / "p.png"), None))
    assert child.expect(Predicted).job == 10


def test_a_click_is_answered_while_a_round_trains_and_the_round_is_as_it_would_have_been(
    child: Child, trained: Path, tmp_path: Path
) -> None:
    make_round(tmp_path, settings=replace(TINY, max_steps=12))
    child.tell(Train(21, str(tmp_path)))
    undisturbed = child.expect(Finished).loss
    pixels = disc(5)[0][:64, :64]
    clicks = drawn(np.zeros((64, 64), bool), [Click(32.5, 32.5, True)])
    ask = Mend(0, str(trained / WEIGHTS), 1, to_text(pixels), to_text(clicks), 1.0)
    child.tell(Train(22, str(tmp_path)))
    answered: list[Mended] = []
    asked = 22
    while not isinstance(message := child.next(), Finished):
        if isinstance(message, Mended):
            answered.append(message)
        elif isinstance(message, Progress) and message.phase == "training" and len(answered) == asked - 22 < 6:
            asked += 1
            child.tell(replace(ask, job=asked))
    assert answered, "a click is answered before the round ends"
    assert [answer.job for answer in answered] == list(range(23, 23 + len(answered)))
    assert from_text(answered[0].probability, 1).shape == (64, 64)
    assert message.loss == undisturbed
    if len(answered) < asked - 22:
        assert child.expect(Mended).job == asked
    child.tell(replace(ask, job=30, class_number=2))
    assert "next round" in child.expect(Failed).sentence
    child.tell(replace(ask, job=31, pixels="?"))
    assert child.expect(Failed).job == 31


def test_the_end_of_stdin_ends_it_in_mid_training(tmp_path: Path) -> None:
    make_round(tmp_path, settings=ENDLESS)
    with Child() as child:
        child.tell(Train(1, str(tmp_path)))
        while not (isinstance(message := child.next(), Progress) and message.step > 0):
            pass
        begun = time.monotonic()
        assert child.close() == 0
        assert time.monotonic() - begun < 4.0
    assert _left(tmp_path) == []


def test_shutdown_ends_it() -> None:
    with Child() as child:
        child.tell(Shutdown())
        assert child.process.wait(20) == 0


_PARENT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-m", "segstudio.worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
sys.stdout.buffer.write(child.stdout.readline())
sys.stdout.flush()
sys.stdin.read()
"""


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="tells the dead by Linux's process table")
def test_it_does_not_outlive_a_parent_that_is_killed() -> None:
    parent = subprocess.Popen([sys.executable, "-c", _PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert parent.stdout is not None
    assert parent.stdin is not None
    pid = json.loads(parent.stdout.readline())["pid"]
    parent.kill()
    parent.wait()
    # The worker inherited the parent's stderr only; its death is seen by the process table.
    deadline = time.monotonic() + 20
    while _alive(pid) and time.monotonic() < deadline:
        os.sched_yield()
    parent.stdout.close()
    parent.stdin.close()
    assert not _alive(pid)


def _alive(pid: int) -> bool:
    state = Path(f"/proc/{pid}/stat")
    try:
        return state.read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_nothing_of_the_window_is_imported() -> None:
    code = (
        "import sys, segstudio.worker.main, segstudio.engine.rounds;"
        "print([name for name in ('PySide6', 'sqlite3') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
