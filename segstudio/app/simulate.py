"""A simulated annotator at work: the same session, tools, store and worker as the window, measured.

It opens the images in the order that is asked for, sees the mask that the model has for them, corrects with brush,
eraser and, once there is a model, border points and smart clicks until what is wrong lies within the tolerance (see
``annotator`` for the hand and its time model), approves, and lets rounds run. The images held out never enter the
project; after each round the newest weights are scored on them.
"""

from __future__ import annotations

import logging
import math
import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.app.annotator import APPROVE_SECONDS, UNDO_SECONDS, Aim, Annotator
from segstudio.app.batch import HeadlessStudio, PredictingWorker
from segstudio.app.new_project import NewProject, look_at
from segstudio.app.session import Session
from segstudio.app.starters import StarterChoice
from segstudio.app.sweep import CHECK_SECONDS, FIND_SECONDS, TRAVEL_PX_PER_SECOND, Stroke
from segstudio.app.tools import PointerEvent
from segstudio.domain.annotation import ImageState
from segstudio.domain.brush import Point
from segstudio.domain.errors import UserError
from segstudio.domain.metrics import dice
from segstudio.domain.queue import Order
from segstudio.domain.rounds import RoundStatus
from segstudio.domain.segments import make_classes
from segstudio.formats.dataset import FoundImage
from segstudio.formats.png import read_mask
from segstudio.imaging.reader import read_orientation, read_size
from segstudio.protocol.round_folder import TrainingSettings
from segstudio.store.images import same_file

MAX_STROKES = 400
"""Strokes and border points after which the annotator approves what it has; the report counts them, so it is seen."""

Report = dict[str, Any]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SimulationSettings:
    """What to simulate. ``tolerance`` is a share of the image's diagonal; ``seed`` orders the images and trains.

    With an ``order`` other than "random" the images are chosen from all in ``images`` as the queue says, once there is
    a model; until then they are the same as those that come at random. The model starts from ``starter``.
    """

    images: Path
    masks: Path
    holdout_images: Path
    holdout_masks: Path
    count: int = 20
    seed: int = 0
    tolerance: float = 0.01
    model: bool = True
    order: Order = "random"
    starter: StarterChoice = "none"


@dataclass
class _Tally:
    """Figures of one image."""

    strokes: int = 0
    clicks: int = 0
    points: int = 0
    travel_px: float = 0.0
    human_seconds: float = 0.0


def simulate_annotator(
    settings: SimulationSettings, say: Callable[[str], None], training: TrainingSettings | None = None
) -> Report:
    """Run it; the report is ``{"settings": {...}, "images": [...]}``.

    Each image has ``image``, ``strokes``, smart ``clicks``, border ``points``, ``travel_px``, ``human_seconds``,
    ``dice_before``, and as they stand when it is approved and the rounds it started have ended, ``training_seconds``
    (in all so far) and ``holdout_dice`` (mean over the held-out images; None until there are weights). Raises
    ``UserError``.
    """
    pairs = _pairs(settings.images, settings.masks)
    # The seed draws the images: a prefix of an alphabetical list is not a fair sample of patients.
    pool = [pairs[index] for index in np.random.default_rng(settings.seed).permutation(len(pairs))]
    by_chance = settings.order == "random" or not settings.model
    chosen = pool[: settings.count] if by_chance else pool
    held_out = _pairs(settings.holdout_images, settings.holdout_masks)
    if {found.image.resolve() for found in chosen} & {found.image.resolve() for found in held_out}:
        raise UserError("Some images are both to annotate and held out. Keep the two folders apart.")
    headless = HeadlessStudio(replace(training or TrainingSettings(), seed=settings.seed), automatic=settings.model)
    with tempfile.TemporaryDirectory(prefix="segstudio-simulate-") as folder:
        try:
            place, starter = Path(folder) / "simulation.segstudio", settings.starter if settings.model else "none"
            plan = NewProject(place, tuple(chosen), ("object",), "none", starter=starter)
            headless.studio.new_project(plan)
            session = headless.enter()
            if not by_chance:
                session.queue.set_order(settings.order)
            with closing(PredictingWorker(headless.scheduler)) as predicting:
                run = _Simulation(settings, headless, session, chosen, held_out, predicting, say)
                rows = run.do_images(min(settings.count, len(chosen)))
        finally:
            headless.close()
    shown = {key: str(value) if isinstance(value, Path) else value for key, value in asdict(settings).items()}
    return {"settings": shown, "images": rows}


@dataclass(frozen=True)
class _Try:
    """A border point that may be set."""

    point: Point
    all_round: bool

    @property
    def event(self) -> PointerEvent:
        """The press that sets it."""
        return PointerEvent(*self.point, shift=self.all_round)

    def seconds(self, cursor: Point) -> float:
        """What it takes a person whose pointer is at ``cursor``."""
        return FIND_SECONDS + math.dist(cursor, self.point) / TRAVEL_PX_PER_SECOND + CHECK_SECONDS


class _Simulation:
    def __init__(
        self,
        settings: SimulationSettings,
        headless: HeadlessStudio,
        session: Session,
        chosen: list[FoundImage],
        held_out: list[FoundImage],
        predicting: PredictingWorker,
        say: Callable[[str], None],
    ) -> None:
        self._settings = settings
        self._headless = headless
        self._session = session
        by_file = {same_file(found.image): found for found in chosen}
        self._found = {record.id: by_file[same_file(record.path)] for record in session.records}
        self._held_out = held_out
        self._predicting = predicting
        self._truths = {found.image: _truth(found) for found in held_out}
        self._say = say
        self._scored_round = 0
        self._holdout_dice: float | None = None

    def do_images(self, count: int) -> list[dict[str, Any]]:
        """Do ``count`` images; a row of figures each."""
        return [self._do_image(self._next_id(), last=number == count) for number in range(1, count + 1)]

    def _next_id(self) -> int:
        session = self._session
        waiting = [record.id for record in session.records if record.state is not ImageState.APPROVED]
        if session.queue.order == "list" or not session.predictor.ready:
            return waiting[0]
        self._headless.wait(lambda: session.predictor.remaining == 0 and not session.predictor.at_worker)
        session.queue.refresh(leave=True)
        self._headless.wait(lambda: not session.queue.busy)
        return session.queue.plan[0].image_id

    def _do_image(self, image_id: int, last: bool) -> dict[str, Any]:
        """Open, correct, approve one image; let the rounds it starts end."""
        session, found = self._session, self._found[image_id]
        truth = _truth(found)
        self._open(image_id)
        before = dice(self._shown() > 0, truth > 0)
        tally = self._correct(truth)
        session.approve()
        tally.human_seconds += APPROVE_SECONDS
        self._headless.wait(lambda: session.record(image_id).state is ImageState.APPROVED)
        if last and self._settings.model:
            self._headless.wait(lambda: not session.rounds.busy)
            if not session.rounds.records or session.rounds.records[-1].approved < session.approved_count:
                session.rounds.start()
        self._headless.wait(lambda: not session.rounds.busy)
        self._score()
        row = {
            "image": found.image.name,
            "strokes": tally.strokes,
            "clicks": tally.clicks,
            "points": tally.points,
            "travel_px": round(tally.travel_px, 1),
            "human_seconds": round(tally.human_seconds, 2),
            "dice_before": round(before, 4),
            "training_seconds": round(sum(record.seconds for record in session.rounds.records), 1),
            "holdout_dice": None if self._holdout_dice is None else round(self._holdout_dice, 4),
        }
        self._say(
            f"{session.approved_count:3d} {row['image']}: {row['strokes']} strokes, {row['clicks']} clicks, "
            f"{row['points']} border points, {row['human_seconds']} s, Dice before {row['dice_before']}, "
            f"training {row['training_seconds']} s, held-out {row['holdout_dice']}"
        )
        return row

    def _open(self, image_id: int) -> None:
        session = self._session
        if session.current_id != image_id:
            session.open_image(image_id)
        self._headless.wait(lambda: session.loading_id is None)
        if session.document is None or session.document.image_id != image_id:
            raise UserError(session.failure)
        if session.predictor.ready:
            self._headless.wait(
                lambda: (
                    session.record(image_id).prediction_round == session.predictor.round
                    or session.predictor.gave_up(image_id)
                )
            )

    def _correct(self, truth: NDArray[np.uint16]) -> _Tally:
        height, width = truth.shape
        annotator = Annotator(truth, self._settings.tolerance)
        cursor: Point = (width / 2, height / 2)
        tally = _Tally()
        while tally.strokes + tally.points < MAX_STROKES:
            brought = self._bring_border(annotator, cursor, tally) if self._learned else None
            if brought is not None:
                cursor = brought
                continue
            aim = annotator.next_click(self._shown(), cursor) if self._learned else None
            if aim is not None:
                self._click(annotator, aim, cursor, tally)
                cursor = aim.point
                continue
            stroke = annotator.next_stroke(self._shown(), cursor)
            if stroke is None:
                return tally
            tally.strokes += 1
            tally.human_seconds += stroke.seconds(cursor)
            tally.travel_px += float(np.hypot(stroke.points[0][0] - cursor[0], stroke.points[0][1] - cursor[1]))
            tally.travel_px += stroke.length
            self._paint(stroke)
            cursor = stroke.points[-1]
        log.warning("an image was approved after %d strokes although it was not within the tolerance", MAX_STROKES)
        return tally

    @property
    def _learned(self) -> bool:
        return self._settings.model and self._session.predictor.ready

    def _bring_border(self, annotator: Annotator, cursor: Point, tally: _Tally) -> Point | None:
        """Click where the border belongs, if what that changes is worth it; where the pointer is then, else None."""
        shown = self._shown()
        points, stroke = annotator.border_points(shown, cursor), annotator.next_stroke(shown, cursor)
        if not points or stroke is None:
            return None
        tries = [_Try(point, all_round) for point in points for all_round in (False, True)]
        costs = [self._cost(annotator, attempt, shown, cursor) for attempt in tries]
        best = tries[int(np.argmin(costs))]
        if min(costs) >= stroke.seconds(cursor) + annotator.seconds_left(stroke.painted(shown)):
            annotator.saw_in_vain(best.point)
            tally.human_seconds += CHECK_SECONDS
            return None
        self._press(best)
        self._session.editor.release(best.event)
        tally.points += 1
        tally.human_seconds += best.seconds(cursor)
        tally.travel_px += float(np.hypot(best.point[0] - cursor[0], best.point[1] - cursor[1]))
        return best.point

    def _cost(self, annotator: Annotator, attempt: _Try, shown: NDArray[np.uint16], cursor: Point) -> float:
        """Seconds until the image is done; infinite where it would mend nothing."""
        seen = self._seen(attempt)
        if not annotator.is_better(shown, seen):
            return math.inf
        return attempt.seconds(cursor) + annotator.seconds_left(seen)

    def _seen(self, attempt: _Try) -> NDArray[np.uint16]:
        """The mask as it would be."""
        self._press(attempt)
        shown, patch = self._shown(), self._session.editor.preview.patch
        if patch is not None:
            shown[patch.rect.slices][patch.where] = patch.values[patch.where]
        self._session.editor.abandon()
        return shown

    def _press(self, attempt: _Try) -> None:
        editor = self._session.editor
        editor.set_tool("border_point")
        editor.set_active_segment(1)
        editor.press(attempt.event)
        self._headless.wait(lambda: not editor.computing)

    def _click(self, annotator: Annotator, aim: Aim, cursor: Point, tally: _Tally) -> None:
        """Click, wait for the answer, and take it back if it is no good."""
        editor, before = self._session.editor, self._shown()
        editor.set_tool("click")
        if aim.value:
            editor.set_active_segment(aim.value)
        event = PointerEvent(*aim.point, "left" if aim.value else "right")
        editor.press(event)
        editor.release(event)
        self._headless.wait(lambda: not editor.busy)
        tally.clicks += 1
        tally.human_seconds += aim.seconds(cursor)
        tally.travel_px += float(np.hypot(aim.point[0] - cursor[0], aim.point[1] - cursor[1]))
        after = self._shown()
        if not annotator.is_mended(aim, before, after):
            tally.human_seconds += UNDO_SECONDS
            if not np.array_equal(before, after):
                editor.undo()

    def _paint(self, stroke: Stroke) -> None:
        editor = self._session.editor
        editor.set_tool("brush" if stroke.value else "eraser")
        editor.change_settings(radius=stroke.radius)
        if stroke.value:
            editor.set_active_segment(stroke.value)
        first, *others = stroke.points
        editor.press(PointerEvent(*first))
        for point in others:
            editor.move(PointerEvent(*point))
        editor.release(PointerEvent(*stroke.points[-1]))

    def _shown(self) -> NDArray[np.uint16]:
        document = self._session.document
        assert document is not None
        return document.shown(document.bounds)

    def _score(self) -> None:
        finished = [r for r in self._session.rounds.records if r.status is RoundStatus.FINISHED]
        if not finished or finished[-1].number == self._scored_round or finished[-1].weights is None:
            return
        self._scored_round = finished[-1].number
        weights = self._session.folder / finished[-1].weights
        files = [found.image for found in self._held_out]
        scores = []
        for path, mask in self._predicting.masks(weights, files):
            if isinstance(mask, UserError):
                raise mask
            scores.append(dice(mask > 0, self._truths[path] > 0))
        self._holdout_dice = float(np.mean(scores))


def _pairs(images: Path, masks: Path) -> list[FoundImage]:
    found = [pair for pair in look_at([images], masks).found.images if pair.mask is not None]
    if not found:
        raise UserError(f"No image in {images} has a mask in {masks}. Masks are paired with images by file name.")
    return found


def _truth(found: FoundImage) -> NDArray[np.uint16]:
    assert found.mask is not None
    mask = found.mask.files[0]
    return read_mask(mask, read_size(found.image), read_orientation(found.image), make_classes(["object"]))
