"""A round's folder: written, read back, and refused where it is not what it should be."""

import errno
import json
import os
import tempfile
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segstudio.protocol import round_folder
from segstudio.protocol.codec import ProtocolError
from segstudio.protocol.round_folder import (
    REQUEST,
    RESULT,
    RoundRequest,
    RoundResult,
    TrainingImage,
    TrainingSettings,
    mask_path,
    read_request,
    read_result,
    write_request,
    write_result,
)

REQUESTED = RoundRequest(
    round=7,
    classes=("lesion", "Härchen 三"),
    images=(
        TrainingImage(1, "/p/ä 1.png", "masks/1.png", "train"),
        TrainingImage(2, "/p/b", "masks/2.png", "held_out"),
    ),
    parent_weights=None,
    settings=TrainingSettings(),
)
RESULTED = RoundResult(7, 61.5, 400, 0.25, 0.93, 2, {2: 0.91, 12: 0.95}, "cpu", ((9, 410), (31, 400)))


def test_a_request_is_read_as_it_was_written(tmp_path: Path) -> None:
    write_request(tmp_path, REQUESTED)
    assert read_request(tmp_path) == REQUESTED
    assert [path.name for path in tmp_path.iterdir()] == [REQUEST]


def whole(of: type, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Of any values in all fields, also in those that have one at first."""
    return st.builds(of, **{name: fields.get(name, st.from_type(hint)) for name, hint in get_type_hints(of).items()})


@given(
    whole(
        RoundRequest,
        settings=whole(TrainingSettings, seconds=st.floats(0, 1e6)),
        images=st.lists(whole(TrainingImage), max_size=3).map(tuple),
    )
)
def test_any_request_is_read_as_it_was_written(requested: RoundRequest) -> None:
    with tempfile.TemporaryDirectory() as name:
        write_request(Path(name), requested)
        assert read_request(Path(name)) == requested


def test_a_folder_of_before_something_was_told_says_nothing_of_it(tmp_path: Path) -> None:
    write_request(tmp_path, REQUESTED)
    body = json.loads((tmp_path / REQUEST).read_text())
    for name in ("things", "void", "base_weights"):
        del body[name]
    for image in body["images"]:
        for name in ("fresh", "added", "fingerprint", "perceptual"):
            del image[name]
    (tmp_path / REQUEST).write_text(json.dumps(body))
    assert read_request(tmp_path) == REQUESTED


def test_a_result_is_read_as_it_was_written(tmp_path: Path) -> None:
    write_result(tmp_path, RESULTED)
    assert read_result(tmp_path) == RESULTED
    assert [path.name for path in tmp_path.iterdir()] == [RESULT]


def test_writing_again_replaces(tmp_path: Path) -> None:
    write_result(tmp_path, RESULTED)
    again = RoundResult(7, 1.0, 1, 0.5, None, 0, {}, "cuda")
    write_result(tmp_path, again)
    assert read_result(tmp_path) == again


def test_a_number_that_is_not_finite_is_not_written(tmp_path: Path) -> None:
    write_result(tmp_path, RESULTED)
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_result(tmp_path, RoundResult(7, 1.0, 1, float("nan"), None, 0, {}, "cpu"))
    assert read_result(tmp_path) == RESULTED


def test_a_full_disk_leaves_what_was_there_and_no_beginning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_result(tmp_path, RESULTED)

    def full(_number: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_result(tmp_path, RESULTED)
    assert read_result(tmp_path) == RESULTED
    assert [path.name for path in tmp_path.iterdir()] == [RESULT]


def test_a_mask_lies_in_the_folder(tmp_path: Path) -> None:
    assert mask_path(tmp_path, REQUESTED.images[0]) == (tmp_path / "masks" / "1.png").resolve()


@pytest.mark.parametrize("mask", ["../1.png", "masks/../../1.png", "/etc/passwd"])
def test_a_mask_outside_the_folder_is_refused(tmp_path: Path, mask: str) -> None:
    with pytest.raises(ProtocolError, match="leaves the round folder"):
        mask_path(tmp_path, TrainingImage(1, "/p/a.png", mask, "train"))


def test_a_mask_behind_a_link_that_leaves_the_folder_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "round"
    folder.mkdir()
    try:
        folder.joinpath("masks").symlink_to(tmp_path, target_is_directory=True)
    except OSError:
        pytest.skip("this system makes no links")
    with pytest.raises(ProtocolError, match="leaves the round folder"):
        mask_path(folder, REQUESTED.images[0])


@pytest.mark.parametrize("read", [read_request, read_result])
def test_a_missing_file_is_refused(tmp_path: Path, read: Any) -> None:
    with pytest.raises(ProtocolError, match="cannot be read"):
        read(tmp_path)


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe", b""])
@pytest.mark.parametrize(("name", "read"), [(REQUEST, read_request), (RESULT, read_result)])
def test_a_file_that_is_no_json_is_refused(tmp_path: Path, name: str, read: Any, content: bytes) -> None:
    tmp_path.joinpath(name).write_bytes(content)
    with pytest.raises(ProtocolError, match="cannot be read"):
        read(tmp_path)


@pytest.mark.parametrize("body", [[], {}, {"version": 2}, {"version": "1"}, None])
@pytest.mark.parametrize(("name", "read"), [(REQUEST, read_request), (RESULT, read_result)])
def test_another_version_is_refused(tmp_path: Path, name: str, read: Any, body: object) -> None:
    tmp_path.joinpath(name).write_text(json.dumps(body))
    with pytest.raises(ProtocolError, match="not of round folder version 1"):
        read(tmp_path)


def changed(folder: Path, name: str, **fields: object) -> None:
    """Overwrite fields of a file; a field given as ``...`` is taken out."""
    body = json.loads(folder.joinpath(name).read_text()) | fields
    kept = {key: value for key, value in body.items() if value is not ...}
    folder.joinpath(name).write_text(json.dumps(kept))


@pytest.mark.parametrize(
    "fields",
    [
        {"round": "seven"},
        {"round": ...},
        {"classes": None},
        {"images": ...},
        {"images": [{"image_id": 1}]},
        {"images": [7]},
        {"parent_weights": ...},
        {"settings": {"colour": "blue"}},
        {"settings": None},
    ],
)
def test_a_damaged_request_is_refused(tmp_path: Path, fields: dict[str, object]) -> None:
    write_request(tmp_path, REQUESTED)
    changed(tmp_path, REQUEST, **fields)
    with pytest.raises(ProtocolError, match="is damaged"):
        read_request(tmp_path)


@pytest.mark.parametrize(
    "fields",
    [
        {"per_image": ...},
        {"per_image": [1]},
        {"per_image": {"one": 0.5}},
        {"loss": ...},
        {"colour": "blue"},
        {"seconds": "long"},
        {"held_out_dice": "good"},
        {"round": None},
        {"device": 3},
    ],
)
def test_a_damaged_result_is_refused(tmp_path: Path, fields: dict[str, object]) -> None:
    write_result(tmp_path, RESULTED)
    changed(tmp_path, RESULT, **fields)
    with pytest.raises(ProtocolError, match="is damaged"):
        read_result(tmp_path)


def test_a_file_is_never_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_request(tmp_path, REQUESTED)

    def fail(*_: object) -> None:
        raise OSError("the disk went away")

    monkeypatch.setattr(round_folder.os, "replace", fail)
    with pytest.raises(OSError, match="went away"):
        write_request(tmp_path, RoundRequest(8, (), (), None, TrainingSettings()))
    assert read_request(tmp_path) == REQUESTED


@pytest.mark.parametrize(
    "damage",
    [
        {"classes": "lesion"},
        {"classes": [1]},
        {"parent_weights": 3},
        {"images": [{"image_id": 1, "image": "a", "mask": "b", "role": "test"}]},
    ],
)
def test_a_request_whose_values_are_of_the_wrong_kind_is_refused(tmp_path, damage) -> None:
    write_request(tmp_path, RoundRequest(1, ("lesion",), (), None, TrainingSettings()))
    body = json.loads((tmp_path / "request.json").read_text())
    (tmp_path / "request.json").write_text(json.dumps(body | damage))
    with pytest.raises(ProtocolError):
        read_request(tmp_path)
