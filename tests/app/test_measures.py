"""What is measured of an image's segments, with the model's doubt, and in words."""

from __future__ import annotations

import numpy as np
import pytest

from segstudio.app.measure_words import change_words, range_words, scale_words, value_words
from segstudio.app.measures import BY_KEY, QUANTITIES, Picture, is_lesion_project, measure_picture, measured_segments
from segstudio.domain.calibration import UNCALIBRATED, Calibration
from segstudio.domain.plane import UNSET
from segstudio.domain.segments import SegmentTable, make_classes
from tests.domain.figures import disc, paint
from tests.helpers.studios import StudioRig

CLASSES = make_classes(["lesion", "scar", "glare"], void=["glare"])
TABLE = SegmentTable.for_classes(CLASSES)
SEGMENTS = measured_segments(TABLE, CLASSES)


@pytest.fixture
def rig(tmp_path):
    made = StudioRig(tmp_path)
    yield made
    made.studio.close()


def picture(mask, painted=None, confidence=None) -> Picture:
    correction = np.full(mask.shape, UNSET, np.uint16)
    if painted is not None:
        correction[painted] = 1
    return Picture(paint(mask, (120, 70, 50), (220, 180, 165)), correction, mask.astype(np.uint16), confidence)


def test_each_segment_that_shows_is_measured_but_what_nobody_judges():
    mask = disc(20, side=80)
    shown = picture(mask)
    shown.correction[:10, :10] = 3
    shown.correction[70:75, 70:75] = 2
    rows = measure_picture(shown, SEGMENTS, lesions=False)
    assert [row.segment.name for row in rows] == ["lesion", "scar"]
    assert [row.values["area"] for row in rows] == [np.count_nonzero(mask), 25]
    assert rows[0].lesion is None
    assert rows[0].low == {}


def test_every_quantity_of_a_lesion_has_a_value():
    (row,) = measure_picture(picture(disc(20, side=80)), SEGMENTS, lesions=True)
    assert {quantity.key for quantity in QUANTITIES} == set(row.values)
    assert sum(row.values[q.key] for q in QUANTITIES if q.part == "color") == pytest.approx(1)


def test_colours_without_a_counterpart_are_not_said_to_be_alike():
    mask = np.zeros((90, 200), bool)
    mask[40:60, 10:40] = mask[40:60, 170:186] = True
    (row,) = measure_picture(picture(mask), SEGMENTS, lesions=True)
    assert row.values["asymmetry_shape_short"] == 1
    assert value_words(row, BY_KEY["asymmetry_color_short"], None) == "–"
    assert value_words(row, BY_KEY["asymmetry_color_long"], None) != "–"
    assert row.values["asymmetric_axes"] == 1


def test_doubt_makes_a_range_round_every_value():
    down, right = np.mgrid[:120, :120] + 0.5 - 60
    away = np.hypot(down, right)
    probability = 1 / (1 + np.exp((away - 30) / 4))
    confidence = (255 * np.maximum(probability, 1 - probability)).astype(np.uint8)
    (row,) = measure_picture(picture(away < 30, confidence=confidence), SEGMENTS, lesions=True)
    # A logistic border of width 4 is at 3 in 4 after 4 log 3.
    for key, expected in (("low", 30 - 4 * np.log(3)), ("high", 30 + 4 * np.log(3))):
        assert getattr(row, key)["equivalent_diameter"] == pytest.approx(2 * expected, abs=1.2)
    for key, value in row.values.items():
        assert row.low[key] <= value <= row.high[key]
    assert "–" in range_words(row, BY_KEY["area"], None)
    assert range_words(row, BY_KEY["parts"], None) == ""


def test_what_was_painted_is_not_doubted():
    mask = disc(20, side=80)
    unsure = np.full((8, 8), 130, np.uint8)
    (row,) = measure_picture(picture(mask, np.ones_like(mask) & mask, unsure), SEGMENTS, lesions=False)
    assert row.low["area"] == row.values["area"] < row.high["area"]


def test_a_model_that_is_sure_of_nothing_leaves_nothing_certain():
    mask = disc(20, side=80)
    (row,) = measure_picture(picture(mask, confidence=np.full((8, 8), 130, np.uint8)), SEGMENTS, lesions=True)
    assert row.low["area"] == 0
    for key in ("perimeter", "equivalent_diameter", "max_diameter", "min_diameter", "parts"):
        assert row.low[key] == 0, "nothing is as wide as nothing"
        assert row.values[key] > 0
    assert row.low["compactness"] > 0
    assert row.high["area"] == mask.size


def test_in_words_with_and_without_a_scale():
    (row,) = measure_picture(picture(disc(20, side=80)), SEGMENTS, lesions=True)
    area, long, shape = BY_KEY["area"], BY_KEY["max_diameter"], BY_KEY["asymmetry_shape_long"]
    assert value_words(row, area, None) == f"{row.values['area']:.0f} px²"
    assert value_words(row, area, 0.1) == f"{row.values['area'] / 100:.2f} mm²"
    assert value_words(row, long, 0.1).endswith(" mm")
    assert value_words(row, shape, 0.1).endswith(" %")
    assert value_words(row, BY_KEY["solidity"], None).count(" ") == 0
    assert scale_words(UNCALIBRATED) == "No scale is set: lengths are in pixels"
    assert scale_words(Calibration(0.02, "dicom")) == "1 px = 0.02 mm, by the image's file (DICOM)"
    assert [change_words(10, 12), change_words(10, 9), change_words(0, 3)] == ["+20.0 %", "−10.0 %", "–"]


@pytest.mark.parametrize(
    ("name", "expected"), [("lesion", True), ("Naevus", True), ("melanoma", True), ("person", False), ("car", False)]
)
def test_names_tell_lesions(name, expected):
    assert is_lesion_project(make_classes([name])) is expected


def test_an_image_s_own_scale_goes_before_the_project_s(rig):
    session = rig.new_project(2)
    one, other = (record.id for record in session.records)
    assert session.scale.mm_per_px is None
    session.scale.set(0.05)
    session.scale.set_image(one, 0.02)
    assert session.scale.of(one) == Calibration(0.02, "ruler")
    assert session.scale.of(other) == Calibration(0.05, "project")
    assert session.scale.mm_per_px == 0.02
    rig.show(other)
    assert session.scale.mm_per_px == 0.05
    rig.settle()
    session = rig.reopen()
    assert session.scale.of(one).source == "ruler"
    session.scale.set_image(one, None)
    assert session.scale.of(one).source == "project"
    with pytest.raises(ValueError, match="no size of a pixel"):
        session.scale.set(-1)
    rig.settle()
    rig.studio._store.ask(lambda project: project.scales.put(one, 0.3, "dicom"))
    session.scale.set_image(one, 0.4)
    session.scale.set_image(one, None)
    rig.wait(lambda: session.scale.of(one) == Calibration(0.3, "dicom"))
    entries = rig.studio._store.ask(lambda project: [e.kind for e in project.audit.entries()])
    assert entries.count("scale") == 5
