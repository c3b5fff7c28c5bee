"""A round on the command line: the same training, its progress as lines of text."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TextIO

from segstudio.engine.device import pick_device, use_threads
from segstudio.engine.progress import RoundEvents, RoundProgress
from segstudio.protocol.round_folder import RoundResult

_SECONDS_BETWEEN_LINES = 2.0


def run_round(folder: Path, out: TextIO | None = None) -> RoundResult:
    """Run the round in ``folder`` and print its progress on ``out`` (stdout); Ctrl-C gives it up.

    Raises ``UserError`` if the folder holds no round or the round fails.
    """
    from segstudio.engine.data import ImageCache
    from segstudio.engine.rounds import run_round as run

    stream = sys.stdout if out is None else out
    device = pick_device()
    print(f"{device.name}, {use_threads()} thread(s)", file=stream, flush=True)
    events = RoundEvents(on_progress=_Printer(stream), on_notice=lambda text: print(text, file=stream, flush=True))
    result = run(folder.resolve(), device, ImageCache(), events)
    print(f"{result.steps} steps in {result.seconds:.1f} s, loss {result.loss:.4f}{_dice(result)}", file=stream)
    return result


class _Printer:
    """Prints a line when the phase changes, and every two seconds."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._phase = ""
        self._printed = 0.0

    def __call__(self, progress: RoundProgress) -> None:
        now = time.monotonic()
        if progress.phase == self._phase and now - self._printed < _SECONDS_BETWEEN_LINES:
            return
        self._phase, self._printed = progress.phase, now
        loss = "" if progress.loss is None else f"  loss {progress.loss:.4f}"
        step = f"step {progress.step}/{progress.steps}"
        line = f"{progress.fraction:4.0%}  {progress.phase:<9}  {step}{loss}{_dice(progress)}"
        print(line, file=self._stream, flush=True)


def _dice(of: RoundProgress | RoundResult) -> str:
    if of.held_out_dice is None:
        return ""
    return f"  Dice {of.held_out_dice:.3f} on {of.held_out_count} held-out images"
