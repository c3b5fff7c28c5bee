import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segstudio.domain.errors import UserError
from segstudio.imaging.find import SUFFIXES, find_images, is_image_name, natural_key
from tests.imaging.images import NAMES


def touch(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"")


def test_numbers_are_sorted_as_numbers(tmp_path: Path) -> None:
    touch(tmp_path, "IMD10.bmp", "IMD9.bmp", "imd1.BMP", "IMD100.bmp", "a2/x10.png", "a10/x1.png", "a2/x9.PNG")
    names = [path.relative_to(tmp_path).as_posix() for path in find_images(tmp_path)]
    assert names == ["a2/x9.PNG", "a2/x10.png", "a10/x1.png", "imd1.BMP", "IMD9.bmp", "IMD10.bmp", "IMD100.bmp"]


def test_hidden_files_projects_and_other_files_are_left_out(tmp_path: Path) -> None:
    touch(tmp_path, "a.png", ".b.png", ".hidden/c.png", "x.segstudio/d.png", "Y.SegStudio/e.png", "notes.txt", "png")
    assert [path.name for path in find_images(tmp_path)] == ["a.png"]


def test_any_name_is_found(tmp_path: Path) -> None:
    touch(tmp_path, *(f"{name}/{name}.png" for name in NAMES))
    assert sorted(path.stem for path in find_images(tmp_path)) == sorted(NAMES)


@pytest.mark.parametrize("suffix", sorted(SUFFIXES))
def test_suffixes(suffix: str) -> None:
    assert is_image_name(f"a{suffix}")
    assert is_image_name(f"a{suffix.upper()}")
    assert not is_image_name(f".a{suffix}")
    assert not is_image_name(f"a{suffix}.txt")


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"“gone” can't be opened"):
        find_images(tmp_path / "gone")


def test_ten_thousand_images_are_listed_in_order(tmp_path: Path) -> None:
    for index in range(10_000):
        os.close(os.open(tmp_path / f"frame_{index}.png", os.O_CREAT))
    found = find_images(tmp_path)
    assert [path.stem for path in found[9_998:]] == ["frame_9998", "frame_9999"]


@given(st.lists(st.text(max_size=12), max_size=8))
def test_natural_keys_can_always_be_compared(names: list[str]) -> None:
    keys = [natural_key(name) for name in names]
    assert all((a < b) + (b < a) + (a == b) == 1 for a in keys for b in keys)


@given(st.integers(0, 10**30), st.integers(0, 10**30), st.text(max_size=5).filter(lambda t: not t[-1:].isdigit()))
def test_natural_order_is_the_order_of_numbers(one: int, other: int, prefix: str) -> None:
    assert (natural_key(f"{prefix}{one}") < natural_key(f"{prefix}{other}")) == (one < other)
