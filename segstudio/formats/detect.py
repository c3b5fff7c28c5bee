"""What a folder that the user points at holds, without asking."""

from __future__ import annotations

from pathlib import Path

from segstudio.formats import class_maps, coco, dicom, isic, mads, ph2, video
from segstudio.formats import folder as any_folder
from segstudio.formats.dataset import Dataset, Recogniser

RECOGNISERS: tuple[Recogniser, ...] = (ph2, mads, isic, coco, class_maps, dicom, video, any_folder)
"""Asked in this order; the last knows every folder."""


def find_dataset(folder: Path, masks: Path | None = None) -> Dataset:
    """What is in ``folder``, and in ``masks`` if that is where the masks are, by the first module that knows it.

    Names are listed and a few files looked into. Raises ``UserError`` where a folder can't be listed or holds no image.
    """
    chosen = next(module for module in RECOGNISERS if module.recognises(folder, masks))
    return chosen.find(folder, masks)
