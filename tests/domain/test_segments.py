import numpy as np
import pytest
from numpy.typing import NDArray

from segstudio.domain.segments import (
    CLASS_COLORS,
    OKABE_ITO,
    VOID_COLOR,
    ClassSpec,
    Color,
    Segment,
    SegmentTable,
    as_called,
    looked_up,
    make_classes,
    void_ids,
)
from segstudio.imaging.cv import cv2


def table() -> SegmentTable:
    return SegmentTable.for_classes(make_classes(["lesion", "hair"]))


def test_classes_count_from_one_and_take_colours_in_turn() -> None:
    classes = make_classes([" lesion ", "", "  ", *(f"class {i}" for i in range(8))])
    assert [c.id for c in classes] == list(range(1, 10))
    assert classes[0] == ClassSpec(1, "lesion", OKABE_ITO[0], "stuff")
    assert classes[7].color == CLASS_COLORS[7]
    assert len({c.color for c in classes[:7]}) == 7


def test_what_is_not_judged_takes_no_colour_from_the_others() -> None:
    classes = make_classes(["glare", "lesion", "hair"], void={"glare", "blur"})
    assert [c.kind for c in classes] == ["void", "stuff", "stuff"]
    assert classes[0].color not in CLASS_COLORS
    assert void_ids(classes) == (1,)
    assert void_ids(make_classes(["glare"])) == ()


def test_a_class_has_one_segment_of_its_own_id() -> None:
    rows = list(table())
    assert [(row.id, row.class_id, row.name) for row in rows] == [(1, 1, "lesion"), (2, 2, "hair")]
    assert len(table()) == 2
    assert 1 in table()
    assert 3 not in table()
    assert table()[2].name == "hair"


def test_tables_are_compared_by_value_and_are_no_keys() -> None:
    assert table() == table()
    assert table() != SegmentTable([])
    assert table() != "a table"
    with pytest.raises(TypeError):
        hash(table())


def test_a_change_makes_another_table() -> None:
    before = table()
    after = before.changed(1, locked=True, name="mole")
    assert before == table()
    assert (after[1].locked, after[1].name, after[1].color) == (True, "mole", before[1].color)
    assert [row.id for row in after] == [1, 2]
    assert after.locked_ids() == (1,)
    assert before.locked_ids() == ()


def test_an_unknown_segment_cannot_be_changed() -> None:
    with pytest.raises(KeyError):
        table().changed(9, locked=True)


def test_a_new_segment_comes_last() -> None:
    added = Segment(7, 2, 1, "hair 2", (1, 2, 3))
    assert [row.id for row in table().with_segment(added)] == [1, 2, 7]


def test_the_look_up_table_gives_the_class_of_every_segment() -> None:
    lut = table().with_segment(Segment(65534, 2, 1, "hair 2", (1, 2, 3))).class_lut()
    assert lut.shape == (65536,)
    assert lut.dtype == "uint16"
    assert {int(i): int(lut[i]) for i in lut.nonzero()[0]} == {1: 1, 2: 2, 65534: 2}


def test_every_class_of_a_large_project_has_a_colour_of_its_own() -> None:
    colors = [spec.color for spec in make_classes(f"class {number}" for number in range(len(CLASS_COLORS)))]
    assert len(set(colors)) == len(colors) == 32
    # Euclidean in CIELAB: 2.3 is just noticeable, and these lie at a third of their strength over a picture.
    apart = lab(colors)[:, None] - lab(colors)
    distance = np.linalg.norm(apart, axis=2) + 1000 * np.eye(len(colors))
    assert distance.min() > 25


def lab(colors: list[Color]) -> NDArray[np.float32]:
    pixels = (np.array(colors, np.float32) / 255)[None]
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2LAB)[0])


def test_what_is_looked_up_is_what_the_table_has_for_each_id() -> None:
    ids = np.random.default_rng(0).integers(0, 65536, (150, 37)).astype(np.uint16)
    table = np.arange(65536, dtype=np.uint16)[::-1].copy()
    assert np.array_equal(looked_up(table, ids), table[ids])
    assert np.array_equal(looked_up(table, ids.T), table[ids.T])


@pytest.mark.parametrize(
    ("renamed", "called"),
    [
        ({1: "mole", 2: "Hair"}, ["mole", "Hair", "ruler"]),
        ({1: "hair", 2: "lesion"}, ["hair", "lesion", "ruler"]),
        ({3: "Lesion"}, ["lesion", "hair", "ruler"]),
        ({1: "mole", 2: "Mole"}, ["lesion", "hair", "ruler"]),
        ({1: "mole", 2: "mole", 3: "lesion"}, ["lesion", "hair", "ruler"]),
    ],
)
def test_classes_are_called_like_their_segments_but_no_two_alike(renamed: dict[int, str], called: list[str]) -> None:
    classes = make_classes(["lesion", "hair", "ruler"])
    segments = SegmentTable.for_classes(classes)
    for segment_id, name in renamed.items():
        segments = segments.changed(segment_id, name=name)
    assert [spec.name for spec in as_called(classes, segments)] == called


def test_classes_that_were_made_with_names_that_differ_in_case_alone_keep_them() -> None:
    classes = make_classes(["Car", "car"])
    assert as_called(classes, SegmentTable.for_classes(classes)) == classes


def test_200_classes_have_200_colours_and_none_is_that_of_void() -> None:
    classes = make_classes([f"class {number}" for number in range(200)])
    colors = [spec.color for spec in classes]
    assert len({*colors, VOID_COLOR}) == 201
    assert colors[: len(CLASS_COLORS)] == list(CLASS_COLORS)
    assert [spec.color for spec in make_classes(["one", "two"])] == colors[:2]
