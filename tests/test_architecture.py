"""The house rules that can be checked: sizes, imports at run time, and the import contracts."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "segstudio"

MAX_MODULE, MAX_CLASS, MAX_FUNCTION = 400, 350, 60

# Each exception with its reason.
EXCEPTIONS: dict[str, str] = {}

MODULES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_sizes(path: Path) -> None:
    name = str(path.relative_to(PACKAGE))
    text = path.read_text(encoding="utf-8")
    too_large = []
    if len(text.splitlines()) > MAX_MODULE:
        too_large.append(f"{name}: {len(text.splitlines())} lines")
    for node in ast.walk(ast.parse(text)):
        limit = MAX_CLASS if isinstance(node, ast.ClassDef) else MAX_FUNCTION
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or 0) - node.lineno + 1
            if lines > limit:
                too_large.append(f"{name}:{node.name}: {lines} lines")
    assert [entry for entry in too_large if entry not in EXCEPTIONS] == []


def test_no_disk_that_does_not_answer_is_an_error_where_it_is_only_asked_what_is_there() -> None:
    """``Path.exists`` and its like raise where a folder may not be entered or a server is gone; ``os.path`` says no."""
    asked = ("exists", "is_file", "is_dir")
    raising = [
        f"{path.relative_to(PACKAGE)}:{node.lineno}"
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in asked
        and not node.args and not (isinstance(node.func.value, ast.Name) and node.func.value.id == "entry")
    ]  # fmt: skip
    assert raising == []


def loaded_by(statement: str) -> set[str]:
    code = f"import sys; {statement}; print(' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        (
            "import segstudio.ui.application, segstudio.ui.main_window",
            {"torch", "monai", "SimpleITK", "pydicom", "skimage"},
        ),
        ("import segstudio.worker.main, segstudio.engine.rounds", {"PySide6", "sqlite3", "segstudio.app"}),
        (
            "import segstudio.app.batch, segstudio.app.simulate, segstudio.app.reports, segstudio.app.doctor",
            {"PySide6", "torch"},
        ),
    ],
)
def test_what_a_process_never_loads(statement: str, absent: set[str]) -> None:
    assert not loaded_by(statement) & absent


def test_import_contracts() -> None:
    done = subprocess.run(
        [Path(sys.executable).parent / "lint-imports"], cwd=PACKAGE.parent, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout


def test_opencv_leaves_qt_alone() -> None:
    check = "print([k for k in os.environ if k.startswith('QT_QPA_PL')])"
    code = f"import os; from segstudio.imaging.cv import cv2; {check}"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60, env={"PATH": "/usr/bin"}
    )
    assert done.stdout.strip() == "[]"
