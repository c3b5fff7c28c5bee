import numpy as np
import pytest

from segstudio.domain.outlines import outlines, runs


def test_each_piece_and_each_hole_has_a_line_through_its_border_pixels():
    mask = np.zeros((20, 30), np.uint16)
    mask[2:12, 3:13] = 1
    mask[5:8, 6:9] = 0
    mask[14:16, 20:25] = 2
    lines = outlines(mask)
    assert len(lines) == 3
    outer = max(lines, key=len)
    assert outer.min() == 2.5
    assert tuple(outer.max(axis=0)) == (12.5, 11.5)
    assert outlines(np.zeros((4, 4), np.uint16)) == ()


@pytest.mark.parametrize(
    ("keep", "pieces"),
    [
        ("111111", ["abcdefa"]),
        ("000000", []),
        ("011100", ["bcd"]),
        ("110011", ["efab"]),
        ("101010", ["a", "c", "e"]),
        ("000001", ["f"]),
    ],
)
def test_a_closed_line_falls_into_runs(keep: str, pieces: list[str]) -> None:
    line = np.array([[ord(letter), 0] for letter in "abcdef"], np.float64)
    found = runs(line, np.array([letter == "1" for letter in keep]))
    assert sorted("".join(chr(int(x)) for x in piece[:, 0]) for piece in found) == pieces
