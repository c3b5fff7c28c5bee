"""A model for other programs: ONNX, checked against the network that it is made from.

What this needs is no part of every installation; without it nothing is written, since what nobody has checked is not
handed out.
"""

from __future__ import annotations

import contextlib
import copy
import importlib.util
import io
import json
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from segstudio.domain.errors import UserError
from segstudio.engine.checkpoint import WeightsHeader, load_checkpoint
from segstudio.engine.data import load_rgb, to_input
from segstudio.engine.efficientnet import make_plain
from segstudio.engine.network import SegmentationNetwork, silenced
from segstudio.engine.onnx_pooling import pool_by_masks, pools_by_places
from segstudio.engine.trouble import could_not_write

TOLERANCE = 1e-3
"""By so much may a probability differ: less than changes a mask."""

POOLING_TOLERANCE = 0.05
"""The same for the few pixels of a network that pools by places: of two values that are equal but for the last digits
another program may find the other one larger, and what is put back there lies a pixel aside."""

_FEW = 0.005
"""So many of its values may differ by more than ``TOLERANCE``."""

_NEEDED = ("onnx", "onnxruntime")
_OPSET = 17
_SIDE = 256


class _Whole(nn.Module):
    """The network, or the members of an ensemble, from pixels to probabilities: nothing is left to whoever uses it but
    the size.

    The channels numbered in ``void`` are never the largest: nobody taught them, so what they say is chance.
    """

    middle: torch.Tensor
    reach: torch.Tensor

    def __init__(self, members: Sequence[SegmentationNetwork], void: Sequence[int]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)
        self.void = tuple(void)
        self.register_buffer("middle", torch.tensor(127.0))
        self.register_buffer("reach", torch.tensor(128.0))

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """``image`` is float32 (N, 3, H, W) RGB of 0 to 255; returns (N, C, H, W) of 0 to 1."""
        seen = (image - self.middle) / self.reach
        logits = silenced(torch.stack([network(seen) for network in self.members]).mean(dim=0), self.void)
        return torch.sigmoid(logits) if logits.shape[1] == 1 else torch.softmax(logits, dim=1)


def export_onnx(weights: Path, output: Path, image: Path | None = None) -> float:
    """Write the model in ``weights`` as ONNX; returns by how much its probabilities differ from ours, at most.

    Its input ``image`` is float32 (N, 3, H, W) RGB of 0 to 255, with H and W multiples of 32; its output
    ``probability`` is (N, 1, H, W) for one class, else (N, 1 + classes, H, W) with the background first, and 0 for a
    class that is not judged. Both are tried on ``image`` at the size that the model was trained at. Raises
    ``UserError`` if onnx and onnxruntime are not installed, for a network that ONNX can't hold, if they differ by more
    than ``TOLERANCE`` (``POOLING_TOLERANCE`` in few pixels), and if it can't be written; then there is no file.
    """
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise UserError(
            f"To write ONNX, {' and '.join(missing)} must be installed: pip install 'segstudio[onnx]'. Until then, "
            "export the model as safetensors."
        )
    checkpoint = load_checkpoint(weights)
    whole = _Whole(checkpoint.members(), checkpoint.header.void).eval()
    pixels = _pixels(image, checkpoint.header)
    content = _with_words(_written(whole, pixels, checkpoint.header), checkpoint.header)
    difference = _difference(whole, content, pixels)
    if not difference.is_small(pools_by_places(whole)):
        raise UserError(
            f"The model as ONNX says something else than the model itself (by {difference.most:.2g}), so it was not "
            "written. Export it as safetensors."
        )
    beside = output.with_name(output.name + ".tmp")
    try:
        beside.write_bytes(content)
        beside.replace(output)
    except OSError as error:
        raise could_not_write("The model", output, error) from error
    finally:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)
    return difference.most


def _pixels(image: Path | None, header: WeightsHeader) -> torch.Tensor:
    """What both are tried on: (1, 3, h, w)."""
    if image is None:
        pixels = np.random.default_rng(0).integers(0, 256, (_SIDE, _SIDE, 3), np.uint8)
    else:
        pixels = load_rgb(image)
    small = to_input(pixels, header.window or header.input_size)
    return torch.from_numpy(np.ascontiguousarray(small.transpose(2, 0, 1)[None])).float()


def _written(whole: _Whole, pixels: torch.Tensor, header: WeightsHeader) -> bytes:
    plain = copy.deepcopy(whole)
    make_plain(plain)
    pool_by_masks(plain)
    axes = {0: "n", 2: "h", 3: "w"}
    content = io.BytesIO()
    export: Any = torch.onnx.export
    try:
        with warnings.catch_warnings():
            # torch's newer exporter takes minutes for a network of this kind; the older one is marked as such.
            warnings.simplefilter("ignore")
            export(
                plain, (pixels,), content, input_names=["image"], output_names=["probability"],
                dynamic_axes={"image": axes, "probability": axes}, opset_version=_OPSET, dynamo=False,
            )  # fmt: skip
    except (torch.onnx.errors.OnnxExporterError, RuntimeError, TypeError) as error:
        raise UserError(
            f"The network {header.network} has parts that ONNX does not know, so it can't be written as ONNX. "
            "Export it as safetensors."
        ) from error
    return content.getvalue()


def _with_words(content: bytes, header: WeightsHeader) -> bytes:
    """The file with what it says of itself."""
    import onnx

    model: Any = onnx.load_model_from_string(content)
    words = {
        "segstudio.classes": json.dumps(header.classes),
        "segstudio.input_size": str(header.input_size),
        "segstudio.thresholds": json.dumps(header.finish.thresholds),
        "segstudio.colours": json.dumps(header.finish.colours),
        "segstudio.even_exposure": json.dumps(header.even_exposure),
        "segstudio.note": "Not for diagnosis.",
    }
    onnx.helper.set_model_props(model, words)
    onnx.checker.check_model(model)
    serialized: bytes = model.SerializeToString()
    return serialized


@dataclass(frozen=True, slots=True)
class Difference:
    """The largest between two answers, and which share of them differs by more than ``TOLERANCE``."""

    most: float
    share: float

    def is_small(self, pools_by_places: bool) -> bool:
        """Whether the model may be written, of a network that puts values back by places or not."""
        if pools_by_places and self.share <= _FEW:
            return self.most <= POOLING_TOLERANCE
        return self.most <= TOLERANCE


def _difference(whole: _Whole, content: bytes, pixels: torch.Tensor) -> Difference:
    import onnxruntime

    session: Any = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    with torch.inference_mode():
        ours = whole(pixels).numpy()
    (theirs,) = session.run(None, {"image": pixels.numpy()})
    difference = np.abs(ours - theirs)
    return Difference(float(difference.max()), float((difference > TOLERANCE).mean()))
