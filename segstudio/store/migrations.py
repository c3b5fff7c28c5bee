"""The database's tables, as a chain of numbered steps from an empty file to today's.

A version is ``major * 1000 + minor``, kept in SQLite's ``user_version``. A new minor only adds what an older program
may ignore; a new major is refused by older programs. A step that has left the house is never edited.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from segstudio.store.audit import TRAIL
from segstudio.store.exports import EXPECTED, EXPORTS
from segstudio.store.learned import DEPARTED, LEARNED
from segstudio.store.scales import SCALES
from segstudio.store.versions import VERSIONS

APPLICATION_ID = 0x53656753
"""The letters SegS, written into the file's header: tells a project's database from any other."""


@dataclass(frozen=True, slots=True)
class Migration:
    """The statements that lead to ``version`` from the version before."""

    version: int
    statements: tuple[str, ...]


_FIRST = (
    """CREATE TABLE classes (
        id INTEGER PRIMARY KEY,
        position INTEGER NOT NULL,
        name TEXT NOT NULL,
        color TEXT NOT NULL,
        kind TEXT NOT NULL CHECK (kind IN ('stuff', 'thing'))
    )""",
    """CREATE TABLE images (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        position INTEGER NOT NULL,
        relative_path TEXT,
        absolute_path TEXT NOT NULL,
        truth_relative_path TEXT,
        truth_absolute_path TEXT,
        state TEXT NOT NULL DEFAULT 'new' CHECK (state IN ('new', 'predicted', 'in_progress', 'approved')),
        width INTEGER NOT NULL DEFAULT 0,
        height INTEGER NOT NULL DEFAULT 0,
        fingerprint TEXT NOT NULL DEFAULT '',
        held_out INTEGER CHECK (held_out IN (0, 1)),
        prediction_round INTEGER,
        problem TEXT,
        seconds REAL NOT NULL DEFAULT 0
    )""",
    # Rows without an image are the project's; an image's own rows are for instance segments.
    """CREATE TABLE segments (
        position INTEGER NOT NULL,
        image_id INTEGER REFERENCES images(id) ON DELETE CASCADE,
        id INTEGER NOT NULL CHECK (id BETWEEN 0 AND 65534),
        class_id INTEGER NOT NULL,
        instance INTEGER NOT NULL,
        name TEXT NOT NULL,
        color TEXT NOT NULL,
        locked INTEGER NOT NULL,
        hidden INTEGER NOT NULL,
        opacity REAL NOT NULL
    )""",
    "CREATE UNIQUE INDEX segments_by_id ON segments (COALESCE(image_id, 0), id)",
    """CREATE TABLE predictions (
        image_id INTEGER PRIMARY KEY REFERENCES images(id) ON DELETE CASCADE,
        png BLOB NOT NULL
    )""",
    # A tile is 256 x 256 little-endian uint16, compressed by zlib; one that is all unset has no row.
    """CREATE TABLE tiles (
        image_id INTEGER NOT NULL REFERENCES images(id) ON DELETE CASCADE,
        tile_row INTEGER NOT NULL,
        tile_column INTEGER NOT NULL,
        data BLOB NOT NULL,
        UNIQUE (image_id, tile_row, tile_column)
    )""",
    # The edits of an image in the order of their ids: first those done, then those undone.
    """CREATE TABLE edits (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        image_id INTEGER NOT NULL REFERENCES images(id) ON DELETE CASCADE,
        undone INTEGER NOT NULL DEFAULT 0 CHECK (undone IN (0, 1)),
        weight INTEGER NOT NULL,
        name TEXT NOT NULL
    )""",
    "CREATE INDEX edits_by_image ON edits (image_id, undone, id, weight)",
    """CREATE TABLE edit_tiles (
        edit_id INTEGER NOT NULL REFERENCES edits(id) ON DELETE CASCADE,
        tile_row INTEGER NOT NULL,
        tile_column INTEGER NOT NULL,
        before BLOB,
        after BLOB,
        UNIQUE (edit_id, tile_row, tile_column)
    )""",
    """CREATE TABLE rounds (
        number INTEGER PRIMARY KEY,
        status TEXT NOT NULL CHECK (status IN ('running', 'finished', 'cancelled', 'failed')),
        started REAL NOT NULL,
        approved INTEGER NOT NULL,
        seconds REAL NOT NULL DEFAULT 0,
        loss REAL,
        held_out_dice REAL,
        held_out_count INTEGER NOT NULL DEFAULT 0,
        weights TEXT,
        sentence TEXT NOT NULL DEFAULT ''
    )""",
    "CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL)",
)

# A major step: an older program would put a prediction beside the confidence of another, and would not know that
# what it changes ends an approval's coming back.
_CONFIDENCE_AND_APPROVALS = (
    # How sure the model was, an 8-bit grey PNG; NULL where it was not asked.
    "ALTER TABLE predictions ADD COLUMN confidence BLOB",
    # The last edit done when the image was approved, 0 for none: undo and redo that lead back to it bring the approval
    # back. NULL where no state of the mask is approved.
    "ALTER TABLE images ADD COLUMN approved_at INTEGER",
    """UPDATE images SET approved_at =
        (SELECT COALESCE(MAX(edits.id), 0) FROM edits WHERE edits.image_id = images.id AND NOT edits.undone)
        WHERE state = 'approved'""",
)

# An older program may ignore all of it: it predicts with the newest round, and says less of the rounds.
_KEEPING_ROUNDS = (
    "ALTER TABLE rounds ADD COLUMN note TEXT NOT NULL DEFAULT ''",
    # The round that the user went back to; none where the newest is in use.
    "ALTER TABLE rounds ADD COLUMN chosen INTEGER NOT NULL DEFAULT 0 CHECK (chosen IN (0, 1))",
    # How right the model's mask was that a person then approved, corrected or not.
    """CREATE TABLE approval_scores (
        image_id INTEGER PRIMARY KEY REFERENCES images(id) ON DELETE CASCADE,
        round INTEGER NOT NULL,
        dice REAL NOT NULL,
        approved_at REAL NOT NULL
    )""",
)

# An older program may ignore it: it goes through the list in order.
_INSIGHTS = (
    # What the model makes of a whole image: 0 (sure) to 1, and little-endian float16 values.
    """CREATE TABLE insights (
        image_id INTEGER PRIMARY KEY REFERENCES images(id) ON DELETE CASCADE,
        round INTEGER NOT NULL,
        uncertainty REAL,
        embedding BLOB
    )""",
)

# A major step: an older program would learn what nobody judged.
_VOID_CLASSES = (
    """CREATE TABLE classes_of_any_kind (
        id INTEGER PRIMARY KEY,
        position INTEGER NOT NULL,
        name TEXT NOT NULL,
        color TEXT NOT NULL,
        kind TEXT NOT NULL CHECK (kind IN ('stuff', 'thing', 'void'))
    )""",
    "INSERT INTO classes_of_any_kind SELECT id, position, name, color, kind FROM classes",
    "DROP TABLE classes",
    "ALTER TABLE classes_of_any_kind RENAME TO classes",
)

# An older program may ignore it: it holds single files out. What was decided stays.
_GROUPS = (
    # The patient or video that the image is of, by its name when it was added; '' for none, NULL until it is named.
    "ALTER TABLE images ADD COLUMN split_group TEXT",
    # 64 bits of what the picture shows, NULL until it was read.
    "ALTER TABLE images ADD COLUMN perceptual_hash INTEGER",
)

# An older program may ignore it: it shows the images of an import that was broken off, and offers to undo none.
_IMPORTS = (
    """CREATE TABLE imports (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        layout TEXT NOT NULL,
        folder TEXT NOT NULL,
        finished INTEGER NOT NULL DEFAULT 0 CHECK (finished IN (0, 1))
    )""",
    # The state in which the image came, which says whether anybody has worked on it since.
    """CREATE TABLE imported (
        image_id INTEGER PRIMARY KEY REFERENCES images(id) ON DELETE CASCADE,
        import_id INTEGER NOT NULL REFERENCES imports(id) ON DELETE CASCADE,
        state TEXT NOT NULL
    )""",
    "CREATE INDEX imported_by_import ON imported (import_id)",
    # What a data set says of an image as a whole, in words.
    """CREATE TABLE attributes (
        image_id INTEGER NOT NULL REFERENCES images(id) ON DELETE CASCADE,
        position INTEGER NOT NULL,
        name TEXT NOT NULL,
        value TEXT NOT NULL,
        PRIMARY KEY (image_id, name)
    ) WITHOUT ROWID""",
)

# A major step: an older program would take another reader's reading for an image of its own, show what is to stay
# hidden and learn from what was rejected.
_READINGS = (
    # The image that a row is another reader's reading of; NULL for an image itself.
    "ALTER TABLE images ADD COLUMN reading_of INTEGER REFERENCES images(id) ON DELETE CASCADE",
    # Who worked on it, '' where nobody said.
    "ALTER TABLE images ADD COLUMN reader TEXT NOT NULL DEFAULT ''",
    # Why it is not to be used; NULL where it is.
    "ALTER TABLE images ADD COLUMN rejected TEXT",
    # Who decided between two readings; '' for nobody.
    "ALTER TABLE images ADD COLUMN adjudicator TEXT NOT NULL DEFAULT ''",
    "CREATE UNIQUE INDEX readings_by_reader ON images (reading_of, reader) WHERE reading_of IS NOT NULL",
    # Whole masks as they were vouched for: a 16-bit grey PNG of segment ids, and the segments as JSON. A sealed one
    # was looked at beside another, and no later approval takes its place.
    """CREATE TABLE readings (
        row_id INTEGER NOT NULL REFERENCES images(id) ON DELETE CASCADE,
        image_id INTEGER NOT NULL REFERENCES images(id) ON DELETE CASCADE,
        kind TEXT NOT NULL CHECK (kind IN ('first', 'second', 'unaided', 'adjudicated')),
        reader TEXT NOT NULL,
        read_at REAL NOT NULL,
        seconds REAL NOT NULL,
        model_dice REAL,
        png BLOB NOT NULL,
        segments TEXT NOT NULL,
        sealed INTEGER NOT NULL DEFAULT 0 CHECK (sealed IN (0, 1)),
        UNIQUE (row_id, kind)
    )""",
    "CREATE INDEX readings_by_image ON readings (image_id)",
)

# A major step: an older program would change masks and approvals without a word in the trail.
_AUDIT_TRAIL = (
    *TRAIL,
    # Of the weights, as a file: the SHA-256. NULL where nobody asked yet.
    "ALTER TABLE rounds ADD COLUMN weights_digest TEXT",
)

MIGRATIONS: tuple[Migration, ...] = (
    Migration(1000, _FIRST),
    Migration(2000, _CONFIDENCE_AND_APPROVALS),
    Migration(2001, _KEEPING_ROUNDS),
    Migration(2002, _INSIGHTS),
    Migration(3000, _VOID_CLASSES),
    Migration(3001, _GROUPS),
    Migration(3002, _IMPORTS),
    Migration(4000, _READINGS),
    Migration(4010, _AUDIT_TRAIL),
    Migration(4011, VERSIONS),
    # An older program may ignore it: it measures with the project's scale.
    Migration(4020, SCALES),
    Migration(4021, EXPORTS),
    # An older program may ignore it: it judges models by what they know, too.
    Migration(4022, LEARNED),
    # An older program may ignore it: it forgets with an image that a model knows it.
    Migration(4023, DEPARTED),
    # An older program may ignore it: it takes what it wrote when it was killed for another's.
    Migration(4024, EXPECTED),
)


def migrate(connection: sqlite3.Connection, version: int, migrations: Sequence[Migration]) -> None:
    """Take the steps beyond ``version`` inside the open transaction; afterwards ``user_version`` is the last's."""
    for migration in migrations:
        if migration.version <= version:
            continue
        for statement in migration.statements:
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version={migration.version:d}")
