"""How large a pixel is."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QDoubleSpinBox, QGridLayout, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from segstudio.app.session import Session
from segstudio.ui.widgets import label

_MOST = 1e6


class ScaleDialog(QDialog):
    """A length in pixels and the same in millimetres, as on a ruler that was photographed along."""

    def __init__(self, session: Session, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Set scale")
        self.setMinimumWidth(400)
        self._session = session
        known = session.scale.mm_per_px
        self.pixels = _field("Length in pixels", "px", 1, 100 if known is None else 1000)
        self.millimetres = _field("The same length in millimetres", "mm", 4, 0 if known is None else 1000 * known)
        self.result_line = label(tone="muted")
        self.forget = QPushButton("Forget scale")
        self.forget.setEnabled(known is not None)
        self.forget.clicked.connect(self._on_forget)
        cancel = QPushButton("Cancel")
        cancel.clicked.connect(self.reject)
        self.keep = QPushButton("Set scale")
        self.keep.setProperty("primary", True)
        self.keep.setDefault(True)
        self.keep.clicked.connect(self.accept)
        for field in (self.pixels, self.millimetres):
            field.valueChanged.connect(self._refresh)
        fields = QGridLayout()
        fields.setHorizontalSpacing(16)
        fields.setVerticalSpacing(8)
        fields.addWidget(label("A length of"), 0, 0)
        fields.addWidget(self.pixels, 0, 1)
        fields.addWidget(label("is in truth"), 1, 0)
        fields.addWidget(self.millimetres, 1, 1)
        fields.setColumnStretch(1, 1)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        for button in (self.forget, cancel, self.keep):
            buttons.addWidget(button)
        buttons.insertStretch(1, 1)
        about = label("For all images of this project. Measure something whose size you know.", tone="muted")
        about.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 24, 24, 24)
        layout.setSpacing(8)
        layout.addWidget(about)
        layout.addSpacing(8)
        layout.addLayout(fields)
        layout.addWidget(self.result_line)
        layout.addSpacing(16)
        layout.addLayout(buttons)
        self._refresh()
        # What is typed first takes the place of the number that stands there.
        self.pixels.setFocus()
        self.pixels.selectAll()

    @property
    def mm_per_px(self) -> float:
        """What the fields say; 0 while they say nothing."""
        return self.millimetres.value() / self.pixels.value()

    def accept(self) -> None:
        """Keep it in the project."""
        if self.mm_per_px > 0:
            self._session.scale.set(self.mm_per_px)
            super().accept()

    def _on_forget(self) -> None:
        self._session.scale.set(None)
        super().accept()

    def _refresh(self) -> None:
        size = self.mm_per_px
        self.keep.setEnabled(size > 0)
        document = self._session.document
        words = f"A pixel is {size:.4g} mm" if size > 0 else "Type both lengths."
        if size > 0 and document is not None:
            words += f"; this image is {document.width * size:.4g} × {document.height * size:.4g} mm"
        self.result_line.setText(words)


def _field(name: str, unit: str, decimals: int, value: float) -> QDoubleSpinBox:
    field = QDoubleSpinBox()
    field.setDecimals(decimals)
    field.setRange(10.0**-decimals if unit == "px" else 0.0, _MOST)
    field.setSuffix(f" {unit}")
    field.setValue(value)
    field.setAccessibleName(name)
    field.setAlignment(Qt.AlignmentFlag.AlignRight)
    return field
