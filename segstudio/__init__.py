"""segstudio: correct image segmentations while a model learns from the corrections."""

__version__ = "0.1.0"
