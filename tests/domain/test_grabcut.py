"""GrabCut on drawn objects, on nothing to tell apart, and against the whole graph cut on real ones."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segstudio.domain.geometry import Rect
from segstudio.domain.grabcut import refine_box, refine_scribbles
from segstudio.domain.metrics import iou
from segstudio.imaging.cv import cv2
from tests.helpers.data import data_folder

HEIGHT, WIDTH = 180, 240


def ellipse(x: float, y: float, a: float, b: float) -> np.ndarray:
    ys, xs = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    return ((xs - x) / a) ** 2 + ((ys - y) / b) ** 2 <= 1


def painted(inside: np.ndarray) -> np.ndarray:
    image = np.where(inside[..., None], np.array([120, 70, 50.0]), np.array([215, 175, 155.0]))
    return np.clip(image + np.random.default_rng(4).normal(0, 8, image.shape), 0, 255).astype(np.uint8)


def test_the_object_in_a_box_is_found_and_its_holes_are_filled() -> None:
    truth = ellipse(120, 90, 60, 40)
    pixels = painted(truth & ~ellipse(110, 90, 6, 5))
    rect, mask = refine_box(pixels, Rect(52, 44, 188, 136))
    assert rect == Rect(52, 44, 188, 136)
    assert iou(mask, truth[rect.slices]) > 0.95


def test_twice_the_same_box_twice_the_same_mask() -> None:
    pixels = np.random.default_rng(9).integers(0, 256, (90, 120, 3), dtype=np.uint8)
    box = Rect(20, 15, 100, 75)
    assert np.array_equal(refine_box(pixels, box)[1], refine_box(pixels, box)[1])


@pytest.mark.parametrize("box", [Rect(30, 30, 60, 50), Rect(0, 0, 240, 180), Rect(0, 0, 240, 30)])
def test_where_all_is_alike_the_box_is_kept(box: Rect) -> None:
    rect, mask = refine_box(np.full((HEIGHT, WIDTH, 3), 120, np.uint8), box)
    assert rect == box
    assert mask.all()


@settings(max_examples=40, deadline=None)
@given(
    st.tuples(st.integers(1, 30), st.integers(1, 30)),
    st.tuples(st.integers(-5, 30), st.integers(-5, 30), st.integers(0, 20), st.integers(0, 20)),
    st.integers(1, 256),
)
def test_no_box_raises(size: tuple[int, int], corner: tuple[int, int, int, int], colors: int) -> None:
    pixels = np.random.default_rng(colors).integers(0, colors, (*size, 3), dtype=np.uint8)
    x, y, width, height = corner
    box = Rect(x, y, x + width, y + height)
    rect, mask = refine_box(pixels, box)
    assert mask.shape == (rect.height, rect.width)
    assert mask.dtype == np.bool_
    assert rect.is_empty or rect == box.clip(*size)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 30), st.integers(1, 30), st.sampled_from([0.0, 0.02, 0.4, 1.0]))
def test_scribbles_are_obeyed_whatever_the_picture(seed: int, height: int, width: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, rng.integers(1, 257), (height + 7, width + 5, 3), dtype=np.uint8)
    current, foreground, background = (rng.random((height, width)) < share for _ in range(3))
    found = refine_scribbles(pixels, Rect(5, 7, 5 + width, 7 + height), current, foreground, background)
    assert found.shape == (height, width)
    assert found[foreground & ~background].all()
    assert not found[background].any()


def test_scribbles_add_what_was_missed_and_take_what_was_wrong() -> None:
    truth = ellipse(120, 90, 60, 40)
    pixels = painted(truth)
    current = (truth & (np.arange(WIDTH) < 110)) | ellipse(60, 40, 22, 22)
    foreground, background = np.zeros_like(truth), np.zeros_like(truth)
    foreground[88:92, 125:165] = True
    background[38:42, 42:78] = True
    found = refine_scribbles(pixels, Rect(0, 0, WIDTH, HEIGHT), current, foreground, background)
    assert iou(found, truth) > 0.95
    assert iou(current, truth) < 0.75


def test_a_scribble_means_all_that_looks_the_same_around_it_but_not_what_is_far_off() -> None:
    """A coat over trousers, of which the box has found the trousers alone, before a wall of the coat's colour."""
    pixels = np.full((HEIGHT, WIDTH, 3), (180, 170, 150), np.uint8)
    coat, trousers, wall = (np.zeros((HEIGHT, WIDTH), bool) for _ in range(3))
    coat[30:70, 80:120], trousers[70:110, 80:120], wall[:, 180:] = True, True, True
    pixels[coat | wall], pixels[trousers] = (70, 70, 80), (30, 60, 160)
    noise = np.random.default_rng(1).integers(-6, 7, pixels.shape)
    pixels = np.clip(pixels + noise, 0, 255).astype(np.uint8)
    foreground, nothing = np.zeros_like(coat), np.zeros_like(coat)
    foreground[49:52, 92:108] = True
    found = refine_scribbles(pixels, Rect(0, 0, WIDTH, HEIGHT), trousers, foreground, nothing)
    assert iou(found, coat | trousers) > 0.95
    background = np.zeros_like(coat)
    background[88:91, 92:108] = True
    found = refine_scribbles(pixels, Rect(0, 0, WIDTH, HEIGHT), coat | trousers, nothing, background)
    assert iou(found, coat) > 0.9


def test_in_no_region_there_is_nothing_to_correct() -> None:
    nothing = np.zeros((0, 0), bool)
    pixels = np.zeros((5, 5, 3), np.uint8)
    assert refine_scribbles(pixels, Rect(2, 2, 2, 2), nothing, nothing, nothing).shape == (0, 0)


def whole_graph_cut(pixels: np.ndarray, box: Rect) -> np.ndarray:
    wide = box.expand(round(0.25 * max(box.width, box.height)) + 8).clip(*pixels.shape[:2])
    labels = np.zeros((wide.height, wide.width), np.uint8)
    labels[box.y0 - wide.y0 : box.y1 - wide.y0, box.x0 - wide.x0 : box.x1 - wide.x0] = cv2.GC_PR_FGD
    cv2.setRNGSeed(0)
    crop = np.ascontiguousarray(pixels[wide.slices])
    labels, _, _ = cv2.grabCut(crop, labels, None, np.zeros((1, 65)), np.zeros((1, 65)), 5, cv2.GC_INIT_WITH_MASK)
    full = np.zeros(pixels.shape[:2], bool)
    full[wide.slices] = labels & 1
    return full[box.slices]


def test_on_people_it_is_about_as_good_as_the_whole_graph_cut() -> None:
    folder = data_folder("ccp")
    ours, whole = [], []
    for file in sorted((folder / "images").iterdir())[20:120:40]:
        pixels = cv2.imread(str(file), cv2.IMREAD_COLOR)[:, :, ::-1].copy()
        truth = cv2.imread(str(folder / "masks_person" / f"{file.stem}.png"), cv2.IMREAD_GRAYSCALE) > 0
        pixels, truth = np.ascontiguousarray(pixels[::2, ::2]), truth[::2, ::2]
        x, y, width, height = cv2.boundingRect(truth.astype(np.uint8))
        box = Rect(x, y, x + width, y + height).expand(round(0.05 * max(width, height))).clip(*truth.shape)
        ours.append(iou(refine_box(pixels, box)[1], truth[box.slices]))
        whole.append(iou(whole_graph_cut(pixels, box), truth[box.slices]))
    assert np.mean(ours) > np.mean(whole) - 0.05
