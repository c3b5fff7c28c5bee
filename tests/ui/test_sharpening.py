"""While the zoom changes a rough picture is shown, and soon after it the very picture that is composed at once."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QApplication

from segstudio.domain.geometry import Rect
from segstudio.domain.patch import Patch
from segstudio.ui.canvas.colors import OverlayColors
from segstudio.ui.canvas.look import Look
from segstudio.ui.canvas.renderer import ROUGH, Renderer, Surface
from segstudio.ui.canvas.view import View
from tests.ui.golden import grabbed
from tests.ui.test_renderer import TABLE, make_document, paint, pixels
from tests.ui.test_seeing_together import wheel

pytestmark = [
    pytest.mark.usefixtures("qapp"),
    pytest.mark.qt_log_ignore("does not support propagateSizeHints", extend=True),
]

WIDTH, HEIGHT = 900, 700
SCREEN = Rect(0, 0, WIDTH, HEIGHT)
SURFACE = Surface(WIDTH, HEIGHT)
COLORS = OverlayColors.of(TABLE, 0.35)
VIEWS = [View(1.9, -40, -31), View(0.4, 7, 12), View(4.7, -401, -300), View(11.3, -1301, -1000), View(1.0, 333, -5)]


def document_of_noise():
    document = make_document(400, 600, (100, 100, 400, 300))
    document.pixels[:] = np.random.default_rng(1).integers(0, 255, document.pixels.shape, np.uint8)
    return document


def stroke(document, rect):
    document.begin_edit("Paint")
    document.apply(Patch(rect, np.ones((rect.height, rect.width), bool), 2))
    document.commit_edit()


def at_once(document, view, look=None):
    renderer = Renderer(document, COLORS)
    if look is not None:
        renderer.set_look(look)
    return paint(renderer, view, WIDTH, HEIGHT)


def rough(renderer, view, ground=0):
    image = QImage(WIDTH, HEIGHT, QImage.Format.Format_RGB32)
    image.fill(ground)
    painter = QPainter(image)
    renderer.paint_rough(painter, view, SCREEN, SURFACE)
    painter.end()
    return pixels(image)


@pytest.mark.parametrize("view", VIEWS)
def test_what_is_composed_a_little_at_a_time_is_what_is_composed_at_once(view):
    document = document_of_noise()
    renderer = Renderer(document, COLORS)
    paint(renderer, View(0.7), WIDTH, HEIGHT)
    turns = 1
    while not renderer.prepare(view, SURFACE, True, until=0.0):
        turns += 1
    assert turns > 1
    assert (paint(renderer, view, WIDTH, HEIGHT) == at_once(document, view)).all()


def test_strokes_pans_and_looks_on_the_way_are_in_the_picture():
    document = document_of_noise()
    renderer = Renderer(document, COLORS)
    first, second = View(1.9, -40, -31), View(1.9, -65, -90)
    renderer.prepare(first, SURFACE, True, until=0.0)
    rect = Rect(120, 110, 160, 150)
    stroke(document, rect)
    renderer.mask_changed(rect)
    renderer.prepare(second, SURFACE, True, until=0.0)
    renderer.prepare(first, SURFACE, True, until=0.0)
    look = Look(style="outline")
    renderer.set_look(look)
    renderer.prepare(second, SURFACE, True, until=0.0)
    # What came into sight by a pan may be off by a rounding.
    assert np.abs(paint(renderer, second, WIDTH, HEIGHT) - at_once(document, second, look)).max() <= 1


def test_a_zoom_on_the_way_drops_what_was_not_composed_yet():
    document = document_of_noise()
    renderer = Renderer(document, COLORS)
    renderer.prepare(View(1.9), SURFACE, True, until=0.0)
    view = View(2.3, -20, -20)
    assert (paint(renderer, view, WIDTH, HEIGHT) == at_once(document, view)).all()


@pytest.mark.parametrize("view", VIEWS)
def test_the_rough_picture_lies_where_the_sharp_one_does(view):
    document = make_document(400, 600, (100, 100, 400, 300))
    document.pixels[:, :200] = 250
    sharp, seen = at_once(document, view), rough(Renderer(document, COLORS), view)
    differs = (np.abs(seen - sharp) > 12).any(axis=2)
    # Away from what has an edge nothing differs: no stripe a rough pixel wide is left within blocks of twice that.
    grown = [np.roll(differs, (dy, dx), (0, 1)) for dy in range(-3, 4) for dx in range(-3, 4)]
    assert not np.logical_and.reduce(grown).any()
    assert differs.mean() < 0.05


@pytest.mark.parametrize("view", VIEWS)
def test_the_rough_picture_leaves_no_gap_and_stays_in_its_place(view):
    renderer = Renderer(document_of_noise(), COLORS)
    place = renderer.place(view, rough=True).intersect(SCREEN)
    sharp = renderer.place(view).intersect(SCREEN)
    one, other = rough(renderer, view, 0xFF00FF), rough(renderer, view, 0x00FF00)
    same = (one == other).all(axis=2)
    assert same[place.slices].all()
    same[place.slices] = False
    assert not same.any()
    assert all(abs(a - b) <= ROUGH for a, b in zip(place, sharp, strict=True))


def test_parts_of_the_rough_picture_are_those_of_the_whole():
    renderer = Renderer(document_of_noise(), COLORS)
    view, part = View(1.9, -41, -30), Rect(33, 47, 202, 155)
    image = QImage(WIDTH, HEIGHT, QImage.Format.Format_RGB32)
    painter = QPainter(image)
    renderer.paint_rough(painter, view, part, SURFACE)
    painter.end()
    assert (pixels(image)[part.slices] == rough(renderer, view)[part.slices]).all()


def test_a_stroke_is_in_the_rough_picture():
    document = document_of_noise()
    renderer = Renderer(document, COLORS)
    view, rect = View(1.9, -41, -30), Rect(120, 110, 160, 150)
    before = rough(renderer, view)
    stroke(document, rect)
    renderer.mask_changed(rect)
    after = rough(renderer, view)
    assert (after != before).any()
    assert (after == rough(Renderer(document, COLORS), view)).all()


# ---- in the window --------------------------------------------------------------------------------------------------


@pytest.fixture
def slow(rig):
    """A canvas as large as a screen, on a machine that composes slowly."""
    rig.new_project(count=1, size=(2000, 1500))
    rig.canvas.setFixedSize(1400, 900)
    rig.window.resize(2200, 1200)
    rig.canvas.zoom_fit()
    grabbed(rig.canvas, rig.canvas.rect())
    rig.canvas.renderer._sharp.pace = 1.0
    return rig


def fresh(rig):
    """The canvas as a renderer paints it that never saw another zoom."""
    renderer = Renderer(rig.session.document, rig.canvas.renderer.colors, rig.canvas.look)
    rig.canvas.renderer = renderer
    return grabbed(rig.canvas, rig.canvas.rect())


def test_after_a_zoom_the_picture_becomes_sharp_by_itself(slow):
    for _ in range(3):
        QApplication.sendEvent(slow.canvas, wheel(angle=(0, 120)))
    assert slow.canvas.rough
    first = grabbed(slow.canvas, slow.canvas.rect())
    slow.wait(lambda: not slow.canvas.rough)
    sharp = grabbed(slow.canvas, slow.canvas.rect())
    assert (sharp == fresh(slow)).all()
    assert first.shape == sharp.shape
    assert (first != sharp).any()


def test_a_stroke_before_the_picture_is_sharp_lands_under_the_pointer_and_is_seen(slow):
    QApplication.sendEvent(slow.canvas, wheel(angle=(0, 360)))
    assert slow.canvas.rough
    slow.editor.change_settings(radius=6)
    x, y = slow.canvas.to_image(QPoint(700, 450).toPointF())
    slow.qtbot.mousePress(slow.canvas, Qt.MouseButton.LeftButton, pos=QPoint(700, 450))
    slow.qtbot.mouseRelease(slow.canvas, Qt.MouseButton.LeftButton, pos=QPoint(700, 450))
    rows, columns = np.nonzero(slow.mask())
    assert (columns.mean() + 0.5, rows.mean() + 0.5) == pytest.approx((x, y), abs=1.0)
    slow.wait(lambda: not slow.canvas.rough)
    slow.qtbot.mouseMove(slow.canvas, QPoint(20, 20))
    assert (grabbed(slow.canvas, slow.canvas.rect()) == fresh(slow)).all()


def test_another_image_is_never_shown_rough(slow):
    QApplication.sendEvent(slow.canvas, wheel(angle=(0, 120)))
    assert slow.canvas.rough
    slow.canvas._show(slow.session.document)
    assert not slow.canvas.rough


def test_a_zoom_that_changes_nothing_stays_sharp(slow):
    slow.canvas.zoom_to(32.0)
    grabbed(slow.canvas, slow.canvas.rect())
    QApplication.sendEvent(slow.canvas, wheel(angle=(0, 120)))
    assert not slow.canvas.rough
