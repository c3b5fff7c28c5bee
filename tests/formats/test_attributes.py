from pathlib import Path

import pytest

from segstudio.domain.errors import UserError
from segstudio.formats.attributes import grouping_names, key_of, read_attributes


def table(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "table.csv"
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_rows_by_image(tmp_path: Path, delimiter: str) -> None:
    text = "age,image_id,diagnosis\n30,ISIC_01,naevus\n40, Größe 2.JPG ,melanoma\n\n".replace(",", delimiter)
    found = read_attributes(table(tmp_path, text, "utf-8-sig"))
    assert found == {
        "isic_01": {"age": "30", "diagnosis": "naevus"},
        "grösse 2": {"age": "40", "diagnosis": "melanoma"},
    }


def test_images_are_found_by_any_of_their_names() -> None:
    names = ("IMD002", "imd002.bmp", "x/IMD002_lesion.bmp", "IMD002_mask.png")
    assert {key_of(Path(name)) for name in names} == {"imd002"}
    assert key_of(Path("v1.5 left")) == "v1.5 left"


def test_the_first_column_names_images_where_none_is_called_so(tmp_path: Path) -> None:
    assert read_attributes(table(tmp_path, "lesion no,site\na,arm\n")) == {"a": {"site": "arm"}}


def test_what_groups(tmp_path: Path) -> None:
    rows = "".join(f"i{k},{k},same,{'ab'[k % 2]}\n" for k in range(10))
    assert grouping_names(read_attributes(table(tmp_path, f"image,number,all,half\n{rows}"))) == ["half"]
    assert grouping_names({}) == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "a row of column names"),
        ("image\na\n", "a row of column names"),
        ("image,site\n", "a row of column names"),
        ("image,site\na,1\nA.png,2\n", "twice"),
        ("image,site\na," + "x" * 200_000, "no table"),
    ],
)
def test_what_is_no_table(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(UserError, match=says):
        read_attributes(table(tmp_path, text))


def test_what_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="can't be read"):
        read_attributes(tmp_path / "gone.csv")
    with pytest.raises(UserError, match="UTF-8"):
        read_attributes(table(tmp_path, "image,ä\na,b\n", "latin-1"))
