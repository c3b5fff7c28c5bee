"""What the files of a round tell: whether its weights are whole, and how they were learned."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from segstudio.protocol.codec import ProtocolError
from segstudio.protocol.round_folder import read_request
from segstudio.protocol.weights import NotWeightsError, inspect, is_altered

Way = tuple[str, str, tuple[int, ...]]
"""The names of the network and of the loss, "" where nobody knows, and the classes that were not judged."""


class Ways:
    """How rounds learned, by their folders. A request is never written anew, so each is read once."""

    def __init__(self) -> None:
        self._known: dict[Path, Way] = {}

    def of(self, folder: Path, weights: Path | None) -> Way:
        """How the round in ``folder`` learned its ``weights``; those from elsewhere tell their network alone."""
        if folder not in self._known:
            try:
                request = read_request(folder)
            except ProtocolError:
                return _network(weights), "", ()
            self._known[folder] = request.settings.network, request.settings.loss, request.void
        return self._known[folder]


def condition_of(weights: Path, every_bit: bool = False) -> Literal["usable", "damaged"]:
    """Whether a weights file is whole: its header can be read, and as much follows as the header says.

    ``every_bit`` reads all of it, which takes a tenth of a second, and tells whether it is what was written.
    """
    # Imported here: most starts of the window need it only after the first frame.
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(weights, framework="numpy") as file:
            if not file.keys() or (every_bit and is_altered(weights)):
                return "damaged"
            return "usable"
    except (SafetensorError, OSError):
        return "damaged"


def networks_in(weights: Path) -> int:
    """How many networks a file of weights asks together; 1 where it can't be read."""
    try:
        return inspect(weights).networks
    except (NotWeightsError, OSError):
        return 1


def _network(weights: Path | None) -> str:
    try:
        return "" if weights is None else inspect(weights).network
    except (NotWeightsError, OSError):
        return ""
