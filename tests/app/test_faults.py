"""What a user sees when the real worker is killed, hangs, finds the disk full or its weights damaged."""

import errno
import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from segstudio.app.settings import Settings
from segstudio.app.studio import Studio
from segstudio.app.watchdog import PATIENCE
from segstudio.app.worker_process import WorkerProcess
from segstudio.domain.errors import UserError
from segstudio.domain.rounds import RoundStatus
from segstudio.protocol.messages import Progress
from segstudio.protocol.round_folder import WEIGHTS, TrainingSettings
from tests.helpers.studios import StudioRig, approve

if sys.platform == "linux":
    import resource

SHORT = TrainingSettings(input_size=64, max_steps=2, seconds=1000.0)
ENDLESS = replace(SHORT, max_steps=100_000)
PATIENT = 120.0

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits another process, as Linux can")


class RealRig(StudioRig):
    """A studio whose worker is the real process."""

    def __post_init__(self) -> None:
        self.processes: list[WorkerProcess] = []
        self.studio = Studio(self.scheduler, Settings(self.folder / "settings.json"), self.make_process, SHORT)
        self.studio.subscribe(self.heard.append)

    def make_process(self, hear, gone) -> WorkerProcess:
        self.processes.append(WorkerProcess(self.scheduler, hear, gone))
        return self.processes[-1]

    def wait(self, condition) -> None:
        self.scheduler.run_until(condition, PATIENT)

    @property
    def pid(self) -> int:
        pid = self.processes[-1].pid
        assert pid is not None
        return pid

    def round(self, settings: TrainingSettings = SHORT) -> None:
        """Start a round and wait until it has done a step, or is over."""
        self.session.rounds._settings = lambda _measures: settings
        heard: list[Progress] = []
        listen = lambda message: heard.append(message) if isinstance(message, Progress) else None  # noqa: E731
        self.session._link.on_message.append(listen)
        self.session.rounds.start()
        self.wait(lambda: not self.session.rounds.busy or any(message.step > 0 for message in heard))
        self.session._link.on_message.remove(listen)

    def ended(self):
        """Wait for the round's end; its record."""
        self.wait(lambda: not self.session.rounds.busy)
        return self.session.rounds.records[-1]


@pytest.fixture
def real(tmp_path: Path) -> Iterator[RealRig]:
    """A project with one good round, and after the trouble a look at whether all of it still works."""
    rig = RealRig(tmp_path)
    rig.new_project(4).rounds.automatic = False
    approve(rig, 3)
    rig.round()
    assert rig.ended().status is RoundStatus.FINISHED
    rig.settle()
    rig.heard.clear()
    yield rig
    rig.settle()
    rig.show(rig.session.records[3].id)
    assert rig.session.document is not None
    assert rig.session.document.prediction is not None, "masks stay in use"
    rig.stroke((20, 20))
    rig.wait(lambda: rig.session.save_status.state == "saved")
    assert rig.studio.close()


def said(rig: RealRig) -> str:
    """The last trouble that the user was told of, with what can be done about it."""
    rig.wait(lambda: any(message.kind == "trouble" for message in rig.messages))
    message = [message for message in rig.messages if message.kind == "trouble"][-1]
    assert message.action == "Try again"
    return message.sentence


def test_a_worker_that_is_killed_or_hangs_fails_the_round_and_another_one_takes_over(real: RealRig) -> None:
    real.round(ENDLESS)
    os.kill(real.pid, signal.SIGKILL)
    assert real.ended().status is RoundStatus.FAILED
    assert "the system ended it, perhaps because memory ran out" in said(real)
    assert "Your masks are safe; the last good model stays in use" in said(real)
    assert real.session.predictor.round == 1

    real.round(ENDLESS)
    real.heard.clear()
    os.kill(real.pid, signal.SIGSTOP)
    watchdog, looks = real.session._learning.watchdog, []

    def look() -> None:
        watchdog.stop()  # the look that would have come by the clock
        watchdog._look()
        looks.append(None)

    for _ in range(PATIENCE + 1):  # before the first, what was said before may still be heard
        real.scheduler.post(look)
    real.stroke((60, 40))
    real.wait(lambda: len(looks) > PATIENCE)
    assert real.ended().status is RoundStatus.FAILED
    assert "it no longer answered" in said(real)

    real.session.rounds._settings = lambda _measures: SHORT
    [message for message in real.messages if message.action][-1].on_action()
    assert real.ended().status is RoundStatus.FINISHED
    assert len(real.processes) == 3


def test_a_disk_that_is_full_and_weights_that_are_damaged_are_told_of_and_got_over(
    real: RealRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = real.session
    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        real.round()
        assert real.ended().status is RoundStatus.FAILED
    assert said(real) == "The disk is full. Your work is kept: free some space on it, then try again."

    real.round(replace(ENDLESS, max_steps=4))
    real.heard.clear()
    resource.prlimit(real.pid, resource.RLIMIT_FSIZE, (1 << 20, resource.RLIM_INFINITY))
    record = real.ended()
    resource.prlimit(real.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert record.status is RoundStatus.FAILED
    assert said(real) == (
        "What the model learned could not be written, because the disk is full. Free some space, then try again."
    )
    folder = session.folder / "rounds" / f"{record.number:04d}"
    assert sorted(path.name for path in folder.iterdir()) == ["masks", "request.json"]
    assert session.predictor.round == 1

    weights = session.folder / "rounds" / "0001" / WEIGHTS
    whole = weights.read_bytes()
    damage(weights)
    session.predictor.request(session.records[3].id)
    real.wait(lambda: any("damaged" in message.sentence for message in real.messages))
    real.round()
    newest = real.ended()
    assert newest.status is RoundStatus.FINISHED
    real.wait(lambda: any("starts afresh" in message.sentence for message in real.messages))
    real.settle()

    real.studio.close_project()
    weights.write_bytes(whole)
    damage(session.folder / "rounds" / f"{newest.number:04d}" / WEIGHTS)
    real.studio.open_project(session.folder)
    real.wait(lambda: real.studio.session is not None and not real.studio.busy)
    real.session.rounds.automatic = False
    real.settle()
    assert real.session.predictor.round == 1, "the round before helps out"
    with pytest.raises(UserError, match="damaged"):
        real.session._store.ask(lambda project: project.rounds.choose(newest.number))


def full(path: Path, _content: bytes) -> int:
    """A disk without room for a round's masks."""
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)


def damage(path: Path) -> None:
    """Change one bit."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 64
    path.write_bytes(content)
