"""Reference sets: what is read, by which name it is found, and what is said where there is nothing."""

import gzip
import json
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from warriorcoder.errors import RecipeError
from warriorcoder.pipelines.mining.references import References, joined, read_references

ROWS = [
    {"instruction": "Sort a list.", "output": "sorted(x)", "score": 3},
    {"instruction": None, "output": "", "score": 1},
    {"instruction": "  \n", "output": "", "score": 1},
    {"instruction": "Reverse a string.", "output": "x[::-1]", "score": 2},
]
TEXTS = ["Sort a list.", "Reverse a string."]


def lines(path: Path, rows: list[Any]) -> str:
    content = "".join(json.dumps(row) + "\n" for row in rows).encode()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return str(path)


@pytest.mark.parametrize("name", ["known.jsonl", "known.jsonl.gz"])
def test_lines_are_named_from_one(tmp_path: Path, name: str) -> None:
    found = read_references(lines(tmp_path / name, ROWS), "instruction")
    assert found == References([f"{name}:1", f"{name}:4"], TEXTS)


def test_rows_of_parquet_are_named_from_zero(tmp_path: Path) -> None:
    pq.write_table(pa.Table.from_pylist(ROWS), tmp_path / "known.parquet", row_group_size=2)
    found = read_references(str(tmp_path / "known.parquet"), "instruction")
    assert found == References(["known.parquet:0", "known.parquet:3"], TEXTS)


def test_a_folder_in_hub_layout_is_a_dataset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "arena"
    (folder / "instructions").mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(ROWS), folder / "instructions" / "train.parquet")
    card = "---\nconfigs:\n- config_name: instructions\n  data_files: instructions/*.parquet\n---\n"
    (folder / "README.md").write_text(card)
    monkeypatch.chdir(tmp_path)
    found = read_references("./arena", "instruction", config="instructions")
    assert found == References(["./arena:0", "./arena:3"], TEXTS)
    assert not datasets.are_progress_bars_disabled()
    with pytest.raises(RecipeError, match=r"\./arena: the folder cannot be loaded.*'other' not found.*instructions"):
        read_references("./arena", "instruction", config="other")
    with pytest.raises(RecipeError, match=r"\./arena: .*\"test\".*'train'.*Check its README.md, config and split"):
        read_references("./arena", "instruction", config="instructions", split="test")
    with pytest.raises(RecipeError, match="Columns with text: instruction, output; others: score"):
        read_references("./arena", "prompt", config="instructions")


def test_humaneval_goes_by_its_task_ids() -> None:
    found = read_references("humaneval")
    assert len(found.names) == len(found.texts) == 164
    assert found.names[12] == "humaneval:HumanEval/12"
    assert "def longest(strings: List[str])" in found.texts[12]
    solutions = read_references("humaneval", "canonical_solution")
    assert solutions.names == found.names
    assert solutions.texts != found.texts


def test_the_only_column_with_text_need_not_be_named(tmp_path: Path) -> None:
    path = lines(tmp_path / "known.jsonl", [{"text": "one", "n": 1}, {"text": "two", "n": 2}])
    assert read_references(path).texts == ["one", "two"]
    path = lines(tmp_path / "known.jsonl", ROWS)
    with pytest.raises(RecipeError, match="which column has the texts is not said"):
        read_references(path)


def test_sets_are_joined_in_their_order() -> None:
    one, other = References(["a:1"], ["x"]), References(["b:1", "b:2"], ["y", "z"])
    assert joined([one, other]) == References(["a:1", "b:1", "b:2"], ["x", "y", "z"])
    assert joined([]) == References([], [])


@pytest.mark.parametrize(
    ("rows", "column", "said"),
    [
        (ROWS, "prompt", "no column 'prompt'. Columns with text: instruction, output; others: score. Give one of them"),
        (ROWS, "score", "known.jsonl:1 has no text in the column 'score' but int. Columns with text: instruction, out"),
        ([{"n": 1}], None, "which column has the texts is not said. Columns with text: none; others: n."),
        ([{"a": ""}, {"a": None}], "a", "no row has text in the column 'a', so there is nothing to compare with."),
        ([], "a", "has no row. Give a file with one JSON object a line"),
        ([{"a": "b"}, ["c"]], "a", "line 2 is list; an object a line is wanted"),
    ],
)
def test_a_set_without_texts_says_what_it_has(tmp_path: Path, rows: list[Any], column: str | None, said: str) -> None:
    path = lines(tmp_path / "known.jsonl", rows)
    with pytest.raises(RecipeError) as error:
        read_references(path, column)
    assert str(error.value).startswith(path)
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("known.jsonl", b'{"a": "b"}\n{"a": \n', "line 2 is no JSON"),
        ("known.jsonl", b'{"a": "b"}\n{"a": "\xff"}\n', "cannot be read: 'utf-8' codec"),
        ("known.jsonl.gz", b'{"a": "b"}\n', "cannot be read: Not a gzipped file"),
        ("known.jsonl.gz", gzip.compress(b'{"a": "b"}\n' * 99)[:-9], "cannot be read: Compressed file ended"),
        ("known.parquet", b"PAR1", "cannot be read as parquet"),
        ("known.csv", b"a\nb\n", "no reference set is read from such a file. Allowed: humaneval, a .jsonl"),
    ],
)
def test_a_damaged_file(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(RecipeError) as error:
        read_references(str(tmp_path / name), "a")
    assert said in str(error.value)


@pytest.mark.parametrize("origin", ["gone.jsonl", "gone.jsonl.gz", "refs/gone.parquet", "/gone", "a b", "x/y/z"])
def test_a_file_that_is_not_there(origin: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RecipeError, match="no such file or folder"):
        read_references(origin, "a")


@pytest.mark.parametrize("origin", ["someone/known-instructions", "known-instructions", "refs/gone"])
def test_a_dataset_that_the_hub_cannot_give(origin: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests are offline, so this is what a user without a network sees."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RecipeError, match=f"{origin}: no file or folder of this name.*HF_HUB_OFFLINE") as error:
        read_references(origin, "instruction")
    assert "\n" not in str(error.value)


def test_humaneval_without_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(RecipeError, match=r"pip install 'warriorcoder\[eval\]'"):
        read_references("humaneval")
