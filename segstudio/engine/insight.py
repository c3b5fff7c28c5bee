"""What a network makes of a whole image, gathered on the way to its mask: how unsure it is, and what it looks like."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from segstudio.engine.network import SegmentationNetwork

EMBEDDING_LENGTH = 128
"""Longer features are projected to so many values, which keeps their distances to within some percent."""

_BLANK_SHARE = 0.01
"""Share of the pixels below which a few that are barely said to be an object do not make an image uncertain."""


class Gatherer:
    """Listens to the deepest features of ``network``, and is shown its views of an image by ``compare``.

    ``begin`` starts an image; an image that is looked at in parts is one image still.
    """

    def __init__(self, network: SegmentationNetwork) -> None:
        self.begin()
        network.bottleneck().register_forward_hook(self._pool)

    def begin(self) -> None:
        """Forget what was gathered."""
        self._sum: NDArray[np.float64] | None = None
        self._agreed = self._said = self._doubt = self._pixels = 0.0

    def compare(self, views: NDArray[np.float32]) -> None:
        """Count (V, h, w, C) logits of one part of the image from its V mirror images, turned back."""
        if views.shape[3] == 1:
            said = 1 / (1 + np.exp(-np.clip(views, -30, 30)))
            chosen = np.maximum(said, 1 - said).mean(axis=0)
        else:
            odds = np.exp(views - views.max(axis=3, keepdims=True))
            every = odds / odds.sum(axis=3, keepdims=True)
            said, chosen = every[..., 1:], every.max(axis=3).mean(axis=0)
        pixels = views.shape[1] * views.shape[2]
        self._pixels += pixels
        self._doubt += pixels - float(chosen.sum())
        if len(views) > 1:
            self._agreed += float(said.min(axis=0).sum())
            self._said += float(said.max(axis=0).sum())

    @property
    def uncertainty(self) -> float | None:
        """0 to 1, None without an image or for weights that are no numbers.

        Of several views: the share of what at least one says to be an object of which not all say so, by
        probabilities (1 - their Jaccard index). Of one alone: the mean probability of what was not chosen.
        """
        if not self._pixels:
            return None
        if self._said:
            value = (self._said - self._agreed) / (self._said + _BLANK_SHARE * self._pixels)
        else:
            value = self._doubt / self._pixels
        return float(value) if np.isfinite(value) else None

    @property
    def embedding(self) -> NDArray[np.float16] | None:
        """(D,) float16 of length 1, D <= ``EMBEDDING_LENGTH``; the mean of the deepest features over place and views.

        None without an image or for weights that are no numbers. Distances hold between images that one network saw
        (projection: Johnson & Lindenstrauss, 1984).
        """
        if self._sum is None or not np.isfinite(self._sum).all():
            return None
        vector = self._sum
        if len(vector) > EMBEDDING_LENGTH:
            vector = vector @ np.random.default_rng(0).standard_normal((len(vector), EMBEDDING_LENGTH))
        return (vector / max(float(np.linalg.norm(vector)), 1e-12)).astype(np.float16)

    def _pool(self, _module: nn.Module, _inputs: Any, features: torch.Tensor) -> None:
        pooled = features.detach().float().mean(dim=(2, 3)).sum(dim=0).cpu().numpy().astype(np.float64)
        self._sum = pooled if self._sum is None else self._sum + pooled
