"""The networks by name, and the one that most projects use."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import torch
from torch import nn
from torch.nn import functional

from segstudio.domain.errors import UserError
from segstudio.engine.efficientnet import COARSE_CHANNELS, FINE_CHANNELS, EfficientNetLite0
from segstudio.engine.imagenet_weights import load_imagenet_tensors
from segstudio.engine.network import GuidanceStem, SegmentationNetwork, conv_norm
from segstudio.engine.segnet import SegNet
from segstudio.engine.unet import UNet
from segstudio.protocol.round_folder import Network

_DECODER_CHANNELS = (128, 64, 32, 16)


class _DecoderStage(nn.Module):
    """Double the size, join the encoder's features of that size, one 3x3 convolution.

    Both are brought to few channels before they are joined. It is what a 1x1 convolution of the two side by side would
    give, but most of it is computed at half the size, and a 3x3 convolution of all channels took half of a step.
    """

    def __init__(self, inputs: int, skip: int, outputs: int) -> None:
        super().__init__()
        self.coarse = nn.Conv2d(inputs, outputs, 1, bias=False)
        self.skip = nn.Conv2d(skip, outputs, 1, bias=False)
        self.layers = nn.Sequential(nn.BatchNorm2d(outputs), nn.ReLU(inplace=True), *conv_norm(outputs, outputs))

    def forward(self, x: torch.Tensor, skip: torch.Tensor) -> torch.Tensor:
        x = functional.interpolate(self.coarse(x), scale_factor=2.0, mode="nearest")
        y: torch.Tensor = self.layers(x + self.skip(skip))
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
    """U-Net (Ronneberger et al., MICCAI 2015) on an EfficientNet-Lite0 encoder, light in the decoder.

    It has 3.2 million parameters.
    """

    def __init__(self, outputs: int) -> None:
        super().__init__()
        self.encoder = EfficientNetLite0()
        self.guide = GuidanceStem(FINE_CHANNELS[-1], stride=2)
        *skips, inputs = FINE_CHANNELS + COARSE_CHANNELS
        self.decoder = nn.ModuleList()
        for skip, channels in zip(reversed(skips), _DECODER_CHANNELS, strict=True):
            self.decoder.append(_DecoderStage(inputs, skip, channels))
            inputs = channels
        self.output = _SubPixelOutput(inputs, outputs)

    def forward(self, x: torch.Tensor, guidance: torch.Tensor | None = None) -> torch.Tensor:
        """Logits (B, C, H, W)."""
        return self.answer(self.look(x), guidance)

    def look(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """The encoder's fine features."""
        return tuple(self.encoder.fine(x))

    def answer(self, looked: tuple[torch.Tensor, ...], guidance: torch.Tensor | None) -> torch.Tensor:
        """Logits (B, C, H, W)."""
        *skips, fine = looked
        if guidance is not None:
            fine = self.guide.join(fine, functional.avg_pool2d(guidance, 2))
        *more, x = self.encoder.coarse(fine)
        skips += [fine, *more]
        for stage in self.decoder:
            x = stage(x, skips.pop())
        logits: torch.Tensor = self.output(x)
        return logits

    def load_pretrained(self) -> None:
        """The encoder's ImageNet weights. Raises ``UserError`` if they are not installed or damaged."""
        self.encoder.load_imagenet(load_imagenet_tensors())

    def bottleneck(self) -> nn.Module:
        """The encoder's last block."""
        return self.encoder.blocks[-1]

    def begin_training(self) -> None:
        """Train all of the decoder, and of the encoder what it trains itself."""
        self.train()
        self.encoder.begin_training()

    def pretrained_parameters(self) -> Iterator[nn.Parameter]:
        """The encoder's."""
        return self.encoder.parameters()


NETWORKS: dict[Network, Callable[[int], SegmentationNetwork]] = {
    "unet-efficientnet-lite0": EfficientUNet,
    "unet": UNet,
    "segnet": SegNet,
}


def output_channels(class_count: int) -> int:
    """1 for one class (sigmoid), one more than the classes for several (softmax with background)."""
    return 1 if class_count == 1 else class_count + 1


def build_network(name: str, class_count: int) -> SegmentationNetwork:
    """The network ``name`` with random weights for ``class_count`` >= 1 classes. Raises ``UserError`` if unknown."""
    for known, make in NETWORKS.items():
        if known == name:
            return make(output_channels(class_count))
    raise UserError(f'This version of segstudio knows no network "{name}". It knows: {", ".join(sorted(NETWORKS))}.')


def network_of(name: str, class_count: int, tensors: Mapping[str, torch.Tensor]) -> SegmentationNetwork:
    """The network ``name`` with the weights ``tensors`` by name, on the CPU, for evaluation.

    It draws no random number, so that whoever asks for a mask or a click during a round leaves the round what it was.
    Raises ``UserError`` if ``name`` is unknown, ``RuntimeError`` if the weights do not fit.
    """
    # A network is filled at random before it gets its weights.
    with torch.random.fork_rng(devices=[]):
        network = build_network(name, class_count)
    network.load_state_dict(dict(tensors))
    return network.eval()
