"""Every action of the window in one table; menus, tool column and the sheet of shortcuts are made from it."""

from __future__ import annotations

from segstudio.app.document import Document
from segstudio.app.mask_intake import RENEW_KEY
from segstudio.app.taking_back import undo_name
from segstudio.app.tools import make_tools
from segstudio.app.tools.clean_up import TITLES
from segstudio.app.tools.model_border import IN_KEY, OUT_KEY
from segstudio.app.tools.paste import FLIP_ACROSS_KEY, FLIP_DOWN_KEY
from segstudio.app.tools.settings import Operation
from segstudio.domain.annotation import ImageState
from segstudio.domain.queue import Order
from segstudio.ui.action import Action, Test, with_document, with_project
from segstudio.ui.audit_actions import AUDIT_ACTIONS
from segstudio.ui.commands import Commands
from segstudio.ui.evaluate.command import EVALUATE_ACTIONS, MODEL_FILE_ACTIONS
from segstudio.ui.import_actions import IMPORT_ACTIONS
from segstudio.ui.measure_actions import MEASURE_ACTIONS, REPORT_ACTION
from segstudio.ui.opinion_actions import OPINION_ACTIONS
from segstudio.ui.queue_words import ORDER_WORDS
from segstudio.ui.review_actions import REVIEW_ACTIONS, STATE_ACTIONS

SEGMENT_KEYS = 9


def _several_segments(c: Commands) -> bool:
    return c.studio.session is not None and with_document(c) and len(c.studio.session.table) > 1


def _approved(c: Commands) -> bool:
    session = c.studio.session
    if session is None or session.current_id is None or session.loading_id is not None:
        return False
    return session.record(session.current_id).state is ImageState.APPROVED


def _idle(c: Commands) -> bool:
    return c.studio.session is not None and not c.studio.session.rounds.busy


def _learning(c: Commands) -> bool:
    return c.studio.session is not None and c.studio.session.rounds.busy


def _undo(c: Commands) -> str:
    return undo_name(c.studio.session) if c.studio.session and with_document(c) else ""


def _redo(c: Commands) -> str:
    return c.studio.session.editor.redo_name if c.studio.session and with_document(c) else ""


def _tool(name: str) -> Test:
    return lambda c: c.studio.session is not None and c.studio.session.editor.tool_name == name


def _busy(c: Commands) -> bool:
    return c.studio.session is not None and c.studio.session.editor.busy


def _pending(c: Commands) -> bool:
    session = c.studio.session
    return session is not None and (session.editor.busy or session.editor.in_gesture or session.editor.proposing)


def _carried(c: Commands) -> bool:
    return c.studio.session is not None and c.studio.session.carrying.shown


def _clipboard_empty(c: Commands) -> bool:
    return c.studio.session is None or c.studio.session.clipboard.is_empty


def _shown(c: Commands) -> Document | None:
    session = c.studio.session
    return session.document if session is not None and with_document(c) else None


def _painted(c: Commands) -> bool:
    document, session = _shown(c), c.studio.session
    return document is not None and session is not None and session.record(document.image_id).touched


def _predicted(c: Commands) -> bool:
    document = _shown(c)
    return document is not None and document.prediction is not None


def _behind(c: Commands) -> bool:
    return with_document(c) and c.studio.session is not None and c.studio.session.intake.is_behind


def _renew(c: Commands) -> None:
    renew = c.studio.session.intake.offer() if c.studio.session is not None else None
    if renew is not None:
        renew()


def _unsure(c: Commands) -> bool:
    document = _shown(c)
    return document is not None and document.confidence is not None


def _sees(name: str, value: object = True) -> Test:
    return lambda c: getattr(c.seeing.sight, name) == value


def _look(name: str) -> Test:
    return lambda c: c.theme.appearance == name


def _segment(number: int) -> Action:
    return Action(
        f"segment_{number}", f"Paint segment {number}", "Mask/Segment", (str(number),),
        lambda c: c.choose_segment(number), enabled=lambda c: bool(c.segment_name(number)),
        words=lambda c: c.segment_name(number) or f"Segment {number}",
    )  # fmt: skip


# fmt: off
TOOLS: tuple[tuple[str, str, str, str], ...] = (
    ("brush", "Brush", "B", "paint-brush"),
    ("eraser", "Eraser", "E", "eraser"),
    ("snap", "Snap brush", "Shift+B", "snap"),
    ("restore", "Model brush", "Shift+E", "robot"),
    ("nudge", "Move border", "M", "nudge"),
    ("polygon", "Polygon", "P", "polygon"),
    ("lasso", "Lasso", "L", "lasso"),
    ("rectangle", "Rectangle", "R", "rectangle"),
    ("ellipse", "Ellipse", "O", "ellipse"),
    ("smart_edge", "Smart edge", "S", "magnet-straight"),
    ("wand", "Magic wand", "W", "magic-wand"),
    ("click", "Smart click", "Q", "click"),
    ("border_point", "Border point", "Shift+Q", "border-point"),
    ("grabcut", "Box and scribble", "G", "grabcut"),
    ("superpixels", "Superpixels", "X", "superpixels"),
    ("bucket", "Bucket", "K", "paint-bucket"),
    ("pan", "Hand", "H", "hand"),
)
"""The tools: name in the editor, title, key, icon."""


_CLEAN_UP_KEYS: dict[Operation, tuple[str, ...]] = {"fill_holes": ("Shift+K",), "keep_largest": ("Shift+L",)}
"""Of what is done to one frame after another."""


def _clean_up_row(operation: Operation, title: str) -> Action:
    return Action(
        operation, f"{title}…", "Mask/Clean up", _CLEAN_UP_KEYS.get(operation, ()), lambda c: c.clean_up(operation),
        enabled=with_document,
    )  # fmt: skip


def _tool_row(name: str, title: str, key: str, icon: str) -> Action:
    known = name in make_tools()
    return Action(
        name, title, "Mask/Tool", (key,), lambda c: c.set_tool(name), icon,
        lambda c: known and c.studio.session is not None, _tool(name), group="tool",
    )


ORDER_MENU = "Model/After approving"


def _order_row(order: Order, text: str) -> Action:
    return Action(
        f"order_{order}", text, ORDER_MENU, (), lambda c: c.set_order(order), "", with_project,
        lambda c: c.studio.session is not None and c.studio.session.queue.order == order, group="order",
    )


ACTIONS: tuple[Action, ...] = (
    Action("new", "New project…", "File", ("Ctrl+N",), lambda c: c.new_project(), "folder-plus"),
    Action("open", "Open project…", "File", ("Ctrl+O",), lambda c: c.open_project(), "folder-open"),
    Action("demo_lesion", "Lesion demo", "File/Demo", (), lambda c: c.studio.open_demo("lesion")),
    Action("demo_body", "Body demo", "File/Demo", (), lambda c: c.studio.open_demo("body")),
    Action("add", "Add images…", "-File", ("Ctrl+I",), lambda c: c.add_images(), "image", with_project),
    *IMPORT_ACTIONS,
    Action("export", "Export masks…", "File", ("Ctrl+E",), lambda c: c.export_masks(), "export", with_project),
    REPORT_ACTION,
    *MODEL_FILE_ACTIONS,
    Action("close", "Close project", "-File", ("Ctrl+W",), lambda c: c.close_project(), "", with_project),
    Action("quit", "Quit", "File", ("Ctrl+Q",), lambda c: c.quit(), "sign-out"),

    Action("undo", "Undo", "Edit", ("Ctrl+Z",), lambda c: c.undo(), "arrow-counter-clockwise",
           lambda c: bool(_undo(c)), words=lambda c: f"Undo {_undo(c).lower()}".strip()),
    Action("redo", "Redo", "Edit", ("Ctrl+Shift+Z", "Ctrl+Y"), lambda c: c.redo(), "arrow-clockwise",
           lambda c: bool(_redo(c)), words=lambda c: f"Redo {_redo(c).lower()}".strip()),
    Action("cut", "Cut segment", "-Edit", ("Ctrl+X",), lambda c: c.cut_segment(), "", with_document),
    Action("copy", "Copy segment", "Edit", ("Ctrl+C",), lambda c: c.copy_segment(), "", with_document),
    Action("copy_all", "Copy all segments", "Edit", ("Ctrl+Shift+C",), lambda c: c.copy_all_segments(), "",
           with_document),
    Action("paste", "Paste", "Edit", ("Ctrl+V",), lambda c: c.paste_segments(), "",
           lambda c: with_document(c) and not _clipboard_empty(c)),
    Action("erase_segment", "Erase segment", "Edit", ("Del",), lambda c: c.erase_segment(), "",
           lambda c: with_document(c) and not _pending(c), on_canvas=True),
    Action("flip_across", "Flip left-right", "-Edit", (FLIP_ACROSS_KEY,), lambda c: c.flip(across=True), "",
           with_document),
    Action("flip_down", "Flip top-bottom", "Edit", (FLIP_DOWN_KEY,), lambda c: c.flip(across=False), "", with_document),

    Action("next", "Next image", "View", ("N", "PgDown"), lambda c: c.step(1), "caret-right", with_project),
    Action("previous", "Previous image", "View", ("PgUp",), lambda c: c.step(-1), "caret-left", with_project),
    Action("next_unapproved", "Next unapproved image", "View", ("Shift+N",), lambda c: c.next_unapproved(),
           "skip-forward", with_project),
    Action("filter", "Filter images", "View", ("Ctrl+F",), lambda c: c.window.focus_filter(), "magnifying-glass",
           with_project),
    *STATE_ACTIONS,
    Action("zoom_in", "Zoom in", "View/Zoom", ("+", "=", "Ctrl++", "Ctrl+="), lambda c: c.canvas.zoom_step(1),
           "magnifying-glass-plus", with_document),
    Action("zoom_out", "Zoom out", "View/Zoom", ("-", "Ctrl+-"), lambda c: c.canvas.zoom_step(-1),
           "magnifying-glass-minus", with_document),
    Action("fit", "Fit to window", "View/Zoom", ("F", "0", "Ctrl+0"), lambda c: c.canvas.zoom_fit(), "frame-corners",
           with_document),
    Action("full_size", "100 %", "View/Zoom", ("Ctrl+1",), lambda c: c.canvas.zoom_to(1.0), "", with_document),
    Action("hide_mask", "Hide mask", "-View", ("Shift+V",), lambda c: c.toggle_mask(), "eye-slash", with_document,
           lambda c: not c.canvas.mask_shown),
    Action("both", "Fill and outline", "View/Mask drawn as", (), lambda c: c.seeing.set(style="both"),
           checked=_sees("style", "both"), group="style"),
    Action("fill", "Fill", "View/Mask drawn as", (), lambda c: c.seeing.set(style="fill"),
           checked=_sees("style", "fill"), group="style"),
    Action("outline", "Outline", "View/Mask drawn as", (), lambda c: c.seeing.set(style="outline"),
           checked=_sees("style", "outline"), group="style"),
    Action("hatched", "Hatch patterns", "-View/Mask drawn as", (), lambda c: c.seeing.toggle("hatched"),
           checked=_sees("hatched")),
    Action("doubt", "Where the model is unsure", "View", ("I",), lambda c: c.seeing.toggle("doubt"), "",
           with_document, _sees("doubt")),
    Action("compare", "Side by side", "View", ("Y",), lambda c: c.seeing.toggle("compare"), "columns",
           with_project, _sees("compare")),
    Action("local_contrast", "Local contrast", "View", ("C",), lambda c: c.toggle_local_contrast(), "",
           with_document, lambda c: c.seeing.tone(c.canvas.document).local_contrast),
    Action("loupe", "Loupe", "View/Aids", ("Z",), lambda c: c.seeing.toggle("loupe"), "", with_project, _sees("loupe")),
    Action("navigator", "Navigator", "View/Aids", (), lambda c: c.seeing.toggle("navigator"), "",
           with_project, _sees("navigator")),
    Action("grid", "Grid", "View/Aids", ("Ctrl+'",), lambda c: c.seeing.toggle("grid"), "grid-four",
           with_project, _sees("grid")),
    Action("rulers", "Rulers", "View/Aids", ("Ctrl+R",), lambda c: c.seeing.toggle("rulers"), "ruler",
           with_project, _sees("rulers")),
    *MEASURE_ACTIONS,
    Action("full_screen", "Full screen", "-View", ("F11",), lambda c: c.window.toggle_full_screen(), "",
           checked=lambda c: c.window.isFullScreen()),
    Action("look_system", "As the system", "View/Appearance", (), lambda c: c.set_appearance("system"),
           checked=_look("system"), group="look"),
    Action("look_light", "Light", "View/Appearance", (), lambda c: c.set_appearance("light"),
           checked=_look("light"), group="look"),
    Action("look_dark", "Dark", "View/Appearance", (), lambda c: c.set_appearance("dark"),
           checked=_look("dark"), group="look"),

    *(_tool_row(*row) for row in TOOLS),
    Action("commit", "Apply what is shown", "-Mask", ("Return", "Enter"), lambda c: c.commit(), "check-circle",
           _busy, on_canvas=True),
    Action("abandon", "Drop what is shown", "Mask", ("Esc",), lambda c: c.abandon(), "x-circle",
           _pending, on_canvas=True),
    Action("step_back", "Take the last point back", "Mask", ("Backspace",), lambda c: c.step_back(), "backspace",
           _busy, on_canvas=True),
    Action("smaller", "Smaller brush or cells", "-Mask", ("[",), lambda c: c.resize_tool(1 / 1.15), "", with_project),
    Action("larger", "Larger brush or cells", "Mask", ("]",), lambda c: c.resize_tool(1.15), "", with_project),
    Action("border_in", "Model's border further in", "-Mask", (IN_KEY,), lambda c: c.move_model_border(-1), "",
           _unsure),
    Action("border_out", "Model's border further out", "Mask", (OUT_KEY,), lambda c: c.move_model_border(1), "",
           _unsure),
    *(_clean_up_row(*row) for row in TITLES.items()),
    *(_segment(number) for number in range(1, SEGMENT_KEYS + 1)),
    Action("pointed_segment", "Paint the segment under the pointer", "-Mask/Segment", ("Shift+P",),
           lambda c: c.choose_pointed_at(), "", _several_segments),
    Action("carry", "Carry the earlier frame's mask over", "-Mask", ("J",), lambda c: c.carry(), "", with_document,
           words=lambda c: "Apply the carried mask" if _carried(c) else "Carry the earlier frame's mask over"),
    Action("carry_by_itself", "Propose it by itself on frames without a mask", "Mask", (),
           lambda c: c.toggle_carrying(), "", with_project,
           lambda c: c.studio.session is not None and c.studio.session.carrying.by_itself),
    *OPINION_ACTIONS,
    Action("renew", "Renew the model's part of the mask", "-Mask", (RENEW_KEY,), _renew, "", _behind),
    Action("reset_image", "Reset image to the model's mask", "Mask", (), lambda c: c.reset_image(), "", _painted,
           words=lambda c: "Reset image to the model's mask" if _predicted(c) else "Clear mask"),
    Action("reset_segment", "Reset segment to the model's mask", "Mask", (), lambda c: c.reset_segment(), "",
           lambda c: _painted(c) and _predicted(c)),
    Action("approve", "Approve", "-Mask", ("A",), lambda c: c.approve(), "check", with_document),
    Action("reopen", "Take approval back", "Mask", ("Shift+A",), lambda c: c.reopen(), "", _approved),

    Action("train", "Train now", "Model", ("T",), lambda c: c.train(), "graduation-cap", _idle),
    Action("stop", "Stop this round", "Model", ("Shift+T",), lambda c: c.stop_training(), "stop", _learning),
    Action("training", "Training details", "Model", ("Ctrl+T",), lambda c: c.window.toggle_training(), "chart-line",
           with_project, lambda c: not c.window.training.folded),
    Action("model_settings", "Model settings…", "-Model", (), lambda c: c.show_model_settings(), "", with_project),
    Action("rounds", "Rounds…", "Model", ("Ctrl+Shift+T",), lambda c: c.show_rounds(), "", with_project),
    *EVALUATE_ACTIONS,
    *(_order_row(*row) for row in ORDER_WORDS.items()),

    *REVIEW_ACTIONS,
    *AUDIT_ACTIONS,

    Action("shortcuts", "Keyboard shortcuts", "Help", ("?", "F1"), lambda c: c.show_shortcuts(), "keyboard"),
    Action("log", "Open the log folder", "Help", (), lambda c: c.open_log_folder()),
    Action("about", "About segstudio", "-Help", (), lambda c: c.show_about(), "info"),
)
# fmt: on

TOOL_COLUMN: tuple[tuple[str, ...], ...] = (
    ("brush", "eraser", "snap", "restore", "nudge"),
    ("polygon", "lasso", "rectangle", "ellipse", "smart_edge"),
    ("click", "border_point", "wand", "grabcut", "superpixels", "bucket"),
    ("pan",),
    ("undo", "redo"),
)
"""The tool column from top to bottom, in groups."""
