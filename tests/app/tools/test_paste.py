"""Copying, pasting and flipping segments through a real session and store."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from segstudio.app.document import Document
from segstudio.app.tools import PointerEvent, ToolContext, ToolSettings
from segstudio.app.tools.paste import PasteProposal, Piece, lift
from segstudio.domain.annotation import ImageState
from segstudio.domain.geometry import Rect
from segstudio.domain.patch import Patch
from segstudio.domain.plane import Plane
from tests.helpers.studios import approve

CLASSES = ("lesion", "ruler", "hair")


def paint_two(rig):
    """Segment 1 and, touching it, segment 2; leaves 1 in hand."""
    rig.stroke((20, 20), (30, 20))
    rig.session.editor.set_active_segment(2)
    rig.stroke((45, 24))
    rig.session.editor.set_active_segment(1)


def drag(editor, start, end):
    editor.press(PointerEvent(*start))
    editor.move(PointerEvent(*end))
    editor.release(PointerEvent(*end))


def test_a_segment_is_pasted_at_its_place_on_another_image_and_is_there_after_reload(rig):
    session = rig.new_project(classes=CLASSES)
    paint_two(rig)
    copied = rig.mask() == 1
    session.clipboard.copy()
    second = session.records[1].id
    rig.show(second)
    session.clipboard.paste()
    assert session.editor.proposing
    assert not rig.mask().any(), "a proposal is not in the mask"
    session.editor.commit()
    assert not session.editor.busy
    expected = np.where(copied, 1, 0)
    assert np.array_equal(rig.mask(), expected)
    assert session.editor.undo_name == "Paste"
    session.editor.undo()
    assert not rig.mask().any()
    session.editor.redo()
    rig.reopen()
    assert rig.session.current_id == second
    assert np.array_equal(rig.mask(), expected)


def test_the_copy_outlives_its_image_and_is_not_changed_by_painting(rig):
    session = rig.new_project(classes=CLASSES)
    rig.stroke((20, 20), (30, 20))
    copied = rig.mask()
    session.clipboard.copy()
    session.editor.undo()
    session.clipboard.paste()
    session.editor.commit()
    assert np.array_equal(rig.mask(), copied)


def test_all_segments_are_copied_but_hidden_ones(rig):
    session = rig.new_project(classes=CLASSES)
    paint_two(rig)
    session.editor.set_active_segment(3)
    rig.stroke((70, 50))
    session.change_segment(3, hidden=True)
    source = rig.mask()
    session.clipboard.copy_all()
    rig.show(session.records[1].id)
    session.clipboard.paste()
    session.editor.commit()
    assert np.array_equal(rig.mask(), np.where(source == 3, 0, source))


def test_what_is_background_in_the_piece_erases_nothing(rig):
    session = rig.new_project(classes=CLASSES)
    rig.stroke((20, 20))
    rig.stroke((60, 40))
    copied = rig.mask() == 1
    session.clipboard.copy()
    rig.show(session.records[1].id)
    session.editor.set_active_segment(2)
    rig.stroke((40, 30), (50, 30))
    below = rig.mask()
    session.clipboard.paste()
    session.editor.commit()
    assert np.array_equal(rig.mask(), np.where(copied, 1, below))


def test_a_drag_moves_the_piece_and_clips_it_at_the_border(rig):
    session = rig.new_project(classes=CLASSES)
    rig.stroke((20, 20))
    copied = rig.mask()
    session.clipboard.copy()
    session.editor.undo()
    session.clipboard.paste()
    drag(session.editor, (21, 22), (34, 17))
    session.editor.commit()
    expected = np.zeros_like(copied)
    expected[: 64 - 5, 13:] = copied[5:, : 96 - 13]
    assert np.array_equal(rig.mask(), expected)
    session.editor.undo()
    session.clipboard.paste()
    drag(session.editor, (0, 0), (900, 900))
    session.editor.commit()
    assert 0 < (rig.mask() == 1).sum() < (copied == 1).sum(), "its middle stays on the image"


@pytest.mark.parametrize(("across", "down"), [(True, False), (False, True), (True, True)])
def test_a_piece_is_flipped_within_its_own_rectangle(rig, across, down):
    session = rig.new_project(classes=CLASSES)
    paint_two(rig)
    source = rig.mask()
    session.clipboard.copy_all()
    rig.show(session.records[1].id)
    session.clipboard.paste()
    labels = [action.label for action in session.editor.tool.actions]
    assert labels == ["Flip left-right", "Flip top-bottom"]
    if across:
        session.editor.act(session.editor.tool.actions[0])
    if down:
        session.clipboard.flip(across=False)
    session.editor.commit()
    rows, columns = np.flatnonzero(source.any(1)), np.flatnonzero(source.any(0))
    box = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    expected = np.zeros_like(source)
    expected[box] = source[box][:: -1 if down else 1, :: -1 if across else 1]
    assert np.array_equal(rig.mask(), expected)


@pytest.mark.parametrize("across", [True, False])
def test_the_segment_in_hand_is_flipped_where_it_lies(rig, across):
    session = rig.new_project(classes=CLASSES)
    rig.stroke((20, 20), (40, 20), (40, 34))
    session.editor.set_active_segment(2)
    rig.stroke((80, 50))
    session.editor.set_active_segment(1)
    before = rig.mask()
    session.clipboard.flip(across=across)
    assert np.array_equal(rig.mask(), before)
    session.editor.commit()
    own = before == 1
    rows, columns = np.flatnonzero(own.any(1)), np.flatnonzero(own.any(0))
    box = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    flipped = np.zeros_like(own)
    flipped[box] = own[box][:, ::-1] if across else own[box][::-1]
    assert not np.array_equal(flipped, own)
    assert np.array_equal(rig.mask(), np.where(flipped, 1, np.where(own, 0, before)))
    assert session.editor.undo_name == "Flip"
    session.editor.undo()
    assert np.array_equal(rig.mask(), before)


@pytest.mark.parametrize("over", [0, 2])
def test_a_flip_leaves_nothing_where_it_was_whatever_may_be_painted_over(rig, over):
    session = rig.new_project(classes=CLASSES)
    rig.stroke((20, 20), (40, 20), (40, 34))
    session.editor.set_active_segment(2)
    rig.stroke((24, 36))
    session.editor.set_active_segment(1)
    before = rig.mask()
    session.editor.change_settings(paint_over=over)
    session.clipboard.flip(across=True)
    session.editor.commit()
    own = before == 1
    rows, columns = np.flatnonzero(own.any(1)), np.flatnonzero(own.any(0))
    box = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    flipped = np.zeros_like(own)
    flipped[box] = own[box][:, ::-1]
    assert (flipped & (before == 2)).any()
    lies = flipped & (own | (before == over))
    assert np.array_equal(rig.mask(), np.where(lies, 1, np.where(own, 0, before)))


@pytest.mark.parametrize("fields", [{"locked": True}, {"hidden": True}])
def test_a_locked_or_hidden_segment_is_not_flipped(rig, fields):
    session = rig.new_project(classes=CLASSES)
    rig.stroke((20, 20), (40, 20), (40, 34))
    session.change_segment(1, **fields)
    session.clipboard.flip(across=True)
    assert not session.editor.proposing
    rig.wait(lambda: bool(rig.messages))
    assert "first" in rig.messages[-1].sentence


def test_locked_segments_and_paint_only_over_are_respected_and_shown_so(rig):
    session = rig.new_project(classes=CLASSES)
    rig.stroke((30, 30))
    source = rig.mask() == 1
    session.clipboard.copy()
    rig.show(session.records[1].id)
    session.editor.set_active_segment(2)
    rig.stroke((36, 30))
    session.editor.set_active_segment(3)
    rig.stroke((24, 30))
    below = rig.mask()
    session.change_segment(2, locked=True)
    session.clipboard.paste()
    assert shown_patch(session.editor, below.shape).sum() == (source & (below != 2)).sum()
    session.editor.change_settings(paint_over=0)
    assert np.array_equal(shown_patch(session.editor, below.shape), source & (below == 0))
    session.editor.commit()
    assert np.array_equal(rig.mask(), np.where(source & (below == 0), 1, below))


def shown_patch(editor, shape):
    patch, shown = editor.preview.patch, np.zeros(shape, bool)
    shown[patch.rect.slices] = patch.where
    return shown


@pytest.mark.parametrize("drop", ["abandon", "undo", "tool", "image", "close"])
def test_a_proposal_that_is_not_taken_leaves_no_trace(rig, drop):
    session = rig.new_project(classes=CLASSES)
    rig.stroke((20, 20))
    session.clipboard.copy()
    second, third = session.records[1].id, session.records[2].id
    rig.show(second)
    session.clipboard.paste()
    drag(session.editor, (21, 22), (34, 17))
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
    assert not session.editor.busy
    assert not rig.mask().any()
    assert session.editor.undo_name == ""
    assert session.record(second).state is ImageState.NEW
    rig.settle()
    assert rig.reopen().record(second).state is ImageState.NEW
    assert not rig.mask().any()


def test_an_image_of_another_size_gets_the_piece_unscaled_unless_asked(rig):
    session = rig.new_project(classes=CLASSES)
    half = rig.folder / "half.png"
    Image.new("RGB", (48, 32)).save(half)
    odd = rig.folder / "odd.png"
    Image.new("RGB", (96, 40)).save(odd)
    session.files.add([half, odd])
    rig.settle()
    rig.stroke((60, 40))
    source = rig.mask() == 1
    session.clipboard.copy()
    rig.show(session.records[4].id)
    session.clipboard.paste()
    assert "96 x 64 px, not scaled" in session.editor.tool_hint
    session.editor.commit()
    expected = np.zeros((32, 48), bool)
    ys, xs = np.nonzero(source)
    ys, xs = ys - 20, xs - 30
    inside = (ys < 32) & (xs < 48) & (ys >= 0) & (xs >= 0)
    expected[ys[inside], xs[inside]] = True
    assert abs(int((rig.mask() == 1).sum()) - int(expected.sum())) <= 40
    assert (rig.mask() == 1).sum() > source.sum() / 4 + 40, "it was not made smaller"
    session.editor.undo()
    session.clipboard.paste()
    scale = session.editor.tool.actions[-1]
    assert scale.label == "Scale to this image"
    session.editor.act(scale)
    assert "scaled to this image" in session.editor.tool_hint
    assert session.editor.tool.actions[-1].label == "Original size"
    session.editor.commit()
    truth = source[::2, ::2]
    got = rig.mask() == 1
    assert (got & truth).sum() / (got | truth).sum() > 0.85
    rig.show(session.records[5].id)
    session.clipboard.paste()
    assert len(session.editor.tool.actions) == 2, "another shape is never scaled to"


def test_nothing_to_copy_or_paste_is_said(rig):
    session = rig.new_project(classes=CLASSES)
    session.clipboard.paste()
    assert session.clipboard.is_empty
    session.clipboard.copy()
    session.clipboard.flip(across=True)
    assert not session.editor.proposing
    rig.wait(lambda: "flip" in rig.messages[-1].sentence)
    assert [message.key for message in rig.messages[-3:]] == ["copy"] * 3


def test_pixels_of_segments_that_mean_another_class_by_now_are_not_pasted(rig):
    session = rig.new_project(classes=CLASSES)
    paint_two(rig)
    source = rig.mask()
    session.clipboard.copy_all()
    session.change_segment(2, class_id=3)
    rig.show(session.records[1].id)
    session.clipboard.paste()
    session.editor.commit()
    assert np.array_equal(rig.mask(), np.where(source == 2, 0, source))
    session.change_segment(1, class_id=3)
    session.clipboard.paste()
    assert not session.editor.proposing


def test_painting_on_over_a_paste_moves_the_piece_and_paints_nothing(rig):
    session = rig.new_project(classes=CLASSES)
    rig.stroke((20, 20))
    session.clipboard.copy()
    rig.show(session.records[1].id)
    session.clipboard.paste()
    assert session.editor.pointed is session.editor.tool
    drag(session.editor, (60, 40), (62, 40))
    assert session.editor.proposing
    assert session.editor.undo_name == "what is shown"
    assert not rig.mask().any()


HEIGHT, WIDTH = 300, 520

ids_anywhere = st.lists(
    st.tuples(st.integers(0, WIDTH - 1), st.integers(0, HEIGHT - 1), st.integers(1, 90), st.integers(0, 3)),
    max_size=6,
)


def plane_of(blobs, fill):
    plane = Plane(HEIGHT, WIDTH, fill)
    for x, y, side, id_ in blobs:
        plane.write(Rect(x, y, x + side, y + side).clip(HEIGHT, WIDTH), id_)
    return plane


@given(ids_anywhere, ids_anywhere, st.sets(st.integers(0, 3)))
def test_lifting_takes_exactly_the_pixels_shown(painted, predicted, wanted):
    document = Document(1, np.zeros((HEIGHT, WIDTH, 3), np.uint8), plane_of(painted, 65535), plane_of(predicted, 0))
    shown = document.shown(document.bounds)
    expected = np.where(np.isin(shown, list(wanted - {0})), shown, 0)
    piece = lift(document, wanted)
    if piece is None:
        assert not expected.any()
        return
    got = np.zeros_like(expected)
    got[piece.rect.slices] = piece.ids
    assert np.array_equal(got, expected)
    borders = (piece.ids[0], piece.ids[-1], piece.ids[:, 0], piece.ids[:, -1])
    assert all(border.any() for border in borders)
    assert piece.segment_ids == set(np.unique(expected)) - {0}


@given(
    st.integers(1, 40), st.integers(1, 40), st.integers(0, 60), st.integers(0, 60), st.integers(-90, 90),
    st.integers(-90, 90), st.booleans(), st.booleans(), st.integers(0, 2**32 - 1),
)  # fmt: skip
def test_a_dragged_and_flipped_piece_covers_what_a_pixel_loop_says(w, h, x, y, dx, dy, across, lifting, seed):
    size = (100, 100)
    ids = np.random.default_rng(seed).integers(0, 3, (h, w)).astype(np.uint16)
    piece = Piece(Rect(x, y, x + w, y + h), ids, size, frozenset({1, 2}))
    lifted = Patch(piece.rect, ids != 0, 0) if lifting else Patch(Rect(0, 0, 0, 0), np.zeros((0, 0), bool), 0)
    document = Document(1, np.zeros((100, 100, 3), np.uint8), Plane(100, 100))
    context = ToolContext(document, 1, (), ToolSettings(), lambda *_: None, lambda *_: None, None)
    tool = PasteProposal(piece, size, lifted=lifted, across=across)
    tool.press(context, PointerEvent(50, 50))
    tool.release(context, PointerEvent(50 + dx, 50 + dy))
    expected = np.full((100, 100), 65535, np.uint16)
    if lifting:
        expected[y : y + h, x : x + w][ids != 0] = 0
    middle = SimpleNamespace(x=min(max(x + w / 2 + dx, 0), 100), y=min(max(y + h / 2 + dy, 0), 100))
    left, top = math.floor(middle.x - w / 2 + 0.5), math.floor(middle.y - h / 2 + 0.5)
    for row in range(h):
        for column in range(w):
            id_ = ids[row, w - 1 - column] if across else ids[row, column]
            if id_ and 0 <= top + row < 100 and 0 <= left + column < 100:
                expected[top + row, left + column] = id_
    got = np.full((100, 100), 65535, np.uint16)
    patch = tool.preview.patch
    np.copyto(got[patch.rect.slices], np.asarray(patch.values, np.uint16), where=patch.where)
    assert np.array_equal(got, expected)


def test_cut_copies_the_segment_in_hand_and_erases_it_in_one_step(rig):
    session = rig.new_project(classes=CLASSES)
    paint_two(rig)
    before = rig.mask()
    session.editor.set_active_segment(1)
    session.editor.change_settings(paint_over=2)
    steps = len(session.document.history.done)
    session.clipboard.cut()
    assert np.array_equal(rig.mask(), np.where(before == 1, 0, before))
    assert len(session.document.history.done) == steps + 1
    rig.settle()
    message = [message for message in rig.messages if message.key == "copy"][-1]
    assert message.action == "Undo"
    session.editor.change_settings(paint_over=None)
    rig.show(session.records[1].id)
    session.clipboard.paste()
    session.editor.commit()
    assert np.array_equal(rig.mask() == 1, before == 1)
    assert not message.holds()
    session = rig.reopen()
    rig.show(session.records[0].id)
    assert np.array_equal(rig.mask(), np.where(before == 1, 0, before))
    session.editor.undo()
    assert np.array_equal(rig.mask(), before)


@pytest.mark.parametrize("take", ["cut", "erase"])
@pytest.mark.parametrize("fields", [{"locked": True}, {"hidden": True}, {}])
def test_what_is_locked_hidden_or_not_there_is_not_taken_away(rig, take, fields):
    session = rig.new_project(classes=CLASSES)
    if fields:
        rig.stroke((20, 20))
        session.change_segment(1, **fields)
    before = rig.mask()
    steps = len(session.document.history.done)
    getattr(session.clipboard, take)()
    rig.settle()
    assert np.array_equal(rig.mask(), before)
    assert len(session.document.history.done) == steps
    assert session.clipboard.is_empty
    rig.wait(lambda: bool(rig.messages))
    assert rig.messages[-1].key == "copy"


def test_what_the_model_said_of_a_segment_is_erased_too(rig):
    session = rig.new_project(6, classes=("lesion", "ruler"))
    approve(rig, 3)
    assert session.document.mask_origin == "model"
    assert (rig.mask() == 1).any()
    session.clipboard.erase()
    assert session.editor.undo_name == "Erase segment"
    assert not (rig.mask() == 1).any()
    session = rig.reopen()
    assert not (rig.mask() == 1).any()


def test_erasing_takes_an_approval_back_and_says_so(rig):
    session = rig.new_project(classes=CLASSES)
    rig.stroke((20, 20))
    first = session.current_id
    session.approve()
    rig.show(first)
    session.clipboard.erase()
    rig.settle()
    assert session.record(first).state is not ImageState.APPROVED
    assert "no longer approved" in rig.messages[-1].sentence


@pytest.mark.parametrize("across", [0, 7.5])
def test_a_nudge_is_exactly_as_many_pixels_wherever_the_piece_was_dragged_to(rig, across):
    session = rig.new_project(classes=CLASSES)
    rig.stroke((20, 20))
    session.clipboard.copy()
    session.editor.undo()
    session.clipboard.paste()
    if across:
        drag(session.editor, (20, 20), (20 + across, 20))
    before = session.editor.preview.patch.rect
    for step in (1, 2, 3):
        assert session.editor.nudge(1, 0)
        assert session.editor.preview.patch.rect == before.moved(step, 0)
    session.editor.nudge(-3, 10)
    assert session.editor.preview.patch.rect == before.moved(0, 10)
    session.editor.nudge(-1000, -1000)
    session.editor.commit()
    assert (rig.mask() == 1).any(), "its middle stays on the image"
    assert not session.editor.nudge(1, 0)


def test_what_is_moved_away_is_what_the_model_says_by_then(rig):
    session = rig.new_project(2, classes=CLASSES)
    rig.hold_rounds = True

    def learn(number):
        folder = rig.folder / str(number)
        folder.mkdir()
        session.predictor.use(number, folder / "weights")
        rig.wait(lambda: session.document.prediction_round == number)
        rig.settle()

    learn(1)
    session.clipboard.flip(across=True)
    drag(session.editor, (5, 5), (45, 25))
    learn(7)
    below = rig.mask()
    assert below[:17, :17].all()
    session.editor.commit()
    assert np.array_equal(rig.mask(), np.roll(below, (20, 40), (0, 1)))
