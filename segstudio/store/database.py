"""The one connection to a project's database: how it is opened, how a transaction ends, what its errors mean.

SQLite runs in WAL mode with ``synchronous=FULL``: once a transaction has returned, neither a killed process nor a
power cut can take it back. ``locking_mode=EXCLUSIVE`` keeps a second window out for as long as this one lives; the
operating system lets the lock go when the process dies, however it dies. It also spares SQLite its shared memory
file, which network folders cannot offer. The folder is locked, too, since SQLite's lock goes when this process closes
any other handle of the file.
"""

from __future__ import annotations

import contextlib
import ctypes
import getpass
import itertools
import os
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path, PurePath

from segstudio.domain.errors import DamagedError, UserError
from segstudio.store.paths import readable

if sys.platform != "win32":
    import fcntl

DB_NAME = "project.db"

_State = tuple[bytes | None, bytes | None]

_STATE = """SELECT (SELECT CAST(value AS BLOB) FROM settings WHERE key = 'written'),
    (SELECT CAST(count || ':' || digest AS BLOB) FROM audit_head)"""
"""What no two states of a project have in common: every transaction leaves a mark of its own. The head tells of a
program that left none yet."""


class Database:
    """An open database file. Use it on the thread that opened it.

    ``author`` is who the audit trail says it was that writes from now on. ``in_window`` says whether there is a window
    yet that holds what can't be written: until then no sentence may speak of it.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self.in_window = False
        self._connection = connection
        self._file = path.stat()
        self._folder_lock: int | None = None
        self._is_ours = False
        self._left_at: _State | None = None
        self._stranger: os.stat_result | None = None
        self._marks = map(f"{os.urandom(16).hex()}:{{}}".format, itertools.count())
        self.path = path
        self.author = system_user()

    def enter_window(self) -> None:
        """From now on a window holds what can't be written. Raises ``UserError`` for a failing disk."""
        self.in_window = True
        with self.reading():
            self._left_at = self._state()

    @classmethod
    def connect(cls, path: Path, *, create: bool = False) -> Database:
        """Open the file, which must exist unless ``create``; nothing is read or locked yet.

        Raises ``UserError`` if it cannot be opened.
        """
        with _translated(path.parent):
            connection = sqlite3.connect(
                f"{file_uri(path.absolute())}?mode={'rwc' if create else 'rw'}",
                uri=True,
                timeout=0,
                isolation_level=None,  # transactions begin and end where this class says so
            )
            return cls(connection, path)

    @classmethod
    def look_at(cls, path: Path) -> Database:
        """Open the file to read it only, also where nothing may be written.

        Raises ``UserError`` if it cannot be opened.
        """
        # Beside a database that nobody has open there is no WAL: then it need not be made to read one.
        how = "mode=ro" if os.path.exists(f"{path}-wal") else "mode=ro&immutable=1"
        with _translated(path.parent):
            return cls(sqlite3.connect(f"{file_uri(path.absolute())}?{how}", uri=True, timeout=0), path)

    def lock(self) -> None:
        """Keep every other process out until closed.

        Raises ``UserError`` if another one was first, or the file cannot be written to.
        """
        with _translated(self.path.parent, self.in_window):
            # Before anything is read: of another window's file nothing may be made, not even a checkpoint at closing.
            self._folder_lock = _locked(self.path.parent)
            self._is_ours = True
            self._connection.execute("PRAGMA locking_mode=EXCLUSIVE")
            self._connection.execute("PRAGMA user_version").fetchone()

    def use_wal(self) -> None:
        """Switch to the modes in which every later transaction is durable and foreign keys are kept."""
        with _translated(self.path.parent, self.in_window):
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "fullfsync=ON", "foreign_keys=ON"):
                self._connection.execute(f"PRAGMA {pragma}")
            # The lock for writing is taken at the first write: take it now, so that a read-only or shared file
            # is refused when the project opens and not at the first stroke.
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.execute("COMMIT")

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Run queries. Raises ``UserError`` where the file or its disk is at fault."""
        with _translated(self.path.parent, self.in_window):
            if not self._connection.in_transaction:
                # What was moved can be read all the same.
                with contextlib.suppress(UserError, OSError):
                    self._check_in_place()
            yield self._connection

    @contextlib.contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it is on the disk when the block has ended, or none of it is if it raised.

        Inside another such block it is a part of that one's transaction: what it raises must then be let through.
        Raises ``UserError`` where the file or its disk is at fault.
        """
        with _translated(self.path.parent, self.in_window):
            if self._connection.in_transaction:
                yield self._connection
                return
            self._check_in_place()
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                before = self._connection.total_changes
                yield self._connection
                state = self._mark() if self._connection.total_changes > before else self._left_at
                self._connection.execute("COMMIT")
                self._left_at = state
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def backup_to(self, path: Path) -> None:
        """Write a copy of everything to ``path``, replacing what stands there; raises ``UserError``, half a copy gone.

        SQLite makes the copy, not the file system: closing a second handle on the file would drop our lock.
        """
        beside = path.with_name(path.name + ".tmp")
        with _translated(self.path.parent, self.in_window):
            beside.unlink(missing_ok=True)
            try:
                with contextlib.closing(sqlite3.connect(beside)) as copy:
                    self._connection.backup(copy)
                beside.replace(path)
            except (sqlite3.Error, OSError):
                with contextlib.suppress(OSError):
                    for ending in ("", "-journal"):
                        path.with_name(f"{beside.name}{ending}").unlink(missing_ok=True)
                raise

    def close(self) -> None:
        """Fold the WAL into the file and let the lock go. Closing twice does nothing."""
        if self._is_ours and self._is_elsewhere():
            self._abandon()
            return
        # A full disk may refuse the checkpoint: then the WAL stays and the next opening reads it.
        # And what SQLite says of a damaged one may be no text.
        with contextlib.suppress(sqlite3.Error, UnicodeDecodeError):
            if self._is_ours:
                self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._connection.close()
        self._unlock()

    def _unlock(self) -> None:
        if self._folder_lock is not None:
            os.close(self._folder_lock)
            self._folder_lock = None

    def _mark(self) -> _State | None:
        """At the end of a transaction: the state that it leaves the project in, where a window needs to know it."""
        self._connection.execute("INSERT OR REPLACE INTO settings VALUES ('written', ?)", (f'"{next(self._marks)}"',))
        return self._state() if self.in_window else None

    def _state(self) -> _State:
        state: _State = self._connection.execute(_STATE).fetchone()
        return state

    def _check_in_place(self) -> None:
        """An open file can be written to when it has no name any more, and then nobody would find what it holds.

        Windows keeps what is open from being moved, and numbers files so that they may not be known again.
        A drive that was away and is mounted anew is gone on with, if nobody else did.
        """
        if os.name == "nt":
            return
        try:
            there = self.path.stat()
            if os.path.samestat(there, self._file) or (there.st_dev != self._file.st_dev and self._goes_on_in(there)):
                return
        except (FileNotFoundError, NotADirectoryError):
            raise UserError(
                f"The project {self.path.parent} was moved or deleted while it was open. What you did is still in the "
                f"window: leave it open, put the project back where it was and try again."
            ) from None
        raise UserError(
            f"The project {self.path.parent} was replaced by a copy while it was open, or somebody went on with it "
            f"while its drive was away. What you did last is still in the window and is written over neither: leave "
            f"it open, put back the project as it was and try again. Or open it anew, and do that once more."
        )

    def _goes_on_in(self, there: os.stat_result) -> bool:
        """Open the file anew that is in place now, if it is in the state in which this one was left."""
        if self._left_at is None or self._connection.in_transaction:
            return False
        if self._stranger is not None and os.path.samestat(there, self._stranger):
            return False
        with contextlib.ExitStack() as on_failure, _translated(self.path.parent, self.in_window):
            again = Database.connect(self.path)
            on_failure.callback(again.close)
            again.lock()
            if again._state() != self._left_at:
                self._stranger = there
                return False
            again.use_wal()
            on_failure.pop_all()
        self._abandon()
        self._connection, self._file, self._folder_lock = again._connection, again._file, again._folder_lock
        return True

    def _is_elsewhere(self) -> bool:
        """Whether a file of another drive has come in its place."""
        try:
            return os.name != "nt" and self.path.stat().st_dev != self._file.st_dev
        except OSError:
            return False

    def _abandon(self) -> None:
        """Let the file go and never close it: SQLite would delete the WAL of the one in place, known by its name."""
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._connection))
        self._unlock()


def system_user() -> str:
    """The name by which the system knows who runs the program."""
    try:
        return readable(getpass.getuser())
    except (OSError, KeyError, ImportError):  # none has a name in some containers
        return "unknown"


@contextlib.contextmanager
def any_text(connection: sqlite3.Connection) -> Iterator[None]:
    """Read text that is no UTF-8, too: a byte that was altered is to be found, and not to fail."""
    before, connection.text_factory = connection.text_factory, lambda raw: raw.decode("utf-8", "surrogateescape")
    try:
        yield
    finally:
        connection.text_factory = before


def damaged(folder: Path) -> DamagedError:
    """The error for a project whose file holds what this program never wrote."""
    backups = []
    with contextlib.suppress(OSError):
        backups = sorted(path.name for path in folder.glob(f"{DB_NAME}.before-*[0-9]"))
    hint = f" An older copy stands in it as {backups[-1]}." if backups else ""
    return DamagedError(
        f"The project {folder} is damaged and cannot be read. Nothing was changed: "
        f"put a backup of the folder in its place.{hint}"
    )


def file_uri(path: PurePath) -> str:
    """The URI of an absolute path as SQLite takes it: it knows no servers, so one of Windows is part of the path."""
    uri = path.as_uri()
    return uri if uri.startswith("file:///") else uri.replace("file://", "file:////", 1)


@contextlib.contextmanager
def _translated(folder: Path, in_window: bool = False) -> Iterator[None]:
    """Turns what the user can act on into ``UserError``; everything else is a bug and passes."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_IOERR and not _may_write(folder):
            code = sqlite3.SQLITE_READONLY  # locking a file that may only be read fails in this way
        sentence = _sentence(folder, code, _kept(in_window))
        if sentence is None and str(error).startswith("Could not decode to UTF-8"):
            sentence = damaged(folder)  # text that is none; SQLite has no number for it
        if sentence is None:
            raise
        raise sentence from error
    except OSError as error:
        raise UserError(
            f"The project {folder} could not be written to: {error.strerror}. {_kept(in_window)} make sure that the "
            f"folder can be reached and written to, and try again."
        ) from error


def _locked(folder: Path) -> int | None:
    """A handle of the folder that keeps other processes out until it is closed; None where folders can't be locked.

    SQLite's own lock is the process's, and any other handle of the file that the process closes takes it away: as where
    somebody drops ``project.db`` on the window, which looks whether it is an image. This one is the handle's own. On
    Windows SQLite's is, too. Raises ``UserError`` where another process has it.
    """
    if sys.platform == "win32":
        return None
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(handle)
        if isinstance(error, BlockingIOError):
            raise _open_elsewhere(folder) from error
        return None  # some network folders know no such lock
    return handle


def _open_elsewhere(folder: Path) -> UserError:
    return UserError(
        f"The project {folder} is already open in another window or on another computer. Close it there first."
    )


def _may_write(folder: Path) -> bool:
    # Asked by name: opening and closing the file would drop the locks that this process holds on it.
    effective = os.access in os.supports_effective_ids
    return all(os.access(path, os.W_OK, effective_ids=effective) for path in (folder, folder / DB_NAME))


def _kept(in_window: bool) -> str:
    """Where everything is that is not lost, as the beginning of a sentence that says what to do."""
    if in_window:
        return "What you did is still in the window: leave it open,"
    return "What was saved in it before stays as it is:"


def _sentence(folder: Path, code: int, kept: str) -> UserError | None:
    match code:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return _open_elsewhere(folder)
        case sqlite3.SQLITE_FULL:
            return UserError(
                f"The disk is full, so the project {folder} could not be written to. {kept} free some space on that "
                f"disk and try again."
            )
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM | sqlite3.SQLITE_AUTH:
            return UserError(
                f"The project {folder} cannot be opened for writing. Make sure that the folder exists and that you may "
                f"write to it, or copy it to where you may, and try again. If it is open, what you did is still in its "
                f"window."
            )
        case sqlite3.SQLITE_IOERR:
            return UserError(
                f"The disk of the project {folder} does not answer. {kept} plug the disk in or reconnect the network "
                f"folder and try again."
            )
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return damaged(folder)
        case _:
            return None
