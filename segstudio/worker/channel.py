"""The worker's end of the two pipes."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Iterator
from typing import BinaryIO

from segstudio.protocol.codec import ProtocolError, decode, encode
from segstudio.protocol.messages import FromWorker, ToWorker

_log = logging.getLogger(__name__)
_LONGEST_LINE = 1 << 20


class Channel:
    """Sends messages on what was stdout, and reads them from stdin; ``send`` may be called from any thread."""

    def __init__(self, incoming: BinaryIO, outgoing: BinaryIO) -> None:
        self._incoming = incoming
        self._outgoing = outgoing
        self._lock = threading.Lock()

    def send(self, message: FromWorker) -> None:
        """Write one message. A window that is gone is no error here: its end of stdin ends the worker."""
        line = encode(message).encode("ascii")
        with self._lock:
            try:
                self._outgoing.write(line)
                self._outgoing.flush()
            except (OSError, ValueError):
                _log.debug("nobody reads any more: %s", line)

    def messages(self) -> Iterator[ToWorker]:
        """What the window says, until its pipe is closed. A line that is no message is logged and passed over."""
        while line := self._incoming.readline(_LONGEST_LINE):
            try:
                message = decode(line.decode("utf-8", errors="replace"))
            except ProtocolError as error:
                _log.error("A line on stdin was passed over: %s", error)
                continue
            if isinstance(message, ToWorker):
                yield message
            else:
                _log.error("A message on stdin was passed over: %s is for the window", type(message).__name__)


def take_standard_streams() -> Channel:
    """Keep stdin and stdout for messages alone; whatever else prints, from C or Python, goes to stderr."""
    incoming = os.fdopen(os.dup(0), "rb")
    outgoing = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return Channel(incoming, outgoing)
