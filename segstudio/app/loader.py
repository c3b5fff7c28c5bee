"""Reads image files off the main thread and keeps the few that are likely to be wanted next."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segstudio.app.ports import Scheduler
from segstudio.domain.errors import UserError
from segstudio.imaging.reader import fingerprint, read_image, read_thumbnail

log = logging.getLogger(__name__)

KEPT_BYTES = 200 * 2**20
"""Decoded pixels that are kept for coming back to; at least the newest image stays whatever it weighs."""

THUMBNAIL_SIZE = 96
"""Longer side of a thumbnail, in px; twice what a row shows, for sharp screens."""


@dataclass(frozen=True, eq=False)
class LoadedImage:
    """Upright RGB pixels, (height, width, 3) uint8, and the hash of the file's content."""

    pixels: NDArray[np.uint8]
    fingerprint: str


Loaded = LoadedImage | UserError


def load_image(path: Path) -> Loaded:
    """Read one file; what is wrong with it comes back as a sentence."""
    try:
        return LoadedImage(read_image(path).pixels, fingerprint(path))
    except UserError as error:
        return error
    except Exception as error:
        log.exception("reading %s failed", path)
        return UserError(f"{path.name} could not be read ({error}). The rest of the project is not affected.")


class Loader:
    """Images and thumbnails by path. Main thread only; results come back there."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._images = ThreadPoolExecutor(1, thread_name_prefix="images")
        self._small = ThreadPoolExecutor(1, thread_name_prefix="thumbnails")
        self._kept: OrderedDict[Path, LoadedImage] = OrderedDict()
        self._under_way: dict[Path, Future[Loaded]] = {}

    def load(self, path: Path, done: Callable[[Loaded], None]) -> None:
        """Give ``done`` the image, on the main thread; at the next turn if it is kept."""
        kept = self._kept.get(path)
        if kept is not None:
            self._kept.move_to_end(path)
            self._scheduler.post(lambda: done(kept))
            return
        future = self._read(path)
        future.add_done_callback(lambda finished: self._scheduler.post(lambda: done(finished.result())))

    def prefetch(self, path: Path) -> None:
        """Read the image that is likely to be wanted next."""
        if path not in self._kept:
            self._read(path)

    def thumbnail(self, path: Path, done: Callable[[NDArray[np.uint8] | None], None]) -> None:
        """Give ``done`` a small (h, w, 3) uint8 version, None for a file that cannot be read."""

        def read() -> NDArray[np.uint8] | None:
            try:
                return read_thumbnail(path, THUMBNAIL_SIZE)
            except UserError:
                return None

        future = self._small.submit(read)
        future.add_done_callback(
            lambda finished: None if finished.cancelled() else self._scheduler.post(lambda: done(finished.result()))
        )

    def forget(self, path: Path) -> None:
        """Read ``path`` afresh when it is next wanted."""
        self._kept.pop(path, None)

    def close(self) -> None:
        """Drop what is waiting; returns when the threads are gone."""
        self._images.shutdown(cancel_futures=False)
        self._small.shutdown(cancel_futures=True)

    def _read(self, path: Path) -> Future[Loaded]:
        future = self._under_way.get(path)
        if future is None:
            future = self._images.submit(load_image, path)
            self._under_way[path] = future
            future.add_done_callback(lambda finished: self._scheduler.post(lambda: self._keep(path, finished.result())))
        return future

    def _keep(self, path: Path, loaded: Loaded) -> None:
        self._under_way.pop(path, None)
        if isinstance(loaded, UserError):
            return
        self._kept[path] = loaded
        weight = sum(image.pixels.nbytes for image in self._kept.values())
        while weight > KEPT_BYTES and len(self._kept) > 1:
            weight -= self._kept.popitem(last=False)[1].pixels.nbytes
