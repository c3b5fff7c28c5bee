"""Judges masks by true ones: reads and scores them on a few threads, and draws what went wrong."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segstudio.domain.errors import UserError
from segstudio.domain.evaluation import (
    MEASURES,
    Difference,
    Ids,
    Line,
    Measure,
    Scored,
    differences,
    lines,
    score_masks,
    worst_first,
)
from segstudio.imaging.outlines import SIDES, TRUTH, with_outlines
from segstudio.imaging.reader import read_image, read_thumbnail

Progress = Callable[[int, int], None]
Cancelled = Callable[[], bool]
_THREADS = max(1, min(4, os.cpu_count() or 1))


class Stopped(Exception):
    """Whoever asked for the evaluation wants it no more."""


@dataclass(frozen=True, eq=False)
class Case:
    """One image to be judged. ``read`` gives the true mask, then one mask a side, (H, W) uint16 class ids each.

    ``read`` is called on any thread, more than once, and raises ``UserError`` for what can't be compared. ``files``
    are what a report names. ``image`` is shown behind the outlines; ``image_id`` and ``number``, by which a report
    calls an image without its name, are the project's. ``turned`` makes an upright mask of one that ``read`` gave.
    """

    name: str
    read: Callable[[], tuple[Ids, ...]]
    image: Path | None = None
    image_id: int | None = None
    groups: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    number: int = 0
    turned: Callable[[Ids], Ids] = lambda mask: mask


@dataclass(frozen=True, eq=False)
class Plan:
    """What is to be judged: ``sides`` names one or two sources of masks, ``truth`` the masks that they are held to.

    ``classes`` names class ids. ``unpaired`` are files that have no counterpart, of predictions and of truths;
    ``note`` is a sentence about what was taken for granted. ``close`` lets go of what the cases need.
    """

    sides: tuple[str, ...]
    truth: str
    cases: tuple[Case, ...]
    classes: Mapping[int, str] = field(default_factory=dict)
    unpaired: tuple[tuple[Path, ...], tuple[Path, ...]] = ((), ())
    note: str = ""
    close: Callable[[], None] = lambda: None


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What became of a plan: ``scored`` and ``cases`` go together, in the plan's order; ``failed`` have a reason."""

    plan: Plan
    cases: tuple[Case, ...]
    scored: tuple[Scored, ...]
    failed: tuple[tuple[str, str], ...]

    def lines(self, side: int = 0) -> list[Line]:
        """The summary of a side."""
        return lines(self.scored, side, self.plan.classes)

    def differences(self) -> list[Difference]:
        """The second side less the first; empty with one side."""
        return differences(self.scored) if len(self.plan.sides) > 1 else []

    def worst(self, count: int, measure: Measure = MEASURES[0], side: int | None = 0) -> list[int]:
        """Places of the ``count`` worst images, as ``worst_first`` puts them."""
        return worst_first(self.scored, measure, side)[:count]

    def picture(self, place: int, size: int) -> NDArray[np.uint8]:
        """The image at ``place`` with all outlines: (h, w, 3) uint8, ``size`` px on its longer side at most.

        Raises ``UserError`` if the masks can't be read any more; an image that can't is left out.
        """
        case = self.cases[place]
        masks = [case.turned(mask) for mask in case.read()]
        pixels = None
        if case.image is not None:
            try:
                # Too small a picture of a large image would not carry its outlines.
                pixels = (
                    read_thumbnail(case.image, size) if size < max(masks[0].shape) else read_image(case.image).pixels
                )
            except UserError:
                pixels = None
        return with_outlines(pixels, masks, size, (TRUTH, *SIDES[: len(masks) - 1]))


def evaluate(
    plan: Plan, progress: Progress = lambda _done, _total: None, cancelled: Cancelled = lambda: False
) -> Evaluation:
    """Score all of it; about 25 ms an image of 768 x 576 on one core.

    ``progress`` is told of images done and of images in all, on the calling thread. Raises ``Stopped`` soon after
    ``cancelled`` says so, and ``UserError`` if no image at all can be compared.
    """
    scored: dict[int, Scored] = {}
    failed: dict[int, str] = {}
    total = len(plan.cases)
    for place, result in _in_parallel(plan, cancelled):
        if isinstance(result, Scored):
            scored[place] = result
        else:
            failed[place] = str(result)
        progress(len(scored) + len(failed), total)
    if not scored:
        first = f" {failed[min(failed)]}" if failed else ""
        none = f"None of the {total:,} pairs" if total > 1 else "Not the one pair"
        raise UserError(f"{none} of masks can be compared.{first}")
    order = sorted(scored)
    return Evaluation(
        plan,
        tuple(plan.cases[place] for place in order),
        tuple(scored[place] for place in order),
        tuple((plan.cases[place].name, failed[place]) for place in sorted(failed)),
    )


def _in_parallel(plan: Plan, cancelled: Cancelled) -> Iterator[tuple[int, Scored | UserError]]:
    """Results as they come. A few cases are on their way at a time, so that stopping is quick and memory small."""
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="evaluate") as pool:
        waiting: dict[Future[Scored | UserError], int] = {}
        places = iter(range(len(plan.cases)))
        try:
            while True:
                while len(waiting) < 2 * _THREADS and (place := next(places, None)) is not None:
                    waiting[pool.submit(_score, plan.cases[place])] = place
                if not waiting:
                    return
                for done in wait(waiting, timeout=0.1, return_when=FIRST_COMPLETED).done:
                    yield waiting.pop(done), done.result()
                if cancelled():
                    raise Stopped
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _score(case: Case) -> Scored | UserError:
    try:
        truth, *masks = case.read()
    except UserError as error:
        return error
    return Scored(case.name, score_masks(truth, masks), case.groups)
