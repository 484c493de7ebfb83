"""The arena folder: tables complete or absent, nothing torn, nothing of others touched."""

import json
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from warriorcoder import arena_folder
from warriorcoder.arena_folder import FORMAT, REPORTS, ArenaFolder, count_by, write_atomically
from warriorcoder.errors import ArenaError
from warriorcoder.tables import STAGES, TABLES


def rejected(text: str = "x", stage: str = "mine") -> dict[str, Any]:
    row = dict.fromkeys(TABLES["rejected"].columns)
    return {**row, "stage": stage, "reason": "empty", "text": text}


def vote(judge: str = "j") -> dict[str, Any]:
    return {**dict.fromkeys(TABLES["votes"].columns), "judge": judge}


def some(name: str, count: int = 2) -> list[dict[str, Any]]:
    return [dict.fromkeys(TABLES[name].columns) for _ in range(count)]


@pytest.fixture
def folder(tmp_path: Path) -> ArenaFolder:
    return ArenaFolder.prepare(tmp_path / "demo")


@pytest.fixture
def full(folder: ArenaFolder) -> ArenaFolder:
    """An arena in which every stage wrote its tables and its counts."""
    for stage in STAGES:
        tables = {name: some(name) for name, table in TABLES.items() if table.stage == stage and name != "rejected"}
        if stage in ("mine", "curate", "answer"):
            tables["rejected"] = [rejected(stage, stage)]
        folder.write_stage(stage, tables)
        folder.update_manifest({"counts": {stage: {"kept": 2}}, "cost": {stage: {"one": {"calls": 1}}}})
    return folder


def files(folder: ArenaFolder) -> dict[str, bytes]:
    return {str(file.relative_to(folder.path)): file.read_bytes() for file in folder.path.rglob("*") if file.is_file()}


# tables


def test_what_is_written_is_read_in_order(folder: ArenaFolder) -> None:
    rows = [vote(f"j{number}") for number in range(5)]
    folder.write_stage("judge", {"votes": rows})
    assert folder.read_table("votes") == rows
    assert folder.table_rows("votes") == 5
    assert folder.has_table("votes")
    assert [file.name for file in (folder.path / "votes").iterdir()] == ["train.parquet"]


def test_a_table_without_rows_is_there(folder: ArenaFolder) -> None:
    folder.write_stage("judge", {"votes": []})
    assert folder.has_table("votes")
    assert folder.read_table("votes") == []


def test_an_absent_table_names_the_stage_that_writes_it(folder: ArenaFolder) -> None:
    with pytest.raises(ArenaError, match="the table `votes` is absent: the stage `judge` has not run to its end"):
        folder.read_table("votes")


def test_rejected_has_a_file_for_each_stage_in_their_order(folder: ArenaFolder) -> None:
    for stage in ("answer", "mine", "curate"):
        folder.write_stage(stage, {"rejected": [rejected(stage, stage)]})
    folder.write_stage("curate", {"rejected": [rejected("new", "curate")]})
    assert [file.stem for file in folder.table_files("rejected")] == ["mine", "curate"]
    folder.write_stage("answer", {"rejected": [rejected("answer", "answer")]})
    assert [row["text"] for row in folder.read_table("rejected")] == ["mine", "new", "answer"]


@pytest.mark.parametrize("row", [{"judge": "j"}, {**vote(), "extra": 1}, {}])
def test_a_row_with_other_columns_is_a_bug_and_writes_nothing(folder: ArenaFolder, row: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="table `votes`: columns missing or unknown: "):
        folder.write_stage("judge", {"votes": [vote(), row]})
    assert not folder.has_table("votes")


def test_the_same_rows_are_the_same_bytes_and_drop_nothing(full: ArenaFolder) -> None:
    before = files(full)
    full.write_stage("judge", {"votes": some("votes")})
    full.write_stage("curate", {"instructions": some("instructions"), "rejected": [rejected("curate", "curate")]})
    assert files(full) == before


def test_a_report_goes_with_the_rows_that_it_speaks_of(full: ArenaFolder) -> None:
    for name in (name for names in REPORTS.values() for name in names):
        (full.path / name).parent.mkdir(exist_ok=True)
        full.write_text(full.path / name, "old")
    full.write_stage("judge", {"votes": some("votes")})
    assert all((full.path / name).exists() for names in REPORTS.values() for name in names)
    full.write_stage("judge", {"votes": some("votes", 3)})
    left = {stage for stage, names in REPORTS.items() if all((full.path / name).exists() for name in names)}
    assert left == {"curate"}


@pytest.mark.parametrize("stage", STAGES)
def test_other_rows_drop_what_later_stages_made_of_the_old_ones(full: ArenaFolder, stage: str) -> None:
    earlier, later = STAGES[: STAGES.index(stage)], STAGES[STAGES.index(stage) + 1 :]
    before = files(full)
    tables = {name: some(name, 3) for name, table in TABLES.items() if table.stage == stage and name != "rejected"}
    if stage == "mine":
        tables = {"rejected": [rejected("other")]}
    full.write_stage(stage, tables)
    for name, table in TABLES.items():
        if name != "rejected":
            assert full.has_table(name) == (table.stage not in later)
    assert {file.stem for file in full.table_files("rejected")}.isdisjoint(later)
    assert list(full.manifest()["counts"]) == sorted(earlier)
    assert list(full.manifest()["cost"]) == sorted(earlier)
    for name, contents in files(full).items():
        if name != "arena.json" and not any(name.startswith(f"{table}/") for table in tables):
            assert contents == before[name]


class Judged:
    """Votes of so many judges, a batch each."""

    def __init__(self, *judges: str) -> None:
        self.rows, self._judges = len(judges), judges

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        schema = TABLES["votes"].features.arrow_schema
        for judge in self._judges:
            yield pa.RecordBatch.from_pylist([vote(judge)], schema=schema)


def test_splits_are_files_and_are_read_with_train_first(folder: ArenaFolder) -> None:
    folder.write_stage("judge", {"votes": {"test": Judged("t"), "train": Judged("one", "two")}})
    assert [file.name for file in folder.table_files("votes")] == ["train.parquet", "test.parquet"]
    assert folder.rows_by_split("votes") == {"train": 2, "test": 1}
    assert folder.table_rows("votes") == 3
    assert folder.read_table("votes") == [vote("one"), vote("two"), vote("t")]
    assert folder.read_columns("votes", ["judge"]).to_pydict() == {"judge": ["one", "two", "t"]}
    schema = TABLES["votes"].features.arrow_schema
    assert all(pq.read_schema(file).equals(schema, check_metadata=True) for file in folder.table_files("votes"))


def test_an_empty_split_has_no_file_but_for_train(folder: ArenaFolder) -> None:
    folder.write_stage("judge", {"votes": {"train": Judged(), "test": Judged()}})
    assert folder.rows_by_split("votes") == {"train": 0}


def test_a_split_that_is_no_more_goes_with_what_came_after_it(full: ArenaFolder) -> None:
    both = {"train": Judged("one"), "test": Judged("two")}
    full.write_stage("judge", {"votes": both})
    full.write_stage("rate", {"battles": some("battles"), "ratings": some("ratings")})
    before = files(full)
    full.write_stage("judge", {"votes": both})
    assert files(full) == before
    full.write_stage("judge", {"votes": {"train": Judged("one"), "test": Judged()}})
    assert full.rows_by_split("votes") == {"train": 1}
    assert not full.has_table("battles")


def test_columns_of_an_absent_table_name_its_stage(folder: ArenaFolder) -> None:
    with pytest.raises(ArenaError, match="the table `votes` is absent: the stage `judge` has not run to its end"):
        folder.read_columns("votes", ["judge"])


# full disks

WRITES_TOO_MUCH = """
import resource, signal, sys
from warriorcoder.arena_folder import ArenaFolder
from warriorcoder.errors import ArenaError
from warriorcoder.tables import TABLES
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
folder = ArenaFolder.open(sys.argv[1])
rows = [{**dict.fromkeys(TABLES["votes"].columns), "reason": f"{n * n * 7919 % 1000003:x}" * 9} for n in range(2000)]
try:
    folder.write_stage("judge", {"votes": rows})
except ArenaError as error:
    print(error)
"""


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_FSIZE"), reason="no file-size limit on this system")
def test_a_full_disk_leaves_everything_as_it_was(full: ArenaFolder) -> None:
    """The kernel refuses to write past a size, as it would on a full disk; nothing here is a stand-in."""
    before = files(full)
    done = subprocess.run(
        [sys.executable, "-c", WRITES_TOO_MUCH, str(full.path)], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert done.stdout.startswith(f"{full.path / 'votes' / 'train.parquet'}: cannot be written: File too large.")
    assert done.stdout.count("\n") == 1
    assert files(full) == before


def test_a_write_that_fails_leaves_the_old_file_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    write_atomically(path, b"old")

    def no_space(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(arena_folder.os, "fsync", no_space)
    with pytest.raises(ArenaError, match=r"file: cannot be written: No space left on device\. .*make room") as error:
        write_atomically(path, b"new")
    assert "\n" not in str(error.value)
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_a_folder_in_the_way_of_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").mkdir()
    with pytest.raises(ArenaError, match="file: cannot be written: Is a directory"):
        write_atomically(tmp_path / "file", b"new")
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_files_can_be_read_by_everybody(tmp_path: Path) -> None:
    write_atomically(tmp_path / "deep" / "file", b"x")
    assert (tmp_path / "deep" / "file").stat().st_mode & 0o777 == 0o644


# the folder and its manifest


def test_a_new_arena_is_an_empty_folder_with_a_place_to_work(folder: ArenaFolder) -> None:
    assert folder.name == "demo"
    assert [entry.name for entry in folder.path.iterdir()] == [".work"]
    ArenaFolder.prepare(folder.path)


def test_the_manifest_is_merged_by_stage_and_replaced_otherwise(folder: ArenaFolder) -> None:
    folder.update_manifest({"name": "demo", "counts": {"mine": {"kept": 1}}, "judges": [1]})
    folder.update_manifest({"counts": {"curate": {"kept": 2}}, "judges": [2]})
    folder.update_manifest({"counts": {"mine": {"draws": 3}}})
    assert folder.manifest() == {
        "format": FORMAT,
        "name": "demo",
        "counts": {"mine": {"draws": 3}, "curate": {"kept": 2}},
        "judges": [2],
    }
    assert folder.manifest_path.read_text(encoding="utf-8").endswith("}\n")


@pytest.mark.parametrize("opened", [ArenaFolder.open, ArenaFolder.prepare])
def test_an_arena_of_another_format_is_refused(folder: ArenaFolder, opened: Any) -> None:
    folder.manifest_path.write_text(json.dumps({"format": FORMAT + 1}))
    before = files(folder)
    with pytest.raises(ArenaError) as error:
        opened(folder.path)
    assert str(error.value) == (
        f"{folder.path}: the arena has format {FORMAT + 1}, this version of warriorcoder reads format {FORMAT}. "
        "Use the version that made it, or name another folder with --into."
    )
    assert files(folder) == before


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", "null", '"format"'])
def test_a_damaged_manifest_is_refused(folder: ArenaFolder, text: str) -> None:
    folder.manifest_path.write_text(text)
    with pytest.raises(ArenaError, match=r"arena\.json: cannot be read as a manifest"):
        ArenaFolder.open(folder.path)
    assert folder.manifest_path.read_text() == text


def test_a_folder_of_somebody_else_is_not_written_to(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    for opened in (ArenaFolder.open, ArenaFolder.prepare):
        with pytest.raises(ArenaError, match=r"arena\.json"):
            opened(tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["notes.txt"]


@pytest.mark.parametrize("begun", [False, True])
def test_a_write_that_was_broken_off_leaves_an_arena_still(
    folder: ArenaFolder, monkeypatch: pytest.MonkeyPatch, begun: bool
) -> None:
    """Killed before a file came into its place, the very first one included."""

    def killed(self: Path, target: Path) -> Path:
        raise KeyboardInterrupt

    if begun:
        folder.update_manifest({"name": "demo"})
    monkeypatch.setattr(Path, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        folder.update_manifest({"name": "other"})
    assert len([name for name in files(folder) if ".arena.json." in name]) == 1
    again = ArenaFolder.prepare(folder.path)
    again.clear_broken_writes()
    assert sorted(entry.name for entry in folder.path.iterdir()) == [".work", "arena.json"][: 1 + begun]


def test_what_is_no_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(ArenaError, match="there is no such folder"):
        ArenaFolder.open(tmp_path / "none")
    (tmp_path / "file").write_text("x")
    with pytest.raises(ArenaError, match="a file is in the way"):
        ArenaFolder.prepare(tmp_path / "file")
    with pytest.raises(ArenaError, match="cannot make the arena folder: Not a directory"):
        ArenaFolder.prepare(tmp_path / "file" / "demo")


def test_count_by_is_in_order_of_the_values() -> None:
    assert count_by([{"x": "b"}, {"x": "a"}, {"x": "b"}, {"x": None}], "x") == {"None": 1, "a": 1, "b": 2}
