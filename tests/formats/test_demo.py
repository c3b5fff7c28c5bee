from pathlib import Path

import numpy as np
import pytest

from segstudio.domain.segments import make_classes
from segstudio.formats.demo import write_demo
from segstudio.formats.detect import find_dataset
from segstudio.formats.png import read_mask
from segstudio.imaging.reader import read_image


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.png")}


@pytest.mark.parametrize(("kind", "size"), [("lesion", (768, 576)), ("body", (512, 384))])
def test_a_demo_folder_is_found_again_with_its_masks(tmp_path: Path, kind, size: tuple[int, int]) -> None:  # type: ignore[no-untyped-def]
    seen: list[tuple[int, int]] = []
    written = write_demo(tmp_path, kind, 2, 7, lambda done, total: seen.append((done, total)))
    assert seen == [(1, 2), (2, 2)]
    found = find_dataset(tmp_path)
    assert [(f.image, f.mask.files[0]) for f in found.images if f.mask] == [(d.image, d.mask) for d in written]
    classes = make_classes([kind])
    for item in written:
        pixels, mask = read_image(item.image).pixels, read_mask(item.mask, size, 1, classes)
        assert pixels.shape == (*mask.shape, 3)
        assert 0.01 < mask.mean() < 0.95
    first, second = (read_image(item.image).pixels for item in written)
    assert np.abs(first.astype(int) - second).mean() > 3


def test_the_same_bytes_again_and_what_exists_stays(tmp_path: Path) -> None:
    written = write_demo(tmp_path / "a", "lesion", 2, 1)
    write_demo(tmp_path / "b", "lesion", 2, 1)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    assert [item.image.name for item in written] == ["lesion_01.png", "lesion_02.png"]
    written[0].image.write_bytes(b"mine")
    written[1].mask.unlink()
    again = write_demo(tmp_path / "a", "lesion", 2, 1)
    assert again == written
    assert written[0].image.read_bytes() == b"mine"
    assert written[1].mask.read_bytes() == contents(tmp_path / "b")["masks/lesion_02.png"]


def test_names_are_natural_and_never_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny = (np.zeros((2, 2, 3), np.uint8), np.zeros((2, 2), np.bool_))
    monkeypatch.setattr("segstudio.formats.demo._draw", lambda *_: tiny)
    bodies = [item.image.name for item in write_demo(tmp_path, "body", 130, 0)]
    assert len(set(bodies)) == 130
    assert bodies[0] == "HipHop_A_C1_00120.png"
    lesions = [item.image.name for item in write_demo(tmp_path, "lesion", 120, 0)]
    assert lesions[0] == "lesion_001.png"
    assert lesions == sorted(lesions)
