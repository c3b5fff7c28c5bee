"""What is shown besides the mask, by keys that are held and by choices that stay."""

import time
from types import SimpleNamespace

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, Qt
from PySide6.QtGui import QFocusEvent, QFont
from PySide6.QtWidgets import QApplication, QWidget

from segstudio.app.changes import Changes
from segstudio.domain.plane import Plane
from segstudio.ui.action_table import ACTIONS
from segstudio.ui.canvas.holds import HELD_MS, HOLDS
from segstudio.ui.canvas.legend import Legend, doubt_legend
from segstudio.ui.canvas.loupe import RADIUS, Loupe
from segstudio.ui.canvas.seeing import Seeing, Sight
from segstudio.ui.canvas.ticks import number_text, round_step, steps_between
from segstudio.ui.dialogs.scale import ScaleDialog
from segstudio.ui.dialogs.shortcuts import ShortcutSheet
from tests.app.test_seeing import write_deep
from tests.ui.golden import assert_golden, grabbed

Key = Qt.Key
pytestmark = pytest.mark.qt_log_ignore("does not support propagateSizeHints", extend=True)


def say(rig, box=(20, 20, 60, 50)):
    """Let the model have said that a box is the lesion."""
    document = rig.session.document
    said = np.zeros((document.height, document.width), np.uint16)
    said[box[1] : box[3], box[0] : box[2]] = 1
    sure = np.full((8, 8), 204, np.uint8)
    document.set_prediction(Plane.from_array(said, 0), 1, sure)
    rig.window._on_changes(Changes(pixels=document.bounds, history=True))


def turn(rig):
    rig.qtbot.wait(20)
    QApplication.processEvents()


def color(rig, x, y, view=None):
    view = view or rig.canvas
    at = view.to_widget(x + 0.5, y + 0.5).toPoint()
    return tuple(int(v) for v in grabbed(view, QRect(at, at))[0, 0])


# ---- keys that are held ---------------------------------------------------------------------------------------------


@pytest.fixture
def corrected(rig):
    """The model said a box; a stroke was painted beside it."""
    rig.new_project()
    say(rig)
    rig.editor.change_settings(radius=4)
    rig.drag([(80, 20), (80, 40)])
    turn(rig)
    rig.qtbot.mouseMove(rig.canvas, QPoint(2, 2))
    return rig


BOX, STROKE, NEITHER = (40, 35), (80, 30), (8, 8)


def test_space_shows_the_bare_image_while_it_is_held(corrected):
    rig = corrected
    before = [color(rig, *place) for place in (BOX, STROKE, NEITHER)]
    bare = [tuple(int(v) for v in rig.session.document.pixels[y, x]) for x, y in (BOX, STROKE)]
    rig.qtbot.keyPress(rig.canvas, Key.Key_Space)
    assert [color(rig, *place) for place in (BOX, STROKE)] == bare
    rig.let_go(Key.Key_Space)
    assert [color(rig, *place) for place in (BOX, STROKE, NEITHER)] == before
    assert before[:2] != bare


def test_dragging_with_space_moves_the_image(rig):
    rig.new_project()
    rig.canvas.zoom_to(20.0)
    before = rig.canvas.to_image(QPointF(100, 100))
    rig.qtbot.keyPress(rig.canvas, Key.Key_Space)
    rig.qtbot.mousePress(rig.canvas, Qt.MouseButton.LeftButton, pos=QPoint(100, 100))
    rig.qtbot.mouseMove(rig.canvas, QPoint(140, 120))
    rig.qtbot.mouseRelease(rig.canvas, Qt.MouseButton.LeftButton, pos=QPoint(140, 120))
    rig.let_go(Key.Key_Space)
    assert rig.canvas.to_image(QPointF(140, 120)) == pytest.approx(before, abs=0.1)
    assert not rig.mask().any()


def test_v_shows_the_models_mask_alone(corrected):
    rig = corrected
    bare = tuple(int(v) for v in rig.session.document.pixels[STROKE[1], STROKE[0]])
    with_mask = color(rig, *BOX)
    rig.qtbot.keyPress(rig.canvas, Key.Key_V)
    assert color(rig, *STROKE) == bare
    assert color(rig, *BOX) == with_mask
    assert rig.canvas.legend.isVisible()
    assert rig.canvas.legend.lines == ((None, "The model's mask"),)
    rig.let_go(Key.Key_V)
    assert color(rig, *STROKE) != bare
    assert not rig.canvas.legend.isVisible()
    assert rig.canvas.mask_shown


def test_a_line_of_a_legend_stays_a_line(qapp, theme):
    over = QWidget()
    legend = Legend(theme, over)
    document = SimpleNamespace(confidence=np.zeros((1, 1), np.uint8), veiled=False)
    for line in doubt_legend(document):
        for points in np.arange(7, 14, 0.25):
            font = QFont(legend.font())
            font.setPointSizeF(float(points))
            legend.setFont(font)
            legend.show_lines(())
            legend.show_lines((line,))
            narrow = grabbed(legend, legend.rect())
            legend.resize(legend.width() + 200, legend.height())
            wide = grabbed(legend, legend.rect())
            assert np.array_equal(narrow[:, 34:-12], wide[:, 34 : narrow.shape[1] - 12]), points


def test_d_shows_what_was_corrected_with_a_legend(corrected):
    rig = corrected
    bare = tuple(int(v) for v in rig.session.document.pixels[BOX[1], BOX[0]])
    rig.qtbot.keyPress(rig.canvas, Key.Key_D)
    assert color(rig, *BOX) == bare
    assert len(rig.canvas.legend.lines) == 3
    assert_golden("held_difference", grabbed(rig.canvas, rig.canvas.legend.geometry()))
    rig.let_go(Key.Key_D)
    assert not rig.canvas.legend.isVisible()


def test_doubt_says_what_its_colours_mean_or_that_there_is_none_yet(rig):
    rig.new_project()
    rig.key(Key.Key_I)
    rig.wait(rig.canvas.legend.isVisible)
    assert "not said yet" in rig.canvas.legend.lines[0][1]
    say(rig)
    rig.window._on_changes(Changes(pixels=rig.session.document.bounds, better_mask=True))
    assert [words for _, words in rig.canvas.legend.lines] == [
        "The model is as likely wrong as right",
        "It is not quite sure",
    ]
    assert_golden("doubt_legend", grabbed(rig.canvas, rig.canvas.legend.geometry()))
    rig.qtbot.keyPress(rig.canvas, Key.Key_Space)
    assert not rig.canvas.legend.isVisible()
    rig.let_go(Key.Key_Space)
    assert rig.canvas.legend.isVisible()
    rig.key(Key.Key_I)
    rig.wait(lambda: not rig.canvas.legend.isVisible())


def test_without_a_models_mask_the_legend_says_so(rig):
    rig.new_project()
    for key in (Key.Key_V, Key.Key_D):
        rig.qtbot.keyPress(rig.canvas, key)
        assert "no mask of this image yet" in rig.canvas.legend.lines[0][1]
        rig.let_go(key)


def test_of_two_keys_the_last_one_counts(corrected):
    rig = corrected
    rig.qtbot.keyPress(rig.canvas, Key.Key_V)
    rig.qtbot.keyPress(rig.canvas, Key.Key_D)
    assert rig.canvas.look.source == "difference"
    rig.let_go(Key.Key_D)
    assert rig.canvas.look.source == "prediction"
    rig.let_go(Key.Key_V)
    assert rig.canvas.look.source == "mask"


@pytest.mark.parametrize("hold", HOLDS, ids=lambda hold: hold.name)
def test_a_key_that_is_let_go_elsewhere_comes_up(rig, hold):
    rig.new_project()
    before = rig.editor.tool_name
    rig.qtbot.keyPress(rig.canvas, hold.key)
    rig.qtbot.wait(HELD_MS + 30)
    QApplication.sendEvent(rig.canvas, QFocusEvent(QEvent.Type.FocusOut))
    assert (rig.canvas.look.source, rig.canvas.bare) == ("mask", False)
    assert rig.editor.tool_name == before
    rig.let_go(hold.key)


def repeat(rig, key):
    """As X11 tells of it, when Qt does not see through it."""
    rig.qtbot.keyRelease(rig.canvas, key)
    rig.qtbot.keyPress(rig.canvas, key)


@pytest.mark.parametrize("hold", HOLDS, ids=lambda hold: hold.name)
def test_a_key_that_repeats_stays_down_all_the_while(rig, hold, monkeypatch):
    rig.new_project()
    before, heard = rig.editor.tool_name, []
    rig.qtbot.keyPress(rig.canvas, hold.key)
    monkeypatch.setattr(rig.canvas, "set_look", lambda *look: heard.append(look))
    tool = rig.editor.tool_name
    for _ in range(3):
        repeat(rig, hold.key)
        rig.qtbot.wait(HELD_MS // 3 + 10)
        assert rig.canvas.held.is_down(hold.key)
    assert not heard, "nothing flickers"
    assert rig.editor.tool_name == tool
    rig.let_go(hold.key)
    assert rig.editor.tool_name == before
    assert bool(heard) == (hold.key != Key.Key_X)


def test_hiding_the_mask_has_a_key_of_its_own(corrected):
    rig = corrected
    shown = color(rig, *BOX)
    rig.key(Key.Key_V, Qt.KeyboardModifier.ShiftModifier)
    assert not rig.canvas.mask_shown
    hidden = color(rig, *BOX)
    rig.qtbot.keyPress(rig.canvas, Key.Key_V)
    assert color(rig, *BOX) == shown
    rig.let_go(Key.Key_V)
    assert color(rig, *BOX) == hidden != shown


def test_every_held_key_is_on_the_sheet_and_none_is_taken_twice(rig):
    rig.new_project()
    rig.window.commands.show_shortcuts()
    sheet = rig.window.findChild(ShortcutSheet)
    words = {found.text() for found in sheet.findChildren(type(rig.window.status.zoom))}
    assert all(hold.text in words and hold.name in words for hold in HOLDS)
    sheet.close()
    keys = {key: row.id for row in ACTIONS for key in row.keys}
    assert {hold.name: keys.get(hold.name) for hold in HOLDS if hold.name in keys} == {"X": "superpixels"}


# ---- the tool that is lent ------------------------------------------------------------------------------------------


def test_a_tap_on_x_keeps_the_superpixels(rig):
    rig.new_project()
    rig.key(Key.Key_X)
    assert rig.editor.tool_name == "superpixels"


def test_a_tap_on_x_is_one_also_while_the_window_has_no_time(rig):
    rig.new_project()
    rig.qtbot.keyPress(rig.canvas, Key.Key_X)
    rig.qtbot.keyRelease(rig.canvas, Key.Key_X)
    time.sleep((HELD_MS + 30) / 1000)
    rig.wait(lambda: not rig.canvas.held.is_down(Key.Key_X))
    assert rig.editor.tool_name == "superpixels"


def test_x_held_long_gives_the_tool_before_back(rig):
    rig.new_project()
    rig.key(Key.Key_E)
    rig.qtbot.keyPress(rig.canvas, Key.Key_X)
    assert rig.editor.tool_name == "superpixels"
    rig.qtbot.wait(HELD_MS + 30)
    rig.let_go(Key.Key_X)
    assert rig.editor.tool_name == "eraser"


def test_x_used_while_it_is_held_gives_the_tool_back_at_the_end_of_the_stroke(rig):
    rig.new_project()
    rig.qtbot.keyPress(rig.canvas, Key.Key_X)
    rig.drag([(40, 30), (44, 30)], release=False)
    rig.let_go(Key.Key_X)
    assert rig.editor.tool_name == "superpixels"
    rig.qtbot.mouseRelease(rig.canvas, Qt.MouseButton.LeftButton, pos=rig.at(44, 30))
    assert rig.editor.tool_name == "brush"


def test_x_let_go_in_a_stroke_that_is_given_up_gives_the_tool_back_at_once(rig):
    rig.new_project()
    rig.qtbot.keyPress(rig.canvas, Key.Key_X)
    rig.drag([(40, 30), (44, 30)], release=False)
    rig.let_go(Key.Key_X)
    rig.key(Key.Key_Escape)
    assert rig.editor.tool_name == "brush"
    rig.qtbot.mouseRelease(rig.canvas, Qt.MouseButton.LeftButton, pos=rig.at(44, 30))
    assert rig.editor.tool_name == "brush"


def test_a_tool_that_is_chosen_while_x_is_held_stays(rig):
    rig.new_project()
    rig.qtbot.keyPress(rig.canvas, Key.Key_X)
    rig.editor.set_tool("eraser")
    rig.qtbot.wait(HELD_MS + 30)
    rig.let_go(Key.Key_X)
    assert rig.editor.tool_name == "eraser"


# ---- choices that stay ----------------------------------------------------------------------------------------------


def test_choices_are_kept_for_this_computer_but_tones_are_not(rig):
    rig.new_project()
    for name in ("outline", "hatched", "doubt", "loupe", "grid", "rulers", "local_contrast"):
        rig.window.actions_table.by_id[name].trigger()
    sight = rig.window.seeing.sight
    assert (sight.style, sight.hatched, sight.doubt, sight.loupe, sight.grid, sight.rulers) == ("outline", *[True] * 5)
    assert rig.canvas.look.style == "outline"
    assert rig.canvas.look.tone.local_contrast
    again = Seeing(rig.settings)
    assert again.sight == sight
    assert again.tone(None).is_neutral
    rig.studio.close_project()
    rig.wait(lambda: rig.studio.session is None)
    turn(rig)
    assert rig.window.seeing.tone(None).is_neutral


def test_kept_choices_that_cannot_be_understood_are_as_at_first():
    assert Sight.from_kept({"style": "purple", "grid": 3, "loupe": True, "more": 1}) == Sight(loupe=True)
    assert Sight.from_kept("nonsense") == Sight()


def test_keys_and_menu_say_the_same(rig):
    rig.new_project()
    keys = {"doubt": Key.Key_I, "loupe": Key.Key_Z, "local_contrast": Key.Key_C, "compare": Key.Key_Y}
    for name, key in keys.items():
        action = rig.window.actions_table.by_id[name]
        assert not action.isChecked()
        rig.key(key)
        assert action.isChecked(), name
        rig.key(key)
        assert not action.isChecked(), name


def test_doubt_is_drawn_where_the_model_is_unsure(rig):
    rig.new_project()
    say(rig)
    document = rig.session.document
    document.confidence = np.full((document.height, document.width), 255, np.uint8)
    document.confidence[:, : document.width // 2] = 60
    rig.window._on_changes(Changes(pixels=document.bounds, better_mask=True))
    rig.settle()
    before = color(rig, 10, 60), color(rig, 90, 60)
    rig.key(Key.Key_I)
    after = color(rig, 10, 60), color(rig, 90, 60)
    assert after[0] != before[0]
    assert after[1] == before[1]


def test_the_grid_appears_by_itself_above_800_percent(rig):
    rig.new_project()
    rig.qtbot.mouseMove(rig.canvas, QPoint(2, 2))
    rig.canvas.zoom_to(7.0)
    smooth = grabbed(rig.canvas, QRect(rig.at(40, 30), rig.at(43, 33)))
    rig.canvas.show_middle(40.0, 30.0, 16.0)
    corner = rig.canvas.to_widget(40, 30).toPoint()
    square = grabbed(rig.canvas, QRect(corner, corner + QPoint(15, 15)))
    inner = square[2:-2, 2:-2].reshape(-1, 3)
    assert (inner == inner[0]).all()
    assert (square[0] != inner[0]).any()
    assert smooth.size


def test_the_grid_stands_at_round_distances(rig):
    rig.new_project(size=(400, 300))
    rig.qtbot.mouseMove(rig.canvas, QPoint(2, 2))
    rig.canvas.zoom_fit()
    plain = grabbed(rig.canvas, rig.canvas.rect())
    rig.window.actions_table.by_id["grid"].trigger()
    turn(rig)
    lined = grabbed(rig.canvas, rig.canvas.rect())
    changed = (plain != lined).any(axis=2)
    columns = np.flatnonzero(changed.mean(axis=0) > 0.5)
    first = round(rig.canvas.to_widget(50, 0).x())
    assert first in columns
    assert round(rig.canvas.to_widget(100, 0).x()) in columns
    assert round(rig.canvas.to_widget(75, 0).x()) not in columns


@pytest.mark.parametrize(
    ("least", "step"), [(0.7, 1.0), (1.0, 1.0), (1.01, 2.0), (3.0, 5.0), (64, 100.0), (0.03, 0.05), (0.1, 0.1)]
)
def test_steps_are_round(least, step):
    assert round_step(least) == pytest.approx(step)


def test_ticks_and_their_numbers():
    assert list(steps_between(-2.5, 7.5, 2.5)) == [-1, 0, 1, 2, 3]
    assert [number_text(n * 0.05, 0.05) for n in range(3)] == ["0.00", "0.05", "0.10"]
    assert number_text(-0.0, 5) == "0"


# ---- loupe and navigator --------------------------------------------------------------------------------------------


def test_the_loupe_is_never_under_the_pointer_and_stays_in_sight():
    area = QRect(0, 0, 700, 600)
    for x in range(0, 700, 35):
        for y in range(0, 600, 35):
            middle = Loupe.place(QPointF(x, y), area)
            assert np.hypot(middle.x() - x, middle.y() - y) > RADIUS + 20
            assert area.contains(Loupe.bounds(middle).adjusted(4, 4, -4, -4))


def test_the_loupe_shows_pixels_as_squares_with_their_mask(rig):
    rig.new_project(size=(400, 300))
    rig.editor.change_settings(radius=2)
    rig.drag([(200, 150), (203, 150)])
    rig.window.seeing.set(loupe=True)
    place = rig.at(201, 150)
    rig.qtbot.mouseMove(rig.canvas, place)
    turn(rig)
    middle = Loupe.place(QPointF(place), rig.canvas.rect()).toPoint()
    shown = grabbed(rig.canvas, QRect(middle - QPoint(RADIUS, RADIUS), middle + QPoint(RADIUS, RADIUS)))
    rig.window.seeing.set(loupe=False)
    turn(rig)
    without = grabbed(rig.canvas, QRect(middle - QPoint(RADIUS, RADIUS), middle + QPoint(RADIUS, RADIUS)))
    changed = (shown != without).any(axis=2)
    assert changed[RADIUS, RADIUS]
    assert not changed[:8, :8].any()
    assert_golden("loupe", shown)


def test_a_stroke_shows_in_the_loupe_at_once(rig):
    rig.new_project(size=(400, 300))
    rig.window.seeing.set(loupe=True)
    rig.editor.change_settings(radius=3)
    renderer = rig.canvas._loupe.renderer
    marked = []
    original = renderer.mask_changed
    renderer.mask_changed = lambda rect: marked.append(rect) or original(rect)
    rig.drag([(100, 100), (104, 100)])
    turn(rig)
    assert marked


def test_the_navigator_comes_when_the_image_does_not_fit_and_moves_it(rig):
    rig.new_project(size=(400, 300))
    navigator = rig.canvas.navigator
    assert not navigator.isVisible()
    rig.canvas.zoom_to(8.0)
    assert navigator.isVisible()
    scale = rig.canvas.view.scale
    size = navigator.size()
    rig.qtbot.mousePress(navigator, Qt.MouseButton.LeftButton, pos=QPoint(size.width() // 4, size.height() // 4))
    rig.qtbot.mouseMove(navigator, QPoint(size.width() * 3 // 4, size.height() // 2))
    rig.qtbot.mouseRelease(navigator, Qt.MouseButton.LeftButton, pos=QPoint(size.width() * 3 // 4, size.height() // 2))
    assert rig.canvas.middle == pytest.approx((300, 150), abs=3)
    assert rig.canvas.view.scale == scale
    assert not rig.mask().any()
    frame = navigator.frame
    assert frame.center().x() == pytest.approx(size.width() * 0.75, abs=2)
    rig.window.actions_table.by_id["navigator"].trigger()
    assert not navigator.isVisible()
    rig.canvas.zoom_to(9.0)
    assert not navigator.isVisible()


# ---- rulers, scale, readout -----------------------------------------------------------------------------------------


def test_rulers_stand_at_the_edges_in_pixels_or_millimetres(rig):
    rig.new_project(size=(400, 300))
    ruler = rig.window.stage.rulers[0]
    assert not ruler.isVisible()
    rig.window.actions_table.by_id["rulers"].trigger()
    turn(rig)
    assert ruler.isVisible()
    assert ruler.width() == rig.canvas.width()
    where = {text: place for place, text in ruler.numbers()}
    assert where["100"] == pytest.approx(rig.canvas.to_widget(100, 0).x(), abs=1)
    rig.session.scale.set(0.1)
    rig.wait(lambda: rig.window.stage.unit.text() == "mm")
    where = {text: place for place, text in ruler.numbers()}
    assert where["10"] == pytest.approx(rig.canvas.to_widget(100, 0).x(), abs=1)
    rig.qtbot.mouseClick(rig.window.stage.unit, Qt.MouseButton.LeftButton)
    assert rig.window.stage.unit.text() == "px"
    assert "100" in {text for _, text in ruler.numbers()}


def test_the_scale_is_asked_for_in_kind_words(rig):
    rig.new_project()
    rig.window.actions_table.by_id["scale"].trigger()
    dialog = rig.window.findChild(ScaleDialog)
    assert not dialog.keep.isEnabled()
    dialog.pixels.setValue(80)
    dialog.millimetres.setValue(4)
    assert "0.05 mm" in dialog.result_line.text()
    rig.qtbot.mouseClick(dialog.keep, Qt.MouseButton.LeftButton)
    assert rig.session.scale.mm_per_px == pytest.approx(0.05)
    rig.window.commands.set_scale()
    dialog = rig.window.findChildren(ScaleDialog)[-1]
    assert dialog.mm_per_px == pytest.approx(0.05)
    rig.qtbot.mouseClick(dialog.forget, Qt.MouseButton.LeftButton)
    assert rig.session.scale.mm_per_px is None


def test_the_pixel_under_the_pointer_is_read_out_in_fixed_places(rig):
    rig.new_project()
    rig.window.resize(1600, 900)
    turn(rig)
    say(rig)
    status = rig.window.status
    rig.qtbot.mouseMove(rig.canvas, rig.at(40, 30))
    rig.wait(lambda: status.position.text() == "x 40  y 30")
    places = [part.geometry() for part in (status.segment, status.sure, status.values, status.position, status.zoom)]
    pixel = rig.session.document.pixels[30, 40]
    assert status.segment.full() == "lesion"
    assert status.chip.color == rig.session.table[1].color
    assert status.values.text() == "RGB " + " ".join(str(v) for v in pixel)
    wanted = rig.session.document.probability_at(40, 30)
    assert wanted is not None
    assert status.sure.text() == f"{round(100 * wanted)} % sure"
    rig.qtbot.mouseMove(rig.canvas, rig.at(5, 5))
    rig.wait(lambda: status.segment.full() == "Background")
    assert [p.geometry() for p in (status.segment, status.sure, status.values, status.position, status.zoom)] == places
    rig.qtbot.mouseMove(rig.canvas, QPoint(1, 1))
    rig.wait(lambda: status.position.text() == status.segment.full() == status.sure.text() == "")


def test_where_the_pointer_is_is_told_once_a_frame_and_in_the_end(rig):
    rig.new_project()
    told = []
    rig.canvas.pointer_moved.connect(told.append)
    for x in range(20, 60):
        rig.qtbot.mouseMove(rig.canvas, rig.at(x, 30))
    rig.wait(lambda: told[-1] == rig.canvas.to_image(rig.canvas.pointer))
    assert len(told) < 40
    QApplication.sendEvent(rig.canvas, QEvent(QEvent.Type.Leave))
    assert told[-1] is None
    rig.qtbot.mouseMove(rig.canvas, rig.at(30, 30))
    rig.wait(lambda: told[-1] == rig.canvas.to_image(rig.canvas.pointer))


def test_the_readout_follows_the_mask_and_the_scale(rig):
    rig.new_project()
    rig.editor.change_settings(radius=4)
    rig.drag([(40, 30), (41, 30)])
    rig.wait(lambda: rig.window.status.segment.full() == "lesion")
    rig.key(Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    rig.wait(lambda: rig.window.status.segment.full() == "Background")
    rig.session.scale.set(0.5)
    rig.wait(lambda: rig.window.status.millimetres.text().endswith("mm"))
    assert rig.window.status.millimetres.isVisible()


# ---- tone -----------------------------------------------------------------------------------------------------------


def test_a_16_bit_image_is_read_and_windowed_by_its_own_values(rig, tmp_path):
    rig.new_project()
    values = write_deep(tmp_path / "deep.png")
    rig.session.files.add([tmp_path / "deep.png"])
    rig.wait(lambda: len(rig.session.records) == 5)
    rig.open(4)
    rig.window.tone.fold(False)
    rig.qtbot.mouseMove(rig.canvas, rig.at(20, 15))
    rig.wait(lambda: rig.window.status.values.text() == f"Grey {values[15, 20]}")
    low, high = rig.canvas.renderer.levels.shown_range
    assert rig.window.tone.fields["black"].value() == round(low)
    middle = (low + high) / 2
    rig.window.tone.fields["black"].setValue(middle)
    assert rig.canvas.look.tone.black == pytest.approx(0.5, abs=0.01)
    assert color(rig, 2, 2) == (0, 0, 0)
    rig.open(0)
    assert rig.canvas.look.tone.is_neutral
    rig.open(4)
    assert rig.canvas.look.tone.black == pytest.approx(0.5, abs=0.01)
    rig.qtbot.mouseClick(rig.window.tone.reset, Qt.MouseButton.LeftButton)
    assert rig.canvas.look.tone.is_neutral
    assert not rig.window.tone.reset.isEnabled()


def test_dragging_in_the_histogram_sets_black_and_white(rig):
    rig.new_project()
    rig.window.tone.fold(False)
    turn(rig)
    histogram = rig.window.tone.histogram
    y = histogram.height() - 4
    start, end = (QPoint(round(histogram.place(value)), y) for value in (255, 128))
    rig.qtbot.mousePress(histogram, Qt.MouseButton.LeftButton, pos=start)
    rig.qtbot.mouseMove(histogram, end)
    rig.qtbot.mouseRelease(histogram, Qt.MouseButton.LeftButton, pos=end)
    assert rig.canvas.look.tone.white == pytest.approx(0.5, abs=0.02)
    assert rig.canvas.look.tone.black == 0.0
    document = rig.session.document
    y, x = np.unravel_index(document.pixels.min(axis=2).argmax(), document.pixels.shape[:2])
    rig.key(Key.Key_V, Qt.KeyboardModifier.ShiftModifier)
    assert color(rig, int(x), int(y)) == (255, 255, 255)


def test_the_histogram_bends_its_line_as_gamma_does(rig):
    rig.new_project()
    rig.window.tone.fold(False)
    turn(rig)
    histogram = rig.window.tone.histogram
    accent = np.array(rig.theme.color("accent").getRgb()[:3])

    def height_in_the_middle():
        column = round(histogram.place(127.5))
        shot = grabbed(histogram, QRect(column, 0, 1, histogram.height())).astype(int)[:, 0]
        return int(np.abs(shot - accent).sum(axis=1).argmin())

    straight = height_in_the_middle()
    rig.window.tone.fields["gamma"].setValue(2.2)
    assert height_in_the_middle() < straight - 8
    rig.window.tone.fields["gamma"].setValue(0.5)
    assert height_in_the_middle() > straight + 8
