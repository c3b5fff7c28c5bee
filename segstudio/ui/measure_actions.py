"""The actions about measures, as rows of the table."""

from __future__ import annotations

from segstudio.ui.action import Action, with_document, with_project

REPORT_ACTION = Action(
    "report", "Report…", "File", ("Ctrl+P",), lambda c: c.measures.show_report(), "file-text", with_project
)

# fmt: off
MEASURE_ACTIONS: tuple[Action, ...] = (
    Action("measures", "Measures", "-View", ("Ctrl+M",), lambda c: c.measures.toggle_dock(), "ruler", with_project,
           lambda c: not c.window.measures.folded),
    Action("measure_lines", "Draw measures on the image", "View", ("Shift+M",), lambda c: c.seeing.toggle("measures"),
           "", with_project, lambda c: c.seeing.sight.measures),
    Action("visits", "Two visits…", "View", (), lambda c: c.measures.show_visits(), "", with_project),
    Action("scale", "Set scale…", "View", (), lambda c: c.measures.set_scale(), "", with_project),
    Action("draw_ruler", "Draw a ruler on the image", "View", (), lambda c: c.measures.draw_ruler(), "", with_document),
)
# fmt: on
