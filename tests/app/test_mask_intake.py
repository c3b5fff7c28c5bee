"""Which masks of the model come to rest in the project, and which give way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from segstudio.app.mask_intake import _put_back, _stored
from segstudio.app.predictor import MaskFiles
from segstudio.domain.segments import make_classes
from segstudio.imaging.mask_png import encode_mask
from segstudio.store.images import NewImage
from segstudio.store.masks import StoredPrediction
from segstudio.store.project_db import Project

HEIGHT, WIDTH = 40, 60


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with Project.create(tmp_path / "p.segstudio", make_classes(["lesion"])) as made:
        (image_id,) = made.images.add_images([NewImage(tmp_path / "a.png")])
        made.images.set_size(image_id, WIDTH, HEIGHT, "c0ffee", 7)
        yield made


def files(tmp_path: Path, mask: np.ndarray) -> MaskFiles:
    path = tmp_path / "mask.png"
    path.write_bytes(encode_mask(mask))
    return MaskFiles(path, None, None, "c0ffee", 7)


def test_a_mask_of_another_size_than_its_image_is_not_taken(project: Project, tmp_path: Path) -> None:
    for shape in ((HEIGHT, WIDTH + 1), (HEIGHT + 1, WIDTH), (WIDTH, HEIGHT)):
        assert _stored(project, 1, 3, files(tmp_path, np.ones(shape, np.uint16))) is None
        assert project.masks.prediction(1) is None
        assert (project.images.image(1).width, project.images.image(1).height) == (WIDTH, HEIGHT)


def test_what_is_put_back_takes_the_place_of_no_later_mask(project: Project, tmp_path: Path) -> None:
    first, second, third = (encode_mask(np.full((HEIGHT, WIDTH), value, np.uint16)) for value in (0, 1, 2))
    project.masks.put_prediction(1, 1, first)
    taken = _stored(project, 1, 2, files(tmp_path, np.ones((HEIGHT, WIDTH), np.uint16)))
    assert taken is not None
    assert project.masks.prediction(1) == StoredPrediction(2, second)
    project.masks.put_prediction(1, 3, third)
    _put_back(project, 1, taken)
    assert project.masks.prediction(1) == StoredPrediction(3, third)
    project.masks.put_prediction(1, 2, second)
    _put_back(project, 1, taken)
    assert project.masks.prediction(1) == StoredPrediction(1, first)
