import io
import subprocess
import sys
from pathlib import Path

from segstudio.protocol.round_folder import WEIGHTS, read_result
from segstudio.worker.command import run_round
from tests.engine.synthetic import make_round


def test_a_round_folder_is_run_again_with_its_progress_as_text(tmp_path: Path) -> None:
    make_round(tmp_path, held_out=2)
    out = io.StringIO()
    result = run_round(tmp_path, out)
    assert read_result(tmp_path) == result
    assert (tmp_path / WEIGHTS).is_file()
    lines = out.getvalue().splitlines()
    assert "thread" in lines[0]
    assert any("training" in line and "step 0/3" in line for line in lines)
    assert lines[-1].startswith("3 steps in ")
    assert "on 2 held-out images" in lines[-1]


def test_a_folder_without_a_round_ends_with_a_sentence_and_one(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "segstudio.worker", "--round", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "does not hold a round" in done.stderr
    assert "Traceback" not in done.stderr
