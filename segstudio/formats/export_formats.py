"""All formats that masks can be exported in."""

from __future__ import annotations

from segstudio.formats.coco_writer import CocoInstances, CocoPanoptic
from segstudio.formats.mask_formats import ClassMaps, MaskFormat, PlainMasks
from segstudio.formats.overlays import Overlays

PLAIN: MaskFormat = PlainMasks()

MASKS: tuple[MaskFormat, ...] = (
    PLAIN,
    ClassMaps("class-map", "Class maps (PNG and labels.json)", deep=False),
    ClassMaps("ids", "Class maps of 16 bits (PNG and labels.json)", deep=True),
    CocoInstances(),
    CocoPanoptic(),
)
"""Those that are masks, and come back as they went out; the usual one first."""

FORMATS: tuple[MaskFormat, ...] = (*MASKS, Overlays())
"""All of them."""


def format_called(key: str) -> MaskFormat:
    """The format that the command line calls ``key``; ``KeyError`` for none."""
    return {known.key: known for known in FORMATS}[key]
