import pytest

from segstudio.domain.input_shape import STRIDE, input_shape, reduced_side


@pytest.mark.parametrize(
    ("size", "longer", "expected"),
    [((768, 576), 256, (192, 256)), ((10, 4000), 256, (256, 64)), ((96, 64), 64, (64, 64))],
)
def test_sides_are_multiples_of_the_stride(size, longer, expected) -> None:
    assert input_shape(*size, longer) == expected
    assert reduced_side(size[0], 0.5) % STRIDE == 0
