"""Names of frames, and names that only look like them."""

import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segstudio.domain.frames import Frame, parse_frame, previous_frame
from tests.helpers.data import data_folder


@pytest.mark.parametrize(
    ("name", "frame"),
    [
        ("HipHop_HipHop1_C0_00180.png", Frame("HipHop_HipHop1_C0", 180)),
        ("images/Kata_F4_C2_01035.png", Frame("images/Kata_F4_C2", 1035)),
        ("frame0001.jpg", Frame("frame", 1)),
        ("visit 2 frame-17", Frame("visit 2 frame", 17)),
        ("clip_frame_12.png", Frame("clip_frame", 12)),
        ("breakdance_00012.jpg", Frame("breakdance", 12)),
        ("dance-twirl_00000.jpg", Frame("dance-twirl", 0)),
        ("clip.0007.png", Frame("clip", 7, certain=False)),
        ("480p/breakdance_0001.jpg", Frame("480p/breakdance", 1, certain=False)),
        ("JPEGImages/480p/breakdance/00012.jpg", Frame("JPEGImages/480p/breakdance/", 12, certain=False)),
    ],
)
def test_names_of_frames(name: str, frame: Frame) -> None:
    assert parse_frame(name) == frame


@pytest.mark.parametrize(
    "name",
    [
        "IMD003.bmp", "DSC_0123.jpg", "IMG_2044.JPG", "IMG_20240101_00123.jpg", "ISIC_0024306.jpg", "PXL_000123.jpg",
        "patient_00012.png", "0001.jpg", "000000000009.jpg", "lesion.png", "photo_12.png", "a_1999.png", "",
        "frame.png", "P00001.png", "mainframe_12.png", "image_00003.png", "images/0001.jpg", "480p/00001.jpg",
        "val2017/000000000009.jpg", "patient 3/0001.jpg", "2024/0001.jpg", "lesion_0012.jpg", "scans/0004/00001.jpg",
        "Patients/00001.jpg", "mole_0007.jpg", "val2017/00001.jpg",
    ],
)  # fmt: skip
def test_names_of_single_pictures(name: str) -> None:
    assert parse_frame(name) is None


def mads(*numbers: int, camera: int = 0) -> list[str]:
    return [f"Jazz_Jazz1_C{camera}_{number:05d}.png" for number in numbers]


def test_the_nearest_earlier_frame_of_the_same_camera() -> None:
    names = mads(0, 45, 90, 180) + mads(100, 145, 190, camera=1)
    assert previous_frame(names, names[1]) == names[0]
    assert previous_frame(names, names[3]) == names[2]
    assert previous_frame(names, names[0]) is None
    assert previous_frame(names, mads(190, camera=1)[0]) == mads(145, camera=1)[0]


def test_after_a_long_gap_there_is_none() -> None:
    names = mads(0, 45, 90, 135, 270)
    assert previous_frame(names, names[-1]) is None


def test_two_names_make_no_video() -> None:
    assert previous_frame(["frame1.png", "frame2.png"], "frame2.png") is None
    assert previous_frame(["frame1.png", "frame2.png", "frame3.png"], "frame2.png") == "frame1.png"


def test_folders_are_videos_of_their_own() -> None:
    names = [f"{folder}/frame{number}.png" for folder in "ab" for number in range(4)]
    assert previous_frame(names, "b/frame0.png") is None
    assert previous_frame(names, "b/frame1.png") == "b/frame0.png"


@given(st.text(max_size=30))
def test_no_name_raises(name: str) -> None:
    frame = parse_frame(name)
    assert frame is None or frame.number >= 0


@given(st.sets(st.integers(0, 400), min_size=1, max_size=12), st.data())
def test_as_a_plain_search_finds_it(numbers: set[int], data: st.DataObject) -> None:
    ordered = sorted(numbers)
    names = data.draw(st.permutations(mads(*ordered)))
    number = data.draw(st.sampled_from(ordered))
    found = previous_frame(names, mads(number)[0])
    before = [each for each in ordered if each < number]
    if found is not None:
        assert found == mads(before[-1])[0]
    elif before and len(ordered) >= 3:
        steps = sorted(b - a for a, b in zip(ordered, ordered[1:], strict=False))  # noqa: RUF007
        assert number - before[-1] > 2 * steps[(len(steps) - 1) // 2]


def test_nearly_all_of_mads_has_a_frame_before() -> None:
    with (data_folder("mads") / "df.csv").open(encoding="utf-8") as file:
        names = [row["images"].removeprefix("images/") for row in csv.DictReader(file)]
    frames = [parse_frame(name) for name in names]
    assert None not in frames
    sequences = {frame.sequence for frame in frames if frame}
    found = sum(previous_frame(names, name) is not None for name in names)
    assert found > 0.97 * (len(names) - len(sequences))
