"""What is done while an export goes on: no mask leaves as what it is not any more."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segstudio.app.exporting import export_one, plan_export
from segstudio.domain.errors import UserError
from segstudio.formats.export_formats import format_called
from segstudio.formats.mask_formats import PlainMasks
from segstudio.store.masks import Masks
from tests.helpers.studios import StudioRig, approve


@pytest.fixture
def rig(tmp_path: Path):
    """Three approved images, the last on the canvas."""
    rig = StudioRig(tmp_path)
    rig.new_project(3)
    approve(rig, 3)
    rig.show(rig.session.records[2].id)
    rig.heard.clear()
    yield rig
    rig.studio.close()


def said_at_the_end(rig: StudioRig) -> str:
    rig.wait(lambda: not rig.session.exporter.busy and any(message.key == "export" for message in rig.messages))
    return next(message.sentence for message in rig.messages if message.key == "export")


def masks(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*.png"))


def test_what_is_no_longer_approved_when_its_turn_comes_is_no_approved_mask(rig: StudioRig, tmp_path: Path) -> None:
    rig.session.exporter.export_masks(tmp_path / "out", only_approved=True)
    rig.stroke((5, 5), (90, 60))
    said = said_at_the_end(rig)
    assert said.startswith("2 masks exported")
    assert "image_02.png was changed meanwhile, is no longer approved, and was left out" in said
    assert masks(tmp_path / "out") == ["image_00.png", "image_01.png"]


def test_masks_are_counted_as_not_approved_by_what_they_are_when_they_are_written(
    rig: StudioRig, tmp_path: Path
) -> None:
    rig.session.exporter.export_masks(tmp_path / "out", only_approved=False)
    rig.stroke((5, 5), (90, 60))
    assert said_at_the_end(rig) == f"3 masks exported to {tmp_path / 'out'}, 1 of them not approved."


@pytest.mark.parametrize("only_approved", [True, False])
def test_what_is_rejected_meanwhile_is_not_exported(rig: StudioRig, tmp_path: Path, only_approved: bool) -> None:
    rig.session.exporter.export_masks(tmp_path / "out", only_approved)
    rig.session.review.reject("out of focus")
    assert "image_02.png was rejected meanwhile and was left out" in said_at_the_end(rig)
    assert masks(tmp_path / "out") == ["image_00.png", "image_01.png"]


def test_an_image_that_is_taken_out_of_the_project_meanwhile_is_named(rig: StudioRig, tmp_path: Path) -> None:
    session = rig.session
    plan = plan_export(tmp_path / "out", session.records, only_approved=True)
    gone = plan.outgoing[0]

    def forget(project) -> None:
        with project._database.writing() as connection:
            connection.execute("DELETE FROM images WHERE id = ?", (gone.record.id,))
        with pytest.raises(UserError, match=r"image_00\.png was taken out of the project meanwhile"):
            export_one(project, plan, gone, session.table, session.classes)

    session._store.ask(forget)


def test_an_export_stops_where_what_was_drawn_can_not_be_saved(
    rig: StudioRig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_args, **_named) -> None:
        raise UserError("The disk is full.")

    monkeypatch.setattr(Masks, "save_edit", full)
    rig.stroke((5, 5), (90, 60))
    rig.session.exporter.export_masks(tmp_path / "out", only_approved=False)
    said = said_at_the_end(rig)
    assert "was stopped, because your last changes could not be saved" in said
    assert said.endswith("The disk is full.")
    monkeypatch.undo()
    rig.session.retry_saving()
    rig.settle()
    rig.heard.clear()
    rig.session.exporter.export_masks(tmp_path / "out", only_approved=False)
    assert said_at_the_end(rig).startswith("3 masks exported")
    with Image.open(tmp_path / "out" / "image_02.png") as mask:
        assert np.array_equal(np.asarray(mask) > 0, rig.mask() > 0)


def test_an_export_that_the_project_was_closed_in_is_said_when_it_opens(rig: StudioRig, tmp_path: Path) -> None:
    out = tmp_path / "out"
    rig.session.exporter.export_masks(out, True, format_called("class-map"))
    rig.wait(lambda: out.is_dir())
    rig.reopen()
    assert not (out / "labels.json").exists()
    assert said_at_the_end(rig).startswith(f"The export to {out} was not finished when the project was closed")
    rig.heard.clear()
    rig.session.exporter.export_masks(out, True, format_called("class-map"))
    assert said_at_the_end(rig) == f"3 masks exported to {out}."
    rig.heard.clear()
    rig.reopen()
    assert not any(message.key == "export" for message in rig.messages)


def test_strokes_are_saved_while_a_mask_is_encoded(
    rig: StudioRig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That of 100 megapixels takes half a second."""
    encode, begun, may_end = PlainMasks.encode, threading.Event(), threading.Event()

    def slowly(*args):
        begun.set()
        assert may_end.wait(20)
        return encode(*args)

    monkeypatch.setattr(PlainMasks, "encode", slowly)
    rig.session.exporter.export_masks(tmp_path / "out", only_approved=True)
    try:
        rig.wait(begun.is_set)
        rig.stroke((5, 5), (90, 60))
        rig.wait(lambda: rig.session.save_status.state == "saved")
    finally:
        may_end.set()
    assert said_at_the_end(rig).startswith("2 masks exported"), "what lost its approval meanwhile stays"
    assert masks(tmp_path / "out") == ["image_00.png", "image_01.png"]
