"""``PH2_dataset.txt``: what dermatologists said of PH2's images, in columns between ``||``."""

from __future__ import annotations

from pathlib import Path

from segstudio.formats.tables import read_text

TABLE = "PH2_dataset.txt"

_ABSENT_OR = {"A": "absent", "AT": "atypical", "P": "present", "T": "typical"}
_WORDS = {
    "Clinical Diagnosis": {"0": "common nevus", "1": "atypical nevus", "2": "melanoma"},
    "Asymmetry": {"0": "symmetric", "1": "symmetric about one axis", "2": "asymmetric"},
    "Pigment Network": _ABSENT_OR,
    "Dots/Globules": _ABSENT_OR,
    "Streaks": _ABSENT_OR,
    "Regression Areas": _ABSENT_OR,
    "Blue-Whitish Veil": _ABSENT_OR,
}
_COLOURS = {"1": "white", "2": "red", "3": "light brown", "4": "dark brown", "5": "blue-grey", "6": "black"}
_NAME = "Name"


def read_table(path: Path) -> dict[str, dict[str, str]]:
    """By case ("IMD002") what is known of it, in words: {"Clinical diagnosis": "common nevus", ...}.

    Columns go by their headings, so their order does not matter; codes that the legend lacks stay as they are. Raises
    ``UserError`` for a file that can't be read.
    """
    header: list[str] = []
    found: dict[str, dict[str, str]] = {}
    for line in read_text(path).splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("||")]
        if _NAME in cells:
            header = cells
        elif header and len(cells) == len(header):
            row = dict(zip(header, cells, strict=True))
            case = row.pop(_NAME).upper()
            found[case] = {
                heading.capitalize(): _in_words(heading, value) for heading, value in row.items() if heading and value
            }
    return found


def _in_words(heading: str, value: str) -> str:
    if heading == "Colors":
        return ", ".join(_COLOURS.get(number, number) for number in value.split())
    word = _WORDS.get(heading, {}).get(value)
    return value.lower() if word is None else word
