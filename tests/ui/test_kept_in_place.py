"""What lies over the canvas keeps its place, and costs nothing while it is hidden."""

from PySide6.QtCore import QEvent, QSize
from PySide6.QtWidgets import QApplication, QWidget

from segstudio.ui.widgets import KeptInPlace


def test_a_bar_is_placed_when_it_appears_and_when_what_it_lies_over_is_resized(qtbot):
    over = QWidget()
    qtbot.addWidget(over)
    bar = QWidget(over)
    bar.hide()
    placed = []
    KeptInPlace(bar, over, lambda: placed.append(over.width()))
    over.resize(300, 200)
    over.show()
    qtbot.waitExposed(over)
    assert placed == []
    bar.show()
    assert placed == [300]
    over.resize(QSize(400, 200))
    assert placed[-1] == 400
    bar.hide()
    count = len(placed)
    over.resize(500, 200)
    assert len(placed) == count
    bar.show()
    assert placed[-1] == 500
    QApplication.sendEvent(over, QEvent(QEvent.Type.Leave))
    assert len(placed) == count + 1
