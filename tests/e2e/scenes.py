"""Scenes for ``play``: what a person does at the window."""

from __future__ import annotations

import os
import signal
import sys

from PySide6.QtCore import Qt

from segstudio.domain.annotation import ImageState
from tests.e2e.play import Scene, Stage


def first_visit(stage: Stage) -> Scene:
    """The demo: paint while a round runs, see the model's masks, approve, close in the middle of a stroke."""
    yield stage.opened
    session = stage.session
    stage.note(
        torch="torch" in sys.modules,
        images=len(session.records),
        approved=session.approved_count,
        project=str(session.folder),
    )
    yield lambda: session.document.prediction_round == 0
    stage.screenshot("starters-mask")
    stage.note(origin=session.document.mask_origin, before=stage.dice())
    yield lambda: session.rounds.status.phase == "training"
    painted = session.current_id
    stage.stroke((100, 100), (180, 130), (260, 120))
    stage.note(painted=painted, seen=stage.segment_at(180, 130), training_while_painting=session.rounds.busy)
    yield stage.saved
    stage.key(Qt.Key.Key_N)
    yield lambda: stage.opened() and session.current_id != painted
    shown = session.current_id
    stage.note(shown=shown)
    yield lambda: session.document.prediction_round == 1
    stage.screenshot("better-mask")
    stage.note(after_round=stage.dice(), origin_after=session.document.mask_origin)
    yield lambda: sum(record.state is ImageState.PREDICTED for record in session.records) >= 3
    # The round's mask has just come, and a person would look at it.
    yield lambda: stage.window.canvas.mask_age_ms > 1000
    stage.key(Qt.Key.Key_A)
    yield lambda: stage.opened() and session.current_id != shown
    stage.note(approved_after=session.approved_count)
    session.open_image(painted)
    yield lambda: stage.opened() and session.current_id == painted
    stage.note(stroke_kept=stage.painted_at(180, 130))
    stage.press(300, 300)
    stage.drag(380, 320)
    stage.note(in_hand=session.editor.in_gesture)
    stage.window.close()
    yield lambda: False


def second_visit(stage: Stage) -> Scene:
    """Everything is there again, and undo still knows its way."""
    yield stage.opened
    session = stage.session
    stage.note(
        current=session.current_id,
        approved=session.approved_count,
        predicted=sum(r.state is ImageState.PREDICTED for r in session.records),
        stroke=stage.painted_at(180, 130),
        stroke_in_hand=stage.painted_at(340, 310),
        rounds=[record.status.value for record in session.rounds.records],
    )
    session.editor.undo()
    session.editor.undo()
    stage.note(undone=stage.painted_at(180, 130), undo_left=session.editor.undo_name)
    session.editor.redo()
    stage.note(redone=stage.painted_at(180, 130))
    yield stage.saved
    stage.window.close()
    yield lambda: False


def killed_in_a_stroke(stage: Stage) -> Scene:
    """Two strokes that were saved, one in hand, a round under way: then the power goes."""
    yield lambda: stage.opened() and stage.session.rounds.status.phase == "training"
    session = stage.session
    stage.stroke((100, 100), (180, 130))
    stage.stroke((400, 300), (420, 320))
    yield stage.saved
    stage.note(project=str(session.folder), image=session.current_id, worker=session._link.ready.pid)
    stage.press(500, 100)
    stage.drag(520, 120)
    assert session.editor.in_gesture
    os.kill(os.getpid(), signal.SIGKILL)
    yield lambda: False


def worker_killed(stage: Stage) -> Scene:
    """The worker is killed in a round: the window says so, stays, and the next round works."""
    yield lambda: stage.opened() and stage.session.rounds.status.phase == "training"
    session = stage.session
    stage.stroke((100, 100), (180, 130))
    first = session._link.ready.pid
    os.kill(first, signal.SIGKILL)
    yield lambda: not session.rounds.busy
    yield lambda: stage.window.canvas_banner.isVisible()
    stage.screenshot("worker-killed")
    stage.note(
        status=session.rounds.records[-1].status.value,
        sentence=session.rounds.records[-1].sentence,
        stroke=stage.segment_at(100, 100),
        visible=stage.window.isVisible(),
    )
    session.rounds.start()
    yield lambda: not session.rounds.busy
    stage.note(
        again=session.rounds.records[-1].status.value,
        another_worker=session._link.ready.pid != first,
        saved=stage.saved(),
    )
    stage.window.close()
    yield lambda: False
