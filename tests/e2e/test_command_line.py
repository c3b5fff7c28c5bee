"""The command line as a user meets it: exit codes, one sentence on stderr, and nothing loaded that isn't needed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segstudio.__main__ import main
from segstudio.formats.demo import write_demo
from segstudio.store.project_db import Project
from tests.helpers.studios import write_images
from tests.helpers.tampering import meddling


def segstudio(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "segstudio", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module")
def lesions(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("bilder [1] ü 图")
    write_demo(folder, "lesion", 3, 5)
    return folder


def test_new_export_and_evaluate(lesions, tmp_path):
    project = tmp_path / "Projekt ü.segstudio"
    masks = lesions / "masks"
    done = segstudio("new", project, "--images", lesions / "images", "--masks", masks, "--classes", "lesion")
    assert (done.returncode, done.stderr) == (0, "")
    assert "3 images, 3 of them approved" in done.stdout
    done = segstudio("export", project, "--format", "png", "--out", tmp_path / "out")
    assert (done.returncode, done.stderr) == (0, "")
    done = segstudio("evaluate", "--pred", tmp_path / "out", "--truth", masks, "--json", tmp_path / "r.json")
    assert (done.returncode, done.stderr) == (0, "")
    nothing_counts = segstudio("evaluate", "--pred", masks, "--truth", masks, "--void", 1)
    assert nothing_counts.returncode == 0
    report = json.loads((tmp_path / "r.json").read_text())
    assert report["count"] == 3
    assert report["mean"] == {"dice": 1.0, "iou": 1.0, "hd95": 0.0, "isic": 1.0, "boundary_f1": 1.0}


def test_trouble_is_one_sentence_and_exit_code_1(tmp_path, capsys):
    done = segstudio("new", tmp_path / "p", "--images", tmp_path / "nowhere")
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    # A process takes longer to start than any of these to fail.
    for arguments in (
        ("new", tmp_path / "p", "--images", tmp_path / "nowhere"),
        ("new", ".", "--images", tmp_path),
        ("new", "", "--images", tmp_path),
        ("new", tmp_path / "..", "--images", tmp_path),
        ("export", tmp_path / "no.segstudio", "--out", tmp_path / "out"),
        ("train", tmp_path / "no.segstudio"),
        ("predict", tmp_path / "no.segstudio", "--out", tmp_path / "out"),
        ("evaluate", "--pred", tmp_path, "--truth", tmp_path),
        ("worker", "--round", tmp_path),
    ):
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        assert ended.value.code == 1, arguments
        said = capsys.readouterr().err
        assert len(said.strip().splitlines()) == 1, said
        assert "Traceback" not in said


def test_what_the_output_lacks_letters_for_is_done_and_said_all_the_same(lesions, tmp_path):
    """On Windows a file or a pipe takes the letters of one language."""
    project = tmp_path / "Łódź.segstudio"
    command = [sys.executable, "-m", "segstudio", "new", str(project), "--images", str(lesions / "images")]
    of_windows = os.environ | {"PYTHONIOENCODING": "cp1252"}
    done = subprocess.run([*command, "--classes", "lesion"], capture_output=True, timeout=120, env=of_windows)
    assert (done.returncode, done.stderr) == (0, b"")
    assert "d\\u017a.segstudio made: 3 images" in done.stdout.decode("cp1252")


def test_a_class_with_a_comma_in_its_name_stands_in_quotes(tmp_path):
    """As two classes, its masks would be approved as background."""
    (image,) = write_images(tmp_path / "set" / "images", 1)
    (tmp_path / "set" / "masks").mkdir()
    mask = np.zeros((64, 96), np.uint8)
    mask[5:20, 5:40], mask[30:50, 30:60] = 1, 2
    Image.fromarray(mask).save(tmp_path / "set" / "masks" / image.name)
    (tmp_path / "set" / "labels.json").write_text(json.dumps({"1": "door, double door", "2": "wall"}))
    project = tmp_path / "p.segstudio"
    done = segstudio("new", project, "--images", tmp_path / "set", "--classes", 'wall, "door, double door"')
    assert (done.returncode, done.stderr) == (0, "")
    with Project.open(project) as opened:
        assert [spec.name for spec in opened.classes()] == ["wall", "door, double door"]
        shown = opened.masks.shown(opened.images.list_images()[0].id)
    np.testing.assert_array_equal(shown, np.array([0, 2, 1])[mask])


def test_a_project_made_twice_is_refused_and_left_alone(lesions, tmp_path):
    project = tmp_path / "p.segstudio"
    options = ("--classes", "lesion, hair", "--void", "glare", "--network", "segnet")
    assert segstudio("new", project, "--images", lesions / "images", *options).returncode == 0
    with Project.open(project) as made:
        assert [(c.name, c.kind) for c in made.classes()] == [("lesion", "stuff"), ("hair", "stuff"), ("glare", "void")]
        assert made.settings.get_setting("model")["network"] == "segnet"
    before = (project / "project.db").read_bytes()
    done = segstudio("new", project, "--images", lesions / "images")
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1
    assert (project / "project.db").read_bytes() == before


def test_what_the_disk_refuses_to_look_at_is_trouble_in_one_sentence(lesions, tmp_path, capsys):
    """A name that is too long stands for a folder that one may not enter: both are refused to whoever only asks."""
    far = tmp_path / ("x" * 300) / "p"
    for arguments in (
        ("new", tmp_path / "p", "--images", far),
        ("train", far),
        ("export", far, "--out", tmp_path / "out"),
        ("audit", "verify", far),
        ("predict", "--model", far, lesions / "images", "--out", tmp_path / "out"),
        ("predict", "--model", "lesion", far, "--out", tmp_path / "out"),
        ("evaluate", "--pred", far, "--truth", lesions / "masks"),
        ("evaluate", "--project", far),
        ("measure", far, "--csv", tmp_path / "m.csv"),
        ("model", "import", far, far),
        ("starter", "build", "lesion", "--data", far, "--out", tmp_path / "out"),
    ):
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        assert ended.value.code == 1, arguments
        assert "Traceback" not in capsys.readouterr().err


def test_no_report_is_written_over_an_image_or_a_project(lesions, tmp_path, capsys):
    project, masks = tmp_path / "p.segstudio", lesions / "masks"
    assert segstudio("new", project, "--images", lesions / "images", "--masks", masks).returncode == 0
    for victim in (project / "project.db", lesions / "images" / "lesion_01.png"):
        before = victim.read_bytes()
        for arguments in (
            ("measure", project, "--csv", victim),
            ("measure", project, "--json", victim),
            ("measure", project, "--pdf", victim),
            ("audit", "export", project, "--csv", victim),
            ("evaluate", "--project", project, "--csv", victim),
            ("evaluate", "--pred", masks, "--truth", masks, "--json", victim),
            ("simulate", *where_masks_and_images_are(lesions), "--json", victim),
        ):
            with pytest.raises(SystemExit) as ended:
                main([str(argument) for argument in arguments])
            assert ended.value.code == 1, arguments
            assert "there already" in capsys.readouterr().err
            assert victim.read_bytes() == before, arguments


def where_masks_and_images_are(lesions):
    return (
        *("--images", lesions / "images", "--masks", lesions / "masks"),
        *("--holdout-images", lesions / "images", "--holdout-masks", lesions / "masks"),
    )


@pytest.mark.parametrize("arguments", [("fly",), ("new",), ("export", "x", "--format", "jpg", "--out", "y")])
def test_wrong_use_is_exit_code_2(arguments):
    assert segstudio(*arguments).returncode == 2


def test_version_and_help():
    assert segstudio("--version").stdout.startswith("segstudio 0.")
    helped = segstudio("--help")
    assert helped.returncode == 0
    for command in ("new", "train", "predict", "export", "evaluate", "simulate", "demo", "doctor"):
        assert command in helped.stdout


def test_a_model_comes_in_and_leaves(lesions, tmp_path, models):
    project = tmp_path / "p.segstudio"
    made = segstudio("new", project, "--images", lesions / "images", "--classes", "lesion", "--starter", "none")
    assert made.returncode == 0
    for arguments in (("import", project, models["one"]), ("export", project, "--out", tmp_path / "m.safetensors")):
        done = segstudio("model", *arguments)
        assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "m.safetensors").read_bytes() == models["one"].read_bytes()
    done = segstudio("model", "export", project, "--out", tmp_path / "m.safetensors")
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1


def test_doctor_names_what_it_finds():
    done = segstudio("doctor")
    assert "torch 2.13" in done.stdout
    assert "GPU:" in done.stdout
    assert done.returncode == 0, done.stdout


def test_the_audit_trail_is_verified_and_exported(lesions, tmp_path):
    project = tmp_path / "p.segstudio"
    assert segstudio("new", project, "--images", lesions / "images", "--masks", lesions / "masks").returncode == 0
    done = segstudio("audit", "verify", project)
    assert (done.returncode, done.stderr) == (0, "")
    assert "3 approved masks" in done.stdout
    head = done.stdout.splitlines()[-1].removeprefix("Head: ")
    assert segstudio("audit", "verify", project, "--anchor", head).returncode == 0
    done = segstudio("audit", "export", project, "--csv", tmp_path / "trail.csv")
    assert (done.returncode, done.stderr) == (0, "")
    assert len((tmp_path / "trail.csv").read_text().splitlines()) == int(head.split(":")[0]) + 1
    with meddling(project) as connection:
        connection.execute("UPDATE audit SET who = 'somebody else' WHERE number = 2")
    done = segstudio("audit", "verify", project)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (1, "Entry 2 was altered.", "")
    done = segstudio("audit", "verify", tmp_path / "no.segstudio")
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1
