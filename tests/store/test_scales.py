"""The scale of an image, kept."""

from __future__ import annotations

import pytest

from segstudio.domain.calibration import Calibration
from segstudio.domain.segments import make_classes
from segstudio.store.images import NewImage
from segstudio.store.project_db import Project


def test_scales_are_kept_replaced_and_forgotten(tmp_path):
    with Project.create(tmp_path / "p.segstudio", make_classes(["lesion"])) as project:
        one, other = project.images.add_images([NewImage(tmp_path / "a.png"), NewImage(tmp_path / "b.png")])
        project.scales.put(one, 0.02, "dicom")
        project.scales.put(other, 0.03, "ruler")
        project.scales.put(one, 0.04, "ruler")
        project.scales.put(99, 1.0, "ruler")
    with Project.open(tmp_path / "p.segstudio") as project:
        assert project.scales.load() == {one: Calibration(0.04, "ruler"), other: Calibration(0.03, "ruler")}
        project.scales.forget_ruler(one)
        project.scales.forget_ruler(other)
        assert project.scales.load() == {one: Calibration(0.02, "dicom")}
        assert project.scales.of_file(one) == Calibration(0.02, "dicom")
        assert project.scales.of_file(other) is None
        for wrong in (0.0, -1.0, float("nan"), float("inf")):
            with pytest.raises(ValueError, match="no size of a pixel"):
                project.scales.put(one, wrong, "ruler")
