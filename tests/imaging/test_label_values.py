"""Label files whose pixels say something else than a viewer shows."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segstudio.imaging.label_values import read_palette, shows_white
from segstudio.imaging.reader import read_array, read_image
from tests.imaging.images import packed_png

IDS = np.array([[0, 1, 2, 3, 0], [3, 3, 1, 0, 2]], np.uint8)


@pytest.mark.parametrize("bits", [2, 4])
def test_grey_of_few_bits_keeps_its_numbers(tmp_path: Path, bits: int) -> None:
    (tmp_path / "a.png").write_bytes(packed_png(IDS, bits))
    np.testing.assert_array_equal(read_array(tmp_path / "a.png")[0], IDS)
    assert read_image(tmp_path / "a.png").pixels.max() == 3 * 255 // ((1 << bits) - 1)


@pytest.mark.parametrize("suffix", ["bmp", "png", "tif"])
def test_a_bitmap_whose_first_colour_is_white_is_read_as_it_looks(tmp_path: Path, suffix: str) -> None:
    image = Image.fromarray(np.uint8(IDS == 0), "P")
    image.putpalette([255, 255, 255, 0, 0, 0])
    image.save(tmp_path / f"a.{suffix}")
    expected = np.where(IDS == 0, 0, 255)
    np.testing.assert_array_equal(read_array(tmp_path / f"a.{suffix}")[0], expected)
    np.testing.assert_array_equal(read_image(tmp_path / f"a.{suffix}").pixels[..., 0], expected)


def test_other_palettes_count_by_their_indices_unless_colours_are_asked_for(tmp_path: Path) -> None:
    image = Image.fromarray(IDS, "P")
    image.putpalette([9, 9, 9, 255, 0, 0, 0, 255, 0, 255, 255, 255])
    image.save(tmp_path / "a.png", transparency=1)
    np.testing.assert_array_equal(read_array(tmp_path / "a.png")[0], IDS)
    palette = read_palette(tmp_path / "a.png")
    assert palette is not None
    np.testing.assert_array_equal(read_array(tmp_path / "a.png", by_colour=True)[0], palette[IDS])


def test_what_has_no_palette_has_none(tmp_path: Path) -> None:
    Image.fromarray(IDS).save(tmp_path / "grey.png")
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    assert [read_palette(tmp_path / f"{name}.png") for name in ("grey", "broken", "absent")] == [None] * 3


@pytest.mark.parametrize("bits", [2, 4])
def test_black_and_white_in_few_bits_is_told_from_numbers(tmp_path: Path, bits: int) -> None:
    most = (1 << bits) - 1
    for name, ids in {"white": (IDS > 1) * most, "ids": IDS, "other": (IDS > 1) * 2, "black": 0 * IDS}.items():
        (tmp_path / f"{name}.png").write_bytes(packed_png(ids, bits))
    said = {path.stem: shows_white(path, read_array(path)[0]) for path in tmp_path.iterdir()}
    assert said == {"white": most, "ids": None, "other": None, "black": None}
    np.testing.assert_array_equal(read_array(tmp_path / "white.png", by_colour=True)[0], (IDS > 1) * 255)


@pytest.mark.parametrize(("greys", "white"), [((0, 85, 170, 255), 3), ((0, 1, 2, 3), None), ((0, 0, 0, 254), None)])
@pytest.mark.parametrize("bits", [2, 4, 8])
def test_the_last_of_a_palette_of_greys_may_be_white(
    tmp_path: Path, greys: tuple[int, ...], white: int | None, bits: int
) -> None:
    image = Image.fromarray(np.uint8(3 * (IDS > 0)), "P")
    image.putpalette([part for grey in greys for part in (grey, grey, grey)])
    image.save(tmp_path / "a.png", bits=bits)
    assert shows_white(tmp_path / "a.png", read_array(tmp_path / "a.png")[0]) == white


def test_what_is_no_riddle_or_no_file_shows_no_white(tmp_path: Path) -> None:
    Image.fromarray(np.uint8(255 * (IDS > 0))).save(tmp_path / "a.png")
    assert shows_white(tmp_path / "a.png", np.uint8(255 * (IDS > 0))) is None
    assert shows_white(tmp_path / "absent.png", np.uint8(3 * (IDS > 0))) is None
    assert shows_white(tmp_path / "a.png", np.uint8(3 * (IDS > 0))) is None
