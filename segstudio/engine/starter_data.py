"""What a starter learns from, in memory, and the random views of it that make up a step."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from segstudio.engine.augment import Augmentation, augment, fit
from segstudio.engine.batch import Batch
from segstudio.engine.data import load_rgb, read_mask
from segstudio.engine.guidance import simulated
from segstudio.engine.pasting import PHOTOGRAPHED, pasted, room
from segstudio.engine.sample import Mask, Pixels, Sample
from segstudio.engine.second_look import ENLARGED
from segstudio.engine.views import Views
from segstudio.imaging.camera import as_taken_elsewhere, coarsen
from segstudio.imaging.cv import cv2
from segstudio.imaging.dermoscope import as_other_dermoscopes
from segstudio.imaging.scene import draw_scene
from segstudio.imaging.synthetic_bodies import body
from segstudio.imaging.synthetic_lesions import lesion
from segstudio.protocol.round_folder import IGNORE
from segstudio.protocol.starter_recipe import Recipe, RecipeSample, StarterKind

DRAWN, BACKGROUND = "drawn", "background"
"""Sources of made-up pictures, and of pictures without what is looked for."""

VIDEO = "video"
"""The source of frames."""

_STORED = 384
_SCENES = 24
# How often a person is put before another place.
_PASTED = 0.5
# How often the place behind somebody is one that a video was taken in: furniture that stands still in every frame is
# never a person's.
_ROOM = 0.3
# How often the place behind somebody is dim or dark, as a studio is: black walls are no black coats.
_DIM = 0.45
# How often people are seen as large as a second look sees them.
_NEARER = 0.3
# How often a person is seen with few pixels, as in a video of a whole room.
_COARSE = 0.3
# How often what lies outside a picture is the black of a lens's mount, and not the lesion.
_IN_THE_DARK = 0.3
_GUIDED = 0.35
_CANVASES: dict[StarterKind, tuple[tuple[int, int], ...]] = {
    "lesion": ((192, 256),),
    "body": ((320, 192), (320, 192), (320, 256), (256, 320), (224, 320), (192, 320)),
}
_HOW = {
    "lesion": Augmentation(zoom=2.1, stretch=1.2, shift=0.15),
    "body": PHOTOGRAPHED,
}


class StarterData:
    """The samples of ``recipe`` but those of ``left_out``, a fold; ``folder`` is the recipe's."""

    def __init__(self, folder: Path, recipe: Recipe, left_out: int | None) -> None:
        self._recipe = recipe
        self._sources: dict[str, list[Sample]] = {}
        sequences: dict[str, list[Sample]] = {}
        for number, sample in enumerate(recipe.samples):
            if sample.fold != left_out or sample.source == BACKGROUND:
                loaded = _load(folder, number, sample)
                self._sources.setdefault(sample.source, []).append(loaded)
                if sample.source == VIDEO:
                    sequences.setdefault(sample.group, []).append(loaded)
        self._sequences = list(sequences.values())
        self._rooms = [room(frames[0]) for frames in self._sequences]
        if recipe.shares.get(DRAWN):
            self._sources[DRAWN] = [drawn_sample(recipe, number) for number in range(recipe.drawn)]
        self._backgrounds = self._sources.pop(BACKGROUND, [])
        if recipe.kind == "body":
            self._backgrounds += [_scene(recipe.seed, number) for number in range(_SCENES)]
        self._people = [one for samples in self._sources.values() for one in samples if (one.mask == 1).any()]
        often = np.sqrt([len(frames) for frames in self._sequences])
        self._sequence_shares = often / often.sum()
        self._names = [name for name, share in recipe.shares.items() if share and self._sources.get(name)]
        shares = np.array([recipe.shares[name] for name in self._names])
        self._shares = shares / shares.sum()

    def batch(self, step: int, scale: float, stream: int) -> Batch:
        """The views of ``step``: they depend on the step alone, so that a build goes on where it was killed."""
        recipe = self._recipe
        rng = np.random.default_rng([recipe.seed, stream, step])
        canvases = _CANVASES[recipe.kind]
        canvas = canvases[int(rng.integers(len(canvases)))]
        if recipe.kind == "body" and scale == 1 and rng.random() < _NEARER:
            scale = ENLARGED
        h, w = (max(64, 32 * round(side * scale / 32)) for side in canvas)
        views = [self._view((h, w), rng) for _ in range(recipe.batch)]
        told = [simulated(mask, 1, rng) if rng.random() < _GUIDED else None for _, mask in views]
        return Batch.of(Views.empty(len(views), h, w).fill(views, told))

    def _view(self, canvas: tuple[int, int], rng: np.random.Generator) -> tuple[Pixels, Mask]:
        source = self._names[int(rng.choice(len(self._names), p=self._shares))]
        samples = self._samples(source, rng)
        sample = samples[int(rng.integers(len(samples)))]
        how = _HOW[self._recipe.kind]
        if self._recipe.kind == "lesion":
            pixels, mask = augment(sample, canvas, fit(sample, canvas, rng), how, rng)
            if rng.random() < _IN_THE_DARK:
                outside = mask == IGNORE
                pixels[outside], mask[outside] = rng.integers(0, 16), 0
            return as_other_dermoscopes(pixels, rng), mask
        if source == DRAWN or rng.random() >= _PASTED or not (sample.mask == 1).any():
            pixels, mask = augment(sample, canvas, fit(sample, canvas, rng), how, rng)
        else:
            in_room = bool(self._rooms) and rng.random() < _ROOM
            places = self._rooms if in_room else self._backgrounds
            dim = not in_room and rng.random() < _DIM
            place = places[int(rng.integers(len(places)))]
            pixels, mask = pasted(sample, place, self._people, dim, canvas, rng)
        if rng.random() < _COARSE:
            pixels = coarsen(pixels, rng)
        return as_taken_elsewhere(pixels, rng, 0.8), mask

    def _samples(self, source: str, rng: np.random.Generator) -> list[Sample]:
        """Those of ``source`` to choose one from; of videos, the frames of one.

        Neighbours are alike: a video of a hundred frames is seen ten times as often as a frame that stands alone.
        """
        if source != VIDEO:
            return self._sources[source]
        return self._sequences[int(rng.choice(len(self._sequences), p=self._sequence_shares))]


def drawn_sample(recipe: Recipe, number: int) -> Sample:
    """A made-up picture of what ``recipe`` is for; the first ``recipe.drawn`` are trained on."""
    draw = lesion if recipe.kind == "lesion" else body
    pixels, member = draw(1000 * (recipe.seed + 1) + number, (_STORED, 3 * _STORED // 4))
    return Sample(-1 - number, pixels, member.astype(np.uint16), None)


def _load(folder: Path, number: int, sample: RecipeSample) -> Sample:
    pixels = load_rgb(Path(sample.image))
    mask = np.zeros(pixels.shape[:2], np.uint16) if sample.mask is None else read_mask(folder / sample.mask)
    scale = _STORED / max(mask.shape)
    size = (round(mask.shape[1] * scale), round(mask.shape[0] * scale))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    return Sample(number, small, cv2.resize(mask, size, interpolation=cv2.INTER_NEAREST_EXACT), None)


def _scene(seed: int, number: int) -> Sample:
    rng = np.random.default_rng([seed, 0x5CE, number])
    picture = np.clip(draw_scene(rng, (3 * _STORED // 4, _STORED)).picture * 255, 0, 255).astype(np.uint8)
    return Sample(-1, picture, np.zeros(picture.shape[:2], np.uint16), None)
