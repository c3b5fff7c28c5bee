from collections.abc import Sequence
from pathlib import Path

import pytest

from segstudio.formats.own_names import folded, own_stems, possible_names

ROOT = Path("/data/set")


@pytest.mark.parametrize(
    ("names", "stems"),
    [
        (["a.png", "b.png"], ["a", "b"]),
        (["a.png", "s/b.png"], ["a", "b"]),
        (["a.jpg", "a.png"], ["a.jpg", "a.png"]),
        (["s1/x.png", "s2/x.png"], ["s1_x", "s2_x"]),
        (["s1/x.png", "x.png"], ["s1_x", "set_x"]),
        (["s1/x.jpg", "s1/x.png", "s2/x.png"], ["s1_x.jpg", "s1_x.png", "s2_x"]),
        (["p/s1/x.png", "q/s1/x.png", "q/s2/x.png"], ["p_s1_x", "q_s1_x", "q_s2_x"]),
        (["s1/x.png", "s2/x.png", "s1_x.png"], [None, "s2_x", None]),
        (["a.png", "A.png"], [None, None]),
        (["S/x.png", "s/x.png"], [None, None]),
        (["a.png", "a.png"], [None, None]),
        (["a" * 200 + ".png"], [None]),
        ([], []),
    ],
)
def test_what_files_are_called_among_others(names: Sequence[str], stems: Sequence[str | None]) -> None:
    paths = [ROOT / name for name in names]
    assert own_stems(paths) == stems
    for path, stem in zip(paths, stems, strict=True):
        assert stem is None or folded(stem) in possible_names(path)
