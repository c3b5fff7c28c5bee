"""What looks like the mask and is not in it is never approved away."""

from __future__ import annotations

import numpy as np
import pytest

from segstudio.app.tools import PointerEvent
from segstudio.app.tools.clean_up import CleanUpProposal
from segstudio.domain.annotation import ImageState


def paste(rig) -> None:
    rig.session.clipboard.copy()
    rig.session.clipboard.paste()
    rig.session.clipboard.flip(across=True)


def grow(rig) -> None:
    rig.session.editor.change_settings(operation="grow")
    rig.session.editor.propose(CleanUpProposal())


def box(rig) -> None:
    editor = rig.session.editor
    editor.set_tool("grabcut")
    editor.press(PointerEvent(60, 30))
    editor.move(PointerEvent(90, 60))
    editor.release(PointerEvent(90, 60))


@pytest.mark.parametrize("show", [paste, grow, box])
def test_an_image_is_not_approved_while_a_proposal_is_undecided(rig, show):
    session = rig.new_project()
    rig.stroke((20, 20), (30, 20))
    before = rig.mask()
    show(rig)
    assert session.editor.busy
    session.approve()
    assert session.document.image_id == session.records[0].id
    assert session.records[0].state is not ImageState.APPROVED
    assert session.editor.busy, "it is still there to be decided on"
    assert np.array_equal(rig.mask(), before)
    session.editor.abandon()
    session.approve()
    assert session.records[0].state is ImageState.APPROVED


def test_cleaning_up_that_finds_nothing_holds_nothing_up(rig):
    session = rig.new_project()
    rig.stroke((20, 20), (30, 20))
    session.editor.change_settings(operation="fill_holes")
    session.editor.propose(CleanUpProposal())
    rig.wait(lambda: "Nothing to fill" in session.editor.tool_hint)
    session.approve()
    assert session.records[0].state is ImageState.APPROVED


@pytest.mark.parametrize("show", [paste, grow, box])
@pytest.mark.parametrize("go_on", ["image", "tool", "stroke"])
def test_what_is_dropped_because_a_hand_went_on_is_said(rig, show, go_on):
    session = rig.new_project()
    rig.stroke((20, 20), (30, 20))
    show(rig)
    rig.heard.clear()
    if go_on == "image":
        session.step(1)
        rig.wait(lambda: session.loading_id is None)
    elif go_on == "tool":
        session.editor.set_tool("eraser")
    elif session.editor.tool.gives_way:
        rig.stroke((70, 50), (75, 50))
    else:
        session.editor.apply("Something else")
    rig.wait(lambda: any("was not in the mask yet and was dropped" in m.sentence for m in rig.messages))


def test_what_was_decided_on_is_not_said_to_be_dropped(rig):
    session = rig.new_project()
    rig.stroke((20, 20), (30, 20))
    for end in (session.editor.commit, session.editor.abandon):
        paste(rig)
        end()
        session.editor.set_tool("brush")
    rig.settle()
    assert not any("dropped" in message.sentence for message in rig.messages)


@pytest.mark.parametrize("name", ["polygon", "smart_edge"])
def test_an_open_outline_is_not_filled_by_approving(rig, name):
    session = rig.new_project()
    rig.stroke((20, 20), (30, 20))
    before = rig.mask()
    session.editor.set_tool(name)
    for x, y in ((5, 5), (90, 5), (90, 60)):
        session.editor.press(PointerEvent(x, y))
        session.editor.release(PointerEvent(x, y))
    session.approve()
    assert session.records[0].state is not ImageState.APPROVED
    noun = name.replace("_", " ")
    words = f"The open {noun} is not in the mask yet: Enter applies it"
    rig.wait(lambda: any(message.sentence.startswith(words) for message in rig.messages))
    assert np.array_equal(rig.mask(), before)
    rig.heard.clear()
    session.editor.set_tool("brush")
    rig.settle()
    assert not rig.messages, "going on keeps it, and nothing was dropped"
    assert session.editor.undo_name == f"Fill {noun}"
    session.editor.undo()
    session.approve()
    assert session.records[0].state is ImageState.APPROVED


def test_a_shape_that_is_seen_filled_and_one_that_encloses_nothing_hold_nothing_up(rig):
    session = rig.new_project()
    session.editor.set_tool("rectangle")
    rig.stroke((20, 20), (60, 50))
    assert session.editor.busy
    session.approve()
    assert session.records[0].state is ImageState.APPROVED
    rig.settle()
    session.editor.set_tool("polygon")
    rig.stroke((20, 20), (20, 20))
    session.approve()
    assert session.records[1].state is ImageState.APPROVED
