"""Frames of video files, read forwards by OpenCV."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.domain.errors import UserError
from segstudio.imaging.cv import cv2
from segstudio.imaging.reader import MAX_PIXELS

SUFFIXES = frozenset({".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".wmv", ".mts", ".m2ts"})
"""Endings, in lower case, of files that are offered as videos."""

_MOST_FRAMES = 10_000_000

_BOXES = frozenset({b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"})
"""What an MP4 or MOV file begins with, behind the length of it."""


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """What the header says: ``frames`` in all, of (``width``, ``height``), ``rate`` a second, 0.0 if it is unknown.

    ``aspect`` is a pixel's width over its height, upright; 1.0 where the file says nothing.
    """

    frames: int
    width: int
    height: int
    rate: float
    aspect: float = 1.0


def is_video_name(name: str) -> bool:
    """True for a visible file name with one of ``SUFFIXES``."""
    return not name.startswith(".") and os.path.splitext(name)[1].lower() in SUFFIXES


def read_video_info(path: Path) -> VideoInfo:
    """The header of a video, its frames counted where they are not listed.

    Raises ``UserError`` where it can't be opened or declares too much.
    """
    with _opened(path) as capture:
        width, height = int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
        count, rate = capture.get(cv2.CAP_PROP_FRAME_COUNT), float(capture.get(cv2.CAP_PROP_FPS))
        if width < 1 or height < 1 or width * height > MAX_PIXELS:
            raise UserError(f"“{path.name}” declares frames of {width} × {height} pixels and was not read.")
        aspect = _aspect(capture)
        # What has no index, as a recording that broke off, declares nothing or nonsense; and where frames are not
        # listed, the count is only the length times a rate that not all of them keep to.
        frames = int(count) if 0 < count < _MOST_FRAMES and _lists_frames(path) else _counted(capture)
    if not frames:
        raise UserError(f"“{path.name}” holds no frame that can be read. Save it anew as MP4 with another program.")
    return VideoInfo(frames, width, height, rate if 0 < rate < 10_000 else 0.0, aspect)


def read_video_frame(path: Path, index: int) -> NDArray[np.uint8]:
    """Frame ``index``, from 0 on: (H, W, 3) uint8 RGB, upright as the file says.

    Frames are exact, since nothing is skipped by guess. Rising indices on one thread are quick: the file stays open
    and is read on. Raises ``UserError`` where the video can't be opened or ends before.
    """
    here = _reading()
    try:
        here.go_to(path, index)
        grabbed = here.grab() if here.next == index else False
        done, frame = here.capture.retrieve() if grabbed else (False, None)
    except cv2.error as error:
        here.close()
        raise _damaged(path) from error
    if not done or frame is None:
        raise UserError(f"“{path.name}” ends before frame {index}, or is damaged there; that frame was left out.")
    return np.ascontiguousarray(frame[..., ::-1])


class _Reading:
    """A video that a thread is in the middle of, or has come to the end of."""

    def __init__(self) -> None:
        self.path: Path | None = None
        self.next = 0
        self.capture: Any = None
        self._state: tuple[int, int] | None = None

    def go_to(self, path: Path, index: int) -> None:
        """Come before frame ``index``, or to the end, which is remembered.

        Files without a table of frames may promise many more than they hold, and each of those would else be looked
        for from the first frame on.
        """
        state = _state(path)
        if self.path != path or self._state != state or self.next > index:
            self.close()
            self.capture = _capture(path)
            self.path, self._state = path, state
        while self.next < index and self.grab():
            pass

    def grab(self) -> bool:
        """Take in the next frame; false at the end."""
        if self.capture is None:
            return False
        if self.capture.grab():
            self.next += 1
            return True
        self._release()
        return False

    def close(self) -> None:
        """Forget the video."""
        self._release()
        self.path, self._state, self.next = None, None, 0

    def _release(self) -> None:
        if self.capture is not None:
            self.capture.release()
        self.capture = None


_on_this_thread = threading.local()


def _reading() -> _Reading:
    if not hasattr(_on_this_thread, "reading"):
        _on_this_thread.reading = _Reading()
    reading: _Reading = _on_this_thread.reading
    return reading


def _state(path: Path) -> tuple[int, int] | None:
    """Tells a file from one that takes its place; None where it can't be told, which opening will say."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[Any]:
    capture = _capture(path)
    try:
        yield capture
    except cv2.error as error:
        raise _damaged(path) from error
    finally:
        capture.release()


def _capture(path: Path) -> Any:
    try:
        with open(path, "rb"):
            pass
    except OSError as error:
        raise UserError(
            f"“{path.name}” can't be opened ({error.strerror or error}). Check that its drive is connected."
        ) from error
    # The plain file readers only: others take a path for an address, a pattern of names or a camera.
    capture = cv2.VideoCapture(os.path.abspath(path), cv2.CAP_FFMPEG)
    if not capture.isOpened():
        capture.release()
        raise _damaged(path)
    return capture


def _damaged(path: Path) -> UserError:
    return UserError(
        f"“{path.name}” is no video that can be read, or is damaged. Save it anew as MP4 with another program."
    )


def _aspect(capture: Any) -> float:
    """A pixel's width over its height as frames are given, which are upright."""
    wide, high = capture.get(cv2.CAP_PROP_SAR_NUM), capture.get(cv2.CAP_PROP_SAR_DEN)
    if not (wide > 0 and high > 0):
        return 1.0
    is_turned = capture.get(cv2.CAP_PROP_ORIENTATION_AUTO) and capture.get(cv2.CAP_PROP_ORIENTATION_META) % 180
    return float(high / wide if is_turned else wide / high)


def _lists_frames(path: Path) -> bool:
    """Whether a file is of a kind that has a table of its frames: MP4 and MOV, or AVI."""
    try:
        with open(path, "rb") as file:
            start = file.read(8)
    except OSError:
        return False
    return start[:4] == b"RIFF" or start[4:] in _BOXES


def _counted(capture: Any) -> int:
    """The frames of a video that nothing was read of yet; as they are packed, which takes no longer than reading."""
    capture.set(cv2.CAP_PROP_FORMAT, -1)
    frames = 0
    while frames < _MOST_FRAMES and capture.grab():
        frames += 1
    return frames
