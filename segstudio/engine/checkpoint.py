"""Weights as files: safetensors with a header of our own. Nothing is ever unpickled."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from segstudio.domain.errors import UserError
from segstudio.domain.input_shape import STRIDE
from segstudio.engine.finishing import PLAIN, Finish
from segstudio.engine.inference import Inference
from segstudio.engine.models import NETWORKS, build_network, network_of
from segstudio.engine.network import SegmentationNetwork
from segstudio.engine.second_look import NO_SECOND_LOOK, SecondLook
from segstudio.engine.trouble import all_finite, could_not_write
from segstudio.protocol.weights import (
    DIGEST,
    EARLIER,
    ENSEMBLE_VERSION,
    FORMAT,
    VERSION,
    VERSIONS,
    digest_of,
    is_altered,
)


@dataclass(frozen=True, slots=True)
class WeightsHeader:
    """What a file of weights says about itself; ``input_size`` is the longer side in px that the network is asked
    at, ``learned_at`` the one that it was trained at, None for the same.

    ``upright`` says that the images keep what is up, so that a prediction averages over one mirror image only.
    ``finish`` is what was found to make the masks better; weights of older versions have none. ``window``,
    ``flip_average`` and ``void`` say how the network is asked, see ``Inference``, ``second_look`` whether twice,
    ``even_exposure`` whether of pictures as if all had been exposed alike (``imaging.exposure``).
    """

    network: str
    classes: tuple[str, ...]
    input_size: int
    upright: bool = False
    finish: Finish = PLAIN
    window: int | None = None
    flip_average: bool = True
    void: tuple[int, ...] = ()
    second_look: SecondLook = NO_SECOND_LOOK
    learned_at: int | None = None
    even_exposure: bool = False

    @property
    def inference(self) -> Inference:
        """How the network is asked about an image, as it was scored."""
        return Inference(self.upright, self.flip_average, self.window, self.void)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A header and the tensors by name, on the CPU.

    Of an ensemble these are its newest member's; ``earlier`` are the other one's, None where a network is asked alone.
    """

    header: WeightsHeader
    tensors: dict[str, torch.Tensor]
    earlier: dict[str, torch.Tensor] | None = None

    def build(self) -> SegmentationNetwork:
        """The network, or the newest member, for evaluation. Raises ``UserError`` if the weights do not fit it.

        Like ``network_of`` it draws no random number.
        """
        return self.members()[0]

    def members(self) -> list[SegmentationNetwork]:
        """The networks that are asked for a mask, the newest first; as ``build``."""
        sets = [self.tensors] if self.earlier is None else [self.tensors, self.earlier]
        try:
            return [network_of(self.header.network, len(self.header.classes), tensors) for tensors in sets]
        except RuntimeError as error:
            raise UserError("These weights do not fit the network they name. Train the model again.") from error


def save_checkpoint(
    path: Path,
    header: WeightsHeader,
    tensors: Mapping[str, torch.Tensor],
    earlier: Mapping[str, torch.Tensor] | None = None,
) -> None:
    """Write beside ``path``, then rename. Raises ``UserError`` if it cannot be written."""
    metadata = {
        "format": FORMAT,
        "version": str(VERSION if earlier is None else ENSEMBLE_VERSION),
        "network": header.network,
        "classes": json.dumps(header.classes),
        "input_size": str(header.input_size),
        "upright": str(int(header.upright)),
        "finish": json.dumps(asdict(header.finish)),
        "window": json.dumps(header.window),
        "flip_average": str(int(header.flip_average)),
        "void": json.dumps(header.void),
        "close_up": str(int(header.second_look.close_up)),
        "learned_at": json.dumps(header.learned_at),
        "fitted": json.dumps(header.second_look.fitted),
        "even_exposure": str(int(header.even_exposure)),
    }
    members = {**tensors, **{EARLIER + name: tensor for name, tensor in (earlier or {}).items()}}
    held = {name: tensor.detach().cpu().contiguous() for name, tensor in members.items()}
    content = save(held, {**metadata, DIGEST: digest_of(save(held, metadata))})
    beside = path.with_name(path.name + ".tmp")
    try:
        with beside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        raise could_not_write("What the model learned", path, error) from error
    finally:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)


def load_checkpoint(path: Path) -> Checkpoint:
    """Read a file of ``save_checkpoint``. Raises ``UserError`` for anything else, and if a bit of it has changed."""
    try:
        if is_altered(path):
            raise _damaged(path)
        with safe_open(path, framework=_framework(path), device="cpu") as file:
            metadata = file.metadata() or {}
            header = _header(path, metadata)
            _check_shapes(header, {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()})  # noqa: SIM118
            # Copied: they would be the file's own bytes, which change or go with it, and hold it fast on Windows.
            tensors = {name: torch.as_tensor(file.get_tensor(name)).clone() for name in file.keys()}  # noqa: SIM118
    except OSError as error:
        raise UserError(f"The weights {path} cannot be read ({error}).") from error
    except SafetensorError as error:
        raise _damaged(path) from error
    if not all_finite(tensors.values()):
        raise _damaged(path)
    earlier = {name.removeprefix(EARLIER): tensors.pop(name) for name in [*tensors] if name.startswith(EARLIER)}
    return Checkpoint(header, tensors, earlier or None)


def _framework(path: Path) -> str:
    """How safetensors is to open a file: for torch it refuses a path that is no text, which Linux allows."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return "numpy"
    return "pt"


def _check_shapes(header: WeightsHeader, found: Mapping[str, tuple[int, ...]]) -> None:
    """Whether the tensors are those of the network that the header names, before there is room made for any."""
    with torch.device("meta"):
        wanted = build_network(header.network, len(header.classes)).state_dict()
    alone = {name: tuple(tensor.shape) for name, tensor in wanted.items()}
    both = alone | {EARLIER + name: shape for name, shape in alone.items()}
    if found not in (alone, both):
        raise UserError("These weights do not fit the network they name. Train the model again.")


def _damaged(path: Path) -> UserError:
    return UserError(
        f"The file {path.name} is not a model of segstudio, or it is damaged. Use another round, or train again."
    )


def _header(path: Path, metadata: Mapping[str, str]) -> WeightsHeader:
    if metadata.get("format") != FORMAT:
        raise UserError(f"The file {path.name} holds weights, but not of a segstudio model.")
    if metadata.get("version") not in VERSIONS:
        raise UserError(f"The model {path.name} was written by another version of segstudio. Train it again.")
    try:
        classes = json.loads(metadata["classes"])
        header = WeightsHeader(
            network=metadata["network"],
            classes=tuple(str(name) for name in classes),
            input_size=int(metadata["input_size"]),
            upright=metadata["upright"] == "1",
            finish=_finish(json.loads(metadata.get("finish", "{}"))),
            window=_window(json.loads(metadata.get("window", "null"))),
            flip_average=metadata.get("flip_average", "1") == "1",
            void=tuple(int(number) for number in json.loads(metadata.get("void", "[]"))),
            second_look=SecondLook(
                metadata.get("close_up", "0") == "1", _whole_number(json.loads(metadata.get("fitted", "null")))
            ),
            learned_at=_whole_number(json.loads(metadata.get("learned_at", "null"))),
            even_exposure=metadata.get("even_exposure", "0") == "1",
        )
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError, RecursionError) as error:
        raise UserError(f"The header of the model {path.name} is damaged. Train the model again.") from error
    known = {*range(1, len(header.classes) + 1)}
    strange = {*header.finish.one_region, *header.void} - known or len(header.finish.thresholds) > len(known)
    judged = known - {*header.void}
    if strange or not judged or header.network not in NETWORKS or not 0 < header.input_size <= 8192:
        raise UserError(f"The model {path.name} names a network, a class or a size that this version does not know.")
    return header


def _finish(body: dict[str, Any]) -> Finish:
    """Raises ``ValueError`` or the like if ``body`` is not one."""
    # Versions before wrote one threshold, of the only class.
    thresholds = body.get("thresholds", [body["threshold"]] if "threshold" in body else [])
    return Finish(
        tuple(float(threshold) for threshold in thresholds),
        tuple(int(number) for number in body.get("one_region", PLAIN.one_region)),
        tuple(int(number) for number in body.get("with_holes", PLAIN.with_holes)),
        float(body.get("colours", PLAIN.colours)),
    )


def _whole_number(value: Any) -> int | None:
    """Raises ``ValueError`` or the like if ``value`` is not one above 0."""
    if value is not None and not int(value) > 0:
        raise ValueError(f"{value} is no number of pixels")
    return None if value is None else int(value)


def _window(side: Any) -> int | None:
    """Raises ``ValueError`` or the like if ``side`` is not one."""
    if side is not None and not (int(side) > 0 and int(side) % STRIDE == 0):
        raise ValueError(f"{side} is no window")
    return None if side is None else int(side)
