import io
import logging
import threading

import pytest

from segstudio.protocol.codec import decode, encode
from segstudio.protocol.messages import Cancelled, Notice, Ready, Shutdown, Train
from segstudio.worker.channel import Channel


def test_only_messages_for_the_worker_come_through(caplog: pytest.LogCaptureFixture) -> None:
    ready = encode(Ready(1, 2, "cpu", "CPU", "2", 1))
    lines = ["nonsense\n", encode(Train(1, "/ü")), ready, encode(Shutdown())]
    with caplog.at_level(logging.ERROR):
        messages = list(Channel(io.BytesIO("".join(lines).encode()), io.BytesIO()).messages())
    assert messages == [Train(1, "/ü"), Shutdown()]
    assert [record.getMessage().split(":")[0] for record in caplog.records] == [
        "A line on stdin was passed over",
        "A message on stdin was passed over",
    ]


def test_lines_of_several_threads_do_not_mix() -> None:
    out = io.BytesIO()
    channel = Channel(io.BytesIO(), out)

    def send(job: int) -> None:
        for _ in range(50):
            channel.send(Notice(job, "x" * 200))

    threads = [threading.Thread(target=send, args=(job,)) for job in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    messages = [decode(line.decode()) for line in out.getvalue().splitlines()]
    assert sorted(message.job for message in messages if isinstance(message, Notice)) == sorted([0, 1, 2, 3] * 50)


def test_a_window_that_is_gone_is_no_error() -> None:
    out = io.BytesIO()
    out.close()
    Channel(io.BytesIO(), out).send(Cancelled(1))
    assert out.closed
