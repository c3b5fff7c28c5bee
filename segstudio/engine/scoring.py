"""How good weights are: mean dense Dice on the held-out images, at the size of their files."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from segstudio.engine.data import Sample
from segstudio.engine.device import Device
from segstudio.engine.models import build_network
from segstudio.engine.predict import flip_averaged_logits, mask_from_logits, mean_class_dice
from segstudio.engine.progress import RoundEvents, check_in_every_layer
from segstudio.protocol.round_folder import IGNORE, TrainingSettings


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """Weights by name, their mean Dice and that of each held-out image by its id."""

    tensors: dict[str, torch.Tensor]
    dice: float
    per_image: dict[int, float]


class Scorer:
    """Scores weights of the network of ``settings`` on ``held_out``; ``report`` is called before each image.

    Raises ``RoundCancelled`` where ``events`` say so.
    """

    def __init__(
        self,
        settings: TrainingSettings,
        class_count: int,
        held_out: list[Sample],
        device: Device,
        events: RoundEvents,
        report: Callable[[], None],
    ) -> None:
        self._settings = settings
        self._class_count = class_count
        self._held_out = held_out
        self._device = device
        self._events = events
        self._report = report

    def score(self, tensors: Mapping[str, torch.Tensor]) -> Scored:
        """The mean Dice of ``tensors``, which are kept as they are and must not change afterwards."""
        network = build_network(self._settings.network, self._class_count)
        network.load_state_dict(dict(tensors))
        network = self._device.place(network.eval())
        check_in_every_layer(network, self._events)
        per_image: dict[int, float] = {}
        for sample in self._held_out:
            self._report()
            self._events.pause()
            assert sample.full_mask is not None
            logits: NDArray[np.float32] = flip_averaged_logits(
                network, sample.pixels, self._device, self._settings.upright
            )
            mask = mask_from_logits(logits, *sample.full_mask.shape)
            per_image[sample.image_id] = mean_class_dice(mask, sample.full_mask, self._class_count, IGNORE)
        return Scored(dict(tensors), math.fsum(per_image.values()) / len(per_image), per_image)
