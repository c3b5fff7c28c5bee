"""The canvas with what stands round it: rulers, and a second view beside it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QGridLayout, QToolButton, QWidget

from segstudio.app.changes import Changes
from segstudio.app.session import Session
from segstudio.ui.canvas.compare import CompareView
from segstudio.ui.canvas.rulers import THICKNESS, Ruler
from segstudio.ui.canvas.seeing import Seeing
from segstudio.ui.canvas.seen_view import SeenView
from segstudio.ui.theme import Theme

_NARROW, _WIDE = 104, 240


class Stage(QWidget):
    """Canvas and second view are equally large, but for the rulers."""

    scale_wanted = Signal()
    """The unit was asked for, and nobody said how large a pixel is."""

    def __init__(self, theme: Theme, seeing: Seeing, canvas: SeenView) -> None:
        super().__init__()
        self._seeing = seeing
        self._canvas = canvas
        self._session: Session | None = None
        self.rulers = (Ruler(theme, canvas, Qt.Orientation.Horizontal), Ruler(theme, canvas, Qt.Orientation.Vertical))
        self.unit = QToolButton()
        self.unit.setObjectName("unit")
        self.unit.setFixedSize(THICKNESS, THICKNESS)
        self.unit.clicked.connect(self._on_unit)
        self.compare = CompareView(theme, seeing, canvas)
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.unit, 0, 0)
        layout.addWidget(self.rulers[0], 0, 1)
        layout.addWidget(self.rulers[1], 1, 0)
        layout.addWidget(canvas, 1, 1)
        layout.addWidget(self.compare, 0, 3, 2, 1)
        layout.setRowStretch(1, 1)
        layout.setColumnStretch(1, 1)
        self._layout = layout
        seeing.changed.connect(self._follow)
        self._follow()

    def set_session(self, session: Session | None) -> None:
        """Show another project, or none."""
        self._session = session
        self._canvas.set_session(session)
        self._follow()
        if session is None:
            self.compare.set_session(None)
            self._seeing.forget_tones()

    def apply(self, changes: Changes) -> None:
        """Follow what changed."""
        self._canvas.apply(changes)
        if self._comparing:
            self.compare.apply(changes)
        if changes.scale:
            self._follow()
        if changes.scale or changes.measures or changes.review or (changes.tool and self._seeing.sight.measures):
            self._canvas.update()

    @property
    def _comparing(self) -> bool:
        return self.compare.session is not None

    def _follow(self) -> None:
        sight = self._seeing.sight
        for part in (*self.rulers, self.unit):
            part.setVisible(sight.rulers)
        for ruler in self.rulers:
            ruler.renew()
        known = self._session is not None and self._session.scale.mm_per_px is not None
        millimetres = known and sight.millimetres
        self.unit.setText("mm" if millimetres else "px")
        self.unit.setToolTip(
            "Show pixels" if millimetres else "Show millimetres" if known else "Set the scale to see millimetres"
        )
        self.unit.setAccessibleName(self.unit.toolTip())
        self._follow_compare(sight.compare)

    def _follow_compare(self, wanted: bool) -> None:
        self._canvas.setMinimumWidth(_NARROW if wanted else _WIDE)
        self._layout.setColumnStretch(3, 1 if wanted else 0)
        self._layout.setColumnMinimumWidth(2, 1 if wanted else 0)
        self.compare.setVisible(wanted)
        session = self._session if wanted else None
        if self.compare.session is not session:
            self.compare.set_session(session)
            if session is None:
                self._canvas.set_cross(None)
        self.compare.follow()

    def _on_unit(self) -> None:
        if self._session is not None and self._session.scale.mm_per_px is None:
            self.scale_wanted.emit()
        else:
            self._seeing.toggle("millimetres")

    def showEvent(self, event: QShowEvent) -> None:
        """Both views show the same place from the start."""
        super().showEvent(event)
        self.compare.follow()

    def hideEvent(self, event: QHideEvent) -> None:
        """Marks go with the pointer."""
        self._canvas.set_cross(None)
        super().hideEvent(event)
