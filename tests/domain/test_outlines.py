import numpy as np

from segstudio.domain.outlines import outlines


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
