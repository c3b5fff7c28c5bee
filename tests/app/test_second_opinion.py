"""MediaPipe's mask as a proposal, in a real session on a real photograph."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segstudio.app.changes import Message
from segstudio.domain.metrics import iou
from segstudio.domain.patch import Patch
from segstudio.domain.plane import UNSET
from segstudio.domain.review import ReviewSettings
from segstudio.imaging.person import FILE
from tests.helpers.data import data_folder
from tests.helpers.studios import StudioRig


@pytest.fixture
def rig(tmp_path: Path):
    made = StudioRig(tmp_path)
    yield made
    made.studio.close()


def photographs(rig: StudioRig, classes: tuple[str, ...] = ("person",)) -> np.ndarray:
    """A project of two photographs, and where the person is in the first; the file is chosen."""
    folder = data_folder("ccp")
    paths = sorted((folder / "images").iterdir())[:2]
    rig.new_project(images=paths, classes=classes)
    rig.session.opinions.choose(data_folder("models") / FILE)
    return np.asarray(Image.open(folder / "masks_person" / f"{paths[0].stem}.png").convert("L")) > 0


def ask(rig: StudioRig) -> list[Message]:
    """Ask, wait, and give what was said."""
    rig.heard.clear()
    rig.session.opinions.ask(lambda: None)

    def said() -> list[Message]:
        return [message for message in rig.messages if message.key == "opinion"]

    rig.wait(lambda: said() or (rig.session.opinions.shown and not rig.session.editor.computing))
    return said()


def test_it_is_seen_taken_with_one_key_and_undone_in_one_step(rig: StudioRig) -> None:
    true = photographs(rig)
    session = rig.session
    session.opinions.ask(lambda: None)
    assert "looks at the image" in session.editor.tool_hint
    assert session.editor.computing, "off the event loop"
    session.editor.commit()
    assert session.opinions.shown, "there is nothing to take yet"
    rig.wait(lambda: not session.editor.computing)
    patch = session.editor.preview.patch
    assert patch is not None
    assert not patch.is_empty
    assert not rig.mask().any(), "a proposal is not in the mask"
    assert "Enter or U applies it" in session.editor.tool_hint
    assert session.editor.tool.undecided
    session.opinions.ask(lambda: None)
    assert not session.editor.proposing
    assert iou(rig.mask() == 1, true) > 0.85
    assert session.editor.undo_name == "Second opinion"
    session.editor.undo()
    assert not rig.mask().any()
    assert session.editor.undo_name == ""


def test_dropped_it_leaves_no_trace_and_a_stroke_drops_it(rig: StudioRig) -> None:
    photographs(rig)
    ask(rig)
    rig.session.editor.abandon()
    assert not rig.session.opinions.shown
    assert rig.session.document is not None
    assert rig.session.document.correction.is_blank
    ask(rig)
    rig.stroke((20, 20), (60, 20))
    assert not rig.session.opinions.shown
    assert rig.session.editor.undo_name == "Paint"
    assert np.count_nonzero(rig.mask()) < 5000


def test_what_a_hand_painted_stays_and_other_segments_too(rig: StudioRig) -> None:
    true = photographs(rig, ("dog", "person"))
    session = rig.session
    document = session.document
    assert document is not None
    assert session.opinions.segment_id == 2
    ys, xs = np.nonzero(true)
    dog, bare = np.zeros_like(true), np.zeros_like(true)
    y, x = int(np.median(ys)), int(np.median(xs))
    dog[y - 20 : y, x - 10 : x + 10] = True
    bare[y : y + 20, x - 10 : x + 10] = True
    session.editor.apply("Paint", Patch(document.bounds, dog, 1))
    session.editor.apply("Erase", Patch(document.bounds, bare, 0))
    ask(rig)
    session.opinions.ask(lambda: None)
    mask = rig.mask()
    assert (mask[dog] == 1).all()
    assert (mask[bare] == 0).all()
    assert iou(mask == 2, true & ~dog & ~bare) > 0.8
    assert (document.correction.to_array() != UNSET).any()


def test_trouble_with_the_file_is_a_sentence_with_a_way_out(rig: StudioRig, tmp_path: Path) -> None:
    rig.new_project(1, classes=("Person",))
    rig.session.opinions.choose(tmp_path / "gone.tflite")
    asked: list[bool] = []
    rig.heard.clear()
    rig.session.opinions.ask(lambda: asked.append(True))
    rig.wait(lambda: bool(rig.messages))
    (message,) = rig.messages
    assert "does not come with this program" in message.sentence
    assert (message.kind, message.action) == ("trouble", "Choose the file…")
    assert message.on_action is not None
    message.on_action()
    assert asked
    assert not rig.session.editor.proposing
    (tmp_path / "bad.tflite").write_bytes(b"TFL3" * 1000)
    rig.session.opinions.choose(tmp_path / "bad.tflite")
    assert "or is damaged" in ask(rig)[0].sentence
    assert not rig.session.editor.proposing


def test_an_image_without_people_says_so(rig: StudioRig) -> None:
    rig.new_project(1, classes=("body",))
    rig.session.opinions.choose(data_folder("models") / FILE)
    (message,) = ask(rig)
    assert message.sentence == "MediaPipe finds no person in this image."
    assert message.action == ""


def test_not_where_it_does_not_belong(rig: StudioRig) -> None:
    rig.new_project(2)
    assert rig.session.opinions.segment_id is None, "nobody is a lesion"
    rig.session.opinions.ask(lambda: None)
    assert not rig.session.editor.proposing
    assert not rig.session.editor.computing


def test_not_on_an_approved_mask_nor_before_the_readers_own(rig: StudioRig) -> None:
    rig.new_project(2, classes=("person",))
    rig.stroke((20, 20), (60, 20))
    first = rig.session.current_id
    rig.session.approve()
    rig.settle()
    assert first is not None
    rig.show(first)
    assert "Take the approval back" in ask(rig)[0].sentence
    rig.session.review.set_settings(ReviewSettings(draw_first_share=1.0))
    rig.show(rig.session.records[1].id)
    assert "Draw your own mask" in ask(rig)[0].sentence
    assert not rig.session.editor.proposing


def test_the_file_is_found_beside_the_starter_models(rig: StudioRig) -> None:
    rig.new_project(1, classes=("person",))
    assert rig.session.opinions.file.name == FILE
    assert (rig.session.opinions.file.parent / "body.safetensors").is_file()
