"""An image's file that shows another picture now: its mask goes nowhere until somebody has looked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segstudio.app.audit_check import verify_command
from segstudio.app.batch import export_project
from segstudio.domain.annotation import ImageState
from segstudio.domain.errors import UserError
from segstudio.protocol.round_folder import read_request
from tests.app.test_export_attributes import export
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
