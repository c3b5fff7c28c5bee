"""Building a starter model on the command line, its progress as lines of text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from segstudio.domain.errors import UserError
from segstudio.engine.device import CPU, pick_device, use_threads
from segstudio.engine.starter_build import build_starter
from segstudio.protocol.codec import ProtocolError
from segstudio.protocol.starter_recipe import read_recipe


def build(
    folder: Path, say: Callable[[str], None], only: Sequence[str] | None = None, card: bool = False
) -> dict[str, Any]:
    """Build the starter whose recipe stands in ``folder``; the report of ``build_starter``.

    On one thread of the processor, where the same recipe gives the same weights to the bit; on the graphics card if
    ``card``, which ends in weights of its own each time. Raises ``UserError`` if there is no recipe, or no such card.
    """
    device = pick_device() if card else CPU
    if card and device.kind == CPU.kind:
        raise UserError("PyTorch finds no graphics card here. Leave out --card, and the processor builds the model.")
    try:
        recipe = read_recipe(folder)
    except ProtocolError as error:
        raise UserError(f"{error}. Choose an empty folder for the starter model.") from error
    use_threads(1)
    return build_starter(folder, recipe, device, say, only)
