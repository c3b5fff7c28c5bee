"""The images and masks of a round at the size the network sees, kept in memory from round to round."""

from __future__ import annotations

import contextlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from segstudio.domain.errors import UserError
from segstudio.domain.groups import are_one_picture, perceptual_hash
from segstudio.domain.input_shape import input_shape
from segstudio.engine.sample import Mask, Pixels, Sample
from segstudio.engine.trouble import MEMORY_ERRORS, could_not_write, is_out_of_memory
from segstudio.imaging.cv import cv2
from segstudio.imaging.exposure import exposed, exposure_gain
from segstudio.imaging.mask_png import decode_mask, encode_confidence, encode_mask
from segstudio.imaging.reader import read_image
from segstudio.imaging.unchanged import read_with_fingerprint
from segstudio.protocol.codec import ProtocolError
from segstudio.protocol.round_folder import IGNORE, RoundRequest, TrainingImage, mask_path

_CACHE_BYTES = 768 * 1024 * 1024

Confidence = NDArray[np.uint8]


def load_rgb(path: Path) -> Pixels:
    """The upright image (h, w, 3) uint8 RGB. Raises ``UserError`` if it cannot be read, or memory is too short."""
    try:
        return read_image(path).pixels
    except MEMORY_ERRORS as error:
        if not is_out_of_memory(error):
            raise
        raise UserError(
            f"There is not enough memory to read {path.name}, so the model leaves it out. Close other programs, then "
            "try again."
        ) from error


def to_input(pixels: Pixels, longer_side: int, full: tuple[int, int] | None = None) -> Pixels:
    """``pixels`` (h, w, 3) uint8 resized to the ``input_shape`` of the image, at ``longer_side`` px.

    ``full`` is the (H, W) of the image where ``pixels`` have been through here before: sides that were rounded once
    would be rounded to others than its own.
    """
    height, width = pixels.shape[:2] if full is None else full
    h, w = input_shape(width, height, longer_side)
    # A narrow strip is made shorter and wider. In one go OpenCV would shift it, or look at few of its pixels.
    rows, columns = pixels.shape[:2]
    smaller = (min(w, columns), min(h, rows))
    shrunk = pixels if smaller == (columns, rows) else cv2.resize(pixels, smaller, interpolation=cv2.INTER_AREA)
    resized: Pixels = cv2.resize(shrunk, (w, h), interpolation=cv2.INTER_LINEAR)
    return resized


def read_mask(path: Path) -> Mask:
    """The class ids (h, w) uint16 of a 16-bit grey PNG. Raises ``UserError`` if it is not one."""
    try:
        return decode_mask(path.read_bytes())
    except OSError as error:
        raise UserError(
            f"The mask {path.name} cannot be read ({error}); its image is left out of this round."
        ) from error
    except ValueError as error:
        raise UserError(f"The mask {path.name} is damaged; its image is left out of this round.") from error


def write_mask(path: Path, mask: Mask) -> None:
    """Write ``mask`` (h, w) uint16 as a 16-bit grey PNG, beside ``path`` first, then renamed.

    Raises ``UserError`` if the file cannot be written.
    """
    _write(path, encode_mask(mask))


def write_confidence(path: Path, confidence: Confidence) -> None:
    """Write ``confidence`` (h, w) uint8 as an 8-bit grey PNG, likewise. Raises ``UserError`` likewise."""
    _write(path, encode_confidence(confidence))


def _write(path: Path, content: bytes) -> None:
    beside = path.with_name(path.name + ".tmp")
    try:
        path.parent.mkdir(exist_ok=True)  # not its parents, which are gone where the project was moved
        beside.write_bytes(content)
        beside.replace(path)
    except OSError as error:
        raise could_not_write("A mask", path, error) from error
    finally:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)


class Loaded(NamedTuple):
    """An image at its input size, (h, w, 3) uint8 RGB, its full (h, w), and the hashes of its file and picture.

    ``gain`` is its ``exposure_gain``; the pixels are as they came.
    """

    pixels: Pixels
    full_shape: tuple[int, int]
    fingerprint: str
    perceptual: int | None
    gain: float


class ImageCache:
    """Images at input size by path, size and time of change; the least recently used go when memory is full."""

    def __init__(self, capacity: int = _CACHE_BYTES) -> None:
        self._capacity = capacity
        self._held = 0
        self._images: OrderedDict[tuple[str, int, int, int], Loaded] = OrderedDict()

    def load(self, path: Path, longer_side: int) -> Loaded:
        """The image. Raises ``UserError`` if it cannot be read."""
        try:
            state = path.stat()
        except OSError as error:
            raise UserError(f"The image {path.name} cannot be read ({error}).") from error
        key = (str(path), state.st_size, state.st_mtime_ns, longer_side)
        if key in self._images:
            self._images.move_to_end(key)
            return self._images[key]
        pixels, print_ = read_with_fingerprint(path, load_rgb)
        shape = (pixels.shape[0], pixels.shape[1])
        entry = Loaded(to_input(pixels, longer_side), shape, print_, perceptual_hash(pixels), exposure_gain(pixels))
        self._images[key] = entry
        self._held += entry.pixels.nbytes
        while self._held > self._capacity and len(self._images) > 1:
            self._held -= self._images.popitem(last=False)[1].pixels.nbytes
        return entry


@dataclass(frozen=True, slots=True)
class RoundData:
    """The samples of a round by their use."""

    train: list[Sample]
    held_out: list[Sample]


def load_round(
    folder: Path,
    request: RoundRequest,
    cache: ImageCache,
    on_notice: Callable[[str], None],
    between_images: Callable[[], None],
) -> RoundData:
    """Load the images and masks of ``request``; what cannot be read is left out with a notice.

    Raises ``UserError`` if nothing is left to train on; ``between_images`` may raise to give up.
    """
    data, says_nothing = RoundData([], []), False
    for image in request.images:
        between_images()
        try:
            sample = _load_sample(folder, image, request, cache)
        except UserError as error:
            on_notice(str(error))
            continue
        if ((sample.mask if sample.full_mask is None else sample.full_mask) == IGNORE).all():
            # Nobody judges any of it: there is nothing to learn or to score.
            says_nothing |= image.role == "train"
            continue
        (data.held_out if image.role == "held_out" else data.train).append(sample)
    if not data.train and says_nothing:
        raise UserError(
            "Nothing was learned: in the images to learn from nothing is marked that is judged. Approve an image, or "
            "paint what the model is to find, then train again."
        )
    if not data.train:
        raise UserError(
            "None of the training images could be read, so nothing was learned. "
            "Check that the images are still in place."
        )
    return data


def _load_sample(folder: Path, image: TrainingImage, request: RoundRequest, cache: ImageCache) -> Sample:
    path = Path(image.image)
    loaded = cache.load(path, request.settings.input_size)
    pixels, full_shape = loaded.pixels, loaded.full_shape
    try:
        full_mask = read_mask(mask_path(folder, image))
    except ProtocolError as error:
        raise UserError(f"The mask of {path.name} lies outside the round's folder; the image is left out.") from error
    if full_mask.shape != full_shape:
        raise UserError(f"The mask of {path.name} is not as large as the image, which is left out of this round.")
    same_file = image.fingerprint in ("", loaded.fingerprint)
    if not same_file and not are_one_picture(image.perceptual, loaded.perceptual):
        raise UserError(
            f"{path.name} shows another picture than the one that its mask was made on, so it is left out of this "
            "round. Put the original file back; or open the image, correct its mask and approve it again."
        )
    if full_mask.max(where=full_mask != IGNORE, initial=0) > len(request.classes):
        raise UserError(f"The mask of {path.name} names a class that the project lacks; the image is left out.")
    small = cv2.resize(full_mask, (pixels.shape[1], pixels.shape[0]), interpolation=cv2.INTER_NEAREST_EXACT)
    kept = full_mask if image.role == "held_out" else None
    if request.settings.even_exposure and image.role == "held_out":
        # What teaches stays as it came: who has only seen pictures that were exposed alike relies on it.
        pixels = exposed(pixels, loaded.gain)
    return Sample(image.image_id, pixels, small, kept, image.fresh, image.added)
