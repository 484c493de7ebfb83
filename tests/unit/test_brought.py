"""Brought instructions: each with its row, nothing lost, from files and from a Hub on this machine."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from unit.dataset_hub import commit_of, serving

from warriorcoder.arena_folder import ArenaFolder
from warriorcoder.errors import RecipeError
from warriorcoder.ids import instruction_id
from warriorcoder.pipelines.mining.brought import BroughtInstruction, read_brought
from warriorcoder.pipelines.mining.text_sets import open_set


def lines(rows: list[Any]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def parquet(rows: list[Any]) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), buffer)
    return buffer.getvalue()


def test_every_row_is_an_instruction_or_rejected(tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_bytes(lines([{"q": " Sort it. \n"}, {"q": None}, {"q": "Sort it."}, {"q": "\t"}, {"q": "Cut it."}]))
    texts = open_set(str(path), "q")
    brought = read_brought(texts)
    assert brought.instructions == [
        BroughtInstruction(instruction_id(text), text, "mine.jsonl", texts.revision, row)
        for text, row in (("Sort it.", 1), ("Cut it.", 5))
    ]
    said = [(row["reason"], row["detail"], row["origin"], row["draw"]) for row in brought.rejected]
    assert said == [
        ("empty", "row 2 has no text in the column q", "mine.jsonl", 2),
        ("exact_duplicate", "of row 1", "mine.jsonl", 3),
        ("empty", "row 4 has no text in the column q", "mine.jsonl", 4),
    ]
    assert brought.read == 5
    ArenaFolder(tmp_path / "arena").write_stage("mine", {"rejected": brought.rejected})


def test_only_so_many_rows_are_read(tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_bytes(lines([{"q": str(number)} for number in range(150)]) + b"not read")
    brought = read_brought(open_set(str(path), "q", limit=150))
    assert (len(brought.instructions), brought.read) == (150, 150)


@pytest.mark.parametrize("rows", [[{"q": None, "n": 1}], [{"q": " ", "n": 1}, {"q": "", "n": 2}]])
def test_a_set_without_instructions(tmp_path: Path, rows: list[Any]) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_bytes(lines(rows))
    with pytest.raises(RecipeError, match=rf"mine.jsonl: none of {len(rows)} rows has text in the column 'q'"):
        read_brought(open_set(str(path), "q"))


CARD = b"""---
configs:
- config_name: default
  data_files:
  - split: train
    path: data/train*.parquet
  - split: test
    path: data/test*.parquet
---
"""
REPOSITORIES = {
    "owner/set": {
        "main": {
            "README.md": CARD,
            "data/train-0.parquet": parquet([{"q": f"Question {at}?", "n": at} for at in range(40)]),
            "data/train-1.parquet": parquet([{"q": f"Question {at}?", "n": at} for at in range(40, 60)]),
            "data/test-0.parquet": parquet([{"q": "A test?", "n": 0}]),
        },
        "v1": {"train.jsonl": lines([{"q": "The old one?", "n": 0}])},
    },
    "owner/broken": {"main": {"notes.bin": b"no table"}, "v1": {"train.jsonl": lines([{"q": "The old one?"}])}},
    "owner/pictures": {"main": {"notes.bin": b"no table"}},
}
READ = """
import json, sys
from warriorcoder.errors import RecipeError
from warriorcoder.pipelines.mining.brought import read_brought
from warriorcoder.pipelines.mining.text_sets import open_set
said = []
for asked in json.loads(sys.argv[1]):
    try:
        brought = read_brought(open_set(**asked))
        last = brought.instructions[-1]
        said.append([brought.read, last.instruction, last.name, last.revision, last.row])
    except RecipeError as error:
        said.append(str(error))
print(json.dumps(said))
"""


def read(asked: list[dict[str, Any]], **environment: str) -> list[Any]:
    """What a fresh process, which reads HF_ENDPOINT as it starts, makes of these sets."""
    environment = {**os.environ, **environment}
    done = subprocess.run(
        [sys.executable, "-c", READ, json.dumps(asked)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={name: value for name, value in environment.items() if value},
    )
    assert (done.returncode, done.stderr) == (0, "")
    said: list[Any] = json.loads(done.stdout)
    return said


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[dict[str, str], list[str]]]:
    """Where to ask, with a cache of its own, and what was asked."""
    home = tmp_path_factory.mktemp("hub")
    with serving(REPOSITORIES, frozenset({"owner/gated"})) as (address, asked):
        yield {"HF_ENDPOINT": address, "HF_HUB_OFFLINE": "", "HF_HOME": str(home)}, asked


def test_a_hub_dataset_is_read_at_a_commit(hub: tuple[dict[str, str], list[str]]) -> None:
    where, asked = hub
    main, v1 = commit_of("main"), commit_of("v1")
    sets: list[dict[str, Any]] = [
        {"origin": "owner/set", "column": "q", "limit": 5},
        {"origin": "owner/set", "column": "q", "revision": "v1"},
        {"origin": "owner/set", "split": "test"},
        {"origin": "owner/set", "split": "val"},
        {"origin": "owner/set", "config": "other"},
        {"origin": "owner/set", "column": "text"},
        {"origin": "owner/set", "column": "n", "limit": 5},
        {"origin": "owner/set", "revision": "v2"},
        {"origin": "owner/nothing"},
        {"origin": "owner/gated"},
        {"origin": "owner/pictures"},
    ]
    first, old, test, no_split, no_config, no_column, numbers, no_revision, nothing, gated, pictures = read(
        sets, **where
    )
    assert first == [5, "Question 4?", "owner/set", main, 4]
    assert old == [1, "The old one?", "owner/set", v1, 0]
    assert test == [1, "A test?", "owner/set:test", main, 0]
    assert no_split.startswith('owner/set: the dataset cannot be loaded: Unknown split "val". Should be one of [')
    assert no_config.startswith("owner/set: the dataset cannot be loaded: BuilderConfig 'other' not found. Available:")
    assert no_column.startswith("owner/set: no column 'text'. Columns with text: q; others: n.")
    assert numbers.startswith("owner/set: row 0 has no text in the column 'n' but int.")
    assert no_revision == "owner/set: there is no revision v2 of it on the Hub."
    assert nothing == (
        "owner/nothing: there is no such file or folder here and no such dataset on the Hub. A private one needs "
        "HF_TOKEN."
    )
    assert gated == "owner/gated: gated on the Hub. Accept its terms there, and set HF_TOKEN."
    assert pictures.startswith(
        "owner/pictures: no file or folder of this name is here, and the Hub did not give it: No"
    )
    before_the_old_one = asked[: next(at for at, line in enumerate(asked) if "/v1" in line)]
    assert any("train-0" in line for line in before_the_old_one)
    assert not any("GET" in line and "train-1" in line for line in before_the_old_one)


def test_another_commit_in_the_cache_is_not_taken_for_the_one_wanted(hub: tuple[dict[str, str], list[str]]) -> None:
    """The library's own way: whatever goes wrong with a commit, the one loaded last will do."""
    where, _ = hub
    sets: list[dict[str, Any]] = [{"origin": "owner/broken", "revision": "v1"}, {"origin": "owner/broken"}]
    old, main = read(sets, **where)
    assert old == [1, "The old one?", "owner/broken", commit_of("v1"), 0]
    assert main.startswith(
        "owner/broken: no file or folder of this name is here, and the Hub did not give it: No (supp"
    )


def test_without_a_connection_the_cache_says_which_commit_it_has(hub: tuple[dict[str, str], list[str]]) -> None:
    where, _ = hub
    v1 = commit_of("v1")
    [[*_, commit, _]] = read([{"origin": "owner/set", "column": "q", "revision": "v1"}], **where)
    assert commit == v1
    asked = [
        {"origin": "owner/set", "revision": v1, "column": "q", "limit": 5},
        {"origin": "owner/set", "revision": "0" * 40},
        {"origin": "owner/never"},
    ]
    for cut_off in ({"HF_HUB_OFFLINE": "1"}, {"HF_ENDPOINT": "http://127.0.0.1:9"}):
        old, other, never = read(asked, **{**where, **cut_off})
        assert old == [1, "The old one?", "owner/set", v1, 0]
        assert other.startswith("owner/set: the Hub cannot be reached, and the local cache has the commit ")
        assert never.startswith("owner/never: no file or folder of this name is here, the Hub cannot be reached, and")
