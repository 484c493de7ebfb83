"""Sets of texts: what is read, under which names and digests, and what is said where there is nothing."""

import gzip
import hashlib
import json
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from warriorcoder.errors import RecipeError
from warriorcoder.pipelines.mining.text_sets import Text, open_set

ROWS = [
    {"instruction": "Sort a list.", "output": "sorted(x)", "score": 3},
    {"instruction": None, "output": "", "score": 1},
    {"instruction": 'Reverse a\nstring, "now".', "output": "x[::-1]", "score": 2},
]


def write(path: Path, rows: list[Any]) -> str:
    """The rows in the form that the file's ending says."""
    lines = "".join(json.dumps(row) + "\n" for row in rows).encode()
    match "".join(path.suffixes):
        case ".jsonl":
            path.write_bytes(lines)
        case ".jsonl.gz":
            path.write_bytes(gzip.compress(lines))
        case ".json":
            path.write_text(json.dumps(rows))
        case ".parquet":
            pq.write_table(pa.Table.from_pylist(rows), path, row_group_size=2)
        case ".csv":
            pa_table = pa.Table.from_pylist(rows)
            pa.csv.write_csv(pa_table, path)
    return str(path)


@pytest.mark.parametrize(
    ("name", "first"), [("a.jsonl", 1), ("a.jsonl.gz", 1), ("a.json", 0), ("a.parquet", 0), ("a.csv", 1)]
)
def test_every_form_has_the_same_texts_and_the_file_s_digest(tmp_path: Path, name: str, first: int) -> None:
    path = write(tmp_path / name, ROWS)
    texts = open_set(path, "instruction")
    assert (texts.name, texts.column) == (name, "instruction")
    assert texts.revision == f"sha256:{hashlib.sha256(Path(path).read_bytes()).hexdigest()}"
    expected = [Text(f"{name}:{first + at}", first + at, row["instruction"] or "") for at, row in enumerate(ROWS)]
    assert list(texts) == list(texts) == expected
    assert list(open_set(path, "instruction", limit=2)) == expected[:2]


def test_lines_are_counted_as_an_editor_counts_them(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('\n{"a": "x"}\n\n\n{"a": "y"}\n')
    assert [row.name for row in open_set(str(tmp_path / "a.jsonl"), "a")] == ["a.jsonl:2", "a.jsonl:5"]


@pytest.mark.parametrize("name", ["a.jsonl", "a.json", "a.parquet", "a.csv"])
def test_a_benchmark_s_rows_go_by_their_tasks(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / name, [{"task_id": "Mbpp/2", "prompt": "x"}, {"task_id": "Mbpp/3", "prompt": "y"}])
    assert [row.name for row in open_set(path, "prompt")] == [f"{name}:Mbpp/2", f"{name}:Mbpp/3"]


def test_humaneval_is_in_its_package() -> None:
    prompts = list(open_set("humaneval"))
    assert len(prompts) == 164
    assert (prompts[12].name, prompts[12].row) == ("humaneval:HumanEval/12", 13)
    assert "def longest(strings: List[str])" in prompts[12].text
    solutions = list(open_set("humaneval", "canonical_solution"))
    assert [row.name for row in solutions] == [row.name for row in prompts]
    assert solutions[12].text != prompts[12].text


def test_a_folder_in_hub_layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "arena"
    (folder / "instructions").mkdir(parents=True)
    write(folder / "instructions" / "train.parquet", ROWS)
    card = "---\nconfigs:\n- config_name: instructions\n  data_files: instructions/*.parquet\n---\n"
    (folder / "README.md").write_text(card)
    monkeypatch.chdir(tmp_path)
    texts = open_set("./arena", "instruction", config="instructions")
    assert texts.name == "arena:instructions"
    assert [row.name for row in texts] == [f"arena:instructions:{at}" for at in range(3)]
    assert not datasets.are_progress_bars_disabled()
    moved = folder.rename(tmp_path / "moved")
    again = open_set(str(moved), "instruction", config="instructions")
    assert again.revision == texts.revision
    write(moved / "instructions" / "train.parquet", ROWS[:1])
    assert open_set("moved", "instruction", config="instructions").revision != texts.revision
    with pytest.raises(RecipeError, match=r"moved: the folder cannot be loaded.*'other' not found.*instructions"):
        open_set("moved", "instruction", config="other")
    with pytest.raises(RecipeError, match=r"moved: .*\"test\".*'train'.*Check its README.md, config and split"):
        open_set("moved", "instruction", config="instructions", split="test")
    with pytest.raises(RecipeError, match="Columns with text: instruction, output; others: score"):
        open_set("moved", "prompt", config="instructions")


def test_the_only_column_with_text_need_not_be_named(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", [{"n": 1}, {"text": "two", "n": 2}])
    assert [row.text for row in open_set(path)] == ["", "two"]
    with pytest.raises(RecipeError, match="which column has the texts is not said"):
        open_set(write(tmp_path / "b.jsonl", ROWS))


@pytest.mark.parametrize(
    ("name", "rows", "column", "said"),
    [
        ("a.jsonl", ROWS, "prompt", "no column 'prompt'. Columns with text: instruction, output; others: score. Give"),
        ("a.parquet", ROWS, "prompt", "no column 'prompt'. Columns with text: instruction, output; others: score."),
        ("a.csv", ROWS, "prompt", "no column 'prompt'. Columns with text: instruction, output, score. Give one"),
        ("a.jsonl", [{"n": 1}], None, "which column has the texts is not said. Columns with text: none; others: n."),
        ("a.jsonl", [], "a", "has no row. Give a file with one JSON object a line"),
        ("a.json", [], "a", "has no row. Give a list of JSON objects"),
        ("a.csv", [], "a", "has no row. Give a .csv file whose first line names the columns"),
        ("a.jsonl", [{"a": "b"}, ["c"]], "a", "row 2 is list. Give a file with one JSON object a line"),
        ("a.json", ["c"], "a", "row 0 is str. Give a list of JSON objects"),
    ],
)
def test_a_set_without_the_column(tmp_path: Path, name: str, rows: list[Any], column: str | None, said: str) -> None:
    path = str(tmp_path / name)
    if rows or name != "a.csv":
        write(Path(path), rows)
    else:
        Path(path).write_text("a,b\n")
    with pytest.raises(RecipeError) as error:
        open_set(path, column)
    assert str(error.value).startswith(path)
    assert said in str(error.value)


@pytest.mark.parametrize("name", ["a.jsonl", "a.parquet"])
def test_a_column_of_numbers(tmp_path: Path, name: str) -> None:
    texts = open_set(write(tmp_path / name, ROWS), "score")
    with pytest.raises(RecipeError, match=r"row \d has no text in the column 'score' but int. Columns with text: inst"):
        list(texts)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.jsonl", b'{"a": "b"}\n{"a": \n', "line 2 is no JSON"),
        ("a.jsonl", b'{"a": "b"}\n{"a": "\xff"}\n', "cannot be read: 'utf-8' codec"),
        ("a.jsonl.gz", b'{"a": "b"}\n', "cannot be read: Not a gzipped file"),
        ("a.jsonl.gz", gzip.compress(b'{"a": "b"}\n' * 99, mtime=0)[:-9], "cannot be read: Compressed file ended"),
        ("a.parquet", b"PAR1", "cannot be read as parquet"),
        ("a.json", b"[1, 2", "no JSON: Expecting"),
        ("a.json", b'{"a": "b"}', "holds dict. Give a list of JSON objects, or a .jsonl file"),
        ("a.csv", b"a,b\n1,2,3\n", "row 1 has more fields than there are columns"),
        ("a.csv", b'a,b\n"1,2\n', "cannot be read: unexpected end of data"),
        ("a.txt", b"a\nb\n", "no texts are read from such a file. Allowed: humaneval, a .jsonl"),
    ],
)
def test_a_damaged_file(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(RecipeError) as error:
        list(open_set(str(tmp_path / name), "a"))
    assert said in str(error.value)


def test_a_parquet_file_that_breaks_off_inside(tmp_path: Path) -> None:
    path = Path(write(tmp_path / "a.parquet", ROWS * 200))
    content = bytearray(path.read_bytes())
    content[4:400] = b"\x00" * 396
    path.write_bytes(content)
    texts = open_set(str(path), "instruction")
    with pytest.raises(RecipeError, match="cannot be read as parquet"):
        list(texts)


def test_a_long_text_in_a_csv_file(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", [{"a": "x " * 200_000}])
    assert [len(row.text) for row in open_set(path, "a")] == [400_000]


@pytest.mark.parametrize(
    "origin", ["gone.jsonl", "gone.json", "refs/gone.parquet", "gone.txt", "/gone", "a b", "x/y/z"]
)
def test_a_file_that_is_not_there(origin: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RecipeError, match="no such file or folder"):
        open_set(origin, "a")


def test_what_a_recipe_says_is_a_path_or_on_the_hub_is_not_guessed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RecipeError, match="owner/set: no such file or folder"):
        open_set("owner/set", "a", kind="path")
    with pytest.raises(RecipeError, match=r"gone/a\.jsonl: no file or folder of this name is here, the Hub cannot be"):
        open_set("gone/a.jsonl", "a", kind="hub")
    with pytest.raises(RecipeError, match="no id of a Hub dataset"):
        open_set("/gone", "a", kind="hub")


@pytest.mark.parametrize("origin", ["someone/known-instructions", "known-instructions", "refs/gone"])
def test_a_dataset_that_the_hub_cannot_give(origin: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests are offline, so this is what a user without a network sees."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RecipeError, match=f"{origin}: no file or folder of this name.*HF_HUB_OFFLINE") as error:
        open_set(origin, "instruction")
    assert "\n" not in str(error.value)


def test_humaneval_without_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(RecipeError, match=r"pip install 'warriorcoder\[eval\]'"):
        open_set("humaneval")
