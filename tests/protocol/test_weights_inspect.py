"""Files that anybody may hand over: what they claim is checked before it is believed."""

from __future__ import annotations

import json
import pickle
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save

from segstudio.protocol.weights import FORMAT, VERSION, NotWeightsError, inspect

TENSORS = {"a": np.arange(300, dtype=np.float32), "b": np.zeros((2, 3), np.float16), "n": np.array(5, np.int64)}
ABOUT = {
    "format": FORMAT, "version": str(VERSION), "network": "unet", "classes": '["lesion", "hair"]', "input_size": "256",
    "upright": "1", "void": "[2]",
}  # fmt: skip


def built(header: Any, room: int) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + bytes(room)


def entry(shape: list[Any], begin: Any, end: Any, dtype: str = "F32") -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def refused(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    with pytest.raises(NotWeightsError) as caught:
        inspect(path)
    return str(caught.value)


def test_what_a_model_says_of_itself(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    path.write_bytes(save(TENSORS, ABOUT))
    info = inspect(path)
    assert (info.network, info.classes, info.input_size, info.upright, info.void) == (
        "unet", ("lesion", "hair"), 256, True, (2,),
    )  # fmt: skip
    assert info.tensors == {"a": (300,), "b": (2, 3), "n": ()}
    assert info.parameters == 307


def test_pickles_are_never_read(tmp_path: Path) -> None:
    for protocol in (2, 3, 4, 5):
        assert "can run commands" in refused(tmp_path / "p.pt", pickle.dumps({"a": 1}, protocol))
    with zipfile.ZipFile(tmp_path / "z.pt", "w") as archive:
        archive.writestr("data.pkl", b"")
    with pytest.raises(NotWeightsError, match="can run commands"):
        inspect(tmp_path / "z.pt")


def test_what_is_no_safetensors_file(tmp_path: Path) -> None:
    for content in (b"", b"abc", b"hello world, this is text", built(b"{", 0), built([], 0), built(b"[" * 9000, 0)):
        assert "no safetensors file" in refused(tmp_path / "x", content)
    with pytest.raises(FileNotFoundError):
        inspect(tmp_path / "gone")


@pytest.mark.parametrize("claimed", [1 << 20, 1 << 40, (1 << 64) - 1])
def test_a_header_longer_than_the_file_or_any_of_ours_is_not_made_room_for(tmp_path: Path, claimed: int) -> None:
    content = claimed.to_bytes(8, "little") + b"{}" + bytes(100)
    tracemalloc.start()
    assert "no safetensors file" in refused(tmp_path / "x", content)
    assert tracemalloc.get_traced_memory()[1] < 1 << 20
    tracemalloc.stop()


@pytest.mark.parametrize(
    ("tensors", "room"),
    [
        ({"a": entry([1 << 40], 0, 4)}, 4),
        ({"a": entry([1 << 40], 0, 1 << 42)}, 4),
        ({"a": entry([2], 0, 8), "b": entry([2], 4, 12)}, 12),
        ({"a": entry([2], 0, 8), "b": entry([2], 12, 20)}, 20),
        ({"a": entry([2], 0, 8)}, 9),
        ({"a": entry([2], 0, 8)}, 7),
        ({"a": entry([-2], 0, -8)}, 0),
        ({"a": entry([2.0], 0, 8)}, 8),
        ({"a": entry([True], 0, 4)}, 4),
        ({"a": entry(["2"], 0, 8)}, 8),
        ({"a": entry([1] * 9, 0, 4)}, 4),
        ({"a": entry([2], 0, 16, "F64")}, 16),
        ({"a": {"dtype": "F32", "shape": [2]}}, 8),
        ({"a": [1, 2]}, 8),
        ({"a": {**entry([2], 0, 8), "data_offsets": [0, 4, 8]}}, 8),
        ({}, 0),
        ({f"t{k}": entry([0], 0, 0) for k in range(5000)}, 0),
    ],
)
def test_shapes_that_do_not_fit_are_refused(tmp_path: Path, tensors: dict[str, Any], room: int) -> None:
    assert refused(tmp_path / "x", built({"__metadata__": ABOUT, **tensors}, room))


@pytest.mark.parametrize(
    ("about", "says"),
    [
        ({"format": "other"}, "not of a segstudio model"),
        ({"version": "1"}, "another version"),
        ({"classes": "lesion"}, "does not fit"),
        ({"classes": '{"a": 1}'}, "does not fit"),
        ({"classes": "[1]"}, "does not fit"),
        ({"classes": "[" * 5000}, "does not fit"),
        ({"classes": "[]"}, "make no sense"),
        ({"classes": json.dumps(["c"] * 256)}, "make no sense"),
        ({"input_size": "large"}, "does not fit"),
        ({"void": '["x"]'}, "does not fit"),
        ({"void": "[Infinity]"}, "does not fit"),
        ({"void": "[3]"}, "make no sense"),
    ],
)
def test_headers_that_make_no_sense_are_refused(tmp_path: Path, about: dict[str, str], says: str) -> None:
    assert says in refused(tmp_path / "x", save(TENSORS, {**ABOUT, **about}))


def test_headers_without_a_word_about_us(tmp_path: Path) -> None:
    assert "not of a segstudio model" in refused(tmp_path / "x", save(TENSORS))
    assert "not of a segstudio model" in refused(tmp_path / "x", built({"__metadata__": [], "a": entry([], 0, 4)}, 4))
    missing = {key: value for key, value in ABOUT.items() if key != "classes"}
    assert "does not fit" in refused(tmp_path / "x", save(TENSORS, missing))


@settings(deadline=None, max_examples=300)
@given(st.integers(0, 2000), st.integers(1, 255))
def test_a_changed_byte_never_does_more_than_refuse(tmp_path_factory: Any, place: int, flip: int) -> None:
    content = bytearray(save(TENSORS, ABOUT))
    content[place % len(content)] ^= flip
    path = tmp_path_factory.getbasetemp() / "flipped"
    path.write_bytes(content)
    try:
        info = inspect(path)
    except NotWeightsError:
        return
    # Names and words may have changed, but never how much there is.
    assert info.parameters in (307, *range(290, 320))
