"""What is made of a network's answer, and when."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save_file

from segstudio.domain.errors import UserError
from segstudio.domain.regions import holes, parts
from segstudio.engine import predict
from segstudio.engine.checkpoint import VERSION, WeightsHeader, load_checkpoint, save_checkpoint
from segstudio.engine.data import ImageCache, to_input
from segstudio.engine.device import Device
from segstudio.engine.finish_learning import learn_finish, told_by_masks
from segstudio.engine.finishing import Finish, finished
from segstudio.engine.inference import Inference, image_logits
from segstudio.engine.models import build_network
from segstudio.engine.network import SegmentationNetwork
from segstudio.engine.own_colours import heeding_colours
from segstudio.engine.predict import Predictor, confidence_from_logits, mask_from_logits
from segstudio.engine.progress import RoundEvents
from segstudio.engine.rounds import run_round
from segstudio.imaging.cv import cv2
from segstudio.protocol.round_folder import IGNORE, WEIGHTS
from tests.engine.synthetic import TINY, disc, make_round

CPU = Device("cpu", "test")


def _smooth_noise(seed: int, channels: int) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(size=(32, 40, channels)).astype(np.float32)
    return 9 * cv2.GaussianBlur(noise, (0, 0), 2.0).reshape(32, 40, channels)


def _blob(radius: int, specks: bool, value: float = 3.0) -> tuple[np.ndarray, np.ndarray]:
    """Logits (48, 64, 1) of a disc, its truth; with ``specks`` also of something apart and a hole in the disc."""
    truth = np.zeros((48, 64), np.uint8)
    cv2.circle(truth, (32, 24), radius, 1, -1)
    said = truth.copy()
    if specks:
        said[2:8, 2:10] = 1
        said[22:26, 30:34] = 0
    return np.where(said > 0, value, -value).astype(np.float32)[..., None], truth.astype(np.uint16)


@given(st.integers(0, 10_000))
def test_one_class_keeps_one_region_without_holes(seed: int) -> None:
    done = finished(_smooth_noise(seed, 1), Finish(one_region=(1,)))
    member = done[..., 0] > 0
    assert len(parts(member, diagonal=False)[1]) <= 2
    assert not holes(member).any()


@given(st.integers(0, 10_000))
def test_what_one_class_loses_is_no_second_region_of_another(seed: int) -> None:
    done = finished(_smooth_noise(seed, 4), Finish(one_region=(1, 2, 3))).argmax(axis=2)
    assert all(len(parts(done == number, diagonal=False)[1]) <= 2 for number in (1, 2, 3))


def test_a_speck_of_one_class_does_not_become_one_of_another() -> None:
    truth = np.zeros((48, 64), np.uint16)
    truth[4:20, 4:20], truth[24:44, 30:60] = 1, 2
    logits = np.where(truth[..., None] == np.arange(3), 4, -4).astype(np.float32)
    logits[2:6, 50:54] = (-4, 2, 4)
    assert np.array_equal(mask_from_logits(finished(logits, Finish(one_region=(1, 2))), 48, 64), truth)


def test_holes_of_the_one_region_stay_where_they_are_wanted() -> None:
    logits, _ = _blob(12, specks=True)
    kept = finished(logits, Finish(one_region=(1,), with_holes=(1,)))[..., 0] > 0
    assert not kept[2:8, 2:10].any()
    assert holes(kept).sum() == 16
    several = np.concatenate([np.zeros_like(logits), logits, np.full_like(logits, -9)], axis=2)
    assert np.array_equal(finished(several, Finish(one_region=(1,), with_holes=(1,))).argmax(axis=2), kept)


def test_who_chooses_one_region_without_holes_gets_none() -> None:
    learned = Finish(one_region=(1, 2), with_holes=(1, 2))
    assert learned.by_hand([], []) == learned
    assert learned.by_hand([], [True]) == Finish(one_region=(1, 2), with_holes=(2,))
    assert learned.by_hand([], [False]) == Finish(one_region=(2,), with_holes=(2,))


@given(st.integers(0, 10_000))
def test_enlarged_it_stays_one_region_but_for_a_hair(seed: int) -> None:
    """A neck of one pixel may part when it is enlarged; nothing else that was taken away comes back."""
    done = finished(_smooth_noise(seed, 1), Finish(one_region=(1,)))
    member = mask_from_logits(done, 150, 201) > 0
    near = cv2.resize((done[..., 0] > 0).astype(np.uint8), (201, 150), interpolation=cv2.INTER_NEAREST)
    assert not (member & ~(cv2.dilate(near, np.ones((9, 9), np.uint8)) > 0)).any()


def test_what_is_one_region_already_is_left_alone() -> None:
    logits, _ = _blob(12, specks=False)
    assert np.array_equal(finished(logits, Finish(one_region=(1,))), logits)


def test_of_several_classes_only_the_named_ones_lose_parts() -> None:
    logits = np.full((20, 30, 3), -2.0, np.float32)
    logits[..., 0] = 0
    for number, column in ((1, 2), (2, 16)):
        logits[2:12, column : column + 10, number] = 4
        logits[5:7, column + 4 : column + 6, number] = -2
        logits[15:17, column : column + 2, number] = 4
    mask = mask_from_logits(finished(logits, Finish(one_region=(1,))), 20, 30)
    assert np.array_equal(mask == 1, np.pad(np.ones((10, 10), bool), ((2, 8), (2, 18))))
    assert np.array_equal(mask == 2, logits[..., 2] == 4)


def test_a_hole_that_is_another_class_stays() -> None:
    logits = np.zeros((20, 20, 3), np.float32)
    logits[3:17, 3:17, 1] = 4
    logits[8:11, 8:11, 2] = 6
    assert np.array_equal(finished(logits, Finish(one_region=(1, 2))), logits)


def test_a_threshold_moves_the_border() -> None:
    probability = np.linspace(0.01, 0.99, 40, dtype=np.float32)[None, :, None]
    logits = np.log(probability / (1 - probability))
    assert np.array_equal(finished(logits, Finish((0.7,))) > 0, probability > 0.7)


def test_specks_and_holes_go_where_the_held_out_images_say_so() -> None:
    pairs = [_blob(9 + index, specks=True) for index in range(4)]
    assert learn_finish([p[0] for p in pairs], [p[1] for p in pairs]).one_region == (1,)
    assert learn_finish([p[0] for p in pairs], [p[1] for p in pairs], things=(1,)) == Finish()
    assert learn_finish([p[0] for p in pairs[:3]], [p[1] for p in pairs[:3]]) == Finish()


def test_holes_stay_where_the_held_out_images_show_them() -> None:
    pairs = [_blob(12 + index, specks=True) for index in range(4)]
    for _, truth in pairs:
        truth[22:26, 30:34] = 0
    said, truths = [p[0] for p in pairs], [p[1] for p in pairs]
    assert learn_finish(said, truths) == Finish(one_region=(1,), with_holes=(1,))
    assert learn_finish(said, truths, told=ONE).with_holes == ()


def _masks(*shapes: tuple[slice, slice]) -> list[np.ndarray]:
    """A mask of class 1 in ``shapes`` each, six times."""
    mask = np.zeros((40, 50), np.uint16)
    for rows, columns in shapes:
        mask[rows, columns] = 1
    return [mask] * 6


DISC, FAR = (slice(5, 30), slice(5, 30)), (slice(34, 38), slice(40, 45))


ONE = Finish(one_region=(1,))
"""One region without holes."""


def test_a_class_that_masks_show_in_one_part_has_one_region() -> None:
    whole = _masks(DISC)
    assert told_by_masks(whole, 2) == ONE
    assert told_by_masks(whole, 1, things=(1,)) == Finish()
    assert told_by_masks(whole[:4], 1) == Finish(), "four might be chance"
    two = _masks(DISC, FAR)[0]
    assert told_by_masks([*whole, two], 1) == Finish()
    assert told_by_masks([*whole, *whole, two], 1) == ONE, "one in ten is let be"
    assert told_by_masks([two, *whole, *whole, two], 1) == Finish()
    assert told_by_masks([*whole, *_masks(DISC, (slice(39, 40), slice(49, 50)))[:1]], 1) == ONE, "a slip of the hand"


def test_its_holes_stay_if_any_mask_has_one_and_a_mask_painted_in_part_tells_nothing() -> None:
    whole = _masks(DISC)
    holed = whole[0].copy()
    holed[10:14, 10:14] = 0
    assert told_by_masks([*whole, holed], 1) == Finish(one_region=(1,), with_holes=(1,))
    assert told_by_masks([*whole[:4], holed], 1) == Finish(one_region=(1,), with_holes=(1,)), "five show it in one part"
    holed[0, 0] = IGNORE
    assert told_by_masks([*whole, holed], 1) == ONE
    assert told_by_masks([*whole[:4], holed], 1) == Finish()


def test_told_holes_stay_unless_the_held_out_images_say_no() -> None:
    told = Finish(one_region=(1,), with_holes=(1,))
    assert learn_finish([], [], told=told) == told
    pairs = [_blob(12 + index, specks=True) for index in range(4)]
    said, truths = [p[0] for p in pairs], [p[1] for p in pairs]
    assert learn_finish(said, truths, told=told).one_region == (1,)
    for truth in truths:
        truth[22:26, 30:34] = 0
    assert learn_finish(said, truths, told=told) == told


def test_one_told_region_stays_unless_the_held_out_images_say_no() -> None:
    pairs = [_blob(9 + index, specks=True) for index in range(4)]
    said, truths = [p[0] for p in pairs], [p[1] for p in pairs]
    assert learn_finish([], [], told=ONE) == Finish(one_region=(1,))
    right = [_blob(9 + index, specks=False) for index in range(6)]
    assert learn_finish([p[0] for p in right], [p[1] for p in right], told=ONE).one_region == (1,)
    assert learn_finish(said, truths, told=ONE).one_region == (1,)
    assert learn_finish(said, [(logits[..., 0] > 0).astype(np.uint16) for logits in said], told=ONE) == Finish()


def test_several_true_regions_are_never_made_one() -> None:
    said = [_blob(9 + index, specks=True)[0] for index in range(6)]
    assert learn_finish(said, [(logits[..., 0] > 0).astype(np.uint16) for logits in said]) == Finish()


def test_what_is_right_already_gets_no_finish() -> None:
    pairs = [_blob(9 + index, specks=False) for index in range(6)]
    assert learn_finish([p[0] for p in pairs], [p[1] for p in pairs]) == Finish()


def _too_eager(radius: int) -> tuple[np.ndarray, np.ndarray]:
    """Logits (48, 64, 1) that fall evenly from the middle and are zero some way outside the true disc."""
    ys, xs = np.mgrid[:48, :64]
    away = np.hypot(ys - 24, xs - 32)
    return ((radius + 2 - away) / 4).astype(np.float32)[..., None], (away < radius).astype(np.uint16)


def test_few_images_move_the_threshold_less_than_many() -> None:
    found = []
    for count in (4, 30):
        pairs = [_too_eager(8 + index % 5) for index in range(count)]
        found.append(learn_finish([p[0] for p in pairs], [p[1] for p in pairs]).thresholds[0])
    assert 0.5 < found[0] < found[1] < 0.7
    assert learn_finish([_too_eager(8)[0]] * 3, [_too_eager(8)[1]] * 3) == Finish()


def test_pixels_that_nobody_vouched_for_teach_no_finish() -> None:
    pairs = [_blob(9 + index, specks=True) for index in range(4)]
    for _, truth in pairs:
        truth[:10, :12] = IGNORE
        truth[20:28, 28:36] = IGNORE
    assert learn_finish([p[0] for p in pairs], [p[1] for p in pairs]) == Finish()


def test_a_finish_goes_with_the_weights_and_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network = build_network(TINY.network, 1)
    header = WeightsHeader(TINY.network, ("disc",), 64, finish=Finish((0.55,), (1,), (1,)))
    save_checkpoint(tmp_path / "a.safetensors", header, network.state_dict())
    save_checkpoint(tmp_path / "b.safetensors", replace(header, finish=Finish()), network.state_dict())
    assert load_checkpoint(tmp_path / "a.safetensors").header == header
    monkeypatch.setattr(predict, "image_logits", lambda *_: _blob(10, specks=True)[0])
    pixels, _ = disc(5)
    one, other = (Predictor(tmp_path / f"{name}.safetensors", CPU).predict(pixels) for name in "ab")
    assert len(parts(one.mask > 0)[1]) == 2
    assert len(parts(other.mask > 0)[1]) == 3
    assert np.array_equal(one.confidence, other.confidence), "the confidence is the network's own"


def test_how_much_colours_count_goes_with_the_weights_and_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    header = WeightsHeader(TINY.network, ("disc",), 64, finish=Finish(one_region=(1,), colours=0.5))
    save_checkpoint(tmp_path / "w.safetensors", header, build_network(TINY.network, 1).state_dict())
    assert load_checkpoint(tmp_path / "w.safetensors").header == header
    said, truth = _blob(10, specks=False)
    distance = cv2.distanceTransform(truth.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    # Sure of a smaller disc, in doubt of its rim.
    said[..., 0] = np.where(distance > 4, 3, np.where(distance > 0, -0.5, -3))
    pixels = np.where(truth[..., None] > 0, (120, 70, 60), (210, 160, 140)).astype(np.uint8)
    monkeypatch.setattr(predict, "image_logits", lambda *_: said)
    predictor = Predictor(tmp_path / "w.safetensors", CPU)
    found, plain = predictor.predict(pixels), predictor.predict(pixels, header.finish.by_hand([0.5], [False]))
    assert int(((found.mask > 0) != (truth > 0)).sum()) < 30 < int(((said[..., 0] > 0) != (truth > 0)).sum())
    assert np.array_equal(found.mask, plain.mask), "a threshold and regions by hand leave colours as they are"
    assert np.array_equal(found.confidence, confidence_from_logits(heeding_colours(said, pixels, 0.5)))
    silent, heard = header.finish.by_hand([], [], False), Finish().by_hand([], [], True)
    assert (silent.colours, heard.colours, header.finish.by_hand([], [], True).colours) == (0, 0.6, 0.5)
    assert np.array_equal(predictor.predict(pixels, silent).mask, predictor.predict(pixels, Finish()).mask)
    assert np.array_equal(predictor.predict(pixels, Finish()).mask, (said[..., 0] > 0).astype(np.uint16))


def test_weights_of_before_have_no_finish(tmp_path: Path) -> None:
    metadata = {
        "format": "segstudio-weights",
        "version": str(VERSION),
        "network": TINY.network,
        "classes": '["disc"]',
        "input_size": "64",
        "upright": "0",
    }
    tensors = build_network(TINY.network, 1).state_dict()
    save_file(tensors, tmp_path / "w.safetensors", metadata)
    assert load_checkpoint(tmp_path / "w.safetensors").header.finish == Finish()
    one_threshold = {**metadata, "finish": '{"threshold": 0.6, "one_region": [1]}'}
    save_file(tensors, tmp_path / "w.safetensors", one_threshold)
    assert load_checkpoint(tmp_path / "w.safetensors").header.finish == Finish((0.6,), (1,))


@given(st.integers(0, 99), st.floats(0.1, 0.9))
def test_a_threshold_of_one_class_of_several_is_against_the_background(seed: int, threshold: float) -> None:
    logits = _smooth_noise(seed, 3)
    logits[..., 2] = -50
    odds = np.exp(logits[..., 1].astype(float) - logits[..., 0])
    chosen = finished(logits, Finish((threshold,))).argmax(axis=2)
    sure = np.abs(odds / (1 + odds) - threshold) > 1e-4
    assert np.array_equal(chosen[sure], (odds / (1 + odds) > threshold)[sure])
    assert np.array_equal(finished(logits, Finish((0.5, 0.5))), logits)


@pytest.mark.parametrize(
    "finish",
    [
        [],
        {"threshold": 1.0},
        {"threshold": "much"},
        {"thresholds": [0]},
        {"thresholds": 3},
        {"thresholds": [0.4, 0.4]},
        {"one_region": [2]},
        {"one_region": [1e999]},
        {"one_region": 1},
        {"with_holes": 1},
        {"colours": -0.1},
        {"colours": 2.5},
        {"colours": float("nan")},
        {"colours": "many"},
    ],
)
def test_a_strange_finish_is_refused(tmp_path: Path, finish: object) -> None:
    path = tmp_path / "w.safetensors"
    metadata = {
        "format": "segstudio-weights",
        "version": str(VERSION),
        "network": TINY.network,
        "classes": '["disc"]',
        "input_size": "64",
        "upright": "0",
        "finish": json.dumps(finish),
    }
    save_file({"x": torch.zeros(1)}, path, metadata)
    # Not because the tensors are another network's, which is looked at later.
    with pytest.raises(UserError, match=r"header|does not know"):
        load_checkpoint(path)


def test_a_round_writes_what_it_learned_of_the_accepted_weights(tmp_path: Path) -> None:
    make_round(tmp_path, held_out=4)
    run_round(tmp_path, CPU, ImageCache(), RoundEvents())
    loaded = load_checkpoint(tmp_path / WEIGHTS)
    said, truths, pictures = [], [], []
    for index in range(3, 7):
        pixels, truth = disc(index)
        said.append(_said(loaded.build(), pixels))
        truths.append(cv2.resize(truth, (64, 64), interpolation=cv2.INTER_NEAREST_EXACT))
        pictures.append(to_input(pixels, 64))
    told = replace(ONE, colours=0.6)
    assert loaded.header.finish == learn_finish(said, truths, told=told, pictures=pictures)
    assert loaded.header.finish.colours > 0, "discs of one colour before another"


def _said(network: SegmentationNetwork, pixels: np.ndarray) -> np.ndarray:
    return image_logits([network], to_input(pixels, 64), CPU, Inference(upright=False))


def test_the_score_is_that_of_the_network_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_round(tmp_path, held_out=4)
    plain = run_round(tmp_path, CPU, ImageCache(), RoundEvents()).held_out_dice
    monkeypatch.setattr("segstudio.engine.scoring.learn_finish", lambda *_: Finish((0.7,), (1,)))
    assert run_round(tmp_path, CPU, ImageCache(), RoundEvents()).held_out_dice == plain
    assert load_checkpoint(tmp_path / WEIGHTS).header.finish == Finish((0.7,), (1,))
