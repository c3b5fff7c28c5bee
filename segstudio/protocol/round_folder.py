"""The layout of a round's folder, which is the whole input of a training job and holds its whole output.

::

    rounds/0007/
        request.json            what to train on, with which settings
        masks/12.png            16-bit grey PNG a image: class id a pixel, IGNORE where nobody vouched
        weights.safetensors     written beside and renamed when training ends well
        result.json             metrics, likewise
        predictions/            masks on their way to the window

Image paths in a request are absolute; mask paths are relative to the folder and checked to stay inside it.
"""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from segstudio.protocol.codec import ProtocolError

FOLDER_VERSION = 1
IGNORE = 65535
"""Mask value of a pixel that no human vouched for: the loss does not read it."""

Network = Literal["unet-efficientnet-lite0", "unet", "segnet"]
Loss = Literal["cross_entropy_dice", "cross_entropy", "dice", "focal", "balanced"]

REQUEST = "request.json"
RESULT = "result.json"
WEIGHTS = "weights.safetensors"
MASKS = "masks"
PREDICTIONS = "predictions"


@dataclass(frozen=True, slots=True)
class TrainingImage:
    """One image of a round: its absolute path, its mask's path relative to the folder, its use.

    ``fresh`` says that the round whose weights this one goes on from did not know it, or not with this mask;
    ``added`` that it did not know it at all. ``fingerprint`` and ``perceptual`` are the hashes of the file that the
    mask was made on, "" and None where nobody knows.
    """

    image_id: int
    image: str
    mask: str
    role: Literal["train", "held_out"]
    fresh: bool = False
    added: bool = False
    fingerprint: str = ""
    perceptual: int | None = None


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """How to train. ``seconds`` bounds the time spent in steps, in a round on many images in proportion to these;
    ``input_size`` is the longer side in px.

    ``max_steps`` bounds the steps, too; None leaves their number to the schedule. ``upright`` says that the images
    keep what is up (photographs of people and scenes), so that they are not turned upside down to learn more.

    ``loss`` is the name of what is minimised, one of ``Loss``. With a ``window`` the network sees the image in squares
    of so many px, a multiple of 32, not whole. ``flip_average`` has a mask be the mean over mirror images.
    ``even_exposure`` says that images are seen as if all had been exposed alike (``imaging.exposure``).
    ``thrifty`` says that memory ran out before: one image at a time, of half the size.
    """

    network: str = "unet-efficientnet-lite0"
    input_size: int = 256
    seconds: float = 60.0
    seed: int = 0
    max_steps: int | None = None
    upright: bool = False
    loss: str = "cross_entropy_dice"
    window: int | None = None
    flip_average: bool = True
    thrifty: bool = False
    even_exposure: bool = False


@dataclass(frozen=True, slots=True)
class RoundRequest:
    """The whole input of a round. ``classes`` names class 1, 2, ...; ``parent_weights`` is absolute or None.

    ``things`` are the numbers of the classes whose objects are many in an image, each a segment of its own. Classes
    numbered in ``void`` are not judged: no mask of the round holds them, and they are never predicted.
    ``base_weights``, absolute or None, are those of the starter: what is learned stays near them while it is little.
    """

    round: int
    classes: tuple[str, ...]
    images: tuple[TrainingImage, ...]
    parent_weights: str | None
    settings: TrainingSettings
    things: tuple[int, ...] = ()
    void: tuple[int, ...] = ()
    base_weights: str | None = None


@dataclass(frozen=True, slots=True)
class RoundResult:
    """The metrics of a finished round. ``per_image`` maps a held-out image id to its dense Dice.

    ``cuts`` says after which step how many steps were planned, at first and where that changed for want of time; () of
    a round of which nobody knows. With them it can be repeated bit for bit.
    """

    round: int
    seconds: float
    steps: int
    loss: float
    held_out_dice: float | None
    held_out_count: int
    per_image: dict[int, float]
    device: str
    cuts: tuple[tuple[int, int], ...] = ()


def mask_path(folder: Path, image: TrainingImage) -> Path:
    """Absolute path of an image's mask. Raises ``ProtocolError`` if it would leave the folder."""
    path = (folder / image.mask).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise ProtocolError(f"mask path leaves the round folder: {image.mask}")
    return path


def write_request(folder: Path, request: RoundRequest) -> None:
    """Write ``request.json``; the folder must exist."""
    _write_json(folder / REQUEST, {"version": FOLDER_VERSION, **asdict(request)})


def read_request(folder: Path) -> RoundRequest:
    """Read ``request.json``. Raises ``ProtocolError`` if it is not one of this version."""
    body = _read_json(folder / REQUEST)
    try:
        return RoundRequest(
            round=int(body["round"]),
            classes=tuple(_text(name) for name in _list(body["classes"])),
            images=tuple(_training_image(image) for image in _list(body["images"])),
            parent_weights=None if body["parent_weights"] is None else _text(body["parent_weights"]),
            settings=TrainingSettings(**body["settings"]),
            things=tuple(int(number) for number in _list(body.get("things", []))),
            void=tuple(int(number) for number in _list(body.get("void", []))),
            base_weights=None if body.get("base_weights") is None else _text(body["base_weights"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ProtocolError(f"{folder / REQUEST} is damaged: {error!r}") from error


def write_result(folder: Path, result: RoundResult) -> None:
    """Write ``result.json``."""
    _write_json(folder / RESULT, {"version": FOLDER_VERSION, **asdict(result)})


def read_result(folder: Path) -> RoundResult:
    """Read ``result.json``. Raises ``ProtocolError`` if it is not one of this version."""
    body = _read_json(folder / RESULT)
    try:
        body.pop("version")
        score = body["held_out_dice"]
        body |= {name: int(body[name]) for name in ("round", "steps", "held_out_count")}
        body |= {name: float(body[name]) for name in ("seconds", "loss")}
        body |= {"held_out_dice": None if score is None else float(score), "device": _text(body["device"])}
        body["per_image"] = {int(key): float(value) for key, value in body["per_image"].items()}
        body["cuts"] = tuple((int(step), int(steps)) for step, steps in body.get("cuts", ()))
        return RoundResult(**body)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ProtocolError(f"{folder / RESULT} is damaged: {error!r}") from error


def _training_image(body: dict[str, Any]) -> TrainingImage:
    if body["role"] not in ("train", "held_out"):
        raise ValueError(f"role {body['role']!r}")
    image_id, image, mask = int(body["image_id"]), _text(body["image"]), _text(body["mask"])
    fresh, added = bool(body.get("fresh", False)), bool(body.get("added", False))
    print_, hash_ = _text(body.get("fingerprint", "")), body.get("perceptual")
    return TrainingImage(
        image_id, image, mask, body["role"], fresh, added, print_, None if hash_ is None else int(hash_)
    )


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError(f"{value!r} is no list")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _write_json(path: Path, body: dict[str, Any]) -> None:
    beside = path.with_suffix(".tmp")
    try:
        with beside.open("w", encoding="utf-8") as file:
            json.dump(body, file, indent=1, allow_nan=False)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except OSError:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)
        raise


def _read_json(path: Path) -> dict[str, Any]:
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ProtocolError(f"{path} cannot be read: {error}") from error
    if not isinstance(body, dict) or body.get("version") != FOLDER_VERSION:
        raise ProtocolError(f"{path} is not of round folder version {FOLDER_VERSION}")
    return body
