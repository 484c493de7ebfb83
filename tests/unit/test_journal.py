"""The journal on disk: versions, damage, several processes."""

import multiprocessing
import sqlite3
from pathlib import Path

import pytest

from warriorcoder.errors import ArenaError
from warriorcoder.pipelines.endpoints.calls import Reply
from warriorcoder.pipelines.endpoints.journal import VERSION, Journal

REPLY = Reply("text", "stop", 3, 4)


def test_an_answer_is_there_for_whoever_opens_the_file_next(tmp_path: Path) -> None:
    first = Journal(tmp_path / "deep" / "journal.sqlite")
    first.put("k", "one", REPLY)
    # Not closed: what put returned from is on disk.
    second = Journal(tmp_path / "deep" / "journal.sqlite")
    assert second.get("k") == REPLY
    assert second.get("other") is None
    assert len(second) == 1
    first.close()
    second.close()


def test_the_first_answer_to_a_call_stands(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.sqlite")
    journal.put("k", "one", REPLY)
    journal.put("k", "two", Reply("another"))
    assert journal.get("k") == REPLY
    assert len(journal) == 1
    journal.close()


def test_an_error_is_never_stored(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.sqlite")
    with pytest.raises(ValueError, match="an error is never stored"):
        journal.put("k", "one", Reply(error="HTTP 500"))
    assert journal.get("k") is None
    journal.close()


def test_writes_are_durable_when_they_return(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.sqlite")
    connection = journal._connection
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
    assert connection.isolation_level is None
    journal.close()


def test_a_journal_of_another_version_is_told_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE other (x)")
        connection.execute(f"PRAGMA user_version={VERSION + 1}")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(ArenaError, match=f"version {VERSION + 1}, this version of warriorcoder keeps") as error:
        Journal(path)
    assert "\n" not in str(error.value)
    assert "move the file away" in str(error.value)
    # Its header says WAL now; its tables and its version are as they were.
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("other",)]
        assert connection.execute("PRAGMA user_version").fetchone() == (VERSION + 1,)
    connection.close()
    assert len(path.read_bytes()) == len(before)


@pytest.mark.parametrize(
    "contents", [b"this is no database, whatever it is called" * 50, b"SQLite format 3\0" + b"x" * 90]
)
def test_a_damaged_file_is_told(tmp_path: Path, contents: bytes) -> None:
    path = tmp_path / "j.sqlite"
    path.write_bytes(contents)
    with pytest.raises(ArenaError, match="the journal cannot be opened") as error:
        Journal(path)
    assert "Move the file away" in str(error.value)
    assert path.read_bytes() == contents


def test_a_folder_in_the_way_is_told(tmp_path: Path) -> None:
    (tmp_path / "j.sqlite").mkdir()
    with pytest.raises(ArenaError, match="the journal cannot be opened"):
        Journal(tmp_path / "j.sqlite")


def test_a_full_disk_is_told_and_what_was_stored_stays(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite"
    journal = Journal(path)
    journal.put("k", "one", REPLY)
    pages = journal._connection.execute("PRAGMA page_count").fetchone()[0]
    journal._connection.execute(f"PRAGMA max_page_count={pages}")
    with pytest.raises(ArenaError, match=r"j\.sqlite: an answer cannot be written: .*full.*make room") as error:
        journal.put("long", "one", Reply("x" * 100_000))
    assert "\n" not in str(error.value)
    journal.close()
    again = Journal(path)
    assert again.get("k") == REPLY
    assert again.get("long") is None
    again.close()


def _write(path: Path, name: str) -> None:
    journal = Journal(path)
    for number in range(100):
        journal.put(f"{name} {number}", name, Reply(f"{name} says {number}"))
        journal.put(f"both {number}", name, Reply(name))
    journal.close()


def test_processes_write_at_the_same_time(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite"
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=_write, args=(path, name)) for name in ("one", "two")]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]
    journal = Journal(path)
    assert len(journal) == 300
    for number in range(100):
        both = journal.get(f"both {number}")
        assert both is not None
        assert both.text in ("one", "two")
        assert journal.get(f"two {number}") == Reply(f"two says {number}")
    journal.close()
