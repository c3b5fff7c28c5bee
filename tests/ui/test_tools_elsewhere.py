"""Masks that come from elsewhere, with real keys and a real mouse: copied, flipped, given back, carried over."""

import numpy as np
from PySide6.QtCore import Qt

from segstudio.app.new_project import NewProject
from segstudio.domain.patch import Patch
from segstudio.formats.dataset import FoundImage
from tests.helpers.videos import disk, write_frames
from tests.ui.test_seeing import say

CTRL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier


def test_copy_paste_drag_and_take(rig):
    session = rig.new_project(classes=("lesion", "ruler"))
    rig.drag([(20, 20), (30, 20)])
    copied = rig.mask()
    rig.key(Qt.Key.Key_C, CTRL)
    rig.wait(lambda: rig.window.canvas_banner.message is not None)
    assert "Copied" in rig.window.canvas_banner.message.sentence
    rig.key(Qt.Key.Key_N)
    rig.settle()
    rig.key(Qt.Key.Key_V, CTRL)
    assert rig.editor.proposing
    assert not rig.mask().any()
    rig.wait(lambda: rig.canvas.cursor().shape() == Qt.CursorShape.SizeAllCursor)
    rig.drag([(25, 20), (30, 25), (45, 30)])
    assert not rig.mask().any()
    rig.key(Qt.Key.Key_Return)
    assert not rig.editor.proposing
    expected = np.zeros_like(copied)
    expected[10:, 20:] = copied[:-10, :-20]
    assert np.array_equal(rig.mask(), expected)
    rig.key(Qt.Key.Key_Z, CTRL)
    assert not rig.mask().any()
    assert session.editor.redo_name == "Paste"


def test_shift_f_flips_the_piece_or_the_segment_in_hand(rig):
    rig.new_project()
    rig.drag([(20, 20), (50, 20), (50, 40)])
    before = rig.mask()
    rig.key(Qt.Key.Key_F, SHIFT)
    assert rig.editor.proposing
    rig.key(Qt.Key.Key_F, SHIFT)
    rig.key(Qt.Key.Key_Return)
    assert np.array_equal(rig.mask(), before), "flipped twice is as it was"
    rig.key(Qt.Key.Key_F, CTRL | SHIFT)
    rig.key(Qt.Key.Key_Return)
    rows, columns = np.flatnonzero(before.any(1)), np.flatnonzero(before.any(0))
    box = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    expected = np.zeros_like(before)
    expected[box] = before[box][::-1]
    assert np.array_equal(rig.mask(), expected)


def test_escape_and_another_image_drop_a_paste(rig):
    rig.new_project()
    rig.drag([(20, 20), (30, 20)])
    rig.key(Qt.Key.Key_C, CTRL | SHIFT)
    rig.key(Qt.Key.Key_N)
    rig.settle()
    rig.key(Qt.Key.Key_V, CTRL)
    rig.drag([(25, 20), (45, 30)])
    rig.key(Qt.Key.Key_Escape)
    assert not rig.editor.proposing
    rig.key(Qt.Key.Key_V, CTRL)
    rig.key(Qt.Key.Key_N)
    rig.settle()
    rig.key(Qt.Key.Key_PageUp)
    rig.settle()
    assert not rig.editor.proposing
    assert not rig.mask().any()
    assert rig.editor.undo_name == ""


def test_reset_is_in_the_menu_and_its_message_goes_with_the_image(rig):
    session = rig.new_project()
    actions = rig.window.actions_table.by_id
    assert not actions["reset_image"].isEnabled()
    rig.drag([(20, 20), (30, 20)])
    painted = rig.mask()
    rig.wait(actions["reset_image"].isEnabled)
    assert actions["reset_image"].text() == "Clear mask"
    assert not actions["reset_segment"].isEnabled()
    actions["reset_image"].trigger()
    assert not rig.mask().any()
    banner = rig.window.canvas_banner
    rig.wait(lambda: banner.message is not None and banner.message.key == "reset")
    rig.qtbot.mouseClick(banner.action, Qt.MouseButton.LeftButton)
    assert np.array_equal(rig.mask(), painted)
    rig.wait(actions["reset_image"].isEnabled)
    actions["reset_image"].trigger()
    rig.wait(lambda: banner.message is not None and banner.message.key == "reset")
    session.step(1)
    rig.settle()
    assert banner.message is None


def test_a_segment_is_reset_to_the_models_mask_and_undo_takes_the_sentence_along(rig):
    rig.new_project(classes=("lesion", "hair"))
    say(rig, (20, 20, 60, 50))
    models = rig.mask()
    rig.drag([(10, 10), (40, 10)])
    rig.key(Qt.Key.Key_2)
    rig.drag([(30, 40), (80, 40)])
    painted = rig.mask()
    action, banner = rig.window.actions_table.by_id["reset_segment"], rig.window.canvas_banner
    rig.wait(action.isEnabled)
    action.trigger()
    assert np.array_equal(rig.mask(), np.where(painted == 2, models, painted))
    rig.wait(lambda: banner.message is not None and "“hair”" in banner.message.sentence)
    undo(rig)
    assert np.array_equal(rig.mask(), painted)
    rig.wait(lambda: banner.message is None)
    rig.key(Qt.Key.Key_1)
    action.trigger()
    # What is hair where the model saw the lesion is the lesion's too.
    assert np.array_equal(rig.mask(), np.where((painted == 1) | (models == 1), models, painted))
    rig.wait(lambda: banner.message is not None and "“lesion”" in banner.message.sentence)
    rig.qtbot.mouseClick(banner.action, Qt.MouseButton.LeftButton)
    assert np.array_equal(rig.mask(), painted)


def test_an_area_is_reset_to_the_models_mask(rig):
    rig.new_project(classes=("lesion", "hair"))
    say(rig, (20, 20, 60, 50))
    models = rig.mask()
    rig.key(Qt.Key.Key_2)
    rig.drag([(10, 30), (85, 30)])
    painted = rig.mask()
    rig.key(Qt.Key.Key_R)
    rig.qtbot.mouseClick(rig.window.tool.rows["effect"].button("restore"), Qt.MouseButton.LeftButton)
    rig.drag([(40, 10), (70, 55)])
    rig.key(Qt.Key.Key_Return)
    given_back = (rig.mask() != painted).any(0).nonzero()[0]
    inside = np.zeros(painted.shape, bool)
    inside[10:56, given_back[0] : given_back[-1] + 1] = True
    assert abs(given_back[0] - 40) <= 1
    assert abs(given_back[-1] - 70) <= 1
    assert np.array_equal(rig.mask(), np.where(inside, models, painted))
    assert rig.editor.undo_name == "Bring the model's mask back"
    undo(rig)
    assert np.array_equal(rig.mask(), painted)


def undo(rig):
    rig.wait(rig.window.actions_table.by_id["undo"].isEnabled)
    rig.key(Qt.Key.Key_Z, CTRL)


def video_project(rig, count=3):
    found = tuple(FoundImage(path, None) for path in write_frames(rig.folder / "frames", count))
    rig.studio.new_project(NewProject(rig.folder / "video.segstudio", found, ("person",), "none"))
    rig.wait(lambda: rig.studio.session is not None)
    settle(rig)
    document = rig.session.document
    rig.editor.apply("Paint", Patch(document.bounds, disk(1), 1))
    return rig.session


def settle(rig):
    rig.settle()
    rig.wait(lambda: not rig.session.carrying.busy)


def test_after_approving_the_mask_comes_along_and_one_key_takes_it(rig):
    session = video_project(rig)
    rig.key(Qt.Key.Key_A)
    settle(rig)
    assert session.current_id == session.records[1].id
    assert session.carrying.shown
    assert not rig.mask().any()
    rig.wait(lambda: "Enter or J applies it" in rig.window.status.hint.toolTip() + rig.window.status.hint.text())
    rig.key(Qt.Key.Key_J)
    carried = rig.mask() == 1
    assert (carried & disk(2)).sum() / (carried | disk(2)).sum() > 0.9
    rig.key(Qt.Key.Key_A)
    settle(rig)
    assert session.current_id == session.records[2].id
    rig.key(Qt.Key.Key_Return)
    carried = rig.mask() == 1
    assert (carried & disk(3)).sum() / (carried | disk(3)).sum() > 0.85
    rig.wait(rig.window.actions_table.by_id["undo"].isEnabled)
    rig.key(Qt.Key.Key_Z, CTRL)
    assert not rig.mask().any()


def test_a_stroke_of_the_mouse_is_not_swallowed_by_what_was_carried_over(rig):
    video_project(rig)
    rig.key(Qt.Key.Key_A)
    settle(rig)
    assert rig.editor.proposing
    rig.drag([(20, 20), (30, 20)])
    assert not rig.editor.proposing
    assert rig.mask()[20, 25] == 1
    assert not rig.mask()[50:].any()
    rig.key(Qt.Key.Key_J)
    settle(rig)
    assert rig.editor.proposing
    rig.key(Qt.Key.Key_J)
    assert rig.mask()[20, 25] == 1
    assert rig.mask()[60, 58] == 1


def test_escape_drops_it_and_switching_off_leaves_frames_alone(rig):
    session = video_project(rig)
    actions = rig.window.actions_table.by_id
    assert actions["carry_by_itself"].isChecked()
    rig.key(Qt.Key.Key_A)
    settle(rig)
    rig.key(Qt.Key.Key_Escape)
    assert not rig.editor.proposing
    assert not rig.mask().any()
    rig.key(Qt.Key.Key_J)
    settle(rig)
    assert rig.editor.proposing
    rig.key(Qt.Key.Key_PageUp)
    settle(rig)
    actions["carry_by_itself"].trigger()
    assert not actions["carry_by_itself"].isChecked()
    rig.key(Qt.Key.Key_N)
    settle(rig)
    assert not rig.editor.proposing
    assert session.carrying.offer == "J carries over the mask of walk_00001"
    assert rig.editor.undo_name == ""
