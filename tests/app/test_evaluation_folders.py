from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segstudio.app.evaluation import evaluate
from segstudio.app.evaluation_plans import folder_plan
from segstudio.app.evaluation_report import report as report_of
from segstudio.app.evaluation_report import table
from segstudio.domain.errors import UserError
from segstudio.domain.segments import make_classes
from segstudio.formats.compare import read_together
from segstudio.formats.detect import find_dataset
from segstudio.formats.png import write_mask
from tests.imaging.images import packed_png


def square(x: int, value: int = 255, size: tuple[int, int] = (40, 60)) -> Image.Image:
    mask = np.zeros(size, np.uint8)
    mask[10:20, x : x + 10] = value
    return Image.fromarray(mask)


def evaluate_folders(pred: Path, truth: Path, progress=lambda _done, _total: None, void: int | None = None) -> dict:
    return report_of(evaluate(folder_plan(pred, truth, void=void), progress))


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    pred, truth = tmp_path / "pred", tmp_path / "truth"
    pred.mkdir()
    truth.mkdir()
    return pred, truth


def test_nothing_counts_where_nobody_judges(folders: tuple[Path, Path]) -> None:
    pred, truth = folders
    said, true = np.zeros((20, 30), np.uint8), np.zeros((20, 30), np.uint8)
    said[:10, :20], true[:10, :10] = 1, 1
    true[:10, 10:] = 11
    said[15, 5] = 11
    Image.fromarray(said).save(pred / "a.png")
    Image.fromarray(true).save(truth / "a.png")
    assert evaluate_folders(pred, truth, void=11)["mean"]["dice"] == 1
    assert evaluate_folders(pred, truth)["mean"]["dice"] < 0.7


@pytest.mark.parametrize("channels", [1, 3])
def test_void_of_255_does_not_make_class_maps_black_and_white(folders: tuple[Path, Path], channels: int) -> None:
    pred, truth = folders
    true = np.zeros((40, 60), np.uint8)
    true[5:20, 5:30], true[20:35, 10:50] = 1, 2
    said = true.copy()
    said[5:8, 5:30] = 0
    said[0:2, 0:5] = 255
    true[:, 55:] = 255
    for folder, mask in ((pred, said), (truth, true)):
        Image.fromarray(mask if channels == 1 else np.repeat(mask[..., None], 3, axis=2)).save(folder / "a.png")
    report = evaluate_folders(pred, truth, void=255)
    assert report["mean"]["dice"] == pytest.approx((2 * 300 / (300 + 375) + 1) / 2)


def test_void_of_255_beside_class_ids_needs_not_be_named(folders: tuple[Path, Path]) -> None:
    pred, truth = folders
    true = np.zeros((40, 60), np.uint8)
    true[5:20, 5:30], true[20:35, 10:50] = 1, 2
    Image.fromarray(true).save(pred / "a.png")
    Image.fromarray(true).save(pred / "c.png")
    square(10, 0).save(pred / "b.png")
    true[18:22] = 255
    Image.fromarray(true).save(truth / "a.png")
    Image.fromarray(true).save(truth / "c.png")
    square(10, 255).save(truth / "b.png")  # void alone, which is no white here
    found = evaluate(folder_plan(pred, truth))
    assert [scored.sides[0].total.dice for scored in found.scored] == [1, 1, 1]
    assert found.plan.note == "Where the true masks are 255, nothing is judged."
    assert found.plan.note in table(found)
    with pytest.raises(UserError, match=r"“a\.png” has 255 beside low class numbers.*“--void 255”"):
        read_together(truth / "a.png", [pred / "a.png"])
    # Where most are black and white, the odd one is refused, and nothing of the others is left out.
    for name in ("d", "e", "f"):
        square(10).save(truth / f"{name}.png")
        square(15).save(pred / f"{name}.png")
    found = evaluate(folder_plan(pred, truth))
    assert found.plan.note == ""
    assert [name for name, _ in found.failed] == ["a", "c"]
    assert [scored.sides[0].total.dice for scored in found.scored] == [0, 0.5, 0.5, 0.5]


def test_black_and_white_has_no_void_whatever_its_edges_are(folders: tuple[Path, Path]) -> None:
    pred, truth = folders
    square(10).save(pred / "a.png")
    soft = np.array(square(10))
    soft[9, 10:20], soft[20, 10:20], soft[0, 0] = 60, 190, 1
    Image.fromarray(soft).save(truth / "a.png")
    square(10).save(pred / "b.png")
    trimap = np.array(square(10))
    trimap[20:24, 10:20] = 127
    Image.fromarray(trimap).save(truth / "b.png")
    found = evaluate(folder_plan(pred, truth))
    assert found.plan.note == ""
    assert [round(scored.sides[0].total.dice, 3) for scored in found.scored] == [0.952, 1]


@pytest.mark.parametrize("void", [255, 128])
def test_black_and_white_against_a_truth_with_a_border_that_nobody_judges(
    folders: tuple[Path, Path], void: int
) -> None:
    pred, truth = folders
    true, said = np.array(square(10, 1 if void == 255 else 255)), np.array(square(10))
    true[20:22], said[21, 10:15] = void, 255
    Image.fromarray(said).save(pred / "a.png")
    Image.fromarray(true).save(truth / "a.png")
    assert evaluate_folders(pred, truth, void=void)["mean"]["dice"] == 1
    said[30, 10:15] = 255
    Image.fromarray(said).save(pred / "a.png")
    assert evaluate_folders(pred, truth, void=void)["mean"]["dice"] == pytest.approx(200 / 205)


def test_true_masks_that_say_nothing_but_void_are_refused(folders: tuple[Path, Path]) -> None:
    pred, truth = folders
    square(10).save(pred / "a.png")
    square(10).save(truth / "a.png")
    with pytest.raises(UserError, match="no value but 0 and 255"):
        evaluate_folders(pred, truth, void=255)
    square(10).save(pred / "b.png")
    square(10, 1).save(truth / "b.png")
    assert evaluate_folders(pred, truth, void=255)["count"] == 2
    (truth / "b.png").write_bytes(b"broken")
    Image.fromarray(np.zeros((40, 60), np.uint8)).save(truth / "a.png")
    assert evaluate_folders(pred, truth, void=255)["count"] == 1, "empty masks are no reason to doubt what is said"


def test_pairs_scores_and_leftovers(folders: tuple[Path, Path]) -> None:
    pred, truth = folders
    square(10).save(pred / "a10.png")
    square(10).save(truth / "a10_lesion.bmp")
    square(13).save(pred / "a9_pred.png")
    square(10, 1).save(truth / "a9_mask.png")
    square(10).save(pred / "only here.png")
    square(10).save(truth / "only there.png")
    seen: list[tuple[int, int]] = []
    report = evaluate_folders(pred, truth, lambda done, total: seen.append((done, total)))
    assert [row["name"] for row in report["images"]] == ["a9_pred", "a10"]
    assert report["images"][0]["dice"] == pytest.approx(0.7)
    assert report["images"][0]["hd95"] == pytest.approx(3)
    assert report["count"] == 2
    assert report["mean"]["dice"] == pytest.approx(0.85)
    assert report["median"]["iou"] == pytest.approx((1 + 70 / 130) / 2)
    assert report["worst_tenth"] == pytest.approx(
        {"dice": 0.7, "iou": 70 / 130, "hd95": 3, "isic": 0, "boundary_f1": report["images"][0]["boundary_f1"]}
    )
    assert report["unpaired_predictions"] == [str(pred / "only here.png")]
    assert report["unpaired_truth"] == [str(truth / "only there.png")]
    assert report["failed"] == []
    assert seen == [(1, 2), (2, 2)]
    assert json.loads(json.dumps(report)) == report


def test_what_cannot_be_compared_is_listed_and_the_rest_goes_on(folders: tuple[Path, Path]) -> None:
    pred, truth = folders
    for folder in folders:
        square(10).save(folder / "good.png")
    square(10, size=(40, 61)).save(pred / "size.png")
    square(10).save(truth / "size.png")
    (pred / "broken.png").write_bytes(b"no image")
    square(10).save(truth / "broken.png")
    report = evaluate_folders(pred, truth)
    assert report["count"] == 1
    assert [row["name"] for row in report["failed"]] == ["broken", "size"]
    assert "not an image" in report["failed"][0]["reason"]
    assert "61 × 40" in report["failed"][1]["reason"]


def test_several_classes_are_averaged(folders: tuple[Path, Path]) -> None:
    pred, truth = folders
    classes = make_classes(["one", "two", "three"])
    ids = np.zeros((40, 60), np.uint16)
    ids[:10] = 1
    ids[20:30] = 2
    write_mask(truth / "a.png", ids, 1, classes)
    ids[20:30] = 3
    write_mask(pred / "a.png", ids, 1, classes)
    report = evaluate_folders(pred, truth)
    assert report["mean"]["dice"] == pytest.approx(1 / 3)


def test_one_class_by_another_number_is_another_class(folders: tuple[Path, Path]) -> None:
    square(10, 1).save(folders[0] / "a.png")
    square(10, 2).save(folders[1] / "a.png")
    assert evaluate_folders(*folders)["mean"]["dice"] == 0


def test_black_and_white_against_any_number(folders: tuple[Path, Path]) -> None:
    square(10, 255).save(folders[0] / "a.png")
    square(10, 38).save(folders[1] / "a.png")
    assert evaluate_folders(*folders)["mean"]["dice"] == 1


def test_black_and_white_in_few_bits_against_any_number(folders: tuple[Path, Path]) -> None:
    pred, truth = folders
    own = np.array(square(10)) // 255
    (pred / "a.png").write_bytes(packed_png(own * 15, 4))
    Image.fromarray(own * 2).save(truth / "a.png")
    assert evaluate_folders(pred, truth)["mean"]["dice"] == 1


@pytest.mark.parametrize(("high", "classes"), [(2, [1, 2]), (300, [1, 255, 300])])
def test_255_of_16_bits_is_void_where_an_import_has_it_for_that(
    folders: tuple[Path, Path], tmp_path: Path, high: int, classes: list[int]
) -> None:
    pred, truth = folders
    (tmp_path / "images").mkdir()
    true = np.zeros((40, 60), np.uint16)
    true[5:20, 5:30], true[20:35, 10:50], true[:, 55:] = 1, 255, 255
    said = np.where(true == 255, 0, true)
    for name, number in (("a", 1), ("b", high), ("c", 1)):
        Image.new("RGB", (60, 40)).save(tmp_path / "images" / f"{name}.png")
        Image.fromarray(np.where(true == 1, np.uint16(number), true)).save(truth / f"{name}.png")
        Image.fromarray(np.where(said == 1, np.uint16(number), said)).save(pred / f"{name}.png")
    known = find_dataset(tmp_path / "images", truth).classes
    assert len([one for one in known if one.kind != "void"]) == len(classes)
    report = evaluate_folders(pred, truth)
    assert list(report["classes"]) == [f"Class {number}" for number in classes]
    assert (report["mean"]["dice"] == 1) is (255 not in classes)


def test_white_of_16_bits_is_no_void_of_the_truth(folders: tuple[Path, Path]) -> None:
    pred, truth = folders
    own = np.array(square(10)).astype(np.uint16)
    Image.fromarray(own).save(pred / "a.png")
    true = own // 255
    true[30:] = 255
    Image.fromarray(true).save(truth / "a.png")
    assert evaluate_folders(pred, truth)["mean"]["dice"] == 1


@pytest.mark.parametrize("white", [255, 65535])
def test_black_and_white_of_16_bits_against_any_number(folders: tuple[Path, Path], white: int) -> None:
    pred, truth = folders
    own = np.array(square(10)).astype(np.uint16) // 255
    Image.fromarray(own * np.uint16(white)).save(pred / "a.png")
    Image.fromarray((own * 2).astype(np.uint8)).save(truth / "a.png")
    assert evaluate_folders(pred, truth)["mean"]["dice"] == 1


def test_a_picture_is_known_by_what_an_import_would_pair_it_with(folders: tuple[Path, Path], tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    for number in range(2):
        Image.new("RGB", (60, 40)).save(tmp_path / "images" / f"img_{number}.png")
        for folder in folders:
            square(10 + number).save(folder / f"mask_{number}.png")
    cases = folder_plan(*folders, images=tmp_path / "images").cases
    assert [case.image and case.image.name for case in cases] == ["img_0.png", "img_1.png"]


def test_empty_masks_agree(folders: tuple[Path, Path]) -> None:
    for folder in folders:
        square(10, 0).save(folder / "a.png")
    assert evaluate_folders(*folders)["mean"] == {"dice": 1, "iou": 1, "hd95": 0, "isic": 1, "boundary_f1": 1}


def test_nothing_to_compare(folders: tuple[Path, Path]) -> None:
    pred, truth = folders
    square(10).save(pred / "a.png")
    square(10).save(truth / "b.png")
    with pytest.raises(UserError, match=r"No mask in “pred” \(1 files\).*“truth”"):
        evaluate_folders(pred, truth)
    (truth / "a.png").write_bytes(b"")
    with pytest.raises(UserError, match=r"Not the one pair of masks can be compared.*empty"):
        evaluate_folders(pred, truth)
    with pytest.raises(UserError, match="can't be opened"):
        evaluate_folders(pred, truth / "gone")


def test_outlines_that_are_a_little_off_score_a_little_less(folders: tuple[Path, Path]) -> None:
    y, x = np.mgrid[0:576, 0:768]
    for k in range(8):
        for folder, shift in zip(folders, (0, 9), strict=True):
            disk = ((x - 380 - shift) / 300) ** 2 + ((y - 280) / 220) ** 2 < 1 + 0.05 * np.sin(k + x / 20)
            Image.fromarray(np.where(disk, 255, 0).astype(np.uint8)).save(folder / f"{k}.png")
    report = evaluate_folders(*folders)
    assert 0.9 < report["mean"]["dice"] < 0.99


def test_a_truth_in_ph2s_own_layout_means_its_lesion_masks(folders: tuple[Path, Path]) -> None:
    pred, truth = folders
    for number in (3, 9):
        case = truth / "PH2 Dataset images" / f"IMD00{number}"
        for part, mask in (("Dermoscopic_Image", square(0)), ("lesion", square(20)), ("roi", square(40))):
            name = f"IMD00{number}.bmp" if part == "Dermoscopic_Image" else f"IMD00{number}_{part.lower()}.bmp"
            folder = case / f"IMD00{number}_{part}"
            folder.mkdir(parents=True)
            mask.save(folder / name)
        square(20).save(pred / f"IMD00{number}.png")
    report = evaluate_folders(pred, truth)
    assert report["count"] == 2
    assert report["mean"]["dice"] == 1.0
    assert report["unpaired_truth"] == []


def test_masks_are_compared_by_the_names_that_lists_beside_them_give_their_values(tmp_path: Path) -> None:
    true = np.zeros((20, 30), np.uint8)
    true[:10, :10], true[:10, 10:20], true[10:, :10] = 1, 2, 3
    truth, pred, other = tmp_path / "data" / "masks", tmp_path / "export", tmp_path / "other"
    for folder, mask in ((truth, true), (pred, true + 1), (other, np.where(true == 3, 0, true + 1).astype(np.uint8))):
        folder.mkdir(parents=True)
        Image.fromarray(mask).save(folder / "a.png")
    (truth.parent / "labels.json").write_text('{"0": "sky", "1": "road", "2": "car", "3": "unlabelled"}')
    ours = '{"0": "background", "1": "sky", "2": "road", "3": "car", "4": "unlabelled"}'
    (pred / "labels.json").write_text(ours)
    found = evaluate(folder_plan(pred, truth))
    assert found.plan.classes == {1: "sky", 2: "road", 3: "car"}
    assert "“labels.json”" in found.plan.note
    assert "“unlabelled”" in found.plan.note
    assert found.scored[0].sides[0].total.dice == 1
    assert "sky  " in table(found)
    assert evaluate_folders(pred, truth, void=2)["classes"].keys() == {"sky", "road"}, "a value of the true masks"
    # Nobody says what the values of a third folder mean, and whoever names classes says what all of them are.
    Image.fromarray(true).save(other / "a.png")
    assert evaluate(folder_plan(other, truth)).scored[0].sides[0].total.dice == 1
    assert folder_plan(pred, truth, classes=("a", "b")).classes == {1: "a", 2: "b"}
    # What 255 is that no list names, is judged by nobody, and a value that no list names is an error.
    unsure = true.copy()
    unsure[15:, 20:] = 255
    Image.fromarray(unsure).save(truth / "a.png")
    Image.fromarray(np.where(unsure == 255, 2, true + 1).astype(np.uint8)).save(pred / "a.png")
    assert evaluate(folder_plan(pred, truth)).scored[0].sides[0].total.dice == 1
    Image.fromarray(true + 4).save(pred / "a.png")
    with pytest.raises(UserError, match="does not name"):
        evaluate(folder_plan(pred, truth))
