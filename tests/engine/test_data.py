import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, PngImagePlugin

from segstudio.domain.errors import UserError
from segstudio.domain.input_shape import input_shape
from segstudio.engine import data
from segstudio.engine.data import ImageCache, load_round, read_mask, to_input, write_mask
from segstudio.engine.tensors import to_tensor
from segstudio.protocol.round_folder import IGNORE, MASKS, RoundRequest, TrainingImage, read_request, write_request
from tests.engine.synthetic import TINY, disc, make_round, write_image


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [
        (768, 576, (192, 256)),
        (576, 768, (256, 192)),
        (500, 500, (256, 256)),
        (6000, 4000, (160, 256)),
        (3000, 100, (64, 256)),
    ],
)
def test_input_shape_keeps_proportions_in_multiples_of_32(width: int, height: int, expected: tuple[int, int]) -> None:
    assert input_shape(width, height, 256) == expected


@pytest.mark.parametrize("shape", [(2000, 3), (3, 2000), (1999, 40), (40, 1999)])
def test_a_narrow_strip_is_seen_where_it_is(shape: tuple[int, int]) -> None:
    # What a pixel shows is where it is along the strip.
    along = 255 * (np.arange(max(shape)) + 0.5) / max(shape)
    pixels = np.broadcast_to(along[:, None] if shape[0] > shape[1] else along, shape).astype(np.float32)
    seen = to_input(np.repeat(pixels[..., None], 3, axis=2), 512)
    assert seen.shape[:2] == ((512, 64) if shape[0] > shape[1] else (64, 512))
    line = seen[:, 0, 0] if shape[0] > shape[1] else seen[0, :, 0]
    assert np.abs(line - 255 * (np.arange(512) + 0.5) / 512).max() < 0.02


def test_pixels_become_minus_one_to_one() -> None:
    batch = np.array([0, 127, 255], np.uint8).reshape(1, 1, 1, 3)
    tensor = to_tensor(np.repeat(np.repeat(batch, 64, axis=1), 32, axis=2), torch.device("cpu"))
    assert tensor.shape == (1, 3, 64, 32)
    assert tensor[0, :, 5, 5].tolist() == [-127 / 128, 0.0, 1.0]
    assert tensor.is_contiguous(memory_format=torch.channels_last)


def test_mask_round_trip_at_any_path(tmp_path: Path) -> None:
    mask = np.array([[0, 1, 300], [IGNORE, 2, 0]], np.uint16)
    path = tmp_path / "neu" / "Maske [ü].png"
    write_mask(path, mask)
    assert np.array_equal(read_mask(path), mask)
    assert [p.name for p in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("content", [b"", b"no image"])
def test_a_damaged_mask_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "m.png").write_bytes(content)
    with pytest.raises(UserError, match="damaged"):
        read_mask(tmp_path / "m.png")


def _load(folder: Path, request: RoundRequest, cache: ImageCache | None = None) -> tuple[data.RoundData, list[str]]:
    notices: list[str] = []
    return load_round(folder, request, cache or ImageCache(), notices.append, lambda: None), notices


def _made_on_file(folder: Path, request: RoundRequest) -> RoundRequest:
    """The same, with what is known of the files."""
    loaded = [ImageCache().load(Path(image.image), 64) for image in request.images]
    images = [
        replace(image, fingerprint=one.fingerprint, perceptual=one.perceptual)
        for image, one in zip(request.images, loaded, strict=True)
    ]
    write_request(folder, replace(request, images=tuple(images)))
    return read_request(folder)


def test_another_picture_under_a_mask_is_left_out_and_said(tmp_path: Path) -> None:
    request = _made_on_file(tmp_path, make_round(tmp_path, train=3))
    first, second, _ = (Path(image.image) for image in request.images)
    with Image.open(first) as picture:
        size = picture.size
        # The same picture in another file: an annotation added, as viewers do.
        about = PngImagePlugin.PngInfo()
        about.add_text("Rating", "5")
        picture.save(first, pnginfo=about)
    other = np.random.default_rng(9).integers(0, 256, (4, 6, 3), np.uint8)
    Image.fromarray(other).resize(size).save(second)
    loaded, notices = _load(tmp_path, request)
    assert [sample.image_id for sample in loaded.train] == [request.images[0].image_id, request.images[2].image_id]
    assert len(notices) == 1
    assert f"{second.name} shows another picture" in notices[0]


def test_a_held_out_image_of_which_nobody_judges_anything_scores_nothing(tmp_path: Path) -> None:
    request = make_round(tmp_path, train=1, held_out=2)
    image = next(image for image in request.images if image.role == "held_out")
    path = tmp_path / image.mask
    write_mask(path, np.full_like(read_mask(path), IGNORE))
    loaded, notices = _load(tmp_path, request)
    assert image.image_id not in [sample.image_id for sample in loaded.held_out]
    assert len(loaded.held_out) == 1
    assert not notices


def test_samples_by_their_use(tmp_path: Path) -> None:
    loaded, notices = _load(tmp_path, make_round(tmp_path, train=2, held_out=1))
    assert [sample.image_id for sample in loaded.train] == [0, 1]
    assert [sample.image_id for sample in loaded.held_out] == [2]
    assert loaded.train[0].full_mask is None
    assert loaded.held_out[0].full_mask is not None
    assert loaded.held_out[0].full_mask.shape == (64, 80)
    assert loaded.train[0].pixels.shape[:2] == loaded.train[0].mask.shape
    assert not notices


def test_a_held_out_image_is_scored_whatever_little_of_it_is_judged(tmp_path: Path) -> None:
    request = make_round(tmp_path, train=1, held_out=1, size=(640, 512))
    mask = np.full((512, 640), IGNORE, np.uint16)
    mask[0, 0] = 1
    write_mask(tmp_path / request.images[1].mask, mask)
    (sample,) = _load(tmp_path, request)[0].held_out
    assert (sample.mask == IGNORE).all(), "it is too little to be seen at the input size"


def test_a_mask_made_smaller_names_no_class_that_it_did_not_and_is_shifted_to_no_side(tmp_path: Path) -> None:
    request = make_round(tmp_path, train=2, classes=("disc", "ring"), size=(150, 110))
    mask = disc(3, 150, 110)[1] * 2
    mask[:, :20] = IGNORE
    write_mask(tmp_path / request.images[0].mask, mask)
    write_mask(tmp_path / request.images[1].mask, np.ascontiguousarray(mask[::-1, ::-1]))
    one, turned = (sample.mask for sample in _load(tmp_path, request)[0].train)
    assert set(np.unique(one)) == {0, 2, IGNORE}
    assert np.array_equal(one, turned[::-1, ::-1])


@pytest.mark.parametrize("even", [True, False])
def test_held_out_images_are_seen_as_if_exposed_alike_and_those_that_teach_as_they_came(
    tmp_path: Path, even: bool
) -> None:
    request = make_round(tmp_path, train=2, held_out=2, settings=replace(TINY, even_exposure=even))
    for number in range(4):
        pixels = disc(0)[0] * (0.6, 1.0)[number % 2] * np.array((1.0, 0.9, 0.8))
        write_image(tmp_path / f"{number}.png", pixels.astype(np.uint8))
    loaded, _ = _load(tmp_path, request)
    taught, held_out = (
        [np.percentile(sample.pixels.max(axis=2), 85) for sample in samples]
        for samples in (loaded.train, loaded.held_out)
    )
    assert taught[1] - taught[0] > 50
    assert bool(abs(held_out[1] - held_out[0]) < 8) is even


def _break_image(folder: Path) -> None:
    (folder / "1.png").write_bytes(b"not an image at all")


def _remove_image(folder: Path) -> None:
    (folder / "1.png").unlink()


def _resize_mask(folder: Path) -> None:
    write_mask(folder / MASKS / "1.png", np.zeros((10, 10), np.uint16))


def _turn_mask(folder: Path) -> None:
    write_mask(folder / MASKS / "1.png", np.zeros((80, 64), np.uint16))


def _name_next_class(folder: Path) -> None:
    write_mask(folder / MASKS / "1.png", np.full((64, 80), 2, np.uint16))


def _name_unknown_class(folder: Path) -> None:
    write_mask(folder / MASKS / "1.png", np.full((64, 80), 5, np.uint16))


def _remove_mask(folder: Path) -> None:
    (folder / MASKS / "1.png").unlink()


@pytest.mark.parametrize(
    "harm",
    [_break_image, _remove_image, _resize_mask, _turn_mask, _name_next_class, _name_unknown_class, _remove_mask],
)
def test_what_cannot_be_used_is_left_out_with_a_sentence(tmp_path: Path, harm: object) -> None:
    request = make_round(tmp_path)
    assert callable(harm)
    harm(tmp_path)
    loaded, notices = _load(tmp_path, request)
    assert [sample.image_id for sample in loaded.train] == [0, 2]
    assert len(notices) == 1
    assert "1.png" in notices[0]


def test_a_mask_outside_the_folder_is_left_out(tmp_path: Path) -> None:
    request = make_round(tmp_path / "r")
    strays = (TrainingImage(9, str(tmp_path / "r" / "0.png"), "../../etc/x.png", "train"), *request.images)
    changed = RoundRequest(request.round, request.classes, strays, None, request.settings)
    loaded, notices = _load(tmp_path / "r", changed)
    assert len(loaded.train) == 3
    assert "outside" in notices[0]


def test_nothing_to_learn_from_is_an_error(tmp_path: Path) -> None:
    request = make_round(tmp_path, train=1, held_out=1)
    (tmp_path / "0.png").write_bytes(b"")
    with pytest.raises(UserError, match="None of the training images"):
        _load(tmp_path, request)


def test_images_in_which_nothing_is_judged_teach_nothing(tmp_path: Path) -> None:
    request = make_round(tmp_path, train=3, held_out=1)
    first, *others = [image for image in request.images if image.role == "train"]
    shape = read_mask(tmp_path / first.mask).shape
    write_mask(tmp_path / first.mask, np.full(shape, IGNORE, np.uint16))
    loaded, notices = _load(tmp_path, request)
    assert [sample.image_id for sample in loaded.train] == [image.image_id for image in others]
    assert notices == []
    for image in others:
        write_mask(tmp_path / image.mask, np.full(shape, IGNORE, np.uint16))
    with pytest.raises(UserError, match="nothing is marked that is judged"):
        _load(tmp_path, request)


def test_an_image_is_read_once_until_it_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[Path] = []
    load_rgb = data.load_rgb
    monkeypatch.setattr(data, "load_rgb", lambda path: (reads.append(path), load_rgb(path))[1])
    path, cache = tmp_path / "a.png", ImageCache()
    write_image(path, disc(0)[0])
    first = cache.load(path, 64)[0]
    assert cache.load(path, 64)[0] is first
    assert len(reads) == 1
    write_image(path, disc(1)[0])
    os.utime(path, ns=(1, 1))
    assert not np.array_equal(cache.load(path, 64)[0], first)
    assert len(reads) == 2


def test_an_image_of_another_time_another_size_or_seen_at_another_size_is_read_anew(tmp_path: Path) -> None:
    path, cache = tmp_path / "a.png", ImageCache()
    seen = []
    for content, time, side in ((b"", 1, 64), (b"", 2, 64), (b"more", 2, 64), (b"more", 2, 96)):
        write_image(path, disc(0)[0])
        path.write_bytes(path.read_bytes() + content)
        os.utime(path, ns=(time, time))
        seen.append(cache.load(path, side))
    assert len({id(one) for one in seen}) == 4
    assert max(seen[3].pixels.shape) == 96


def test_cache_forgets_the_oldest_when_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[str] = []
    load_rgb = data.load_rgb
    monkeypatch.setattr(data, "load_rgb", lambda path: (reads.append(path.name), load_rgb(path))[1])
    cache = ImageCache(capacity=2 * 64 * 64 * 3)
    for name in "abc":
        write_image(tmp_path / name, disc(0, 64, 64)[0])
    for name in "abacab":
        cache.load(tmp_path / name, 64)
    assert reads == ["a", "b", "c", "b"]
