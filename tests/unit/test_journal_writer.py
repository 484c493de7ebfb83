"""The journal's writer: one flush for all that wait, trouble told to each of them, nothing lost by kill -9."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from unit.journal_files import entry, key

from warriorcoder.errors import ArenaError
from warriorcoder.pipelines.endpoints.calls import Reply
from warriorcoder.pipelines.endpoints.journal import Entry, Journal, Spent
from warriorcoder.pipelines.endpoints.journal.writer import MOST_AT_ONCE, JournalWriter


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


def commits(writer: JournalWriter) -> list[str]:
    """Grows by one for every transaction that the writer begins from now on."""
    begun: list[str] = []
    writer._journal._connection.set_trace_callback(
        lambda statement: begun.append(statement) if statement.startswith("BEGIN") else None
    )
    return begun


@contextmanager
def held_up(path: Path) -> Iterator[None]:
    """While another process writes, so that what is given to the writer waits."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("COMMIT")
        other.close()


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0)


def test_what_keep_returned_from_is_on_disk(path: Path) -> None:
    async def keep() -> None:
        with JournalWriter(path) as writer, Journal(path) as other:
            await writer.keep(entry(1))
            assert other.get(key(1)) == entry(1).reply
            assert other.spent() == {("mine", "one"): Spent(1, 3, 4, 0, 1.5)}
        assert writer.busy_seconds > 0

    asyncio.run(keep())


def test_all_that_wait_are_written_together(path: Path) -> None:
    async def keep() -> int:
        with JournalWriter(path) as writer:
            begun = commits(writer)
            with held_up(path):
                first = asyncio.create_task(writer.keep(entry("first")))
                await until(lambda: len(begun) == 1)
                others = [asyncio.create_task(writer.keep(entry(number))) for number in range(500)]
                await until(lambda: writer._orders.qsize() == 500)
                assert not first.done()
            await asyncio.gather(first, *others)
            return len(begun)

    assert asyncio.run(keep()) == 2
    with Journal(path) as journal:
        assert len(journal) == 501


def test_a_transaction_has_its_limit(path: Path) -> None:
    async def keep() -> int:
        with JournalWriter(path) as writer:
            begun = commits(writer)
            with held_up(path):
                tasks = [asyncio.create_task(writer.keep(entry("first")))]
                await until(lambda: len(begun) == 1)
                tasks += [asyncio.create_task(writer.keep(entry(number))) for number in range(MOST_AT_ONCE + 1)]
                await until(lambda: writer._orders.qsize() == MOST_AT_ONCE + 1)
            await asyncio.gather(*tasks)
            return len(begun)

    assert asyncio.run(keep()) == 3


def test_the_first_of_two_that_wait_together_stands(path: Path) -> None:
    async def keep() -> None:
        with JournalWriter(path) as writer:
            with held_up(path):
                tasks = [asyncio.create_task(writer.keep(entry(1, text))) for text in ("first", "second")]
                await asyncio.sleep(0)
            await asyncio.gather(*tasks)

    asyncio.run(keep())
    with Journal(path) as journal:
        assert journal.get(key(1)) == entry(1, "first").reply
        assert journal.spent()[("mine", "one")].calls == 1


def test_an_error_is_refused_and_troubles_nobody_else(path: Path) -> None:
    async def keep() -> None:
        with JournalWriter(path) as writer:
            bad = Entry(key(1), "one", "m", "mine", Reply(error="HTTP 500"), 1.0)
            ends = await asyncio.gather(writer.keep(bad), writer.keep(entry(2)), return_exceptions=True)
            assert isinstance(ends[0], ValueError)
            assert ends[1] is None

    asyncio.run(keep())
    with Journal(path) as journal:
        assert journal.get(key(1)) is None
        assert journal.get(key(2)) is not None


def test_a_full_disk_is_told_to_all_who_wait_and_the_writer_goes_on(path: Path) -> None:
    async def keep() -> None:
        with JournalWriter(path) as writer:
            await writer.keep(entry("before"))
            connection = writer._journal._connection
            pages = connection.execute("PRAGMA page_count").fetchone()[0]
            connection.execute(f"PRAGMA max_page_count={pages}")
            ends = await asyncio.gather(
                *(writer.keep(entry(number, "x" * 50_000)) for number in range(3)), return_exceptions=True
            )
            for end in ends:
                assert isinstance(end, ArenaError)
                assert "an answer cannot be written: database or disk is full" in str(end)
                assert "make room" in str(end)
            assert len({id(end) for end in ends}) == 3
            connection.execute("PRAGMA max_page_count=10000")
            await writer.keep(entry(1, "x" * 50_000))

    asyncio.run(keep())
    with Journal(path) as journal:
        assert len(journal) == 2
        assert journal.spent()[("mine", "one")].calls == 2


def test_a_journal_kept_busy_by_another_process_is_told(path: Path) -> None:
    async def keep() -> None:
        with JournalWriter(path) as writer:
            writer._journal._connection.execute("PRAGMA busy_timeout=20")
            with held_up(path), pytest.raises(ArenaError, match="Another process has kept it busy"):
                await writer.keep(entry(1))
            await writer.keep(entry(1))

    asyncio.run(keep())


def test_one_who_does_not_wait_any_more_holds_up_nobody(path: Path) -> None:
    async def keep() -> None:
        with JournalWriter(path) as writer:
            begun = commits(writer)
            with held_up(path):
                tasks = [asyncio.create_task(writer.keep(entry(number))) for number in range(3)]
                await until(lambda: len(begun) == 1)
                tasks[1].cancel()
                await asyncio.sleep(0)
            ends = await asyncio.gather(*tasks, return_exceptions=True)
            assert [type(end) for end in ends] == [type(None), asyncio.CancelledError, type(None)]

    asyncio.run(keep())
    with Journal(path) as journal:
        assert len(journal) == 3


def test_a_loop_that_is_gone_does_not_stop_the_writer(path: Path) -> None:
    async def give_and_go(writer: JournalWriter) -> None:
        task = asyncio.create_task(writer.keep(entry(1)))
        await until(lambda: writer._orders.qsize() == 1 or len(begun) == 1)
        task.cancel()

    writer = JournalWriter(path)
    begun = commits(writer)
    with held_up(path):
        asyncio.run(give_and_go(writer))
    asyncio.run(writer.keep(entry(2)))
    writer.close()
    with Journal(path) as journal:
        assert len(journal) == 2


def test_used_answers_are_marked_at_the_latest_by_flush(path: Path) -> None:
    with Journal(path) as journal:
        journal.put_many([entry(number) for number in range(2500)])
        journal.begin_run()
        marked = "SELECT COUNT(*) FROM used WHERE run = 1"
        with JournalWriter(path) as writer:
            for number in range(2500):
                writer.used(key(number))
            writer.used(key("of which the journal knows nothing"))
            writer.flush()
            assert journal._connection.execute(marked).fetchone() == (2500,)
            journal.begin_run()
            writer.used(key(1))
        assert journal._connection.execute("SELECT COUNT(*) FROM used WHERE run = 2").fetchone() == (1,)


def test_marks_that_cannot_be_written_are_not_forgotten(path: Path) -> None:
    with Journal(path) as journal:
        journal.put_many([entry(1)])
        writer = JournalWriter(path)
        writer._journal._connection.execute("PRAGMA busy_timeout=20")
        with held_up(path):
            writer.used(key(1))
            with pytest.raises(ArenaError, match="kept it busy"):
                writer.flush()
        writer.close()
        assert journal._connection.execute("SELECT COUNT(*) FROM used").fetchone() == (1,)


def test_close_writes_what_waits_and_ends_the_thread(path: Path) -> None:
    before = set(threading.enumerate())

    async def keep() -> None:
        writer = JournalWriter(path)
        task = asyncio.create_task(writer.keep(entry(1)))
        await until(lambda: bool(writer._orders.qsize()) or writer.busy_seconds > 0)
        writer.close()
        writer.close()
        await task
        with pytest.raises(RuntimeError, match="closed"):
            await writer.keep(entry(2))

    asyncio.run(keep())
    assert "journal" not in {thread.name for thread in set(threading.enumerate()) - before}
    with Journal(path) as journal:
        assert len(journal) == 1


def test_what_became_of_a_damaged_file_is_said(path: Path) -> None:
    path.write_text("no journal")
    with JournalWriter(path) as writer:
        assert writer.rescued is not None
        assert "quarantined-1" in writer.rescued


KEEPER = """
import asyncio, itertools, sys
from pathlib import Path
from unit.journal_files import entry
from warriorcoder.pipelines.endpoints.journal import Journal
from warriorcoder.pipelines.endpoints.journal.writer import JournalWriter

async def main():
    writer = JournalWriter(Path(sys.argv[1]))
    numbers = itertools.count()
    async def keep():
        for number in numbers:
            await writer.keep(entry(number, f"text {number} " * 100))
            print(number, flush=True)
    await asyncio.gather(*(keep() for _ in range(20)))

asyncio.run(main())
"""


def test_kill_9_loses_nothing_that_keep_returned_from(path: Path) -> None:
    tests = str(Path(__file__).parents[1])
    for wanted in (1, 300, 1000):
        process = subprocess.Popen(
            [sys.executable, "-c", f"import sys; sys.path.insert(0, {tests!r})\n{KEEPER}", str(path)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        said = [process.stdout.readline() for _ in range(wanted)]
        process.send_signal(signal.SIGKILL)
        said += process.stdout.readlines()
        process.wait()
        numbers = [int(line) for line in said if line.endswith("\n")]
        assert len(numbers) >= wanted
        with Journal(path) as journal:
            assert journal.rescued is None
            found = journal.get_many([key(number) for number in numbers])
            assert found == {key(number): entry(0, f"text {number} " * 100).reply for number in numbers}
            assert journal.spent()[("mine", "one")].calls == len(journal)


def test_who_looks_in_meanwhile_takes_no_answer_away(path: Path) -> None:
    """An export, say, while a run is on: closing the file as the last one would delete the log of who still writes.

    A process loses its locks on a file where it opens and closes it beside SQLite, and then nobody knows of it.
    """
    tests = str(Path(__file__).parents[1])
    # As a run has it: one connection looks answers up, another one writes.
    keeper = KEEPER.replace("    writer =", "    beside = Journal(Path(sys.argv[1]))\n    writer =")
    process = subprocess.Popen(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {tests!r})\n{keeper}", str(path)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    said = []
    try:
        for _ in range(5):
            said += [process.stdout.readline() for _ in range(20)]
            with Journal(path) as journal:
                assert len(journal) >= len(said)
            open_files = [os.readlink(link) for link in Path(f"/proc/{process.pid}/fd").iterdir()]
            assert [name for name in open_files if name.endswith("(deleted)") and "journal" in name] == []
    finally:
        process.kill()
        said += process.stdout.readlines()
        process.wait()
    with Journal(path) as journal:
        assert journal.rescued is None
        numbers = [int(line) for line in said if line.endswith("\n")]
        assert len(journal.get_many([key(number) for number in numbers])) == len(numbers) >= 100
