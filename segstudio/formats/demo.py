"""Made-up images with exact masks, written to a folder: something to try the program on, with nothing to download."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from segstudio.formats.writing import write_whole
from segstudio.imaging.cv import cv2
from segstudio.imaging.figure_pose import ACTIONS
from segstudio.imaging.synthetic_bodies import body
from segstudio.imaging.synthetic_lesions import lesion

Kind = Literal["lesion", "body"]
Progress = Callable[[int, int], None]

_LANES = min(4, os.cpu_count() or 1)


@dataclass(frozen=True)
class DemoImage:
    """One made-up image and the file that holds its exact mask."""

    image: Path
    mask: Path


def write_demo(folder: Path, kind: Kind, count: int, seed: int, progress: Progress | None = None) -> list[DemoImage]:
    """Write ``count`` images to ``folder/images`` and their masks, 0 and 255, to ``folder/masks``.

    Lesions are 768 x 576 and named ``lesion_01.png``; bodies are 512 x 384 and named like video frames. The same
    arguments give the same bytes. Files that exist stay as they are. ``progress`` is called with images done and
    ``count``. About half a second an image and core. Raises ``UserError`` where the folder can't be written.
    """
    with ThreadPoolExecutor(_LANES, thread_name_prefix="demo") as pool:
        drawing = [pool.submit(_write, folder, kind, index, count, seed) for index in range(count)]
        written = []
        try:
            for index, pair in enumerate(drawing):
                written.append(pair.result())
                if progress is not None:
                    progress(index + 1, count)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return written


def _write(folder: Path, kind: Kind, index: int, count: int, seed: int) -> DemoImage:
    name = _name(kind, index, count)
    pair = DemoImage(folder / "images" / name, folder / "masks" / name)
    if not (os.path.exists(pair.image) and os.path.exists(pair.mask)):
        pixels, mask = _draw(kind, index, seed)
        # The mask first: an image that is there without one would be taken for done.
        if not os.path.exists(pair.mask):
            write_whole(pair.mask, _png(np.where(mask, 255, 0).astype(np.uint8), 6))
        if not os.path.exists(pair.image):
            write_whole(pair.image, _png(pixels[..., ::-1], 1))
    return pair


def _name(kind: Kind, index: int, count: int) -> str:
    if kind == "lesion":
        return f"lesion_{index + 1:0{max(2, len(str(count)))}d}.png"
    take = index // len(ACTIONS)
    return f"{_action(index)}_{'ABCD'[take % 4]}_C{1 + take // 4 % 3}_{120 + 15 * take:05d}.png"


def _action(index: int) -> str:
    return ACTIONS[index % len(ACTIONS)]


def _draw(kind: Kind, index: int, seed: int) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    # A hash, so that neighbouring seeds share no image.
    own = zlib.crc32(f"{kind} {seed} {index}".encode())
    return lesion(own) if kind == "lesion" else body(own, action=_action(index))


def _png(array: NDArray[Any], level: int) -> bytes:
    done, buffer = cv2.imencode(".png", np.ascontiguousarray(array), [cv2.IMWRITE_PNG_COMPRESSION, level])
    if not done:
        raise ValueError("the image could not be encoded")
    return bytes(buffer.tobytes())
