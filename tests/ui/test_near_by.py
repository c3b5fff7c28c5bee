"""What is looked at from near by: it stays in view from frame to frame of a video."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt

from segstudio.app.new_project import NewProject
from segstudio.domain.annotation import ImageState
from segstudio.formats.dataset import FoundImage
from tests.helpers.videos import SIZE, write_frames

Key = Qt.Key
MIDDLE = (60, 60)


@pytest.fixture
def film(rig):
    """Four frames of a video, and two of another one, the first of them in view from near by."""
    paths = [*write_frames(rig.folder / "a", 4), *write_frames(rig.folder / "b", 2, "run_{:05d}")]
    found = tuple(FoundImage(path) for path in paths)
    rig.studio.new_project(NewProject(rig.folder / "film.segstudio", found, ("person",), "none"))
    rig.wait(lambda: rig.studio.session is not None)
    rig.settle()
    look_near(rig)
    return rig


def look_near(rig) -> None:
    rig.canvas.show_middle(*MIDDLE, 2 * rig.canvas.view.scale)
    rig.settle()


def go(rig, key) -> None:
    rig.key(key)
    rig.settle()


def said(rig) -> str:
    message = rig.window.canvas_banner.message
    return "" if message is None else message.sentence


@pytest.mark.parametrize("key", [Key.Key_N, Key.Key_A])
def test_the_next_frame_of_a_video_is_seen_as_near_as_the_one_before(film, key):
    before = film.canvas.view
    go(film, key)
    assert film.session.current_id == film.session.records[1].id
    assert film.canvas.view == before
    assert film.canvas.navigator.isVisible()
    film.key(Key.Key_F)
    go(film, Key.Key_N)
    assert film.canvas.fits


def test_another_video_and_a_single_picture_come_whole(film):
    film.open(4)
    assert film.canvas.fits
    look_near(film)
    film.open(0)
    assert film.canvas.fits


def test_pictures_that_are_no_frames_come_whole(rig):
    rig.new_project(2)
    rig.canvas.show_middle(30, 30, 2 * rig.canvas.view.scale)
    go(rig, Key.Key_N)
    assert rig.canvas.fits


def paint_two_ends(rig) -> None:
    """On the second frame, a stroke near the middle and one at the far side, then back to the first."""
    film_end = SIZE[0] - 10
    rig.open(1)
    rig.canvas.zoom_fit()
    rig.drag([MIDDLE, (70, 60)])
    rig.drag([(film_end - 10, 20), (film_end, 20)])
    rig.settle()
    rig.open(0)
    look_near(rig)


def test_a_mask_that_goes_on_out_of_sight_is_shown_whole_before_it_is_approved(film):
    paint_two_ends(film)
    go(film, Key.Key_N)
    assert not film.canvas.fits
    film.key(Key.Key_A)
    assert "out of sight" in said(film)
    assert film.canvas.fits
    assert film.session.record(film.session.current_id).state is not ImageState.APPROVED
    film.key(Key.Key_A)
    film.wait(lambda: film.session.records[1].state is ImageState.APPROVED)


def test_who_looked_near_after_seeing_it_whole_is_not_asked(film):
    paint_two_ends(film)
    go(film, Key.Key_N)
    film.key(Key.Key_F)
    look_near(film)
    film.key(Key.Key_A)
    film.wait(lambda: film.session.records[1].state is ImageState.APPROVED)


def test_what_approving_showed_whole_does_not_keep_the_next_frame_from_coming_near(film):
    paint_two_ends(film)
    near = film.canvas.view
    go(film, Key.Key_N)
    film.key(Key.Key_A)
    assert film.canvas.fits
    go(film, Key.Key_A)
    assert film.session.current_id == film.session.records[2].id
    assert film.canvas.view == near
    film.key(Key.Key_F)
    go(film, Key.Key_N)
    assert film.canvas.fits


def test_who_asks_for_all_of_an_image_that_is_shown_whole_gets_the_next_one_so(film):
    paint_two_ends(film)
    go(film, Key.Key_N)
    film.key(Key.Key_A)
    film.key(Key.Key_F)
    go(film, Key.Key_A)
    assert film.session.current_id == film.session.records[2].id
    assert film.canvas.fits
