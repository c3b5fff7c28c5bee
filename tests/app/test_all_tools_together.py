"""Every tool at random, mixed with undo, redo, other images, approvals, better masks, saving and reading again.

The model is as plain as can be: for each image a list of whole corrections, one a step, and where in it one stands.
What a single tool paints is the business of its own tests; here it is that every step is one step, that it can be taken
back and made again pixel for pixel, that nothing else changes a mask, and that the disk says the same.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from segstudio.app.tools import PointerEvent, make_tools
from segstudio.app.tools.clean_up import CleanUpProposal
from segstudio.app.tools.model_border import ModelBorder
from segstudio.app.tools.settings import LIMITS
from segstudio.domain.plane import UNSET
from tests.helpers.studios import StudioRig
from tests.helpers.videos import write_frames

WIDTH, HEIGHT = 96, 64
IMAGES = 3
CLASSES = ("lesion", "hair", "ink")

points = st.tuples(st.floats(-6, WIDTH + 6, width=16), st.floats(-6, HEIGHT + 6, width=16))
buttons = st.sampled_from(("left", "left", "left", "right"))
inside = st.tuples(st.integers(0, WIDTH - 1), st.integers(0, HEIGHT - 1))
indices = st.integers(0, IMAGES - 1)
taken = st.sampled_from((True, True, False))
tools = st.sampled_from(sorted(make_tools()))


KINDS: set[str] = set()
"""What the steps were called that were made on all walks."""

FEWEST_KINDS = 12
"""Of about 35 that there are; some walks made 18, some 28."""


@dataclass
class Past:
    """The corrections that an image has had, in order, which of them it shows, and the side of the model's square."""

    masks: list[np.ndarray]
    now: int = 0
    names: list[str] = field(default_factory=list)
    side: int = 0

    @property
    def correction(self) -> np.ndarray:
        return self.masks[self.now]

    @property
    def shown(self) -> np.ndarray:
        below = np.zeros((HEIGHT, WIDTH), np.uint16)
        below[: self.side, : self.side] = 1
        return np.where(self.correction == UNSET, below, self.correction)

    def step(self, mask: np.ndarray, name: str) -> None:
        KINDS.add(name)
        del self.masks[self.now + 1 :], self.names[self.now :]
        self.masks.append(mask)
        self.names.append(name)
        self.now += 1


class AllTools(RuleBasedStateMachine):
    """Drives a real session over a real database; only the worker is a fake."""

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.rig = StudioRig(self.folder)
        self.rig.hold_rounds = True
        frames = write_frames(self.folder / "frames", IMAGES, size=(WIDTH, HEIGHT))
        self.rig.new_project(images=frames, classes=CLASSES)
        self.rig.session.rounds.automatic = False
        self.rig.session.carrying.set_by_itself(False)
        self.round = 0
        self.pasts = {
            record.id: Past([np.full((HEIGHT, WIDTH), UNSET, np.uint16)]) for record in self.rig.session.records
        }

    def teardown(self) -> None:
        if hasattr(self, "rig"):
            self.rig.studio.close()
            shutil.rmtree(self.folder)

    # ---- what a person does -----------------------------------------------------------------------------------

    @rule(name=tools)
    def take_a_tool(self, name: str) -> None:
        self.working(lambda: self.editor.set_tool(name))

    @rule(
        start=points,
        way=st.lists(points, max_size=4),
        button=buttons,
        shift=st.booleans(),
        clicks=st.integers(1, 2),
        ctrl=st.booleans(),
        pressure=st.sampled_from((1.0, 1.0, 0.4)),
    )
    def drag(self, start, way, button, shift, clicks, ctrl=False, pressure=1.0) -> None:
        held = {"shift": shift, "ctrl": ctrl, "pressure": pressure}

        def gesture() -> None:
            self.editor.press(PointerEvent(*start, button, clicks=clicks, **held))
            for point in way:
                self.editor.move(PointerEvent(*point, button, **held))
            self.editor.release(PointerEvent(*(way[-1] if way else start), button, **held))

        self.working(gesture)

    @rule(name=tools, ways=st.lists(st.lists(points, min_size=1, max_size=4), min_size=1, max_size=3), button=buttons)
    def use_a_tool(self, name: str, ways, button) -> None:
        """From taking it in hand to its last key."""
        self.take_a_tool(name)
        for start, *way in ways:
            self.drag(start, way, button, False, 1)
        self.apply_what_is_shown()

    @rule(
        name=st.sampled_from(("wand", "bucket", "superpixels", "snap", "restore", "eraser", "nudge")),
        place=inside,
        way=st.lists(points, max_size=3),
        button=buttons,
    )
    def click_with(self, name: str, place, way, button) -> None:
        """Tools that need no more than a press."""
        self.take_a_tool(name)
        self.drag(place, way, button, False, 1)
        self.apply_what_is_shown()

    @rule(name=st.sampled_from(("polygon", "lasso", "smart_edge")), middle=inside, reach=st.floats(8, 30), taken=taken)
    def go_round_with(self, name: str, middle, reach, taken: bool) -> None:
        (x, y) = middle
        corners = [(x - reach, y), (x, y - reach), (x + reach, y), (x, y + reach)]
        self.take_a_tool(name)
        if name == "lasso":
            self.drag(corners[0], corners[1:], "left", True, 1)
        else:
            for corner in corners:
                self.drag(corner, [], "left", False, 1)
                self.working(lambda corner=corner: self.editor.move(PointerEvent(*corner)))
        (self.apply_what_is_shown if taken else self.drop_what_is_shown)()

    @rule(
        name=st.sampled_from(("rectangle", "ellipse", "grabcut")),
        corner=inside,
        size=st.tuples(st.integers(8, 60), st.integers(8, 40)),
        way=st.lists(points, max_size=3),
        taken=taken,
    )
    def put_a_box_round(self, name: str, corner, size, way, taken: bool) -> None:
        """And drag it, or scribble in it."""
        self.take_a_tool(name)
        self.drag(corner, [(corner[0] + size[0], corner[1] + size[1])], "left", False, 1)
        if way:
            self.drag(way[0], way[1:], "left", False, 1)
        (self.apply_what_is_shown if taken else self.drop_what_is_shown)()

    @rule(start=points, way=st.lists(points, min_size=1, max_size=3))
    def drag_and_give_up(self, start, way) -> None:
        """Esc in the middle leaves no trace."""
        self.working(self.editor.finish)
        before = self.steps
        self.editor.press(PointerEvent(*start))
        for point in way:
            self.editor.move(PointerEvent(*point))
        self.editor.abandon()
        self.rig.settle()
        assert self.steps == before
        assert not self.editor.busy

    @rule(way=st.lists(points, min_size=1, max_size=4))
    def hover(self, way) -> None:
        """A pointer that only moves changes nothing."""
        before = self.steps
        self.working(lambda: [self.editor.move(PointerEvent(*point)) for point in way])
        assert self.steps == before

    @rule(everything=st.booleans(), index=indices, way=st.lists(points, max_size=2), flipped=st.booleans(), taken=taken)
    def copy_and_paste(self, everything: bool, index: int, way, flipped: bool, taken: bool) -> None:
        clipboard = self.rig.session.clipboard
        self.working(clipboard.copy_all if everything else clipboard.copy)
        self.open(index)
        self.working(clipboard.paste)
        if flipped and self.editor.proposing:
            self.working(lambda: clipboard.flip(across=everything))
        if way and self.editor.proposing:
            self.drag(way[0], way[1:], "left", False, 1)
        (self.apply_what_is_shown if taken else self.drop_what_is_shown)()

    @rule(cut=st.booleans(), by=st.tuples(st.integers(-30, 30), st.integers(-30, 30)), taken=taken)
    def take_a_segment_away(self, cut: bool, by, taken: bool) -> None:
        """Delete it; or cut it out and put it down elsewhere."""
        self.working(self.editor.finish)
        clipboard, over = self.rig.session.clipboard, self.editor.settings.paint_over
        self.editor.change_settings(paint_over=None)
        self.working(clipboard.cut if cut else clipboard.erase)
        self.editor.change_settings(paint_over=over)
        if cut:
            self.working(clipboard.paste)
            self.working(lambda: self.editor.nudge(*by))
            (self.apply_what_is_shown if taken else self.drop_what_is_shown)()

    @rule(across=st.booleans(), taken=taken)
    def flip(self, across: bool, taken: bool) -> None:
        # A segment that is flipped may leave its own place whatever the tools may paint over.
        self.working(self.editor.finish)
        over = self.editor.settings.paint_over
        self.editor.change_settings(paint_over=None)
        self.working(lambda: self.rig.session.clipboard.flip(across=across))
        (self.apply_what_is_shown if taken else self.drop_what_is_shown)()
        self.editor.change_settings(paint_over=over)

    @rule(index=st.integers(1, IMAGES - 1), place=inside, way=st.lists(points, max_size=1), taken=taken)
    def carry(self, index: int, place, way, taken: bool) -> None:
        """The mask of the frame before; a stroke while it is shown drops it."""
        self.open(index - 1)
        self.take_a_tool("brush")
        self.drag(place, [], "left", False, 1)
        self.open(index)
        carrying = self.rig.session.carrying
        self.working(carrying.carry)
        if way:
            self.drag(way[0], [], "left", False, 1)
        elif taken and carrying.shown:
            self.working(carrying.carry)
        self.drop_what_is_shown()

    @rule(
        operation=st.sampled_from(("fill_holes", "keep_largest", "remove_specks", "grow", "shrink", "smooth")),
        every_segment=st.booleans(),
        taken=taken,
    )
    def clean_up(self, operation, every_segment, taken) -> None:
        self.working(lambda: self.editor.change_settings(operation=operation, every_segment=every_segment))
        self.working(lambda: self.editor.propose(CleanUpProposal()))
        (self.apply_what_is_shown if taken else self.drop_what_is_shown)()

    @rule(by=st.sampled_from((-1, 1)), ending=st.sampled_from(("apply", "drop", "leave")))
    def move_the_models_border(self, by: int, ending: str) -> None:
        self.working(lambda: self.editor.propose(ModelBorder(by)))
        if ending == "leave":
            self.working(self.editor.finish)
        else:
            (self.apply_what_is_shown if ending == "apply" else self.drop_what_is_shown)()

    @rule(whole=st.booleans())
    def reset(self, whole: bool) -> None:
        self.working(self.editor.finish)
        locked, over = self.rig.session.table.locked_ids(), self.editor.settings.paint_over
        reset = self.rig.session.reset
        # What is reset is reset whatever the tools may paint over.
        self.editor.change_settings(paint_over=None)
        self.working(reset.image if whole else reset.segment)
        self.editor.change_settings(paint_over=over)
        if whole and not locked:
            assert (self.correction() == UNSET).all()

    @rule(
        start=points,
        way=st.lists(points, max_size=2),
        then=st.sampled_from(("undo", "redo", "tool", "finish", "abandon", "lock", "settings", "press", "better")),
    )
    def hurry(self, start, way, then) -> None:
        """Something else comes before the tool has its answer, or in the middle of a stroke."""
        self.working(self.editor.finish)
        self.editor.press(PointerEvent(*start))
        for point in way:
            self.editor.move(PointerEvent(*point))
        if len(way) < 2:
            self.editor.release(PointerEvent(*(way[-1] if way else start)))
        if then == "lock":
            self.rig.session.change_segment(1, locked=True)
        elif then == "settings":
            self.editor.change_settings(radius=3, tolerance=30)
        elif then == "tool":
            self.editor.set_tool("brush")
        elif then == "press":
            self.editor.press(PointerEvent(30, 30))
        elif then == "better":
            self.bring_better_masks()
        else:
            getattr(self.editor, then)()
        self.editor.finish()
        self.rig.wait(lambda: not self.editor.computing)
        self.rig.settle()
        self.editor.finish()
        self.learn_anew()

    @rule()
    def apply_what_is_shown(self) -> None:
        self.working(self.commit)

    @rule()
    def drop_what_is_shown(self) -> None:
        before = self.steps
        self.working(self.editor.abandon)
        assert self.steps == before

    @rule()
    def take_a_point_back(self) -> None:
        before = self.steps
        self.working(self.editor.step_back)
        assert self.steps == before

    @rule(number=st.integers(1, len(CLASSES)))
    def choose_a_segment(self, number: int) -> None:
        self.working(lambda: self.editor.set_active_segment(number))

    @rule(number=st.integers(1, len(CLASSES)), locked=st.booleans())
    def lock(self, number: int, locked: bool) -> None:
        self.working(lambda: self.rig.session.change_segment(number, locked=locked))

    @rule(
        effect=st.sampled_from(("paint", "paint", "erase", "restore")),
        over=st.sampled_from((None, None, 0, 1, 2)),
        radius=st.floats(0.5, 20, width=16),
        square=st.booleans(),
        scale=st.integers(0, 2),
        contiguous=st.booleans(),
        numbers=st.fixed_dictionaries(
            {
                name: st.floats(low, min(high, 80), width=16)
                for name, (low, high) in LIMITS.items()
                if name not in ("radius", "scale", "speck_area")
            }
        ),
        speck_area=st.integers(1, 200),
    )
    def set_the_tools(self, effect, over, numbers, **values) -> None:
        self.working(lambda: self.editor.change_settings(effect=effect, paint_over=over, **numbers, **values))

    @rule()
    def undo(self) -> None:
        if self.editor.busy:
            self.take_a_point_back()
            return
        self.travel(self.editor.undo, -1)

    @rule()
    def redo(self) -> None:
        self.working(self.editor.finish)
        self.travel(self.editor.redo, 1)

    @rule(index=indices)
    def open(self, index: int) -> None:
        self.working(self.editor.finish)
        self.rig.show(self.rig.session.records[index].id)
        self.rig.settle()
        self.the_mask_is_the_one_expected()

    @rule()
    def approve(self) -> None:
        self.working(self.editor.finish)
        self.rig.session.approve()
        self.rig.settle()

    @rule()
    def take_the_approval_back(self) -> None:
        self.working(self.editor.finish)
        self.rig.session.reopen()
        self.rig.settle()

    @rule()
    def better_masks_come(self) -> None:
        self.working(self.editor.finish)
        self.bring_better_masks()
        self.rig.settle()

    def bring_better_masks(self) -> None:
        self.round += 1
        folder = self.folder / str(self.round)
        folder.mkdir()
        self.rig.session.predictor.use(self.round, folder / "weights")

    @precondition(lambda self: not self.editor.busy)
    @rule()
    def save_and_read_again(self) -> None:
        self.working(self.editor.finish)
        before = self.rig.session.document.history
        self.rig.reopen()
        self.rig.session.rounds.automatic = False
        after = self.rig.session.document.history
        assert [edit.name for edit in after.done] == [edit.name for edit in before.done]
        assert [edit.name for edit in after.undone] == [edit.name for edit in before.undone]

    # ---- what must hold ---------------------------------------------------------------------------------------

    @invariant()
    def the_mask_is_the_one_expected(self) -> None:
        if hasattr(self, "rig"):
            self.follow_the_model()
            np.testing.assert_array_equal(self.correction(), self.past.correction)
            np.testing.assert_array_equal(self.rig.mask(), self.past.shown)
            assert not self.rig.session.document.editing
            assert not [message for message in self.rig.messages if message.kind == "trouble"]

    def follow_the_model(self) -> None:
        """Another prediction may come by itself, but only to an image that nobody works on or has approved."""
        document, past = self.rig.session.document, self.past
        side = 0 if document.prediction is None else int(document.prediction.to_array()[0].sum())
        if side != past.side:
            assert (past.correction == UNSET).all()
            assert not document.approved
            assert side == 10 + self.round
            past.side = side

    def working(self, act) -> None:
        """Do it, wait for what it computes, and note the steps that it made."""
        session, past, steps = self.rig.session, self.past, self.steps
        locked, over = session.table.locked_ids(), self.editor.settings.paint_over
        before = past.shown
        act()
        self.rig.wait(lambda: not self.editor.computing and not session.carrying.busy)
        self.rig.settle()
        made = self.steps - steps
        assert made in (0, 1), "one gesture, more than one step"
        if made:
            past.step(self.correction(), session.document.history.done[-1].name)
            changed = past.shown != before
            assert not np.isin(before[changed], locked).any(), "a locked segment was painted over"
            assert over is None or (before[changed] == over).all(), "painted over what should have been spared"
            assert past.names[-1], "a step without a name"
            assert not session.document.history.undone

    def correction(self) -> np.ndarray:
        return self.rig.session.document.correction.to_array()

    def learn_anew(self) -> None:
        """Walk to both ends of the history and back, and take what is seen on the way for the model."""
        history, now = self.rig.session.document.history, self.correction()
        done, undone = len(history.done), len(history.undone)
        names = [edit.name for edit in (*history.done, *reversed(history.undone))]
        states = [now]
        for _ in range(done):
            self.editor.undo()
            states.insert(0, self.correction())
        for _ in range(done):
            self.editor.redo()
        np.testing.assert_array_equal(self.correction(), now)
        for _ in range(undone):
            self.editor.redo()
            states.append(self.correction())
        for _ in range(undone):
            self.editor.undo()
        np.testing.assert_array_equal(self.correction(), now)
        self.rig.settle()
        past = self.past
        past.masks, past.names, past.now = states, names, done

    def travel(self, go, by: int) -> None:
        past = self.past
        go()
        self.rig.settle()
        if 0 <= past.now + by < len(past.masks):
            past.now += by

    def commit(self) -> None:
        self.rig.wait(lambda: not self.editor.computing)
        self.editor.commit()

    @property
    def editor(self):
        return self.rig.session.editor

    @property
    def past(self) -> Past:
        return self.pasts[self.rig.session.document.image_id]

    @property
    def steps(self) -> int:
        return len(self.rig.session.document.history.done)


def test_all_tools_together() -> None:
    run_state_machine_as_test(
        AllTools,
        settings=settings(
            max_examples=30,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            derandomize=False,
        ),
    )
    assert len(KINDS) >= FEWEST_KINDS, f"most tools were never used: {sorted(KINDS)}"
