"""How unsure a network is of an image, and what the image looks like to it."""

import numpy as np
import pytest
import torch
from torch import nn

from segstudio.engine.device import Device
from segstudio.engine.inference import Inference, image_logits
from segstudio.engine.insight import EMBEDDING_LENGTH, Gatherer
from segstudio.engine.models import NETWORKS, build_network
from segstudio.engine.network import SegmentationNetwork
from tests.engine.synthetic import disc

CPU = Device("cpu", "test")


class _Brightness(SegmentationNetwork):
    """Sure of what is bright; with ``lean``, only in the upper half of what it sees."""

    def __init__(self, lean: bool = False) -> None:
        super().__init__()
        self.deepest = nn.Identity()
        self._lean = lean

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        logits = 20 * self.deepest(x).mean(dim=1, keepdim=True)
        if self._lean:
            logits = logits.clone()
            logits[:, :, x.shape[2] // 2 :] = -20
        return logits

    def bottleneck(self) -> nn.Module:
        return self.deepest


def _gathered(network: SegmentationNetwork, pixels: np.ndarray, upright: bool = False) -> Gatherer:
    gatherer = Gatherer(network)
    image_logits([network], pixels, CPU, Inference(upright=upright), gatherer=gatherer)
    return gatherer


def test_a_network_is_sure_where_its_views_agree_and_unsure_where_they_do_not() -> None:
    pixels = np.zeros((64, 64, 3), np.uint8)
    pixels[16:48, 16:48] = 255
    sure, unsure = _gathered(_Brightness(), pixels).uncertainty, _gathered(_Brightness(lean=True), pixels).uncertainty
    assert sure is not None
    assert unsure is not None
    assert sure == pytest.approx(0, abs=1e-3)
    # Each view finds one half of the square, so that no pixel is said by all.
    assert unsure == pytest.approx(1024 / (1024 + 0.01 * 4096), abs=1e-3)


def test_the_newest_member_of_an_ensemble_alone_says_how_unsure_it_is() -> None:
    pixels = np.zeros((64, 64, 3), np.uint8)
    pixels[16:48, 16:48] = 255
    newest, older = _Brightness(), _Brightness(lean=True)
    gatherer = Gatherer(newest)
    image_logits([newest, older], pixels, CPU, Inference(), gatherer=gatherer)
    assert gatherer.uncertainty == pytest.approx(0, abs=1e-3)
    gatherer = Gatherer(older)
    image_logits([older, newest], pixels, CPU, Inference(), gatherer=gatherer)
    assert gatherer.uncertainty == pytest.approx(_gathered(older, pixels).uncertainty)


def test_an_image_without_an_object_is_not_uncertain_for_a_faint_suspicion() -> None:
    logits = np.full((2, 32, 32, 1), -7.0, np.float32)
    logits[1] = -6.5
    gatherer = Gatherer(_Brightness())
    gatherer.compare(logits)
    assert gatherer.uncertainty is not None
    assert gatherer.uncertainty < 0.1


def test_of_several_classes_the_background_does_not_count() -> None:
    logits = np.zeros((2, 8, 8, 3), np.float32)
    logits[..., 0] = 20
    gatherer = Gatherer(_Brightness())
    gatherer.compare(logits)
    assert gatherer.uncertainty == pytest.approx(0, abs=1e-6)
    logits[0, :4, :, 1] = logits[1, :4, :, 2] = 40
    gatherer.begin()
    gatherer.compare(logits)
    assert gatherer.uncertainty == pytest.approx(64 / (64 + 0.64), abs=1e-3)


@pytest.mark.parametrize(("logit", "uncertainty"), [(0.0, 0.5), (30.0, 0.0)])
def test_one_view_alone_is_as_unsure_as_its_pixels(logit: float, uncertainty: float) -> None:
    gatherer = Gatherer(_Brightness())
    gatherer.compare(np.full((1, 4, 4, 1), logit, np.float32))
    assert gatherer.uncertainty == pytest.approx(uncertainty, abs=1e-6)


def test_parts_of_an_image_are_one_image() -> None:
    pixels, _ = disc(1, 64, 64)
    network = _Brightness(lean=True)
    whole, parts = Gatherer(network), Gatherer(network)
    for _ in range(2):
        image_logits([network], pixels, CPU, Inference(upright=True), gatherer=parts)
    image_logits([network], pixels, CPU, Inference(upright=True), gatherer=whole)
    assert parts.uncertainty == pytest.approx(whole.uncertainty)
    assert np.array_equal(parts.embedding, whole.embedding)
    parts.begin()
    assert parts.uncertainty is parts.embedding is None


def test_weights_that_are_no_numbers_say_nothing() -> None:
    network = build_network("unet", 1)
    for parameter in network.parameters():
        nn.init.constant_(parameter, float("nan"))
    gatherer = _gathered(network.eval(), disc(0, 64, 64)[0])
    assert gatherer.uncertainty is gatherer.embedding is None


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_every_network_tells_images_apart_and_mirror_images_not(name: str) -> None:
    torch.manual_seed(0)
    network = build_network(name, 1).eval()
    pixels, other = disc(0, 64, 64)[0], np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    first, mirrored, far = (_gathered(network, p).embedding for p in (pixels, pixels[:, ::-1], other))
    assert first is not None
    assert mirrored is not None
    assert far is not None
    assert first.dtype == np.float16
    assert len(first) <= EMBEDDING_LENGTH
    assert np.linalg.norm(first.astype(float)) == pytest.approx(1, abs=1e-2)
    assert np.abs(first - mirrored).max() < 2e-3 < np.abs(first - far).max()
