"""Images with the outlines of their masks drawn on them."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segstudio.domain.errors import UserError
from segstudio.domain.segments import make_classes
from segstudio.formats.export_formats import FORMATS, MASKS, format_called
from segstudio.formats.mask_formats import MaskToWrite
from segstudio.imaging.reader import read_image
from tests.imaging.images import colours, with_orientation

OVERLAY = format_called("overlay")
TWO = make_classes(["hair", "skin"])


def made(mask: np.ndarray, image: Path | None, turn: int = 1) -> np.ndarray:
    content = OVERLAY.encode(MaskToWrite(1, "a", "a.png", mask, turn, image), TWO).content
    assert content is not None
    return np.asarray(Image.open(io.BytesIO(content)))


@pytest.mark.parametrize("turn", range(1, 9))
def test_the_image_is_upright_and_unchanged_but_for_the_outlines(tmp_path: Path, turn: int) -> None:
    with_orientation(tmp_path / "a.png", colours(60, 90) if turn < 5 else colours(90, 60), turn)
    pixels = read_image(tmp_path / "a.png").pixels
    mask = np.zeros((60, 90), np.uint16)
    mask[10:30, 10:40], mask[10:30, 40:70] = 1, 2
    drawn = made(mask, tmp_path / "a.png", turn)
    assert drawn.shape == pixels.shape == (60, 90, 3)
    assert drawn.dtype == np.uint8
    assert tuple(drawn[10, 20]) == tuple(drawn[20, 39]) == TWO[0].color
    assert tuple(drawn[29, 60]) == tuple(drawn[20, 40]) == TWO[1].color, "where two touch both are outlined"
    for part in ((slice(0, 8), slice(None)), (slice(13, 27), slice(13, 37)), (slice(13, 27), slice(43, 67))):
        np.testing.assert_array_equal(drawn[part], pixels[part])
    changed = (drawn != pixels).any(axis=2)
    assert 0 < changed.mean() < 0.12


def test_the_line_is_as_thick_as_is_seen_on_a_large_image(tmp_path: Path) -> None:
    for side, thick in ((100, 1), (800, 2), (4000, 10)):
        Image.new("RGB", (side, side // 2), (200, 150, 140)).save(tmp_path / "a.png")
        mask = np.zeros((side // 2, side), np.uint16)
        mask[side // 8 : side // 4, side // 4 : side // 2] = 1
        column = made(mask, tmp_path / "a.png")[: side * 3 // 16, side * 3 // 8]
        assert (column == TWO[0].color).all(axis=1).sum() == thick


def test_an_empty_mask_leaves_the_image_as_it_is(tmp_path: Path) -> None:
    Image.fromarray(colours(60, 90)).save(tmp_path / "a.png")
    drawn = made(np.zeros((60, 90), np.uint16), tmp_path / "a.png")
    np.testing.assert_array_equal(drawn, read_image(tmp_path / "a.png").pixels)


def test_what_cannot_be_drawn_is_said(tmp_path: Path) -> None:
    Image.new("RGB", (9, 6)).save(tmp_path / "a.png")
    for image in (None, tmp_path / "a.png", tmp_path / "gone.png"):
        with pytest.raises(UserError):
            made(np.ones((60, 90), np.uint16), image)


def test_it_is_offered_but_counts_for_no_mask() -> None:
    assert OVERLAY in FORMATS
    assert OVERLAY not in MASKS
    assert OVERLAY.about(False) != OVERLAY.about(True)
