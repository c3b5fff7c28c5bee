"""What a project wrote, told from what others put in its place."""

import os
from pathlib import Path

import pytest

from segstudio.store.exports import is_as_written
from segstudio.store.project_db import Project


@pytest.fixture
def out(project: Project, tmp_path: Path) -> Path:
    """A folder with two files that the project wrote."""
    place = tmp_path / "out"
    place.mkdir()
    for name in ("a.png", "b.png"):
        (place / name).write_bytes(b"mask of " + name.encode())
    project.exports.remember(place, ["a.png", "b.png", "gone.png"])
    return place


def told(project: Project, out: Path, name: str) -> bool:
    known = project.exports.find(out, name)
    assert known is not None
    return is_as_written(out / name, known)


def test_a_file_is_as_it_was_written_while_its_content_is(project: Project, out: Path) -> None:
    assert project.exports.names(out) == ["a.png", "b.png"]
    assert project.exports.find(out, "gone.png") is None
    assert told(project, out, "a.png")
    os.utime(out / "a.png", ns=(0, 0))
    assert told(project, out, "a.png"), "a copy has another time"
    (out / "a.png").write_bytes(b"Mask of a.png")
    os.utime(out / "a.png", ns=(0, 0))
    assert not told(project, out, "a.png"), "it is as long, and another"
    stat = (out / "b.png").stat()
    (out / "b.png").write_bytes(b"longer than the mask of b.png")
    os.utime(out / "b.png", ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert not told(project, out, "b.png"), "it is of that time, and longer"
    (out / "b.png").unlink()
    assert not told(project, out, "b.png")


def test_a_file_is_expected_as_it_was_and_as_it_becomes_and_no_other_is(project: Project, out: Path) -> None:
    assert not project.exports.is_expected(out, "a.png"), "nobody said so"
    project.exports.expect(out, {"a.png": b"new a", "b.png": b"new b"})
    assert project.exports.is_expected(out, "a.png"), "as it was"
    for content, expected in ((b"new a", True), (b"new b", False), (b"another's", False)):
        (out / "a.png").write_bytes(content)
        assert project.exports.is_expected(out, "a.png") == expected
    (out / "a.png").write_bytes(b"new a")
    project.exports.expect(out, {"a.png": b"newer a"})
    assert project.exports.is_expected(out, "b.png"), "what is expected of one is not what is expected of another"
    (out / "a.png").write_bytes(b"mask of a.png")
    assert not project.exports.is_expected(out, "a.png"), "what it was before the last time counts no more"
