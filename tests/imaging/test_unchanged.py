"""A file that another takes the place of while it is read."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segstudio.app import loader
from segstudio.app.loader import LoadedImage, load_image
from segstudio.domain.errors import UserError
from segstudio.engine import data
from segstudio.engine.data import ImageCache
from segstudio.imaging.reader import ImageData, fingerprint, read_image
from segstudio.imaging.unchanged import read_with_fingerprint


def _save(path: Path, shade: int) -> None:
    Image.new("RGB", (40, 30), (shade,) * 3).save(path)


def test_pixels_and_fingerprint_are_of_one_file_though_another_takes_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, later = tmp_path / "a.png", [60, 200]

    def read_and_replace(file: Path) -> ImageData:
        image = read_image(file)
        if later:
            _save(path, later.pop(0))
        return image

    monkeypatch.setattr(loader, "read_image", read_and_replace)
    monkeypatch.setattr(data, "read_image", read_and_replace)
    _save(path, 0)
    loaded = load_image(path)
    assert isinstance(loaded, LoadedImage)
    assert loaded.fingerprint == fingerprint(path)
    np.testing.assert_array_equal(loaded.pixels, read_image(path).pixels)
    later.append(90)
    entry = ImageCache().load(path, 64)
    assert entry.fingerprint == fingerprint(path)
    assert (entry.pixels == 90).all()


def test_a_file_that_does_not_come_to_rest_is_said(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    _save(path, 0)
    shades = iter(range(1, 50))

    def read(file: Path) -> ImageData:
        _save(path, next(shades))
        return read_image(file)

    with pytest.raises(UserError, match="being written just now"):
        read_with_fingerprint(path, read)


def test_a_file_that_is_not_there_is_said_by_who_reads(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no longer"):
        read_with_fingerprint(tmp_path / "a.png", read_image)
