import pytest

from segstudio.domain.listing import listed, names_in


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("lesion, hair", ["lesion", "hair"]),
        (" lesion ,, hair ,", ["lesion", "hair"]),
        ("a, b, a", ["a", "b"]),
        ("hair\nskin, bare", ["hair\nskin", "bare"]),
        ("x" * 200_000, ["x" * 200_000]),
        ('"door, double door", wall', ["door, double door", "wall"]),
        ('wall 5", door', ['wall 5"', "door"]),
        ("", []),
    ],
)
def test_names_stand_between_commas(line: str, names: list[str]) -> None:
    assert names_in(line) == tuple(names)


def test_what_is_listed_is_found_again() -> None:
    names = ("door, double door", 'wall 5"', '"so, called"', "sky")
    assert names_in(listed(names)) == names
