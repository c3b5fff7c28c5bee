"""PH2, ISIC and MADS: the real folders, and small made-up ones that hold each oddity."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segstudio.domain.errors import UserError
from segstudio.domain.segments import make_classes
from segstudio.formats import isic, mads, ph2
from segstudio.formats.dataset import Dataset, FoundImage
from segstudio.formats.detect import find_dataset
from segstudio.formats.export_formats import MASKS
from segstudio.formats.mask_formats import MaskToWrite
from segstudio.formats.ph2_table import read_table
from segstudio.formats.tables import read_csv
from segstudio.formats.writing import write_whole
from segstudio.imaging.reader import read_size
from tests.helpers.data import data_folder

SIZE = (32, 24)


def write(path: Path, *squares: tuple[int, int, int, int], mode: str = "L") -> Path:
    """An image of ``SIZE``, white in the squares (left, top, right, bottom)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.zeros((SIZE[1], SIZE[0]), np.uint8)
    for left, top, right, bottom in squares:
        pixels[top:bottom, left:right] = 255
    Image.fromarray(pixels).convert(mode).save(path)
    return path


def named(found: Dataset, stem: str) -> FoundImage:
    return next(image for image in found.images if image.image.stem.upper() == stem)


def read(image: FoundImage, size: tuple[int, int] = SIZE) -> np.ndarray:
    assert image.mask is not None
    return image.mask.read(size, 1).ids


# ---- PH2 -----------------------------------------------------------------------------------------------------------

HEADER = "||  Name  || Histological Diagnosis || Clinical Diagnosis || Asymmetry || Streaks ||     Colors    ||\n"


def ph2_case(root: Path, case: str, lesion: tuple[int, int, int, int] = (4, 4, 20, 20)) -> Path:
    write(root / case / f"{case}_Dermoscopic_Image" / f"{case}.bmp", mode="RGB")
    write(root / case / f"{case}_lesion" / f"{case}_lesion.bmp", lesion, mode="1")
    return root / case


def test_ph2_rows_become_attributes_in_words(tmp_path: Path) -> None:
    root = tmp_path / "PH2Dataset" / "PH2 Dataset images"
    for case in ("IMD002", "IMD010", "IMD011"):
        ph2_case(root, case)
    (root.parent / "PH2_dataset.txt").write_text(
        f"{HEADER}|| IMD002 ||   || 0 || 1 || A || 3  4 ||\n|| IMD010 || Melanoma || 2 || 9 || P || 6 ||\n"
        "|| IMD300 ||  || 1 || 0 || A || 1 ||\nLegends:\n\nColors:\n  1 - White.\n"
    )
    found = find_dataset(tmp_path)
    assert dict(named(found, "IMD002").attributes) == {
        "Clinical diagnosis": "common nevus",
        "Asymmetry": "symmetric about one axis",
        "Streaks": "absent",
        "Colors": "light brown, dark brown",
    }
    assert named(found, "IMD010").attributes["Histological diagnosis"] == "melanoma"
    assert named(found, "IMD010").attributes["Asymmetry"] == "9"
    assert dict(named(found, "IMD011").attributes) == {}
    assert found.notes == (
        "1 of the 3 cases in PH2_dataset.txt are not in this folder.",
        "1 cases are not in PH2_dataset.txt; nothing is known of them.",
    )


def test_ph2_the_odd_bitmap_is_said_and_read(tmp_path: Path) -> None:
    root = tmp_path / "PH2 Dataset images"
    ph2_case(root, "IMD010")
    folder = ph2_case(root, "IMD002")
    mask = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    mask[2:5, 3:9] = 255
    odd = folder / "IMD002_lesion" / "IMD002_lesion.bmp"
    rows = b"".join(row[:, ::-1].tobytes() for row in mask)  # 32 px: no padding
    header = b"BM" + (54 + len(rows)).to_bytes(4, "little") + bytes(4) + (54).to_bytes(4, "little")
    info = (40).to_bytes(4, "little") + (32).to_bytes(4, "little") + (-24).to_bytes(4, "little", signed=True)
    odd.write_bytes(header + info + (1).to_bytes(2, "little") + (24).to_bytes(2, "little") + bytes(24) + rows)
    found = ph2.find(tmp_path)
    assert [note for note in found.notes if "lesion" in note] == [
        "“IMD002_lesion.bmp” has 24 bits a pixel and its rows from the top, unlike the others; it is read all the same."
    ]
    assert np.array_equal(read(named(found, "IMD002")), mask[..., 0] // 255)


def test_ph2_colour_regions_are_a_layer_of_classes(tmp_path: Path) -> None:
    root = tmp_path / "PH2 Dataset images"
    folder = ph2_case(root, "IMD003")
    ph2_case(root, "IMD004")
    write(folder / "IMD003_roi" / "IMD003_R1_Label4.bmp", (4, 4, 10, 10), mode="1")
    write(folder / "IMD003_roi" / "IMD003_R2_Label6.bmp", (8, 8, 12, 12), mode="1")
    write(folder / "IMD003_roi" / "IMD003_R3_LabelStreaks.bmp", (8, 8, 12, 12), mode="1")
    found = ph2.find(tmp_path)
    assert [skipped.path.name for skipped in found.skipped] == ["IMD003_R3_LabelStreaks.bmp"]
    assert (found.layer, [layer.name for layer in found.layers]) == ("Lesion", ["Colours within the lesion"])
    colours = found.choose("Colours within the lesion")
    assert [image.mask is None for image in colours.images] == [False, True]
    source = colours.images[0].mask
    assert source is not None
    mask = source.read(SIZE, 1)
    names = {known.id: known.name for known in colours.classes}
    assert names[int(mask.ids[5, 5])] == "dark brown"
    assert names[int(mask.ids[9, 9])] == "black"
    assert names[int(mask.ids[18, 18])] == "lesion"
    assert mask.ids[0, 0] == 0
    assert "overlap" in mask.oddities[0]
    assert len(source.files) == 3


def test_ph2_as_it_is(tmp_path: Path) -> None:
    packed = data_folder("ph2_packed")
    subprocess.run([sys.executable, packed.parent / "unpack_ph2.py", tmp_path], check=True, capture_output=True)
    found = find_dataset(tmp_path)
    assert (found.layout, len(found.images), found.with_mask) == ("PH2", 120, 120)
    diagnoses = [image.attributes["Clinical diagnosis"] for image in found.images]
    assert {one: diagnoses.count(one) > 10 for one in set(diagnoses)} == dict.fromkeys(
        ("common nevus", "atypical nevus", "melanoma"), True
    )
    assert all("Asymmetry" in image.attributes for image in found.images)
    assert found.notes == ()
    assert {skipped.path.stem for skipped in found.skipped} == {"IMD146_R1_LabelStreaks", "IMD057_R2_Label"}
    for image in found.images[::12]:
        mask = image.mask
        assert mask is not None
        packed_mask = packed / image.image.stem / f"{image.image.stem}_lesion" / f"{image.image.stem}_lesion.png"
        with Image.open(packed_mask) as truth:
            assert np.array_equal(mask.read(read_size(image.image), 1).ids, np.array(truth).astype(np.uint16))
    colours = found.choose("Colours within the lesion")
    own = [image for image in colours.images if image.mask is not None]
    assert 5 <= len(own) <= 20
    for image in own:
        assert image.mask is not None
        assert set(np.unique(image.mask.read(read_size(image.image), 1).ids)) <= set(range(8))


def test_a_table_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    ph2_case(tmp_path, "IMD003")
    (tmp_path / "PH2_dataset.txt").write_bytes(b"")
    assert read_table(tmp_path / "PH2_dataset.txt") == {}
    with open(tmp_path / "PH2_dataset.txt", "wb") as file:
        file.truncate(65 * 2**20)
    assert "64 MB" in ph2.find(tmp_path).notes[0]
    with pytest.raises(UserError, match="can't be read"):
        read_table(tmp_path / "none.txt")


# ---- ISIC ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mask_ending", ["_segmentation.png", "_SEGMENTATION.PNG", "_Segmentation.png"])
@pytest.mark.parametrize(("images", "masks"), [("", ""), ("ISIC2018_Task1-2_Training_Input", "Task1_GroundTruth")])
def test_isic_in_one_folder_or_two_and_any_case(tmp_path: Path, images: str, masks: str, mask_ending: str) -> None:
    write(tmp_path / images / "ISIC_0000010.jpg")
    write(tmp_path / images / "isic_0000009.JPG")
    write(tmp_path / masks / f"ISIC_0000009{mask_ending}", (1, 1, 9, 9))
    write(tmp_path / masks / f"ISIC_0000011{mask_ending}", (1, 1, 9, 9))
    found = find_dataset(tmp_path)
    assert (found.layout, [image.image.stem for image in found.images]) == ("ISIC", ["isic_0000009", "ISIC_0000010"])
    assert [image.mask is not None for image in found.images] == [True, False]
    assert found.notes == ("1 of 2 images has no mask.", "1 mask belongs to no image in this folder.")
    assert read(found.images[0])[2, 2] == 1


def test_isic_with_masks_in_a_folder_chosen_by_hand(tmp_path: Path) -> None:
    write(tmp_path / "in" / "ISIC_0000010.jpg")
    write(tmp_path / "out" / "ISIC_0000010_segmentation.png", (1, 1, 9, 9))
    assert find_dataset(tmp_path / "in").with_mask == 0
    assert find_dataset(tmp_path / "in", tmp_path / "out").with_mask == 1


@pytest.mark.parametrize(("images", "masks"), [("images", "masks"), ("Images", "GroundTruth")])
def test_masks_that_are_called_like_the_images_of_isic_are_theirs(tmp_path: Path, images: str, masks: str) -> None:
    write(tmp_path / images / "ISIC_0000010.jpg")
    write(tmp_path / masks / "ISIC_0000010.png", (1, 1, 9, 9))
    for found in (find_dataset(tmp_path), find_dataset(tmp_path / images, tmp_path / masks)):
        assert [image.image.parent.name for image in found.images] == [images]
        assert read(found.images[0])[2, 2] == 1


def test_masks_that_others_made_of_isic_s_images_lose_no_patient(tmp_path: Path) -> None:
    for number in (10, 11):
        write(tmp_path / "images" / f"ISIC_00000{number}.jpg")
        write(tmp_path / "masks" / f"ISIC_00000{number}.png", (1, 1, 9, 9))
    (tmp_path / "metadata.csv").write_text("isic_id,sex,patient_id\nISIC_0000010,male,IP_7\nISIC_0000011,male,IP_7\n")
    found = find_dataset(tmp_path)
    assert found.layout != isic.LAYOUT
    assert [image.patient for image in found.images] == ["IP_7", "IP_7"]
    assert [image.attributes["Sex"] for image in found.images] == ["male", "male"]


def test_masks_of_several_classes_of_isic_s_images_stay_so(tmp_path: Path) -> None:
    write(tmp_path / "in" / "ISIC_0000010.jpg")
    write(tmp_path / "in" / "ISIC_0000010_segmentation.png", (1, 1, 9, 9))
    classes = make_classes(["nevus", "hair"])
    mask = np.zeros((24, 32), np.uint16)
    mask[2:9, 2:9], mask[12:14] = 1, 2
    for format_ in MASKS:
        out = tmp_path / format_.key
        out.mkdir()
        made = format_.encode(MaskToWrite(1, "ISIC_0000010", "ISIC_0000010.jpg", mask, 1), classes)
        file = format_.file_of("ISIC_0000010")
        own = {} if file is None else {file: made.content}
        for name, content in {**own, **format_.about_all([made.entry], classes)}.items():
            write_whole(out / name, content)
        image = next(found for found in find_dataset(tmp_path / "in", out).images if found.mask is not None)
        assert image.image.suffix == ".jpg"
        assert image.mask is not None
        np.testing.assert_array_equal(image.mask.read((32, 24), 1).class_ids(), mask)


def test_a_png_of_an_image_of_isic_does_not_take_its_place(tmp_path: Path) -> None:
    write(tmp_path / "input" / "ISIC_0000010.jpg")
    write(tmp_path / "a_truth" / "ISIC_0000010.png", (1, 1, 9, 9))
    found = find_dataset(tmp_path)
    assert [image.image.suffix for image in found.images] == [".jpg"]


def test_isic_lesions_that_are_not_one_region_say_so(tmp_path: Path) -> None:
    for number in range(1, 4):
        write(tmp_path / f"ISIC_000000{number}.jpg")
    write(tmp_path / "ISIC_0000001_segmentation.png", (1, 1, 9, 9))
    write(tmp_path / "ISIC_0000002_segmentation.png", (1, 1, 9, 9), (20, 10, 24, 14))
    pixels = np.zeros((24, 32), np.uint8)
    pixels[2:12, 2:12] = 255
    pixels[5:7, 5:7] = 0
    Image.fromarray(pixels).save(tmp_path / "ISIC_0000003_segmentation.png")
    said = [image.mask.read(SIZE, 1).oddities for image in find_dataset(tmp_path).images if image.mask]
    assert said == [
        (),
        ("“ISIC_0000002_segmentation.png” has 2 regions; it is taken as it is.",),
        ("“ISIC_0000003_segmentation.png” has a hole; it is taken as it is.",),
    ]


def test_isic_metadata_patients_and_one_hot_diagnoses(tmp_path: Path) -> None:
    for number in (1, 2):
        write(tmp_path / "in" / f"ISIC_000000{number}.jpg")
    (tmp_path / "metadata.csv").write_text(
        "isic_id,attribution,age_approx,benign_malignant,patient_id\nISIC_0000001,someone,45,malignant,IP_7\n"
        "ISIC_0000002,someone,,benign,\nISIC_0000077,x,1,x,x\n"
    )
    (tmp_path / "in" / "truth.csv").write_text("image,MEL,NV,BCC\nISIC_0000001,1.0,0.0,0.0\nISIC_0000002,0,1,0\n")
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    (tmp_path / "empty.csv").write_text("")
    found = find_dataset(tmp_path)
    assert dict(found.images[0].attributes) == {
        "Diagnosis": "MEL", "Age approx": "45", "Benign malignant": "malignant", "Patient id": "IP_7",
    }  # fmt: skip
    assert dict(found.images[1].attributes) == {"Diagnosis": "NV", "Benign malignant": "benign"}
    assert [image.patient for image in found.images] == ["IP_7", None]
    assert found.classes == ()


def test_isic_what_is_no_lesion_mask_is_skipped(tmp_path: Path) -> None:
    for name in ("ISIC_0000001.jpg", "ISIC_0000001_superpixels.png", "ISIC_0000001_attribute_globules.png", "x.png"):
        write(tmp_path / name)
    write(tmp_path / "ISIC_0000001_segmentation.png", (1, 1, 9, 9))
    write(tmp_path / "again" / "ISIC_0000001_segmentation.png", (1, 1, 9, 9))
    write(tmp_path / "again" / "ISIC_0000001.jpg")
    found = find_dataset(tmp_path)
    assert [skipped.path.name for skipped in found.skipped] == [
        "ISIC_0000001_attribute_globules.png",
        "ISIC_0000001_superpixels.png",
        "x.png",
    ]
    assert "Task 2" in found.skipped[0].why
    assert [image.mask for image in found.images] == [None]
    assert found.notes[1:] == (
        "1 number has several images, of which one is taken, for example ISIC_0000001.",
        "1 number has several masks, so none is taken, for example ISIC_0000001.",
    )


def test_isic_masks_alone_and_what_is_not_isic(tmp_path: Path) -> None:
    write(tmp_path / "ISIC_0000001_segmentation.png")
    assert isic.recognises(tmp_path)
    with pytest.raises(UserError, match="folder above"):
        isic.find(tmp_path)
    for name in ("a.png", "b.png", "c.png"):
        write(tmp_path / name)
    assert not isic.recognises(tmp_path)
    assert not isic.recognises(tmp_path / "gone")


# ---- MADS ----------------------------------------------------------------------------------------------------------


def test_mads_as_it_is() -> None:
    found = find_dataset(data_folder("mads"))
    assert (found.layout, found.upright, [image.image.stem for image in found.images]) == (
        "MADS", True, ["HipHop_HipHop1_C1_00315", "Taichi_S1_C1_00765"],
    )  # fmt: skip
    assert [image.mask is not None for image in found.images] == [False, True]
    assert dict(found.images[0].attributes) == {
        "Action": "HipHop", "Sequence": "HipHop1", "Camera": "1", "Frame": "00315",
    }  # fmt: skip
    assert found.notes == (
        "1 of 2 images has no mask.",
        "1,190 of the 1,192 frames that df.csv lists are not in this folder.",
    )
    person = read(found.images[1], read_size(found.images[1].image))
    assert 0.02 < person.mean() < 0.05


def test_mads_alpha_is_never_the_mask_and_frames_are_in_the_order_of_videos(tmp_path: Path) -> None:
    root = tmp_path / "kaggle" / "segmentation_full_body_mads_dataset_1192_img"
    names = ["Jazz_Jazz1_C0_00045", "HipHop_HipHop1_C1_00180", "HipHop_HipHop1_C0_00225", "HipHop_HipHop1_C0_00090"]
    for name in names:
        write(root / "images" / f"{name}.png", mode="RGB")
        grey = np.zeros((24, 32), np.uint8)
        grey[4:9, 4:9] = 255
        grey[3, 4:9] = 90  # a smoothed edge
        Image.fromarray(np.dstack([grey, grey, grey, np.full_like(grey, 255)])).save(
            write(root / "masks" / f"{name}.png")
        )
    rows = "\n".join(f"{place},images/{name}.png,masks/{name}.png" for place, name in enumerate(names[:3]))
    (root / "df.csv").write_text(f",images,masks\n{rows}\n7,../../../etc/passwd,x\n")
    found = find_dataset(tmp_path)
    assert [image.image.stem for image in found.images] == [
        "HipHop_HipHop1_C0_00090",
        "HipHop_HipHop1_C0_00225",
        "HipHop_HipHop1_C1_00180",
        "Jazz_Jazz1_C0_00045",
    ]
    mask = read(found.images[0])
    assert mask.sum() == 25
    assert mask[4:9, 4:9].all()
    assert found.notes == (
        "1 frame is not listed in df.csv; it is taken all the same.",
        "df.csv names 1 file outside this folder; it is left out.",
    )


def test_mads_without_masks_or_table_and_what_is_not_mads(tmp_path: Path) -> None:
    write(tmp_path / "images" / "HipHop_HipHop1_C1_00180.png")
    found = mads.find(tmp_path)
    assert (found.classes, found.notes, found.with_mask) == ((), ("None of the images has a mask.",), 0)
    for number in range(20):
        write(tmp_path / "images" / f"A_{number}.png")
    assert not mads.recognises(tmp_path)
    with pytest.raises(UserError, match="MADS"):
        mads.find(tmp_path / "gone")


def test_tables_with_other_separators_and_letters(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("﻿Bild;Größe\n1;2\n".encode())
    (tmp_path / "b.csv").write_bytes("Bild\tGröße\n1\t2\textra\n".encode("latin-1"))
    assert read_csv(tmp_path / "a.csv") == read_csv(tmp_path / "b.csv") == [{"Bild": "1", "Größe": "2"}]
    (tmp_path / "c.csv").write_text('a,b\n"' + "x" * 200_000 + '",1\n')
    with pytest.raises(UserError, match="no table"):
        read_csv(tmp_path / "c.csv")
