"""Windows and mirror images: how a network is asked about an image."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from segstudio.engine.checkpoint import WeightsHeader, load_checkpoint, save_checkpoint
from segstudio.engine.data import ImageCache, read_mask, write_mask
from segstudio.engine.device import Device
from segstudio.engine.inference import Inference, image_logits
from segstudio.engine.models import NETWORKS, build_network
from segstudio.engine.network import SegmentationNetwork
from segstudio.engine.predict import Predictor
from segstudio.engine.progress import RoundCancelled, RoundEvents
from segstudio.engine.rounds import run_round
from segstudio.imaging.cv import cv2
from segstudio.protocol.round_folder import IGNORE, MASKS, WEIGHTS, read_request, write_request
from tests.engine.synthetic import TINY, disc, make_round

CPU = Device("cpu", "test")


class _Bright(SegmentationNetwork):
    """Says of each pixel how bright it is, and counts what it is shown."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: list[tuple[int, ...]] = []

    def forward(self, x: torch.Tensor, guidance: torch.Tensor | None = None) -> torch.Tensor:
        self.shown.append(tuple(x.shape))
        return x.mean(dim=1, keepdim=True)


class _KnowsItsPlace(SegmentationNetwork):
    """Says something else at the rim of what it is shown: what blending has to hide."""

    def forward(self, x: torch.Tensor, guidance: torch.Tensor | None = None) -> torch.Tensor:
        said = torch.zeros_like(x[:, :1])
        said[..., :4, :] = said[..., -4:, :] = 8
        said[..., :4] = said[..., -4:] = 8
        return said


@pytest.mark.parametrize("flip_average", [False, True])
@pytest.mark.parametrize("shape", [(96, 160), (64, 160), (64, 64), (32, 96)])
def test_windows_say_what_the_whole_says_where_only_the_pixel_counts(
    shape: tuple[int, int], flip_average: bool
) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (*shape, 3), np.uint8)
    how = Inference(flip_average=flip_average)
    whole = image_logits([_Bright()], pixels, CPU, how)
    network = _Bright()
    pieces = image_logits([network], pixels, CPU, replace(how, window=64))
    assert np.allclose(pieces, whole, atol=1e-4)
    assert len(network.shown) == replace(how, window=64).windows(*shape)
    assert {entry[0] for entry in network.shown} == {4 if flip_average else 1}
    assert all(max(entry[2:]) <= max(64, min(shape)) for entry in network.shown)


class _Says(SegmentationNetwork):
    """Says the same of every pixel, and keeps what it is shown."""

    def __init__(self, logit: float) -> None:
        super().__init__()
        self.logit = logit
        self.views: list[torch.Tensor] = []

    def forward(self, x: torch.Tensor, guidance: torch.Tensor | None = None) -> torch.Tensor:
        self.views += [*x]
        return torch.full_like(x[:, :1], self.logit)


@pytest.mark.parametrize(
    ("how", "shares"),
    [
        (Inference(), [[(), (1,)], [(2,), (1, 2)]]),
        (Inference(upright=True), [[()], [(2,)]]),
        (Inference(flip_average=False), [[()], [()]]),
    ],
)
@pytest.mark.parametrize("at_once", [None, 1])
def test_the_members_of_an_ensemble_share_the_mirror_images_and_count_alike(
    how: Inference, shares: list[list[tuple[int, ...]]], at_once: int | None
) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (64, 96, 3), np.uint8)
    members = [_Says(1.0), _Says(-4.0)]
    assert np.allclose(image_logits(members, pixels, CPU, how, at_once=at_once), -1.5)
    image = torch.from_numpy(pixels).permute(2, 0, 1)
    for member, share in zip(members, shares, strict=True):
        seen = [((view * 128) + 127).round().to(torch.uint8) for view in member.views]
        assert len(seen) == len(share)
        assert all(torch.equal(view, image.flip(axes)) for view, axes in zip(seen, share, strict=True))


@pytest.mark.parametrize(
    ("how", "shares"), [(Inference(), True), (Inference(upright=True), False), (Inference(flip_average=False), False)]
)
def test_two_networks_share_mirror_images_where_each_sees_more_than_one(how: Inference, shares: bool) -> None:
    assert how.shares is shares


def test_what_members_say_of_a_mirror_image_is_turned_back() -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (64, 96, 3), np.uint8)
    alone = image_logits([_Bright()], pixels, CPU, Inference(flip_average=False))
    assert np.allclose(image_logits([_Bright(), _Bright()], pixels, CPU, Inference()), alone, atol=1e-5)


@given(st.integers(1, 8), st.integers(1, 8), st.sampled_from([32, 64, 96]))
def test_the_number_of_windows_is_foretold(rows: int, columns: int, window: int) -> None:
    network, how = _Bright(), Inference(flip_average=False, window=window)
    image_logits([network], np.zeros((32 * rows, 32 * columns, 3), np.uint8), CPU, how)
    assert len(network.shown) == how.windows(32 * rows, 32 * columns)


def test_where_windows_meet_their_middles_count_more_than_their_rims() -> None:
    said = image_logits([_KnowsItsPlace()], np.zeros((64, 160, 3), np.uint8), CPU, Inference(window=64))[..., 0]
    assert said[32, 0] > 6, "at the frame there is nothing else to go by"
    assert said[32, 8:-8].max() < 2.5, "within, the rim of one window lies in another"


def test_mirror_images_are_left_out_where_they_are_not_wanted() -> None:
    for how, views in [(Inference(), 4), (Inference(upright=True), 2), (Inference(flip_average=False), 1)]:
        network = _Bright()
        image_logits([network], np.zeros((64, 96, 3), np.uint8), CPU, how)
        assert network.shown == [(views, 3, 64, 96)]


def test_a_prediction_is_given_up_between_two_windows() -> None:
    asked = []

    def stop() -> None:
        asked.append(1)
        if len(asked) == 3:
            raise RoundCancelled

    network = _Bright()
    with pytest.raises(RoundCancelled):
        image_logits([network], np.zeros((256, 256, 3), np.uint8), CPU, Inference(window=64), stop)
    assert len(network.shown) == 2


def _speckled(folder: Path, count: int) -> None:
    """Let the images of a round be large, with several small discs on each."""
    for index in range(count):
        rng = np.random.default_rng(index)
        pixels = rng.integers(150, 255, (96, 128, 3), np.uint8)
        mask = np.zeros((96, 128), np.uint16)
        for _ in range(4):
            x, y = int(rng.integers(12, 116)), int(rng.integers(12, 84))
            cv2.circle(mask, (x, y), 7, 1, -1)
        pixels[mask > 0] //= 4
        cv2.imwrite(str(folder / f"{index}.png"), pixels)
        write_mask(folder / MASKS / f"{index}.png", mask)


def test_a_round_in_windows_learns_what_is_small_and_scores_as_it_predicts(tmp_path: Path) -> None:
    settings = replace(TINY, input_size=128, window=64, max_steps=16, flip_average=False)
    make_round(tmp_path, train=4, held_out=2, settings=settings)
    _speckled(tmp_path, 6)
    result = run_round(tmp_path, CPU, ImageCache(), RoundEvents())
    header = load_checkpoint(tmp_path / WEIGHTS).header
    assert (header.window, header.flip_average, header.input_size) == (64, False, 128)
    assert result.held_out_dice is not None
    assert result.held_out_dice > 0.6
    predictor = Predictor(tmp_path / WEIGHTS, CPU)
    for index in (4, 5):
        said = predictor.predict_file(tmp_path / f"{index}.png").mask
        truth = read_mask(tmp_path / MASKS / f"{index}.png")
        assert 2 * (said & truth).sum() / (said.sum() + truth.sum()) == pytest.approx(result.per_image[index])


def test_a_photograph_of_24_megapixels_is_seen_in_windows_and_its_confidence_is_small(tmp_path: Path) -> None:
    network = build_network("segnet", 1)
    header = WeightsHeader("segnet", ("disc",), 512, window=256, flip_average=False)
    save_checkpoint(tmp_path / "w.safetensors", header, network.state_dict())
    pixels = np.random.default_rng(0).integers(0, 255, (4000, 6000, 3), np.uint8)
    windows: list[int] = []
    said = Predictor(tmp_path / "w.safetensors", CPU).predict(pixels, None, lambda: windows.append(1))
    assert said.mask.shape == (4000, 6000)
    assert max(said.confidence.shape) <= 512
    assert len(windows) == header.inference.windows(352, 512)


@pytest.mark.parametrize("network", NETWORKS)
def test_a_class_that_is_not_judged_is_never_predicted_or_scored(tmp_path: Path, network: str) -> None:
    request = make_round(
        tmp_path, train=2, held_out=2, classes=("disc", "blur"), settings=replace(TINY, network=network)
    )
    for index in range(4):
        path = tmp_path / MASKS / f"{index}.png"
        mask = read_mask(path)
        mask[:, :30] = IGNORE
        write_mask(path, mask)
    write_request(tmp_path, replace(request, void=(2,)))
    assert read_request(tmp_path).void == (2,)
    run_round(tmp_path, CPU, ImageCache(), RoundEvents())
    loaded = load_checkpoint(tmp_path / WEIGHTS)
    assert loaded.header.void == (2,)
    # Even where the weights are as sure of it as can be.
    for name, tensor in loaded.tensors.items():
        if name.endswith("output.bias") or name.endswith("output.conv.bias"):
            tensor.view(3, -1)[2] = 99.0
    save_checkpoint(tmp_path / WEIGHTS, loaded.header, loaded.tensors)
    pixels, _ = disc(1)
    said = Predictor(tmp_path / WEIGHTS, CPU).predict(pixels)
    assert set(np.unique(said.mask)) <= {0, 1}
    assert said.confidence.min() >= 127, "as sure as one is of two, not of three"
