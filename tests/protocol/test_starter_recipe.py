import json
from dataclasses import replace
from pathlib import Path

import pytest

from segstudio.protocol.codec import ProtocolError
from segstudio.protocol.starter_recipe import RECIPE, Recipe, RecipeSample, read_recipe, write_recipe

SAMPLE = RecipeSample("ph2/IMD004", "/data/IMD004.webp", "masks/0000.png", "ph2/IMD004", "photo", 1, True)
PLAN = Recipe("lesion", "lesion", (SAMPLE, replace(SAMPLE, mask=None)), {"photo": 1.0}, 3, 800, 4, 256, 0, 80)


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    write_recipe(tmp_path, PLAN)
    assert read_recipe(tmp_path) == PLAN
    assert [file.name for file in tmp_path.iterdir()] == [RECIPE]


@pytest.mark.parametrize("spoil", [{"version": 2}, {"samples": 3}, {"samples": [{"name": "x"}]}, {"more": 1}])
def test_anything_else_is_refused(tmp_path: Path, spoil: dict[str, object]) -> None:
    write_recipe(tmp_path, PLAN)
    body = json.loads((tmp_path / RECIPE).read_text())
    (tmp_path / RECIPE).write_text(json.dumps(body | spoil))
    with pytest.raises(ProtocolError, match="no recipe"):
        read_recipe(tmp_path)


def test_no_file_is_no_recipe(tmp_path: Path) -> None:
    with pytest.raises(ProtocolError, match="no recipe"):
        read_recipe(tmp_path)
