"""``A`` means what is seen: whatever is in the way of the mask goes first, and the second ``A`` approves."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt

from segstudio.app.changes import Changes
from segstudio.domain.annotation import ImageState
from segstudio.domain.plane import Plane
from segstudio.ui import approving

Key = Qt.Key


@pytest.fixture
def corrected(rig):
    """An image with a stroke on it."""
    rig.new_project(classes=("lesion", "hair"))
    rig.drag([(30, 30), (50, 30)])
    return rig


def approves(rig) -> bool:
    """Press ``A``; whether that approved."""
    image_id = rig.session.current_id
    rig.key(Key.Key_A)
    return rig.session.record(image_id).state is ImageState.APPROVED


def said(rig) -> str:
    message = rig.window.canvas_banner.message
    return "" if message is None else message.sentence


def hide_all(rig):
    rig.key(Key.Key_V, Qt.KeyboardModifier.ShiftModifier)


def hide_segment(rig):
    rig.session.change_segment(1, hidden=True)


def make_faint(rig):
    rig.window.seeing.set(style="fill")
    rig.session.set_overlay_opacity(0.0)


def make_segment_faint(rig):
    rig.window.seeing.set(style="fill")
    rig.session.change_segment(1, opacity=0.0)


@pytest.mark.parametrize("hide", [hide_all, hide_segment, make_faint, make_segment_faint])
def test_a_mask_that_was_hidden_is_shown_before_it_is_approved(corrected, hide):
    rig = corrected
    hide(rig)
    rig.settle()
    assert not approves(rig)
    assert "approve again" in said(rig)
    assert rig.canvas.mask_shown
    segment = rig.session.table[1]
    assert not segment.hidden
    assert segment.opacity * rig.session.overlay_opacity > 0.05
    assert approves(rig)


def test_a_hidden_segment_that_the_mask_lacks_is_nobodys_concern(corrected):
    corrected.session.change_segment(2, hidden=True)
    assert approves(corrected)
    assert corrected.session.table[2].hidden


@pytest.mark.parametrize("key", [Key.Key_V, Key.Key_Space, Key.Key_D])
def test_nothing_is_approved_while_a_key_shows_something_else(corrected, key):
    rig = corrected
    rig.qtbot.keyPress(rig.canvas, key)
    assert not approves(rig)
    assert "Let go of it" in said(rig)
    rig.let_go(key)
    assert approves(rig)


def test_a_mask_that_the_model_renewed_under_the_eye_has_to_be_looked_at(rig, monkeypatch):
    rig.new_project()
    document = rig.session.document
    document.set_prediction(Plane.from_array(np.ones((document.height, document.width), np.uint16), 0), 1)
    rig.window._on_changes(Changes(pixels=document.bounds, better_mask=True, history=True))
    assert not approves(rig)
    assert "just renewed" in said(rig)
    monkeypatch.setattr(approving, "LOOK_MS", 0)
    assert approves(rig)


def test_another_image_was_not_renewed(rig):
    rig.new_project()
    document = rig.session.document
    document.set_prediction(Plane.from_array(np.ones((document.height, document.width), np.uint16), 0), 1)
    rig.window._on_changes(Changes(pixels=document.bounds, better_mask=True, history=True))
    rig.open(1)
    assert approves(rig)


def test_a_second_a_that_comes_before_the_next_image_was_looked_at_approves_nothing(rig, monkeypatch):
    rig.new_project()
    assert approves(rig)
    rig.wait(lambda: rig.session.loading_id is None)
    # The next image is there, and not painted yet.
    rig.session.open_image(rig.session.records[2].id)
    painted = rig.canvas.paint_over
    monkeypatch.setattr(rig.canvas, "paint_over", lambda painter, part: None)
    rig.wait(lambda: rig.session.loading_id is None and rig.canvas.ready)
    assert not approves(rig)
    assert said(rig) == f"{rig.session.records[2].name} has only just come up. Look at it, then approve again."
    monkeypatch.setattr(rig.canvas, "paint_over", painted)
    rig.canvas.update()
    rig.settle()
    # It is painted, but no eye was that quick.
    monkeypatch.setattr(approving, "GLANCE_MS", 60_000)
    assert not approves(rig)
    rig.open(3)
    assert said(rig) == ""  # of this one it is not true
    monkeypatch.setattr(approving, "GLANCE_MS", 0)
    assert approves(rig)


def test_a_rejected_image_is_used_again_before_it_is_approved(corrected):
    rig = corrected
    image_id = rig.session.current_id
    rig.session.review.reject("blurred")
    rig.settle()
    rig.session.open_image(image_id)
    rig.settle()
    assert not approves(rig)
    assert rig.session.record(image_id).rejected == "blurred"
    message = rig.window.canvas_banner.message
    assert "(blurred)" in message.sentence
    message.on_action()
    assert rig.session.record(image_id).rejected is None
    assert approves(rig)


def test_what_is_hidden_is_written_on_the_canvas(corrected):
    rig, legend = corrected, corrected.canvas.legend

    def words():
        return [line for _, line in legend.lines] if legend.isVisible() else []

    assert words() == []
    hide_segment(rig)
    rig.wait(lambda: words() == ["Hidden: lesion"])
    hide_all(rig)
    assert words() == ["The mask is hidden: Shift+V shows it"]
    rig.qtbot.keyPress(rig.canvas, Key.Key_V)
    assert "hidden" not in " ".join(words())
    rig.let_go(Key.Key_V)
    hide_all(rig)
    assert words() == ["Hidden: lesion"]
    rig.session.change_segment(1, hidden=False)
    rig.wait(lambda: words() == [])


def test_an_approved_image_is_left_without_being_shown(corrected):
    rig = corrected
    image_id = rig.session.current_id
    assert approves(rig)
    rig.settle()
    rig.session.open_image(image_id)
    rig.settle()
    hide_all(rig)
    rig.key(Key.Key_A)
    rig.wait(lambda: rig.session.current_id != image_id)
    assert not rig.canvas.mask_shown


def test_an_empty_mask_hides_nothing(rig):
    rig.new_project()
    hide_all(rig)
    assert approves(rig)
