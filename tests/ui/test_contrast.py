"""Where a field begins is seen: its edge stands out from what is around it and what is in it."""

import pytest
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QComboBox, QDialog, QDoubleSpinBox, QLineEdit, QPlainTextEdit, QSpinBox, QVBoxLayout

from segstudio.ui.theme import Theme

LEAST = 3.0
"""What WCAG 2.1 asks of the boundaries of controls (1.4.11)."""


def luminance(color: QColor) -> float:
    """Relative luminance, 0 to 1."""
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in color.getRgbF()[:3]]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: QColor, other: QColor) -> float:
    """The ratio of two colours' luminances, 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.fixture(params=["light", "dark"])
def fields(request, qapp, qtbot):
    """A shown dialog with a field of each kind."""
    theme = Theme(qapp, request.param)
    dialog = QDialog()
    layout = QVBoxLayout(dialog)
    for kind in (QLineEdit, QComboBox, QSpinBox, QDoubleSpinBox, QPlainTextEdit):
        layout.addWidget(kind())
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitExposed(dialog)
    for at in range(layout.count()):
        layout.itemAt(at).widget().clearFocus()
    yield dialog
    qapp.setStyleSheet("")
    theme.deleteLater()


def test_edges_of_fields_are_seen(fields):
    picture, layout = fields.grab().toImage(), fields.layout()
    for at in range(layout.count()):
        field = layout.itemAt(at).widget()
        left, beside_words = field.geometry().left(), field.geometry().top() + 6
        around, edge, inside = (picture.pixelColor(left + away, beside_words) for away in (-2, 0, 2))
        assert contrast(edge, around) >= LEAST, type(field).__name__
        assert contrast(edge, inside) >= LEAST, type(field).__name__
