"""Reads image files off the main thread and keeps the few that are likely to be wanted next."""

from __future__ import annotations

import ctypes
import logging
import os
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from segstudio.app.ports import Cancellable, Scheduler
from segstudio.domain.errors import UserError
from segstudio.domain.groups import perceptual_hash
from segstudio.imaging.mips import Mips
from segstudio.imaging.reader import read_image, read_thumbnail
from segstudio.imaging.unchanged import read_with_fingerprint

log = logging.getLogger(__name__)

KEPT_BYTES = 200 * 2**20
"""Decoded pixels that are kept for coming back to; at least the newest image stays whatever it weighs."""

PREFETCH_AFTER = 0.2
"""Seconds from an image to reading the next: painting the first must not share the processor with it."""

THUMBNAIL_SIZE = 96
"""Longer side of a thumbnail, in px; twice what a row shows, for sharp screens."""


@dataclass(frozen=True, eq=False)
class LoadedImage:
    """Upright RGB pixels, (height, width, 3) uint8, and the hash of the file's content.

    ``deep`` holds the file's own values, (height, width) or (height, width, 3) uint16, where it has 16 bits; ``mips``
    the pixels at a half, a quarter and so on of their size; ``perceptual`` is a hash of what they show. ``window`` are
    the values that the file says are black and white.
    """

    pixels: NDArray[np.uint8]
    fingerprint: str
    deep: NDArray[np.uint16] | None = None
    mips: Mips | None = None
    perceptual: int | None = None
    window: tuple[float, float] | None = None

    @property
    def size(self) -> tuple[int, int]:
        """(width, height)."""
        return self.pixels.shape[1], self.pixels.shape[0]

    @property
    def nbytes(self) -> int:
        """Memory that it takes."""
        beside = sum(part.nbytes for part in (self.deep, self.mips) if part is not None)
        return self.pixels.nbytes + beside


_LARGE = 64 * 2**20
_NICENESS = 5

T = TypeVar("T")

Loaded = LoadedImage | UserError


def load_image(path: Path) -> Loaded:
    """Read one file; what is wrong with it comes back as a sentence."""
    try:
        image, print_ = read_with_fingerprint(path, read_image)
        mips = Mips(image.pixels).make()
        hash_ = perceptual_hash(mips.smallest)
        loaded = LoadedImage(image.pixels, print_, image.deep, mips, hash_, image.window)
        if loaded.nbytes > _LARGE:
            give_back_memory()
        return loaded
    except UserError as error:
        return error
    except Exception as error:
        log.exception("reading %s failed", path)
        return UserError(f"{path.name} could not be read ({error}). The rest of the project is not affected.")


def give_way() -> None:
    """Let the thread that paints go first where a system knows priorities of threads: reading ahead is in no hurry."""
    if sys.platform == "linux":
        thread = threading.get_native_id()
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, thread) + _NICENESS)


def give_back_memory() -> None:
    """Let the system have what reading left over: the C library of Linux keeps tens of megabytes of it for later."""
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)


class _Kept:
    """Decoded images by path, as long as their files stay as they were. Used on the images' thread only."""

    def __init__(self) -> None:
        self._images: OrderedDict[Path, tuple[tuple[int, int], LoadedImage]] = OrderedDict()

    def load(self, path: Path) -> Loaded:
        """The image in ``path``, read again if the file changed."""
        try:
            status = path.stat()
            signature = (status.st_mtime_ns, status.st_size)
        except OSError:
            return load_image(path)
        signature_before, image = self._images.get(path, (None, None))
        if image is not None and signature_before == signature:
            self._images.move_to_end(path)
            return image
        loaded = load_image(path)
        if isinstance(loaded, LoadedImage):
            self._keep(path, signature, loaded)
        return loaded

    def _keep(self, path: Path, signature: tuple[int, int], image: LoadedImage) -> None:
        self._images[path] = (signature, image)
        self._images.move_to_end(path)
        weight = sum(kept.nbytes for _, kept in self._images.values())
        while weight > KEPT_BYTES and len(self._images) > 1:
            weight -= self._images.popitem(last=False)[1][1].nbytes


class Loader:
    """Images and thumbnails by path. Main thread only; results come back there."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._images = ThreadPoolExecutor(1, thread_name_prefix="images", initializer=give_way)
        self._small = ThreadPoolExecutor(1, thread_name_prefix="thumbnails", initializer=give_way)
        self._kept = _Kept()
        self._overtaken: list[Future[Loaded]] = []
        self._closed = False
        self._next: Cancellable | None = None

    def load(self, path: Path, done: Callable[[Loaded], None]) -> None:
        """Give ``done`` the image, on the main thread. Loads and prefetches not yet begun are given up for it."""
        # Somebody who steps past ten images waits for the eleventh only.
        self._forget_next()
        for future in self._overtaken:
            future.cancel()
        self._overtaken = [self.run(lambda: self._kept.load(path), done)]

    def read(self, path: Path, done: Callable[[Loaded], None]) -> None:
        """Give ``done`` the image as ``load`` does, giving up nothing for it; the next ``load`` gives it up."""
        self._overtaken.append(self.run(lambda: self._kept.load(path), done))

    def prefetch(self, path: Path) -> None:
        """Read the image that is likely to be wanted next, once the one that was wanted now had time to be shown."""

        def read() -> None:
            if not self._closed:
                self._overtaken.append(self._images.submit(self._kept.load, path))

        self._forget_next()
        self._next = self._scheduler.call_later(PREFETCH_AFTER, read)

    def run(self, call: Callable[[], T], done: Callable[[T], None]) -> Future[T]:
        """Make ``call`` on the images' thread and give ``done`` its result on the main thread."""
        future = self._images.submit(call)
        future.add_done_callback(lambda finished: self._tell(finished, done))
        return future

    def thumbnail(self, path: Path, done: Callable[[NDArray[np.uint8] | None], None]) -> None:
        """Give ``done`` a small (h, w, 3) uint8 version, None for a file that cannot be read."""

        def read() -> NDArray[np.uint8] | None:
            try:
                return read_thumbnail(path, THUMBNAIL_SIZE)
            except UserError:
                return None
            except Exception:
                log.exception("no thumbnail of %s", path)
                return None

        self._small.submit(read).add_done_callback(lambda finished: self._tell(finished, done))

    def close(self) -> None:
        """Drop what is waiting, and results that nobody was given yet; returns when the threads are gone."""
        self._closed = True
        self._forget_next()
        self._images.shutdown(cancel_futures=True)
        self._small.shutdown(cancel_futures=True)

    def _forget_next(self) -> None:
        if self._next is not None:
            self._next.cancel()
            self._next = None

    def _tell(self, finished: Future[T], done: Callable[[T], None]) -> None:
        def tell() -> None:
            if not self._closed:
                done(finished.result())

        if not finished.cancelled():
            self._scheduler.post(tell)
