"""A project: a folder with one database, and the rounds beside it.

::

    lesions.segstudio/
        project.db              images, corrections, history, predictions, rounds, settings
        project.db-wal          while it is open, or after it was killed: the latest transactions
        project.db.before-1000  a copy made before a newer program changed the tables
        rounds/0001/            see ``segstudio.protocol.round_folder``
        imported/1/             what an import had to write: frames of videos, masks to compare with
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType

from segstudio.domain.errors import UserError
from segstudio.domain.segments import ClassSpec, Color, Segment, SegmentTable, class_color
from segstudio.store import migrations
from segstudio.store.approval_scores import ApprovalScores
from segstudio.store.attributes import Attributes
from segstudio.store.audit import Trail
from segstudio.store.database import DB_NAME, Database, damaged
from segstudio.store.exports import Exports
from segstudio.store.images import Images
from segstudio.store.imports import Imports
from segstudio.store.inside import check_links
from segstudio.store.insights import Insights
from segstudio.store.learned import Learned
from segstudio.store.masks import Masks
from segstudio.store.patients import salt_groups
from segstudio.store.readings import Readings
from segstudio.store.rounds import CUT_SHORT, ROUNDS, Rounds
from segstudio.store.salvage import Salvage
from segstudio.store.scales import Scales
from segstudio.store.settings import Settings
from segstudio.store.soundness import check_sound, check_tables
from segstudio.store.versions import Versions, described

SUFFIX = ".segstudio"


class Project:
    """An open project. Use it on the thread that opened it; its parts share it.

    Every method that changes something has it on the disk when it returns. Methods raise ``UserError`` when the
    file or its disk is at fault; what they were to write is then not written, nor is half of it.
    """

    def __init__(self, folder: Path, database: Database) -> None:
        self.folder = folder
        self._database = database
        self.masks = Masks(database, self.segment_table)
        self.rounds = Rounds(database, folder)
        self.versions = Versions(database, self.masks, self.rounds)
        self.images = Images(database, folder, self.versions.approve)
        self.settings = Settings(database)
        self.scales = Scales(database)
        self.learned = Learned(database)
        self.approval_scores = ApprovalScores(database)
        self.salvage = Salvage(database, self.masks)
        self.insights = Insights(database)
        self.audit = Trail(database)
        self.readings = Readings(database)
        self.attributes = Attributes(database)
        self.exports = Exports(database)
        self.imports = Imports(database, folder, self.images, self.audit, self.versions.approve)
        self.left_import = False
        """Whether it was opened after a program that was killed in an import, of which nothing stayed."""
        self.colourless: set[str] = set()
        """Names of classes and segments whose colour was found to be damaged, so that they have a usual one."""

    @classmethod
    def create(cls, folder: Path, classes: Sequence[ClassSpec]) -> Project:
        """Make a project in a folder that does not exist or is empty, and open it.

        Raises ``UserError`` if the folder holds something or cannot be made.
        """
        folder = Path(os.path.abspath(folder))
        _make_folder(folder)
        with contextlib.ExitStack() as on_failure:
            on_failure.callback(_remove_beginnings, folder)
            database = Database.connect(folder / DB_NAME, create=True)
            on_failure.callback(database.close)
            database.lock()
            database.use_wal()
            with database.writing() as connection:
                connection.execute(f"PRAGMA application_id={migrations.APPLICATION_ID:d}")
                migrations.migrate(connection, 0, migrations.MIGRATIONS)
                _insert_classes(connection, classes)
            project = cls(folder, database)
            project.save_segment_table(SegmentTable.for_classes(classes))
            project.audit.note("project made", name=project.name, classes=[spec.name for spec in classes])
            on_failure.pop_all()
        return project

    @classmethod
    def open(cls, folder: Path) -> Project:
        """Open a project; migrates an older one after a backup, and ends rounds that a window left running.

        Raises ``UserError`` if it is none, is damaged, is of a newer major version, is open elsewhere, cannot be
        written to, or leads out of its folder by links.
        """
        folder = Path(os.path.abspath(folder))
        _check_there(folder)
        with contextlib.ExitStack() as on_failure:
            database = Database.connect(folder / DB_NAME)
            on_failure.callback(database.close)
            database.lock()
            version = _checked_version(database)
            database.use_wal()
            _migrate(database, version)
            check_sound(database)
            project = cls(folder, database)
            check_links(folder, (*project.rounds.places(), *project.imports.places()))
            project.rounds.keep_finished()
            project.rounds.fail_unfinished(CUT_SHORT)
            project.rounds.sweep()
            project.left_import = project.imports.sweep()
            project.images.name_groups()
            salt_groups(database)
            on_failure.pop_all()
        return project

    @classmethod
    def inspect(cls, folder: Path) -> Project:
        """Open a project to read it: nothing is brought up to date, nothing can be written.

        Raises ``UserError`` if it is none, is damaged, is of another version, or is open elsewhere.
        """
        folder = Path(os.path.abspath(folder))
        _check_there(folder)
        with contextlib.ExitStack() as on_failure:
            database = Database.look_at(folder / DB_NAME)
            on_failure.callback(database.close)
            if _checked_version(database) < migrations.MIGRATIONS[-1].version:
                raise UserError(
                    f"The project {folder} was last opened by an older version of this program. Open it once, which "
                    "brings it up to date, then try again."
                )
            on_failure.pop_all()
        return cls(folder, database)

    def enter_window(self) -> None:
        """From now on a window shows the project, and holds what can't be written; sentences of trouble say so."""
        self._database.enter_window()

    @property
    def name(self) -> str:
        """The folder's name without its ending."""
        return self.folder.name.removesuffix(SUFFIX)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Several calls as one: all of what they change is on the disk afterwards, or none of it if the block raised.

        What a call in it raises must be let through.
        """
        with self._database.writing():
            yield

    def close(self) -> None:
        """Let the project go. Closing twice does nothing."""
        self._database.close()

    def unmake(self) -> None:
        """Close a project that ``create`` has just made, and leave its folder as empty as it was."""
        self.close()
        _remove_beginnings(self.folder)

    def __enter__(self) -> Project:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def classes(self) -> tuple[ClassSpec, ...]:
        """What a pixel can be, in order."""
        with self._database.reading() as connection:
            query = "SELECT id, name, CAST(color AS BLOB), kind FROM classes ORDER BY position"
            rows = connection.execute(query).fetchall()
        return tuple(ClassSpec(id_, name, self._color(color, id_, name), kind) for id_, name, color, kind in rows)

    def save_classes(self, classes: Sequence[ClassSpec]) -> None:
        """Replace what a pixel can be; masks keep the ids of classes, so none that is in use may be missing."""
        with self._database.writing() as connection:
            connection.execute("DELETE FROM classes")
            _insert_classes(connection, classes)
            self.audit.note("classes", classes=[{"id": c.id, "name": c.name, "kind": c.kind} for c in classes])

    def segment_table(self) -> SegmentTable:
        """The segments that all images share, in order."""
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT id, class_id, instance, name, CAST(color AS BLOB), locked, hidden, opacity FROM segments "
                "WHERE image_id IS NULL ORDER BY position"
            ).fetchall()
        return SegmentTable(
            Segment(
                id_, class_id, instance, name, self._color(color, class_id, name), bool(locked), bool(hidden), opacity
            )
            for id_, class_id, instance, name, color, locked, hidden, opacity in rows
        )

    def save_segment_table(self, table: SegmentTable) -> None:
        """Replace the segments that all images share."""
        with self._database.writing() as connection:
            now = described(table)
            if now != described(self.segment_table()):
                self.audit.note("segments", segments=json.loads(now))
            connection.execute("DELETE FROM segments WHERE image_id IS NULL")
            connection.executemany(
                "INSERT INTO segments VALUES (?, NULL, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (position, s.id, s.class_id, s.instance, s.name, _hex(s.color), s.locked, s.hidden, s.opacity)
                    for position, s in enumerate(table)
                ],
            )

    def _color(self, kept: bytes, class_id: int, name: str) -> Color:
        """A colour as it is kept; the usual one of the class where that is damaged."""
        if re.fullmatch(rb"#[0-9a-f]{6}", kept):
            return int(kept[1:3], 16), int(kept[3:5], 16), int(kept[5:7], 16)
        self.colourless.add(name)
        return class_color(class_id)


def _insert_classes(connection: sqlite3.Connection, classes: Sequence[ClassSpec]) -> None:
    connection.executemany(
        "INSERT INTO classes VALUES (?, ?, ?, ?, ?)",
        [(c.id, position, c.name, _hex(c.color), c.kind) for position, c in enumerate(classes)],
    )


def _check_there(folder: Path) -> None:
    try:
        (folder / DB_NAME).stat()
    except (FileNotFoundError, NotADirectoryError):
        pass
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise UserError(
            f"The project {folder} can't be reached ({why}). Connect its drive or network folder, make sure that you "
            "may open the folder, then try again."
        ) from error
    if not os.path.isfile(folder / DB_NAME):
        raise UserError(
            f"There is no project at {folder}. Choose a folder whose name ends in {SUFFIX}, or make a new project."
        )


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise UserError(
                f"The folder {folder} exists and is not empty. Nothing was changed: open it if it is a project, "
                f"or choose another name."
            )
        (folder / ROUNDS).mkdir()
    except OSError as error:
        raise UserError(
            f"The project {folder} could not be made: {error.strerror}. Choose a folder that you may write to."
        ) from error


def _remove_beginnings(folder: Path) -> None:
    """Leave the folder as empty as it was, so that making the project can be tried again under its name."""
    with contextlib.suppress(OSError):
        for ending in ("", "-wal", "-journal"):
            folder.joinpath(DB_NAME + ending).unlink(missing_ok=True)
        shutil.rmtree(folder / ROUNDS, ignore_errors=True)
        folder.rmdir()


def _checked_version(database: Database) -> int:
    """The file's version, if this program can read it; changes nothing."""
    folder = database.path.parent
    with database.reading() as connection:
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
    if application != migrations.APPLICATION_ID:
        raise UserError(f"{folder} is no project of this program, so it was left alone. Choose another folder.")
    if version // 1000 > migrations.MIGRATIONS[-1].version // 1000:
        raise UserError(
            f"The project {folder} was made by a newer version of this program. Nothing was changed: "
            f"install the newer version to open it."
        )
    if version < migrations.MIGRATIONS[0].version:
        raise damaged(folder)
    check_tables(database, version)
    return int(version)


def _migrate(database: Database, version: int) -> None:
    if version >= migrations.MIGRATIONS[-1].version:
        return
    database.backup_to(database.path.with_name(f"{DB_NAME}.before-{version}"))
    with database.writing() as connection:
        migrations.migrate(connection, version, migrations.MIGRATIONS)
        Trail(database).note("project brought up to date", before=version, now=migrations.MIGRATIONS[-1].version)


def _hex(color: Color) -> str:
    return "#{:02x}{:02x}{:02x}".format(*color)
