"""One row of the table of actions, and what rows everywhere ask before they are enabled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from segstudio.ui.commands import Commands

Run = Callable[[Commands], None]
Test = Callable[[Commands], bool]
Words = Callable[[Commands], str]


def always(_: Commands) -> bool:
    """Whatever stands."""
    return True


def with_project(c: Commands) -> bool:
    """A project is open."""
    return c.studio.session is not None


def with_document(c: Commands) -> bool:
    """An image is on the canvas, and no other is on its way: nobody would know which one is meant."""
    session = c.studio.session
    return session is not None and session.document is not None and session.loading_id is None


@dataclass(frozen=True)
class Action:
    """One row. ``menu`` is "Menu" or "Menu/Submenu", with "-" before it where a line goes above."""

    id: str
    text: str
    menu: str
    keys: tuple[str, ...]
    run: Run
    icon: str = ""
    enabled: Test = always
    checked: Test | None = None
    words: Words | None = None
    group: str = ""
    on_canvas: bool = False
    """Its keys are heard by the canvas alone: Return elsewhere presses buttons."""
