"""Every look against a picture of it that somebody looked at.

The pictures are in ``goldens``. After a change that is meant, renew them with
``SEGSTUDIO_RENEW_GOLDENS=1 python -m pytest tests/ui/test_looks.py`` and look at each before it is kept.
"""

import os
from pathlib import Path

import numpy as np
import pytest

from segstudio.app.document import Document
from segstudio.domain.geometry import Rect
from segstudio.domain.patch import Patch
from segstudio.domain.plane import UNSET, Plane
from segstudio.domain.segments import SegmentTable, make_classes
from segstudio.imaging.cv import cv2
from segstudio.ui.canvas.colors import OverlayColors
from segstudio.ui.canvas.look import PLAIN, Look, Tone
from segstudio.ui.canvas.renderer import Renderer
from segstudio.ui.canvas.view import View
from tests.ui.test_renderer import paint

GOLDENS = Path(__file__).parent / "goldens"
RENEW = "SEGSTUDIO_RENEW_GOLDENS"
WIDTH, HEIGHT = 200, 140
TOLERANCE = 6
"""How far a channel may be off where two builds of a library round differently."""

pytestmark = pytest.mark.usefixtures("qapp")


def skin() -> np.ndarray:
    """Skin that gets darker to one side, with two hairs."""
    across = np.linspace(1.0, 0.45, WIDTH)[None, :, None] * np.ones((HEIGHT, 1, 1))
    image = (across * (226, 176, 150)).astype(np.uint8)
    cv2.line(image, (10, 120), (190, 60), (45, 30, 25), 1, cv2.LINE_AA)
    cv2.line(image, (60, 5), (120, 135), (60, 40, 30), 1, cv2.LINE_AA)
    return image


class Doubtful(Document):
    """Unsure along a line."""

    def doubt(self, rect: Rect, step: int) -> np.ndarray:
        middle = np.abs(np.arange(WIDTH) - 95)
        whole = np.tile(np.clip(255 - 8 * middle, 0, 255).astype(np.uint8), (HEIGHT, 1))
        return whole[rect.slices][::step, ::step]


def make_document(kind=Document) -> Document:
    """Seven segments in the prediction; some of it painted over."""
    predicted = np.zeros((HEIGHT, WIDTH), np.uint16)
    for index in range(7):
        x, y = 30 + 46 * (index % 4), 38 + 64 * (index // 4)
        cv2.ellipse(predicted, (x, y), (21, 27), 10.0 * index, 0, 360, index + 1, -1)
    painted = np.full((HEIGHT, WIDTH), UNSET, np.uint16)
    painted[10:40, 5:30], painted[30:60, 60:90], painted[100:130, 165:195] = 0, 3, 2
    document = kind(1, skin(), Plane.from_array(painted))
    document.set_prediction(Plane.from_array(predicted, 0), 1)
    return document


def renderer_of(look: Look, kind=Document) -> Renderer:
    table = SegmentTable.for_classes(make_classes([f"class {number}" for number in range(1, 8)]))
    return Renderer(make_document(kind), OverlayColors.of(table, 0.35), look)


def proposal() -> Patch:
    """Segment 5 in a disk; the background in the half of it on the left."""
    where = np.zeros((70, 90), np.uint8)
    cv2.circle(where, (45, 35), 33, 1, -1)
    ids = np.full(where.shape, 5, np.uint16)
    ids[:, :45] = 0
    return Patch(Rect(50, 50, 140, 120), where.astype(bool), ids)


LOOKS = {
    "both": PLAIN,
    "fill": Look(style="fill"),
    "outline": Look(style="outline"),
    "hatched": Look(hatched=True),
    "prediction": Look(source="prediction"),
    "difference": Look(source="difference"),
    "none": Look(source="none"),
    "doubt": Look(doubt=True),
    "levels": Look(source="none", tone=Tone(0.2, 0.8, 1.6)),
    "local_contrast": Look(source="none", tone=Tone(local_contrast=True)),
    "proposal": PLAIN,
}


@pytest.mark.parametrize("name", LOOKS)
def test_a_look_is_the_one_that_was_approved(name: str) -> None:
    renderer = renderer_of(LOOKS[name], Doubtful)
    if name == "proposal":
        renderer.set_preview(proposal())
    shot = paint(renderer, View(1.0), WIDTH, HEIGHT).astype(np.uint8)
    file = GOLDENS / f"{name}.png"
    if os.environ.get(RENEW):
        cv2.imwrite(str(file), shot[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 9])
    assert file.stat().st_size <= 20_000
    golden = cv2.imread(str(file))[..., ::-1].astype(int)
    assert np.abs(golden - shot).max() <= TOLERANCE


def test_no_two_looks_are_alike() -> None:
    shots = [(GOLDENS / f"{name}.png").read_bytes() for name in LOOKS]
    assert len(set(shots)) == len(shots)


@pytest.mark.parametrize("scale", [0.02, 0.13, 0.5, 0.77, 1.0, 1.6, 3.9, 4.0, 32.0])
def test_every_look_comes_out_the_same_in_parts_as_in_one(scale: float) -> None:
    for name, look in LOOKS.items():
        whole, parts = renderer_of(look, Doubtful), renderer_of(look, Doubtful)
        if name == "proposal":
            whole.set_preview(proposal())
            paint(parts, View(scale, -20, -10), WIDTH, HEIGHT)
            parts.set_preview(proposal())
        for dx, dy in ((40, 30), (25, -8), (-3, 50), (-30, -20)):
            shot = paint(parts, View(scale, dx, dy), WIDTH, HEIGHT)
        # Where it is smoothed, a strip that came into sight may be off by a thirty-second of a pixel.
        assert np.abs(shot - paint(whole, View(scale, -30, -20), WIDTH, HEIGHT)).max() <= 8, name


def test_changing_the_look_shows_what_a_new_renderer_would() -> None:
    renderer = renderer_of(PLAIN, Doubtful)
    for look in [*LOOKS.values(), *reversed(LOOKS.values())]:
        renderer.set_look(look)
        shot = paint(renderer, View(0.8, 3, 5), WIDTH, HEIGHT)
        assert (shot == paint(renderer_of(look, Doubtful), View(0.8, 3, 5), WIDTH, HEIGHT)).all()


def test_a_preview_is_composed_only_where_it_is_and_was() -> None:
    renderer = renderer_of(PLAIN)
    before = paint(renderer, View(1.0), WIDTH, HEIGHT)
    asked = []
    compose = renderer._overlay.compose
    renderer._overlay.compose = lambda rect, grid, out: asked.append(rect) or compose(rect, grid, out)
    assert renderer.set_preview(proposal()) == Rect(50, 50, 140, 120)
    assert (paint(renderer, View(1.0), WIDTH, HEIGHT) != before).any()
    small = Patch(Rect(0, 0, 5, 5), np.ones((5, 5), bool), 2)
    assert renderer.set_preview(small) == Rect(0, 0, 140, 120)
    paint(renderer, View(1.0), WIDTH, HEIGHT)
    assert renderer.set_preview(None) == small.rect
    assert (paint(renderer, View(1.0), WIDTH, HEIGHT) == before).all()
    assert max(rect.width * rect.height for rect in asked) <= 94 * 74


def test_a_proposal_shows_the_mask_as_it_would_be() -> None:
    """Outside its hatch, and with the model's mask where it is brought back."""
    patch = Patch(Rect(0, 0, 40, 50), np.ones((50, 40), bool), UNSET)
    renderer = renderer_of(Look(style="fill"))
    renderer.set_preview(patch)
    shot = paint(renderer, View(1.0), WIDTH, HEIGHT)[:50, :40]
    model = paint(renderer_of(Look(style="fill", source="prediction")), View(1.0), WIDTH, HEIGHT)[:50, :40]
    same = (shot == model).all(axis=2)
    assert 0.5 < same.mean() < 1.0


def test_a_picture_that_knows_no_doubt_shows_none() -> None:
    class Sure(Document):
        doubt = None

    assert (
        paint(renderer_of(Look(doubt=True), Sure), View(1.0), WIDTH, HEIGHT)
        == paint(renderer_of(PLAIN, Sure), View(1.0), WIDTH, HEIGHT)
    ).all()


def test_deep_values_bring_back_what_eight_bits_clipped() -> None:
    document = make_document()
    deep = np.zeros((HEIGHT, WIDTH, 3), np.uint16)
    deep[:, :100], deep[:, 100:] = 40_000, 40_100
    document.pixels[:] = (deep >> 8).astype(np.uint8)
    document.deep = deep
    table = SegmentTable.for_classes(make_classes(["one"]))
    flat = paint(Renderer(document, OverlayColors.of(table, 0.35), Look(source="none")), View(1.0), WIDTH, HEIGHT)
    assert np.ptp(flat) == 0
    tone = Tone(39_900 / 65535, 40_200 / 65535)
    renderer = Renderer(document, OverlayColors.of(table, 0.35), Look(source="none", tone=tone))
    shot = paint(renderer, View(1.0), WIDTH, HEIGHT)
    assert abs(int(shot[5, 5, 0]) - 85) <= 1
    assert abs(int(shot[5, 150, 0]) - 170) <= 1
