"""A worker that answers at once and learns nothing: a stand-in at the port, for tests of the presenter."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from segstudio.domain.groups import perceptual_hash
from segstudio.imaging.cv import cv2
from segstudio.imaging.mask_png import encode_confidence, encode_mask, from_text, to_text
from segstudio.imaging.reader import fingerprint, read_image, read_size
from segstudio.protocol.messages import (
    PROTOCOL_VERSION,
    Cancel,
    Cancelled,
    Finished,
    FromWorker,
    Mend,
    Mended,
    Predict,
    Predicted,
    Progress,
    Ready,
    ToWorker,
    Train,
)
from segstudio.protocol.round_folder import WEIGHTS, RoundResult, read_request, write_result


class FakeWorker:
    """Predicts a square in the upper left corner, one pixel larger every round.

    With ``holds_rounds`` a round only ends when ``finish_round`` is called. ``sent`` lists what it was asked. With
    ``dice`` a round is scored: it gives the Dice of a held-out image, by the round's number and the image's id.
    """

    dice: Callable[[int, int], float] | None = None

    def __init__(self, scheduler, hear: Callable[[FromWorker], None], gone: Callable[[str], None]) -> None:
        self._post = scheduler.post
        self._hear, self._gone = hear, gone
        self.sent: list[ToWorker] = []
        self.holds_rounds = False
        self.holds_predictions = False
        self.held: list[Predict] = []
        self.holds_clicks = False
        self.held_clicks: list[Mend] = []
        self.running: Train | None = None
        self.alive = False

    def start(self) -> None:
        self.alive = True
        self.say(Ready(PROTOCOL_VERSION, 1, "cpu", "test processor", "0", 1))

    def say(self, message: FromWorker) -> None:
        self._post(lambda: self._hear(message))

    def send(self, message: ToWorker) -> None:
        self.sent.append(message)
        if isinstance(message, Train):
            self.running = message
            self.say(Progress(message.job, "training", 0.5, 1.0, 1, 2, 0.3, None, 0))
            if not self.holds_rounds:
                self.finish_round()
        elif isinstance(message, Predict):
            if self.holds_predictions:
                self.held.append(message)
            else:
                self.predict(message)
        elif isinstance(message, Mend):
            (self.held_clicks.append if self.holds_clicks else self.mend)(message)
        elif isinstance(message, Cancel):
            if self.running is not None and self.running.job == message.job:
                self.running = None
            self.say(Cancelled(message.job))

    def finish_round(self) -> None:
        assert self.running is not None
        save_file({"weight": np.zeros(4, np.float32)}, Path(self.running.folder) / WEIGHTS)
        per_image = self.scores(Path(self.running.folder))
        mean = sum(per_image.values()) / len(per_image) if per_image else None
        self.say(Finished(self.running.job, 1.0, 0.2, mean, len(per_image)))
        self.running = None

    def scores(self, folder: Path) -> dict[int, float]:
        if self.dice is None:
            return {}
        request = read_request(folder)
        held_out = [image.image_id for image in request.images if image.role == "held_out"]
        per_image = {image_id: self.dice(request.round, image_id) for image_id in held_out}
        mean = sum(per_image.values()) / len(per_image) if per_image else None
        result = RoundResult(request.round, 1.0, 2, 0.2, mean, len(per_image), per_image, "cpu")
        write_result(folder, result)
        return per_image

    def predict(self, message: Predict) -> None:
        width, height = read_size(Path(message.image))
        mask = np.zeros((height, width), np.uint16)
        side = 10 + int(Path(message.weights).parent.name)
        mask[:side, :side] = 1
        Path(message.output).write_bytes(encode_mask(mask))
        if message.confidence is not None:
            Path(message.confidence).write_bytes(encode_confidence(self.confidence()))
        uncertainty, vector = self.insight(message.image_id)
        embedding = None if vector is None else base64.b64encode(np.array(vector, "<f2").tobytes()).decode()
        files = (message.output, message.confidence)
        image = Path(message.image)
        made_on = fingerprint(image), perceptual_hash(read_image(image).pixels)
        self.say(Predicted(message.job, message.image_id, *files, uncertainty, embedding, width, height, 0.1, *made_on))

    def insight(self, image_id: int) -> tuple[float | None, list[float] | None]:
        """How unsure it is of an image, and its embedding."""
        return None, None

    def mend(self, message: Mend) -> None:
        """The mask that it was shown, with a square of 17 px at each click that adds, without one at each other."""
        adds, takes, mask = np.moveaxis(from_text(message.clicks, 3) > 0, 2, 0)
        square = np.ones((9, 9), np.uint8)
        grown, less = (cv2.dilate(disks.astype(np.uint8), square) > 0 for disks in (adds, takes))
        answer = np.where((mask | grown) & ~less, np.uint8(255), np.uint8(0))
        self.say(Mended(message.job, to_text(answer), 0.1))

    def confidence(self) -> np.ndarray:
        """Sure of the left half, unsure of the right."""
        return np.repeat(np.array([[255] * 24 + [140] * 24], np.uint8), 32, 0)

    def stop(self, grace: float = 2.0) -> None:
        self.alive = False

    def kill(self) -> None:
        self.crash("killed")

    def crash(self, words: str) -> None:
        self.alive = False
        self._post(lambda: self._gone(words))
