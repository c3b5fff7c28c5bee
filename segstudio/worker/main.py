"""The worker process: one job at a time, and an answer to each."""

from __future__ import annotations

import base64
import gc
import importlib
import logging
import os
import signal
import threading
import time
import traceback
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import torch

from segstudio.domain.errors import UserError
from segstudio.domain.groups import perceptual_hash
from segstudio.engine.checkpoint import load_checkpoint
from segstudio.engine.data import ImageCache, load_rgb, write_confidence, write_mask
from segstudio.engine.device import Device, pick_device, use_threads
from segstudio.engine.predict import Predictor
from segstudio.engine.progress import RoundCancelled, RoundEvents
from segstudio.engine.trouble import DISK_FULL, is_out_of_memory
from segstudio.imaging.mask_png import from_text, to_text
from segstudio.imaging.unchanged import read_with_fingerprint
from segstudio.protocol.messages import (
    PROTOCOL_VERSION,
    Cancelled,
    Check,
    Checked,
    Export,
    Exported,
    Failed,
    Finished,
    Mend,
    Mended,
    Notice,
    Predict,
    Predicted,
    Ready,
    Train,
)
from segstudio.worker.channel import Channel, take_standard_streams
from segstudio.worker.inbox import Inbox, Job
from segstudio.worker.ticker import ProgressTicker

_log = logging.getLogger(__name__)
_HELD_MODELS = 2
_NICENESS = 10
_IDLE_SECONDS = 0.3
_GRACE_SECONDS = 3.0


class Worker:
    """Does the jobs of an inbox, and answers on a channel."""

    def __init__(self, channel: Channel, inbox: Inbox, device: Device) -> None:
        self._channel = channel
        self._inbox = inbox
        self._device = device
        self._images = ImageCache()
        self._asked: list[int] = []
        # By path and time of change: a round may be repeated in its folder.
        self._predictors: OrderedDict[tuple[Path, int], Predictor] = OrderedDict()

    def run(self) -> None:
        """Work until the inbox is closed."""
        if not self._inbox.wait(_IDLE_SECONDS):
            # MONAI takes two seconds to import; nobody has asked for anything yet, so do it now.
            importlib.import_module("segstudio.engine.rounds")
        while (job := self._inbox.next_job()) is not None:
            self._do(job)

    def _do(self, job: Job) -> None:
        # A click is answered in the midst of other jobs: what is noticed meanwhile is of the last one begun.
        self._asked.append(job.job)
        try:
            match job:
                case Train():
                    self._train(job)
                case Predict():
                    self._predict(job)
                case Mend():
                    self._mend(job)
                case Check():
                    self._check(job)
                case Export():
                    self._export(job)
        except RoundCancelled:
            self._channel.send(Cancelled(job.job))
        except UserError as error:
            self._channel.send(Failed(job.job, str(error), traceback.format_exc()))
        except OSError as error:
            sentence = f"A file could not be read or written ({error}). Check the disk and try again."
            if error.errno in DISK_FULL:
                sentence = "The disk is full. Your masks are safe: free some space, then try again."
            self._channel.send(Failed(job.job, sentence, traceback.format_exc()))
        except Exception as error:
            _log.exception("job %d failed", job.job)
            sentence = f"Something went wrong inside segstudio ({type(error).__name__}). Your work is safe; try again."
            if is_out_of_memory(error):
                sentence = "There is not enough memory. Your masks are safe. Close other programs, then try again."
            self._channel.send(Failed(job.job, sentence, traceback.format_exc()))
        finally:
            if isinstance(job, Train) and not self._inbox.closed:
                # What a round held refers to itself in circles, and Python looks for these once in many rounds where
                # there is as much else as torch brings: each would keep its networks, some 70 MB, until then.
                gc.collect()
            self._asked.pop()
            self._inbox.done(job.job)

    def _train(self, job: Train) -> None:
        with ProgressTicker(job.job, self._channel.send) as ticker:
            # Not at the top: it imports MONAI, which takes longer than the window is to wait for "ready".
            from segstudio.engine.rounds import run_round

            events = RoundEvents(
                on_progress=ticker.update,
                on_notice=lambda sentence: self._channel.send(Notice(job.job, sentence)),
                should_cancel=lambda: self._inbox.is_cancelled(job.job),
                between_steps=lambda: self._serve(self._inbox.next_request),
                in_mid_step=lambda: self._serve(self._inbox.next_click),
            )
            result = run_round(Path(job.folder), self._device, self._images, events)
        self._channel.send(Finished(job.job, result.seconds, result.loss, result.held_out_dice, result.held_out_count))

    def _serve(self, next_request: Callable[[], Job | None]) -> None:
        while (request := next_request()) is not None:
            self._do(request)

    def _note(self, sentence: str) -> None:
        self._channel.send(Notice(self._asked[-1], sentence))

    def _predict(self, job: Predict) -> None:
        started = time.monotonic()
        predictor = self._predictor(Path(job.weights))
        count = len(predictor.header.classes)
        finish = predictor.header.finish.by_hand(job.thresholds[:count], job.one_region[:count], job.colours)
        pixels, made_on = read_with_fingerprint(Path(job.image), load_rgb)
        said = predictor.predict(pixels, finish, lambda: self._give_up_if_cancelled(job))
        self._give_up_if_cancelled(job)
        write_mask(Path(job.output), said.mask)
        if job.confidence is not None:
            try:
                write_confidence(Path(job.confidence), said.confidence)
            except UserError:
                Path(job.output).unlink(missing_ok=True)
                raise
        height, width = said.mask.shape
        seconds = time.monotonic() - started
        vector = said.embedding
        embedding = None if vector is None else base64.b64encode(vector.astype("<f2").tobytes()).decode("ascii")
        files = (job.output, job.confidence)
        self._channel.send(
            Predicted(
                job.job,
                job.image_id,
                *files,
                said.uncertainty,
                embedding,
                width,
                height,
                seconds,
                made_on,
                perceptual_hash(pixels),
            )
        )

    def _mend(self, job: Mend) -> None:
        started = time.monotonic()
        pixels, clicks = from_text(job.pixels, 3), from_text(job.clicks, 3)
        probability = self._predictor(Path(job.weights)).mend(pixels, clicks, job.class_number, job.gain)
        self._channel.send(Mended(job.job, to_text(probability), time.monotonic() - started))

    def _check(self, job: Check) -> None:
        checkpoint = load_checkpoint(Path(job.weights))
        checkpoint.build()
        self._channel.send(Checked(job.job, checkpoint.header.network, list(checkpoint.header.classes)))

    def _export(self, job: Export) -> None:
        # Not at the top: what it needs is wanted seldom, and need not be installed.
        from segstudio.engine.onnx_export import export_onnx

        image = None if job.image is None else Path(job.image)
        difference = export_onnx(Path(job.weights), Path(job.output), image)
        self._channel.send(Exported(job.job, job.output, difference))

    def _give_up_if_cancelled(self, job: Predict) -> None:
        if self._inbox.is_cancelled(job.job):
            raise RoundCancelled

    def _predictor(self, weights: Path) -> Predictor:
        try:
            key = (weights, weights.stat().st_mtime_ns)
        except OSError as error:
            raise UserError(f"The model {weights} cannot be read ({error}).") from error
        if key not in self._predictors:
            self._predictors[key] = Predictor(weights, self._device, self._note)
        self._predictors.move_to_end(key)
        while len(self._predictors) > _HELD_MODELS:
            self._predictors.popitem(last=False)
        return self._predictors[key]


def serve(painting: bool = True) -> NoReturn:
    """Answer what comes on stdin until it ends, then end the process; where there is ``painting`` a core stays free."""
    channel = take_standard_streams()
    logging.basicConfig(format="worker: %(levelname)s: %(message)s", level=logging.INFO)
    lower_priority()
    inbox = Inbox()
    # The window decides when the worker ends; Ctrl-C in a shared terminal reaches it, too.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: inbox.close())
    device, threads = pick_device(), use_threads(painting=painting)
    channel.send(Ready(PROTOCOL_VERSION, os.getpid(), device.kind, device.name, torch.__version__, threads))
    reader = threading.Thread(target=_read, args=(channel, inbox), name="stdin", daemon=True)
    reader.start()
    Worker(channel, inbox, device).run()
    # Python takes seconds to unload torch and MONAI in good order; the window waits for the process to be gone.
    logging.shutdown()
    os._exit(0)


def lower_priority() -> None:
    """Let the window go first where both want a core."""
    if hasattr(os, "nice"):
        os.nice(_NICENESS)


def _read(channel: Channel, inbox: Inbox) -> None:
    for message in channel.messages():
        given_up = inbox.put(message)
        if given_up is not None:
            channel.send(Cancelled(given_up.job))
        if inbox.closed:
            break
    inbox.close()
    # A single call into a library may hold the other thread for long; nobody waits for it.
    last = threading.Timer(_GRACE_SECONDS, os._exit, (1,))
    last.daemon = True
    last.start()
