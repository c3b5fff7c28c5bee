import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from segstudio.imaging.display import percentile_window, to_8bit


def test_the_window_leaves_outliers_out() -> None:
    values = np.full(10_000, 500, np.uint16)
    values[:5000] = 400
    values[0], values[-1] = 0, 65535
    assert percentile_window(values) == (400, 500)


@pytest.mark.parametrize(
    ("values", "window"),
    [
        (np.zeros(0, np.float32), (0.0, 1.0)),
        (np.array([np.nan, np.inf], np.float32), (0.0, 1.0)),
        (np.full(9, 7, np.uint16), (7.0, 8.0)),
        (np.array([3] * 9999 + [9], np.uint16), (3.0, 9.0)),
    ],
)
def test_a_window_is_never_empty(values: np.ndarray, window: tuple[float, float]) -> None:
    assert percentile_window(values) == window


@given(hnp.arrays(np.uint16, hnp.array_shapes(min_dims=2, max_dims=2, max_side=9)), st.integers(0, 60000))
def test_the_table_and_the_arithmetic_agree(values: np.ndarray, black: int) -> None:
    window = (black, black + 1234.5)
    np.testing.assert_array_equal(to_8bit(values, window), to_8bit(values.astype(np.float32), window))


def test_ends_and_middle() -> None:
    values = np.array([-1, 0, 60, 100, 200, np.nan], np.float32)
    assert to_8bit(values, (0, 100)).tolist() == [0, 0, 153, 255, 255, 0]
