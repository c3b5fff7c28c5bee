"""Whatever somebody changes in a project behind the program's back, the check of its trail names it."""

from __future__ import annotations

import contextlib
import csv
import io
import shutil
import sqlite3
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from segstudio.app.audit_check import as_csv, export_command, verify_command
from segstudio.domain.audit import Entry, Head, follow, seal
from segstudio.domain.errors import UserError
from segstudio.domain.segments import make_classes
from segstudio.imaging.mask_png import encode_mask
from segstudio.store.images import NewImage
from segstudio.store.project_db import Project
from segstudio.store.readings import Reading
from tests.helpers.tampering import flip, meddling

HEIGHT, WIDTH = 40, 60
NAMES = ("อาร์ a.png", "b.png", "c.png")


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three images: the first approved twice over a prediction, the second approved, the third in progress."""
    place = tmp_path_factory.mktemp("audit")
    folder = place / "x.segstudio"
    with Project.create(folder, make_classes(["lesion", "hair"])) as project:
        first, second, third = project.images.add_images([NewImage(place / name) for name in NAMES])
        mask = np.zeros((HEIGHT, WIDTH), np.uint16)
        for image_id in (first, second, third):
            project.images.set_size(image_id, WIDTH, HEIGHT, "f")
        for image_id, rows in ((first, 9), (first, 12), (second, 20), (third, 5)):
            mask[:rows, 5:50] = 1
            project.masks.import_mask(image_id, mask)
            if image_id != third:
                project.images.approve(image_id, held_out=False)
        mask[:] = 65535
        project.masks.import_mask(second, mask)
        project.masks.put_prediction(second, 1, encode_mask(np.ones((HEIGHT, WIDTH), np.uint16)))
        project.images.approve(second, held_out=False)
        reading = Reading(third, third, "first", "A. N.", 0.0, 1.0)
        project.readings.put(reading, encode_mask(np.ones((HEIGHT, WIDTH), np.uint16)), project.segment_table())
    return folder


@pytest.fixture
def folder(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(original, tmp_path / original.name))


def entries(folder: Path) -> list[Entry]:
    with Project.inspect(folder) as project:
        return project.audit.entries()


def found(folder: Path) -> str:
    text, well = verify_command(folder)
    assert not well
    return text


COLUMN = {"when": "at"}
OTHER: dict[str, object] = {
    "number": 4711,
    "when": "1999-01-01T00:00:00.000+00:00",
    "who": "somebody else",
    "kind": "undo",
    "image_id": 17,
    "what": "{}",
    "program": "9.9",
    "previous": "a" * 64,
    "digest": "b" * 64,
}


def test_a_project_that_nobody_meddled_with_is_verified(folder: Path) -> None:
    text, well = verify_command(folder)
    count = len(entries(folder))
    assert well
    assert text.splitlines()[0].startswith(f"Verified: {count} entries, 4 approved masks, head ")
    assert Head.read(text.splitlines()[1].removeprefix("Head: ")) == entries(folder)[-1].head


@pytest.mark.parametrize("place", ["first", "middle", "last"])
@pytest.mark.parametrize("name", [field.name for field in fields(Entry)])
def test_each_field_of_an_entry_that_was_altered_is_named(folder: Path, name: str, place: str) -> None:
    there = entries(folder)
    number = {"first": 1, "middle": len(there) // 2, "last": len(there)}[place]
    with meddling(folder) as connection:
        column = COLUMN.get(name, name)
        connection.execute(f"UPDATE audit SET {column} = ? WHERE number = ?", (OTHER[name], number))
    text = found(folder)
    expected = f"Entry 4711 was moved: it was entry {number}." if name == "number" else f"Entry {number} was altered."
    assert expected in text


@pytest.mark.parametrize("place", ["first", "middle", "last"])
def test_an_entry_that_was_removed_is_named(folder: Path, place: str) -> None:
    count = len(entries(folder))
    number = {"first": 1, "middle": 5, "last": count}[place]
    with meddling(folder) as connection:
        connection.execute("DELETE FROM audit WHERE number = ?", (number,))
    text = found(folder)
    assert (f"it had {count}: 1 is missing" if place == "last" else f"Entry {number} was removed.") in text


def test_two_entries_that_changed_places_are_named(folder: Path) -> None:
    with meddling(folder) as connection:
        for before, after in ((3, 9999), (6, 3), (9999, 6)):
            connection.execute("UPDATE audit SET number = ? WHERE number = ?", (after, before))
    text = found(folder)
    assert "Entry 3 was moved: it was entry 6." in text
    assert "Entry 6 was moved: it was entry 3." in text


@pytest.mark.parametrize("behind", [2, 7])
def test_an_entry_that_was_put_in_is_named(folder: Path, behind: int) -> None:
    there = entries(folder)
    head = there[behind - 1].head
    forged = follow(head, when="", who="x", kind="edit", image_id=1, what={}, program="")
    with meddling(folder) as connection:
        for entry in reversed(there[behind:]):
            connection.execute("UPDATE audit SET number = number + 1 WHERE number = ?", (entry.number,))
        row = [getattr(forged, field.name) for field in fields(Entry)]
        connection.execute("INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    text = found(folder)
    count = len(there)
    assert f"Entries {behind + 2} to {count + 1} were moved: they were entries {behind + 1} to {count}." in text


def test_an_entry_that_was_written_anew_and_sealed_is_named(folder: Path) -> None:
    entry = replace(entries(folder)[4], who="somebody else")
    with meddling(folder) as connection:
        connection.execute("UPDATE audit SET who = ?, digest = ? WHERE number = 5", (entry.who, seal(entry)))
    assert "Entry 6 does not follow entry 5" in found(folder)


def test_any_byte_of_an_entry_that_is_flipped_in_the_file_is_found(folder: Path, tmp_path: Path) -> None:
    path = folder / "project.db"
    entry = entries(folder)[5]
    row = "".join(str(getattr(entry, name)) for name in ("when", "who", "kind")).encode()
    start = path.read_bytes().index(row)
    rest = entry.what + entry.program + entry.previous + entry.digest
    length = len(row) + len(rest)  # the image's number, 1, takes no byte
    assert path.read_bytes()[start : start + length].endswith(rest.encode())
    for at in range(start, start + length, 7):
        flip(path, at, bit=at % 8)
        assert "Entry 6 was altered." in found(folder), at
        flip(path, at, bit=at % 8)
    assert verify_command(folder)[1]


def test_a_byte_that_is_flipped_anywhere_is_found_or_changes_nothing(folder: Path) -> None:
    # What is not found must be where nothing is: every entry and every approved mask is read and is the same.
    path = folder / "project.db"
    with Project.inspect(folder) as project:
        before = project.audit.entries(), [project.versions.mask(number) for number in (1, 2, 3, 4)]
    rng = np.random.default_rng(0)
    for at in rng.integers(100, path.stat().st_size, 60).tolist():
        flip(path, at)
        with contextlib.suppress(UserError):
            if verify_command(folder)[1]:
                with Project.inspect(folder) as project:
                    after = project.audit.entries(), [project.versions.mask(number) for number in (1, 2, 3, 4)]
                assert after[0] == before[0]
                assert all(map(np.array_equal, after[1], before[1]))
        flip(path, at)


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("DELETE FROM tiles WHERE image_id = 1", f"The mask of {NAMES[0]} is not the one that was approved"),
        ("UPDATE tiles SET data = (SELECT data FROM tiles WHERE image_id = 3) WHERE image_id = 1", NAMES[0]),
        ("UPDATE predictions SET png = x'00' WHERE image_id = 2", "The mask of b.png is not the one"),
        ("UPDATE images SET width = 59 WHERE id = 1", f"The mask of {NAMES[0]}"),
        ("UPDATE images SET state = 'approved' WHERE id = 3", "c.png is approved, but the trail does not say who"),
        ("UPDATE images SET state = 'in_progress' WHERE id = 1", f"{NAMES[0]} is not approved any more"),
        ("UPDATE images SET held_out = 1 WHERE id = 1", f"{NAMES[0]} was moved between learning and scoring"),
        ("DELETE FROM images WHERE id = 2", "Image 2, which was approved, is gone."),
        ("UPDATE images SET rejected = 'blurred' WHERE id = 3", "The rejection of c.png is not as it was given."),
        ("UPDATE images SET adjudicator = 'B. O.' WHERE id = 1", "B. O. is said to have decided on"),
        ("DELETE FROM versions WHERE number = 1", f"Version 1 of {NAMES[0]} is gone."),
        ("UPDATE versions SET png = x'00' WHERE number = 2", f"Version 2 of {NAMES[0]} is not the mask"),
        ("UPDATE versions SET segments = '[]' WHERE number = 3", "Version 3 of b.png is not the mask"),
        ("UPDATE versions SET segments = CAST(x'ff' AS TEXT) WHERE number = 3", "Version 3 of b.png is not the mask"),
        ("UPDATE versions SET image_id = 77 WHERE number = 4", "Version 4 of image 77 is not one that the trail"),
        ("UPDATE versions SET entry = 1 WHERE number = 4", "Version 4 of b.png is not one that the trail knows"),
        ("UPDATE audit SET what = '{\"version\":[1]}' WHERE kind = 'approved'", "was altered."),
        ("UPDATE readings SET png = 'x'", "The first reading of c.png is not as it was kept: it was altered."),
        ("UPDATE readings SET reader = 'B. O.'", "The first reading of c.png is not as it was kept"),
        ("UPDATE readings SET kind = 'second'", "The second reading of c.png is not one that the trail knows of."),
        ("DELETE FROM readings", "The first reading of c.png is gone."),
        ("UPDATE segments SET class_id = 2", "What the segments of all masks mean is not what was said of them last"),
        ("UPDATE segments SET name = 'hair'", "What the segments of all masks mean is not what was said of them last"),
        ("UPDATE classes SET name = 'hair'", "The classes of the project are not what was said of them last"),
        ("DELETE FROM audit_head", "The head that is kept beside the trail is gone."),
        ("UPDATE audit_head SET digest = 'x'", "The head that is kept beside the trail is gone."),
    ],
)
def test_a_mask_that_is_not_as_it_was_approved_is_named(folder: Path, statement: str, words: str) -> None:
    with meddling(folder) as connection:
        assert connection.execute(statement).rowcount > 0
    assert words in found(folder)


def test_one_flipped_bit_of_an_approved_version_is_found(folder: Path) -> None:
    path = folder / "project.db"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        (png,) = connection.execute("SELECT png FROM versions WHERE number = 1").fetchone()
    start = path.read_bytes().index(png)
    for at in range(start, start + len(png), 11):
        flip(path, at)
        assert f"Version 1 of {NAMES[0]} is not the mask that was approved" in found(folder)
        flip(path, at)
    assert verify_command(folder)[1]


def test_a_trail_written_anew_passes_and_a_head_that_was_given_away_finds_it(folder: Path) -> None:
    head = entries(folder)[-1].head
    there, before = entries(folder), Head()
    with meddling(folder) as connection:
        for entry in there:
            forged = follow(
                before,
                when=entry.when,
                who="somebody else",
                kind=entry.kind,
                image_id=entry.image_id,
                what=entry.told,
                program=entry.program,
            )
            before = forged.head
            connection.execute(
                "UPDATE audit SET who = ?, previous = ?, digest = ? WHERE number = ?",
                (forged.who, forged.previous, forged.digest, forged.number),
            )
        connection.execute("UPDATE audit_head SET digest = ?", (before.digest,))
    assert verify_command(folder)[1]
    text, well = verify_command(folder, [str(head)])
    assert not well
    assert "the trail was written anew" in text
    with pytest.raises(UserError, match="A head reads like"):
        verify_command(folder, ["nonsense"])


def test_the_csv_holds_all_that_is_sealed(folder: Path, tmp_path: Path) -> None:
    there = entries(folder)
    sentence = export_command(folder, tmp_path / "trail.csv")
    assert str(there[-1].head) in sentence
    rows = list(csv.DictReader(io.StringIO((tmp_path / "trail.csv").read_text(encoding="utf-8"))))
    assert {row["image"] for row in rows if row["image id"] == "1"} == {NAMES[0]}
    read = [
        Entry(
            int(row["number"]),
            row["when"],
            row["who"],
            row["kind"],
            int(row["image id"]) if row["image id"] else None,
            row["what"],
            row["program"],
            row["previous"],
            row["digest"],
        )
        for row in rows
    ]
    assert read == there
    assert as_csv([], {}).decode().startswith("number,when,who")
    entry = Entry(1, "now", "=1+1", "undo", 7, "{}", "0.1", "", "")
    assert "'=1+1,undo,'@a.png,7" in as_csv([entry], {7: "@a.png"}).decode()
    entry = Entry(1, "=1", "=2", "=3", 7, "=4", "=5", "=6", "=7")
    assert as_csv([entry], {7: "=8"}).decode().splitlines()[1] == "1,'=1,'=2,'=3,'=8,7,'=4,'=5,'=6,'=7"


def test_a_state_that_there_is_not_is_damage(folder: Path) -> None:
    with meddling(folder) as connection:
        connection.execute("PRAGMA ignore_check_constraints = 1")
        connection.execute("UPDATE images SET state = 'perfect' WHERE id = 1")
    with pytest.raises(UserError, match="damaged"):
        verify_command(folder)


def test_a_table_of_another_name_is_damage(folder: Path) -> None:
    with contextlib.closing(sqlite3.connect(folder / "project.db")) as connection:
        connection.execute("ALTER TABLE versions RENAME TO visions")
    with pytest.raises(UserError, match="damaged"):
        verify_command(folder)
