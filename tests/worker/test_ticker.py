import threading

import pytest

from segstudio.engine.progress import RoundProgress
from segstudio.protocol.messages import Progress
from segstudio.worker.ticker import ProgressTicker


def _progress(fraction: float, phase: str = "training", left: float | None = 5.0) -> RoundProgress:
    return RoundProgress(phase, fraction, left, 1, 10, 0.5, None, 0)  # type: ignore[arg-type]


def test_it_repeats_the_latest_until_it_is_left() -> None:
    sent: list[Progress] = []
    enough = threading.Event()
    before = threading.active_count()

    def send(message: Progress) -> None:
        sent.append(message)
        if len(sent) > 5:
            enough.set()

    with ProgressTicker(3, send, interval=0.01) as ticker:
        ticker.update(_progress(0.5))
        assert enough.wait(20)
    assert threading.active_count() == before
    assert sent[0].fraction == 0.0
    assert sent[-1].fraction == 0.5
    assert {message.job for message in sent} == {3}
    lefts = [message.seconds_left for message in sent if message.seconds_left is not None]
    assert lefts == sorted(lefts, reverse=True)
    assert lefts[-1] < lefts[0]
    assert lefts[0] == pytest.approx(5.0, abs=1.0)


def test_a_new_phase_is_told_at_once_and_the_fraction_never_falls() -> None:
    sent: list[Progress] = []
    with ProgressTicker(1, sent.append, interval=1000.0) as ticker:
        ticker.update(_progress(0.6))
        ticker.update(_progress(0.4, "scoring", None))
        ticker.update(_progress(1.4, "saving"))
    assert [(message.phase, message.fraction) for message in sent] == [
        ("preparing", 0.0),
        ("training", 0.6),
        ("scoring", 0.6),
        ("saving", 1.0),
    ]
