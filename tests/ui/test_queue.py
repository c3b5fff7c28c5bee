"""Where Approve goes: the choice, by menu and by button, and the row that says what comes next."""

import pytest
from PySide6.QtCore import QPoint, QRect, Qt

from segstudio.ui.action_table import ORDER_MENU
from segstudio.ui.approving import LOOK_MS
from segstudio.ui.queue_words import ORDER_WORDS
from tests.helpers.fake_worker import FakeWorker

Key = Qt.Key
pytestmark = pytest.mark.qt_log_ignore("does not support propagateSizeHints", extend=True)


def unsure_of(*image_ids: int):
    """An insight that is the less sure the earlier an image is named; all others are certain."""

    def insight(self, image_id):
        place = image_ids.index(image_id) if image_id in image_ids else len(image_ids)
        return (len(image_ids) - place) / (len(image_ids) + 1), [1.0, float(image_id)]

    return insight


@pytest.fixture
def taught(rig, monkeypatch):
    """Nine images, three of them approved; the model is most unsure of the eighth, then of the fifth."""
    monkeypatch.setattr(FakeWorker, "insight", unsure_of(8, 5))
    rig.new_project(9)
    for _ in range(3):
        rig.drag([(20, 20), (50, 20)])
        rig.key(Key.Key_A)
        rig.settle()
    rig.wait(lambda: rig.canvas.mask_age_ms >= LOOK_MS)
    return rig


def planned(rig) -> None:
    rig.settle()
    rig.wait(lambda: not rig.session.queue.busy)


def approve(rig) -> None:
    """Once a mask that came just now has been seen: until then A waits, which on a busy machine it may have to."""
    rig.wait(lambda: rig.canvas.mask_age_ms >= LOOK_MS)
    rig.key(Key.Key_A)


def choose(rig, order: str) -> None:
    rig.window.actions_table.by_id[f"order_{order}"].trigger()
    planned(rig)


def test_approve_follows_the_list_until_another_order_is_chosen(taught):
    rig, queue = taught, taught.session.queue
    assert queue.order == "list"
    assert queue.pick is None
    shown = rig.session.current_id
    approve(rig)
    rig.settle()
    assert rig.session.current_id == shown + 1
    choose(rig, "uncertain")
    assert (queue.pick.image_id, queue.pick.reason) == (8, "unsure")
    approve(rig)
    planned(rig)
    assert rig.session.current_id == 8
    choose(rig, "list")
    approve(rig)
    rig.settle()
    assert rig.session.current_id == 9


def test_stepping_stays_in_the_list(taught):
    rig = taught
    choose(rig, "uncertain")
    shown = rig.session.current_id
    rig.key(Key.Key_N)
    rig.settle()
    assert rig.session.current_id == shown + 1
    rig.key(Key.Key_PageUp)
    rig.settle()
    assert rig.session.current_id == shown
    rig.key(Key.Key_N, Qt.KeyboardModifier.ShiftModifier)
    rig.settle()
    assert rig.session.current_id == 8


def test_the_button_above_the_list_opens_the_same_menu(taught):
    rig = taught
    button = rig.window.images.order
    rows = [action.text() for action in button.menu().actions()]
    assert rows == list(ORDER_WORDS.values())
    assert button.menu().title() == ORDER_MENU.rpartition("/")[2]
    checked = [action.text() for action in button.menu().actions() if action.isChecked()]
    assert checked == ["Go on in the list"]
    assert button.toolTip() == button.accessibleName() == "After approving: go on in the list"
    choose(rig, "diverse")
    assert button.toolTip() == "After approving: go to what the model learns most from"
    assert [action.text() for action in button.menu().actions() if action.isChecked()] == [ORDER_WORDS["diverse"]]


def test_the_next_row_says_so_and_why(taught):
    rig, model = taught, taught.window.images.model
    choose(rig, "uncertain")
    rows = [model.index(row) for row in range(model.rowCount())]
    spoken = [row.data(Qt.ItemDataRole.AccessibleTextRole) for row in rows]
    assert [text.endswith("next: model is unsure") for text in spoken] == [row == 7 for row in range(9)]
    assert "because the model is unsure of it" in rows[7].data(Qt.ItemDataRole.ToolTipRole)
    view, accent = rig.window.images.view, rig.theme.color("accent").rgb()
    view.scrollTo(rows[8])
    grabbed = view.viewport().grab().toImage()

    def accented(row: int) -> bool:
        words: QRect = view.visualRect(view.model().index(row, 0)).adjusted(80, 26, -30, -4)
        across, down = range(words.left(), words.right()), range(words.top(), words.bottom())
        return any(grabbed.pixel(QPoint(x, y)) == accent for x in across for y in down)

    assert [row for row in range(4, 9) if accented(row)] == [7]
    choose(rig, "list")
    grabbed = view.viewport().grab().toImage()
    assert not any(accented(row) for row in range(4, 9))


def test_the_order_belongs_to_the_project(taught):
    rig = taught
    choose(rig, "diverse")
    folder = rig.session.folder
    assert rig.studio.close_project()
    rig.studio.open_project(folder)
    rig.wait(lambda: rig.studio.session is not None)
    planned(rig)
    assert rig.session.queue.order == "diverse"
    assert rig.window.images.order.toolTip() == "After approving: go to what the model learns most from"
