"""A round can be repeated bit for bit, also by a process that was started anew."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from segstudio.engine.data import ImageCache
from segstudio.engine.device import CPU
from segstudio.engine.progress import RoundEvents
from segstudio.engine.rounds import run_round
from segstudio.protocol.round_folder import WEIGHTS, read_result
from segstudio.protocol.weights import digest_of
from tests.engine.synthetic import TINY, make_round

_RUN = """
import sys
from pathlib import Path
from segstudio.engine.data import ImageCache
from segstudio.engine.device import CPU, use_threads
from segstudio.engine.progress import RoundEvents
from segstudio.engine.rounds import run_round
use_threads(1)
run_round(Path(sys.argv[1]), CPU, ImageCache(), RoundEvents())
"""


def _run(folder: Path, hash_seed: int) -> tuple[float, dict[int, float], str]:
    """Run the round in a process of its own: its loss, its scores, the digest of its weights."""
    subprocess.run(
        [sys.executable, "-c", _RUN, str(folder)],
        check=True,
        env={**os.environ, "PYTHONHASHSEED": str(hash_seed)},
        timeout=120,
    )
    result = read_result(folder)
    return result.loss, result.per_image, digest_of((folder / WEIGHTS).read_bytes())


def test_a_round_repeated_after_a_restart_gives_the_same_loss_scores_and_file(tmp_path: Path) -> None:
    make_round(tmp_path / "1", train=4, held_out=2, settings=replace(TINY, max_steps=3))
    first = _run(tmp_path / "1", 1)
    assert _run(tmp_path / "1", 2) == first
    body = json.loads((tmp_path / "1" / "request.json").read_text())
    body["settings"]["seed"] += 1
    (tmp_path / "1" / "request.json").write_text(json.dumps(body))
    # Another seed needs no process of its own, whose imports take longer than the round.
    run_round(tmp_path / "1", CPU, ImageCache(), RoundEvents())
    assert read_result(tmp_path / "1").loss != first[0]
