"""Video files in: frame by frame exact, named as frames, and whatever is wrong with one is a sentence."""

import struct
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segstudio.domain.errors import UserError
from segstudio.domain.frames import parse_frame, previous_frame
from segstudio.domain.groups import video_groups
from segstudio.formats import video
from segstudio.formats.detect import find_dataset
from segstudio.imaging import video as imaging_video
from segstudio.imaging.cv import cv2
from segstudio.imaging.reader import read_image
from segstudio.imaging.video import VideoInfo, read_video_frame, read_video_info
from tests.helpers.data import data_folder


def film(path: Path, frames: list[np.ndarray], rate: float = 10.0) -> Path:
    """A video without loss of (H, W, 3) RGB ``frames``."""
    height, width = frames[0].shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"FFV1"), rate, (width, height))
    assert writer.isOpened()
    for frame in frames:
        writer.write(np.ascontiguousarray(frame[..., ::-1]))
    writer.release()
    return path


def pictures(count: int, height: int = 32, width: int = 48) -> list[np.ndarray]:
    random = np.random.default_rng(count)
    return [random.integers(0, 255, (height, width, 3), np.uint8) for _ in range(count)]


def test_every_so_many_frames_become_images_in_order(tmp_path: Path) -> None:
    frames = pictures(20)
    film(tmp_path / "walk.avi", frames)
    found = find_dataset(tmp_path)
    assert found.layout == "video"
    names = [image.pixels.name for image in found.images if image.pixels]
    assert names == [f"walk_frame_{index:06d}.png" for index in (0, 5, 10, 15)]
    assert found.notes[0] == "Every 5th frame of “walk.avi” is taken: 4 of 20 at 10 a second, 48 × 32 pixels."
    for image, index in zip(found.images, (0, 5, 10, 15), strict=True):
        assert image.image == tmp_path / "walk.avi"
        assert image.pixels is not None
        np.testing.assert_array_equal(image.pixels.read(), frames[index])


def test_frames_are_known_as_frames_of_one_video(tmp_path: Path) -> None:
    film(tmp_path / "a.avi", pictures(6))
    film(tmp_path / "b.avi", pictures(7))
    found = video.sample([tmp_path / "a.avi", tmp_path / "b.avi"], every=2)
    names = [image.pixels.name for image in found.images if image.pixels]
    assert [parse_frame(name) is not None for name in names] == [True] * 7
    assert previous_frame(names, "b_frame_000004.png") == "b_frame_000002.png"
    groups = video_groups(names)
    assert not set(groups[:3]) & set(groups[3:])


def test_frames_are_exact_in_any_order_and_on_any_thread(tmp_path: Path) -> None:
    frames = pictures(12)
    path = film(tmp_path / "a.avi", frames)
    wrong: list[int] = []

    def check(indices: list[int]) -> None:
        wrong.extend(index for index in indices if (read_video_frame(path, index) != frames[index]).any())

    threads = [threading.Thread(target=check, args=(order,)) for order in ([0, 3, 4, 11], [7, 2, 11, 0])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    check([11, 0])
    assert wrong == []


def test_videos_of_one_name_are_told_apart(tmp_path: Path) -> None:
    for sub in ("one", "two"):
        (tmp_path / sub).mkdir()
        film(tmp_path / sub / "a.avi", pictures(2))
    found = video.find(tmp_path)
    assert {image.pixels.name for image in found.images if image.pixels} == {
        "one_a_frame_000000.png",
        "two_a_frame_000000.png",
    }


@pytest.mark.parametrize(
    ("frames", "rate", "step"), [(10, 0, 1), (100, 25, 12), (90, 30, 15), (10, 1, 1), (90_000, 30, 45)]
)
def test_how_many_frames_are_passed_over(frames: int, rate: float, step: int) -> None:
    assert video.usual_step(VideoInfo(frames, 8, 8, rate)) == step


def test_a_video_that_cannot_be_read_is_skipped_with_a_reason(tmp_path: Path) -> None:
    (tmp_path / "broken.mp4").write_bytes(b"no video at all" * 99)
    with pytest.raises(UserError, match="no video that can be read"):
        find_dataset(tmp_path)
    film(tmp_path / "walk.avi", pictures(3))
    found = find_dataset(tmp_path)
    assert [skipped.path.name for skipped in found.skipped] == ["broken.mp4"]
    assert len(found.images) == 1


def test_a_video_that_is_cut_short_says_so(tmp_path: Path) -> None:
    path = film(tmp_path / "walk.avi", pictures(9))
    with pytest.raises(UserError, match="ends before frame 9"):
        read_video_frame(path, 9)
    with pytest.raises(UserError, match="can't be opened"):
        read_video_info(tmp_path / "gone.avi")


@pytest.mark.parametrize("milliseconds", [8, 100, 130])
def test_frames_that_keep_to_no_rate_are_counted(tmp_path: Path, milliseconds: int) -> None:
    frames = pictures(9)
    path = film(tmp_path / "walk.mkv", frames)
    content = bytearray(path.read_bytes())
    # Written at 10 a second; the second half comes as a telephone or a screen recorder may have it.
    at = 0
    for index in range(9):
        at = content.index(b"\x81" + struct.pack(">h", 100 * index), at) + 1
        struct.pack_into(">h", content, at, 100 * min(index, 4) + milliseconds * max(0, index - 4))
    length = content.index(b"\x44\x89\x88") + 3
    content[length : length + 8] = struct.pack(">d", 400.0 + 5 * milliseconds)
    path.write_bytes(bytes(content))
    assert read_video_info(path).frames == 9
    found = video.sample([path], every=1)
    assert [(each.pixels.read() == frame).all() for each, frame in zip(found.images, frames, strict=True)] == [True] * 9


def test_the_end_of_a_video_is_looked_for_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frames = pictures(9)
    path = film(tmp_path / "walk.avi", frames)
    opened: list[Path] = []
    capture = imaging_video._capture
    monkeypatch.setattr(imaging_video, "_capture", lambda path: (opened.append(path), capture(path))[1])
    assert (read_video_frame(path, 3) == frames[3]).all()
    # As where the header of a file promises more than there is.
    for index in range(9, 30, 3):
        with pytest.raises(UserError, match=f"ends before frame {index}"):
            read_video_frame(path, index)
    assert len(opened) == 1
    assert (read_video_frame(path, 8) == frames[8]).all()


def test_a_video_that_another_takes_the_place_of_is_not_read_on(tmp_path: Path) -> None:
    path = film(tmp_path / "walk.avi", pictures(5))
    with pytest.raises(UserError, match="ends before frame 7"):
        read_video_frame(path, 7)
    longer = pictures(12)
    film(tmp_path / "other.avi", longer).replace(path)
    assert (read_video_frame(path, 7) == longer[7]).all()
    film(tmp_path / "other.avi", longer[::-1] + longer).replace(path)
    assert (read_video_frame(path, 8) == longer[3]).all()


def test_a_folder_of_images_with_a_video_is_one_of_images(tmp_path: Path) -> None:
    film(tmp_path / "walk.avi", pictures(3))
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    assert find_dataset(tmp_path).layout == "folder"


def test_a_real_video(tmp_path: Path) -> None:
    files = sorted((data_folder("davis") / "images").glob("breakdance_*.jpg"))[:12]
    frames = [read_image(file).pixels for file in files]
    path = film(tmp_path / "breakdance.avi", frames, 24)
    found = video.sample([path], every=4)
    for image, index in zip(found.images, (0, 4, 8), strict=True):
        assert image.pixels is not None
        np.testing.assert_array_equal(image.pixels.read(), frames[index])


def oblong(path: Path, wide: int, high: int) -> Path:
    """An MP4 of a disk in square pixels, which are said to be so many times as wide as high."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), 2.0, (64, 48))
    for _ in range(3):
        writer.write(cv2.circle(np.zeros((48, 64, 3), np.uint8), (32, 24), 16, (255, 255, 255), -1))
    writer.release()
    content, place, end = bytearray(path.read_bytes()), 0, 0
    for box in (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"mp4v"):
        place = content.index(box, place)
        (size,) = struct.unpack(">I", content[place - 4 : place])
        content[place - 4 : place], end = struct.pack(">I", size + 16), place - 4 + size
    content[end:end] = struct.pack(">I4sII", 16, b"pasp", wide, high)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(("wide", "high", "size"), [(2, 1, (128, 48)), (1, 2, (64, 96)), (1, 1, (64, 48))])
def test_frames_have_square_pixels(tmp_path: Path, wide: int, high: int, size: tuple[int, int]) -> None:
    oblong(tmp_path / "walk.mp4", wide, high)
    (tmp_path / "masks").mkdir()
    mask = cv2.circle(np.zeros((48, 64), np.uint8), (32, 24), 16, 255, -1)
    assert cv2.imwrite(str(tmp_path / "masks" / "walk_frame_000000.png"), mask)
    large = cv2.resize(mask, size, interpolation=cv2.INTER_NEAREST)
    assert cv2.imwrite(str(tmp_path / "masks" / "walk_frame_000001.png"), large)
    found = video.find(tmp_path, tmp_path / "masks")
    assert any("are not square" in note for note in found.notes) is (wide != high)
    for image in found.images[:2]:
        assert image.pixels is not None
        assert image.mask is not None
        pixels = image.pixels.read()
        assert pixels.shape[1::-1] == size
        drawn = image.mask.read(size, 1).ids > 0
        assert drawn.shape == pixels.shape[:2]
        assert (drawn == (pixels[..., 0] > 127)).mean() > 0.98
    assert video.resampled(found, 2).images[0].pixels == found.images[0].pixels
