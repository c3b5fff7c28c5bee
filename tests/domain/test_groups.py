import csv
import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segstudio.domain.groups import NEAR, PART_STEPS, Kinship, Membership, patient_group, perceptual_hash, video_groups
from segstudio.domain.rounds import HELD_OUT_SHARE
from segstudio.imaging.cv import cv2
from segstudio.imaging.reader import read_thumbnail
from tests.helpers.data import data_folder

FAR = 0x0F0F0F0F0F0F0F0F


def image(number: int, group: str = "", perceptual: int | None = None, held_out: bool | None = None) -> Membership:
    """An image with a file of its own."""
    return Membership(f"{number * 2654435761 % 16**8:08x}{number:056x}", group, perceptual, held_out)


# ---- what belongs together -----------------------------------------------------------------------------------------


def test_a_video_is_one_group_whichever_camera_saw_it_and_wherever_it_lies() -> None:
    names = [
        f"{folder}/Jazz_Jazz{take}_C{camera}_{frame:05d}.png"
        for take in range(6)
        for folder, camera in (("a", 0), ("b", 1))
        for frame in (0, 45, 90)
    ]
    groups = video_groups(names)
    assert sorted(set(groups)) == [f"Jazz_Jazz{take}" for take in range(6)]
    assert [group for group, name in zip(groups, names, strict=True) if group not in name] == []


def test_single_pictures_have_no_group() -> None:
    assert video_groups(["IMD003.bmp", "ISIC_0024306.jpg", "IMG_2044.jpg"]) == ["", "", ""]


def test_frames_of_like_named_videos_in_two_folders_are_two_groups() -> None:
    names = [f"/{folder}/frame{number:04d}.png" for folder in "abcdef" for number in range(3)]
    assert len(set(video_groups(names))) == 6


def test_a_video_that_is_more_than_a_fifth_is_cut_into_parts_of_its_steps() -> None:
    names = [f"walk_{number:05d}.png" for number in range(0, 90 * 32, 90)]
    groups = video_groups(names)
    parts = {group: groups.count(group) for group in groups}
    assert set(parts.values()) == {PART_STEPS}
    assert len(parts) == 4
    assert groups == sorted(groups, key=lambda group: int(group.rpartition(":")[2]))


def test_one_frame_alone_is_a_part() -> None:
    assert video_groups(["walk_00007.png", "a.png"]) == [f"walk|{PART_STEPS}:0", ""]


@pytest.mark.parametrize("later", [3, 300])
def test_a_video_once_cut_or_whole_stays_so_when_images_are_added(later: int) -> None:
    few = [f"walk_{number:05d}.png" for number in range(10)]
    others = [f"{number}.jpg" for number in range(100)]
    cut, whole = video_groups(few), video_groups([*few, *others])[:10]
    assert len(set(cut)) == 2
    assert set(whole) == {"walk"}
    more = [f"walk_{number:05d}.png" for number in range(10, 10 + later)]
    assert video_groups([*few, *others, *more], cut)[:10] == cut
    assert set(video_groups([*few, *more], whole)) == {"walk"}


def test_mads_by_its_real_names() -> None:
    with (data_folder("mads") / "df.csv").open() as file:
        names = [row["images"] for row in csv.DictReader(file)]
    groups = video_groups(names)
    assert len(set(groups)) == 27
    assert max(groups.count(group) for group in set(groups)) <= HELD_OUT_SHARE * len(names)


# ---- what looks alike ----------------------------------------------------------------------------------------------


def picture(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return cv2.GaussianBlur(rng.integers(0, 255, (120, 160, 3), dtype=np.uint8), (0, 0), 6) * 3


def distance(one: np.ndarray, other: np.ndarray) -> int:
    first, second = perceptual_hash(one), perceptual_hash(other)
    assert first is not None
    assert second is not None
    return ((first ^ second) & (2**64 - 1)).bit_count()


def test_a_picture_saved_anew_is_near_and_another_is_not() -> None:
    for seed in range(8):
        one = picture(seed)
        small = cv2.resize(one, (64, 48), interpolation=cv2.INTER_AREA)
        jpeg = cv2.imdecode(cv2.imencode(".jpg", one, [cv2.IMWRITE_JPEG_QUALITY, 40])[1], cv2.IMREAD_COLOR)
        assert max(distance(one, small), distance(one, np.asarray(jpeg, np.uint8))) <= NEAR
        assert distance(one, picture(seed + 100)) > 2 * NEAR


def test_a_picture_of_one_colour_is_like_no_other() -> None:
    assert perceptual_hash(np.full((40, 60, 3), 90, np.uint8)) is None


def test_skin_lesions_are_not_taken_for_one_another() -> None:
    files = sorted(data_folder("ph2_packed").glob("*/*_Dermoscopic_Image/*.webp"))[:60]
    hashes = [perceptual_hash(read_thumbnail(file, 96)) for file in files]
    numbers = np.array(hashes, np.int64)
    apart = np.bitwise_count((numbers[:, None] ^ numbers).view(np.uint64))[np.triu_indices(len(files), 1)]
    assert apart.min() > NEAR


# ---- which side ----------------------------------------------------------------------------------------------------


def test_what_was_decided_of_a_file_a_group_or_a_picture_holds_for_its_kin() -> None:
    alone = image(1)
    for kin in (
        replace(image(2, held_out=True), fingerprint=alone.fingerprint),
        image(3, "walk", held_out=True),
        image(4, perceptual=0b111111, held_out=True),
    ):
        one = replace(alone, group=kin.group, perceptual=0 if kin.perceptual else None)
        assert Kinship([image(8, perceptual=FAR, held_out=False), one, kin]).side(one) is True
    assert Kinship([alone, image(5, "walk", 1, held_out=True)]).side(alone) is None
    assert Kinship([image(9, held_out=False)]).side(image(9, held_out=True)) is True


def test_kin_of_kin_are_kin_and_the_nearest_counts() -> None:
    one, between, far = image(1, perceptual=0), image(2, "walk", 0b11), image(3, "walk", held_out=True)
    assert Kinship([one, between, far]).side(one) is True
    nearer = image(4, perceptual=0b1, held_out=False)
    assert Kinship([one, between, far, nearer]).side(one) is False


def test_parts_of_one_video_do_not_hang_together_by_their_borders() -> None:
    one, next_part = image(1, "walk|8:0", 0), image(2, "walk|8:1", 0b1, held_out=True)
    assert Kinship([one, next_part]).side(one) is None
    assert Kinship([one, image(2, "run|8:1", 0b1, held_out=True)]).side(one) is True


@given(st.integers(0, 2**32), st.integers(1, 12), st.integers(12, 60))
def test_no_group_is_on_both_sides_whatever_the_order_and_the_share_strays_little(
    seed: int, largest: int, count: int
) -> None:
    rng = random.Random(seed)
    images = []
    while len(images) < count:
        size = rng.randint(1, largest)
        group = f"video {len(images)}" if size > 1 else ""
        images += [image(len(images) + place, group) for place in range(size)]
    order = list(range(len(images)))
    rng.shuffle(order)
    for place, number in enumerate(order):
        images[number] = replace(images[number], held_out=Kinship(images).decide(images[number]))
        if place < 3:
            assert images[number].held_out is False
    for group in {one.group for one in images if one.group}:
        assert len({one.held_out for one in images if one.group == group}) == 1
    held_out = sum(bool(one.held_out) for one in images)
    if largest == 1:
        assert abs(held_out - HELD_OUT_SHARE * len(images)) <= 1
    elif largest <= 8:
        assert abs(held_out - HELD_OUT_SHARE * len(images)) <= 8 + 1


def test_moving_renaming_and_reordering_change_nothing() -> None:
    names = [f"/here/Jazz_Jazz{take}_C0_{frame:05d}.png" for take in range(8) for frame in range(0, 225, 45)]
    groups = video_groups(names)
    images = [image(number, group) for number, group in enumerate(groups)]
    for number in range(0, 40, 3):
        images[number] = replace(images[number], held_out=Kinship(images).decide(images[number]))
    sides = [Kinship(images).side(one) for one in images]
    assert set(sides) == {True, False}
    for seed in range(3):
        shuffled = random.Random(seed).sample(images, len(images))
        assert [Kinship(shuffled).side(one) for one in images] == sides


def test_the_groups_name_decides_wherever_its_folder_lies() -> None:
    def decided(folder: str) -> list[bool]:
        others = [image(number, held_out=number % 5 == 0) for number in range(40)]
        groups = [f"{folder}/take {number}/frame" for number in range(20)]
        return [Kinship([*others, image(99, group)]).decide(image(99, group)) for group in groups]

    assert decided("/a/b") == decided("/c")
    assert set(decided("/a/b")) == {True, False}


def test_the_groups_of_patients_are_told_from_videos() -> None:
    assert patient_group("7", b"salt") == patient_group("7", b"salt") != patient_group("8", b"salt")
    assert patient_group("7", b"salt") != patient_group("7", b"another project's"), "so it says nothing outside"
    assert patient_group("\udc80", b"salt") != patient_group("?", b"salt"), "what is no text is somebody, too"
    assert patient_group("walk", b"") != video_groups(["walk_00001.png", *"abcdefgh"])[0]


@given(st.integers(0, 2**32))
def test_many_are_decided_at_once_as_one_after_the_other(seed: int) -> None:
    rng = random.Random(seed)
    images = [
        image(
            number,
            rng.choice(["", "", "walk", "run"]),
            rng.choice([None, 0, 0b1111, FAR]),
            rng.choice([None] * 9 + [True]),
        )
        for number in range(40)
    ]
    numbers = rng.sample(range(40), 30)
    at_once = Kinship(images).decide_all(numbers)
    one_by_one = []
    for number in numbers:
        images[number] = replace(images[number], held_out=Kinship(images).decide(images[number]))
        one_by_one.append(images[number].held_out)
    assert at_once == one_by_one
