import math
from pathlib import Path

import numpy as np
import pytest
import torch

from segstudio.domain.errors import UserError
from segstudio.domain.input_shape import input_shape
from segstudio.engine.checkpoint import WeightsHeader, save_checkpoint
from segstudio.engine.device import Device
from segstudio.engine.inference import Inference, image_logits
from segstudio.engine.models import NETWORKS, build_network
from segstudio.engine.network import SegmentationNetwork
from segstudio.engine.predict import Predictor, confidence_from_logits, mask_from_logits, mean_class_dice
from segstudio.imaging.cv import cv2
from segstudio.imaging.exposure import exposure_gain
from segstudio.protocol.round_folder import IGNORE
from tests.engine.synthetic import disc, write_image

CPU = Device("cpu", "test")


@pytest.mark.parametrize("channels", [1, 3, 6])
@pytest.mark.parametrize(("height", "width"), [(576, 768), (301, 97), (64, 64), (20, 30)])
def test_mask_is_that_of_one_bilinear_resize(channels: int, height: int, width: int) -> None:
    logits = np.random.default_rng(0).normal(size=(48, 64, channels)).astype(np.float32)
    planes = [cv2.resize(np.ascontiguousarray(logits[..., c]), (width, height)) for c in range(channels)]
    whole = np.stack(planes, axis=-1)
    expected = whole[..., 0] > 0 if channels == 1 else whole.argmax(axis=2)
    mask = mask_from_logits(logits, height, width)
    assert mask.dtype == np.uint16
    assert mask.shape == (height, width)
    assert (mask == expected).mean() > 0.999


class _BrightnessOnTheLeft(SegmentationNetwork):
    """Logit 1 in the left half, whatever the image shows: flips must undo it."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        logits = torch.zeros_like(x[:, :1])
        logits[..., : x.shape[3] // 2] = 1
        logits[..., : x.shape[2] // 4, :] += 1
        return logits


@pytest.mark.parametrize("upright", [False, True])
def test_flips_are_undone_before_averaging(upright: bool) -> None:
    mean = image_logits([_BrightnessOnTheLeft()], np.zeros((64, 96, 3), np.uint8), CPU, Inference(upright=upright))[
        ..., 0
    ]
    assert np.array_equal(mean, mean[:, ::-1])
    assert np.array_equal(mean, mean[::-1]) is not upright


class _Guided(SegmentationNetwork):
    """Class 1 where a click adds, class 2 where the mask is; brighter pixels are more surely background."""

    def forward(self, x: torch.Tensor, guidance: torch.Tensor | None = None) -> torch.Tensor:
        return torch.cat([x[:, :1], 8 * guidance[:, :1], 4 * guidance[:, 2:]], dim=1)[:, -self.channels :]


@pytest.mark.parametrize("classes", [1, 2])
def test_a_click_is_answered_for_the_class_that_it_is_made_for(tmp_path: Path, classes: int) -> None:
    header = WeightsHeader("unet-efficientnet-lite0", ("one", "two")[:classes], 64)
    save_checkpoint(tmp_path / "w.safetensors", header, build_network(header.network, classes).state_dict())
    predictor = Predictor(tmp_path / "w.safetensors", CPU)
    predictor._members = [_Guided()]
    predictor._members[0].channels = 1 if classes == 1 else 3
    pixels, clicks = np.full((64, 96, 3), 128, np.uint8), np.zeros((64, 96, 3), np.uint8)
    clicks[10:20, 10:20, 0], clicks[15:40, 15:40, 2] = 255, 255
    answer = predictor.mend(pixels, clicks, classes)
    assert answer.shape == (64, 96)
    expected = clicks[..., 2] > 0
    if classes == 2:
        assert np.array_equal(predictor.mend(pixels, clicks, 1) > 128, clicks[..., 0] > 0)
        expected &= clicks[..., 0] == 0
    assert np.array_equal(answer > 128, expected), "mirror images are turned back"
    with pytest.raises(UserError, match="next round"):
        predictor.mend(pixels, clicks, classes + 1)
    with pytest.raises(UserError, match="size"):
        predictor.mend(pixels[:50], clicks[:50], 1)


@pytest.mark.parametrize("name", list(NETWORKS))
def test_clicks_in_one_crop_look_at_it_once_and_are_answered_as_if_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    torch.manual_seed(0)
    network = build_network(name, 1)
    torch.nn.init.normal_(network.guide.weight)
    save_checkpoint(tmp_path / "w.safetensors", WeightsHeader(name, ("one",), 64), network.state_dict())
    rng = np.random.default_rng(0)
    first, other = rng.integers(0, 256, (2, 64, 96, 3), np.uint8)
    clicks = [(rng.integers(0, 2, (64, 96, 3)) * 255).astype(np.uint8) for _ in range(2)]
    asked = [(first, clicks[0]), (first.copy(), clicks[1]), (other, clicks[1]), (first, clicks[1])]
    looks: list[int] = []
    look = type(network).look
    monkeypatch.setattr(type(network), "look", lambda self, x: (looks.append(1), look(self, x))[1])
    predictor = Predictor(tmp_path / "w.safetensors", CPU)
    answers = [predictor.mend(pixels, told, 1) for pixels, told in asked]
    assert len(looks) == 3
    # SegNet says the same of every noise before it has learned.
    assert np.array_equal(answers[0], answers[1]) is (name == "segnet")
    assert np.array_equal(answers[1], answers[3])
    for (pixels, told), answer in zip(asked, answers, strict=True):
        assert np.array_equal(Predictor(tmp_path / "w.safetensors", CPU).mend(pixels, told, 1), answer)


class _Bright(SegmentationNetwork):
    def forward(self, x: torch.Tensor, guidance: torch.Tensor | None = None) -> torch.Tensor:
        return x.mean(dim=1, keepdim=True)


class _Steep(SegmentationNetwork):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return 20 * x.mean(dim=1, keepdim=True)


def test_a_pixel_stays_where_it_is() -> None:
    pixels, _ = disc(3, 96, 64)
    mean = image_logits([_Bright()], pixels, CPU, Inference(upright=False))[..., 0]
    bright = (pixels.mean(axis=2) - 127) / 128
    assert np.allclose(mean, cv2.GaussianBlur(bright, (0, 0), 0.8), atol=1e-2)


def test_an_ensemble_is_asked_for_masks_and_its_newest_member_for_clicks(tmp_path: Path) -> None:
    torch.manual_seed(0)
    header = WeightsHeader("unet-efficientnet-lite0", ("disc",), 96, upright=True)
    new, old = (build_network(header.network, 1).state_dict() for _ in range(2))
    old["output.conv.bias"] += 1
    for name, tensors in (("new", (new,)), ("old", (old,)), ("both", (new, old))):
        save_checkpoint(tmp_path / name, header, *tensors)
    one, other, both = (Predictor(tmp_path / name, CPU) for name in ("new", "old", "both"))
    pixels, _ = disc(3, 96, 64)
    said = [predictor.predict(pixels) for predictor in (one, other, both)]
    confidence = [prediction.confidence.astype(int) for prediction in said]
    assert all(np.abs(confidence[2] - alone).max() > 2 for alone in confidence[:2])
    unsure = [prediction.uncertainty for prediction in said]
    assert unsure[2] > max(unsure[:2]), "two networks agree less than one with itself"
    clicks = np.zeros_like(pixels)
    clicks[20:30, 20:30, 0] = 255
    answers = [predictor.mend(pixels, clicks, 1) for predictor in (one, other, both)]
    assert np.array_equal(answers[2], answers[0])
    assert not np.array_equal(answers[2], answers[1])


@pytest.mark.parametrize("even", [True, False])
def test_an_image_and_a_click_on_it_are_seen_alike_however_it_was_exposed(tmp_path: Path, even: bool) -> None:
    header = WeightsHeader("unet-efficientnet-lite0", ("disc",), 96, flip_average=False, even_exposure=even)
    save_checkpoint(tmp_path / "w.safetensors", header, build_network(header.network, 1).state_dict())
    predictor = Predictor(tmp_path / "w.safetensors", CPU)
    predictor._members = [_Bright()]
    taken, _ = disc(3, 96, 64)
    taken[..., 0] = taken[..., 0] * 0.9
    darker = (taken * 0.7).astype(np.uint8)
    masks = [predictor.predict(pixels).mask for pixels in (taken, darker)]
    assert np.array_equal(*masks) is even
    clicks = np.zeros_like(taken)
    one, other = (predictor.mend(pixels, clicks, 1, exposure_gain(pixels)).astype(int) for pixels in (taken, darker))
    assert bool(np.abs(one - other).max() <= 3) is even


@pytest.mark.parametrize(("classes", "width", "height"), [(1, 200, 150), (2, 90, 260)])
def test_file_to_mask_of_the_same_size(tmp_path: Path, classes: int, width: int, height: int) -> None:
    network = build_network("unet-efficientnet-lite0", classes)
    header = WeightsHeader("unet-efficientnet-lite0", tuple("abc"[:classes]), 64)
    save_checkpoint(tmp_path / "w.safetensors", header, network.state_dict())
    pixels, _ = disc(0, width, height)
    write_image(tmp_path / "ü [1].png", pixels)
    said = Predictor(tmp_path / "w.safetensors", CPU).predict_file(tmp_path / "ü [1].png")
    assert said.mask.dtype == np.uint16
    assert said.mask.shape == (height, width)
    assert int(said.mask.max()) <= classes
    assert said.confidence.dtype == np.uint8
    assert said.confidence.shape == input_shape(width, height, 64)
    assert int(said.confidence.min()) >= 255 // (classes + 1)


@pytest.mark.parametrize(
    ("logits", "confidence"),
    [
        ((0.0,), 128),
        ((2.0,), round(255 / (1 + math.exp(-2.0)))),
        ((-2.0,), round(255 / (1 + math.exp(-2.0)))),
        ((80.0,), 255),
        ((-1000.0,), 255),
        ((1.0, 1.0, 1.0), 85),
        ((0.0, 3.0, 1.0), round(255 * math.exp(3) / (1 + math.exp(3) + math.exp(1)))),
        ((1000.0, -1000.0, 0.0), 255),
    ],
)
def test_confidence_is_the_probability_of_the_class_that_was_chosen(logits: tuple[float, ...], confidence: int) -> None:
    pixels = np.full((3, 5, len(logits)), logits, np.float32)
    found = confidence_from_logits(pixels)
    assert (found.dtype, found.shape) == (np.uint8, (3, 5))
    assert np.array_equal(found, np.full((3, 5), confidence))


def test_the_model_is_least_sure_where_its_mask_ends() -> None:
    _, xs = np.mgrid[:64, :96]
    pixels = np.repeat(np.clip(4 * xs - 50, 0, 255).astype(np.uint8)[..., None], 3, 2)
    logits = image_logits([_Steep()], pixels, CPU, Inference(upright=True))
    mask, confidence = mask_from_logits(logits, 64, 96), confidence_from_logits(logits)
    border = int(mask[32].argmax())
    assert 0 < border < 95
    assert abs(int(confidence[32].argmin()) - border) <= 1
    assert confidence[32, 0] > 250 < confidence[32, -1]


def test_dice_by_hand() -> None:
    truth = np.array([[1, 1, 0, 2, IGNORE]], np.uint16)
    assert mean_class_dice(truth, truth, 2, IGNORE) == 1.0
    assert mean_class_dice(np.array([[1, 0, 0, 2, 2]], np.uint16), truth, 1, IGNORE) == pytest.approx(2 / 3)
    assert mean_class_dice(np.array([[1, 0, 0, 2, 2]], np.uint16), truth, 2, IGNORE) == pytest.approx((2 / 3 + 1) / 2)
    empty = np.zeros((1, 5), np.uint16)
    assert mean_class_dice(empty, empty, 2, IGNORE) == 1.0
    assert mean_class_dice(np.array([[1, 0, 0, 0, 0]], np.uint16), empty, 2, IGNORE) == 0.0


def test_a_slanting_edge_of_steep_logits_has_no_steps() -> None:
    """Each row's border keeps to the straight line, though a logit covers three by three pixels."""

    ys, xs = np.mgrid[:64, :64]
    pixels = np.repeat(np.where(xs < 16 + ys / 3, 255, 0).astype(np.uint8)[..., None], 3, 2)
    logits = image_logits([_Steep()], pixels, CPU, Inference(upright=True))
    mask = mask_from_logits(logits, 192, 192)
    borders = mask.sum(axis=1)[24:-24].astype(float)
    line = np.polyval(np.polyfit(np.arange(len(borders)), borders, 1), np.arange(len(borders)))
    assert np.abs(borders - line).max() < 0.85
