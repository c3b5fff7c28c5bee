"""``segstudio predict --model``: no project, a real worker."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segstudio.app.model_files import find_model, look_at_model
from segstudio.app.predict_command import predict_with
from segstudio.domain.errors import UserError
from segstudio.domain.segments import make_classes
from segstudio.formats.png import is_unchanged
from tests.helpers.studios import write_images


def turned(path: Path, size: tuple[int, int], orientation: int) -> Path:
    """A JPEG that says that it lies on its side."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (*size[::-1], 3), np.uint8)).save(path, exif=exif)
    return path


def test_masks_are_as_large_and_lie_as_the_files_and_bad_images_are_a_sentence(
    tmp_path: Path, models: dict[str, Path]
) -> None:
    images = write_images(tmp_path / "in [1] ü", 2)
    images.append(turned(tmp_path / "in [1] ü" / "turned.jpg", (90, 50), 6))
    (tmp_path / "in [1] ü" / "broken.png").write_bytes(b"no image")
    said: list[str] = []
    out = tmp_path / "out"
    report = predict_with(str(models["one"]), [tmp_path / "in [1] ü"], out, False, said.append)
    assert report.written == 3
    assert len(report.troubles) == 1
    assert "broken.png" in report.troubles[0]
    assert len(report.text.splitlines()) == 2
    assert said[-1].startswith("4 of 4")
    for path in images:
        with Image.open(out / f"{path.stem}.png") as mask, Image.open(path) as image:
            assert mask.size == image.size, "as the file stores it"
            assert mask.mode == "L"
            assert set(np.unique(np.asarray(mask))) <= {0, 255}
    assert not (out / "broken.png").exists()
    # What it wrote itself is written over; what somebody painted on is not, and then nothing is.
    before = {path: path.stat().st_mtime_ns for path in out.iterdir()}
    predict_with(str(models["one"]), images[:1], out, False, said.append)
    assert (out / "image_00.png").stat().st_mtime_ns != before[out / "image_00.png"]
    painted = Image.open(out / "image_01.png").copy()
    painted.putpixel((1, 1), 128)
    painted.save(out / "image_01.png")
    with pytest.raises(UserError, match=r"image_01\.png, which may be somebody's work"):
        predict_with(str(models["one"]), images[:2], out, False, said.append)
    assert Image.open(out / "image_01.png").getpixel((1, 1)) == 128
    predict_with(str(models["one"]), images[1:2], out, True, said.append)
    assert is_unchanged(out / "image_01.png")


def test_an_image_that_is_named_twice_gets_one_mask(
    tmp_path: Path, models: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_images(tmp_path / "in", 2)
    monkeypatch.chdir(tmp_path)
    named = [Path("in"), Path("in/image_00.png"), tmp_path / "in" / "image_01.png"]
    assert predict_with(str(models["one"]), named, tmp_path / "out", False, lambda _: None).written == 2
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["image_00.png", "image_01.png"]


def test_several_classes_are_a_palette(tmp_path: Path, models: dict[str, Path]) -> None:
    (image,) = write_images(tmp_path / "in", 1)
    predict_with(str(models["two"]), [image], tmp_path / "out", False, lambda _: None)
    with Image.open(tmp_path / "out" / "image_00.png") as mask:
        assert mask.mode == "P"
        assert set(np.unique(np.asarray(mask))) <= {0, 1, 2}
        assert tuple(mask.getpalette()[3:6]) == make_classes(["lesion"])[0].color


def test_nothing_that_could_be_read_is_trouble(tmp_path: Path, models: dict[str, Path]) -> None:
    (tmp_path / "x.png").write_bytes(b"no image")
    with pytest.raises(UserError, match=r"No mask could be made\. x\.png"):
        predict_with(str(models["one"]), [tmp_path / "x.png"], tmp_path / "out", False, lambda _: None)


def test_an_image_never_gets_a_mask_in_its_place(tmp_path: Path, models: dict[str, Path]) -> None:
    (image,) = write_images(tmp_path, 1)
    content = image.read_bytes()
    for force in (False, True):
        with pytest.raises(UserError, match="is one of the images"):
            predict_with(str(models["one"]), [image], tmp_path, force, lambda _: None)
    assert image.read_bytes() == content
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="no image to look at"):
        predict_with(str(models["one"]), [tmp_path / "empty"], tmp_path / "out", False, lambda _: None)


def test_an_image_is_known_by_another_name_as_well(tmp_path: Path, models: dict[str, Path]) -> None:
    """On a Mac ``in/A.PNG`` is ``in/a.png``; here a second link to the file stands for that."""
    (image,) = write_images(tmp_path / "in", 1)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / image.name).hardlink_to(image)
    (tmp_path / "link").symlink_to("in")
    content = image.read_bytes()
    for folder in ("out", "link"):
        with pytest.raises(UserError, match="is the image itself"):
            predict_with(str(models["one"]), [image], tmp_path / folder, True, lambda _: None)
        assert (tmp_path / folder / image.name).read_bytes() == content


def test_models_that_are_none(tmp_path: Path, models: dict[str, Path]) -> None:
    with pytest.raises(UserError, match="There is no model “nowhere”"):
        find_model("nowhere")
    (tmp_path / "m.safetensors").write_bytes(b"PK\x03\x04 and so on")
    with pytest.raises(UserError, match=r"can run commands .*left alone"):
        look_at_model(tmp_path / "m.safetensors")
    with pytest.raises(UserError, match="can't be read"):
        look_at_model(tmp_path)
    changed = bytearray(models["one"].read_bytes())
    changed[-5] ^= 1
    (tmp_path / "m.safetensors").write_bytes(changed)
    with pytest.raises(UserError, match="changed or damaged"):
        look_at_model(tmp_path / "m.safetensors")


def test_models_that_come_with_the_program_have_names(tmp_path: Path, models: dict[str, Path], monkeypatch) -> None:
    monkeypatch.setattr("segstudio.app.model_files.models_folder", lambda: tmp_path)
    shutil.copy(models["one"], tmp_path / "lesion.safetensors")
    assert find_model("lesion") == tmp_path / "lesion.safetensors"
    with pytest.raises(UserError, match="or a name: lesion"):
        find_model("body")
