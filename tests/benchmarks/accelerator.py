"""How much of a graphics card a round uses: its steps against the same steps on data that rests on the card.

Run ``python -m tests.benchmarks.accelerator`` where there is one. The bare loop is forward, loss, backward, clipped
gradients and a step of the optimizer, on batches of the same shapes that were made before; it draws no views, moves no
data, averages no weights and looks for no trouble. Images are made up, so no data is needed.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from segstudio.engine import train
from segstudio.engine.batch import Batch
from segstudio.engine.beginning import objective, starting_network
from segstudio.engine.data import ImageCache, RoundData, load_round, write_mask
from segstudio.engine.device import Device, pick_device, use_threads
from segstudio.engine.feed import Feed
from segstudio.engine.predict import Predictor
from segstudio.engine.progress import RoundEvents
from segstudio.engine.rounds import run_round
from segstudio.engine.views import Look
from segstudio.imaging.cv import cv2
from segstudio.imaging.synthetic_lesions import lesion
from segstudio.protocol.round_folder import (
    MASKS,
    WEIGHTS,
    RoundRequest,
    TrainingImage,
    TrainingSettings,
    write_request,
)

_IMAGES, _HEIGHT, _WIDTH = 24, 576, 768
_WARM_UP = 20


@dataclass
class Paces:
    """Seconds of each step by what it saw, told as they pass."""

    seen: Look | None = None
    began: float = 0.0
    steps: dict[Look, list[float]] = field(default_factory=lambda: defaultdict(list))

    def step_begins(self) -> None:
        """The moment between two steps."""
        now = time.perf_counter()
        if self.seen is not None and self.began:
            self.steps[self.seen].append(now - self.began)
        self.began, self.seen = now, None

    def watch(self, feed: type[Feed]) -> type[Feed]:
        """``feed`` that says what is asked of it."""
        paces = self

        class Watched(feed):  # type: ignore[misc, valid-type]
            def next(self, look: Look) -> Batch:
                paces.seen = look
                batch: Batch = super().next(look)
                return batch

        return Watched


def _round(folder: Path, settings: TrainingSettings) -> RoundRequest:
    images = []
    for index in range(_IMAGES):
        pixels, member = lesion(index, (_HEIGHT, _WIDTH))
        path = folder / f"{index}.png"
        cv2.imwrite(str(path), pixels[..., ::-1])
        write_mask(folder / MASKS / f"{index}.png", member.astype(np.uint16))
        images.append(TrainingImage(index, str(path), f"{MASKS}/{index}.png", "train"))
    request = RoundRequest(1, ("lesion",), tuple(images), None, settings)
    write_request(folder, request)
    return request


def bare_pace(request: RoundRequest, data: RoundData, device: Device, look: Look, steps: int) -> float:
    """Median seconds of a bare step that sees ``look``."""
    network = starting_network(request, None, device, RoundEvents())
    network.begin_training()
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-4, fused=True)
    loss_of = objective(request, data)
    feed = Feed(request, data.train, Device("cpu", "CPU"))
    held = [feed.next(look).on(device) for _ in range(6)]
    times = []
    for step in range(_WARM_UP + steps):
        pixels, guidance, masks = held[step % len(held)]
        began = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        with device.autocast():
            logits = network(pixels, guidance)
        loss_of(logits, masks).backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimizer.step()
        _wait(device)
        times.append(time.perf_counter() - began)
    return statistics.median(times[_WARM_UP:])


def _wait(device: Device) -> None:
    if device.kind == "cuda":
        torch.cuda.synchronize()


def _timed(do: Callable[[], object], times: int) -> float:
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        do()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def main() -> None:
    """Print a line for each shape of a step, then memory and the time of a mask."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=300, help="of the round; sixty in a hundred see less")
    parser.add_argument("--size", type=int, default=512)
    arguments = parser.parse_args()
    use_threads()
    device, paces = pick_device(), Paces()
    settings = TrainingSettings(input_size=arguments.size, max_steps=arguments.steps, seconds=1e6)
    print(f"{device.name}; images of {arguments.size} px")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        request = _round(place, settings)
        train.Feed = paces.watch(Feed)  # type: ignore[misc]
        run_round(place, device, ImageCache(), RoundEvents(between_steps=paces.step_begins))
        peak = torch.cuda.max_memory_allocated() / 2**20 if device.kind == "cuda" else 0.0
        data = load_round(place, request, ImageCache(), print, lambda: None)
        print("views  scale  round, views/s  bare, views/s  share")
        for look, times in paces.steps.items():
            bare = bare_pace(request, data, device, look, max(20, arguments.steps // 4))
            round_pace = statistics.fmean(times[_WARM_UP:] or times)
            line = f"{look.batch:5}  {look.reduction:5}  {look.batch / round_pace:14.0f}  {look.batch / bare:13.0f}"
            print(f"{line}  {bare / round_pace:5.2f}", flush=True)
        if peak:
            print(f"most memory of the card that the round held: {peak:.0f} MB")
        predictor, file = Predictor(place / WEIGHTS, device), place / "0.png"
        predictor.predict_file(file)
        print(
            f"from file to mask, {_WIDTH} x {_HEIGHT}: {1e3 * _timed(lambda: predictor.predict_file(file), 20):.0f} ms"
        )


if __name__ == "__main__":
    main()
