"""The journal: what it keeps, counts and marks, and several processes at once."""

import multiprocessing
import sqlite3
from pathlib import Path

import pytest
from unit.journal_files import entry, key

from warriorcoder.errors import ArenaError
from warriorcoder.pipelines.endpoints.calls import Reply
from warriorcoder.pipelines.endpoints.journal import Entry, Journal, Spent


def test_an_answer_is_there_for_whoever_opens_the_file_next(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "journal.sqlite"
    first = Journal(path)
    first.put_many([entry("k")])
    # Not closed: what put_many returned from is on disk.
    second = Journal(path)
    assert second.get(key("k")) == entry("k").reply
    assert second.get(key("other")) is None
    assert len(second) == 1
    assert second.rescued is None
    first.close()
    second.close()


def test_an_answer_comes_back_as_it_came(tmp_path: Path) -> None:
    replies = [
        Reply("", "", None, None),
        Reply("cut in half \ud83d", "length", 0, None),
        Reply("a\0b\r\n\u2028ü𝄞", "größe", 10**12, 0),
        Reply("x" * 100_000, "stop", 1, 30_000),
    ]
    entries = [Entry(key(number), "one", "m", "mine", reply, 0.25) for number, reply in enumerate(replies)]
    with Journal(tmp_path / "j.sqlite") as journal:
        journal.put_many(entries)
        assert journal.get_many([each.key for each in entries]) == {each.key: each.reply for each in entries}


def test_many_keys_are_looked_up_at_once(tmp_path: Path) -> None:
    with Journal(tmp_path / "j.sqlite") as journal:
        entries = [entry(number, f"text {number}") for number in range(1200)]
        journal.put_many(entries)
        wanted = [key(number) for number in range(600, 1800)]
        assert journal.get_many(wanted) == {each.key: each.reply for each in entries[600:]}
        assert journal.get_many([]) == {}


def test_the_first_answer_to_a_call_stands_and_counts(tmp_path: Path) -> None:
    with Journal(tmp_path / "j.sqlite") as journal:
        journal.put_many([entry("k", "first"), entry("k", "second")])
        journal.put_many([entry("k", "third", expert="two"), entry("l")])
        assert journal.get(key("k")) == entry("k", "first").reply
        assert len(journal) == 2
        assert journal.spent() == {("mine", "one"): Spent(2, 6, 8, 0, 3.0)}


def test_totals_are_kept_by_stage_and_expert(tmp_path: Path) -> None:
    with Journal(tmp_path / "j.sqlite") as journal:
        assert journal.spent() == {}
        journal.put_many(
            [
                entry(1, tokens=(10, None), seconds=0.5),
                entry(2, tokens=(None, None), seconds=0.25),
                entry(3, tokens=(5, 6), seconds=1.0),
                entry(4, expert="two", stage="judge", tokens=(7, 8), seconds=2.0),
            ]
        )
        journal.put_many([entry(5, tokens=(1, 1), seconds=0.25)])
        assert journal.spent() == {
            ("mine", "one"): Spent(calls=4, input_tokens=16, output_tokens=7, unmetered=2, seconds=2.0),
            ("judge", "two"): Spent(calls=1, input_tokens=7, output_tokens=8, unmetered=0, seconds=2.0),
        }


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (Entry(key(1), "one", "m", "mine", Reply(error="HTTP 500"), 1.0), "an error is never stored"),
        (Entry("no digest", "one", "m", "mine", Reply("text"), 1.0), "hexadecimal"),
        (entry(1, tokens=(-1, 2)), "no answer took that"),
        (entry(1, tokens=(1, 10**30)), "no answer took that"),
        (entry(1, seconds=float("nan")), "no answer took that"),
    ],
)
def test_what_is_no_answer_is_refused_and_nothing_of_it_stored(tmp_path: Path, bad: Entry, words: str) -> None:
    with Journal(tmp_path / "j.sqlite") as journal:
        with pytest.raises(ValueError, match=words):
            journal.put_many([entry("good"), bad])
        assert len(journal) == 0
        assert journal.spent() == {}


def test_writes_are_durable_when_they_return(tmp_path: Path) -> None:
    with Journal(tmp_path / "j.sqlite") as journal:
        connection = journal._connection
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
        assert connection.isolation_level is None


def test_runs_are_numbered_for_all_who_have_the_journal_open(tmp_path: Path) -> None:
    with Journal(tmp_path / "j.sqlite") as one, Journal(tmp_path / "j.sqlite") as two:
        assert one.run == 0
        assert [one.begin_run(), two.begin_run(), one.begin_run()] == [1, 2, 3]
        assert one.run == two.run == 3


def test_a_folder_in_the_way_is_told(tmp_path: Path) -> None:
    (tmp_path / "j.sqlite").mkdir()
    with pytest.raises(ArenaError, match="the journal cannot be opened"):
        Journal(tmp_path / "j.sqlite")
    (tmp_path / "file").write_text("")
    with pytest.raises(ArenaError, match="the journal cannot be opened: File exists"):
        Journal(tmp_path / "file" / "j.sqlite")


def test_a_full_disk_is_told_and_what_was_stored_stays(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite"
    journal = Journal(path)
    journal.put_many([entry("k")])
    pages = journal._connection.execute("PRAGMA page_count").fetchone()[0]
    journal._connection.execute(f"PRAGMA max_page_count={pages}")
    with pytest.raises(ArenaError, match=r"j\.sqlite: an answer cannot be written: .*full.*make room") as error:
        journal.put_many([entry("small"), entry("long", "x" * 100_000)])
    assert "\n" not in str(error.value)
    assert journal.spent() == {("mine", "one"): Spent(1, 3, 4, 0, 1.5)}
    # As soon as there is room, it goes on.
    journal._connection.execute("PRAGMA max_page_count=1000")
    journal.put_many([entry("long", "x" * 100_000)])
    journal.close()
    with Journal(path) as again:
        assert again.get(key("k")) == entry("k").reply
        assert again.get(key("small")) is None
        assert again.get(key("long")) is not None
        assert again.rescued is None


def test_a_journal_that_another_process_keeps_busy_is_told(tmp_path: Path) -> None:
    with Journal(tmp_path / "j.sqlite") as one, Journal(tmp_path / "j.sqlite") as two:
        one._connection.execute("BEGIN IMMEDIATE")
        two._connection.execute("PRAGMA busy_timeout=20")
        with pytest.raises(ArenaError, match=r"cannot be written: database is locked\. Another process"):
            two.put_many([entry(1)])
        one._connection.execute("COMMIT")
        two.put_many([entry(1)])
        assert len(one) == 1


def test_a_mistake_of_our_own_is_no_damage(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.sqlite")
    journal.close()
    journal.close()
    with pytest.raises(sqlite3.ProgrammingError):
        journal.get(key(1))
    assert not (tmp_path / "j.damaged").exists()


def _write(path: Path, name: str) -> None:
    with Journal(path) as journal:
        for number in range(100):
            journal.put_many(
                [
                    entry(f"{name} {number}", f"{name} says {number}", expert=name),
                    entry(f"all {number}", name, expert=name),
                ]
            )


def test_processes_write_at_the_same_time(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite"
    context = multiprocessing.get_context("fork")
    names = ("one", "two", "three")
    # None has made the file before: they all begin with that.
    processes = [context.Process(target=_write, args=(path, name)) for name in names]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0]
    with Journal(path) as journal:
        assert journal.rescued is None
        assert len(journal) == 400
        won = dict.fromkeys(names, 0)
        for number in range(100):
            shared = journal.get(key(f"all {number}"))
            assert shared is not None
            won[shared.text] += 1
            for name in names:
                assert journal.get(key(f"{name} {number}")) == entry(0, f"{name} says {number}").reply
        assert {expert: spent.calls for (_, expert), spent in journal.spent().items()} == {
            name: 100 + won[name] for name in names
        }
