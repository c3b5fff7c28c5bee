"""EfficientNet-Lite0 as an encoder: the layers before the 1280-channel head.

Tan & Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", ICML 2019, in the Lite variant:
no squeeze-and-excitation, ReLU6 in place of Swish, stem and head not scaled.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional

# TensorFlow's values, with which the ImageNet statistics were gathered.
_NORM_EPSILON = 1e-3
_NORM_MOMENTUM = 0.01


class _Stage(NamedTuple):
    repeats: int
    kernel: int
    stride: int
    expansion: int
    channels: int


_STEM_CHANNELS = 32
_STAGES = (
    _Stage(1, 3, 1, 1, 16),
    _Stage(2, 3, 2, 6, 24),
    _Stage(2, 5, 2, 6, 40),
    _Stage(3, 3, 2, 6, 80),
    _Stage(3, 5, 1, 6, 112),
    _Stage(4, 5, 2, 6, 192),
    _Stage(1, 3, 1, 6, 320),
)
# The last block at each resolution before it is halved: its output is a feature map.
_FINE_BLOCKS, _COARSE_BLOCKS = (0, 2), (4, 10, 15)
_FIRST_COARSE = _FINE_BLOCKS[-1] + 1
FINE_CHANNELS, COARSE_CHANNELS = (16, 24), (40, 112, 320)


class _SameConv2d(nn.Conv2d):
    """A convolution padded as TensorFlow pads ("same"), without bias, that takes over what comes after it.

    At stride 2 an even-sized image has its odd pixel of padding after the image, not before it: the filter gets a row
    and a column of zeros instead, for a padded copy of the features costs as much as the convolution.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, groups: int) -> None:
        super().__init__(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)
        self._shifts = stride == 2

    def forward(self, x: torch.Tensor, norm: nn.BatchNorm2d | None = None) -> torch.Tensor:
        """``x`` (B, C, h, w) convolved and, where ``norm`` is given, normalised by its fixed statistics.

        Scaling the few weights instead of the many features spares a pass over these forward and two backward.
        """
        convolved: torch.Tensor = self._conv_forward(x, *self._folded(norm))
        return convolved

    def _folded(self, norm: nn.BatchNorm2d | None) -> tuple[torch.Tensor, torch.Tensor | None]:
        """The filters and what is added, with ``norm`` in them."""
        weight, bias = self.weight, None
        if norm is not None:
            assert norm.running_mean is not None
            assert norm.running_var is not None
            scale = norm.weight * torch.rsqrt(norm.running_var + norm.eps)
            weight, bias = weight * scale[:, None, None, None], norm.bias - norm.running_mean * scale
        return functional.pad(weight, (1, 0, 1, 0)) if self._shifts else weight, bias

    def plain(self, norm: nn.BatchNorm2d) -> nn.Conv2d:
        """A convolution as any other program has them that does the same as this one and ``norm``."""
        weight, bias = self._folded(norm)
        side, stride = self.kernel_size[0], self.stride[0]
        kernel = side + 1 if self._shifts else side
        made = nn.Conv2d(self.in_channels, self.out_channels, kernel, stride, side // 2, groups=self.groups)
        assert made.bias is not None
        assert bias is not None
        with torch.no_grad():
            made.weight.copy_(weight)
            made.bias.copy_(bias)
        return made


class _ConvNorm(nn.Module):
    """Convolution, batch norm and, unless linear, ReLU6."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1, linear: bool = False
    ) -> None:
        super().__init__()
        self.conv = _SameConv2d(inputs, outputs, kernel, stride, groups)
        self.norm = nn.BatchNorm2d(outputs, eps=_NORM_EPSILON, momentum=_NORM_MOMENTUM)
        self._linear = linear

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.conv.groups > 1 and x.device.type == "cpu":
            # In bfloat16 oneDNN takes four times as long for a depthwise convolution as in float32.
            with torch.autocast("cpu", enabled=False):
                x = self._normed(x.float())
        else:
            x = self._normed(x)
        return x if self._linear else functional.relu6(x, inplace=True)

    def plain(self) -> nn.Sequential:
        """The same of parts that any other program has, for evaluation alone."""
        return nn.Sequential(self.conv.plain(self.norm), nn.Identity() if self._linear else nn.ReLU6())

    def _normed(self, x: torch.Tensor) -> torch.Tensor:
        normed: torch.Tensor = self.norm(self.conv(x)) if self.norm.training else self.conv(x, self.norm)
        return normed


class _InvertedResidual(nn.Module):
    """Expand by 1x1, filter each channel, project back; a residual where shapes allow (Sandler et al., CVPR 2018)."""

    def __init__(self, inputs: int, stage: _Stage, stride: int) -> None:
        super().__init__()
        hidden = inputs * stage.expansion
        self.expand = _ConvNorm(inputs, hidden, 1) if stage.expansion != 1 else None
        self.depthwise = _ConvNorm(hidden, hidden, stage.kernel, stride, groups=hidden)
        self.project = _ConvNorm(hidden, stage.channels, 1, linear=True)
        self._residual = stride == 1 and inputs == stage.channels

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = x if self.expand is None else self.expand(x)
        y = self.project(self.depthwise(y))
        result: torch.Tensor = x + y if self._residual else y
        return result


class EfficientNetLite0(nn.Module):
    """The encoder: ``fine`` sees what all images have in common and never learns, ``coarse`` does.

    Edges, colours and textures are known from ImageNet; a few images could teach nothing but their own. Without them
    a step takes a quarter less.
    """

    def __init__(self) -> None:
        super().__init__()
        self.stem = _ConvNorm(3, _STEM_CHANNELS, 3, stride=2)
        self.blocks = nn.ModuleList()
        channels = _STEM_CHANNELS
        for stage in _STAGES:
            for repeat in range(stage.repeats):
                self.blocks.append(_InvertedResidual(channels, stage, stage.stride if repeat == 0 else 1))
                channels = stage.channels

    @torch.no_grad()
    def fine(self, x: torch.Tensor) -> list[torch.Tensor]:
        """Feature maps at 1/2 and 1/4 of the size, with ``FINE_CHANNELS`` channels.

        ``x`` is float (B, 3, H, W) in [-1, 1] with H and W multiples of 32.
        """
        return self._features(self.stem(x), 0, _FINE_BLOCKS)

    def coarse(self, x: torch.Tensor) -> list[torch.Tensor]:
        """Feature maps at 1/8, 1/16 and 1/32 of the size, with ``COARSE_CHANNELS`` channels, of the one at 1/4."""
        return self._features(x, _FIRST_COARSE, _COARSE_BLOCKS)

    def _features(self, x: torch.Tensor, first: int, wanted: tuple[int, ...]) -> list[torch.Tensor]:
        features = []
        for index in range(first, wanted[-1] + 1):
            x = self.blocks[index](x)
            if index in wanted:
                features.append(x)
        return features

    def begin_training(self) -> None:
        """Train what is worth it: ImageNet's batch statistics and depthwise filters stay as they are.

        The statistics are better than those of a few images. The depthwise filters are few and general, and their
        gradient alone would take a third of a step on a CPU.
        """
        self.train()
        for module in self.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()
            elif isinstance(module, _ConvNorm) and module.conv.groups > 1:
                module.requires_grad_(False)
        for part in (self.stem, *self.blocks[:_FIRST_COARSE]):
            part.requires_grad_(False)

    def load_imagenet(self, tensors: dict[str, torch.Tensor]) -> None:
        """Take over ``tensors``, named as in the PyPI package's file; its head and classifier are left out.

        Raises ``RuntimeError`` if a tensor is missing or has another shape.
        """
        own = self.state_dict()
        renamed = {name: tensors[_file_name(name)] for name in own if _file_name(name) in tensors}
        counters = {name: value for name, value in own.items() if name.endswith("num_batches_tracked")}
        self.load_state_dict({**counters, **renamed}, strict=True)


def make_plain(network: nn.Module) -> None:
    """Put what any other program knows in the place of this encoder's own layers, wherever ``network`` has them."""
    for name, part in list(network.named_children()):
        if isinstance(part, _ConvNorm):
            setattr(network, name, part.plain())
        else:
            make_plain(part)


def _file_name(own_name: str) -> str:
    """The file's name for a tensor of ours: "blocks.3.project.norm.bias" -> "_blocks.3._bn2.bias"."""
    path, layer, tensor = own_name.rsplit(".", 2)
    if path == "stem":
        return f"{'_conv_stem' if layer == 'conv' else '_bn0'}.{tensor}"
    block, part = path.rsplit(".", 1)
    conv, norm = {
        "expand": ("_expand_conv", "_bn0"),
        "depthwise": ("_depthwise_conv", "_bn1"),
        "project": ("_project_conv", "_bn2"),
    }[part]
    return f"_{block}.{conv if layer == 'conv' else norm}.{tensor}"
