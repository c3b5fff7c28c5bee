"""What an image's own colours say beside a network, on images whose colours are known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segstudio.engine.finish_learning import learn_finish, told_by_colours
from segstudio.engine.finishing import Finish
from segstudio.engine.own_colours import heeding_colours, told_apart
from segstudio.engine.sample import Sample
from segstudio.imaging.cv import cv2
from segstudio.protocol.round_folder import IGNORE

SKIN, LESION = (210, 160, 140), (120, 70, 60)
HEIGHT, WIDTH = 96, 128


def _disc(radius: int, centre: tuple[int, int] = (64, 48)) -> np.ndarray:
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.circle(mask, centre, radius, 1, -1)
    return mask.astype(bool)


def _picture(mask: np.ndarray, inside: tuple[int, ...] = LESION, seed: int = 0) -> np.ndarray:
    """Skin with a spot where ``mask`` is, both with grain."""
    picture = np.where(mask[..., None], inside, SKIN) + np.random.default_rng(seed).normal(0, 6, (*mask.shape, 3))
    return np.clip(picture, 0, 255).astype(np.uint8)


def _said(mask: np.ndarray, sure: float = 3.0) -> np.ndarray:
    """Logits (h, w, 1) of a network that is as sure as ``sure``, but in doubt near its border."""
    inside = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    outside = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.asarray(np.clip((inside - outside) / 4, -sure, sure), np.float32)[..., None]


def _wrong(logits: np.ndarray, truth: np.ndarray) -> int:
    return int(((logits[..., 0] > 0) != truth).sum())


@pytest.mark.parametrize("radius", [16, 28], ids=["too little", "too much"])
def test_the_border_moves_to_where_the_colour_changes(radius: int) -> None:
    truth, said = _disc(22), _said(_disc(radius))
    before, after = _wrong(said, truth), _wrong(heeding_colours(said, _picture(truth), 0.5), truth)
    assert after < before / 8, (before, after)


def test_an_image_is_told_apart_at_the_size_of_the_answer_whatever_its_own() -> None:
    truth = _disc(22)
    picture = cv2.resize(_picture(truth), (5 * WIDTH, 5 * HEIGHT), interpolation=cv2.INTER_NEAREST)
    found = heeding_colours(_said(_disc(16)), picture, 0.5)
    assert found.shape == (HEIGHT, WIDTH, 1)
    assert found.dtype == np.float32
    assert _wrong(found, truth) < 120


def test_what_has_no_colour_of_its_own_stays_as_the_network_says() -> None:
    truth = _disc(22)
    said = _said(_disc(16))
    found = heeding_colours(said, _picture(truth, inside=SKIN), 0.5)
    assert _wrong(found, said[..., 0] > 0) < 60


def test_the_black_round_a_lens_is_neither_lesion_nor_skin() -> None:
    truth = _disc(16)
    picture = _picture(truth)
    picture[~_disc(46)] = 3
    said = _said(truth)
    found = heeding_colours(said, picture, 1.0)
    assert np.array_equal(found[~_disc(48)], said[~_disc(48)])
    assert _wrong(found, truth) < 40, "black is dark, as the lesion is, and makes nothing of the skin lighter"


@given(st.integers(0, 1000), st.floats(0.1, 2.0))
def test_a_network_that_is_right_and_sure_stays_right(seed: int, weight: float) -> None:
    truth = _disc(18, (40 + seed % 40, 48))
    said = _said(truth, sure=5.0)
    assert _wrong(heeding_colours(said, _picture(truth, seed=seed), weight), truth) < 0.02 * truth.size


@pytest.mark.parametrize(
    "said",
    [np.full((96, 128, 1), 4, np.float32), np.full((96, 128, 1), -4, np.float32), np.zeros((8, 8, 1), np.float32)],
    ids=["all", "nothing", "doubt"],
)
def test_where_one_side_alone_is_known_nothing_changes(said: np.ndarray) -> None:
    assert heeding_colours(said, _picture(_disc(20)), 0.5) is said


def test_nothing_changes_without_weight_in_a_black_image_and_of_several_classes() -> None:
    said, picture = _said(_disc(20)), _picture(_disc(22))
    assert heeding_colours(said, picture, 0.0) is said
    assert heeding_colours(said, np.zeros_like(picture), 0.5) is said
    several = np.repeat(said, 3, axis=2)
    assert heeding_colours(several, picture, 0.5) is several


def test_a_large_answer_is_learned_from_in_parts_and_told_apart_whole() -> None:
    truth = cv2.resize(_disc(22).astype(np.uint8), (8 * WIDTH, 8 * HEIGHT), interpolation=cv2.INTER_NEAREST) > 0
    said = cv2.resize(_said(_disc(16))[..., 0], (8 * WIDTH, 8 * HEIGHT))[..., None]
    before, found = _wrong(said, truth), heeding_colours(said, _picture(truth), 0.5)
    assert found.shape == said.shape
    assert _wrong(found, truth) < before / 8


def test_a_network_that_overstates_is_heard_like_one_that_is_certain() -> None:
    truth = _disc(22)
    said = np.where(truth, np.float32(1e6), np.float32(-1e6))[..., None]
    assert np.array_equal(heeding_colours(said, _picture(truth), 0.5) > 0, said > 0)


def test_colours_that_tell_apart_are_known_by_their_share() -> None:
    truth = _disc(22)
    share = told_apart(_picture(truth), truth)
    assert share is not None
    assert share > 0.97
    nothing = told_apart(_picture(truth, inside=SKIN), truth)
    assert nothing is not None
    assert nothing < 0.7
    assert told_apart(_picture(truth), np.zeros_like(truth)) is None
    assert told_apart(_picture(truth), np.ones_like(truth)) is None


def _sample(number: int, inside: tuple[int, ...] = LESION, vouched: bool = True) -> Sample:
    truth = _disc(14 + number)
    mask = truth.astype(np.uint16)
    if not vouched:
        mask[0, 0] = IGNORE
    return Sample(number, _picture(truth, inside, number), mask, None)


def test_colours_count_where_they_tell_the_class_apart_in_half_of_the_images() -> None:
    lesions, people = [_sample(n) for n in range(5)], [_sample(n, SKIN) for n in range(7)]
    assert told_by_colours(lesions) == 0.6
    assert told_by_colours(lesions[:3]) == 0.6
    assert told_by_colours(lesions[:2]) == 0, "two might be chance"
    assert told_by_colours([*lesions, *people[:4]]) == 0.6
    assert told_by_colours([*lesions, *people]) == 0
    assert told_by_colours([*lesions[:2], _sample(9, vouched=False)]) == 0, "what nobody vouched for tells nothing"
    assert told_by_colours([]) == 0


def _held_out(
    count: int, inside: tuple[int, ...] = LESION
) -> tuple[list[np.ndarray], list[np.ndarray], list[np.ndarray]]:
    """What a network says that finds too little, the truths, the pictures."""
    truths = [_disc(20 + number % 5) for number in range(count)]
    said = [_said(_disc(15 + number % 5)) for number in range(count)]
    pictures = [_picture(truth, inside, number) for number, truth in enumerate(truths)]
    return said, [truth.astype(np.uint16) for truth in truths], pictures


def test_how_much_colours_count_is_learned_and_drawn_to_what_is_told() -> None:
    said, truths, pictures = _held_out(8)
    few = learn_finish(said[:4], truths[:4], pictures=pictures[:4]).colours
    more = learn_finish(said, truths, pictures=pictures).colours
    assert 0 < few < more < 1, "the more images, the more they count"
    pauses: list[None] = []
    learn_finish(said, truths, pictures=pictures, pause=lambda: pauses.append(None))
    assert len(pauses) >= 2 * len(said)
    assert learn_finish(said, truths).colours == 0, "without pictures nothing is known of colours"
    told = Finish(one_region=(1,), colours=0.5)
    assert learn_finish(said, truths, told=told, pictures=pictures).colours >= 0.5
    assert learn_finish(said[:3], truths[:3], told=told, pictures=pictures[:3]) == told, "three tell nothing"


def test_colours_that_mislead_do_not_count() -> None:
    truths = [_disc(18, (40, 48)) for _ in range(6)]
    # Beside each there is a patch of its colour that is not meant.
    pictures = [_picture(truth | _disc(18, (72, 48)), seed=number) for number, truth in enumerate(truths)]
    said = [_said(truth, sure=2.0) for truth in truths]
    found = learn_finish(
        said, [truth.astype(np.uint16) for truth in truths], told=Finish(colours=0.5), pictures=pictures
    )
    assert found.colours == 0
