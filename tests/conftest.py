"""Test-wide set-up: no screen is needed unless one is asked for, and nobody leaves threads or processes behind."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator

import pytest

from tests.helpers.models import models

__all__ = ["models"]

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

# Ours by name; libraries keep pools of their own for as long as they like.
OUR_THREADS = ("store", "images", "thumbnails", "tools", "studio", "worker-std")
GRACE = 5.0


def _ours() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name.startswith(OUR_THREADS)}


def _children() -> set[int]:
    """Ids of the direct children of this process that run the worker; Linux only, empty elsewhere."""
    if not os.path.isdir(f"/proc/{os.getpid()}/task"):
        return set()
    found = set()
    for task in os.listdir(f"/proc/{os.getpid()}/task"):
        try:
            with open(f"/proc/{os.getpid()}/task/{task}/children", encoding="ascii") as file:
                pids = [int(pid) for pid in file.read().split()]
        except OSError:
            continue
        for pid in pids:
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as file:
                    if b"segstudio.worker" in file.read():
                        found.add(pid)
            except OSError:
                continue
    return found


@pytest.fixture(autouse=True)
def nothing_is_left_behind() -> Iterator[None]:
    """Fails a test that leaves one of our threads, or a worker, running."""
    threads, children = _ours(), _children()
    yield
    deadline = time.monotonic() + GRACE
    while (_ours() - threads or _children() - children) and time.monotonic() < deadline:
        threading.Event().wait(0.01)
    assert not _ours() - threads, "threads left behind"
    assert not _children() - children, "workers left behind"
