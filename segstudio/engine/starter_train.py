"""One training of a starter: a fixed number of steps, kept every so often, the same weights however often interrupted.

Every random number comes from the seed, the training and the step, so going on needs no more than the weights, the
optimizer's memory and the number of the step.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from segstudio.engine.batch import Batch
from segstudio.engine.device import Device
from segstudio.engine.ema import WeightAverage
from segstudio.engine.losses import MaskedSegmentationLoss
from segstudio.engine.models import build_network
from segstudio.engine.schedule import FIRST_ROUND, one_cycle
from segstudio.engine.starter_data import StarterData
from segstudio.engine.starter_feed import batches, makers_for
from segstudio.protocol.starter_recipe import Recipe

NETWORK = "unet-efficientnet-lite0"
STATE, STATE_NOTES = "state.safetensors", "state.json"

_KEPT_EVERY = 100
_WEIGHT_DECAY = 0.02
_GRADIENT_NORM = 5.0
_AVERAGE_HORIZON = 0.08


class StarterTraining:
    """Trains on ``data``; ``stream`` tells the trainings of a build apart. ``folder`` is where it is kept."""

    def __init__(self, folder: Path, recipe: Recipe, data: StarterData, stream: int, device: Device) -> None:
        self._folder, self._recipe, self._data = folder, recipe, data
        self._stream, self._device = stream, device
        torch.manual_seed(recipe.seed)
        network = build_network(NETWORK, 1)
        network.load_pretrained()
        self._network = device.place(network)
        self._optimizer = torch.optim.AdamW(
            [{"params": list(network.fresh_parameters())}, {"params": list(network.pretrained_parameters())}],
            lr=1e-3,
            weight_decay=_WEIGHT_DECAY,
            fused=True,
        )
        self._average = WeightAverage(network, _AVERAGE_HORIZON * recipe.steps)
        self._objective = MaskedSegmentationLoss()
        self.step = 0

    def run(self, report: Callable[[int, float], None]) -> dict[str, torch.Tensor]:
        """Train to the end and return the averaged weights; ``report`` is told steps done and the loss."""
        self._go_on()
        for batch in batches(self._data, self._stream, self.step, self._recipe.steps, makers_for(self._device)):
            loss = self._do_step(batch)
            self.step += 1
            report(self.step, loss)
            if self.step % _KEPT_EVERY == 0 or self.step == self._recipe.steps:
                self._keep()
        return self._average.snapshot()

    def _do_step(self, batch: Batch) -> float:
        self._network.begin_training()
        share = one_cycle(self.step / self._recipe.steps)
        for group, peak in zip(self._optimizer.param_groups, (FIRST_ROUND.fresh, FIRST_ROUND.pretrained), strict=True):
            group["lr"] = peak * share
        self._optimizer.zero_grad(set_to_none=True)
        pixels, guidance, masks = batch.on(self._device)
        with self._device.autocast():
            logits = self._network(pixels, guidance)
        loss = self._objective(logits, masks)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self._network.parameters(), _GRADIENT_NORM)
        self._optimizer.step()
        self._average.update(self._network.state_dict())
        return float(loss.detach())

    # ---- going on -----------------------------------------------------------------------------------------------

    def _keep(self) -> None:
        """Write what going on needs beside, then rename; the notes name the file that belongs to them."""
        kept = {f"network.{name}": tensor for name, tensor in self._network.state_dict().items()}
        kept |= {f"average.{name}": tensor for name, tensor in self._average.tensors.items()}
        for name, parameter in self._network.named_parameters():
            for key, value in self._optimizer.state.get(parameter, {}).items():
                kept[f"optimizer.{key}.{name}"] = value
        content = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in kept.items()}
        beside = self._folder / (STATE + ".tmp")
        save_file(content, beside, {"step": str(self.step)})
        os.replace(beside, self._folder / STATE)
        notes = {"step": self.step, "steps": self._recipe.steps, "seed": self._recipe.seed, "stream": self._stream}
        (self._folder / STATE_NOTES).write_text(json.dumps(notes), encoding="utf-8")

    def _go_on(self) -> None:
        """Take up what was kept, if it is there and whole; else begin."""
        from safetensors import safe_open

        file = self._folder / STATE
        with contextlib.suppress(OSError, SafetensorError):
            # Copied: as the file's own bytes they would keep Windows from replacing it.
            kept = {name: tensor.clone() for name, tensor in load_file(file).items()}
            with safe_open(file, framework="pt") as opened:
                step = int(opened.metadata()["step"])
            self._take(kept, step)

    def _take(self, kept: dict[str, torch.Tensor], step: int) -> None:
        parts: dict[str, dict[str, torch.Tensor]] = {"network": {}, "average": {}, "optimizer": {}}
        for name, tensor in kept.items():
            part, rest = name.split(".", 1)
            parts[part][rest] = tensor
        self._network.load_state_dict(parts["network"])
        self._average.resume(parts["average"], step)
        for name, parameter in self._network.named_parameters():
            state = {}
            for key in ("step", "exp_avg", "exp_avg_sq"):
                value = parts["optimizer"].get(f"{key}.{name}")
                if value is not None:
                    # In the parameter's own order of memory, in which the optimizer goes through it.
                    state[key] = value if key == "step" else torch.empty_like(parameter).copy_(value)
            if state:
                self._optimizer.state[parameter] = state
        self.step = step
