"""What training and prediction do when memory runs out or numbers run away: they go on with less, and say so."""

from __future__ import annotations

import errno
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import torch
from torch import nn

from segstudio.domain.errors import UserError
from segstudio.domain.input_shape import STRIDE
from segstudio.engine.device import CPU, Device
from segstudio.engine.schedule import BATCH
from segstudio.imaging.cv import cv2

LEAST_SIDE = 96
"""Longer side in px below which images are not made smaller: nothing would be left to see of what is in them."""

MOST_DIVERGENCES = 3
_LOWER_RATE = 0.3

# As CUDA, its libraries, Apple's MPS, PyTorch on the CPU, oneDNN, C++ and OpenCV say it.
_OUT_OF_MEMORY = (
    "out of memory",
    "can't allocate memory",
    "cannot allocate memory",
    "not enough memory",
    "_alloc_failed",
    "could not create a memory",
    "could not create a primitive",
    "bad_alloc",
    "insufficient memory",
)

MEMORY_ERRORS = (RuntimeError, MemoryError, cv2.error)
"""Kinds of errors that ``is_out_of_memory`` can be true of."""

DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

T = TypeVar("T")


class NoMemory(UserError):
    """A network could not be asked."""


@dataclass(frozen=True, slots=True)
class Means:
    """What a step is done with: ``batch`` images at a time on ``device``.

    ``side`` is the longer one of what the network sees at once, in px: of the image, or of a window of it.
    """

    device: Device
    batch: int
    side: int

    def with_fewer(self) -> Means | None:
        """Half the batch; None where it is one image."""
        return replace(self, batch=self.batch // 2) if self.batch > 1 else None

    def with_smaller(self) -> Means | None:
        """About half the side, where two images at a time take less than one before; None where it would be tiny."""
        size = STRIDE * math.ceil(self.side / 2 / STRIDE)
        return replace(self, batch=2, side=size) if size >= LEAST_SIDE else None

    def on_cpu(self, planned: Means) -> Means | None:
        """All that was planned, on the CPU as steps are there: its memory is another. None where it is already."""
        batch = min(planned.batch, BATCH)
        return replace(planned, device=CPU, batch=batch) if self.device.kind != "cpu" else None


class Trouble:
    """Keeps a round going. ``means`` and ``rate_scale``, a factor of the learning rate, are what it goes on with."""

    def __init__(self, planned: Means, on_notice: Callable[[str], None]) -> None:
        self.means = self._planned = planned
        self.rate_scale = 1.0
        self._on_notice = on_notice
        self._divergences = 0

    def memory_ran_out(self) -> None:
        """Choose lesser means: a smaller batch, then smaller images, then the CPU.

        Raises ``UserError`` if there are none.
        """
        means = self.means
        if less := means.with_fewer():
            how = "with fewer images at a time"
        elif less := means.with_smaller():
            how = "with smaller images, so fine borders may come out less exact"
        elif less := means.on_cpu(self._planned):
            how = "on the processor instead of the graphics card, which takes longer"
        else:
            raise no_memory()
        self.means = less
        self._on_notice(f"Memory ran out; learning goes on {how}.")

    def ran_away(self) -> None:
        """Numbers became infinite or none: go on more slowly. Raises ``UserError`` after several times."""
        self._divergences += 1
        if self._divergences > MOST_DIVERGENCES:
            raise did_not_settle()
        self.rate_scale *= _LOWER_RATE
        self._on_notice("The training became unstable; it goes on from the last good weights, more slowly.")


class Careful:
    """Asks a network with fewer views at a time, then on the CPU, where memory runs out; it says so once.

    Where ``may_shrink``, images are made smaller in the end. Not before: a mask made slowly is better than a rough one.
    Raises ``NoMemory`` where nothing helps.
    """

    def __init__(
        self,
        network: nn.Module,
        planned: Means,
        on_notice: Callable[[str], None] = lambda _: None,
        may_shrink: bool = False,
    ) -> None:
        self._network = network
        self._means = self._planned = planned
        self._on_notice = on_notice
        self._may_shrink = may_shrink
        self._placed: Device | None = None
        self._told: set[str] = set()

    def ask(self, question: Callable[[Means], T]) -> T:
        """``question`` of the means it is to be asked with."""
        while True:
            try:
                if self._placed is not self._means.device:
                    self._means.device.place(self._network)
                    self._placed = self._means.device
                return question(self._means)
            except MEMORY_ERRORS as error:
                if not is_out_of_memory(error):
                    raise
            # Not above: the error holds on to what filled the memory.
            free_memory(self._means.device)
            self._take_less()

    def _take_less(self) -> None:
        if less := self._means.with_fewer():
            pass
        elif less := self._means.on_cpu(self._planned):
            self._tell("Memory ran out on the graphics card; masks are made on the processor, which takes longer.")
        elif self._may_shrink and (less := self._means.with_smaller()):
            self._tell("Memory ran out; masks are made from smaller images, so their borders may be less exact.")
        else:
            raise NoMemory(
                "There is not enough memory to make a mask. Your masks are safe. Close other programs, then try again."
            )
        self._means = less

    def _tell(self, sentence: str) -> None:
        if sentence not in self._told:
            self._told.add(sentence)
            self._on_notice(sentence)


def did_not_settle() -> UserError:
    """The error of a round that can't be saved."""
    return UserError(
        "The training did not settle, so the model stays as it was. "
        "Check the last images and masks for mistakes, then train again."
    )


def no_memory() -> UserError:
    """The error of a round for which no means are small enough."""
    return UserError(
        "There is not enough memory to learn, not even with one small image at a time. Your masks are safe. "
        "Close other programs, then train again."
    )


def could_not_write(what: str, path: Path, error: OSError) -> UserError:
    """The error of a file that could not be written; ``what`` begins the sentence."""
    if error.errno in DISK_FULL:
        return UserError(f"{what} could not be written, because the disk is full. Free some space, then try again.")
    reason = error.strerror or str(error)
    return UserError(f"{what} could not be written to {path.parent}: {reason}. Check the folder, then try again.")


def is_out_of_memory(error: BaseException) -> bool:
    """Whether ``error`` says that there is not enough memory, the device's or the computer's."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    text = str(error).lower()
    return isinstance(error, MEMORY_ERRORS) and any(words in text for words in _OUT_OF_MEMORY)


def if_memory_allows(ask: Callable[[], T]) -> T | None:
    """What ``ask`` returns; None where memory runs out on the way. Any other error is raised."""
    try:
        return ask()
    except NoMemory:
        return None
    except MEMORY_ERRORS as error:
        if not is_out_of_memory(error):
            raise
        return None


def free_memory(device: Device) -> None:
    """Give back what the device's allocator keeps for later."""
    if device.kind == "cuda":
        torch.cuda.empty_cache()
    elif device.kind == "mps":
        torch.mps.empty_cache()


def drop_half_made(optimizer: torch.optim.Optimizer) -> None:
    """Forget what an optimizer holds of parameters whose state it had no memory left to make whole."""
    for parameter in [p for p, state in optimizer.state.items() if "exp_avg_sq" not in state]:
        del optimizer.state[parameter]


def total_norm(tensors: Iterable[torch.Tensor]) -> torch.Tensor:
    """That of the floating-point numbers in ``tensors``, a scalar: no number, or infinite, if any of them is."""
    return torch.nn.utils.get_total_norm([tensor for tensor in tensors if tensor.is_floating_point()])


def all_finite(tensors: Iterable[torch.Tensor]) -> bool:
    """Whether every floating-point number in ``tensors``, weights and statistics, is one and not infinite."""
    return math.isfinite(float(total_norm(tensors)))
