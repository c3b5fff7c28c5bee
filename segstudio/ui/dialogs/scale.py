"""How large a pixel is."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QDialog,
    QDoubleSpinBox,
    QGridLayout,
    QHBoxLayout,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from segstudio.app.measure_words import scale_words
from segstudio.app.session import Session
from segstudio.app.tools.ruler import RulerTool
from segstudio.ui.choices import RadioButton
from segstudio.ui.theme import Theme
from segstudio.ui.widgets import label

_MOST = 1e6


class ScaleDialog(QDialog):
    """A length in pixels and the same in millimetres, as on a ruler that was photographed along.

    ``ruler`` is the length in pixels of a line that was drawn on the image; the scale is the image's own then, unless
    the user says that all were taken with the same device.
    """

    draw_wanted = Signal()
    """The length in pixels is to be drawn on the image."""

    def __init__(self, session: Session, theme: Theme, parent: QWidget, ruler: float | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Set scale")
        self.setMinimumWidth(440)
        self._session = session
        self._image_id = None if session.document is None else session.scale.current
        own = session.scale.of(self._image_id)
        has_own = own.source not in ("project", "none")
        known = None if ruler is not None else own.mm_per_px if has_own else session.scale.project
        pixels = ruler if ruler is not None else 100 if known is None else 1000
        self.pixels = _field("Length in pixels", "px", 1, pixels)
        self.millimetres = _field("The same length in millimetres", "mm", 4, 0 if known is None else 1000 * known)
        self.draw = QPushButton("Draw it on the image")
        self.draw.setToolTip("Drag along a ruler, or anything of known length, in this image")
        self.draw.setEnabled(self._image_id is not None)
        self.draw.clicked.connect(self._on_draw)
        self.for_image = RadioButton(theme, "This image")
        self.for_project = RadioButton(theme, "All images without a scale of their own")
        self.for_image.setEnabled(self._image_id is not None)
        which = QButtonGroup(self)
        which.addButton(self.for_image)
        which.addButton(self.for_project)
        # Where the image has a scale of its own, that of the others would change nothing that is looked at.
        for_image = self._image_id is not None and (ruler is not None or has_own)
        (self.for_image if for_image else self.for_project).setChecked(True)
        self.result_line = label(tone="muted")
        self.now_line = label(f"As it is: {scale_words(own).replace('No scale', 'no scale')}", tone="muted")
        for line in (self.result_line, self.now_line):
            line.setWordWrap(True)
        self.forget = QPushButton("Forget scale")
        self.forget.clicked.connect(self._on_forget)
        self.keep = QPushButton("Set scale")
        self.keep.setProperty("primary", True)
        self.keep.setDefault(True)
        self.keep.clicked.connect(self.accept)
        for field in (self.pixels, self.millimetres):
            field.valueChanged.connect(self._refresh)
        which.buttonClicked.connect(lambda _: self._refresh())
        self._build()
        self._refresh()
        # What is typed first takes the place of the number that stands there.
        first = self.pixels if ruler is None else self.millimetres
        first.setFocus()
        first.selectAll()

    def _build(self) -> None:
        cancel = QPushButton("Cancel")
        cancel.clicked.connect(self.reject)
        fields = QGridLayout()
        fields.setHorizontalSpacing(16)
        fields.setVerticalSpacing(8)
        fields.addWidget(label("A length of"), 0, 0)
        fields.addWidget(self.pixels, 0, 1)
        fields.addWidget(self.draw, 0, 2)
        fields.addWidget(label("is in truth"), 1, 0)
        fields.addWidget(self.millimetres, 1, 1)
        whom = label("for")
        whom.setContentsMargins(0, 3, 0, 0)  # on one line with the words of the ring beside it
        fields.addWidget(whom, 2, 0, Qt.AlignmentFlag.AlignTop)
        which = QVBoxLayout()
        which.setSpacing(4)
        which.addWidget(self.for_image)
        which.addWidget(self.for_project)
        fields.addLayout(which, 2, 1, 1, 2)
        fields.setColumnStretch(1, 1)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        for button in (self.forget, cancel, self.keep):
            buttons.addWidget(button)
        buttons.insertStretch(1, 1)
        about = label("Measure something whose size you know.", tone="muted")
        about.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 24, 24, 24)
        layout.setSpacing(8)
        layout.addWidget(about)
        layout.addSpacing(8)
        layout.addLayout(fields)
        layout.addSpacing(8)
        layout.addWidget(self.result_line)
        layout.addWidget(self.now_line)
        layout.addSpacing(16)
        layout.addLayout(buttons)

    @property
    def mm_per_px(self) -> float:
        """What the fields say; 0 while they say nothing."""
        return self.millimetres.value() / self.pixels.value()

    def accept(self) -> None:
        """Keep it, in the project or of the image."""
        if self.mm_per_px > 0:
            self._set(self.mm_per_px)
            super().accept()

    def done(self, result: int) -> None:
        """The line on the image goes with the question about it."""
        editor = self._session.editor
        if isinstance(editor.tool, RulerTool):
            editor.abandon()
        super().done(result)

    def _set(self, mm_per_px: float | None) -> None:
        if self.for_image.isChecked() and self._image_id is not None:
            self._session.scale.set_image(self._image_id, mm_per_px)
        else:
            self._session.scale.set(mm_per_px)

    def _on_draw(self) -> None:
        self.reject()
        self.draw_wanted.emit()

    def _on_forget(self) -> None:
        self._set(None)
        super().accept()

    def _refresh(self) -> None:
        size = self.mm_per_px
        scale = self._session.scale
        own = scale.of(self._image_id).source == "ruler"
        self.forget.setEnabled(own if self.for_image.isChecked() else scale.project is not None)
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
