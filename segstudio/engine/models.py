"""The networks by name. A network is a module that names its output channels and its pretrained part.

Every network takes float (B, 3, H, W) in [-1, 1] with H and W multiples of ``STRIDE`` and returns logits (B, C, H, W):
one channel for one class (sigmoid), a background channel before the classes' for several (softmax).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import nn
from torch.nn import functional

from segstudio.domain.errors import UserError
from segstudio.engine.efficientnet import FEATURE_CHANNELS, EfficientNetLite0
from segstudio.engine.imagenet_weights import load_imagenet_tensors

STRIDE = 32
_DECODER_CHANNELS = (128, 64, 48, 32)
_LAST_CHANNELS = 16


class SegmentationNetwork(nn.Module):
    """What training and prediction know of a network."""

    def load_pretrained(self) -> None:
        """Load what the network starts from when there are no weights of a round before; nothing by default."""

    def pretrained_parameters(self) -> Iterator[nn.Parameter]:
        """The parameters that are to learn slowly, because they already know much; none by default."""
        return iter(())

    def fresh_parameters(self) -> Iterator[nn.Parameter]:
        """All other parameters."""
        pretrained = {id(parameter) for parameter in self.pretrained_parameters()}
        return (parameter for parameter in self.parameters() if id(parameter) not in pretrained)

    def begin_training(self) -> None:
        """Set up for steps of training."""
        self.train()

    def output_layer(self) -> str:
        """Prefix of the tensors whose shape depends on the classes; they start afresh when the classes change."""
        return "output."


class _DecoderStage(nn.Module):
    """Double the size, join the encoder's features of that size, two 3x3 convolutions."""

    def __init__(self, inputs: int, skip: int, outputs: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(inputs + skip, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
            nn.Conv2d(outputs, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
        )

    def forward(self, x: torch.Tensor, skip: torch.Tensor) -> torch.Tensor:
        x = functional.interpolate(x, scale_factor=2.0, mode="nearest")
        y: torch.Tensor = self.layers(torch.cat([x, skip], dim=1))
        return y


class _SubPixelOutput(nn.Module):
    """Logits at twice the size of the features: four a pixel, put side by side (Shi et al., "ESPCN", CVPR 2016).

    Two convolutions at full size instead would take half of the whole network's time on a CPU.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, 4 * outputs, 3, padding=1)
        with torch.no_grad():
            # The four start alike, so that no chequered pattern has to be unlearned.
            for tensor in (self.conv.weight, self.conv.bias):
                assert tensor is not None
                tensor.copy_(tensor[::4].repeat_interleave(4, dim=0))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return functional.pixel_shuffle(self.conv(x), 2)


class EfficientUNet(SegmentationNetwork):
    """U-Net (Ronneberger et al., MICCAI 2015) on an EfficientNet-Lite0 encoder; 5.3 million parameters."""

    def __init__(self, outputs: int) -> None:
        super().__init__()
        self.encoder = EfficientNetLite0()
        inputs = FEATURE_CHANNELS[-1]
        skips = reversed(FEATURE_CHANNELS[:-1])
        self.decoder = nn.ModuleList()
        for skip, channels in zip(skips, _DECODER_CHANNELS, strict=True):
            self.decoder.append(_DecoderStage(inputs, skip, channels))
            inputs = channels
        self.last = nn.Sequential(
            nn.Conv2d(inputs, _LAST_CHANNELS, 3, padding=1, bias=False),
            nn.BatchNorm2d(_LAST_CHANNELS),
            nn.ReLU(inplace=True),
        )
        self.output = _SubPixelOutput(_LAST_CHANNELS, outputs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits (B, C, H, W) of ``x`` (B, 3, H, W)."""
        *skips, x = self.encoder(x)
        for stage in self.decoder:
            x = stage(x, skips.pop())
        logits: torch.Tensor = self.output(self.last(x))
        return logits

    def load_pretrained(self) -> None:
        """The encoder's ImageNet weights. Raises ``UserError`` if they are not installed or damaged."""
        self.encoder.load_imagenet(load_imagenet_tensors())

    def begin_training(self) -> None:
        """Train all of the decoder, and of the encoder what it trains itself."""
        self.train()
        self.encoder.begin_training()

    def pretrained_parameters(self) -> Iterator[nn.Parameter]:
        """The encoder's."""
        return self.encoder.parameters()


NETWORKS: dict[str, Callable[[int], SegmentationNetwork]] = {
    "unet-efficientnet-lite0": EfficientUNet,
}


def output_channels(class_count: int) -> int:
    """1 for one class (sigmoid), one more than the classes for several (softmax with background)."""
    return 1 if class_count == 1 else class_count + 1


def build_network(name: str, class_count: int) -> SegmentationNetwork:
    """The network ``name`` with random weights for ``class_count`` >= 1 classes. Raises ``UserError`` if unknown."""
    if name not in NETWORKS:
        raise UserError(
            f'This version of segstudio knows no network "{name}". It knows: {", ".join(sorted(NETWORKS))}.'
        )
    return NETWORKS[name](output_channels(class_count))
