"""Where torch computes, and on how many threads."""

from __future__ import annotations

import contextlib
import functools
import os
import platform
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

_MOST_THREADS = 16
_Network = TypeVar("_Network", bound=nn.Module)


@dataclass(frozen=True, slots=True)
class Device:
    """``kind`` is "cuda", "mps" or "cpu"; ``name`` is for people."""

    kind: str
    name: str

    @property
    def torch(self) -> torch.device:
        """The torch device."""
        return torch.device(self.kind)

    def place(self, network: _Network) -> _Network:
        """``network`` on this device, its convolutions' weights in channels-last memory."""
        network.to(self.torch)
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        return network

    def autocast(self) -> Any:
        """Context in which hardware that is made for it computes in bfloat16; elsewhere it changes nothing."""
        if self.kind == "cuda":
            enabled = torch.cuda.is_bf16_supported(including_emulation=False)
        else:
            enabled = self.kind == "cpu" and _cpu_likes_bfloat16()
        return torch.autocast(self.kind, dtype=torch.bfloat16, enabled=enabled)


CPU = Device("cpu", "CPU")
"""What every computer has."""


def pick_device() -> Device:
    """CUDA where it works, else Apple's MPS, else the CPU."""
    if torch.cuda.is_available():
        return Device("cuda", torch.cuda.get_device_name())
    if torch.backends.mps.is_available():
        return Device("mps", f"Apple {platform.processor() or 'GPU'}")
    return CPU


@functools.lru_cache(maxsize=1)
def _cpu_likes_bfloat16() -> bool:
    """Whether the processor multiplies bfloat16 in hardware: a step then takes two thirds of the time."""
    asks = [getattr(torch.cpu, name, None) for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported")]
    return any(ask() for ask in asks if ask is not None)


def let_card_fetch(memory: NDArray[np.uint8]) -> bool:
    """Let a CUDA card fetch what lies in ``memory`` itself, while the process goes on; False where that can't be.

    ``keep_card_away`` has to be called before the memory is given back.
    """
    runtime = torch.cuda.cudart()  # type: ignore[no-untyped-call]
    if runtime.cudaHostRegister(memory.ctypes.data, memory.nbytes, 0) == runtime.cudaError.success:
        return True
    # The refusal waits to be asked for, and the next thing that the card is told would be blamed for it.
    with contextlib.suppress(RuntimeError):
        torch.zeros(1, device="cuda")
    return False


def keep_card_away(memory: NDArray[np.uint8]) -> None:
    """Undo ``let_card_fetch``, once the card has what it is fetching."""
    torch.cuda.synchronize()
    torch.cuda.cudart().cudaHostUnregister(memory.ctypes.data)  # type: ignore[no-untyped-call]


def usable_cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def use_threads(count: int | None = None, painting: bool = True) -> int:
    """Let torch compute on ``count`` threads, by default on every core; one stays free where there is ``painting``."""
    if count is None:
        count = max(1, min(usable_cores() - painting, _MOST_THREADS))
    torch.set_num_threads(count)
    return count
