"""The child process and the link to it, with small children in the worker's place."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from segstudio.app.headless import HeadlessScheduler
from segstudio.app.worker_link import WorkerLink
from segstudio.app.worker_process import WORKER, WORKER_ALONE, WorkerProcess
from segstudio.engine.device import usable_cores
from segstudio.protocol.codec import encode
from segstudio.protocol.messages import PROTOCOL_VERSION, Cancel, Cancelled, Mend, Ready

READY = encode(Ready(PROTOCOL_VERSION, 1, "cpu", "CPU", "0", 1)).strip()
ECHO = f"""
import json, sys
print({READY!r}, flush=True)
for line in sys.stdin:
    job = json.loads(line).get("job")
    if job is None:
        break
    print("a stray print", flush=True)
    print(json.dumps({{"type": "Cancelled", "job": job}}), flush=True)
"""
DIES = "import sys; sys.stderr.write('the last words\\n'); sys.exit(3)"
STUBBORN = f"""
import signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print({READY!r}, flush=True)
while True:
    time.sleep(0.05)
"""
OLD = f"import sys; print({READY.replace(str(PROTOCOL_VERSION), '99', 1)!r}, flush=True); sys.stdin.read()"


class Rig:
    def __init__(self, code: str) -> None:
        self.scheduler = HeadlessScheduler()
        self.made: list[WorkerProcess] = []
        self.heard: list[object] = []
        self.lost: list[str] = []
        self.code = code
        self.link = WorkerLink(self.make)
        self.link.on_message.append(self.heard.append)
        self.link.on_lost.append(self.lost.append)

    def make(self, hear, gone) -> WorkerProcess:
        self.made.append(WorkerProcess(self.scheduler, hear, gone, (sys.executable, "-c", self.code)))
        return self.made[-1]

    def wait(self, condition) -> None:
        self.scheduler.run_until(condition, 20)


@pytest.fixture
def rig():
    rigs: list[Rig] = []

    def make(code: str) -> Rig:
        rigs.append(Rig(code))
        return rigs[-1]

    yield make
    for made in rigs:
        made.link.stop()


def test_what_is_sent_before_the_handshake_is_sent_after_it_and_stray_prints_do_no_harm(rig, caplog):
    echo = rig(ECHO)
    echo.link.send(Cancel(7))
    echo.link.send(Cancel(8))
    assert echo.link.ready is None
    echo.wait(lambda: Cancelled(8) in echo.heard)
    assert [m for m in echo.heard if isinstance(m, Cancelled)] == [Cancelled(7), Cancelled(8)]
    assert echo.link.ready is not None
    assert len(echo.made) == 1
    assert "no message" in caplog.text


def test_a_worker_that_dies_leaves_its_last_words_and_the_next_message_starts_another(rig):
    dying = rig(DIES)
    dying.link.send(Cancel(1))
    dying.wait(lambda: dying.lost)
    assert dying.lost == ["exit code 3\nthe last words"]
    dying.code = ECHO
    dying.link.send(Cancel(2))
    dying.wait(lambda: Cancelled(2) in dying.heard)
    assert Cancelled(1) not in dying.heard, "what was asked of a lost worker is forgotten"
    assert len(dying.made) == 2


def test_a_killed_worker_is_a_lost_one(rig):
    echo = rig(ECHO)
    echo.link.send(Cancel(1))
    echo.wait(lambda: Cancelled(1) in echo.heard)
    echo.made[0].kill()
    echo.wait(lambda: echo.lost)
    assert "-9" in echo.lost[0]
    echo.link.send(Cancel(2))
    echo.wait(lambda: Cancelled(2) in echo.heard)
    echo.link.kill("it no longer answered")
    echo.wait(lambda: len(echo.lost) == 2)
    assert echo.lost[1] == "it no longer answered"


def test_on_windows_the_worker_has_no_console_and_gives_way_to_the_window(rig, monkeypatch):
    """There is no ``os.nice`` there, by which the worker gives way by itself elsewhere."""
    asked = []
    monkeypatch.setattr(subprocess, "CREATE_NO_WINDOW", 0x0800_0000, raising=False)
    monkeypatch.setattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0x4000, raising=False)

    def popen(_command, creationflags, **_rest):
        asked.append(creationflags)
        raise OSError("none is started here")

    monkeypatch.setattr(subprocess, "Popen", popen)
    none = rig(ECHO)
    none.link.send(Cancel(1))
    none.wait(lambda: none.lost)
    assert asked == [0x0800_4000]


def test_another_protocol_version_is_refused(rig):
    old = rig(OLD)
    old.link.send(Cancel(1))
    old.wait(lambda: old.lost)
    assert "version 99" in old.lost[0]
    old.made[0].stop()


def test_a_worker_that_was_stopped_is_not_lost_and_starts_no_other(rig):
    echo = rig(ECHO)
    echo.link.send(Cancel(1))
    echo.wait(lambda: echo.link.ready is not None)
    echo.link.stop()
    echo.link.send(Cancel(2))
    echo.scheduler.post(lambda: echo.heard.append("later"))
    echo.wait(lambda: "later" in echo.heard)
    assert echo.lost == []
    assert len(echo.made) == 1


def test_a_worker_that_listens_to_nothing_is_killed(rig):
    stubborn = rig(STUBBORN)
    stubborn.link.send(Cancel(1))
    stubborn.wait(lambda: stubborn.link.ready is not None)
    stubborn.made[0].stop(grace=0.2)
    assert stubborn.made[0]._process.returncode == -9


def test_a_worker_that_hangs_keeps_nobody_waiting_who_sends_to_it(rig):
    stubborn = rig(STUBBORN)
    stubborn.link.send(Cancel(1))
    stubborn.wait(lambda: stubborn.link.ready is not None)
    more_than_a_pipe_holds = Mend(2, "weights", 1, "p" * 2**20, "c", 1.0)
    sending = threading.Thread(target=stubborn.link.send, args=(more_than_a_pipe_holds,), daemon=True)
    sending.start()
    sending.join(5)
    try:
        assert not sending.is_alive()
        stubborn.made[0].stop(grace=0.2)
        assert not any(thread.is_alive() for thread in stubborn.made[0]._threads)
    finally:
        stubborn.made[0].kill()


def test_a_worker_that_cannot_be_started_is_lost(rig):
    scheduler = HeadlessScheduler()
    lost: list[str] = []
    worker = WorkerProcess(scheduler, lambda message: None, lost.append, ("/nowhere/at/all",))
    worker.start()
    scheduler.run_until(lambda: lost, 5)
    assert "could not be started" in lost[0]
    worker.send(Cancel(1))
    worker.kill()
    worker.stop()
    assert worker.pid is None


def test_nothing_is_imported_from_the_folder_that_the_program_was_started_in(tmp_path, monkeypatch):
    (tmp_path / "torch.py").write_text("raise SystemExit('imported from the wrong place')")
    monkeypatch.chdir(tmp_path)
    scheduler = HeadlessScheduler()
    heard: list[object] = []
    worker = WorkerProcess(scheduler, heard.append, heard.append)
    worker.start()
    scheduler.run_until(lambda: heard, 60)
    worker.stop()
    assert isinstance(heard[0], Ready)


@pytest.mark.parametrize(("command", "spared"), [(WORKER, 1), (WORKER_ALONE, 0)])
def test_a_core_stays_free_for_painting_only_where_there_is_a_window(command, spared):
    scheduler = HeadlessScheduler()
    heard: list[object] = []
    worker = WorkerProcess(scheduler, heard.append, heard.append, command)
    worker.start()
    scheduler.run_until(lambda: heard, 60)
    worker.stop()
    assert heard[0].threads == max(1, min(usable_cores() - spared, 16))
