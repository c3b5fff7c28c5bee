"""What is painted, pixel by pixel."""

import numpy as np
import pytest
from PySide6.QtCore import QRect
from PySide6.QtGui import QImage, QPainter

from segstudio.app.document import Document
from segstudio.domain.geometry import Rect, union_all
from segstudio.domain.patch import Patch
from segstudio.domain.plane import Plane
from segstudio.domain.segments import SegmentTable, make_classes
from segstudio.ui.canvas.colors import OverlayColors, outline_widths, premultiplied
from segstudio.ui.canvas.lines import paint_lines
from segstudio.ui.canvas.look import Look
from segstudio.ui.canvas.renderer import Renderer, Surface
from segstudio.ui.canvas.view import View

GREY = 120
TABLE = SegmentTable.for_classes(make_classes(["lesion", "hair"]))
SKY = np.array(TABLE[1].color)

pytestmark = pytest.mark.usefixtures("qapp")


def make_document(height=40, width=60, square=(10, 10, 40, 30)):
    document = Document(1, np.full((height, width, 3), GREY, np.uint8), Plane(height, width))
    x0, y0, x1, y1 = square
    mask = np.zeros((height, width), np.uint16)
    mask[y0:y1, x0:x1] = 1
    document.set_prediction(Plane.from_array(mask, 0), 1)
    return document


def paint(renderer, view, width=240, height=160, exposed=None, ratio=1.0, **how):
    image = QImage(width, height, QImage.Format.Format_RGB32)
    image.fill(0)
    painter = QPainter(image)
    renderer.paint(painter, view, exposed or Rect(0, 0, width, height), Surface(width, height, ratio), **how)
    painter.end()
    return pixels(image)


def composed_by(renderer):
    """The rectangles of the overlay that ``renderer`` composes from now on."""
    asked = []
    compose = renderer._overlay.compose
    renderer._overlay.compose = lambda rect, grid, out: asked.append(rect) or compose(rect, grid, out)
    return asked


def pixels(image):
    array = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.width(), 4)
    return array[..., 2::-1].astype(int)


def blended(color, opacity):
    return np.array([GREY] * 3) * (1 - opacity) + np.array(color) * opacity


@pytest.mark.parametrize("scale", [1.0, 2.0, 4.0])
def test_fill_covers_the_image_at_the_opacity_asked_for(scale):
    shot = paint(Renderer(make_document(), OverlayColors.of(TABLE, 0.35)), View(scale))
    inside = shot[int(20 * scale), int(25 * scale)]
    outside = shot[int(5 * scale), int(5 * scale)]
    assert np.abs(inside - blended(SKY, 0.35)).max() <= 2
    assert (outside == GREY).all()


def test_zoomed_out_the_fill_comes_from_a_mip_level():
    document = make_document(400, 600, (100, 100, 400, 300))
    shot = paint(Renderer(document, OverlayColors.of(TABLE, 0.35)), View(0.25))
    assert np.abs(shot[50, 60] - blended(SKY, 0.35)).max() <= 2
    assert (shot[10, 10] == GREY).all()


@pytest.mark.parametrize("scale", [0.3, 0.5, 0.8, 1.0, 1.7, 4.0, 16.0])
def test_the_outline_is_a_light_line_in_a_dark_one_of_about_two_pixels_at_any_zoom(scale):
    document = make_document(400, 600, (100, 100, 400, 300))
    view = View(scale, 60 - 100 * scale, 80 - 200 * scale)  # the left edge at screen x 60
    row = paint(Renderer(document, OverlayColors.of(TABLE, 0.0)), view)[80].mean(axis=1)
    near = row[40:80]
    light, dark = np.flatnonzero(near > GREY + 25), np.flatnonzero(near < GREY - 25)
    assert 1 <= len(light) <= 3
    assert 1 <= len(dark) <= 3
    assert dark.max() < light.min()
    assert abs(light.min() - 20) <= 2


def test_the_outline_is_twice_as_wide_in_pixels_on_a_fine_screen():
    assert outline_widths(1.5) == (1, 1)
    assert outline_widths(3.0) == (2, 1)
    document = make_document()
    shot = paint(Renderer(document, OverlayColors.of(TABLE, 0.0)), View(4.0), ratio=2.0)[80].mean(axis=1)
    assert (shot > GREY + 25).sum() == 4  # two pixels at the left edge, two at the right


def test_from_400_percent_on_pixels_are_squares():
    document = make_document(4, 4, (0, 0, 0, 0))
    document.pixels[:] = (np.indices((4, 4)).sum(axis=0) % 2 * 255)[..., None]
    shot = paint(Renderer(document, OverlayColors.of(TABLE, 0.35)), View(8.0), 32, 32)
    assert set(np.unique(shot)) == {0, 255}
    assert (shot[:8, :8] == 0).all()
    assert (shot[:8, 8:16] == 255).all()


def test_hidden_segments_leave_neither_fill_nor_outline():
    renderer = Renderer(make_document(), OverlayColors.of(TABLE.changed(1, hidden=True), 0.35))
    assert (paint(renderer, View(2.0))[:80, :120] == GREY).all()


def test_no_mask_when_it_is_not_asked_for():
    renderer = Renderer(make_document(), OverlayColors.of(TABLE, 0.35))
    assert (paint(renderer, View(2.0), mask=False)[:80, :120] == GREY).all()


@pytest.mark.parametrize("scale", [0.5, 1.0, 3.0])
def test_a_stroke_composes_only_its_rectangle_and_shows_as_if_all_were_composed(scale):
    document = make_document(300, 400, (10, 10, 40, 30))
    colors = OverlayColors.of(TABLE, 0.35)
    renderer = Renderer(document, colors)
    paint(renderer, View(scale))
    asked = composed_by(renderer)
    document.begin_edit("Paint")
    rect = Rect(50, 20, 64, 34)
    document.apply(Patch(rect, np.ones((14, 14), bool), 2))
    renderer.mask_changed(rect)
    partly = paint(renderer, View(scale))
    assert asked
    assert all(part.width <= 14 * scale + 4 and part.height <= 14 * scale + 4 for part in asked)
    assert (partly == paint(Renderer(document, colors), View(scale))).all()
    asked.clear()
    paint(renderer, View(scale))
    assert asked == []


def test_painting_parts_gives_the_same_picture_as_painting_all():
    document = make_document(400, 600, (100, 100, 400, 300))
    rng = np.random.default_rng(1)
    document.pixels[:] = rng.integers(0, 255, document.pixels.shape, np.uint8)
    renderer = Renderer(document, OverlayColors.of(TABLE, 0.35))
    view = View(0.37, 5, 3)
    whole = paint(renderer, view)
    part = paint(renderer, view, exposed=Rect(40, 30, 120, 90))
    assert np.abs(part[30:90, 40:120] - whole[30:90, 40:120]).max() <= 1


def test_only_what_comes_into_sight_is_composed():
    document = make_document(3000, 4000)
    renderer = Renderer(document, OverlayColors.of(TABLE, 0.35))
    asked = composed_by(renderer)
    paint(renderer, View(1.0, -600, -600))
    assert union_all(asked) == Rect(600, 600, 840, 760)
    assert sum(part.width * part.height for part in asked) == 240 * 160
    asked.clear()
    paint(renderer, View(1.0, -610, -597))
    assert union_all(asked) == Rect(610, 597, 850, 757)
    assert sum(part.width * part.height for part in asked) == 240 * 3 + 10 * 157


def test_a_better_mask_fades_in():
    document = make_document()
    renderer = Renderer(document, OverlayColors.of(TABLE, 0.5))
    before = paint(renderer, View(1.0))
    renderer.begin_fade()
    document.set_prediction(Plane(40, 60, 0), 2)
    start, middle, end = (paint(renderer, View(1.0), fade=fade)[20, 25] for fade in (0.0, 0.5, 1.0))
    assert np.abs(start - before[20, 25]).max() <= 2
    assert (end == GREY).all()
    assert GREY <= middle[2] <= start[2]
    assert middle[2] not in (GREY, start[2])


def test_colours_are_premultiplied():
    assert premultiplied((255, 0, 100), 128) == 128 << 24 | 128 << 16 | 0 << 8 | 50
    assert premultiplied((255, 255, 255), 0) == 0


def test_the_last_row_and_column_of_an_odd_image_are_drawn():
    document = make_document(41, 61, (0, 0, 61, 41))
    shot = paint(Renderer(document, OverlayColors.of(TABLE, 0.35)), View(0.45), 60, 60)
    assert np.abs(shot[17, 26] - blended(SKY, 0.35)).max() <= 6


@pytest.mark.parametrize(("scale", "corner"), [(8.0, (0, 0)), (9.3, (-13, 7)), (16.0, (5, -40)), (31.7, (-300, -200))])
def test_lines_between_pixels_are_where_pixels_meet_and_as_strong_where_they_cross(scale, corner):
    view, width, height = View(scale, *corner), 220, 170
    image = QImage(width, height, QImage.Format.Format_RGB32)
    image.fill(0)
    painter = QPainter(image)
    paint_lines(painter, view, 1.0, QRect(0, 0, width, height), (20, 15), None)
    painter.end()
    across = [round(view.to_screen(n, 0)[0]) for n in range(21)]
    down = [round(view.to_screen(0, n)[1]) for n in range(16)]
    x, y = np.arange(width), np.arange(height)[:, None]
    inside = (x >= across[0]) & (x <= across[-1]) & (y >= down[0]) & (y <= down[-1])
    expected = inside & (np.isin(x, across) | np.isin(y, down))
    shot = pixels(image)
    assert len(np.unique(shot[expected])) == 1
    assert (shot[expected] > 0).all()
    assert (shot[~expected] == 0).all()


@pytest.mark.parametrize("doubt", [False, True])
def test_a_view_that_moves_among_strokes_and_looks_shows_what_a_new_one_would(doubt):
    document = make_document(300, 400, (100, 60, 300, 220))
    document.confidence = np.linspace(120, 255, 1200).astype(np.uint8).reshape(30, 40)
    colors, look = OverlayColors.of(TABLE, 0.35), Look(doubt=doubt)
    renderer = Renderer(document, colors, look)

    def same_as_new(view, **how):
        new = paint(Renderer(document, colors, look), view, **how)
        return np.abs(paint(renderer, view, **how) - new).max() <= 1

    for step in range(12):
        x, y = -20 * step, -11 * (step % 5)
        assert same_as_new(View(1.0, x, y))
        assert same_as_new(View(1.0, x - 3, y), exposed=Rect(0, 0, 100, 160))
        assert same_as_new(View(1.0, x - 3, y))
        if step % 3 == 0:
            rect = Rect(90 + 10 * step, 70, 130 + 10 * step, 110)
            document.begin_edit("Paint")
            document.apply(Patch(rect, np.ones((40, 40), bool), step % 2 + 1))
            document.commit_edit()
            renderer.mask_changed(rect)
        elif step % 3 == 1:
            look = Look(style=("fill", "outline")[step % 2], doubt=doubt)
            renderer.set_look(look)
        else:
            assert same_as_new(View(1.0, x - 3, y), mask=False)
            assert same_as_new(View(1.0, x - 9, y), mask=False)


@pytest.mark.parametrize("low", [0, 1])
@pytest.mark.parametrize("widths", [(1, 0), (1, 1), (2, 1), (3, 3)])
@pytest.mark.parametrize("filled", [True, False])
def test_two_segments_look_as_any_number_of_them_does(low, widths, filled):
    colors, rng = OverlayColors.of(TABLE, 0.35), np.random.default_rng(low)
    ids = (low + (np.kron(rng.random((12, 15)), np.ones((4, 4))) < 0.5)).astype(np.uint16)
    inner = slice(3, -3), slice(2, -4)
    expected = np.zeros(ids[inner].shape, np.uint32)
    if filled:
        colors.draw_fill(expected, ids[inner], low, low + 1)
    colors.draw_outline(expected, ids, inner, *widths)
    shown = np.full_like(expected, 7)
    colors.draw_two(shown, ids, inner, low, *widths, filled=filled)
    assert np.array_equal(shown, expected)
    assert len(np.unique(shown)) == 2 + filled + (widths[1] > 0)
