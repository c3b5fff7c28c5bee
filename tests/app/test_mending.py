"""What the worker says while it answers a click."""

from __future__ import annotations

from typing import Any

import numpy as np

from segstudio.app.mending import Mender
from segstudio.app.tools.base import Question
from segstudio.protocol.messages import Mend, Notice
from tests.helpers.studios import StudioRig, approve


def test_what_the_worker_notices_at_a_click_is_told(rig: StudioRig) -> None:
    session = rig.new_project(5)
    session.rounds.automatic = False
    approve(rig, 3)
    session.rounds.start()
    rig.settle()
    rig.workers[-1].holds_clicks = True
    nothing: Any = np.zeros((32, 64, 3), np.uint8)
    mender: Mender = session._mender
    for _ in range(2):
        mender.ask(Question(nothing, nothing, 1, 1.0), 1, lambda _: None, lambda _: None)
    clicks = [message for message in rig.workers[-1].sent if isinstance(message, Mend)]
    rig.heard.clear()
    rig.workers[-1].say(Notice(clicks[-1].job, "Memory is short."))
    rig.wait(lambda: [said.sentence for said in rig.messages] == ["Memory is short."])
    rig.workers[-1].say(Notice(10_000, "Of nobody's."))
    rig.settle()
    assert len(rig.messages) == 1
