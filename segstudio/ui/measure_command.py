"""`segstudio measure`: a project's measures in files, with Qt where a PDF is asked for and without a screen."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

from segstudio.app.report import ReportHead, ReportWriter
from segstudio.app.report_files import CsvWriter, JsonWriter
from segstudio.app.reporting import report_project
from segstudio.formats.writing import check_reports
from segstudio.store.project_db import Project


def measure_project(
    project: Path, csv: Path | None, json: Path | None, pdf: Path | None, identifiers: bool, say: Callable[[str], None]
) -> str:
    """Measure all images and write what is asked for; returns what to tell the user. Raises ``UserError``."""
    check_reports((csv, ".csv"), (json, ".json"), (pdf, ".pdf"))
    family = start_qt() if pdf is not None else ""

    def make(head: ReportHead) -> list[ReportWriter]:
        made: list[ReportWriter] = []
        if csv is not None:
            made.append(CsvWriter(csv, head))
        if json is not None:
            made.append(JsonWriter(json, head))
        if pdf is not None:
            from segstudio.ui.report_pdf import PdfWriter

            made.append(PdfWriter(pdf, head, family))
        return made

    def tell(done: int, total: int) -> None:
        if done % 25 == 0 or done == total:
            say(f"{done} of {total} images measured")

    with Project.open(project) as opened:
        count, problems = report_project(opened, identifiers, make, tell)
    words = ", ".join(str(path) for path in (csv, json, pdf) if path is not None)
    trouble = f" {problems} could not be measured, which the report says." if problems else ""
    return f"{count} images measured: {words}.{trouble}"


def start_qt() -> str:
    """Have what fonts need, also where there is no screen; returns the font's family."""
    from PySide6.QtGui import QGuiApplication

    from segstudio.ui.theme import ui_font

    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    global _app
    _app = QGuiApplication.instance() or QGuiApplication(["segstudio"])
    return ui_font().family()


_app: object = None
"""Kept alive as long as pages are painted."""
