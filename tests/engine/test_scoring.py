"""A round scores weights as masks will be made by them, and what it learns of the held-out images is an extra."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from segstudio.engine import predict, scoring
from segstudio.engine.checkpoint import WeightsHeader, save_checkpoint
from segstudio.engine.data import to_input
from segstudio.engine.device import CPU
from segstudio.engine.models import build_network
from segstudio.engine.predict import Predictor
from segstudio.engine.progress import RoundEvents
from segstudio.engine.sample import Sample
from segstudio.engine.scoring import Scorer
from segstudio.imaging.cv import cv2
from segstudio.protocol.round_folder import RoundRequest
from tests.engine.synthetic import TINY

# Photographs, frames, scans and strips, of any proportions in between.
SIZES = [
    (720, 480), (480, 720), (1500, 1000), (768, 576), (1920, 1080), (1000, 90),
    *((width, height) for width in range(300, 1000, 130) for height in range(300, 1000, 70)),
]  # fmt: skip


def _held_out(number: int, pixels: np.ndarray, side: int) -> Sample:
    """As ``data.load_round`` has it."""
    seen, mask = to_input(pixels, side), np.zeros(pixels.shape[:2], np.uint16)
    small = cv2.resize(mask, (seen.shape[1], seen.shape[0]), interpolation=cv2.INTER_NEAREST_EXACT)
    return Sample(number, seen, small, mask)


@pytest.mark.parametrize("upright", [True, False])
@pytest.mark.parametrize(("learned_at", "window", "asked_at"), [(256, None, 224), (256, None, 256), (320, 160, 96)])
def test_a_round_scores_at_the_very_shape_at_which_masks_are_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, learned_at: int, window: int | None, asked_at: int, upright: bool
) -> None:
    asked: list[tuple[object, ...]] = []

    def remembered(_network: object, pixels: np.ndarray, _device: object, how: object, *_: object) -> np.ndarray:
        asked.append((*pixels.shape, how))
        return np.zeros((*pixels.shape[:2], 1), np.float32)

    monkeypatch.setattr(scoring, "image_logits", remembered)
    monkeypatch.setattr(predict, "image_logits", remembered)
    tensors = build_network(TINY.network, 1).state_dict()
    side = asked_at if window is None else learned_at
    header = WeightsHeader(
        TINY.network, ("disc",), side, upright, window=None if window is None else asked_at, learned_at=learned_at
    )
    save_checkpoint(tmp_path / "w.safetensors", header, tensors)
    predictor = Predictor(tmp_path / "w.safetensors", CPU)
    images = [np.zeros((height, width, 3), np.uint8) for width, height in SIZES]
    settings = replace(TINY, input_size=learned_at, window=window, upright=upright)
    samples = [_held_out(number, pixels, learned_at) for number, pixels in enumerate(images)]
    request = RoundRequest(1, ("disc",), (), None, settings)
    Scorer(request, samples, CPU, RoundEvents(), asked_at, lambda: None).score(tensors)
    scored = asked.copy()
    asked.clear()
    for pixels in images:
        predictor.predict(pixels)
    assert dict(zip(SIZES, scored, strict=True)) == dict(zip(SIZES, asked, strict=True))
