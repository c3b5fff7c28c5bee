"""What the steps of a starter's training see, made by other processes where a card would wait for it."""

from __future__ import annotations

from collections.abc import Iterator

from torch.utils.data import DataLoader, Dataset

from segstudio.engine.batch import Batch
from segstudio.engine.device import Device, usable_cores, use_threads
from segstudio.engine.schedule import REDUCED_SCALE, REDUCED_SHARE
from segstudio.engine.starter_data import StarterData
from segstudio.imaging.cv import cv2

_MOST_MAKERS = 8
_AHEAD = 4


class _Steps(Dataset[Batch]):
    """The batch of each step, by the step's number."""

    def __init__(self, data: StarterData, stream: int, steps: int) -> None:
        self._data, self._stream, self._steps = data, stream, steps

    def __len__(self) -> int:
        return self._steps

    def __getitem__(self, step: int) -> Batch:
        scale = REDUCED_SCALE if step / self._steps < REDUCED_SHARE else 1.0
        return self._data.batch(step, scale, self._stream)


def batches(data: StarterData, stream: int, first: int, steps: int, makers: int) -> Iterator[Batch]:
    """The batches of the steps from ``first`` on until ``steps``, the same whoever makes them.

    They are made where they are asked for, or ahead, by ``makers`` processes that each hold a copy of ``data``.
    """
    loader = DataLoader(
        _Steps(data, stream, steps),
        batch_size=None,
        sampler=range(first, steps),
        num_workers=makers,
        worker_init_fn=_on_one_core,
        prefetch_factor=_AHEAD if makers else None,
        # A fork would take over a card that only one process can talk to.
        multiprocessing_context="spawn" if makers else None,
    )
    yield from loader


def makers_for(device: Device) -> int:
    """How many processes keep ``device`` busy; none on a processor, which has no time to wait in."""
    return 0 if device.kind == "cpu" else min(_MOST_MAKERS, max(1, usable_cores() - 2))


def _on_one_core(_maker: int) -> None:
    cv2.setNumThreads(1)
    use_threads(1)
