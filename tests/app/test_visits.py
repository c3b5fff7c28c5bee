"""Two images of one lesion: what changed, in which unit, and what speaks against comparing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from segstudio.app.document import Document
from segstudio.app.measures import BY_KEY, Picture, measure_picture
from segstudio.app.visits import Visit, both_scales, caution, change, doubt_about_pair, likeliest_other
from segstudio.domain.annotation import ImageRecord
from segstudio.domain.calibration import UNCALIBRATED, Calibration
from segstudio.domain.plane import UNSET, Plane
from segstudio.domain.segments import SegmentTable, make_classes
from tests.domain.figures import disc, paint
from tests.helpers.studios import StudioRig

TABLE = SegmentTable.for_classes(make_classes(["lesion"]))
MM = Calibration(0.1, "ruler")


def visit(radius, calibration=UNCALIBRATED, doubt=None) -> Visit:
    mask = disc(radius, side=160)
    confidence = None if doubt is None else np.full((16, 16), doubt, np.uint8)
    pixels = paint(mask, (120, 70, 50), (220, 180, 165))
    picture = Picture(pixels, np.full(mask.shape, UNSET, np.uint16), mask.astype(np.uint16), confidence)
    document = Document(1, pixels, Plane(160, 160))
    return Visit("a", document, measure_picture(picture, tuple(TABLE), lesions=False), calibration)


def test_a_lesion_that_grew():
    found = change(BY_KEY["area"], visit(30, MM), visit(40, MM), 1)
    assert found is not None
    assert found.earlier.endswith(" mm²")
    assert found.difference.startswith("+")
    assert found.share == "+77.8 %" or float(found.share[1:-2]) == pytest.approx(77.8, abs=1)
    assert not found.doubtful
    shrunk = change(BY_KEY["max_diameter"], visit(40, MM), visit(30, MM), 1)
    assert shrunk is not None
    assert shrunk.difference.startswith("−")


def test_two_scales_are_reckoned_with():
    far, near = visit(30, Calibration(0.2, "ruler")), visit(60, Calibration(0.1, "ruler"))
    found = change(BY_KEY["area"], far, near, 1)
    assert found is not None
    assert abs(float(found.share.replace("−", "-")[:-2])) < 2


def test_what_rounds_to_nothing_has_not_become_less():
    found = change(BY_KEY["max_diameter"], visit(40, MM), visit(40, Calibration(0.09999, "ruler")), 1)
    assert found is not None
    assert (found.difference, found.share) == ("+0.00 mm", "+0.0 %")


def records(*names: str, groups: tuple[str, ...] = ()) -> list[ImageRecord]:
    said = (*groups, *[""] * len(names))
    return [ImageRecord(n, Path(name), name, n, group=said[n]) for n, name in enumerate(names)]


@pytest.mark.parametrize(
    ("names", "current", "other"),
    [
        (("Berg_2024.jpg", "Berg_2025.jpg", "Huber_2024.jpg", "Huber_2025.jpg"), 2, 3),
        (("2024-01 Berg arm.jpg", "2024-02 Huber.jpg", "2025-03 Berg arm.jpg"), 2, 0),
        (("Berg_arm_1.jpg", "Berg_arm_2.jpg", "Berg_leg_1.jpg", "Berg_leg_2.jpg"), 2, 3),
        (("IMD004.bmp", "IMD013.bmp", "IMD024.bmp"), 1, 0),
        (("a.png",), 0, 0),
    ],
)
def test_the_other_visit_is_that_whose_name_begins_alike(names, current, other):
    assert likeliest_other(records(*names), current) == other


def test_an_importer_that_named_the_patients_knows_better_than_names():
    rows = records("x_1.png", "x_2.png", "y_3.png", groups=("patient:a", "patient:b", "patient:a"))
    assert likeliest_other(rows, 0) == 2
    assert doubt_about_pair(rows[0], rows[2], chosen=False) == ""
    assert "two patients" in doubt_about_pair(rows[0], rows[1], chosen=True)


def test_a_pair_of_which_nothing_tells_that_it_is_one_is_offered_with_a_caution():
    one, other = records("Berg_2024.jpg", "Huber_2024.jpg")
    assert "one patient" in doubt_about_pair(one, other, chosen=False)
    assert doubt_about_pair(one, other, chosen=True) == ""
    assert doubt_about_pair(one, records("Berg_2023.jpg")[0], chosen=False) == ""


def test_without_both_scales_sizes_are_pixels_and_it_is_said():
    earlier, later = visit(30, MM), visit(40)
    assert both_scales(earlier, later) == (None, None)
    found = change(BY_KEY["area"], earlier, later, 1)
    assert found is not None
    assert found.earlier.endswith(" px²")
    assert "later image" in caution(earlier, later)
    assert "earlier image" in caution(later, earlier)
    assert "either image" in caution(later, later)
    assert "same device" in caution(earlier, visit(30, Calibration(0.1, "project")))
    assert caution(earlier, earlier) == ""


def test_a_change_no_larger_than_the_doubt_says_so():
    assert change(BY_KEY["area"], visit(30, MM, doubt=140), visit(31, MM, doubt=140), 1).doubtful
    assert not change(BY_KEY["area"], visit(30, MM, doubt=255), visit(40, MM, doubt=255), 1).doubtful
    assert not change(BY_KEY["area"], visit(30, MM), visit(30, MM), 1).doubtful


def test_what_one_image_does_not_show_is_not_compared():
    assert change(BY_KEY["area"], visit(30), visit(30), 2) is None


@pytest.fixture
def rig(tmp_path):
    made = StudioRig(tmp_path)
    yield made
    made.studio.close()


def test_both_are_read_from_the_project_with_what_was_just_painted(rig):
    session = rig.new_project(3)
    one, other = (record.id for record in session.records[:2])
    rig.stroke((30, 30), (50, 40))
    area = np.count_nonzero(rig.mask())
    found = []
    session.visits.look(other, one, found.append)  # nobody waits for this one
    session.visits.look(one, other, found.append)
    rig.wait(lambda: bool(found))
    ((earlier, later),) = found
    assert earlier.row(1).values["area"] == area
    assert later.rows == ()
    session.records[1].path.unlink()
    session.visits.look(one, other, found.append)
    rig.wait(lambda: len(found) == 2)
    assert "no longer" in found[1]
    session.visits.look(one, other, found.append)
    session.visits.forget()
    rig.settle()
    assert len(found) == 2
