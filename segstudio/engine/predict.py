"""From an image file to a mask as large as the image, and how sure the model is of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import nn

from segstudio.domain.errors import UserError
from segstudio.domain.input_shape import STRIDE, is_strip
from segstudio.engine.checkpoint import WeightsHeader, load_checkpoint
from segstudio.engine.data import Confidence, load_rgb, to_input
from segstudio.engine.device import Device
from segstudio.engine.finishing import Finish, Logits, finished
from segstudio.engine.inference import Looked, guided_probability, image_logits, seen_at_once
from segstudio.engine.insight import Gatherer
from segstudio.engine.own_colours import heeding_colours
from segstudio.engine.sample import Mask, Pixels
from segstudio.engine.second_look import ENLARGED, averaged, fitting_side, joined, lies, likeliest, near
from segstudio.engine.trouble import Careful, Means
from segstudio.imaging.cv import cv2
from segstudio.imaging.exposure import exposed, exposure_gain

_STRIP_ROWS = 256
_CONFIDENCE_SIDE = 512


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """What the model says of an image.

    ``mask`` is (H, W) uint16 class ids as large as the image, finished. ``confidence`` is (h, w) uint8 at the size the
    network saw or smaller, to be stretched over the whole image, and is what the network and the image's own colours
    come to, before it is finished: see ``confidence_from_logits``.
    ``uncertainty`` and ``embedding`` are of the whole image: see ``insight``.
    """

    mask: Mask
    confidence: Confidence
    uncertainty: float | None = None
    embedding: NDArray[np.float16] | None = None


class Predictor:
    """Weights loaded once and used for many images; ``weights`` is a file of ``checkpoint``.

    Raises ``UserError`` if the weights cannot be loaded. Where memory is short it takes longer, and ``on_notice`` is
    told.
    """

    def __init__(self, weights: Path, device: Device, on_notice: Callable[[str], None] = lambda _: None) -> None:
        checkpoint = load_checkpoint(weights)
        self.header: WeightsHeader = checkpoint.header
        self._members = checkpoint.members()
        # The newest has learned most. Distances hold between features of one network only.
        self._gatherer = Gatherer(self._members[0])
        self._looked: Looked | None = None
        planned = Means(device, self.header.inference.views(device), seen_at_once(self.header))
        self._careful = Careful(nn.ModuleList(self._members), planned, on_notice, may_shrink=True)

    def predict_file(
        self, image: Path, finish: Finish | None = None, between_windows: Callable[[], None] = lambda: None
    ) -> Prediction:
        """What the upright image shows. Raises ``UserError`` if the image cannot be read."""
        return self.predict(load_rgb(image), finish, between_windows)

    def predict(
        self, pixels: Pixels, finish: Finish | None = None, between_windows: Callable[[], None] = lambda: None
    ) -> Prediction:
        """What ``pixels`` (H, W, 3) uint8 RGB show; class 0 is background.

        ``finish`` takes the place of what was learned; ``between_windows`` may raise to give up. Raises ``UserError``
        if memory is too short or the weights give no numbers.
        """
        if self.header.even_exposure:
            pixels = exposed(pixels, exposure_gain(pixels))
        said = self._answer(pixels, between_windows)
        insight = (self._gatherer.uncertainty, self._gatherer.embedding)
        finish = self.header.finish if finish is None else finish
        logits = heeding_colours(said, pixels, finish.colours)
        done = finished(logits, finish)
        again = self._look_again(pixels, said, mask_from_logits(done, *done.shape[:2]) > 0, between_windows)
        if again is not None:
            logits = heeding_colours(again, pixels, finish.colours)
            done = finished(logits, finish)
        mask = mask_from_logits(done, *pixels.shape[:2])
        return Prediction(mask, _small(confidence_from_logits(logits)), *insight)

    def mend(self, pixels: Pixels, clicks: Pixels, class_number: int, gain: float = 1.0) -> NDArray[np.uint8]:
        """Where class ``class_number`` is, heeding clicks: (h, w) uint8, 255 where it certainly is.

        Of an ensemble the newest member says so: a hand waits. ``pixels`` (h, w, 3) uint8 RGB are at a size that the
        network takes, and part of an image whose ``exposure_gain`` is ``gain``; ``clicks`` is what
        ``domain.clicks.drawn`` made of the same size. Raises ``UserError`` for a class that the weights do not know,
        if sizes do not fit, and if memory is too short.
        """
        if not 1 <= class_number <= len(self.header.classes):
            raise UserError("The model has not learned this class yet. It will know it after the next round.")
        if pixels.shape != clicks.shape or any(side % STRIDE for side in pixels.shape[:2]):
            raise UserError("The click could not be answered, because its picture is of a wrong size.")
        if self.header.even_exposure:
            pixels = exposed(pixels, gain)
        void = self.header.inference.void
        return self._careful.ask(
            lambda means: guided_probability(
                self._members[0], self._look(pixels, means.device), clicks, class_number, void
            )
        )

    def _look_again(
        self, pixels: Pixels, logits: Logits, found: NDArray[np.bool_], between_windows: Callable[[], None]
    ) -> Logits | None:
        """What both looks come to; None where the weights want no second one, or it would show no more.

        A strip is stretched otherwise by each look, and two pictures that are both out of shape agree on nothing: on
        strips of 60 px of photographs of people the first look had a Dice of 0.89, and both together 0.72.
        """
        look, (height, width) = self.header.second_look, pixels.shape[:2]
        if is_strip(width, height, self.header.input_size):
            return None
        if look.close_up:
            part = near(found, height, width)
            if part is None:
                return None
            closer = self._close_up(pixels[part.slices], lies(found, height, width), between_windows)
            return joined(logits, closer, part, height, width)
        if look.fitted is None:
            return None
        where = found if found.any() else likeliest(logits)
        share = fitting_side(where, look.fitted) / self.header.input_size
        # Two of the four mirror images, those that are upside down, cost half.
        upside_down = np.ascontiguousarray(pixels[::-1])
        return averaged(logits, self._answer(upside_down, between_windows, share, upright=True)[::-1])

    def _close_up(self, pixels: Pixels, either_way_up: bool, between_windows: Callable[[], None]) -> Logits:
        """What ``pixels``, a part of an image, show enlarged; if ``either_way_up`` the mean with them upside down."""
        answer = self._answer(pixels, between_windows, ENLARGED)
        if either_way_up:
            upside_down = np.ascontiguousarray(pixels[::-1])
            answer = (answer + self._answer(upside_down, between_windows, ENLARGED)[::-1]) * np.float32(0.5)
        return answer

    def _answer(
        self, pixels: Pixels, between_windows: Callable[[], None], share: float = 1.0, upright: bool | None = None
    ) -> Logits:
        """The logits (h, w, C), asked at ``share`` of the usual size; ``upright`` instead of the weights' own."""
        logits = self._careful.ask(lambda means: self._logits(pixels, between_windows, means, share, upright))
        if not np.isfinite(logits).all():
            raise UserError("What the model learned last gives no masks. Go back to an older round or train again.")
        return logits

    def _look(self, pixels: Pixels, device: Device) -> Looked:
        """The same for clicks one after the other in one crop: a third of the work."""
        if self._looked is None or not self._looked.holds_for(pixels, device):
            self._looked = Looked.at(self._members[0], pixels, device)
        return self._looked

    def _logits(
        self, pixels: Pixels, between_windows: Callable[[], None], means: Means, share: float, upright: bool | None
    ) -> Logits:
        how, size = self.header.inference, self.header.input_size
        if upright is not None:
            how = replace(how, upright=upright)
        if how.window is None:
            size = round(means.side * share)
        else:
            how = replace(how, window=means.side)
        self._gatherer.begin()
        return image_logits(
            self._members, to_input(pixels, size), means.device, how, between_windows, self._gatherer, means.batch
        )


def _small(confidence: Confidence) -> Confidence:
    """Doubt is looked at, not measured, and rests in the project for every image."""
    scale = _CONFIDENCE_SIDE / max(confidence.shape)
    if scale >= 1:
        return confidence
    size = (round(confidence.shape[1] * scale), round(confidence.shape[0] * scale))
    return np.asarray(cv2.resize(confidence, size, interpolation=cv2.INTER_AREA), np.uint8)


def mask_from_logits(logits: NDArray[np.float32], height: int, width: int) -> Mask:
    """Class ids (``height``, ``width``) uint16 of ``logits`` (h, w, C) float32, which are enlarged first.

    Enlarging logits instead of the mask keeps edges smooth. It is done strip by strip, so that a photograph of
    24 megapixels with ten classes takes megabytes, not gigabytes; the result is that of one bilinear resize.
    """
    mask = np.empty((height, width), np.uint16)
    h = logits.shape[0]
    for top in range(0, height, _STRIP_ROWS):
        rows = np.arange(top, min(top + _STRIP_ROWS, height))
        at = np.clip((rows + 0.5) * h / height - 0.5, 0, h - 1)
        above = np.floor(at).astype(np.intp)
        share = (at - above).astype(np.float32)[:, None, None]
        strip = logits[above] * (1 - share) + logits[np.minimum(above + 1, h - 1)] * share
        wide = _widen(strip, width)
        mask[top : top + len(rows)] = wide[..., 0] > 0 if wide.shape[2] == 1 else wide.argmax(axis=2)
    return mask


def _widen(strip: NDArray[np.float32], width: int) -> NDArray[np.float32]:
    """``strip`` (rows, w, C) to (rows, ``width``, C), linearly; OpenCV resizes at most four channels at a time."""
    rows, _, channels = strip.shape
    wide = np.empty((rows, width, channels), np.float32)
    for first in range(0, channels, 4):
        part = np.ascontiguousarray(strip[..., first : first + 4])
        resized = cv2.resize(part, (width, rows), interpolation=cv2.INTER_LINEAR)
        wide[..., first : first + 4] = resized.reshape(rows, width, -1)
    return wide


def confidence_from_logits(logits: NDArray[np.float32]) -> Confidence:
    """How sure the model is (h, w) uint8 of what ``logits`` (h, w, C) float32 say: 255 is certain.

    The value is the probability of the class that is chosen there: by a sigmoid where ``C`` is 1, so never below a
    half, else by a softmax, so never below 1 / ``C``.
    """
    if logits.shape[2] == 1:
        probability = 1 / (1 + np.exp(-np.abs(logits[..., 0])))
    else:
        probability = 1 / np.exp(logits - logits.max(axis=2, keepdims=True)).sum(axis=2)
    return np.rint(255 * probability).astype(np.uint8)


def mean_class_dice(predicted: Mask, truth: Mask, class_count: int, ignore: int) -> float:
    """Mean Dice (0 to 1) over the classes 1 to ``class_count`` in ``predicted`` or ``truth``, both (h, w) uint16.

    Pixels where ``truth`` is ``ignore`` do not count; an image with no class in either scores 1.
    Dice, "Measures of the amount of ecologic association between species", Ecology 1945.
    """
    vouched = truth != ignore
    scores = []
    for number in range(1, class_count + 1):
        said, true = (predicted == number) & vouched, truth == number
        total = int(said.sum()) + int(true.sum())
        if total:
            scores.append(2.0 * int((said & true).sum()) / total)
    return math.fsum(scores) / len(scores) if scores else 1.0
