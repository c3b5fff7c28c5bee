"""The audit trail of an open project, as the main thread knows it."""

from __future__ import annotations

from collections.abc import Callable

from segstudio.app.saver import Saver
from segstudio.app.store_thread import StoreThread
from segstudio.domain.audit import Head
from segstudio.store.project_db import Project


class AuditLog:
    """Main thread only. What changes masks, rounds and settings writes its own entries in its own transactions.

    A change that is kept by a call to the store writes its entry there, in the same ``Project.transaction``, by
    ``Project.audit.note``. ``note`` here is for what changes nothing in the database by itself.
    """

    def __init__(self, store: StoreThread, saver: Saver) -> None:
        self._store = store
        self._saver = saver

    def note(self, kind: str, image_id: int | None = None, **what: object) -> None:
        """Write an entry behind all that was handed to the saver before; ``what`` are JSON values."""
        self._saver.save(lambda project: project.audit.note(kind, image_id, **what))

    def set_reader(self, name: str) -> None:
        """Entries of what is done from now on say that it was ``name``; what waits to be saved was another's."""

        def write(project: Project) -> None:
            with project.transaction():
                project.audit.author = name
                project.audit.note("reader", name=name)

        self._saver.save(write)

    def ask_head(self, done: Callable[[Head], None]) -> None:
        """Give ``done`` the head of the trail, with all that was done until now in it. For reports and exports."""
        self._store.run(lambda project: project.audit.head() or Head(), done)
