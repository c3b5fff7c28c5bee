"""What the command line lets one choose from."""

from __future__ import annotations

from enum import StrEnum


class DemoName(StrEnum):
    """The demo projects."""

    lesion = "lesion"
    body = "body"


class MasksUse(StrEnum):
    """What existing masks are taken for."""

    approved = "approved"
    compare = "compare"


class Against(StrEnum):
    """What a project's masks are held to."""

    approved = "approved"
    now = "now"
    truth = "truth"


class QueueOrder(StrEnum):
    """How a simulated annotator chooses images."""

    random = "random"
    uncertain = "uncertain"
    diverse = "diverse"


class NetworkName(StrEnum):
    """The networks; their explanations are in the window's model settings."""

    unet_efficientnet_lite0 = "unet-efficientnet-lite0"
    unet = "unet"
    segnet = "segnet"


class StarterName(StrEnum):
    """The starter models there are recipes for."""

    lesion = "lesion"
    body = "body"


class StartFrom(StrEnum):
    """What a project's model starts from."""

    automatic = "automatic"
    lesion = "lesion"
    body = "body"
    none = "none"


class ExportFormat(StrEnum):
    """The formats that masks are exported in."""

    png = "png"
    class_map = "class-map"
    ids = "ids"
    coco = "coco"
    coco_panoptic = "coco-panoptic"
    overlay = "overlay"
