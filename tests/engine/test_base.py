from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from segstudio.engine import base as base_module
from segstudio.engine.base import Base
from segstudio.engine.checkpoint import Checkpoint, WeightsHeader, load_checkpoint, save_checkpoint
from segstudio.engine.data import ImageCache
from segstudio.engine.device import Device
from segstudio.engine.finishing import PLAIN, Finish
from segstudio.engine.models import build_network
from segstudio.engine.progress import RoundEvents
from segstudio.engine.rounds import run_round
from segstudio.engine.sample import Sample
from segstudio.engine.second_look import NO_SECOND_LOOK, SecondLook
from segstudio.protocol.round_folder import IGNORE, WEIGHTS, RoundRequest, TrainingSettings, write_request
from tests.engine.synthetic import TINY, disc, make_round

REQUEST = RoundRequest(1, ("disc",), (), None, TrainingSettings())


def _checkpoint(classes: tuple[str, ...] = ("disc",)) -> Checkpoint:
    """A starter that finds nothing anywhere."""
    header = WeightsHeader("unet-efficientnet-lite0", classes, 64, finish=Finish(one_region=(1,)))
    tensors = build_network(header.network, len(classes)).state_dict()
    # As it is drawn, it finds by chance what is marked, now and then.
    tensors["output.conv.weight"].zero_()
    tensors["output.conv.bias"].fill_(-9.0)
    return Checkpoint(header, tensors)


def _samples() -> list[Sample]:
    return [Sample(number, *disc(number, 96), None) for number in range(2)]


def test_what_was_learned_counts_the_more_the_more_images_taught_it() -> None:
    checkpoint = Checkpoint(_checkpoint().header, {"w": torch.zeros(2, dtype=torch.float16), "n": torch.tensor(1)})
    learned = {"w": torch.ones(2), "n": torch.tensor(7)}
    shares = [float(Base(checkpoint, images).mixed(learned)["w"][0]) for images in (2, 8, 800)]
    assert shares == pytest.approx([0.2, 0.5, 0.99], abs=0.001)
    mixed = Base(checkpoint, 8).mixed(learned)
    assert mixed["w"].dtype == torch.float32
    assert int(mixed["n"]) == 7
    assert float(learned["w"][0]) == 1.0


def test_the_finish_of_the_starter_holds_until_there_are_masks_to_learn_one_from() -> None:
    checkpoint = _checkpoint()
    one, two = np.zeros((9, 9), np.uint16), np.zeros((9, 9), np.uint16)
    one[:4], two[:4], two[6:] = 1, 1, 1
    base = Base(checkpoint, 9)
    assert base.finish(PLAIN, [one] * 9, 3) == Finish(one_region=(1,))
    assert base.finish(Finish(colours=0.3), [one] * 9, 3) == Finish(one_region=(1,)), "colours tell nothing of regions"
    assert base.finish(Finish(colours=0.3), [one] * 9, 4) == Finish(colours=0.3)
    assert base.finish(PLAIN, [one] * 9, 4) == PLAIN
    assert base.finish(Finish((0.4,)), [one] * 9, 0) == Finish((0.4,))
    assert base.finish(PLAIN, [one, two], 0) == PLAIN
    two[6:] = IGNORE
    assert base.finish(PLAIN, [one, two], 0) == Finish(one_region=(1,))


def test_a_starter_that_misses_what_is_marked_or_is_of_other_classes_is_none() -> None:
    assert Base.of(None, REQUEST, _samples()) is None
    assert Base.of(_checkpoint(), REQUEST, _samples()) is None
    assert Base.of(_checkpoint(("a", "b")), REQUEST, _samples()) is None
    other = replace(REQUEST, settings=TrainingSettings(network="unet"))
    assert Base.of(_checkpoint(), other, _samples()) is None


def test_a_starter_that_finds_what_is_marked_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    samples = [Sample(s.image_id, s.pixels, (s.mask * 0 + 1), None) for s in _samples()]
    checkpoint = _checkpoint()
    checkpoint.tensors["output.conv.bias"].fill_(50.0)
    assert Base.of(checkpoint, REQUEST, samples) is not None


def test_a_starter_is_asked_about_pictures_as_it_is_for_predictions(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    ask = base_module.image_logits
    monkeypatch.setattr(
        base_module, "image_logits", lambda network, pixels, *how: (seen.append(pixels), ask(network, pixels, *how))[1]
    )
    dark = [Sample(s.image_id, s.pixels // 2, s.mask * 0 + 1, None) for s in _samples()]
    known = _checkpoint()
    known.tensors["output.conv.bias"].fill_(50.0)
    assert Base.of(known, REQUEST, dark) is not None
    evened = Checkpoint(replace(known.header, even_exposure=True), known.tensors)
    assert Base.of(evened, REQUEST, dark) is not None
    assert [float(np.percentile(pixels.max(axis=2), 85)) for pixels in seen[2:]] == pytest.approx([240, 240], abs=3)
    assert all(pixels is sample.pixels for pixels, sample in zip(seen, dark, strict=False))


@pytest.mark.parametrize("look", [SecondLook(close_up=True), SecondLook(fitted=64), NO_SECOND_LOOK])
def test_what_a_starter_looks_at_again_rounds_that_stay_near_it_do_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, look: SecondLook
) -> None:
    monkeypatch.setattr(base_module, "_fits", lambda *_: True)
    known = _checkpoint()
    save_checkpoint(tmp_path / "s.safetensors", replace(known.header, second_look=look), known.tensors)
    request = make_round(tmp_path / "1", settings=replace(TINY, max_steps=1), parent=tmp_path / "s.safetensors")
    write_request(tmp_path / "1", replace(request, base_weights=request.parent_weights))
    run_round(tmp_path / "1", Device("cpu", "test"), ImageCache(), RoundEvents())
    assert load_checkpoint(tmp_path / "1" / WEIGHTS).header.second_look == look
