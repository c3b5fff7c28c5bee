"""Models that have learned nothing, of the real network and in real files."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

_WRITE = """
import sys, torch
from pathlib import Path
from segstudio.engine.checkpoint import WeightsHeader, save_checkpoint
from segstudio.engine.models import build_network
folder = Path(sys.argv[1])
for name, seed, classes in (("one", 1, ("lesion",)), ("other", 2, ("lesion",)), ("two", 3, ("lesion", "hair"))):
    torch.manual_seed(seed)
    made = build_network("unet", len(classes))
    save_checkpoint(folder / f"{name}.safetensors", WeightsHeader("unet", classes, 64), made.state_dict())
"""


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """``one`` and ``other`` know the class lesion, ``two`` lesion and hair; written by a process that loads torch."""
    folder = tmp_path_factory.mktemp("models")
    subprocess.run([sys.executable, "-c", _WRITE, str(folder)], check=True, timeout=120)
    return {path.stem: path for path in folder.iterdir()}
