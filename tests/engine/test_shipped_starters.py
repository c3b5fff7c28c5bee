"""The starter models in resources: small enough, whole, with a card, and good at what they are for."""

from pathlib import Path

import pytest
import torch

from segstudio.domain.metrics import dice
from segstudio.engine.checkpoint import load_checkpoint
from segstudio.engine.device import Device
from segstudio.engine.predict import Predictor
from segstudio.imaging.synthetic_bodies import body
from segstudio.imaging.synthetic_lesions import lesion

MODELS = Path(__file__).resolve().parents[2] / "resources" / "models"
FILES = sorted(MODELS.glob("*.safetensors"))
DRAW = {"lesion": lesion, "body": body}
UNSEEN = 777_000


def test_there_are_some() -> None:
    assert "lesion" in {file.stem for file in FILES}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_starter_is_small_whole_and_has_a_card(file: Path) -> None:
    assert file.stat().st_size <= 12_000_000
    checkpoint = load_checkpoint(file)
    assert checkpoint.header.network == "unet-efficientnet-lite0"
    assert len(checkpoint.header.classes) == 1
    assert {t.dtype for t in checkpoint.tensors.values() if t.is_floating_point()} == {torch.float16}
    assert bool(checkpoint.tensors["guide.weight"].any()), "clicks are to work from the start"
    card = file.with_suffix(".md").read_text(encoding="utf-8")
    for wanted in ("**Licence.**", "**Data.**", "95 % interval", "## Failures seen", "## What it is not for"):
        assert wanted in card


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_starter_knows_pictures_that_nobody_showed_it(file: Path) -> None:
    predictor = Predictor(file, Device("cpu", "test"))
    scores = []
    for number in range(3):
        pixels, member = DRAW[file.stem](UNSEEN + number, (384, 288))
        scores.append(dice(predictor.predict(pixels).mask == 1, member))
    assert sum(scores) / len(scores) > 0.8
