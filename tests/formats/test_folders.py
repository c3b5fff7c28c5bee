import unicodedata
from collections.abc import Sequence
from pathlib import Path

import pytest
from PIL import Image

from segstudio.domain.errors import UserError
from segstudio.formats import ph2
from segstudio.formats.dataset import FoundImage
from segstudio.formats.detect import find_dataset
from segstudio.formats.pairs import Pair, pair
from tests.helpers.data import data_folder
from tests.imaging.images import NAMES

NO_TABLE = "There is no PH2_dataset.txt beside the cases, so nothing is known of their diagnoses."


def touch(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"")


def names(found: Sequence[Pair | FoundImage], root: Path) -> dict[str, str | None]:
    masks = {f.image: f.mask.files[0] if isinstance(f, FoundImage) and f.mask else f.mask for f in found}
    return {
        image.relative_to(root).as_posix(): mask.relative_to(root).as_posix() if mask else None
        for image, mask in masks.items()
    }


@pytest.mark.parametrize(
    "ending",
    ["", "_mask", "_Mask", "-mask", " mask", ".mask", "_seg", "_segmentation", "_label", "-gt", "_lesion", "_masks",
     "_GT", "_groundtruth", "_ground_truth", "_msk", "_segmented", "-binary"],
)  # fmt: skip
def test_endings_of_masks(tmp_path: Path, ending: str) -> None:
    touch(tmp_path, "i/ISIC_0000001.jpg", f"m/ISIC_0000001{ending}.png", "m/ISIC_0000002_segmentation.png")
    found = pair(tmp_path / "i", tmp_path / "m")
    assert names(found, tmp_path) == {"i/ISIC_0000001.jpg": f"m/ISIC_0000001{ending}.png"}


@pytest.mark.parametrize("called", ["{}_L", "mask_{}", "gt-{}", "Label {}"])
def test_marks_that_count_where_all_masks_have_them(tmp_path: Path, called: str) -> None:
    touch(tmp_path, *(f"i/{name}.png" for name in ("0001", "0002")))
    touch(tmp_path, *(f"m/{called.format(name)}.png" for name in ("0001", "0002")))
    found = names(pair(tmp_path / "i", tmp_path / "m"), tmp_path)
    assert found == {f"i/{name}.png": f"m/{called.format(name)}.png" for name in ("0001", "0002")}
    # Beside others it may mean something else: the left one of two.
    touch(tmp_path, "m/0001_R.png")
    assert set(names(pair(tmp_path / "i", tmp_path / "m"), tmp_path).values()) == {None}


@pytest.mark.parametrize("name", NAMES)
def test_any_file_name(tmp_path: Path, name: str) -> None:
    touch(tmp_path, f"i/{name}.bmp", f"m/{unicodedata.normalize('NFD', name)}_mask.png")
    assert [found.mask is not None for found in pair(tmp_path / "i", tmp_path / "m")] == [True]


def test_natural_order_and_images_without_masks(tmp_path: Path) -> None:
    touch(tmp_path, "i/a10.png", "i/a9.png", "i/a1.png", "m/a9.png")
    assert names(pair(tmp_path / "i", tmp_path / "m"), tmp_path) == {
        "i/a1.png": None,
        "i/a9.png": "m/a9.png",
        "i/a10.png": None,
    }


def test_nested_folders_are_paired_folder_by_folder(tmp_path: Path) -> None:
    touch(tmp_path, "i/s1/x.png", "i/s2/x.png", "m/s1/x_mask.png", "m/s2/x.png", "i/s3/y.png", "m/y.png")
    assert names(pair(tmp_path / "i", tmp_path / "m"), tmp_path) == {
        "i/s1/x.png": "m/s1/x_mask.png",
        "i/s2/x.png": "m/s2/x.png",
        "i/s3/y.png": "m/y.png",
    }


def test_no_mask_rather_than_another_images(tmp_path: Path) -> None:
    touch(tmp_path, "i/s1/x.png", "i/s2/x.png", "m/x.png", "i/y.png", "m/p/y.png", "m/q/y.png")
    assert set(names(pair(tmp_path / "i", tmp_path / "m"), tmp_path).values()) == {None}


def test_images_of_one_name_in_one_folder_go_by_their_whole_names(tmp_path: Path) -> None:
    touch(tmp_path, "i/a.jpg", "i/a.png", "m/a.png")
    assert set(names(pair(tmp_path / "i", tmp_path / "m"), tmp_path).values()) == {None}
    touch(tmp_path, "m/a.png.png", "m/a.jpg_mask.png", "m/a_2.png")
    assert names(pair(tmp_path / "i", tmp_path / "m"), tmp_path) == {
        "i/a.jpg": "m/a.jpg_mask.png",
        "i/a.png": "m/a.png.png",
    }


def test_images_of_one_name_in_several_folders_go_by_the_folders_in_their_masks_names(tmp_path: Path) -> None:
    touch(tmp_path, "i/s1/x.png", "i/s2/x.png", "i/x.png", "m/s2_x.png", "m/s1_x_mask.png", "m/x.png")
    assert names(pair(tmp_path / "i", tmp_path / "m"), tmp_path) == {
        "i/s1/x.png": "m/s1_x_mask.png",
        "i/s2/x.png": "m/s2_x.png",
        "i/x.png": None,
    }
    # Of one folder alone nobody can tell whether the folder's name in front is chance.
    assert names(pair(tmp_path / "i" / "s2", tmp_path / "m"), tmp_path) == {"i/s2/x.png": None}
    (tmp_path / "m" / "x.png").unlink()
    assert names(pair(tmp_path / "i" / "s2", tmp_path / "m"), tmp_path) == {"i/s2/x.png": "m/s2_x.png"}


def test_a_folder_of_masks_for_several_sets_gives_no_other_sets_mask(tmp_path: Path) -> None:
    touch(tmp_path, "test/1.png", "test/2.png", "m/1.png", "m/2.png", "m/test_1.png")
    assert names(pair(tmp_path / "test", tmp_path / "m"), tmp_path) == {"test/1.png": None, "test/2.png": "m/2.png"}


def test_a_mask_of_one_image_is_not_given_to_another_that_is_called_like_it_by_now(tmp_path: Path) -> None:
    touch(tmp_path, "i/a/1.png", "i/b/1.png", "i/a_1.png", "m/a_1.png", "m/b_1.png")
    assert names(pair(tmp_path / "i", tmp_path / "m"), tmp_path) == {
        "i/a/1.png": None,
        "i/a_1.png": None,
        "i/b/1.png": "m/b_1.png",
    }


def test_numbers_of_other_peoples_do_not_make_a_mask_doubtful(tmp_path: Path) -> None:
    touch(tmp_path, "i/1.png", "i/p.png", "m/1.png", "m/1_1.png", "m/1_2.png", "m/p.png", "m/p_20240131.png")
    assert names(pair(tmp_path / "i", tmp_path / "m"), tmp_path) == {"i/1.png": "m/1.png", "i/p.png": "m/p.png"}


def test_an_image_on_top_shares_its_name_with_one_below(tmp_path: Path) -> None:
    touch(tmp_path, "i/s1/x.png", "i/x.png", "m/x.png")
    assert set(names(pair(tmp_path / "i", tmp_path / "m"), tmp_path).values()) == {None}
    touch(tmp_path, "m/s1/x.png")
    assert names(pair(tmp_path / "i", tmp_path / "m"), tmp_path) == {"i/s1/x.png": "m/s1/x.png", "i/x.png": "m/x.png"}


def test_masks_that_were_numbered_apart_are_of_nobody_knows_which_image(tmp_path: Path) -> None:
    touch(tmp_path, "i/s2/x.png", "i/y.png", "i/y_2.png", "m/x.png", "m/x_2.png", "m/y.png", "m/y_2.png")
    assert names(pair(tmp_path / "i", tmp_path / "m"), tmp_path) == {
        "i/s2/x.png": None,
        "i/y.png": "m/y.png",
        "i/y_2.png": "m/y_2.png",
    }


def test_a_mask_is_of_one_image(tmp_path: Path) -> None:
    touch(tmp_path, "i/x.png", "i/x_mask.png", "m/x_mask.png")
    assert names(pair(tmp_path / "i", tmp_path / "m"), tmp_path) == {"i/x.png": None, "i/x_mask.png": "m/x_mask.png"}


def test_the_exact_name_goes_before_an_ending(tmp_path: Path) -> None:
    touch(tmp_path, "i/x.png", "i/x_mask.png", "m/x.png", "m/x_mask.png")
    assert names(pair(tmp_path / "i", tmp_path / "m"), tmp_path) == {
        "i/x.png": "m/x.png",
        "i/x_mask.png": "m/x_mask.png",
    }


def test_of_two_masks_beside_an_image_none_is_taken_and_that_is_said(tmp_path: Path) -> None:
    touch(tmp_path, "a.png", "a_mask.png", "a_seg.png", "b.png", "b_mask.png")
    found = find_dataset(tmp_path)
    assert names(found.images, tmp_path) == {"a.png": None, "b.png": "b_mask.png"}
    assert found.notes == (
        "1 of 2 images has no mask.",
        "2 of 3 masks fit no image for certain, for example “a_mask.png”, “a_seg.png”.",
    )
    touch(tmp_path / "plain", "a.png", "b.png")
    assert find_dataset(tmp_path / "plain").notes == ()


@pytest.mark.parametrize("as_folder", [False, True])
def test_masks_beside_their_images(tmp_path: Path, as_folder: bool) -> None:
    touch(tmp_path, "s/a.jpg", "s/a_mask.png", "s/b.jpg", "s/face_mask.png", "t/c.bmp", "t/c_lesion.bmp")
    found = pair(tmp_path, tmp_path if as_folder else None)
    assert names(found, tmp_path) == {
        "s/a.jpg": "s/a_mask.png",
        "s/b.jpg": None,
        "s/face_mask.png": None,
        "t/c.bmp": "t/c_lesion.bmp",
    }


@pytest.mark.parametrize("called", ["{}_img {}_mask", "img_{} mask_{}", "Image{} Label{}", "a_img_{}_x a_seg_{}_x"])
@pytest.mark.parametrize("places", ["", "images masks", "train/images train/masks"])
def test_image_and_mask_may_be_called_so_by_one_word(tmp_path: Path, called: str, places: str) -> None:
    (image, mask), (images, masks) = called.split(), places.split() or ("s", "s")
    wanted = {f"{images}/{image.format(number)}.jpg": f"{masks}/{mask.format(number)}.png" for number in range(3)}
    touch(tmp_path, *wanted, *wanted.values())
    found = find_dataset(tmp_path)
    assert (names(found.images, tmp_path), found.notes) == (wanted, ())


@pytest.mark.parametrize("places", ["case{}", "case{}/images case{}/masks", "images/case{} masks/case{}"])
def test_image_and_mask_may_have_folders_that_tell_them_from_others(tmp_path: Path, places: str) -> None:
    images, masks = (places.split() * 2)[:2]
    wanted = {f"{images.format(n)}/image.png": f"{masks.format(n)}/mask.png" for n in (1, 2, 10)}
    touch(tmp_path, *wanted, *wanted.values())
    found = find_dataset(tmp_path)
    assert (names(found.images, tmp_path), found.notes) == (wanted, ())


@pytest.mark.parametrize(
    "files",
    [
        ("i/img_0.jpg", "i/image_0.jpg", "m/mask_0.png"),
        ("i/img_0.jpg", "m/mask_0.png", "m/gt_0.png"),
        ("i/img_0.jpg", "m/0_mask.png"),
        ("i/img_0.jpg", "m/mask_00.png"),
        ("i/s/image.jpg", "m/t/mask.png"),
        # From one on, and from zero on.
        ("i/img_1.jpg", "i/img_2.jpg", "i/img_3.jpg", "m/mask_0.png", "m/mask_1.png", "m/mask_2.png"),
        ("i/0.jpg", "i/0_img.jpg", "m/0.png"),
    ],
)
def test_one_word_gives_no_image_the_mask_of_another(tmp_path: Path, files: tuple[str, ...]) -> None:
    touch(tmp_path, *files)
    found = names(pair(tmp_path / "i", tmp_path / "m"), tmp_path)
    assert {mask for mask in found.values() if mask != "m/0.png"} == {None}


def test_in_one_pile_masks_by_one_word_are_no_images_and_a_picture_with_a_mask_is_none(tmp_path: Path) -> None:
    touch(tmp_path, "img_0.jpg", "mask_0.png", "gt_0.png", "label_1.jpg", "label_1_mask.png", "img_1.jpg", "mask_9.png")
    found = find_dataset(tmp_path)
    wanted = {"img_0.jpg": None, "img_1.jpg": None, "label_1.jpg": "label_1_mask.png", "mask_9.png": None}
    assert names(found.images, tmp_path) == wanted


def test_two_masks_beside_one_image_are_none(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg", "a_mask.png", "a_gt.png")
    assert names(pair(tmp_path), tmp_path) == {"a.jpg": None}


def test_a_mask_beside_two_images_of_its_name_is_of_none(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg", "a.png", "a_mask.png", "b.jpg", "b_mask.png")
    assert names(pair(tmp_path), tmp_path) == {"a.jpg": None, "a.png": None, "b.jpg": "b_mask.png"}


@pytest.mark.parametrize("layout", ["folder", "isic", "mads", "ph2"])
def test_a_link_that_goes_round_in_a_circle_keeps_nothing_from_being_found(tmp_path: Path, layout: str) -> None:
    name = {"isic": "ISIC_0000001", "mads": "HipHop_HipHop1_C0_00180"}.get(layout, "a")
    image, mask = f"images/{name}.png", f"masks/{name}.png"
    if layout == "ph2":
        image = "IMD002/IMD002_Dermoscopic_Image/IMD002.bmp"
        mask = "IMD002/IMD002_lesion/IMD002_lesion.bmp"
    touch(tmp_path, image, mask)
    for folder in {tmp_path, tmp_path / Path(image).parent.parent}:
        (folder / "loop").symlink_to("loop")
    found = find_dataset(tmp_path).images
    assert [each.image.name for each in found] == [Path(image).name]
    assert found[0].mask is not None
    assert found[0].mask.files[0].name == Path(mask).name


def test_masks_inside_the_folder_of_images_are_no_images(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg", "m/a.png")
    assert names(pair(tmp_path, tmp_path / "m"), tmp_path) == {"a.jpg": "m/a.png"}


def ph2_tree(root: Path, suffix: str = ".bmp") -> Path:
    for case in ("IMD002", "IMD010", "IMD009"):
        touch(
            root,
            f"{case}/{case}_Dermoscopic_Image/{case}{suffix}",
            f"{case}/{case}_lesion/{case}_lesion{suffix}",
            f"{case}/{case}_roi/{case}_R1_Label3{suffix}",
        )
    return root


@pytest.mark.parametrize("above", ["", "PH2 Dataset images", "PH2Dataset/PH2 Dataset images"])
@pytest.mark.parametrize("suffix", [".bmp", ".webp"])
def test_ph2_from_one_or_two_levels_above(tmp_path: Path, above: str, suffix: str) -> None:
    ph2_tree(tmp_path / above, suffix)
    assert ph2.recognises(tmp_path)
    found = find_dataset(tmp_path)
    assert found.layout == "PH2"
    assert [f.image.stem for f in found.images] == ["IMD002", "IMD009", "IMD010"]
    assert [f.mask.files[0].name for f in found.images if f.mask] == [
        f"{c}_lesion{suffix}" for c in ("IMD002", "IMD009", "IMD010")
    ]
    assert found.notes == (NO_TABLE,)


def test_a_ph2_case_without_mask_or_image(tmp_path: Path) -> None:
    ph2_tree(tmp_path)
    (tmp_path / "IMD009/IMD009_lesion/IMD009_lesion.bmp").unlink()
    (tmp_path / "IMD010/IMD010_Dermoscopic_Image/IMD010.bmp").unlink()
    found = find_dataset(tmp_path)
    assert [(f.image.stem, f.mask is None) for f in found.images] == [("IMD002", False), ("IMD009", True)]
    assert found.notes == (NO_TABLE, "1 of 2 images has no mask.")
    (tmp_path / "IMD009/IMD009_lesion").rmdir()
    assert len(ph2.find(tmp_path).images) == 2


def test_what_is_not_ph2(tmp_path: Path) -> None:
    touch(tmp_path, "IMD001.bmp", "IMD002/a.bmp", "x/y/z/IMD003/IMD003_Dermoscopic_Image/IMD003.bmp")
    assert not ph2.recognises(tmp_path)
    assert ph2.find(tmp_path).images == ()
    assert not ph2.recognises(tmp_path / "gone")


def test_images_and_masks_as_subfolders(tmp_path: Path) -> None:
    touch(tmp_path, "Images/a.png", "Images/b.png", "masks/a.png", "masks/zz.png", "other/c.png")
    found = find_dataset(tmp_path)
    assert names(found.images, tmp_path) == {"Images/a.png": "masks/a.png", "Images/b.png": None}
    assert found.notes == (
        "1 of 2 images has no mask.",
        "1 of 2 masks fits no image for certain, for example “zz.png”.",
    )


def test_mask_folders_by_a_longer_name(tmp_path: Path) -> None:
    touch(tmp_path, "images/a.png", "masks_person/a.png")
    assert names(find_dataset(tmp_path).images, tmp_path) == {"images/a.png": "masks_person/a.png"}
    touch(tmp_path, "masks_class/a.png")
    found = find_dataset(tmp_path)
    assert names(found.images, tmp_path) == {"images/a.png": None}
    assert "“masks_class”, “masks_person”" in found.notes[0]


def test_masks_named_by_the_user(tmp_path: Path) -> None:
    touch(tmp_path, "a/x.png", "b/y.png")
    found = find_dataset(tmp_path / "a", tmp_path / "b")
    assert found.layout == "folder"
    assert "None of the images has a mask." in found.notes


def test_a_folder_that_holds_both_may_be_named_twice(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg", "a_mask.png", "b.jpg")
    found = find_dataset(tmp_path, tmp_path)
    assert names(found.images, tmp_path) == {"a.jpg": "a_mask.png", "b.jpg": None}
    assert found.notes == ("1 of 2 images has no mask.",)


def test_a_folder_of_images_alone_needs_no_note(tmp_path: Path) -> None:
    touch(tmp_path, "x.png", "sub/y.jpg")
    found = find_dataset(tmp_path)
    assert (len(found.images), found.notes) == (2, ())


def test_no_images_and_no_folder(tmp_path: Path) -> None:
    touch(tmp_path, "notes.txt")
    with pytest.raises(UserError, match="no images"):
        find_dataset(tmp_path)
    with pytest.raises(UserError, match="can't be opened"):
        find_dataset(tmp_path / "gone")


def test_real_folders(tmp_path: Path) -> None:
    packed = find_dataset(data_folder("ph2_packed"))
    assert (packed.layout, len(packed.images)) == ("PH2", 120)
    assert all(found.mask is not None for found in packed.images)
    mads = find_dataset(data_folder("mads"))
    assert [found.mask is not None for found in mads.images] == [False, True]
    davis = find_dataset(data_folder("davis"))
    assert all(found.mask is not None for found in davis.images)
    # PH2 as it comes: BMP, two levels down.
    for found in packed.images[:2]:
        assert found.mask is not None
        for path in (found.image, *found.mask.files):
            target = tmp_path / "PH2Dataset/PH2 Dataset images" / path.relative_to(data_folder("ph2_packed"))
            target.parent.mkdir(parents=True)
            with Image.open(path) as image:
                image.save(target.with_suffix(".bmp"))
    assert [found.mask is not None for found in ph2.find(tmp_path).images] == [True, True]


def test_a_folder_called_as_masks_are_is_not_taken_for_images(tmp_path: Path) -> None:
    davis = [f"480p/{video}/0000{number}" for video in ("dance", "run") for number in range(2)]
    touch(
        tmp_path / "davis",
        *(f"JPEGImages/{name}.jpg" for name in davis),
        *(f"Annotations/{name}.png" for name in davis),
    )
    assert names(find_dataset(tmp_path / "davis").images, tmp_path / "davis") == {
        f"JPEGImages/{name}.jpg": f"Annotations/{name}.png" for name in davis
    }
    touch(tmp_path / "voc", "JPEGImages/a.jpg", "JPEGImages/b.jpg", "Annotations/a.xml", "SegmentationClass/a.png")
    assert names(find_dataset(tmp_path / "voc").images, tmp_path / "voc") == {
        "JPEGImages/a.jpg": "SegmentationClass/a.png",
        "JPEGImages/b.jpg": None,
    }
    touch(tmp_path / "own", "RGB/x/1.jpg", "RGB/y/1.jpg", "labels/x/1.png", "labels/y/1.png")
    assert names(find_dataset(tmp_path / "own").images, tmp_path / "own") == {
        "RGB/x/1.jpg": "labels/x/1.png",
        "RGB/y/1.jpg": "labels/y/1.png",
    }


def test_photos_that_have_nothing_to_do_with_a_folder_called_so_are_all_images(tmp_path: Path) -> None:
    touch(tmp_path, "labels/wine.jpg", "bottles/one.jpg", "two.jpg")
    assert names(find_dataset(tmp_path).images, tmp_path) == dict.fromkeys(
        ("bottles/one.jpg", "labels/wine.jpg", "two.jpg")
    )


@pytest.mark.parametrize(
    ("images", "masks"),
    [("{}/images", "{}/masks"), ("{}/imgs", "{}/labels"), ("{}", "{}annot"), ("{}", "{}_labels"),
     ("{}/x/img", "{}/x/gt"), ("images_{}", "masks_{}"), ("{}_images", "{}_masks")],
)  # fmt: skip
def test_parts_of_a_data_set_have_folders_of_their_own(tmp_path: Path, images: str, masks: str) -> None:
    parts = ("train", "val")
    touch(tmp_path, *(f"{images.format(part)}/{name}.jpg" for part in parts for name in "ab"))
    touch(tmp_path, *(f"{masks.format(part)}/{name}.png" for part in parts for name in ("a", "b_mask")))
    touch(tmp_path, "test/c.jpg")
    found = find_dataset(tmp_path)
    pairs = {
        f"{images.format(part)}/{name}.jpg": f"{masks.format(part)}/{mask}.png"
        for part in parts
        for name, mask in (("a", "a"), ("b", "b_mask"))
    }
    assert names(found.images, tmp_path) == {"test/c.jpg": None, **pairs}
    assert found.notes == ("1 of 5 images has no mask.",)


def test_masks_of_parts_are_no_images_even_where_they_are_of_none(tmp_path: Path) -> None:
    touch(tmp_path, "case/images/a.png", "case/masks/one.png", "case/masks/two.png", "trips/rome/a.jpg", "labels/b.jpg")
    found = find_dataset(tmp_path)
    assert names(found.images, tmp_path) == dict.fromkeys(("case/images/a.png", "labels/b.jpg", "trips/rome/a.jpg"))
    assert "None of the images has a mask." in found.notes
