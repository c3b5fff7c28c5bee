"""What was measured, drawn over the image: axes, longest and shortest diameter, and the eight sectors."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPen

from segstudio.app.measure_words import value_words
from segstudio.app.measures import BY_KEY, Measured
from segstudio.app.measuring import Measuring
from segstudio.domain.border import SECTORS
from segstudio.domain.brush import Point
from segstudio.domain.measure import Span

ToWidget = Callable[[float, float], QPointF]

_UNDER = QColor(0, 0, 0, 170)
_AXIS, _LONG, _SHORT, _SECTOR = (
    QColor(255, 255, 255, 235),
    QColor(240, 228, 66),
    QColor(86, 180, 233),
    QColor(255, 255, 255, 170),
)
_BEYOND = 1.12
"""How far axes and sectors reach, in parts of the lesion's own reach."""
_TICK = 5.0


@dataclass(frozen=True)
class Stroke:
    """A line in logical pixels, with marks at its ends if ``ends``."""

    line: QLineF
    color: QColor
    width: float = 1.4
    dashes: tuple[float, ...] = ()
    ends: bool = False


@dataclass(frozen=True)
class Note:
    """A few words in logical pixels, centred at ``at``."""

    at: QPointF
    words: str
    color: QColor


@dataclass(frozen=True)
class MeasureDrawing:
    """All of it for one segment, in one view."""

    strokes: tuple[Stroke, ...]
    notes: tuple[Note, ...]

    @classmethod
    def of(cls, row: Measured, to_widget: ToWidget, mm_per_px: float | None) -> MeasureDrawing:
        """For what was measured of a segment; sectors only where it was measured as a lesion."""
        shape = row.shape
        x, y = shape.centroid
        reach = _BEYOND * max(
            math.dist((x, y), end) for span in (shape.max_diameter,) for end in (span.start, span.end)
        )
        strokes, notes = [], []
        if row.lesion is not None:
            step = 2 * math.pi / SECTORS
            for sector in range(SECTORS):
                turn = shape.axes.angle + sector * step
                strokes.append(Stroke(_line(to_widget, (x, y), _at(x, y, turn, reach)), _SECTOR, 1.3, (1.0, 3.0)))
                contrast = row.lesion.abruptness[sector]
                words = f"{sector + 1}" if contrast is None else f"{sector + 1}: {contrast:.0f}"
                notes.append(Note(to_widget(*_at(x, y, turn + step / 2, 1.06 * reach)), words, _AXIS))
        for half, turn in ((shape.axes.major, 0.0), (shape.axes.minor, math.pi / 2)):
            ends = [_at(x, y, shape.axes.angle + turn, sign * _BEYOND * half) for sign in (-1, 1)]
            strokes.append(Stroke(_line(to_widget, *ends), _AXIS, 1.2, (6.0, 4.0)))
        for key, span, color, at in (
            ("min_diameter", shape.min_diameter, _SHORT, _apart(to_widget, shape.min_diameter, shape.max_diameter)),
            ("max_diameter", shape.max_diameter, _LONG, _beside(to_widget, shape.max_diameter)),
        ):
            strokes.append(Stroke(_line(to_widget, span.start, span.end), color, 1.8, ends=True))
            notes.append(Note(at, value_words(row, BY_KEY[key], mm_per_px), color))
        return cls(tuple(strokes), tuple(notes))

    def paint(self, painter: QPainter, within: QRectF, font: QFont, size: float = 1.0) -> None:
        """Draw it: dark under light, so that it reads on any image.

        Notes stay ``within`` the view; ``size`` is how thick lines are, 1 for a screen.
        """
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(font)
        for stroke in self.strokes:
            over = QPen(stroke.color, size * stroke.width)
            if stroke.dashes:
                over.setDashPattern(list(stroke.dashes))
            for pen in (QPen(_UNDER, size * (stroke.width + 1.6)), over) if stroke.color is not _SECTOR else (over,):
                painter.setPen(pen)
                painter.drawLine(stroke.line)
                if stroke.ends:
                    painter.drawLines(_ends(stroke.line, size * _TICK))
        for note in self.notes:
            _write(painter, note, within)
        painter.restore()


def drawing(measuring: Measuring, active: int, to_widget: ToWidget) -> MeasureDrawing | None:
    """That of the segment in hand, or of the first that was measured; None before anything was."""
    result = measuring.result
    if result is None or not result.rows:
        return None
    row = result.row(active) or result.rows[0]
    return MeasureDrawing.of(row, to_widget, measuring.scale.mm_per_px)


def _write(painter: QPainter, note: Note, within: QRectF) -> None:
    size = painter.fontMetrics().size(Qt.TextFlag.TextSingleLine, note.words)
    box = QRectF(0, 0, size.width() + 6, size.height() + 1)
    box.moveCenter(note.at)
    # What lies beyond the view is told at its edge.
    box.moveLeft(min(max(box.left(), within.left() + 2), within.right() - box.width() - 2))
    box.moveTop(min(max(box.top(), within.top() + 2), within.bottom() - box.height() - 2))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(_UNDER)
    painter.drawRoundedRect(box, 3, 3)
    painter.setPen(note.color)
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, note.words)


def _at(x: float, y: float, angle: float, away: float) -> Point:
    return x + away * math.cos(angle), y + away * math.sin(angle)


def _line(to_widget: ToWidget, start: Point, end: Point) -> QLineF:
    return QLineF(to_widget(*start), to_widget(*end))


def _beside(to_widget: ToWidget, span: Span, along: float = 0.25) -> QPointF:
    """A quarter along the line, where the other diameter seldom is, and a little off it."""
    line = _line(to_widget, span.start, span.end)
    normal = line.normalVector().unitVector()
    return line.pointAt(along) + QPointF(normal.dx(), normal.dy()) * 12


def _apart(to_widget: ToWidget, span: Span, other: Span) -> QPointF:
    """That place on the half of ``span`` which is farther from the words of ``other``, or one would cover the other."""
    taken = _beside(to_widget, other)
    return max((_beside(to_widget, span, along) for along in (0.25, 0.75)), key=lambda at: QLineF(at, taken).length())


def _ends(line: QLineF, tick: float) -> list[QLineF]:
    normal = line.normalVector().unitVector()
    off = QPointF(normal.dx(), normal.dy()) * tick
    return [QLineF(end - off, end + off) for end in (line.p1(), line.p2())]
