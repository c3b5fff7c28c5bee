"""A tool that waits or fails never holds up the program, nor takes what was painted along."""

from __future__ import annotations

import numpy as np
import pytest

from segstudio.app.tools import PointerEvent
from segstudio.app.tools.clean_up import CleanUpProposal


@pytest.mark.parametrize("interrupt", ["approve", "flip", "open_again"])
def test_superpixels_that_are_being_found_arrive_whatever_is_done_meanwhile(rig, interrupt):
    session = rig.new_project(count=1)
    session.editor.set_tool("superpixels")
    assert session.editor.computing
    if interrupt == "approve":
        session.approve()
    elif interrupt == "flip":
        session.clipboard.flip(across=True)  # shows nothing of the segment: nothing to flip
    else:
        session.open_image(session.current_id)
    rig.wait(lambda: session.editor.preview.cells is not None)


def draw_polygon(editor) -> None:
    editor.set_tool("polygon")
    for point in ((10, 10), (60, 10), (40, 50)):
        editor.press(PointerEvent(*point))
        editor.release(PointerEvent(*point))


def propose(editor) -> None:
    editor.change_settings(operation="grow")
    editor.propose(CleanUpProposal())


@pytest.mark.parametrize("show", [draw_polygon, propose])
def test_a_tool_that_fails_when_it_is_left_can_be_left(rig, monkeypatch, caplog, show):
    session = rig.new_project()
    rig.stroke((20, 20), (30, 20))
    before = rig.mask()
    first = session.current_id
    show(session.editor)
    assert session.editor.busy

    def fail(context):
        raise ValueError("a bug in a tool")

    monkeypatch.setattr(session.editor.tool, "leave", fail)
    rig.show(session.records[1].id)
    assert session.current_id == session.records[1].id
    assert not session.editor.busy
    assert not session.editor.proposing
    assert [message for message in rig.messages if message.kind == "trouble"]
    assert "a bug in a tool" in caplog.text
    rig.show(first)
    assert np.array_equal(rig.mask(), before)
    assert session.close()
