import tracemalloc
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from segstudio.domain.errors import UserError
from segstudio.domain.segments import ClassSpec, make_classes
from segstudio.formats.compare import read_together
from segstudio.formats.file_mask import FileMask
from segstudio.formats.png import is_unchanged, read_ids, read_mask, write_mask
from segstudio.imaging.cv import cv2
from segstudio.imaging.orientation import to_stored, turned_size
from segstudio.imaging.reader import read_image, read_size
from tests.helpers.data import data_folder
from tests.imaging.images import NAMES, declared_png, with_orientation

ONE = make_classes(["lesion"])
THREE = make_classes(["hair", "skin", "cloth"])


def blob() -> np.ndarray:
    """(6, 8) without any symmetry."""
    mask = np.zeros((6, 8), np.uint16)
    mask[1:4, 2:7] = 1
    mask[4, 2] = 1
    return mask


def ids() -> np.ndarray:
    mask = blob()
    mask[0, :4] = 2
    mask[5, 5:] = 3
    return mask


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(("classes", "mask"), [(ONE, blob()), (THREE, ids())])
def test_a_mask_lies_on_the_file_as_stored_and_comes_back(tmp_path: Path, orientation: int, classes, mask) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "a.png"
    write_mask(path, mask, orientation, classes)
    with Image.open(path) as image:
        assert image.size == turned_size((8, 6), orientation)
        np.testing.assert_array_equal(np.asarray(image) > 0, to_stored(mask, orientation) > 0)
    np.testing.assert_array_equal(read_mask(path, (8, 6), orientation, classes), mask)


def test_one_class_is_black_and_white(tmp_path: Path) -> None:
    write_mask(tmp_path / "a.png", blob(), 1, ONE)
    with Image.open(tmp_path / "a.png") as image:
        assert image.mode == "L"
        np.testing.assert_array_equal(np.asarray(image), blob() * 255)


def test_several_classes_are_a_palette_of_their_colours(tmp_path: Path) -> None:
    write_mask(tmp_path / "a.png", ids(), 1, THREE)
    with Image.open(tmp_path / "a.png") as image:
        assert image.mode == "P"
        np.testing.assert_array_equal(np.asarray(image), ids())
        assert image.convert("RGB").getpixel((0, 0)) == THREE[1].color
        assert image.convert("RGB").getpixel((0, 5)) == (0, 0, 0)


def test_more_classes_than_a_palette_holds(tmp_path: Path) -> None:
    classes = make_classes([f"class {k}" for k in range(300)])
    mask = ids()
    mask[2, 3] = 299
    write_mask(tmp_path / "a.png", mask, 1, classes)
    np.testing.assert_array_equal(read_mask(tmp_path / "a.png", (8, 6), 1, classes), mask)


@pytest.mark.parametrize("name", NAMES)
def test_any_file_name(tmp_path: Path, name: str) -> None:
    path = tmp_path / name / f"{name}.png"
    write_mask(path, blob(), 1, ONE)
    assert path.stem == name
    np.testing.assert_array_equal(read_mask(path, (8, 6), 1, ONE), blob())
    assert [p.name for p in path.parent.iterdir()] == [f"{name}.png"]


BINARY = blob() > 0
RGB = (blob()[..., None] * np.array([255, 255, 255])).astype(np.uint8)


def rgba(alpha: np.ndarray | int) -> np.ndarray:
    return np.dstack([RGB, np.broadcast_to(alpha, BINARY.shape).astype(np.uint8)])


PALETTE = Image.fromarray(blob().astype(np.uint8))
PALETTE.putpalette([0, 0, 0, 10, 0, 0])
SMOOTH = np.where(BINARY, 200, 60).astype(np.uint8)
FORMS = {
    "1-bit.bmp": Image.fromarray(BINARY),
    "24-bit.bmp": Image.fromarray(RGB),
    "zero-one.png": Image.fromarray(BINARY.astype(np.uint8)),
    "zero-255.png": Image.fromarray(RGB[..., 0]),
    "ids.png": Image.fromarray(BINARY.astype(np.uint8) * 37),
    "opaque.png": Image.fromarray(rgba(255)),
    "alpha says the opposite.png": Image.fromarray(rgba(np.where(BINARY, 0, 255))),
    "palette.png": PALETTE,
    "16-bit.png": Image.fromarray(blob() * 1000),
    "smooth.png": Image.fromarray(SMOOTH),
    "float.tif": Image.fromarray(BINARY.astype(np.float32)),
    "grey alpha.png": Image.fromarray(rgba(255)[..., 2:], "LA"),
    "yellow.png": Image.fromarray(RGB * np.array([1, 1, 0], np.uint8)),
}


@pytest.mark.parametrize("name", FORMS)
def test_every_form_of_a_mask_of_one_class(tmp_path: Path, name: str) -> None:
    FORMS[name].save(tmp_path / name)
    np.testing.assert_array_equal(read_mask(tmp_path / name, (8, 6), 1, ONE), blob())
    read, binary = read_ids(tmp_path / name)
    np.testing.assert_array_equal(read > 0, BINARY)
    assert binary == (name not in ("zero-one.png", "ids.png", "palette.png", "16-bit.png"))


def test_top_down_bmp(tmp_path: Path) -> None:
    path = tmp_path / "a.bmp"
    Image.fromarray(RGB).save(path)
    content = bytearray(path.read_bytes())
    content[22:26] = (-6).to_bytes(4, "little", signed=True)
    path.write_bytes(content)
    np.testing.assert_array_equal(read_mask(path, (8, 6), 1, ONE), blob()[::-1])


def test_black_means_background(tmp_path: Path) -> None:
    for classes in (ONE, THREE):
        Image.new("RGBA", (8, 6), (0, 0, 0, 255)).save(tmp_path / "a.png")
        assert not read_mask(tmp_path / "a.png", (8, 6), 1, classes).any()


@pytest.mark.parametrize("mode", ["L", "RGB", "I;16"])
def test_ids_of_several_classes(tmp_path: Path, mode: str) -> None:
    plane = ids()
    plane[0, 7] = 255  # void, as many data sets have it
    array = {"L": plane.astype(np.uint8), "I;16": plane, "RGB": np.repeat(plane[..., None], 3, 2).astype(np.uint8)}
    Image.fromarray(array[mode]).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_mask(tmp_path / "a.png", (8, 6), 1, THREE), ids())


def test_void_is_the_class_that_is_not_judged_if_there_is_one(tmp_path: Path) -> None:
    classes = (*THREE, ClassSpec(9, "glare", (1, 1, 1), "void"))
    plane = ids()
    plane[0, 7] = 255
    Image.fromarray(plane.astype(np.uint8)).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_mask(tmp_path / "a.png", (8, 6), 1, classes), np.where(plane == 255, 9, plane))
    Image.fromarray(np.where(plane > 0, 255, 0).astype(np.uint8)).save(tmp_path / "b.png")
    with pytest.raises(UserError, match="none of this project's classes"):
        read_mask(tmp_path / "b.png", (8, 6), 1, classes)


def test_class_colours(tmp_path: Path) -> None:
    table = np.zeros((4, 3), np.uint8)
    for spec in THREE:
        table[spec.id] = spec.color
    Image.fromarray(table[ids()]).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_mask(tmp_path / "a.png", (8, 6), 1, THREE), ids())


@pytest.mark.parametrize("array", [RGB[..., 0], RGB * np.array([1, 0, 0], np.uint8), RGB])
def test_values_that_are_no_class(tmp_path: Path, array: np.ndarray) -> None:
    Image.fromarray(array).save(tmp_path / "a.png")
    with pytest.raises(UserError, match=r"“a\.png” are none of this project's classes"):
        read_mask(tmp_path / "a.png", (8, 6), 1, THREE)


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_a_mask_of_which_a_part_is_no_class_is_not_read_as_if_that_were_background(tmp_path: Path, mode: str) -> None:
    plane = np.zeros((40, 50), np.uint8)
    plane[:20], plane[20:22] = 1, 9
    Image.fromarray(plane if mode == "L" else np.repeat(plane[..., None], 3, 2)).save(tmp_path / "a.png")
    with pytest.raises(UserError, match=r"\(9\) in the mask “a\.png” are none"):
        read_mask(tmp_path / "a.png", (50, 40), 1, THREE)
    table = np.zeros((10, 3), np.uint8)
    table[1], table[9] = THREE[0].color, (1, 2, 3)
    Image.fromarray(table[plane]).save(tmp_path / "b.png")
    with pytest.raises(UserError, match="colours in the mask"):
        read_mask(tmp_path / "b.png", (50, 40), 1, THREE)


def test_another_size(tmp_path: Path) -> None:
    Image.fromarray(RGB).save(tmp_path / "a.png")
    with pytest.raises(UserError, match=r"“a\.png” has 8 × 6 pixels but its image has 9 × 6"):
        read_mask(tmp_path / "a.png", (9, 6), 1, ONE)


def test_a_mask_made_upright_is_taken_as_it_is(tmp_path: Path) -> None:
    Image.fromarray(RGB).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_mask(tmp_path / "a.png", (8, 6), 6, ONE), blob())


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_mask_with_an_orientation_of_its_own(tmp_path: Path, orientation: int) -> None:
    stored = np.ascontiguousarray(to_stored(RGB, orientation))
    path = with_orientation(tmp_path / "a.png", stored, orientation)
    np.testing.assert_array_equal(read_mask(path, (8, 6), orientation, ONE), blob())
    np.testing.assert_array_equal(read_ids(path)[0], blob())


def test_masks_of_real_turned_photos_line_up(tmp_path: Path) -> None:
    for path in sorted(data_folder("exif_orientation").glob("*.jpg")):
        image = read_image(path)
        bright = (image.pixels[..., 2] > 128).astype(np.uint16)
        target = tmp_path / f"{path.stem}.png"
        write_mask(target, bright, image.orientation, ONE)
        with Image.open(path) as stored, Image.open(target) as mask:
            assert mask.size == stored.size
            agree = (np.asarray(stored)[..., 2] > 128) == (np.asarray(mask) > 0)
            assert agree.all()
        np.testing.assert_array_equal(read_mask(target, image.size, image.orientation, ONE), bright)


def test_real_masks_of_ph2_and_mads(tmp_path: Path) -> None:
    mads = data_folder("mads")
    mask = read_mask(
        mads / "masks" / "Taichi_S1_C1_00765.png", read_size(mads / "images" / "Taichi_S1_C1_00765.png"), 1, ONE
    )
    assert 0.01 < mask.mean() < 0.2
    for path in sorted(data_folder("ph2_packed").glob("IMD*/*_lesion/*"))[:20]:
        with Image.open(path) as image:
            image.save(tmp_path / "a.bmp")
            size = image.size
        share = read_mask(tmp_path / "a.bmp", size, 1, ONE).mean()
        assert 0.01 < share < 1


def test_a_marked_mask_is_known_again_until_somebody_paints_on_it(tmp_path: Path) -> None:
    classes = make_classes(["one", "two"])
    ids = np.zeros((20, 30), np.uint16)
    ids[5:9], ids[12:] = 1, 2
    for path, kinds in ((tmp_path / "several.png", classes), (tmp_path / "one.png", classes[:1])):
        write_mask(path, ids, 6, kinds, marked=True)
        assert is_unchanged(path)
        with Image.open(path) as image:
            image.load()
            painted = image.copy()
        image.save(path, pnginfo=_same_text(image))
        assert is_unchanged(path), "written again as it was"
        painted.putpixel((3, 3), 1)
        painted.save(path, pnginfo=_same_text(image))
        assert not is_unchanged(path)
    write_mask(tmp_path / "plain.png", ids, 1, classes)
    (tmp_path / "text.png").write_bytes(b"no image")
    for name in ("plain.png", "text.png", "gone.png"):
        assert not is_unchanged(tmp_path / name)


def _same_text(image: Image.Image) -> PngImagePlugin.PngInfo:
    about = PngImagePlugin.PngInfo()
    about.add_text("segstudio", image.info["segstudio"])
    return about


def _picture(seed: int = 0) -> np.ndarray:
    """(120, 160, 3) of a thousand soft shades, as photographs have."""
    small = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), np.uint8)
    return np.asarray(Image.fromarray(small).resize((160, 120), Image.Resampling.BICUBIC))


def _disk(soft: bool = False) -> np.ndarray:
    ys, xs = np.mgrid[:120, :160]
    far = np.hypot(xs - 80, ys - 60)
    return np.clip((40 - far) / (8 if soft else 0.01) + 0.5, 0, 1)


def _refused(path: Path, pixels: np.ndarray) -> str:
    Image.fromarray(pixels).save(path)
    said = []
    for read in (
        lambda: read_mask(path, (160, 120), 1, ONE),
        lambda: read_ids(path),
        lambda: FileMask(path).read((160, 120), 1),
    ):
        with pytest.raises(UserError) as error:
            read()
        said.append(str(error.value))
    assert len(set(said)) == 1
    return said[0]


def test_a_photograph_and_somebody_cut_out_of_one_are_no_masks(tmp_path: Path) -> None:
    picture, member = _picture(), _disk() > 0.5
    assert "a.png” is a picture with many shades, not a mask" in _refused(tmp_path / "a.png", picture)
    assert "many shades" in _refused(tmp_path / "a.png", picture * member[..., None].astype(np.uint8))
    assert "many shades" in _refused(tmp_path / "a.png", np.dstack([picture, np.uint8(255 * member)]))
    assert "many shades" in _refused(tmp_path / "a.png", np.clip(picture[..., 1], 20, 220))


def test_what_only_transparency_shows_is_no_mask(tmp_path: Path) -> None:
    alpha = np.uint8(255 * _disk(soft=True))
    for value in (0, 255):
        flat = np.full((120, 160, 3), value, np.uint8)
        assert "without transparency" in _refused(tmp_path / "a.png", np.dstack([flat, alpha]))
        assert "without transparency" in _refused(tmp_path / "a.png", np.dstack([flat[..., 0], alpha]))


@pytest.mark.parametrize("ending", ["png", "jpg"])
@pytest.mark.parametrize("color", [(255, 255, 255), (255, 0, 0), (0, 200, 180)])
def test_soft_edges_and_those_that_jpeg_blurs_are_a_mask(
    tmp_path: Path, ending: str, color: tuple[int, int, int]
) -> None:
    path, soft = tmp_path / f"a.{ending}", _disk(soft=True)
    Image.fromarray(np.uint8(soft[..., None] * np.array(color))).save(path, quality=80)
    mask = read_mask(path, (160, 120), 1, ONE)
    assert (mask != (soft > 0.55)).mean() < 0.02


def test_many_numbers_and_a_mask_with_its_own_transparency_are_none_the_less(tmp_path: Path) -> None:
    numbers = np.uint8(np.arange(120 * 160).reshape(120, 160) % 100)
    Image.fromarray(numbers).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_ids(tmp_path / "a.png")[0], numbers)
    white = np.uint8(255 * (_disk() > 0.5))
    Image.fromarray(np.dstack([white, white, white, white])).save(tmp_path / "b.png")
    np.testing.assert_array_equal(read_mask(tmp_path / "b.png", (160, 120), 1, ONE) > 0, white > 0)


def test_a_mask_of_several_pages_is_refused_and_a_smaller_copy_in_it_is_not(tmp_path: Path) -> None:
    pages = [Image.fromarray(np.uint8(255 * part)) for part in (blob(), ~blob())]
    pages[0].save(tmp_path / "two.tif", save_all=True, append_images=pages[1:])
    for read in (
        lambda: read_mask(tmp_path / "two.tif", (8, 6), 1, make_classes(["a"])),
        lambda: FileMask(tmp_path / "two.tif").read((8, 6), 1),
    ):
        with pytest.raises(UserError, match="2 pages"):
            read()
    pages[0].save(tmp_path / "pyramid.tif", save_all=True, append_images=[pages[1].resize((4, 3))])
    np.testing.assert_array_equal(read_mask(tmp_path / "pyramid.tif", (8, 6), 1, make_classes(["a"])), blob())


def test_white_of_16_bits_has_soft_edges_like_that_of_8(tmp_path: Path) -> None:
    hard = np.zeros((60, 60), np.uint8)
    hard[20:40, 15:45] = 255
    soft = cv2.GaussianBlur(hard, (0, 0), 2)
    expected = (soft > 127).astype(np.uint16)
    path = tmp_path / "a.png"
    for deep in (soft.astype(np.uint16) * 257, np.dstack([soft.astype(np.uint16) * 257] * 3)):
        assert cv2.imwrite(str(path), deep)
        np.testing.assert_array_equal(read_mask(path, (60, 60), 1, make_classes(["lesion"])), expected)
        np.testing.assert_array_equal(FileMask(path).read((60, 60), 1).ids, expected)
        np.testing.assert_array_equal(read_ids(path)[0], expected)
        assert read_ids(path)[1]
    ids = np.where(hard > 0, np.uint16(65534), np.uint16(0))
    ids[0, 0] = 3
    assert cv2.imwrite(str(path), ids)
    np.testing.assert_array_equal(read_ids(path)[0], ids)


@pytest.mark.parametrize("classes", [ONE, THREE])
def test_writing_a_large_mask_takes_little_memory(tmp_path, classes):
    ids = np.zeros((1500, 2000), np.uint16)
    ids[300:900, 400:1500] = classes[-1].id
    tracemalloc.start()
    write_mask(tmp_path / "mask.png", ids, 1, classes)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * ids.size
    assert np.array_equal(read_mask(tmp_path / "mask.png", (2000, 1500), 1, classes), ids)


def test_white_of_255_in_16_bits_has_soft_edges_too_and_numbers_of_objects_are_none(tmp_path: Path) -> None:
    hard = np.zeros((60, 60), np.uint8)
    hard[20:40, 15:45] = 255
    soft = cv2.GaussianBlur(hard, (0, 0), 2.5)
    expected, path = (soft > 127).astype(np.uint16), tmp_path / "a.png"
    for deep in (soft.astype(np.uint16), np.dstack([soft.astype(np.uint16)] * 3)):
        assert cv2.imwrite(str(path), deep)
        np.testing.assert_array_equal(read_mask(path, (60, 60), 1, make_classes(["lesion"])), expected)
        np.testing.assert_array_equal(FileMask(path).read((60, 60), 1).ids, expected)
        assert read_ids(path)[1]
    objects = np.arange(1, 256).reshape(15, 17).repeat(4, axis=0).repeat(4, axis=1).astype(np.uint16)
    few = np.zeros((60, 60), np.uint16)
    few[5:20, 5:20], few[30:45, 5:20], few[5:45, 30:50] = 130, 254, 255
    void = np.where(soft > 127, np.uint16(1), np.uint16(0))
    void[:10] = 255
    for ids in (objects, few, void):
        assert cv2.imwrite(str(path), ids)
        np.testing.assert_array_equal(read_ids(path)[0], ids)


def test_a_small_file_that_declares_many_pixels_is_refused_unread(tmp_path: Path) -> None:
    bomb, truth = declared_png(tmp_path / "bomb.png", 15_000, 15_000), tmp_path / "truth.png"
    write_mask(truth, np.zeros((10, 12), np.uint16), 1, ())
    with patch("segstudio.imaging.reader.Image.Image.load", side_effect=AssertionError):
        with pytest.raises(UserError, match="15000 × 15000 pixels but its image has 12 × 10"):
            read_mask(bomb, (12, 10), 1, ())
        with pytest.raises(UserError, match="15000 × 15000 pixels but its counterpart has 12 × 10"):
            read_together(truth, [bomb])
        with pytest.raises(UserError, match="12 × 10 pixels but its counterpart has 15000 × 15000"):
            read_together(bomb, [truth])
        assert not is_unchanged(declared_png(tmp_path / "larger.png", 30_000, 30_000))


@pytest.mark.parametrize("binary", [True, False])
@pytest.mark.parametrize("bits", [np.uint8, np.uint16])
def test_255_beside_1_is_what_nobody_judges_at_any_depth(tmp_path: Path, bits: type, binary: bool) -> None:
    values = np.zeros((10, 12), bits)
    values[:3], values[5:7] = 1, 255
    Image.fromarray(values).save(tmp_path / "m.png")
    found = FileMask(tmp_path / "m.png", binary).read((12, 10), 1)
    assert np.array_equal(found.class_ids(), values == 1)
    assert found.oddities == ("“m.png” has 1 and 255: 1 is taken for the object, 255 for nothing.",)
