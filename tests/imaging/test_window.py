"""A window travels in a PNG and is what reader, thumbnail and canvas show it by."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segstudio.app.document import Document
from segstudio.app.loader import load_image
from segstudio.domain.plane import Plane
from segstudio.imaging.display import to_8bit
from segstudio.imaging.reader import read_array, read_image, read_thumbnail
from segstudio.imaging.window import window_in, with_window
from segstudio.ui.canvas.base import Levels

RAMP = np.arange(64 * 32, dtype=np.uint16).reshape(32, 64) * 20


def png(array: np.ndarray) -> bytes:
    content = io.BytesIO()
    Image.fromarray(array).save(content, "PNG")
    return content.getvalue()


def test_it_is_what_everything_shows(tmp_path: Path) -> None:
    path, window = tmp_path / "a.png", (1000.5, 30000.0)
    path.write_bytes(with_window(png(RAMP), window))
    shown = to_8bit(RAMP, window)
    image = read_image(path)
    assert image.window == window
    np.testing.assert_array_equal(image.pixels[..., 0], shown)
    np.testing.assert_array_equal(image.deep, RAMP)
    np.testing.assert_array_equal(read_thumbnail(path, 64)[..., 0], shown)
    np.testing.assert_array_equal(read_array(path)[0], RAMP)
    loaded = load_image(path)
    assert getattr(loaded, "window", None) == window
    assert Levels(Document(1, image.pixels, Plane(32, 64), deep=image.deep, window=window)).shown_range == window


def test_without_one_it_is_chosen_by_the_values(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(with_window(png(RAMP), None))
    image = read_image(tmp_path / "a.png")
    assert image.window is None
    assert (image.pixels == 0).any()
    assert (image.pixels == 255).any()


def test_windows_below_zero_and_of_8_bits_do_no_harm(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(with_window(png(RAMP), (-1000.0, 70000.0)))
    assert read_image(tmp_path / "a.png").pixels.max() < 200
    (tmp_path / "b.png").write_bytes(with_window(png(RAMP.astype(np.uint8)), (0.0, 1.0)))
    np.testing.assert_array_equal(read_image(tmp_path / "b.png").pixels[..., 0], RAMP.astype(np.uint8))


@pytest.mark.parametrize("text", ["", "5", "a b", "9 3", "nan 4", "1 inf", "1 2 3"])
def test_what_makes_no_sense_is_no_window(text: str) -> None:
    assert window_in({"segstudio:window": text}) is None
    assert window_in({}) is None
