"""ONNX says what the network says, on a real image and at other sizes than it was written at."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from segstudio.domain.errors import UserError
from segstudio.engine import onnx_export
from segstudio.engine.checkpoint import WeightsHeader, load_checkpoint, save_checkpoint
from segstudio.engine.models import build_network
from segstudio.engine.onnx_export import TOLERANCE, Difference, export_onnx
from segstudio.engine.onnx_pooling import pool_by_masks, pools_by_places
from segstudio.engine.segnet import Pool, Unpool
from tests.helpers.studios import write_images

onnxruntime: Any = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
pytest.importorskip("onnx", reason="onnx is not installed")


def weights(folder: Path, network: str, classes: tuple[str, ...], void: tuple[int, ...] = ()) -> Path:
    torch.manual_seed(4)
    made = build_network(network, len(classes))
    for module in made.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.2)
            module.running_var.uniform_(0.5, 2)
    path = folder / "w.safetensors"
    save_checkpoint(path, WeightsHeader(network, classes, 64, void=void), made.state_dict())
    return path


@pytest.mark.parametrize(
    ("network", "classes"),
    [
        ("unet-efficientnet-lite0", ("lesion",)),
        ("unet-efficientnet-lite0", ("a", "b")),
        ("unet", ("lesion",)),
        ("segnet", ("lesion",)),
        ("segnet", ("a", "b")),
    ],
)
def test_onnx_says_the_same(tmp_path: Path, network: str, classes: tuple[str, ...]) -> None:
    path = weights(tmp_path, network, classes)
    (image,) = write_images(tmp_path, 1)
    assert export_onnx(path, tmp_path / "m.onnx", image) <= TOLERANCE
    session = onnxruntime.InferenceSession(str(tmp_path / "m.onnx"), providers=["CPUExecutionProvider"])
    words = session.get_modelmeta().custom_metadata_map
    assert json.loads(words["segstudio.classes"]) == list(classes)
    assert words["segstudio.note"] == "Not for diagnosis."
    assert words["segstudio.even_exposure"] == "false"
    net = load_checkpoint(path).build()
    pixels = np.random.default_rng(1).integers(0, 256, (2, 3, 96, 128)).astype(np.float32)
    with torch.inference_mode():
        logits = net((torch.from_numpy(pixels) - 127) / 128)
        ours = torch.sigmoid(logits) if len(classes) == 1 else torch.softmax(logits, dim=1)
    (theirs,) = session.run(None, {"image": pixels})
    assert theirs.shape == (2, len(classes) + (len(classes) > 1), 96, 128)
    assert np.abs(ours.numpy() - theirs).max() < TOLERANCE


@pytest.mark.parametrize("classes", [("lesion",), ("a", "b")])
def test_onnx_of_an_ensemble_says_what_both_come_to(tmp_path: Path, classes: tuple[str, ...]) -> None:
    known = load_checkpoint(weights(tmp_path, "unet", classes))
    torch.manual_seed(5)
    save_checkpoint(
        tmp_path / "both", known.header, known.tensors, build_network("unet", len(classes)).eval().state_dict()
    )
    assert export_onnx(tmp_path / "both", tmp_path / "m.onnx") <= TOLERANCE
    session = onnxruntime.InferenceSession(str(tmp_path / "m.onnx"), providers=["CPUExecutionProvider"])
    pixels = np.random.default_rng(1).integers(0, 256, (1, 3, 64, 96)).astype(np.float32)
    with torch.inference_mode():
        answers = [net((torch.from_numpy(pixels) - 127) / 128) for net in load_checkpoint(tmp_path / "both").members()]
        logits = (answers[0] + answers[1]) / 2
        ours = torch.sigmoid(logits) if len(classes) == 1 else torch.softmax(logits, dim=1)
    assert np.abs((answers[0] - answers[1]).numpy()).max() > 0.01
    (theirs,) = session.run(None, {"image": pixels})
    assert np.abs(ours.numpy() - theirs).max() < TOLERANCE


@pytest.mark.parametrize("network", ["unet-efficientnet-lite0", "segnet"])
def test_onnx_never_says_a_class_that_is_not_judged(tmp_path: Path, network: str) -> None:
    for void in (1, 2):
        path = weights(tmp_path, network, ("a", "b"), (void,))
        assert export_onnx(path, tmp_path / "m.onnx") <= TOLERANCE
        session = onnxruntime.InferenceSession(str(tmp_path / "m.onnx"), providers=["CPUExecutionProvider"])
        pixels = np.random.default_rng(1).integers(0, 256, (2, 3, 96, 128)).astype(np.float32)
        (said,) = session.run(None, {"image": pixels})
        assert said[:, void].max() == 0
        assert said.sum(axis=1) == pytest.approx(1, abs=1e-4)


def test_a_model_that_says_something_else_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = weights(tmp_path, "unet", ("lesion",))
    monkeypatch.setattr(onnx_export, "_difference", lambda *_: Difference(float("nan"), 0.0))
    with pytest.raises(UserError, match="says something else"):
        export_onnx(path, tmp_path / "m.onnx")
    assert not (tmp_path / "m.onnx").exists()


class _Unknown(torch.nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.linalg.matrix_exp(x)


def test_what_onnx_does_not_know_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_export, "pool_by_masks", lambda whole: setattr(whole.members[0], "output", _Unknown()))
    with pytest.raises(UserError, match="unet has parts that ONNX does not know"):
        export_onnx(weights(tmp_path, "unet", ("lesion",)), tmp_path / "m.onnx")
    assert not (tmp_path / "m.onnx").exists()


def test_pooling_by_masks_is_pooling_by_places_also_where_values_are_equal() -> None:
    class Both(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.pool, self.unpool = Pool(), Unpool()

        def forward(self, x: torch.Tensor, deep: torch.Tensor) -> torch.Tensor:
            pooled, places = self.pool(x)
            put_back: torch.Tensor = self.unpool(deep + pooled, places)
            return put_back

    network = Both()
    torch.manual_seed(0)
    x, deep = torch.randint(0, 3, (2, 5, 8, 12)).float(), torch.randn(2, 5, 4, 6)
    wanted = network(x, deep)
    assert pools_by_places(network)
    pool_by_masks(network)
    assert not pools_by_places(network)
    assert torch.equal(network(x, deep), wanted)


def test_only_a_few_pixels_of_a_network_that_pools_by_places_may_differ_more() -> None:
    assert Difference(1e-4, 0).is_small(pools_by_places=False)
    assert not Difference(0.02, 1e-4).is_small(pools_by_places=False)
    assert Difference(0.02, 1e-4).is_small(pools_by_places=True)
    for most, share in ((0.02, 0.1), (0.2, 1e-4), (float("nan"), 0.0)):
        assert not Difference(most, share).is_small(pools_by_places=True)


def test_what_is_not_installed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_export, "_NEEDED", ("onnx", "no_such_package"))
    with pytest.raises(UserError, match=r"no_such_package must be installed: pip install 'segstudio\[onnx\]'"):
        export_onnx(tmp_path / "w", tmp_path / "m.onnx")


def test_a_place_that_cannot_be_written_to(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="The model"):
        export_onnx(weights(tmp_path, "unet", ("lesion",)), tmp_path / "nowhere" / "m.onnx")


def test_weights_of_another_shape_are_refused_before_they_are_read(tmp_path: Path) -> None:
    made = build_network("unet", 1).state_dict()
    name = next(iter(made))
    save_checkpoint(tmp_path / "w", WeightsHeader("unet", ("lesion",), 64), {**made, name: torch.zeros(5000, 50)})
    with pytest.raises(UserError, match="do not fit the network"):
        load_checkpoint(tmp_path / "w")
