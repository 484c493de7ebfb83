"""Reference sets: their texts with names to be found by, and no set without a text."""

import json
from pathlib import Path
from typing import Any

import pytest

from warriorcoder.errors import RecipeError
from warriorcoder.pipelines.mining.novelty import nearest
from warriorcoder.pipelines.mining.references import References, read_references
from warriorcoder.pipelines.mining.text_sets import TextSet, open_set


def known(path: Path, rows: list[Any]) -> TextSet:
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return open_set(str(path), "a")


def test_sets_come_in_their_order_without_blank_rows(tmp_path: Path) -> None:
    one = known(tmp_path / "one.jsonl", [{"a": "x"}, {"a": None}, {"a": " \n"}, {"b": "no a"}, {"a": " y"}])
    other = known(tmp_path / "other.jsonl", [{"a": "z", "task_id": "T/1"}])
    found = read_references([one, other])
    revisions = {"one.jsonl": one.revision, "other.jsonl": other.revision}
    assert found == References(["one.jsonl:1", "one.jsonl:5", "other.jsonl:T/1"], ["x", " y", "z"], revisions)
    assert read_references([]) == References([], [], {})


def test_the_nearest_is_found_by_its_name() -> None:
    references = read_references([open_set("humaneval")])
    values, places = nearest(
        [references.texts[7], "def has_close_elements(numbers: List[float], threshold: float) -> bool"],
        references.texts,
    )
    assert [references.names[place] for place in places] == ["humaneval:HumanEval/7", "humaneval:HumanEval/0"]
    assert values[0] == 1
    assert references.revisions["humaneval"].startswith("sha256:")


def test_a_set_without_a_text(tmp_path: Path) -> None:
    blank = known(tmp_path / "blank.jsonl", [{"a": "", "b": "x"}, {"a": None}])
    with pytest.raises(RecipeError) as error:
        read_references([blank])
    assert str(error.value) == (
        "blank.jsonl: no row has text in the column 'a', so there is nothing to compare with. Columns with text: a, b."
    )


def test_two_sets_of_one_name(tmp_path: Path) -> None:
    sets = [known(tmp_path / folder / "same.jsonl", [{"a": folder}]) for folder in ("x", "y")]
    with pytest.raises(RecipeError, match=r"two reference sets are called same.jsonl: rename one"):
        read_references(sets)
