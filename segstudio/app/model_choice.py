"""The model settings of an open project: kept, given to rounds, and applied to masks that are there already."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from segstudio.app.changes import Changes, Message
from segstudio.app.mask_intake import MaskIntake
from segstudio.app.model_settings import SETTING, ModelSettings
from segstudio.app.predictor import Finish
from segstudio.app.settings import Settings
from segstudio.app.worker_link import WorkerLink
from segstudio.domain.input_size import ImageMeasure, InputSize, choose_input_size
from segstudio.domain.segments import ClassSpec
from segstudio.protocol.messages import FromWorker, Ready
from segstudio.protocol.round_folder import Network, TrainingSettings
from segstudio.store.project_db import Project

LAST_SIZE = "input_size"
"""The setting of a project that says how the last round saw the images."""

UNFINISHED = "masks_to_finish"
"""The setting of a project that is true while masks wait to be made anew, with another finish or by another starter."""

TIMES: dict[Network, float] = {"unet-efficientnet-lite0": 1.0, "unet": 4.0, "segnet": 3.0}
"""How long a round's steps take, against those of the usual network, so many times longer a round may take.

Four images a step, one thread of a processor: 0.32, 1.52 and 1.09 s at 192 x 256 px; 0.21, 0.66 and 0.60 s at 128 x 160
px, which six steps of ten see. What starts from nothing needs its steps even more."""

DEVICE = "device"
"""The setting of a user that says on what the last worker computed: the first round begins before there is one."""


@dataclass(frozen=True)
class KeptModel:
    """What a project keeps of it: settings as JSON, what the last round's size was, and whether masks wait."""

    settings: Any = None
    last_size: Any = None
    unfinished: bool = False

    @classmethod
    def of(cls, project: Project) -> KeptModel:
        """Read it; on the store thread."""
        get = project.settings.get_setting
        return cls(get(SETTING), get(LAST_SIZE), bool(get(UNFINISHED, False)))


class ModelChoice:
    """Main thread only. ``training`` is what this user set for all projects."""

    def __init__(
        self,
        kept: KeptModel,
        *,
        training: TrainingSettings,
        classes: Callable[[], tuple[ClassSpec, ...]],
        user: Settings,
        link: WorkerLink,
        intake: MaskIntake,
        save: Callable[[Callable[[Project], object]], None],
        announce: Callable[[Changes], None],
    ) -> None:
        self.settings = ModelSettings.from_kept(kept.settings, ModelSettings.on_this_computer(training))
        self.last_size = _size(kept.last_size)
        self.starter_side: int | None = None
        """The longer side in px at which the project's starter sees images; what goes on from it sees them so, too."""
        self.starter_network = ""
        """Its network: with another one nothing goes on from it."""
        self._unfinished = kept.unfinished
        self._training = training
        self._classes = classes
        self._user = user
        self._intake = intake
        self._save = save
        self._announce = announce
        intake.predictor.finish = self._finish
        link.on_message.append(self._hear)

    @property
    def device(self) -> str:
        """What rounds are computed on, as far as it is known: "cuda", "mps" or "cpu"."""
        return str(self._user.get(DEVICE, "cpu"))

    def for_round(self, measures: Sequence[ImageMeasure]) -> TrainingSettings:
        """How the round trains that is being written, all of it decided."""
        chosen = self.settings
        size = choose_input_size(measures, self.device, chosen.input_size, chosen.pieces)
        side = self.starter_side if chosen.network == self.starter_network else None
        if side is not None and size.reason in ("usual", "shapes"):
            size = replace(size, longer_side=side, reason="starter")
        self.last_size = size
        kept = {"longer_side": size.longer_side, "window": size.window, "reason": size.reason}
        self._save(lambda project: project.settings.set_setting(LAST_SIZE, kept))
        return replace(
            self._training,
            network=chosen.network,
            loss=chosen.loss,
            input_size=size.longer_side,
            window=size.window,
            flip_average=chosen.flip_average,
            seconds=self._training.seconds * TIMES[chosen.network],
        )

    def set(self, chosen: ModelSettings) -> None:
        """Keep it in the project. Another finish is given to the masks at once; all else counts from the next round."""
        before, self.settings = self.settings, chosen
        if chosen == before:
            return
        self._save(lambda project: project.settings.set_setting(SETTING, chosen.kept()))
        if chosen.kept()["finish"] != before.kept()["finish"] and self._intake.predictor.ready:
            self._set_unfinished(True)
            self._renew()
            renew = self._intake.offer()
            if renew is not None:
                sentence = "Masks are finished as you chose now. The model's part of this mask can be, too."
                self._announce(Changes(message=Message(sentence, action="Renew", on_action=renew, key="better")))
        self._announce(Changes(training=True))

    def expect_renewal(self) -> None:
        """All masks are about to be made anew: should the project be closed before that is done, it goes on later."""
        self._set_unfinished(True)

    def follow(self) -> None:
        """To be called when learning has started and whenever it has come on: masks that waited go on being renewed."""
        if self._unfinished and self._intake.predictor.ready and self._intake.predictor.remaining == 0:
            self._set_unfinished(False)

    def resume(self) -> None:
        """To be called before there are weights: have what waited when the project was closed be made anew."""
        if self._unfinished:
            self._renew()

    def _renew(self) -> None:
        self._intake.predictor.renew()

    def _set_unfinished(self, unfinished: bool) -> None:
        self._unfinished = unfinished
        self._save(lambda project: project.settings.set_setting(UNFINISHED, unfinished))

    def _finish(self) -> Finish:
        return _by_class(self.settings, self._classes())

    def _hear(self, message: FromWorker) -> None:
        if isinstance(message, Ready):
            self._user.set(DEVICE, message.device)


def kept_finish(project: Project) -> Finish:
    """How masks of a project are finished, as far as the user chose it."""
    kept = ModelSettings.from_kept(project.settings.get_setting(SETTING), ModelSettings())
    return _by_class(kept, project.classes())


def _by_class(settings: ModelSettings, classes: Sequence[ClassSpec]) -> Finish:
    own = [settings.finish_of(number) for number in range(1, len(classes) + 1)]
    colours = own[0].colours if len(own) == 1 else None
    return Finish(tuple(finish.threshold for finish in own), tuple(finish.one_region for finish in own), colours)


def _size(kept: Any) -> InputSize | None:
    try:
        return InputSize(int(kept["longer_side"]), kept["window"], kept["reason"])
    except (KeyError, TypeError, ValueError):
        return None
