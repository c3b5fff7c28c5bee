"""What the window shows besides the mask: a file's own values, and how large a pixel is."""

import numpy as np
import pytest
from PIL import Image

from segstudio.app import loader as loading
from segstudio.app.headless import HeadlessScheduler
from segstudio.app.loader import LoadedImage, Loader
from tests.helpers.studios import StudioRig


def write_deep(path, size=(40, 30)):
    values = (np.arange(size[0] * size[1], dtype=np.uint16) * 7 + 1000).reshape(size[1], size[0])
    Image.fromarray(values).save(path)
    return values


def test_a_16_bit_file_keeps_its_own_values(tmp_path):
    values = write_deep(tmp_path / "deep.png")
    image = loading.load_image(tmp_path / "deep.png")
    assert isinstance(image, LoadedImage)
    assert (image.deep == values).all()
    assert image.nbytes == values.size * (3 + 2)


def test_an_8_bit_file_has_none(tmp_path):
    Image.fromarray(np.zeros((4, 5, 3), np.uint8)).save(tmp_path / "flat.png")
    assert loading.load_image(tmp_path / "flat.png").deep is None


def test_the_deep_values_count_as_kept_memory(tmp_path, monkeypatch):
    paths = [tmp_path / f"{number}.png" for number in range(2)]
    for path in paths:
        write_deep(path)
    # Room for two images as they are shown, not for the values below them.
    monkeypatch.setattr(loading, "KEPT_BYTES", 2 * 40 * 30 * 3)
    scheduler = HeadlessScheduler()
    loader = Loader(scheduler)
    try:
        for path in paths:
            got = []
            loader.load(path, got.append)
            scheduler.run_until(lambda got=got: bool(got), 10)
        assert [path for path in paths if path in loader._kept._images] == paths[1:]
    finally:
        loader.close()


def test_the_open_document_has_the_deep_values(tmp_path):
    rig = StudioRig(tmp_path)
    rig.new_project()
    assert rig.session.document.deep is None
    values = write_deep(tmp_path / "deep.png")
    rig.session.files.add([tmp_path / "deep.png"])
    rig.wait(lambda: len(rig.session.records) == 5)
    rig.session.open_image(rig.session.records[-1].id)
    rig.settle()
    assert (rig.session.document.deep == values).all()
    rig.studio.close()


def test_the_scale_is_kept_in_the_project(tmp_path):
    rig = StudioRig(tmp_path)
    rig.new_project()
    assert rig.session.scale.mm_per_px is None
    rig.session.scale.set(0.025)
    rig.settle()
    assert any(changes.scale for changes in rig.heard)
    folder = rig.session.folder
    rig.studio.close_project()
    rig.studio.open_project(folder)
    rig.wait(lambda: rig.studio.session is not None)
    assert rig.session.scale.mm_per_px == 0.025
    rig.session.scale.set(None)
    assert rig.session.scale.mm_per_px is None
    rig.studio.close()


@pytest.mark.parametrize("wrong", [0.0, -1.0, float("nan"), float("inf")])
def test_a_pixel_has_a_size_above_nothing(tmp_path, wrong):
    rig = StudioRig(tmp_path)
    rig.new_project()
    with pytest.raises(ValueError, match="no size"):
        rig.session.scale.set(wrong)
    rig.studio.close()
