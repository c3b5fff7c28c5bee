"""The real worker process, spoken to as the window speaks to it."""

import queue
import subprocess
import sys
import threading
import time
from types import TracebackType
from typing import TypeVar

from segstudio.protocol.codec import decode, encode
from segstudio.protocol.messages import Message, Progress, Ready, ToWorker

PATIENCE = 60.0
_Kind = TypeVar("_Kind")


class Child:
    """A worker and what it has said so far; ends it on leaving, and fails if a line of stdout is no message."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "segstudio.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self.said: list[tuple[float, Message]] = []
        self.errors: list[str] = []
        self._messages: queue.Queue[tuple[float, Message]] = queue.Queue()
        self._readers = [threading.Thread(target=self._listen), threading.Thread(target=self._listen_to_errors)]
        for reader in self._readers:
            reader.start()

    def __enter__(self) -> "Child":
        self.ready = self.expect(Ready)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def tell(self, *messages: ToWorker) -> None:
        self.write("".join(encode(message) for message in messages).encode())

    def write(self, line: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line)
        self.process.stdin.flush()

    def next(self) -> Message:
        at, message = self._messages.get(timeout=PATIENCE)
        self.said.append((at, message))
        return message

    def expect(self, kind: type[_Kind]) -> _Kind:
        """The next message that is no progress; it has to be of ``kind``."""
        while True:
            message = self.next()
            if isinstance(message, kind):
                return message
            assert isinstance(message, Progress), (message, "".join(self.errors))

    def close(self) -> int:
        """End the worker by the end of its stdin; its exit code."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            return self.process.wait(PATIENCE)
        finally:
            self.process.kill()
            for reader in self._readers:
                reader.join()
            for stream in (self.process.stdout, self.process.stderr):
                assert stream is not None
                stream.close()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._messages.put((time.monotonic(), decode(line.decode())))

    def _listen_to_errors(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.errors.append(line.decode())
