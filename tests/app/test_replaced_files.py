"""An image's file that shows another picture now: its mask goes nowhere until somebody has looked."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segstudio.app.audit_check import verify_command
from segstudio.app.batch import export_project
from segstudio.domain.annotation import ImageState
from segstudio.domain.errors import UserError
from segstudio.protocol.messages import Predict
from segstudio.protocol.round_folder import read_request
from segstudio.store.masks import Masks
from tests.app.test_export_attributes import export
from tests.app.test_report import write
from tests.helpers.studios import StudioRig, approve


def put_another_picture(path: Path) -> None:
    """Of the same size."""
    with Image.open(path) as image:
        size = image.size
    Image.fromarray(np.random.default_rng(9).integers(0, 256, (4, 6, 3), np.uint8)).resize(size).save(path)


def test_a_mask_is_not_exported_for_another_picture(rig: StudioRig, tmp_path: Path) -> None:
    session = rig.new_project(3)
    approve(rig, 3)
    second = session.records[1]
    put_another_picture(second.path)
    said = export(rig, tmp_path / "out")
    assert said.startswith("2 masks exported")
    assert f"{second.name} shows another picture" in said
    assert not (tmp_path / "out" / second.path.name).exists()
    folder = session.folder
    rig.studio.close()
    with pytest.raises(UserError, match="shows another picture"):
        export_project(folder, tmp_path / "again", only_approved=True)


def test_once_somebody_approved_it_on_the_new_picture_it_counts(rig: StudioRig, tmp_path: Path) -> None:
    session = rig.new_project(3)
    approve(rig, 3)
    second = session.records[1]
    put_another_picture(second.path)
    rig.show(second.id)
    rig.stroke((60, 40), (70, 45))
    session.approve()
    rig.settle()
    record = session.record(second.id)
    assert record.state is ImageState.APPROVED
    assert record.fingerprint != second.fingerprint
    assert rig.studio._store.ask(lambda project: project.images.image(second.id)) == record
    assert export(rig, tmp_path / "out").startswith("3 masks exported")
    session.rounds.start()
    rig.settle()
    request = read_request(session.folder / "rounds" / f"{session.rounds.records[-1].number:04d}")
    (told,) = [image for image in request.images if image.image_id == second.id]
    assert (told.fingerprint, told.perceptual) == (record.fingerprint, record.perceptual)


def test_the_same_picture_in_another_file_is_exported(rig: StudioRig, tmp_path: Path) -> None:
    session = rig.new_project(2)
    approve(rig, 2)
    path = session.records[0].path
    with Image.open(path) as image:
        image.save(path, compress_level=1)
        path.write_bytes(path.read_bytes() + b"\0")
    assert export(rig, tmp_path / "out").startswith("2 masks exported")


def test_the_audit_trail_names_a_file_that_was_replaced_since_its_mask_was_approved(
    rig: StudioRig, tmp_path: Path
) -> None:
    session = rig.new_project(2)
    approve(rig, 2)
    folder, (first, second) = session.folder, session.records
    rig.studio.close()
    assert verify_command(folder)[1]
    put_another_picture(second.path)
    words, well = verify_command(folder)
    assert not well
    assert words == (f"{second.name} shows another picture than when its mask was approved: its file was replaced.")
    first.path.unlink()
    assert verify_command(folder)[0] == words, "a file that is gone was not altered"


def test_a_models_mask_stays_with_the_picture_that_it_was_made_of_though_nobody_opened_it(
    rig: StudioRig, tmp_path: Path
) -> None:
    session = rig.new_project(6)
    session.rounds.automatic = False
    approve(rig, 3)
    session.rounds.start()
    rig.settle()
    before = session.records[4]
    assert (before.prediction_round, before.touched) == (1, False)
    session = rig.reopen()
    session.rounds.automatic = False
    assert rig.studio._store.ask(lambda project: project.images.image(before.id)).fingerprint
    put_another_picture(before.path)
    session.exporter.export_masks(tmp_path / "out", only_approved=False)
    rig.wait(lambda: any("export" in message.key for message in rig.messages) and not session.exporter.busy)
    assert not (tmp_path / "out" / before.path.name).exists()
    assert (tmp_path / "out" / session.records[5].path.name).exists()
    rig.show(before.id)
    rig.settle()
    asked = [message.image_id for message in rig.workers[-1].sent if isinstance(message, Predict)]
    assert asked == [before.id], "a mask of what is there now"
    assert session.record(before.id).prediction_round == 1
    assert session.record(before.id).fingerprint != before.fingerprint


def test_a_mask_of_a_file_that_was_replaced_meanwhile_is_not_taken(rig: StudioRig) -> None:
    session = rig.new_project(5)
    session.rounds.automatic = False
    approve(rig, 3)
    image = session.records[4]
    rig.show(image.id)
    rig.show(session.records[3].id)
    put_another_picture(image.path)
    session.rounds.start()
    rig.settle()
    assert session.record(session.records[3].id).prediction_round == 1
    assert session.record(image.id).prediction_round is None
    rig.show(image.id)
    rig.settle()
    assert session.record(image.id).prediction_round == 1


def test_a_mask_that_came_too_late_to_be_shown_is_not_the_one_that_strokes_lie_on_later(
    rig: StudioRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = rig.new_project(4)
    session.rounds.automatic = False
    approve(rig, 3)
    session.rounds.start()
    rig.settle()
    last = session.records[3].id
    rig.show(last)
    rig.stroke((70, 40), (80, 45))
    rig.settle()
    session.rounds.start()
    rig.settle()
    worker = rig.workers[-1]
    worker.holds_predictions = True
    next(message for message in reversed(rig.messages) if message.action == "Renew").on_action()
    rig.wait(lambda: worker.held)
    # A disk that answers late: what is handed to the saver meanwhile goes before the mask that has come.
    may_save, save = threading.Event(), Masks.save_edit
    monkeypatch.setattr(Masks, "save_edit", lambda *edit, **more: (may_save.wait(10), save(*edit, **more))[1])
    rig.stroke((20, 50), (25, 52))
    worker.predict(worker.held.pop())
    rig.wait(lambda: rig.studio._store.unfinished >= 2)
    rig.scheduler.run_until(rig.scheduler._calls.empty, 5)
    session.approve()
    rig.stroke((20, 20), (25, 22))
    may_save.set()
    rig.settle()
    seen = rig.mask()
    assert session.document.prediction_round == 1
    session = rig.reopen()
    rig.show(last)
    assert session.document.prediction_round == 1
    np.testing.assert_array_equal(rig.mask(), seen)


def test_a_mask_is_not_measured_on_another_picture(rig: StudioRig) -> None:
    session = rig.new_project(3)
    approve(rig, 2)
    first, second, third = session.records
    put_another_picture(first.path)
    put_another_picture(third.path)
    rows, report = write(rig, identifiers=True)
    assert "shows another picture" in rows[0]["problem"]
    assert (rows[0]["area_px2"], report["images"][0]["segments"]) == ("", [])
    assert float(rows[1]["area_px2"]) > 0
    assert rows[2]["problem"] == "", "nobody has made a mask of it"
    assert "not the one that its mask was made on" in write(rig)[0][0]["problem"]
    heard = []
    session.visits.look(first.id, second.id, heard.append)
    rig.wait(lambda: bool(heard))
    assert isinstance(heard[0], str)
    assert "shows another picture" in heard[0]
