import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from segstudio.domain.errors import UserError
from segstudio.engine import starter_data, starter_score, starter_train
from segstudio.engine.checkpoint import load_checkpoint
from segstudio.engine.device import Device
from segstudio.engine.starter_build import REPORT, WORST, WORST_MADE_UP, build_starter, train_part
from segstudio.engine.starter_data import StarterData
from segstudio.engine.starter_feed import batches, makers_for
from segstudio.engine.starter_score import MADE_UP
from segstudio.engine.starter_train import STATE, STATE_NOTES
from segstudio.imaging.cv import cv2
from segstudio.imaging.mask_png import encode_mask
from segstudio.protocol.round_folder import IGNORE, WEIGHTS
from segstudio.protocol.starter_recipe import Recipe, RecipeSample
from segstudio.worker.starter import build
from tests.engine.synthetic import disc

CPU = Device("cpu", "test")


class Killed(Exception):
    pass


def make_recipe(folder: Path, kind: str = "lesion", steps: int = 4) -> Recipe:
    """Six discs in three folds, two of one group, and a background."""
    (folder / "masks").mkdir(parents=True)
    samples = []
    for number in range(6):
        pixels, mask = disc(number)
        cv2.imwrite(str(folder / f"{number}.png"), pixels)
        (folder / f"masks/{number}.png").write_bytes(encode_mask(mask))
        group = number % 3
        image = str(folder / f"{number}.png")
        samples.append(RecipeSample(f"s/{number}", image, f"masks/{number}.png", f"g{group}", "photo", group, True))
    samples.append(RecipeSample("s/back", str(folder / "0.png"), None, "back", "background", -1, False))
    return Recipe(kind, kind, tuple(samples), {"photo": 0.8, "drawn": 0.2}, 3, steps, 2, 64, 0, 1)  # type: ignore[arg-type]


def test_what_learned_from_all_is_the_same_however_many_folds_judge_it(tmp_path: Path) -> None:
    recipe = make_recipe(tmp_path, steps=2)
    weights = train_part(tmp_path, recipe, None, CPU, lambda _step, _loss: None)
    first = load_file(weights.rename(tmp_path / "first.safetensors"))
    second = load_file(train_part(tmp_path, replace(recipe, folds=5), None, CPU, lambda _step, _loss: None))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_killed_and_started_again_it_ends_in_the_same_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starter_train, "_KEPT_EVERY", 2)
    recipe = make_recipe(tmp_path / "a")
    straight = train_part(tmp_path / "a", recipe, None, CPU, lambda _step, _loss: None)

    def kill(step: int, _loss: float) -> None:
        if step == 3:
            raise Killed

    again = tmp_path / "a"
    straight = straight.rename(tmp_path / "straight.safetensors")
    with pytest.raises(Killed):
        train_part(again, recipe, None, CPU, kill)
    part = again / "all"
    assert json.loads((part / STATE_NOTES).read_text())["step"] == 2
    assert not (part / WEIGHTS).exists()
    steps: list[int] = []
    resumed = train_part(again, recipe, None, CPU, lambda step, _loss: steps.append(step))
    assert steps == [3, 4]
    one, other = load_checkpoint(resumed), load_checkpoint(straight)
    assert one.header == other.header
    assert all(torch.equal(tensor, other.tensors[name]) for name, tensor in one.tensors.items())
    assert not (part / STATE).exists()


def test_damage_to_what_was_kept_begins_anew(tmp_path: Path) -> None:
    recipe = make_recipe(tmp_path, steps=1)
    (tmp_path / "all").mkdir()
    (tmp_path / "all" / STATE).write_bytes(b"no tensors")
    steps: list[int] = []
    train_part(tmp_path, recipe, None, CPU, lambda step, _loss: steps.append(step))
    assert steps == [1]


def test_a_fold_is_in_no_view_of_its_training(tmp_path: Path) -> None:
    recipe = make_recipe(tmp_path)
    data = StarterData(tmp_path, recipe, 1)
    seen = {sample.image_id for samples in data._sources.values() for sample in samples}
    assert {number for number in seen if number >= 0} == {0, 2, 3, 5}


@pytest.mark.parametrize("kind", ["lesion", "body"])
def test_views_depend_on_the_step_alone(tmp_path: Path, kind: str) -> None:
    recipe = make_recipe(tmp_path, kind)
    data = StarterData(tmp_path, recipe, None)
    batches = [data.batch(step, 0.5, 0) for step in (3, 3, 4)]
    assert np.array_equal(batches[0].pixels, batches[1].pixels)
    assert np.array_equal(batches[0].guidance, batches[1].guidance)
    assert batches[0].pixels.shape != batches[2].pixels.shape or not np.array_equal(
        batches[0].pixels, batches[2].pixels
    )
    assert batches[0].pixels.shape[:3] == batches[0].masks.shape


def _with_videos(folder: Path, frames: list[int]) -> Recipe:
    """Videos of so many frames each, in which a white square stands in a grey place; nothing else."""
    (folder / "masks").mkdir(parents=True)
    samples = []
    for video, count in enumerate(frames):
        for _ in range(count):
            number = len(samples)
            pixels, mask = np.full((72, 96, 3), 90, np.uint8), np.zeros((72, 96), np.uint16)
            mask[20:50, 30:50] = 1
            pixels[mask == 1] = 255
            file = str(folder / f"{number}.png")
            cv2.imwrite(file, pixels)
            (folder / f"masks/{number}.png").write_bytes(encode_mask(mask))
            samples.append(
                RecipeSample(f"s/{number}", file, f"masks/{number}.png", f"v{video}", "video", video % 3, True)
            )
    return Recipe("body", "person", tuple(samples), {"video": 1.0}, 3, 4, 8, 64, 0, 0)


def test_a_room_has_lost_who_was_in_it_and_nobody_vouches_for_that_place(tmp_path: Path) -> None:
    room = StarterData(tmp_path, _with_videos(tmp_path, [1]), None)._rooms[0]
    assert room.pixels.max() < 110
    gone = room.mask != 0
    assert gone.shape == (288, 384)
    assert gone[80:200, 120:200].all(), "all of the square"
    assert gone.sum() < 1.2 * 120 * 80


def test_people_stand_in_rooms_where_nobody_vouches_for_what_is_left_of_who_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(starter_data, "_ROOM", 1.0)
    monkeypatch.setattr(starter_data, "_PASTED", 1.0)
    data = StarterData(tmp_path, _with_videos(tmp_path, [1]), None)
    masks = [mask for step in range(3) for mask in data.batch(step, 1.0, 0).masks.numpy().view(np.uint16)]
    assert np.mean([(mask == 1).any() for mask in masks]) > 0.9
    assert np.mean([(mask == IGNORE).any() for mask in masks]) > 0.9
    assert np.mean([(mask == 0).mean() for mask in masks]) > 0.5


@pytest.mark.parametrize(("kind", "scale", "side"), [("body", 1.0, 416), ("body", 0.625, 192), ("lesion", 1.0, 256)])
def test_people_are_also_seen_as_large_as_a_second_look_sees_them(
    kind: str, scale: float, side: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(starter_data, "_NEARER", 1.0)
    data = StarterData(tmp_path, make_recipe(tmp_path, kind), None)
    assert max(data.batch(0, scale, 0).pixels.shape[1:3]) == side


def test_a_long_video_is_seen_more_often_but_not_as_often_as_it_has_frames(tmp_path: Path) -> None:
    data = StarterData(tmp_path, _with_videos(tmp_path, [16, 1]), None)
    rng = np.random.default_rng(0)
    lengths = [len(data._samples("video", rng)) for _ in range(500)]
    assert lengths.count(1) / 500 == pytest.approx(1 / 5, abs=0.05)


def test_views_are_the_same_from_another_process(tmp_path: Path) -> None:
    data = StarterData(tmp_path, make_recipe(tmp_path), None)
    here, elsewhere = (list(batches(data, 0, 1, 4, makers)) for makers in (0, 1))
    assert len(here) == 3
    for one, other in zip(here, elsewhere, strict=True):
        assert torch.equal(one.pixels, other.pixels)
        assert torch.equal(one.masks, other.masks)
        assert torch.equal(one.guidance, other.guidance)


def test_a_card_alone_has_its_views_made_elsewhere() -> None:
    assert makers_for(CPU) == 0
    assert makers_for(Device("cuda", "test")) >= 1


def test_a_card_that_is_not_there_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("segstudio.worker.starter.pick_device", lambda: CPU)
    with pytest.raises(UserError, match="no graphics card"):
        build(tmp_path, print, card=True)


def test_a_build_leaves_half_precision_weights_a_report_and_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(starter_score, "_DRAWN_A_FOLD", 3)
    recipe = make_recipe(tmp_path, steps=1)
    said: list[str] = []
    report = build_starter(tmp_path, recipe, CPU, said.append, only=["0", "all"])
    assert report["judged_folds"] == [0]
    unseen = {row["name"] for row in report["images"] if row["source"] != MADE_UP}
    assert unseen == {"s/0", "s/3"}
    assert report["figures"]["photo"]["count"] == 2
    assert "photo, another lens" in report["figures"]
    assert json.loads((tmp_path / REPORT).read_text()) == report
    assert (tmp_path / WORST).is_file()
    assert report["figures"][MADE_UP]["count"] == 3
    assert (tmp_path / WORST_MADE_UP).is_file()
    drawn = {row["name"] for row in report["images"] if row["source"] == MADE_UP}
    assert not drawn & {f"{MADE_UP}/{number}" for number in range(recipe.drawn)}, "none that was trained on"
    checkpoint = load_checkpoint(tmp_path / "all" / WEIGHTS)
    assert checkpoint.header.finish.one_region == (1,)
    assert {t.dtype for t in checkpoint.tensors.values() if t.is_floating_point()} == {torch.float16}
    assert (tmp_path / "all" / WEIGHTS).stat().st_size < 12_000_000
    said.clear()
    assert build_starter(tmp_path, recipe, CPU, said.append, only=["0", "all"]) == report
    assert not said
