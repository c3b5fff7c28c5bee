"""Who is reading: what is proposed, and what is asked where a project wants to know."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from dataclasses import dataclass

from segstudio.app.reading_rows import read_settings
from segstudio.app.settings import Settings
from segstudio.domain.review import clean_name
from segstudio.store.project_db import Project

READER = "reader"
"""The setting of this computer that keeps who read last."""


@dataclass(frozen=True)
class ReaderQuestion:
    """``asked`` says whether the project wants to know; ``known`` are all who have read in it."""

    project: str
    asked: bool
    known: tuple[str, ...]
    proposed: str


AskReader = Callable[[ReaderQuestion, Callable[[str | None], None]], None]
"""Asks a person, and calls back with the name, or None where the project is not to be opened."""


def usual_reader(settings: Settings) -> str:
    """Who read on this computer last, else the name of the system's user, else "Reader"."""
    kept = settings.get(READER)
    return (clean_name(kept) if isinstance(kept, str) else "") or _system_user() or "Reader"


def reader_question(project: Project, proposed: str) -> ReaderQuestion:
    """What there is to ask; on the store thread."""
    return ReaderQuestion(project.name, read_settings(project).asks_reader, tuple(project.readings.readers()), proposed)


def _system_user() -> str:
    try:
        return clean_name(getpass.getuser())
    except (OSError, KeyError, ImportError):
        return ""
