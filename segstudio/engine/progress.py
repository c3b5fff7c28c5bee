"""What a round tells whoever runs it, and how it is given up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from segstudio.protocol.messages import Phase


class RoundCancelled(Exception):
    """The round was given up on request."""


@dataclass(frozen=True, slots=True)
class RoundProgress:
    """How far a round has come; the fields are those of ``protocol.messages.Progress``."""

    phase: Phase
    fraction: float
    seconds_left: float | None
    step: int
    steps: int
    loss: float | None
    held_out_dice: float | None
    held_out_count: int


@dataclass(frozen=True, slots=True)
class RoundEvents:
    """What a round calls: all on the thread that runs it.

    ``between_steps`` is called between two steps, two images, two scorings; other work may be done in it.
    ``in_mid_step`` is called between two layers, for what cannot wait for the end of a step.
    """

    on_progress: Callable[[RoundProgress], None] = lambda _: None
    on_notice: Callable[[str], None] = lambda _: None
    should_cancel: Callable[[], bool] = lambda: False
    between_steps: Callable[[], None] = lambda: None
    in_mid_step: Callable[[], None] = lambda: None

    def check(self) -> None:
        """Raise ``RoundCancelled`` if the round is to be given up."""
        if self.should_cancel():
            raise RoundCancelled

    def glance(self) -> None:
        """Let what is urgent be done, unless the round is to be given up."""
        self.check()
        self.in_mid_step()

    def pause(self) -> None:
        """Let other work be done, unless the round is to be given up."""
        self.check()
        self.between_steps()
        self.check()


def check_in_every_layer(network: nn.Module, events: RoundEvents) -> None:
    """Make each convolution's forward and backward pass ``glance``, so that a cancel is seen in mid-step.

    A step can take seconds on a slow machine or a large input; a layer takes a few hundredths of one.
    """

    def seen(_module: nn.Module, _inputs: object, output: torch.Tensor) -> None:
        events.glance()
        if output.requires_grad:
            output.register_hook(lambda _gradient: events.glance())  # type: ignore[no-untyped-call]

    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            module.register_forward_hook(seen)
