"""``segstudio model``: real files, a real database, and a real worker that looks at what comes."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from segstudio.app.model_command import export_model, import_model
from segstudio.app.model_exchange import facts_of, write_model
from segstudio.app.model_files import look_at_model
from segstudio.domain.errors import UserError
from segstudio.domain.segments import make_classes
from segstudio.store.images import NewImage
from segstudio.store.project_db import Project
from tests.helpers.studios import write_images


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "Jane Doe.segstudio"
    with Project.create(folder, make_classes(["lesion"])) as made:
        made.images.add_images([NewImage(path) for path in write_images(tmp_path / "images", 2)])
    return folder


def test_a_model_comes_in_is_used_and_leaves_again(project: Path, tmp_path: Path, models: dict[str, Path]) -> None:
    said = import_model(project, models["one"])
    assert said.startswith("Round 1 is the imported model, and in use.")
    assert "another network" in said, "the project's own is the default one"
    import_model(project, models["other"])
    with Project.open(project) as opened:
        assert [record.note for record in opened.rounds.list_rounds()] == [
            "Imported from one.safetensors",
            "Imported from other.safetensors",
        ]
        in_use = opened.rounds.weights_in_use()
        assert in_use is not None
        assert in_use[0] == 2
    out = tmp_path / "out" / "mine.safetensors"
    assert "its card beside it" in export_model(project, out)
    assert out.read_bytes() == models["other"].read_bytes()
    card = out.with_suffix(".md").read_text()
    assert "Jane Doe" not in card, "a project's name may be a patient's"
    assert "other.safetensors" not in card
    export_model(project, out, force=True, identifiers=True)
    card = out.with_suffix(".md").read_text()
    assert "| From | project Jane Doe, round 2 |" in card
    assert "| Note | Imported from other.safetensors |" in card
    with pytest.raises(UserError, match="is there already and was left alone"):
        export_model(project, out, 1)
    export_model(project, out, 1, force=True)
    assert out.read_bytes() == models["one"].read_bytes()


def test_trouble_is_a_sentence_and_changes_nothing(project: Path, tmp_path: Path, models: dict[str, Path]) -> None:
    with pytest.raises(UserError, match="no model yet"):
        export_model(project, tmp_path / "m.safetensors")
    with pytest.raises(UserError, match=r"does not say which format: call the file NAME\.safetensors or NAME\.onnx"):
        export_model(project, tmp_path / "m.pt")
    with pytest.raises(UserError, match=r"^This project has no round 7\. This project has no model yet\."):
        export_model(project, tmp_path / "m.safetensors", 7)
    with pytest.raises(UserError, match="knows other classes"):
        import_model(project, models["two"])
    (tmp_path / "m.safetensors").write_bytes(b"\x80\x04cos\nsystem\n")
    with pytest.raises(UserError, match="can run commands"):
        import_model(project, tmp_path / "m.safetensors")
    with pytest.raises(UserError, match="can't be read"):
        import_model(project, tmp_path / "gone.safetensors")
    with Project.open(project) as opened:
        assert opened.rounds.list_rounds() == []


def test_a_round_that_cannot_be_exported_is_named_and_which_can(
    project: Path, tmp_path: Path, models: dict[str, Path]
) -> None:
    with Project.open(project) as opened:
        for name in ("one", "other", "one"):
            opened.rounds.take_in(models[name], "", 0.0)
        opened.rounds.delete_files(2)
        opened.rounds.take_starter(models["one"])
    there = r"Rounds whose model is there: 0 \(the starter model\), 1, 3\.$"
    with pytest.raises(UserError, match=rf"^This project has no round 7\. {there}"):
        export_model(project, tmp_path / "m.safetensors", 7)
    with pytest.raises(UserError, match=rf"^Nothing that round 2 learned is kept, so it can't be exported\. {there}"):
        export_model(project, tmp_path / "m.safetensors", 2)
    with Project.open(project) as opened:
        opened.rounds.drop_starter()
    with pytest.raises(UserError, match=r"^This project has no starter model, which would be round 0\. .*: 1, 3\.$"):
        export_model(project, tmp_path / "m.safetensors", 0)
    assert not (tmp_path / "m.safetensors").exists()


def test_a_model_leaves_with_the_names_that_classes_have_now(
    project: Path, tmp_path: Path, models: dict[str, Path]
) -> None:
    """Another project, which has these names, takes it in; the numbers in the file stay what they were."""
    import_model(project, models["one"])
    with Project.open(project) as opened:
        opened.save_segment_table(opened.segment_table().changed(1, name="Muttermal ü"))
    out = tmp_path / "mine.safetensors"
    export_model(project, out)
    info = look_at_model(out)
    assert info.classes == ("Muttermal ü",)
    assert info.tensors == look_at_model(models["one"]).tensors
    card = out.with_suffix(".md").read_text()
    assert "| Classes | 1 Muttermal ü |" in card
    assert hashlib.sha256(out.read_bytes()).hexdigest() in card
    there = tmp_path / "there.segstudio"
    with Project.create(there, make_classes(["Muttermal ü"])) as made:
        made.images.add_images([NewImage(path) for path in write_images(tmp_path / "more", 1)])
    assert import_model(there, out).startswith("Round 1 is the imported model")
    assert import_model(project, out).startswith("Round 2 is the imported model")
    with Project.open(project) as opened:
        weights, facts = facts_of(opened, 1)
    with pytest.raises(UserError, match="is the project's own file"):
        write_model(weights, facts, weights, None)
