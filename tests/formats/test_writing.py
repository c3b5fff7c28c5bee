import errno
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segstudio.domain.errors import UserError
from segstudio.formats.writing import cell_text, check_reports, plain_cell, write_whole


def test_the_folder_is_made_and_an_old_file_replaced(tmp_path: Path) -> None:
    path = tmp_path / "new" / "deep" / "a.png"
    write_whole(path, b"one")
    write_whole(path, b"two")
    assert path.read_bytes() == b"two"
    assert os.listdir(path.parent) == ["a.png"]


def test_a_report_takes_the_place_of_a_report_alone(tmp_path: Path) -> None:
    for name in ("old.csv", "old.CSV", "lesion.png", "project.db", "plain"):
        (tmp_path / name).write_bytes(b"old")
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "link.csv").symlink_to("old.csv")
    check_reports((tmp_path / "old.csv", ".csv"), (tmp_path / "new", ".json"), (None, ".pdf"))
    check_reports((tmp_path / "old.CSV", ".csv"))
    for name in ("lesion.png", "project.db", "plain"):
        with pytest.raises(UserError, match="there already"):
            check_reports((tmp_path / name, ".csv"))
    for name in ("folder.csv", ""):
        with pytest.raises(UserError, match="is a folder"):
            check_reports((tmp_path / name, ".csv"))
    for one, other in (("new", "new"), ("old.csv", "link.csv")):
        with pytest.raises(UserError, match="two reports"):
            check_reports((tmp_path / one, ".csv"), (tmp_path / other, ".csv"))


def test_a_report_that_has_no_place_is_refused_before_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_bytes(b"old")
    check_reports((tmp_path / "new" / "deep" / "a.csv", ".csv"))
    with pytest.raises(UserError, match=r"“a.csv” can't be written to .*file"):
        check_reports((tmp_path / "file" / "a.csv", ".csv"))
    monkeypatch.setattr(os, "access", lambda place, _mode: Path(place) != tmp_path)
    for name in ("a.csv", "new/a.csv"):
        with pytest.raises(UserError, match=r"You may not write “a.csv”"):
            check_reports((tmp_path / name, ".csv"))
    assert os.listdir(tmp_path) == ["file"]


def test_windows_replaces_no_file_that_a_spreadsheet_has_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "measures.csv"
    path.write_bytes(b"old")

    def fail(*_: object) -> None:
        error = PermissionError(errno.EACCES, "The process cannot access the file")
        error.winerror = 32  # type: ignore[attr-defined]
        raise error

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(UserError, match=r"another program may have it open.*Close it there"):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["measures.csv"]
    path.unlink()
    with pytest.raises(UserError, match="You may not write"):
        write_whole(path, b"new")


@pytest.mark.parametrize(
    ("number", "says"),
    [
        (errno.EROFS, "You may not write"),
        (errno.EACCES, "You may not write"),
        (errno.ENOSPC, "no room left"),
        (errno.EHOSTDOWN, "network folder"),
    ],
)
def test_trouble_is_said_and_the_old_file_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, says: str
) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"old")

    def fail(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(UserError, match=says) as caught:
        write_whole(path, b"new")
    assert "a.png" in str(caught.value)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a.png"]


def test_a_file_where_the_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"")
    with pytest.raises(UserError, match="can't be written"):
        write_whole(tmp_path / "a" / "b.png", b"")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    try:
        with pytest.raises(UserError, match="may not write"):
            write_whole(tmp_path / "a.png", b"")
    finally:
        tmp_path.chmod(0o755)


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        *[(number, number) for number in ("-1.5", "+2", "-.5", "-3.", "-1e-5", "7", "naevus", "", "'", "'tis")],
        *[
            (text, f"'{text}")
            for text in ("=1+1", "+a", "-", "-1-1", "-1.5 mm", "@x", "\t=1", "--1", "-1,5", "'=1", "''-1.5")
        ],
    ],
)
def test_a_formula_is_marked_and_a_number_is_not(text: str, cell: str) -> None:
    assert plain_cell(text) == cell
    assert cell_text(cell) == text


@given(st.text("'=+-@\t\r.1e a"))
def test_every_text_comes_back(text: str) -> None:
    assert cell_text(plain_cell(text)) == text


def test_what_older_programs_marked_is_read_without_the_mark() -> None:
    assert cell_text("'-1.5") == "-1.5"
