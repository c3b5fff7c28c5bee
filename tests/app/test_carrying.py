"""Carrying masks from frame to frame through a real session, store and files."""

import threading

import numpy as np
import pytest
from PIL import Image

from segstudio.app import carrying
from segstudio.app.new_project import NewProject
from segstudio.app.tools import PointerEvent
from segstudio.domain.annotation import ImageState
from segstudio.domain.patch import Patch
from segstudio.domain.review import ReviewSettings
from segstudio.formats.dataset import FoundImage
from tests.helpers.studios import approve, write_images
from tests.helpers.videos import SIZE, disk, write_frames

CLASSES = ("person", "ball", "other")


def video_project(rig, count=4, paths=None, by_itself=False):
    """A project of frames on its first one; unless told otherwise nothing is proposed unasked."""
    paths = paths or write_frames(rig.folder / "frames", count)
    found = tuple(FoundImage(path, None) for path in paths)
    rig.studio.new_project(NewProject(rig.folder / "video.segstudio", found, CLASSES, "none"))
    rig.wait(lambda: rig.studio.session is not None)
    rig.settle()
    rig.session.carrying.set_by_itself(by_itself)
    return rig.session


def paint_disk(rig, frame, segment_id=1):
    document = rig.session.document
    rig.session.editor.apply("Paint", Patch(document.bounds, disk(frame), segment_id))


def settle(rig):
    rig.settle()
    rig.wait(lambda: not rig.session.carrying.busy)


def show(rig, index):
    rig.show(rig.session.records[index].id)
    settle(rig)


def ask(rig):
    rig.heard.clear()
    rig.session.carrying.carry()
    settle(rig)


def iou(one, other):
    return (one & other).sum() / (one | other).sum()


def last_sentence(rig):
    rig.wait(lambda: any(message.key == "carry" for message in rig.messages))
    return next(message.sentence for message in rig.messages if message.key == "carry")


def test_j_shows_the_earlier_mask_and_j_again_takes_it_as_one_step(rig):
    session = video_project(rig)
    paint_disk(rig, 1)
    session.approve()
    settle(rig)
    assert session.current_id == session.records[1].id
    assert not session.editor.proposing
    assert session.carrying.offer == "J carries over the mask of walk_00001"
    ask(rig)
    assert session.carrying.shown
    assert session.editor.tool.title == "Carried over from walk_00001"
    assert "Enter or J applies it" in session.editor.tool_hint
    assert session.carrying.offer == ""
    assert not rig.mask().any(), "a proposal is not in the mask"
    assert session.record(session.current_id).state is ImageState.NEW
    session.carrying.carry()
    assert not session.editor.proposing
    assert iou(rig.mask() == 1, disk(2)) > 0.9
    assert iou(rig.mask() == 1, disk(2)) > iou(disk(1), disk(2)) + 0.05, "it moved along"
    assert session.editor.undo_name == "Carry over"
    taken = rig.mask()
    session.editor.undo()
    assert not rig.mask().any()
    session.editor.redo()
    session = rig.reopen()
    assert np.array_equal(rig.mask(), taken)
    assert session.record(session.current_id).state is ImageState.IN_PROGRESS
    assert session.carrying.offer == "", "what is worked on is left alone"


def test_every_segment_is_carried(rig):
    session = video_project(rig)
    paint_disk(rig, 1)
    document = session.document
    right = disk(1) & (np.arange(SIZE[0]) >= 54)
    session.editor.apply("Paint", Patch(document.bounds, right, 3))
    show(rig, 1)
    ask(rig)
    session.editor.commit()
    assert set(np.unique(rig.mask())) == {0, 1, 3}
    assert iou(rig.mask() == 3, disk(2) & (np.arange(SIZE[0]) >= 58)) > 0.85


@pytest.mark.parametrize("drop", ["abandon", "undo", "tool", "image", "close"])
def test_what_is_not_taken_leaves_no_trace(rig, drop):
    session = video_project(rig)
    paint_disk(rig, 1)
    second, third = session.records[1].id, session.records[2].id
    show(rig, 1)
    ask(rig)
    assert session.carrying.shown
    if drop == "image":
        rig.show(third)
        rig.show(second)
    elif drop == "close":
        session = rig.reopen()
    elif drop == "tool":
        session.editor.set_tool("eraser")
    else:
        getattr(session.editor, drop)()
    assert not session.editor.proposing
    assert not rig.mask().any()
    assert session.editor.undo_name == ""
    settle(rig)
    session = rig.reopen()
    assert session.record(second).state is ImageState.NEW
    rig.show(second)
    assert not rig.mask().any()


def test_an_image_is_not_approved_while_a_carried_mask_only_looks_like_its_mask(rig):
    session = video_project(rig)
    paint_disk(rig, 1)
    second = session.records[1].id
    show(rig, 1)
    ask(rig)
    session.approve()
    settle(rig)
    assert session.carrying.shown
    assert (session.current_id, session.record(second).state) == (second, ImageState.NEW)
    rig.wait(lambda: any("Enter applies it" in message.sentence for message in rig.messages))
    session.editor.commit()
    session.approve()
    settle(rig)
    assert session.record(second).state is ImageState.APPROVED
    assert session.current_id != second


def test_a_press_drops_the_proposal_and_paints_as_if_it_had_not_been_there(rig):
    session = video_project(rig)
    paint_disk(rig, 1)
    show(rig, 1)
    rig.stroke((20, 20), (30, 20))
    expected = rig.mask()
    session.editor.undo()
    ask(rig)
    assert session.editor.pointed.cursor == "ring"
    rig.stroke((20, 20), (30, 20))
    assert not session.editor.proposing
    assert np.array_equal(rig.mask(), expected)
    assert session.editor.undo_name == "Paint"
    assert session.carrying.offer.startswith("J carries"), "it can be had back"


def test_what_was_painted_on_this_image_stays_when_the_mask_is_carried_over(rig):
    session = video_project(rig)
    paint_disk(rig, 1)
    show(rig, 1)
    session.editor.set_active_segment(2)
    rig.stroke((60, 60))
    rig.stroke((45, 60), button="right")
    own = rig.session.document.correction.to_array()
    ask(rig)
    session.carrying.carry()
    after = rig.mask()
    painted = own != 65535
    assert np.array_equal(after[painted], own[painted])
    assert (after == 1).sum() > 500


def test_over_a_prediction_the_carried_mask_is_what_is_shown(rig):
    session = video_project(rig, 6)
    approve(rig, 3)
    settle(rig)
    assert session.document.mask_origin == "model"
    assert rig.mask().any()
    source = session.records[2].id
    rig.show(source)
    earlier = rig.mask()
    show(rig, 3)
    ask(rig)
    proposed = session.editor.tool._ids
    session.carrying.carry()
    assert np.array_equal(rig.mask(), proposed), "also where the model saw something and the earlier frame does not"
    assert earlier.any()


def test_locked_segments_and_paint_only_over_are_respected(rig):
    session = video_project(rig)
    paint_disk(rig, 1)
    show(rig, 1)
    session.change_segment(1, locked=True)
    ask(rig)
    session.editor.change_settings(paint_over=2)
    assert session.editor.preview.patch.is_empty, "what is shown is what would be painted"
    session.editor.change_settings(paint_over=None)
    assert not session.editor.preview.patch.is_empty


def test_right_after_approving_the_next_frame_proposes_by_itself_if_wanted(rig):
    session = video_project(rig, by_itself=True)
    paint_disk(rig, 1)
    session.approve()
    settle(rig)
    assert session.current_id == session.records[1].id
    assert session.carrying.shown
    assert not rig.mask().any()
    session.editor.abandon()
    show(rig, 2)
    assert not session.carrying.shown, "the frame before has no mask of a person"
    assert session.carrying.offer == "J carries over the mask of walk_00001", "but asked for it comes from further back"
    show(rig, 1)
    assert not session.carrying.shown, "what was dropped once does not come again unasked"
    ask(rig)
    assert session.carrying.shown


def test_nothing_is_proposed_unasked_over_a_mask_or_where_it_is_switched_off(rig):
    session = video_project(rig, 6, by_itself=True)
    paint_disk(rig, 1)
    show(rig, 1)
    assert session.carrying.shown
    rig.stroke((20, 20))
    show(rig, 0)
    show(rig, 1)
    assert not session.carrying.shown, "it was worked on"
    session.editor.undo()
    session.carrying.set_by_itself(False)
    show(rig, 0)
    show(rig, 1)
    assert not session.carrying.shown
    session = rig.reopen()
    assert session.carrying.by_itself is False, "the choice is kept"


@pytest.mark.parametrize("go_on", ["image", "stroke"])
def test_going_on_says_no_to_what_was_offered_without_a_word(rig, go_on):
    session = video_project(rig, by_itself=True)
    paint_disk(rig, 1)
    show(rig, 1)
    assert session.carrying.shown
    rig.heard.clear()
    if go_on == "image":
        show(rig, 2)
    else:
        rig.stroke((20, 20), (25, 25))
    rig.settle()
    assert not session.carrying.shown
    assert not any("dropped" in message.sentence for message in rig.messages)


def test_a_hand_that_was_quicker_is_not_interrupted(rig, monkeypatch):
    go = threading.Event()
    real = carrying.carry

    def slow(*args):
        go.wait(10)
        return real(*args)

    monkeypatch.setattr(carrying, "carry", slow)
    session = video_project(rig, by_itself=True)
    paint_disk(rig, 1)
    rig.show(session.records[1].id)
    rig.wait(lambda: session.carrying.offer == "Carrying over the mask of walk_00001…")
    assert session.carrying.busy
    session.editor.press(PointerEvent(20, 20))
    go.set()
    settle(rig)
    assert session.editor.in_gesture
    session.editor.release(PointerEvent(30, 20))
    assert not session.editor.proposing
    assert rig.mask().any()


def test_a_mask_that_comes_after_the_image_was_left_is_shown_nowhere(rig, monkeypatch):
    go = threading.Event()
    real = carrying.carry

    def slow(*args):
        go.wait(10)
        return real(*args)

    monkeypatch.setattr(carrying, "carry", slow)
    session = video_project(rig)
    paint_disk(rig, 1)
    rig.show(session.records[1].id)
    session.carrying.carry()
    rig.show(session.records[3].id)
    go.set()
    settle(rig)
    assert not session.editor.proposing
    rig.show(session.records[1].id)
    assert not session.editor.proposing
    assert session.close()


def test_frames_of_another_size_are_refused_in_a_sentence(rig):
    paths = write_frames(rig.folder / "frames", 3)
    Image.new("RGB", (80, 60)).save(paths[1])
    session = video_project(rig, paths=paths)
    paint_disk(rig, 1)
    show(rig, 1)
    ask(rig)
    assert not session.editor.proposing
    assert "160 x 120 px and this image 80 x 60" in last_sentence(rig)


def test_an_earlier_frame_that_cannot_be_read_is_said(rig):
    paths = write_frames(rig.folder / "frames", 3)
    session = video_project(rig, paths=paths)
    paint_disk(rig, 1)
    show(rig, 1)
    paths[0].unlink()
    ask(rig)
    assert not session.editor.proposing
    assert "walk_00001" in last_sentence(rig)
    Image.new("RGB", SIZE).save(paths[0])
    ask(rig)
    assert "not the file that its mask was made on" in last_sentence(rig)


def test_without_an_earlier_mask_or_on_an_approved_one_a_sentence_says_so(rig):
    session = video_project(rig)
    assert session.carrying.offer == ""
    ask(rig)
    assert "no earlier frame" in last_sentence(rig)
    paint_disk(rig, 1)
    session.approve()
    settle(rig)
    show(rig, 0)
    ask(rig)
    assert "approved" in last_sentence(rig)
    assert not session.editor.proposing


def test_what_has_nothing_to_add_is_not_proposed(rig):
    session = video_project(rig)
    session.approve()
    settle(rig)
    ask(rig)
    assert not session.editor.proposing
    assert "nothing to add" in last_sentence(rig)


def test_frames_of_other_sequences_and_folders_are_not_mixed(rig):
    paths = [*write_frames(rig.folder / "a", 3), *write_frames(rig.folder / "b", 3)]
    paths += write_frames(rig.folder / "a", 3, "run_{:05d}")
    session = video_project(rig, paths=paths)
    paint_disk(rig, 1)
    offers = []
    for index in range(len(paths)):
        show(rig, index)
        offers.append(bool(session.carrying.offer))
    assert offers == [False, True, True, False, False, False, False, False, False]


def test_frames_that_look_like_no_video_are_left_in_peace_unless_asked(rig):
    paths = [
        path.rename(path.with_name(f"walk_{i:05d}.png")) for i, path in enumerate(write_images(rig.folder / "a", 4))
    ]
    session = video_project(rig, paths=paths, by_itself=True)
    rig.stroke((30, 30), (50, 40))
    show(rig, 1)
    assert not session.editor.proposing
    assert session.carrying.offer == ""
    ask(rig)
    assert session.editor.proposing


def test_images_that_are_no_frames_are_left_in_peace(rig):
    session = rig.new_project()
    rig.stroke((30, 30), (50, 40))
    show(rig, 1)
    assert session.carrying.offer == ""
    ask(rig)
    assert not session.editor.proposing


@pytest.mark.parametrize("as_files", [False, True])
def test_mads_names_are_stepped_through_in_the_order_of_their_frames(rig, as_files):
    names = [f"HipHop_HipHop1_C0_{frame}" for frame in (45, 90, 135, 180, 1035)]
    content = write_frames(rig.folder / "elsewhere", 1)[0].read_bytes()
    paths = [rig.folder / "frames" / f"{name}.png" for name in names]
    paths[0].parent.mkdir()
    for path in paths:
        path.write_bytes(content + path.name.encode())
    seen = []
    rig.studio.look_at(paths[::-1] if as_files else [paths[0].parent], seen.append)
    rig.wait(lambda: seen)
    session = video_project(rig, paths=[found.image for found in seen[0].found.images])
    assert [record.path.stem for record in session.records] == names
    visited = [session.record(session.current_id).path.stem]
    for _ in names[1:]:
        session.approve()
        rig.wait(lambda: session.loading_id is None)
        visited.append(session.record(session.current_id).path.stem)
    assert visited == names


def as_reader(rig, reader):
    """Close the project and open it for another reader."""
    folder = rig.session.folder
    rig.settle()
    rig.studio.open_project(folder, reader=reader)
    rig.wait(lambda: rig.studio.session is not None and rig.studio.session.review.reader == reader)
    settle(rig)
    return rig.session


def test_another_reader_s_mask_is_not_carried_into_a_blind_reading(rig):
    session = video_project(rig, 8, by_itself=True)
    session.review.set_settings(ReviewSettings(second_share=0.5))
    session = as_reader(rig, "Anna")
    pairs = zip(session.records, session.records[1:], strict=False)
    k = next(i for i, (one, two) in enumerate(pairs) if one.second == "" and two.second == "wanted")
    for index in (k, k + 1):
        show(rig, index)
        paint_disk(rig, index + 1)
        session.approve()
        settle(rig)
    session = as_reader(rig, "Ben")
    assert session.records[k].reader == "Anna"
    show(rig, k + 1)
    assert session.record(session.current_id).reading_of is not None
    assert not session.editor.proposing
    assert session.carrying.offer == ""
    ask(rig)
    assert not session.editor.proposing
    assert "is not your reading" in last_sentence(rig)


def test_nothing_is_carried_over_to_an_image_that_is_to_be_drawn_first(rig):
    session = video_project(rig, by_itself=True)
    session.review.set_settings(ReviewSettings(draw_first_share=1.0))
    show(rig, 0)
    assert session.document.veiled
    paint_disk(rig, 1)
    session.approve()
    settle(rig)
    assert session.current_id == session.records[1].id
    assert session.document.veiled
    assert not session.editor.proposing
    assert session.carrying.offer == ""
    ask(rig)
    assert not session.editor.proposing
    assert "Draw your own mask of this image first" in last_sentence(rig)


def test_of_a_half_drawn_image_only_what_was_painted_is_carried_over(rig, monkeypatch):
    session = video_project(rig, 6)
    approve(rig, 3)
    rig.wait(lambda: session.predictor.round == 1)
    settle(rig)
    show(rig, 3)
    prediction = session.document.prediction.to_array()
    assert prediction.any()
    rig.stroke((80, 60), (90, 60))
    settle(rig)
    source, target = session.records[3].id, session.records[4].id
    session.catalog.veils = lambda record: record.id == source
    given = []
    monkeypatch.setattr(carrying, "carry", lambda _before, mask, _pixels: given.append(mask) or mask)
    rig.show(target)
    settle(rig)
    ask(rig)
    (mask,) = given
    assert mask[60, 85] == 1
    assert not mask[prediction != 0].any()


def test_the_mask_of_a_rejected_frame_is_carried_nowhere(rig):
    session = video_project(rig)
    paint_disk(rig, 1)
    settle(rig)
    show(rig, 1)
    assert session.carrying.offer == "J carries over the mask of walk_00001"
    show(rig, 0)
    session.review.reject("blurred")
    settle(rig)
    show(rig, 1)
    assert session.carrying.offer == ""
    ask(rig)
    assert not session.editor.proposing
    assert "no earlier frame" in last_sentence(rig)


def test_names_that_single_pictures_may_have_too_are_carried_only_when_asked(rig):
    folder = rig.folder / "breakdance"
    for frame, path in enumerate(write_frames(folder, 4)):
        path.rename(folder / f"{frame:05d}.png")
    session = video_project(rig, paths=sorted(folder.iterdir()), by_itself=True)
    paint_disk(rig, 1)
    session.approve()
    settle(rig)
    assert session.current_id == session.records[1].id
    assert session.carrying.offer == "J carries over the mask of 00000"
    assert not session.editor.proposing
    ask(rig)
    assert session.carrying.shown


def test_an_image_that_is_no_frame_by_its_name_says_so(rig):
    video_project(rig, paths=write_images(rig.folder / "single", 2))
    paint_disk(rig, 1)
    show(rig, 1)
    ask(rig)
    assert "by its name this image is no frame of a video" in last_sentence(rig)
