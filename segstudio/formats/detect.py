"""What a folder that the user points at holds, without asking."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from segstudio.domain.errors import UserError
from segstudio.formats import class_maps, coco, dicom, isic, mads, ph2, video
from segstudio.formats import folder as any_folder
from segstudio.formats.dataset import Dataset, FoundImage, Recogniser
from segstudio.formats.dicom_file import is_dicom
from segstudio.formats.joining import joined
from segstudio.imaging.find import is_image_name
from segstudio.imaging.video import is_video_name

RECOGNISERS: tuple[Recogniser, ...] = (ph2, mads, isic, coco, class_maps, dicom, video, any_folder)
"""Asked in this order; the last knows every folder."""


def find_dataset(folder: Path, masks: Path | None = None) -> Dataset:
    """What is in ``folder``, and in ``masks`` if that is where the masks are, by the first module that knows it.

    Names are listed and a few files looked into. Raises ``UserError`` where a folder can't be listed or holds no image.
    """
    chosen = next(module for module in RECOGNISERS if module.recognises(folder, masks))
    return isic.with_metadata(chosen.find(folder, masks), folder)


def said_in(folder: Path) -> list[FoundImage]:
    """The images of ``folder`` of which a data set says more; [] where there are none. Opens no image, never raises."""
    try:
        known = next((module.find(folder) for module in (ph2, mads, isic) if module.recognises(folder)), None)
    except UserError:
        return []
    return [found for found in known.images if found.attributes] if known is not None else []


def find_in_files(paths: Sequence[Path]) -> Dataset:
    """What is in files that were chosen one by one: images in the given order, then those in DICOM files and videos.

    Others are left out. Raises ``UserError`` where DICOM files or videos were given and none can be read.
    """
    images = [path for path in paths if is_image_name(path.name)]
    videos = [path for path in paths if is_video_name(path.name)]
    scans = [path for path in paths if not is_image_name(path.name) and path not in videos and is_dicom(path)]
    parts = [Dataset(any_folder.LAYOUT, tuple(FoundImage(path) for path in images))] if images else []
    parts += [dicom.pictures(scans)] if scans else []
    parts += [video.sample(videos)] if videos else []
    return joined(parts)
