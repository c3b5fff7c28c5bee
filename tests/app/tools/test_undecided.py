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
