"""Video files: every so many frames becomes an image of the project."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segstudio.domain.errors import UserError
from segstudio.formats.dataset import Dataset, FoundImage, Skipped
from segstudio.formats.extracted import has_images, with_masks
from segstudio.formats.own_names import own_stems
from segstudio.formats.squaring import square_size, squared, with_squared_mask
from segstudio.imaging.find import find_files
from segstudio.imaging.video import VideoInfo, is_video_name, read_video_frame, read_video_info

LAYOUT = "video"

_A_SECOND = 2
_MOST = 2000


@dataclass(frozen=True, slots=True)
class VideoFrame:
    """One frame of a video; see ``PixelSource``. ``stem`` is the video's own among those that are imported with it.

    ``square`` is the (width, height) of the frame with square pixels, where the file has others of ``stored``.
    """

    path: Path
    index: int
    stem: str
    stored: tuple[int, int] = (0, 0)
    square: tuple[int, int] | None = None

    @property
    def name(self) -> str:
        """``walk_frame_000120.png`` for frame 120 of ``walk.mp4``, counted from 0: known as a frame of its video."""
        return f"{self.stem}_frame_{self.index:06d}.png"

    @property
    def window(self) -> None:
        """None: what a video holds is shown as it is."""
        return

    def read(self) -> NDArray[np.uint8]:
        """(H, W, 3) uint8 RGB, with square pixels. Raises ``UserError``."""
        return squared(read_video_frame(self.path, self.index), self.square)


def recognises(folder: Path, masks: Path | None = None) -> bool:
    """True for a folder with videos and without images, but for those in ``masks``; never raises."""
    return not has_images(folder, masks) and bool(find_videos(folder))


def find(folder: Path, masks: Path | None = None) -> Dataset:
    """About two frames a second of all videos in ``folder`` and below, with the masks that are called like them."""
    found = with_masks(sample(find_videos(folder)), folder, masks)
    return replace(found, images=tuple(map(_with_squared_mask, found.images)))


def find_videos(folder: Path) -> list[Path]:
    """All video files in ``folder`` and below, in natural order; hidden ones and those of projects are left out."""
    return find_files(folder, is_video_name)


def sample(videos: Sequence[Path], every: int | None = None) -> Dataset:
    """Every ``every``-th frame of each video from the first on; about two a second where it is None.

    Videos that can't be read are skipped with a reason. Raises ``UserError`` where none can.
    """
    images: list[FoundImage] = []
    skipped: list[Skipped] = []
    notes: list[str] = []
    for path, stem in zip(videos, own_stems(videos), strict=True):
        try:
            info = read_video_info(path)
        except UserError as error:
            skipped.append(Skipped(path, str(error)))
            continue
        step = every or usual_step(info)
        stored = info.width, info.height
        square = square_size(stored, (1.0, info.aspect))
        own = stem or path.stem
        frames = [VideoFrame(path, index, own, stored, square) for index in range(0, info.frames, step)]
        images += [FoundImage(path, pixels=frame) for frame in frames]
        notes.append(_said(path, info, step, len(frames)))
        if square is not None:
            notes.append(
                f"Pixels of “{path.name}” are not square: its frames are written with square ones, {square[0]} × "
                f"{square[1]}, so that shapes are true. Masks for them are exported at that size."
            )
    if not images:
        raise UserError(skipped[0].why if skipped else "There is no video here. Choose another folder.")
    notes.append("The frames are written as PNG files into the project's own folder; the video stays as it is.")
    return Dataset(LAYOUT, tuple(images), notes=tuple(notes), skipped=tuple(skipped), upright=True)


def _with_squared_mask(found: FoundImage) -> FoundImage:
    """The same image; its mask may be of the frame as it is in the file."""
    frame = found.pixels
    return with_squared_mask(found, frame.stored, frame.square) if isinstance(frame, VideoFrame) else found


def usual_step(info: VideoInfo) -> int:
    """How many frames on the next one is taken: half a second, and more where that were over ``_MOST`` in all."""
    return max(1, round(info.rate / _A_SECOND), -(-info.frames // _MOST))


def resampled(found: Dataset, every: int) -> Dataset:
    """The same videos, and of each every ``every``-th frame; without masks."""
    return sample(list(dict.fromkeys(each.image for each in found.images)), every)


def _said(path: Path, info: VideoInfo, step: int, count: int) -> str:
    which = "Every frame" if step == 1 else f"Every {_ordinal(step)} frame"
    rate = f" at {info.rate:g} a second" if info.rate else ""
    return f"{which} of “{path.name}” is taken: {count} of {info.frames}{rate}, {info.width} × {info.height} pixels."


def _ordinal(number: int) -> str:
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th") if number % 100 not in (11, 12, 13) else "th"
    return f"{number}{ending}"
