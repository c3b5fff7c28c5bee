"""How a network is asked about an image: whole or in overlapping windows, from one side or averaged over mirror images.

Training scores weights and prediction makes masks in the very same way.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from segstudio.engine.device import Device
from segstudio.engine.insight import Gatherer
from segstudio.engine.network import SegmentationNetwork, silenced
from segstudio.engine.sample import Pixels
from segstudio.engine.tensors import to_guidance, to_tensor
from segstudio.imaging.cv import cv2
from segstudio.protocol.round_folder import TrainingSettings

_SMOOTHING = 0.8
_OVERLAP = 0.25
_WINDOWS_AT_ONCE = 4


class _Sides(Protocol):
    @property
    def input_size(self) -> int: ...
    @property
    def window(self) -> int | None: ...


@dataclass(frozen=True, slots=True)
class Inference:
    """``flip_average`` has a mask be the mean over mirror images: two where ``upright``, else four.

    With a ``window`` in px, larger images are seen in overlapping squares. Classes numbered in ``void`` are never said.
    """

    upright: bool = False
    flip_average: bool = True
    window: int | None = None
    void: tuple[int, ...] = ()

    @classmethod
    def of(cls, settings: TrainingSettings, void: tuple[int, ...]) -> Inference:
        """As the weights that a round with ``settings`` leaves are asked."""
        return cls(settings.upright, settings.flip_average, settings.window, void)

    @property
    def flips(self) -> list[tuple[int, ...]]:
        """The axes of (B, C, H, W) along which each view is mirrored."""
        if not self.flip_average:
            return [()]
        return [(), (3,)] if self.upright else [(), (3,), (2,), (2, 3)]

    @property
    def shares(self) -> bool:
        """Whether there are mirror images enough for two networks: each is to see more than one.

        On photographs of people (CCP, two mirror images) two that saw one each came to an IoU of 0.917, the new one to
        0.921.
        """
        return len(self.flips) >= 4

    def views(self, device: Device) -> int:
        """How many views the network is asked about at once, windows and their mirror images."""
        return len(self.flips) * (1 if self.window is None or device.kind == "cpu" else _WINDOWS_AT_ONCE)

    def windows(self, height: int, width: int) -> int:
        """In how many windows an image of that input size is seen."""
        if self.window is None:
            return 1
        stride = self.window * (1 - _OVERLAP)
        return math.prod(1 + math.ceil(max(0, side - self.window) / stride) for side in (height, width))


def image_logits(
    members: Sequence[SegmentationNetwork],
    pixels: Pixels,
    device: Device,
    how: Inference,
    between_windows: Callable[[], None] = lambda: None,
    gatherer: Gatherer | None = None,
    at_once: int | None = None,
) -> NDArray[np.float32]:
    """Logits (h, w, C) float32 of ``pixels`` (h, w, 3) uint8 at input size, by a network or the members of an ensemble.

    Several share the mirror images, so they take hardly longer than one; without any, each sees the image.
    Windows are blended by Gaussian weights, as MONAI's sliding window does; ``between_windows`` may raise to give up.
    ``gatherer`` is shown the views of the first of ``members``; a network sees ``at_once`` of its views together, or
    all. The logits are smoothed a little: steep ones, enlarged, would give a mask a border of steps. On PH2 that
    changes the Dice by less than 0.001.
    """
    pixels = np.ascontiguousarray(pixels)
    with torch.inference_mode(), device.autocast():
        if how.windows(*pixels.shape[:2]) == 1:
            logits = _flip_averaged(members, to_tensor(pixels[None], device.torch), how, gatherer, at_once)
        else:
            logits = _windowed(members, pixels, device, how, between_windows, gatherer, at_once)
        mean = np.ascontiguousarray(logits[0].permute(1, 2, 0).cpu().numpy())
    smooth = cv2.GaussianBlur(mean, (0, 0), _SMOOTHING)
    return np.asarray(smooth, np.float32).reshape(mean.shape)


@dataclass(frozen=True, slots=True, eq=False)
class Looked:
    """What a network made of ``pixels`` and their mirror image before it heard of clicks; good for all that follow."""

    pixels: Pixels
    device: Device
    features: tuple[torch.Tensor, ...]

    @classmethod
    def at(cls, network: SegmentationNetwork, pixels: Pixels, device: Device) -> Looked:
        """``pixels`` are (h, w, 3) uint8."""
        views = to_tensor(np.stack([pixels, pixels[:, ::-1]]), device.torch)
        with torch.inference_mode(), device.autocast():
            return cls(pixels, device, network.look(views))

    def holds_for(self, pixels: Pixels, device: Device) -> bool:
        """Whether it is what would be seen."""
        return self.device is device and np.array_equal(self.pixels, pixels)


def guided_probability(
    network: SegmentationNetwork, looked: Looked, clicks: Pixels, class_number: int, void: tuple[int, ...] = ()
) -> NDArray[np.uint8]:
    """How probable class ``class_number`` is against the likeliest other one: (h, w) uint8, 255 is certain.

    ``clicks`` (``domain.clicks.drawn``) are (h, w, 3) uint8. The mean over two mirror images, whatever the images are
    of: a hand waits for the answer, and one more view would cost as much as the first.
    """
    device = looked.device
    guidance = to_guidance(torch.from_numpy(np.stack([clicks, clicks[:, ::-1]])).to(device.torch))
    with torch.inference_mode(), device.autocast():
        logits = silenced(network.answer(looked.features, guidance).float(), void)
    here = (logits[0] + logits[1].flip(-1)) / 2
    if len(here) > 1:
        others = torch.cat([here[:class_number], here[class_number + 1 :]])
        here = here[class_number : class_number + 1] - others.max(dim=0, keepdim=True).values
    probability = torch.sigmoid(here[0].nan_to_num()).cpu().numpy()
    return np.asarray(np.rint(255 * probability), np.uint8)


def _flip_averaged(
    members: Sequence[SegmentationNetwork],
    images: torch.Tensor,
    how: Inference,
    gatherer: Gatherer | None,
    at_once: int | None,
) -> torch.Tensor:
    """Logits (B, C, h, w) float32 of ``images`` (B, 3, h, w), averaged over mirror images."""
    count = max(len(how.flips), len(members))
    answers: dict[int, torch.Tensor] = {}
    for first, network in enumerate(members):
        views = {number: how.flips[number % len(how.flips)] for number in range(first, count, len(members))}
        mirrored = torch.cat([images.flip(axes) for axes in views.values()])
        mirrored = mirrored.contiguous(memory_format=torch.channels_last)
        answer = torch.cat([network(part).float() for part in torch.split(mirrored, at_once or len(mirrored))])
        said = silenced(answer, how.void).chunk(len(views))
        answers |= {number: view.flip(axes) for view, (number, axes) in zip(said, views.items(), strict=True)}
    if gatherer is not None:
        # Members are unlike each other wherever they learned unlike, and that tells less of errors than mirror images.
        newest = torch.stack([answers[number] for number in range(0, count, len(members))])
        for image in newest.permute(1, 0, 3, 4, 2).cpu().numpy():
            gatherer.compare(image)
    return torch.stack([answers[number] for number in range(count)]).mean(dim=0)


def _windowed(
    members: Sequence[SegmentationNetwork],
    pixels: Pixels,
    device: Device,
    how: Inference,
    between_windows: Callable[[], None],
    gatherer: Gatherer | None,
    at_once: int | None,
) -> torch.Tensor:
    # Not at the top: it takes seconds to import, and few projects need it.
    from monai.inferers import sliding_window_inference

    def see(windows: torch.Tensor) -> torch.Tensor:
        between_windows()
        return _flip_averaged(members, windows, how, gatherer, at_once)

    assert how.window is not None
    # The image and the sums stay in the computer's own memory: only windows go to the accelerator.
    logits: torch.Tensor = sliding_window_inference(
        to_tensor(pixels[None], torch.device("cpu")),
        (min(how.window, pixels.shape[0]), min(how.window, pixels.shape[1])),
        1 if device.kind == "cpu" else _WINDOWS_AT_ONCE,
        see,
        overlap=_OVERLAP,
        mode="gaussian",
        sw_device=device.torch,
        device=torch.device("cpu"),
    )
    return logits


def seen_at_once(settings: _Sides) -> int:
    """The side in px of what a network sees at once: a window, or the image."""
    return settings.input_size if settings.window is None else settings.window
