"""Models come in and leave: real files, a real database, and a real worker that looks at what came."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from segstudio.app.model_card import CardFacts, model_card
from segstudio.app.model_exchange import check_classes, write_model
from segstudio.app.model_files import look_at_model
from segstudio.domain.errors import UserError
from segstudio.domain.rounds import RoundStatus
from segstudio.domain.segments import make_classes
from segstudio.protocol.messages import Predict
from segstudio.protocol.round_folder import read_request
from segstudio.protocol.weights import FORMAT, VERSION, WeightsInfo
from tests.helpers.studios import StudioRig, approve

ABOUT = {
    "format": FORMAT, "version": str(VERSION), "classes": '["lesion"]', "input_size": "64", "network": "unet",
    "upright": "0",
}  # fmt: skip


@pytest.fixture
def rig(tmp_path: Path):
    made = StudioRig(tmp_path)
    yield made
    made.studio.close()


def take(rig: StudioRig, path: Path) -> str:
    """Import a model; what was said last."""
    rig.session.exchange.import_model(path)
    rig.scheduler.run_until(
        lambda: not rig.session.exchange.busy and bool(rig.messages) and "…" not in rig.messages[-1].sentence, 40
    )
    rig.settle()
    return rig.messages[-1].sentence


def folder(rig: StudioRig, number: int) -> Path:
    return rig.session.folder / "rounds" / f"{number:04d}"


def test_a_model_comes_in_as_a_round_that_is_used_and_can_be_left_again(rig, models):
    rig.new_project(6)
    approve(rig, 3)
    (before,) = rig.session.rounds.records
    take(rig, models["one"])
    record = rig.session.rounds.records[-1]
    assert (record.number, record.status, record.note) == (2, RoundStatus.FINISHED, "Imported from one.safetensors")
    assert record.approved == before.approved, "the next round comes when it would have"
    assert rig.session.book.in_use == 2
    assert (folder(rig, 2) / "weights.safetensors").read_bytes() == models["one"].read_bytes()
    asked = [message for message in rig.workers[-1].sent if isinstance(message, Predict)]
    assert Path(asked[-1].weights).parent == folder(rig, 2)
    assert "another network" in rig.messages[-1].sentence, "the project's own is the default one"
    assert "trained on images that are in this project" in rig.messages[-1].sentence
    rig.session.keeping.use(1)
    rig.settle()
    assert rig.session.book.in_use == 1
    rig.session.keeping.use(2)
    rig.settle()
    rig.reopen()
    assert rig.session.book.in_use == 2
    assert rig.session.rounds.records[-1].note == "Imported from one.safetensors"


def test_the_card_of_a_model_that_came_in_claims_nothing_whatever_its_note_says(rig, models, tmp_path):
    rig.new_project(6)
    approve(rig, 3)
    take(rig, models["one"])
    rig.session.keeping.set_note(2, "the good one")
    export(rig, tmp_path / "m.safetensors")
    assert "| Taught with | not known to this project |" in (tmp_path / "m.md").read_text()
    assert [record.taken_in for record in rig.session.book.records] == [False, True]


@pytest.mark.parametrize("kind", ["pickle", "classes", "shapes", "cut", "not ours"])
def test_anything_else_is_refused_with_a_sentence_and_leaves_nothing(rig, models, tmp_path, kind):
    rig.new_project(2)
    path = tmp_path / "m.safetensors"
    tensors = load_file(models["one"])
    if kind == "pickle":
        path.write_bytes(b"\x80\x04cos\nsystem\n")
        says = "can run commands"
    elif kind == "classes":
        path.write_bytes(models["two"].read_bytes())
        says = "knows other classes (“lesion”, “hair”) than this project (“lesion”)"
    elif kind == "shapes":
        save_file({**tensors, next(iter(tensors)): np.zeros((3, 3), np.float32)}, path, ABOUT)
        says = "do not fit the network"
    elif kind == "cut":
        path.write_bytes(models["one"].read_bytes()[:-100])
        says = "cut short"
    else:
        save_file(tensors, path)
        says = "not of a segstudio model"
    sentence = take(rig, path)
    assert says in sentence
    assert rig.messages[-1].kind == "trouble"
    assert rig.session.rounds.records == []
    assert not folder(rig, 1).exists()


def test_not_while_a_round_is_learned(rig, models):
    rig.hold_rounds = True
    rig.new_project(4)
    approve(rig, 3)
    rig.session.exchange.import_model(models["one"])
    rig.scheduler.run_until(lambda: bool(rig.messages) and rig.messages[-1].key == "model", 10)
    assert "A round is being learned" in rig.messages[-1].sentence
    rig.workers[-1].finish_round()
    rig.settle()


def test_no_round_begins_before_a_model_that_comes_in_is_in_use(rig, models):
    rig.hold_rounds = True
    session = rig.new_project(8)
    session.exchange.import_model(models["one"])
    approve(rig, 7)
    session.rounds.start()
    assert not session.rounds.busy
    rig.wait(lambda: any("just being taken into use" in message.sentence for message in rig.messages))
    # The round that is due begins as soon as the model is in use, and goes on from it.
    rig.scheduler.run_until(lambda: bool(rig.workers) and rig.workers[-1].running is not None, 40)
    assert [record.number for record in session.rounds.records] == [1, 2]
    assert session.book.in_use == 1
    request = read_request(folder(rig, 2))
    assert request.parent_weights is not None
    assert Path(request.parent_weights).parent == folder(rig, 1)
    rig.workers[-1].finish_round()
    rig.wait(lambda: session.book.in_use == 2)


def test_a_refused_model_holds_up_no_round(rig, models):
    rig.hold_rounds = True
    session = rig.new_project(4)
    session.exchange.import_model(models["two"])
    approve(rig, 3)
    rig.scheduler.run_until(lambda: bool(rig.workers) and rig.workers[-1].running is not None, 40)
    rig.workers[-1].finish_round()
    rig.settle()


def export(rig: StudioRig, path: Path) -> str:
    said = len(rig.messages)
    rig.session.exchange.export_model(path)
    rig.scheduler.run_until(
        lambda: not rig.session.exchange.busy and len(rig.messages) > said and "…" not in rig.messages[-1].sentence, 40
    )
    return rig.messages[-1].sentence


def test_a_model_leaves_with_its_card_and_comes_back_the_same(rig, models, tmp_path):
    rig.new_project(3)
    rig.session.exchange.export_model(tmp_path / "none.safetensors")
    rig.scheduler.run_until(lambda: bool(rig.messages) and rig.messages[-1].key == "model", 10)
    assert "no model yet" in rig.messages[-1].sentence
    take(rig, models["one"])
    sentence = export(rig, tmp_path / "out" / "mine.safetensors")
    assert "was written to" in sentence
    assert (tmp_path / "out" / "mine.safetensors").read_bytes() == models["one"].read_bytes()
    card = (tmp_path / "out" / "mine.md").read_text()
    assert card.startswith("# Model card: mine")
    assert "Not for diagnosis" in card
    assert hashlib.sha256(models["one"].read_bytes()).hexdigest() in card
    assert "| Taught with | not known to this project |" in card
    assert "| From | round 1 |" in card
    assert "one.safetensors" not in card, "a file's name may be a patient's"
    # A file beside it that is no card is somebody's.
    (tmp_path / "notes.md").write_text("my notes")
    assert "is no model card" in export(rig, tmp_path / "notes.safetensors")
    assert (tmp_path / "notes.md").read_text() == "my notes"
    assert not (tmp_path / "notes.safetensors").exists()
    (tmp_path / "file").write_text("")
    assert "Choose another place" in export(rig, tmp_path / "file" / "m.safetensors")


def test_onnx_is_checked_on_an_image_of_the_project(rig, models, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    pytest.importorskip("onnx", reason="onnx is not installed")
    rig.new_project(2)
    take(rig, models["one"])
    assert "differ by" in export(rig, tmp_path / "m.onnx")
    session = onnxruntime.InferenceSession(str(tmp_path / "m.onnx"), providers=["CPUExecutionProvider"])
    assert [one.name for one in session.get_inputs()] == ["image"]
    card = (tmp_path / "m.md").read_text()
    assert "Checked with onnxruntime" in card
    assert "multiples of 32" in card


def test_the_projects_own_file_is_never_written_over(models, tmp_path):
    info = look_at_model(models["one"])
    facts = CardFacts("", 1, info, "", 0.0)
    before = models["one"].read_bytes()
    with pytest.raises(UserError, match="the project's own file"):
        write_model(models["one"], facts, models["one"], None)
    assert models["one"].read_bytes() == before


def test_the_card_of_a_model_in_the_other_format_stays_its_card(models, tmp_path):
    facts = CardFacts("", 1, look_at_model(models["one"]), "", 0.0)
    write_model(models["one"], facts, tmp_path / "m.safetensors", None)
    (tmp_path / "m.safetensors").rename(tmp_path / "m.onnx")
    card = (tmp_path / "m.md").read_bytes()
    write_model(models["one"], replace(facts, round_number=7), tmp_path / "m.safetensors", None)
    assert (tmp_path / "m.md").read_bytes() == card
    assert "| From | round 7 |" in (tmp_path / "m.safetensors.md").read_text()


def test_classes_match_in_their_order_whatever_their_case():
    info = WeightsInfo("unet", ("Lesion", " hair"), 64, False, (), {}, 64)
    check_classes(Path("m"), info, make_classes(["lesion", "Hair"]), make_classes(["lesion", "Hair"]))
    for other in (["hair", "lesion"], ["lesion"], ["lesion", "hair", "skin"]):
        with pytest.raises(UserError, match="knows other classes"):
            check_classes(Path("m"), info, make_classes(other), make_classes(other))


def test_a_card_tells_figures_with_their_interval():
    info = WeightsInfo("unet", ("lesion", "hair | beard"), 256, False, (2,), {"a": (1000, 500)}, 256)
    scores = {number: 0.9 + number / 100 for number in range(5)}
    card = model_card(CardFacts("m", 3, info, "ab", 1.7e9, 25, 5, "moles", "good\none", "the starter", scores, True))
    assert "1 lesion, 2 hair \\| beard (not judged, never said)" in card
    assert "20 approved images; 5 more were kept aside" in card
    assert "Mean Dice 0.920, likely between 0.900 and 0.940 (95 % interval), on 5 images" in card
    assert "the worst tenth has 0.900" in card
    assert "| Note | good one |" in card
    assert "2023-11-14" in card
    assert "(N, 1 + classes, H, W)" in card
    assert "percentile" not in card
    even = CardFacts("m", 3, replace(info, even_exposure=True), "ab", 1.7e9, onnx=True)
    assert "as if all had been exposed alike: multiply one of colour by 240 / the 85th percentile" in model_card(even)
    assert "learned from pictures that were" not in model_card(even), "a round learns from them as they came"
    assert "| From | project moles, round 3 |" in card
    assert "| Network | unet, 0.5 million parameters |" in card
    both = replace(info, tensors={"a": (1000, 500), "earlier.a": (1000, 500)})
    assert "an ensemble of two networks, from this round and one before; each unet, 0.5 million" in model_card(
        CardFacts("m", 3, both, "", 0.0)
    )
    bare = model_card(CardFacts("m", 0, info, "", 0.0))
    assert "| From | the starter model |" in bare
    assert "nothing is known" in bare
    assert "the starter model" in bare
    assert "Mean Dice" not in bare


@pytest.mark.parametrize(
    ("made_with", "called", "fits"),
    [
        (["object", "hair"], ["lesion", "hair"], True),
        (["lesion", "hair"], ["nevus", "curls"], True),
        (["lesion", "hair"], ["hair", "lesion"], False),
        (["lesion", "hair"], ["hair", "skin"], False),
    ],
)
def test_a_model_goes_by_the_names_that_classes_have_now(made_with, called, fits):
    """By names that two classes gave each other, its masks would have each the other's class."""
    info = WeightsInfo("unet", ("lesion", "hair"), 64, False, (), {}, 64)
    if fits:
        check_classes(Path("m"), info, make_classes(made_with), make_classes(called))
        return
    with pytest.raises(UserError, match=f"than this project \\(“{called[0]}”"):
        check_classes(Path("m"), info, make_classes(made_with), make_classes(called))
