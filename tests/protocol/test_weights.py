import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save

from segstudio.protocol.weights import DIGEST, digest_of, is_altered

TENSORS = {"a": np.arange(300, dtype=np.float32), "b": np.zeros((2, 3), np.float32)}
ABOUT = {"network": "unet", "classes": "[]"}


def write(path: Path, with_digest: bool = True) -> bytes:
    content = save(TENSORS, ABOUT)
    if with_digest:
        content = save(TENSORS, {**ABOUT, DIGEST: digest_of(content)})
    path.write_bytes(content)
    return content


def test_a_file_as_it_was_written_is_whole(tmp_path: Path) -> None:
    content = write(tmp_path / "w")
    assert not is_altered(tmp_path / "w")
    assert digest_of(content) == digest_of(save(TENSORS, ABOUT)), "the digest itself is left out"
    write(tmp_path / "old", with_digest=False)
    assert not is_altered(tmp_path / "old")


def test_every_changed_bit_is_noticed(tmp_path: Path) -> None:
    content = write(tmp_path / "w")
    key = content.index(DIGEST.encode())
    for place in (*range(400), *range(400, len(content), 97), len(content) - 1):
        if key <= place < key + len(DIGEST):
            continue  # a file without a digest is one of an older version, and nothing else of it has changed
        changed = bytearray(content)
        changed[place] ^= 1 << (place % 8)
        (tmp_path / "w").write_bytes(changed)
        assert is_altered(tmp_path / "w"), place


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"nonsense",
        b"\xff" * 100,
        b"\x02" + bytes(7) + b"[]",
        b"\x09" + bytes(7) + b'{"a": []}',
        b"\x02" + bytes(7) + b"{",
        bytes(50),
    ],
)
def test_what_is_no_file_of_weights_is_not_whole(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "w").write_bytes(content)
    assert is_altered(tmp_path / "w")
    with pytest.raises(ValueError):  # noqa: PT011  (of several kinds)
        digest_of(content)


def test_a_header_whose_metadata_are_none_is_not_whole(tmp_path: Path) -> None:
    header = json.dumps({"__metadata__": 3}).encode()
    (tmp_path / "w").write_bytes(len(header).to_bytes(8, "little") + header)
    assert is_altered(tmp_path / "w")


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        is_altered(tmp_path / "none")
