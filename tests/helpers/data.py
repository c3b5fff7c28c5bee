"""Where the real development data is, if it is on this machine."""

import os
from pathlib import Path

import pytest


def data_folder(name: str) -> Path:
    """The folder ``name`` of the development data; skips the test, saying so, where it is absent."""
    root = Path(os.environ.get("SEGSTUDIO_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
    folder = root / name
    if not folder.exists():
        pytest.skip(f"development data {name!r} is not on this machine (set SEGSTUDIO_DATA)")
    return folder
