"""How a project's model learns and predicts, as the user chose it."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field, replace
from typing import Any, TypeVar, get_args

from segstudio.domain.input_size import STEP, Pieces
from segstudio.protocol.round_folder import Loss, Network, TrainingSettings

SETTING = "model"
"""The setting of a project that holds them."""

LEAST_SIZE, MOST_SIZE = 2 * STEP, 4096

_Choice = TypeVar("_Choice")


@dataclass(frozen=True, slots=True)
class ClassFinish:
    """How masks of one class are finished; None leaves it to what is learned on the held-out images.

    ``threshold`` is the probability from which a pixel is the class; ``one_region`` says whether the largest region
    alone stays, without holes; ``colours`` whether the image's own colours count, where there is no other class.
    """

    threshold: float | None = None
    one_region: bool | None = None
    colours: bool | None = None


AUTOMATIC = ClassFinish()


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """``input_size`` is the longer side in px, None to choose it from images and device. ``finish`` is by class id."""

    network: Network = "unet-efficientnet-lite0"
    loss: Loss = "cross_entropy_dice"
    input_size: int | None = None
    pieces: Pieces = "automatic"
    flip_average: bool = True
    finish: dict[int, ClassFinish] = field(default_factory=dict)

    @classmethod
    def on_this_computer(cls, training: TrainingSettings) -> ModelSettings:
        """What a project starts with where this user has settings for all of them."""
        usual = TrainingSettings()
        return cls(
            network=_one_of(training.network, get_args(Network), cls().network),
            loss=_one_of(training.loss, get_args(Loss), cls().loss),
            input_size=None if training.input_size == usual.input_size else training.input_size,
            flip_average=training.flip_average,
        )

    @classmethod
    def from_kept(cls, kept: Any, usual: ModelSettings) -> ModelSettings:
        """What was kept, and ``usual`` where something was not, or makes no sense."""
        if not isinstance(kept, dict):
            return usual
        size, flips, finish = kept.get("input_size"), kept.get("flip_average"), kept.get("finish")
        sizes = isinstance(size, int) and not isinstance(size, bool) and LEAST_SIZE <= size <= MOST_SIZE
        return cls(
            network=_one_of(kept.get("network"), get_args(Network), usual.network),
            loss=_one_of(kept.get("loss"), get_args(Loss), usual.loss),
            input_size=size if sizes else None,
            pieces=_one_of(kept.get("pieces"), get_args(Pieces), usual.pieces),
            flip_average=flips if isinstance(flips, bool) else usual.flip_average,
            finish={int(k): _class_finish(v) for k, v in finish.items() if str(k).isdecimal()}
            if isinstance(finish, dict)
            else usual.finish,
        )

    def kept(self) -> dict[str, Any]:
        """As JSON keeps it."""
        own = {str(id_): asdict(finish) for id_, finish in self.finish.items() if finish != AUTOMATIC}
        return {**asdict(replace(self, finish={})), "finish": own}

    def finish_of(self, class_id: int) -> ClassFinish:
        """How masks of a class are finished."""
        return self.finish.get(class_id, AUTOMATIC)


def _one_of(value: object, choices: tuple[_Choice, ...], usual: _Choice) -> _Choice:
    return next((choice for choice in choices if choice == value), usual)


def _class_finish(kept: Any) -> ClassFinish:
    if not isinstance(kept, dict):
        return AUTOMATIC
    threshold, region, colours = kept.get("threshold"), kept.get("one_region"), kept.get("colours")
    number = isinstance(threshold, float) and math.isfinite(threshold) and 0 < threshold < 1
    return ClassFinish(
        threshold if number else None,
        region if isinstance(region, bool) else None,
        colours if isinstance(colours, bool) else None,
    )
