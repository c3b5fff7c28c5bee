"""Every action of the window in one table; menus, tool column and the sheet of shortcuts are made from it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar, QWidget

from segstudio.domain.annotation import ImageState
from segstudio.ui.commands import Commands
from segstudio.ui.icons import icon
from segstudio.ui.theme import Theme

Run = Callable[[Commands], None]
Test = Callable[[Commands], bool]
Words = Callable[[Commands], str]

SEGMENT_KEYS = 9

MENU_KEYS = {"Model": "M&odel"}
"""Menus whose first letter another one has: the letter that opens them with Alt."""


def _always(_: Commands) -> bool:
    return True


def _project(c: Commands) -> bool:
    return c.studio.session is not None


def _document(c: Commands) -> bool:
    return c.studio.session is not None and c.studio.session.document is not None


def _approved(c: Commands) -> bool:
    session = c.studio.session
    if session is None or session.current_id is None:
        return False
    return session.record(session.current_id).state is ImageState.APPROVED


def _idle(c: Commands) -> bool:
    return c.studio.session is not None and not c.studio.session.rounds.busy


def _learning(c: Commands) -> bool:
    return c.studio.session is not None and c.studio.session.rounds.busy


def _undo(c: Commands) -> str:
    return c.studio.session.editor.undo_name if c.studio.session else ""


def _redo(c: Commands) -> str:
    return c.studio.session.editor.redo_name if c.studio.session else ""


def _tool(name: str) -> Test:
    return lambda c: c.studio.session is not None and c.studio.session.editor.tool_name == name


def _look(name: str) -> Test:
    return lambda c: c.theme.appearance == name


@dataclass(frozen=True)
class Action:
    """One row. ``menu`` is "Menu" or "Menu/Submenu", with "-" before it where a line goes above."""

    id: str
    text: str
    menu: str
    keys: tuple[str, ...]
    run: Run
    icon: str = ""
    enabled: Test = _always
    checked: Test | None = None
    words: Words | None = None
    group: str = ""


def _segment(number: int) -> Action:
    return Action(
        f"segment_{number}", f"Paint segment {number}", "Mask/Segment", (str(number),),
        lambda c: c.choose_segment(number), enabled=lambda c: bool(c.segment_name(number)),
        words=lambda c: c.segment_name(number) or f"Segment {number}",
    )  # fmt: skip


# fmt: off
ACTIONS: tuple[Action, ...] = (
    Action("new", "New project…", "File", ("Ctrl+N",), lambda c: c.new_project(), "folder-plus"),
    Action("open", "Open project…", "File", ("Ctrl+O",), lambda c: c.open_project(), "folder-open"),
    Action("demo_lesion", "Lesion demo", "File/Demo", (), lambda c: c.studio.open_demo("lesion")),
    Action("demo_body", "Body demo", "File/Demo", (), lambda c: c.studio.open_demo("body")),
    Action("add", "Add images…", "-File", ("Ctrl+I",), lambda c: c.add_images(), "image", _project),
    Action("export", "Export masks…", "File", ("Ctrl+E",), lambda c: c.export_masks(), "export", _project),
    Action("close", "Close project", "-File", ("Ctrl+W",), lambda c: c.close_project(), "", _project),
    Action("quit", "Quit", "File", ("Ctrl+Q",), lambda c: c.quit(), "sign-out"),

    Action("undo", "Undo", "Edit", ("Ctrl+Z",), lambda c: c.undo(), "arrow-counter-clockwise",
           lambda c: bool(_undo(c)), words=lambda c: f"Undo {_undo(c).lower()}".strip()),
    Action("redo", "Redo", "Edit", ("Ctrl+Shift+Z", "Ctrl+Y"), lambda c: c.redo(), "arrow-clockwise",
           lambda c: bool(_redo(c)), words=lambda c: f"Redo {_redo(c).lower()}".strip()),

    Action("next", "Next image", "View", ("N", "PgDown"), lambda c: c.step(1), "caret-right", _project),
    Action("previous", "Previous image", "View", ("P", "PgUp"), lambda c: c.step(-1), "caret-left", _project),
    Action("next_unapproved", "Next unapproved image", "View", ("Shift+N",), lambda c: c.next_unapproved(),
           "skip-forward", _project),
    Action("filter", "Filter images", "View", ("Ctrl+F",), lambda c: c.window.focus_filter(), "magnifying-glass",
           _project),
    Action("zoom_in", "Zoom in", "-View", ("+", "=", "Ctrl++", "Ctrl+="), lambda c: c.canvas.zoom_step(1),
           "magnifying-glass-plus", _document),
    Action("zoom_out", "Zoom out", "View", ("-", "Ctrl+-"), lambda c: c.canvas.zoom_step(-1),
           "magnifying-glass-minus", _document),
    Action("fit", "Fit to window", "View", ("F", "0", "Ctrl+0"), lambda c: c.canvas.zoom_fit(), "frame-corners",
           _document),
    Action("full_size", "100 %", "View", ("Ctrl+1",), lambda c: c.canvas.zoom_to(1.0), "", _document),
    Action("hide_mask", "Hide mask", "-View", ("V",), lambda c: c.toggle_mask(), "eye-slash", _document,
           lambda c: not c.canvas.mask_shown),
    Action("full_screen", "Full screen", "View", ("F11",), lambda c: c.window.toggle_full_screen(), "",
           checked=lambda c: c.window.isFullScreen()),
    Action("look_system", "As the system", "View/Appearance", (), lambda c: c.set_appearance("system"),
           checked=_look("system"), group="look"),
    Action("look_light", "Light", "View/Appearance", (), lambda c: c.set_appearance("light"),
           checked=_look("light"), group="look"),
    Action("look_dark", "Dark", "View/Appearance", (), lambda c: c.set_appearance("dark"),
           checked=_look("dark"), group="look"),

    Action("brush", "Brush", "Mask", ("B",), lambda c: c.set_tool("brush"), "paint-brush", _project,
           _tool("brush"), group="tool"),
    Action("eraser", "Eraser", "Mask", ("E",), lambda c: c.set_tool("eraser"), "eraser", _project,
           _tool("eraser"), group="tool"),
    Action("hand", "Hand", "Mask", ("H",), lambda c: c.set_tool("pan"), "hand", _project,
           _tool("pan"), group="tool"),
    Action("smaller", "Smaller brush", "-Mask", ("[",), lambda c: c.grow_brush(1 / 1.15), "", _project),
    Action("larger", "Larger brush", "Mask", ("]",), lambda c: c.grow_brush(1.15), "", _project),
    *(_segment(number) for number in range(1, SEGMENT_KEYS + 1)),
    Action("approve", "Approve", "-Mask", ("A",), lambda c: c.approve(), "check", _document),
    Action("reopen", "Take approval back", "Mask", ("Shift+A",), lambda c: c.reopen(), "", _approved),

    Action("train", "Train now", "Model", ("T",), lambda c: c.train(), "graduation-cap", _idle),
    Action("stop", "Stop this round", "Model", ("Shift+T",), lambda c: c.stop_training(), "stop", _learning),
    Action("training", "Training details", "Model", ("Ctrl+T",), lambda c: c.window.toggle_training(), "chart-line",
           _project, lambda c: not c.window.training.folded),

    Action("shortcuts", "Keyboard shortcuts", "Help", ("?", "F1"), lambda c: c.show_shortcuts(), "keyboard"),
    Action("log", "Open the log folder", "Help", (), lambda c: c.open_log_folder()),
    Action("about", "About segstudio", "-Help", (), lambda c: c.show_about(), "info"),
)
# fmt: on

TOOL_ORDER = ("brush", "eraser", "hand", "", "undo", "redo", "", "zoom_in", "zoom_out", "fit", "", "hide_mask")
"""The tool column from top to bottom; "" is a gap."""


class Actions:
    """The table's rows as ``QAction``s, kept true by ``refresh``."""

    def __init__(self, window: QWidget, commands: Commands, theme: Theme) -> None:
        self._commands = commands
        self._theme = theme
        self.by_id: dict[str, QAction] = {}
        groups: dict[str, QActionGroup] = {}
        for row in ACTIONS:
            action = self._make(window, row)
            self.by_id[row.id] = action
            if row.group:
                groups.setdefault(row.group, QActionGroup(window)).addAction(action)
            window.addAction(action)
        theme.changed.connect(self.refresh_icons)
        self.refresh_icons()

    def fill(self, bar: QMenuBar) -> dict[str, QMenu]:
        """Make the menus; returns them by their path."""
        menus: dict[str, QMenu] = {}
        for row in ACTIONS:
            path = row.menu.lstrip("-")
            menu = _menu(bar, menus, path)
            if row.menu.startswith("-"):
                menu.addSeparator()
            menu.addAction(self.by_id[row.id])
        return menus

    def refresh(self) -> None:
        """Enable, check and word every action as things stand."""
        for row in ACTIONS:
            action = self.by_id[row.id]
            enabled = row.enabled(self._commands)
            if row.menu == "Mask/Segment":
                action.setVisible(enabled)
            action.setEnabled(enabled)
            if row.checked is not None:
                action.setChecked(row.checked(self._commands))
            if row.words is not None:
                action.setText(row.words(self._commands))
                action.setToolTip(tip(action.text(), row.keys))

    def refresh_icons(self) -> None:
        """Icons in the theme's colours."""
        for row in ACTIONS:
            if row.icon:
                self.by_id[row.id].setIcon(icon(row.icon, self._theme.tokens))

    def _make(self, window: QWidget, row: Action) -> QAction:
        action = QAction(row.text, window)
        action.setObjectName(row.id)
        action.setShortcuts([QKeySequence(key) for key in row.keys])
        action.setAutoRepeat(row.id in ("undo", "redo", "next", "previous", "smaller", "larger", "zoom_in", "zoom_out"))
        action.setCheckable(row.checked is not None)
        action.setToolTip(tip(row.text, row.keys))
        action.triggered.connect(lambda _=False, run=row.run: self._run(run))
        return action

    def _run(self, run: Run) -> None:
        run(self._commands)
        self.refresh()


def tip(text: str, keys: Iterable[str]) -> str:
    """What a tooltip says: the action and its first key."""
    first = next(iter(keys), "")
    name = text.rstrip("…")
    return f"{name} ({key_text(first)})" if first else name


def key_text(key: str) -> str:
    """A key as it is written on keyboards here."""
    return QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText)


def _menu(bar: QMenuBar, menus: dict[str, QMenu], path: str) -> QMenu:
    if path not in menus:
        parent, _, name = path.rpartition("/")
        menus[path] = (
            _menu(bar, menus, parent).addMenu(name) if parent else bar.addMenu(MENU_KEYS.get(name, f"&{name}"))
        )
        menus[path].setToolTipsVisible(False)
    return menus[path]
