import errno
import json
import os
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from segstudio.domain.errors import UserError
from segstudio.engine.checkpoint import WeightsHeader, load_checkpoint, save_checkpoint
from segstudio.engine.models import build_network
from segstudio.engine.second_look import SecondLook
from segstudio.protocol.weights import ENSEMBLE_VERSION, VERSION, inspect

HEADER = WeightsHeader(
    "unet-efficientnet-lite0",
    ("hair", "skin, überall"),
    96,
    True,
    window=64,
    flip_average=False,
    void=(2,),
    second_look=SecondLook(close_up=True),
    learned_at=128,
)
METADATA = {
    "format": "segstudio-weights",
    "version": str(VERSION),
    "network": HEADER.network,
    "classes": json.dumps(HEADER.classes),
    "input_size": "96",
    "upright": "0",
}


@pytest.fixture(scope="module")
def tensors() -> dict[str, torch.Tensor]:
    return build_network(HEADER.network, 2).state_dict()


def test_round_trip_keeps_header_and_every_bit(tmp_path: Path, tensors: dict[str, torch.Tensor]) -> None:
    path = tmp_path / "weights [1] ü.safetensors"
    save_checkpoint(path, HEADER, tensors)
    loaded = load_checkpoint(path)
    assert loaded.header == HEADER
    assert loaded.tensors.keys() == tensors.keys()
    assert all(torch.equal(loaded.tensors[name], tensor) for name, tensor in tensors.items())
    rebuilt = loaded.build()
    assert not rebuilt.training
    assert all(torch.equal(rebuilt.state_dict()[name], tensor) for name, tensor in tensors.items())
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_an_ensemble_keeps_both_members_apart(tmp_path: Path, tensors: dict[str, torch.Tensor]) -> None:
    path = tmp_path / "w.safetensors"
    other = {name: tensor + 1 for name, tensor in tensors.items()}
    save_checkpoint(path, HEADER, tensors, other)
    loaded = load_checkpoint(path)
    assert loaded.header == HEADER
    assert loaded.tensors.keys() == tensors.keys()
    newest, earlier = (member.state_dict() for member in loaded.members())
    assert all(torch.equal(newest[name], tensor) for name, tensor in tensors.items())
    assert all(torch.equal(earlier[name], tensor) for name, tensor in other.items())
    assert all(torch.equal(tensor, newest[name]) for name, tensor in loaded.build().state_dict().items())
    info, alone = inspect(path), tmp_path / "alone.safetensors"
    save_checkpoint(alone, HEADER, tensors)
    assert (info.networks, inspect(alone).networks) == (2, 1)
    assert info.parameters == inspect(alone).parameters


@pytest.mark.parametrize("missing", [1, 0])
def test_half_an_ensemble_is_refused(tmp_path: Path, tensors: dict[str, torch.Tensor], missing: int) -> None:
    path = tmp_path / "w.safetensors"
    members = [dict(tensors), {name: tensor + 1 for name, tensor in tensors.items()}]
    members[missing].popitem()
    save_checkpoint(path, HEADER, *members)
    with pytest.raises(UserError, match="do not fit"):
        load_checkpoint(path)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format": "other"}, "not of a segstudio model"),
        ({"version": "1"}, "another version"),
        ({"version": str(ENSEMBLE_VERSION + 1)}, "another version"),
        ({"network": "giraffe"}, "does not know"),
        ({"classes": "[]"}, "does not know"),
        ({"classes": "{"}, "header"),
        ({"classes": "3"}, "header"),
        ({"classes": "[" * 100_000}, "header"),
        ({"input_size": "many"}, "header"),
        ({"input_size": "0"}, "does not know"),
        ({"window": "0"}, "header"),
        ({"window": "100"}, "header"),
        ({"void": "[3]"}, "does not know"),
        ({"void": "3"}, "header"),
        ({"void": "[Infinity]"}, "header"),
        ({"void": "[2, 1]"}, "does not know"),
        ({"fitted": "0"}, "header"),
        ({"learned_at": "-1"}, "header"),
    ],
)
def test_a_strange_header_is_refused(tmp_path: Path, change: dict[str, str], words: str) -> None:
    path = tmp_path / "w.safetensors"
    save_file({"x": torch.zeros(1)}, path, {**METADATA, **change})
    with pytest.raises(UserError, match=words):
        load_checkpoint(path)


@pytest.mark.parametrize("key", sorted(METADATA))
def test_every_entry_of_the_header_is_needed(tmp_path: Path, key: str) -> None:
    path = tmp_path / "w.safetensors"
    save_file({"x": torch.zeros(1)}, path, {name: value for name, value in METADATA.items() if name != key})
    # Not because the tensors are another network's, which is looked at later.
    with pytest.raises(UserError, match=r"header|not of a segstudio model|another version"):
        load_checkpoint(path)


@pytest.mark.parametrize("content", [b"", b"\x80\x02}q\x00.", b"PK\x03\x04", b"\xff" * 64])
def test_other_files_are_refused_and_never_unpickled(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "w.pth"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"w\.pth"):
        load_checkpoint(path)


@pytest.mark.parametrize("place", [0.0, 0.0001, 0.01, 0.5, 0.999])
def test_one_bit_that_changed_on_the_disk_is_noticed(
    tmp_path: Path, tensors: dict[str, torch.Tensor], place: float
) -> None:
    path = tmp_path / "w.safetensors"
    save_checkpoint(path, HEADER, tensors)
    content = bytearray(path.read_bytes())
    content[int(place * len(content))] ^= 4
    path.write_bytes(content)
    with pytest.raises(UserError, match="damaged"):
        load_checkpoint(path)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere every name is text")
def test_a_folder_whose_name_is_no_text_holds_weights(tmp_path: Path, tensors: dict[str, torch.Tensor]) -> None:
    folder = tmp_path / os.fsdecode(b"L\xe4sionen")
    folder.mkdir()
    save_checkpoint(folder / "weights.safetensors", HEADER, tensors)
    found = load_checkpoint(folder / "weights.safetensors")
    assert found.header == HEADER
    assert all(torch.equal(found.tensors[name], tensor) for name, tensor in tensors.items())
    assert {name: tensor.dtype for name, tensor in found.tensors.items()} == {n: t.dtype for n, t in tensors.items()}
    found.build()


@pytest.mark.parametrize("left", [0, 4, 1000, -1])
def test_a_file_cut_short_is_refused(tmp_path: Path, tensors: dict[str, torch.Tensor], left: int) -> None:
    path = tmp_path / "w.safetensors"
    save_checkpoint(path, HEADER, tensors)
    path.write_bytes(path.read_bytes()[:left])
    with pytest.raises(UserError, match="damaged"):
        load_checkpoint(path)


@pytest.mark.parametrize(("number", "words"), [(errno.ENOSPC, "disk is full"), (errno.EACCES, "Permission denied")])
def test_a_disk_that_refuses_leaves_the_weights_that_were_there(
    tmp_path: Path, tensors: dict[str, torch.Tensor], monkeypatch: pytest.MonkeyPatch, number: int, words: str
) -> None:
    path = tmp_path / "w.safetensors"
    save_checkpoint(path, HEADER, tensors)
    before = path.read_bytes()

    def refuse(_file: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(UserError, match=words):
        save_checkpoint(path, HEADER, {"x": torch.zeros(1)})
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_what_was_read_stays_whatever_becomes_of_the_file(tmp_path: Path, tensors: dict[str, torch.Tensor]) -> None:
    path = tmp_path / "weights.safetensors"
    save_checkpoint(path, HEADER, tensors)
    loaded = load_checkpoint(path)
    # In place, as some copies and synchronising programs write; a file cut short would end the process.
    with path.open("r+b") as file:
        file.write(bytes(path.stat().st_size))
    assert all(torch.equal(loaded.tensors[name], tensor) for name, tensor in tensors.items())


def test_an_absent_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read"):
        load_checkpoint(tmp_path / "none.safetensors")


def test_tensors_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    save_file({"x": torch.zeros(1)}, path, METADATA)
    with pytest.raises(UserError, match="do not fit"):
        load_checkpoint(path).build()


def test_a_folder_that_is_gone_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="could not be written"):
        save_checkpoint(tmp_path / "gone" / "w.safetensors", HEADER, {"x": torch.zeros(1)})
