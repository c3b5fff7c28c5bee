"""A round is told which images the round before did not know as they are now."""

from __future__ import annotations

import shutil

from segstudio.protocol.round_folder import TrainingImage, read_request
from tests.helpers.studios import StudioRig, approve


def _fresh(rig: StudioRig, number: int) -> dict[int, bool]:
    """Whether each image of a round is fresh, by its place in the project."""
    return {place: image.fresh for place, image in _images(rig, number).items()}


def _images(rig: StudioRig, number: int) -> dict[int, TrainingImage]:
    request = read_request(rig.session.folder / "rounds" / f"{number:04d}")
    places = {record.id: place for place, record in enumerate(rig.session.records)}
    return {places[image.image_id]: image for image in request.images}


def _round(rig: StudioRig) -> None:
    rig.session.rounds.start()
    rig.settle()


def test_what_is_new_or_changed_since_the_last_weights_is_fresh(rig: StudioRig) -> None:
    session = rig.new_project(6)
    approve(rig, 2)
    _round(rig)
    assert _fresh(rig, 1) == {0: False, 1: False}, "a first round has nothing to compare with"
    rig.show(session.records[0].id)
    rig.stroke((60, 40))
    session.approve()
    rig.show(session.records[4].id)
    rig.stroke((20, 20))
    rig.settle()
    _round(rig)
    assert _fresh(rig, 2) == {0: True, 1: False, 4: True}
    assert [place for place, image in _images(rig, 2).items() if image.added] == [4]
    _round(rig)
    assert _fresh(rig, 3) == {0: False, 1: False, 4: False}


def test_where_the_last_masks_are_gone_nothing_is_fresh(rig: StudioRig) -> None:
    session = rig.new_project(4)
    approve(rig, 2)
    _round(rig)
    shutil.rmtree(session.folder / "rounds" / "0001" / "masks")
    _round(rig)
    assert not any(image.fresh or image.added for image in _images(rig, 2).values())
