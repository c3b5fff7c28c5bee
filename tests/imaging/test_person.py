from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segstudio.domain.errors import UserError
from segstudio.domain.metrics import iou
from segstudio.imaging.person import FILE, find_person, read_person_model
from tests.helpers.data import data_folder


def test_people_in_photographs_are_found_whatever_their_shape() -> None:
    content = read_person_model(data_folder("models") / FILE)
    photographs = data_folder("ccp")
    scores = []
    for path in sorted((photographs / "images").iterdir())[::50]:
        pixels = np.asarray(Image.open(path).convert("RGB"))
        true = np.asarray(Image.open(photographs / "masks_person" / f"{path.stem}.png").convert("L")) > 0
        found = find_person(content, pixels)
        assert found.shape == true.shape
        scores.append(iou(found, true))
        assert iou(find_person(content, np.ascontiguousarray(pixels[:, ::-1])), true[:, ::-1]) > 0.8
    assert len(scores) == 4
    assert np.mean(scores) > 0.9
    assert not find_person(content, np.zeros((40, 90, 3), np.uint8)).any()


def test_any_other_file_never_reaches_the_native_code(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="can't be read"):
        read_person_model(tmp_path / "gone.tflite")
    (tmp_path / "a.tflite").write_bytes(b"x" * 300_000)
    with pytest.raises(UserError, match=r"“a\.tflite” is not MediaPipe's selfie_segmentation\.tflite"):
        read_person_model(tmp_path / "a.tflite")
    whole = bytearray((data_folder("models") / FILE).read_bytes())
    whole[len(whole) // 2] ^= 1
    (tmp_path / "a.tflite").write_bytes(whole)
    with pytest.raises(UserError, match="or is damaged"):
        read_person_model(tmp_path / "a.tflite")
