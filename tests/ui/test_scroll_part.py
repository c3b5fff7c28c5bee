"""What scrolls in a dialog comes to rest at any size."""

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QVBoxLayout, QWidget

from segstudio.ui.scroll_part import ScrollBody, sentences


def test_words_that_fit_only_without_the_room_for_a_bar_come_to_rest(qtbot, theme):
    inner = QWidget()
    column = QVBoxLayout(inner)
    column.setContentsMargins(0, 0, 0, 0)
    words = sentences()
    words.setText("A sentence that is broken into lines, more of them where there is less room. " * 6)
    column.addWidget(words)
    body = ScrollBody(inner, least=20)
    qtbot.addWidget(body)
    body.show()
    seen = 0
    for width in range(300, 500):
        # As high as the words are at this width, and not as high as they are beside a bar.
        full, beside = inner.heightForWidth(width), inner.heightForWidth(width - 10)
        seen += full < beside
        body.resize(width, full)
        QCoreApplication.processEvents()
        assert body.verticalScrollBar().maximum() == 0 or full < beside
        assert inner.height() >= inner.heightForWidth(inner.width())
    assert seen > 5
