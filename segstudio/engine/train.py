"""A round of training: from the samples a person has vouched for to the weights that predict the rest."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import torch

from segstudio.engine.base import Base
from segstudio.engine.beginning import (
    asked_side,
    first_means,
    has_outgrown,
    objective,
    samples_as_new,
    starting_network,
    step_budget,
)
from segstudio.engine.checkpoint import Checkpoint
from segstudio.engine.contest import Contest
from segstudio.engine.data import RoundData
from segstudio.engine.device import Device
from segstudio.engine.ema import WeightAverage
from segstudio.engine.feed import Feed
from segstudio.engine.finishing import Finish
from segstudio.engine.inference import Inference
from segstudio.engine.network import SegmentationNetwork
from segstudio.engine.progress import RoundEvents, RoundProgress
from segstudio.engine.schedule import (
    FIRST_ROUND,
    GUARD_NEEDS,
    LATER_ROUND,
    Known,
    one_cycle,
    planned_scorings,
)
from segstudio.engine.scoring import Scored, Scorer, Tensors
from segstudio.engine.second_look import NO_SECOND_LOOK, SecondLook
from segstudio.engine.trouble import (
    MEMORY_ERRORS,
    Means,
    NoMemory,
    Trouble,
    did_not_settle,
    drop_half_made,
    free_memory,
    is_out_of_memory,
    total_norm,
)
from segstudio.engine.views import Look
from segstudio.protocol.messages import Phase
from segstudio.protocol.round_folder import RoundRequest

_T = TypeVar("_T")

_WEIGHT_DECAY = 0.01
_GRADIENT_NORM = 5.0
_AVERAGE_HORIZON = 0.08
_LOSS_SMOOTHING = 0.1
# The share of a cycle from which on the rate is low, and that of a round after which it is seen whether it was right
# to go on from the last weights.
_LATE, _GUARD_SHARE = 0.7, 0.4
# Shares of the progress bar.
_PREPARED, _TRAINED = 0.03, 0.96


@dataclass(frozen=True, slots=True)
class Trained:
    """What a round ends with: ``best`` are the averaged weights, ``finish`` is what improves their masks.

    ``device`` is where training ended; ``cuts`` are the budget's. ``second_look`` says how what they find is to be
    looked at again.
    """

    best: Scored
    steps: int
    loss: float
    held_out_dice: float | None
    held_out_count: int
    finish: Finish
    device: Device
    cuts: tuple[tuple[int, int], ...] = ()
    second_look: SecondLook = NO_SECOND_LOOK


class RoundTrainer:
    """Trains one round. Raises ``RoundCancelled`` where ``events`` say so, ``UserError`` where nothing helps."""

    def __init__(
        self,
        request: RoundRequest,
        data: RoundData,
        parent: Checkpoint | None,
        device: Device,
        events: RoundEvents,
        starter: Checkpoint | None = None,
        cuts: Sequence[tuple[int, int]] = (),
    ) -> None:
        self._request = request
        self._settings = request.settings
        self._data = data
        self._events = events
        self._trouble = Trouble(first_means(request.settings, device, len(data.train)), events.on_notice)
        torch.manual_seed(request.settings.seed)
        self._class_count = len(request.classes)
        self._parent = parent
        self._base = Base.of(starter, request, data.train)
        self._goes_on = parent is not None and not (self._base is None and self._competes and has_outgrown(data))
        self._begun = parent if self._goes_on else None
        self._use(starting_network(request, self._begun, device, events))
        self._rates = LATER_ROUND if self._goes_on else FIRST_ROUND
        self._optimizer = self._new_optimizer()
        self._objective = objective(request, data)
        known = Known.NOTHING if parent is None else Known.STARTER if parent is starter else Known.ROUND
        self._budget = step_budget(request.settings, len(data.train), known, device, cuts)
        self._average = WeightAverage(self._network, _AVERAGE_HORIZON * self._budget.steps)
        self._feed = Feed(request, data.train if self._goes_on else samples_as_new(data.train), device)
        self._loss: float | None = None
        self._asked_side = asked_side(request, data)
        side = min(self._asked_side, self._means.side)
        self._scorer = Scorer(request, data.held_out, device, events, side, lambda: self._report("scoring"))
        self._scorings = self._planned_scorings()
        self._starter = starter if self._base is not None and parent is not starter else None
        self._contest = Contest(self._goes_on, Inference.of(self._settings, request.void).shares)
        self._latest_dice: float | None = None

    def run(self) -> Trained:
        """Train to the end of the plan and return the best averaged weights."""
        with contextlib.closing(self._feed):
            self._train()
        return self._best_found()

    def _train(self) -> None:
        self._feed.begin()
        self._score_parent()
        while self._budget.step < self._budget.steps and not self._contest.is_over:
            self._report("training")
            self._events.pause()
            self._budget.begin_step()
            if self._careful_step():
                self._budget.end_step()
            if self._scorings and self._budget.fraction >= self._scorings[0]:
                self._scorings = [share for share in self._scorings if share > self._budget.fraction]
                self._score()

    def _best_found(self) -> Trained:
        self._report("scoring")
        best, count = self._contest.accepted(self._ask_scorer) or self._unscored(), len(self._data.held_out)
        if best is self._contest.last:
            self._events.on_notice("The new weights did no better on the held-out images. The model stays as it was.")
        return Trained(
            best=best,
            steps=self._budget.step,
            loss=self._loss if self._loss is not None else math.inf,
            held_out_dice=best.dice if math.isfinite(best.dice) else None,
            held_out_count=count,
            finish=self._scorer.learn_finish(best, self._request.things, self._data.train, self._base),
            device=self._means.device,
            cuts=tuple(self._budget.cuts),
            second_look=self._second_look(best),
        )

    def _second_look(self, best: Scored) -> SecondLook:
        if self._settings.window is not None:
            return NO_SECOND_LOOK
        if best is self._contest.last and self._parent is not None:
            return self._parent.header.second_look
        return NO_SECOND_LOOK if self._base is None else self._base.second_look

    @property
    def _means(self) -> Means:
        return self._trouble.means

    # ---- one step ---------------------------------------------------------------------------------------------

    def _careful_step(self) -> bool:
        """One step; False if it has to be done again, with lesser means or from the last good weights."""
        loss, memory_ran_out = None, False
        try:
            loss = self._step()
        except MEMORY_ERRORS as error:
            if not is_out_of_memory(error):
                raise
            memory_ran_out = True
        # Not above: the error holds on to what filled the memory.
        if memory_ran_out:
            self._take_less()
            return False
        if loss is None:
            self._recover()
            return False
        smooth = max(_LOSS_SMOOTHING, 1.0 / (self._budget.step + 1))
        self._loss = loss if self._loss is None else self._loss + smooth * (loss - self._loss)
        return True

    def _step(self) -> float | None:
        """One step of the optimizer; its loss, or None if that, a gradient, a weight or a statistic is not a number."""
        device = self._means.device
        pixels, guidance, masks = self._feed.next(self._look()).on(device)
        self._set_rates()
        self._optimizer.zero_grad(set_to_none=True)
        with device.autocast():
            logits = self._network(pixels, guidance)
        loss = self._objective(logits, masks)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(self._parameters, _GRADIENT_NORM)
        # Statistics can overflow where the loss does not; a step by a clipped gradient leads from numbers to numbers.
        # Asked together: an accelerator stands still until what it said is heard.
        said: list[float] = torch.stack([loss.detach(), norm, total_norm(self._changing.values())]).tolist()
        if not all(map(math.isfinite, said)):
            return None
        self._optimizer.step()
        self._average.update(self._changing)
        return said[0]

    def _look(self) -> Look:
        side, window, size = self._means.side, self._settings.window, self._settings.input_size
        if window is None:
            return Look(self._means.batch, side / size, None, self._budget.scale)
        return Look(self._means.batch, 1.0, side, self._budget.scale)

    def _use(self, network: SegmentationNetwork) -> None:
        """Train ``network``, as it lies on its device; what is asked of it each step is looked up once."""
        self._network = network
        self._network.begin_training()
        self._parameters = list(network.parameters())
        self._changing = network.changing()

    def _new_optimizer(self) -> torch.optim.Optimizer:
        groups = [
            {"params": list(self._network.fresh_parameters())},
            {"params": list(self._network.pretrained_parameters())},
        ]
        return torch.optim.AdamW([g for g in groups if g["params"]], lr=1e-3, weight_decay=_WEIGHT_DECAY, fused=True)

    def _set_rates(self) -> None:
        share = one_cycle(self._budget.cycle) * self._trouble.rate_scale
        peaks = (self._rates.fresh, self._rates.pretrained)
        for group, peak in zip(self._optimizer.param_groups, peaks, strict=False):
            group["lr"] = peak * share

    # ---- trouble ----------------------------------------------------------------------------------------------

    def _recover(self) -> None:
        """Go back to the averaged weights: no step that went wrong is in them."""
        self._trouble.ran_away()
        self._network.load_state_dict(self._average.tensors)
        self._optimizer = self._new_optimizer()

    def _take_less(self) -> None:
        """Go on with lesser means."""
        before = self._means
        self._optimizer.zero_grad(set_to_none=True)
        drop_half_made(self._optimizer)
        free_memory(before.device)
        self._trouble.memory_ran_out()
        means = self._means
        side = min(self._asked_side, means.side)
        self._scorer.means = replace(self._scorer.means, device=means.device, side=side)
        if means.device is not before.device:
            self._use(means.device.place(self._network))
            self._average.to(means.device.torch)
            self._optimizer = self._new_optimizer()

    # ---- held-out images --------------------------------------------------------------------------------------

    @property
    def _competes(self) -> bool:
        """Whether the weights before can be held to new ones: of the same classes, on images enough."""
        same_classes = self._parent is not None and len(self._parent.header.classes) == self._class_count
        return same_classes and len(self._data.held_out) >= GUARD_NEEDS

    def _planned_scorings(self) -> list[float]:
        inference = Inference.of(self._settings, self._request.void)
        return planned_scorings([inference.windows(*sample.mask.shape) for sample in self._data.held_out])

    def _score_parent(self) -> None:
        """Let the weights that the round goes on from compete, where there are images enough to tell.

        Then the accepted weights are never worse on the held-out images than the last ones. After a fixed share of the
        round it is also seen whether these were worth going on from.
        """
        if self._parent is not None and self._competes:
            scored = self._ask_scorer(self._parent.tensors, self._parent.earlier)
            if math.isfinite(scored.dice):
                self._contest.enter_last(scored)
            elif self._goes_on:
                # They may heal on the way. If not, they are nothing to go back to.
                self._begun = self._starter
            if self._goes_on:
                self._scorings = [_GUARD_SHARE, *self._scorings]

    def _ask_scorer(self, tensors: Tensors, earlier: Tensors | None = None) -> Scored:
        """Score ``tensors``; if there is no memory for it the round goes on with images that there is memory for."""
        return self._with_less(lambda: self._scorer.score(tensors, earlier))

    def _with_less(self, ask: Callable[[], _T]) -> _T:
        while True:
            with contextlib.suppress(NoMemory):
                return ask()
            self._take_less()

    def _score(self) -> None:
        """Score the averaged weights on the held-out images, and remember them if they are the best so far."""
        scored = self._ask_scorer(self._snapshot())
        if not math.isfinite(scored.dice):
            self._drop_average()
            return
        self._latest_dice = scored.dice
        if self._contest.enter(scored, late=self._budget.cycle >= _LATE):
            self._restart()

    def _drop_average(self) -> None:
        """Go back to weights that are known to give numbers: the averaged ones are, and yet they don't."""
        self._trouble.ran_away()
        if self._contest.best is None:
            self._begin_from(self._begun)
        else:
            self._network.load_state_dict(self._contest.best.tensors)
        self._optimizer = self._new_optimizer()
        self._average = WeightAverage(self._network, _AVERAGE_HORIZON * self._budget.steps)

    def _snapshot(self) -> dict[str, torch.Tensor]:
        """What the round would leave if it ended now."""
        learned = self._average.snapshot()
        return learned if self._base is None else self._base.mixed(learned)

    def _unscored(self) -> Scored:
        """The averaged weights, unscored. Raises ``UserError`` if they learned nothing or give no numbers."""
        tensors = self._snapshot()
        if not self._average.is_taught or not self._with_less(
            lambda: self._scorer.gives_numbers(tensors, self._data.train[0])
        ):
            raise did_not_settle()
        return Scored(tensors, math.nan, {}, self._scorer.means.side)

    def _restart(self) -> None:
        """Spend the rest of the round on weights that know nothing of the rounds before."""
        self._events.on_notice(
            "Going on from the last model made it worse on the held-out images. "
            "The rest of this round starts afresh, and the better model is kept."
        )
        self._begin_from(self._starter)
        self._optimizer = self._new_optimizer()
        self._budget.begin_cycle()
        begun = self._budget.fraction
        self._average = WeightAverage(self._network, _AVERAGE_HORIZON * (self._budget.steps - self._budget.step))
        self._scorings = [begun + (1 - begun) * share for share in self._planned_scorings()]

    def _begin_from(self, begun: Checkpoint | None) -> None:
        self._use(starting_network(self._request, begun, self._means.device, self._events))
        self._rates = FIRST_ROUND if begun is None else LATER_ROUND
        # Weights that begin afresh are no neighbours of a starter: their mean would be neither.
        self._base = None if begun is None else self._base

    def _report(self, phase: Phase) -> None:
        self._events.on_progress(
            RoundProgress(
                phase=phase,
                fraction=_PREPARED + (_TRAINED - _PREPARED) * self._budget.fraction,
                seconds_left=self._budget.seconds_left,
                step=self._budget.step,
                steps=self._budget.steps,
                loss=self._loss,
                held_out_dice=self._latest_dice,
                held_out_count=len(self._data.held_out),
            )
        )
