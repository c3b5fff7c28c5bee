"""Whether a project's file has this program's tables, and holds only numbers that it may have written.

SQLite keeps any value in any column. What is absurd would fail far from here, or worse only when a stroke is to be
saved, so it is looked for when a project opens; what a mask or a setting holds is judged where it is read.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import sqlite3

from segstudio.domain.tiles import UNSET
from segstudio.imaging.reader import MAX_PIXELS
from segstudio.store import migrations
from segstudio.store.database import Database, damaged

log = logging.getLogger(__name__)

_MOST = 2**53
"""The largest number that is counted up; behind the largest that SQLite knows it could not go on."""

_LATEST = 2.5e11
"""Seconds from 1970 to a year that dates can still be made of; before 1970 as far back."""


def _whole(column: str, least: int = 0, most: int = _MOST) -> str:
    return f"typeof({column}) = 'integer' AND {column} BETWEEN {least} AND {most}"


def _number(column: str, least: float = -_LATEST, most: float = _LATEST) -> str:
    return f"typeof({column}) IN ('integer', 'real') AND {column} BETWEEN {least} AND {most}"


def _one_of(column: str, *values: str) -> str:
    return f"{column} IN ({', '.join(map(repr, values))})"


def _text(column: str) -> str:
    return f"typeof({column}) = 'text'"


def _or_none(condition: str, column: str) -> str:
    return f"({column} IS NULL OR {condition})"


_SOUND: dict[str, tuple[str, ...]] = {
    "classes": (
        _whole("id", 1, UNSET - 1),
        _whole("position"),
        _text("name"),
        _one_of("kind", "stuff", "thing", "void"),
    ),
    "segments": (
        _whole("id", 0, UNSET - 1),
        _whole("class_id", 0, UNSET - 1),
        *(_whole(column) for column in ("position", "instance", "locked", "hidden")),
        _text("name"),
        _number("opacity"),
    ),
    "images": (
        *(_whole(column) for column in ("id", "position", "width", "height")),
        f"width * height <= {MAX_PIXELS}",
        _one_of("state", "new", "predicted", "in_progress", "approved"),
        *(_text(column) for column in ("fingerprint", "reader", "adjudicator")),
        *(_or_none(_text(column), column) for column in ("rejected", "split_group")),
        *(_or_none(_whole(column), column) for column in ("prediction_round", "approved_at", "reading_of")),
        _or_none("typeof(perceptual_hash) = 'integer'", "perceptual_hash"),
        _number("seconds"),
    ),
    "departed": (
        _text("fingerprint"),
        _text("split_group"),
        _or_none("typeof(perceptual_hash) = 'integer'", "perceptual_hash"),
    ),
    "edits": (_whole("id"), _whole("weight"), _whole("undone", 0, 1), _text("name")),
    "rounds": (
        _whole("number"),
        _one_of("status", "running", "finished", "cancelled", "failed"),
        *(_whole(column) for column in ("approved", "held_out_count", "chosen")),
        *(_number(column) for column in ("started", "seconds")),
        *(_or_none(_number(column), column) for column in ("loss", "held_out_dice")),
        *(_or_none(_text(column), column) for column in ("weights", "weights_digest")),
        *(_text(column) for column in ("sentence", "note")),
    ),
    "approval_scores": (_whole("round"), *(_number(column) for column in ("dice", "approved_at"))),
    "readings": (
        *(_number(column) for column in ("read_at", "seconds")),
        _or_none(_number("model_dice"), "model_dice"),
    ),
    "sqlite_sequence": (_whole("seq"),),
    # A head that is altered in other ways is for the check of the trail to tell.
    "audit_head": (f"(typeof(count) <> 'integer' OR {_whole('count')})",),
    "audit": (f"number <= {_MOST}",),
}


_COLUMNS = "SELECT t.name, c.name FROM sqlite_master t, pragma_table_info(t.name) c WHERE t.type = 'table'"
_TRIGGERS = "SELECT tbl_name, name, sql FROM sqlite_master WHERE type = 'trigger'"


def check_tables(database: Database, version: int) -> None:
    """Raises ``UserError`` for a file that lacks a table or column of its version, or has a trigger that others made.

    Such a trigger could undo what is saved, without a word. A newer minor version may have more columns and tables, and
    triggers of tables that are not written to here.
    """
    columns, triggers = _made_by(version)
    tables = {table for table, _ in columns}
    with database.reading() as connection:
        lacking = columns - set(connection.execute(_COLUMNS))
        foreign = {row for row in connection.execute(_TRIGGERS) if row[0].lower() in tables} - triggers
    if lacking or foreign:
        log.error("the file lacks %s and has the triggers %s", sorted(lacking), sorted(foreign))
        raise damaged(database.path.parent)


@functools.cache
def _made_by(version: int) -> tuple[frozenset[tuple[str, str]], frozenset[tuple[str, str, str]]]:
    """The columns, by table, and the triggers of a file that this program made up to ``version``."""
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        steps = [step for step in migrations.MIGRATIONS if step.version <= version]
        migrations.migrate(connection, 0, steps)
        return frozenset(connection.execute(_COLUMNS)), frozenset(connection.execute(_TRIGGERS))


def check_sound(database: Database) -> None:
    """Raises ``UserError`` for a file with a number, or a value in place of one, that nothing could be made of."""
    with database.reading() as connection:
        for table, conditions in _SOUND.items():
            # The names are literals of this file. A row of which a condition is not even false is not sound either.
            query = f"SELECT 1 FROM {table} WHERE ({' AND '.join(conditions)}) IS NOT 1 LIMIT 1"  # noqa: S608
            if connection.execute(query).fetchone() is not None:
                log.error("the table %s holds what this program never wrote", table)
                raise damaged(database.path.parent)
