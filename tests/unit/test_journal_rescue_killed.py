"""A damaged journal that several processes open at once, and rescues that do not come to their end."""

import multiprocessing
import os
import resource
import shutil
import signal
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest
from unit.journal_files import many, overwrite, quarantined, statement, write, write_with_log

from warriorcoder.errors import ArenaError
from warriorcoder.pipelines.endpoints.journal import Journal
from warriorcoder.pipelines.endpoints.journal import file as journal_file
from warriorcoder.pipelines.endpoints.journal import rescue as journal_rescue

ENTRIES = many(300)
KEYS = [each.key for each in ENTRIES]


def _open(path: Path, together: Barrier, pipe: Connection) -> None:
    together.wait()
    with Journal(path) as journal:
        pipe.send((journal.rescued, len(journal.get_many(KEYS))))
        together.wait()


@pytest.mark.parametrize(
    "hurt",
    [
        lambda path: overwrite(path, 0, b"garbage"),
        lambda path: statement(path, "DROP INDEX answers_by_key"),
        lambda path: journal_file.mark(path, "found in an earlier run"),
    ],
)
def test_of_several_processes_one_mends_and_all_go_on(tmp_path: Path, hurt: Callable[[Path], None]) -> None:
    path = tmp_path / "journal.sqlite"
    write(path, ENTRIES)
    hurt(path)
    context = multiprocessing.get_context("fork")
    together = context.Barrier(4)
    pipes = [context.Pipe(duplex=False) for _ in range(4)]
    processes = [context.Process(target=_open, args=(path, together, sender)) for _, sender in pipes]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    said = [receiver.recv() for receiver, _ in pipes]
    assert [process.exitcode for process in processes] == [0] * 4
    assert [found for _, found in said] == [len(ENTRIES)] * 4
    assert sum(rescued is not None for rescued, _ in said) == 1
    assert len(quarantined(path)) == 1


def test_a_journal_that_another_one_has_open_is_not_moved_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "journal.sqlite"
    write(path, ENTRIES)
    monkeypatch.setattr(journal_file, "MEND_SECONDS", 0.0)
    with Journal(path) as user:
        journal_file.mark(path, "a page is broken")
        with pytest.raises(ArenaError, match=r"damaged \(a page is broken\), and another process has it open"):
            Journal(path)
        assert len(user) == len(ENTRIES)
    assert not quarantined(path)
    with Journal(path) as journal:
        assert journal.rescued is not None
        assert len(journal) == len(ENTRIES)


def _rescue_and_die(path: Path, step: int) -> None:
    """Mend a journal in a process that ends, as by kill -9, at a step; exit code 0 where there is no such step."""
    steps = iter(range(1000))

    def deadly(function: Callable[..., object]) -> Callable[..., object]:
        def run(*arguments: object) -> object:
            if next(steps) == step:
                os._exit(9)
            return function(*arguments)

        return run

    Path.rename = deadly(Path.rename)  # type: ignore[assignment, method-assign]
    Path.replace = deadly(Path.replace)  # type: ignore[assignment, method-assign]
    for name in ("mark", "unmark", "_save"):
        setattr(journal_rescue, name, deadly(getattr(journal_rescue, name)))
    Journal(path)
    os._exit(0)


def test_a_rescue_that_is_killed_is_finished_by_the_next(tmp_path: Path) -> None:
    damaged = tmp_path / "damaged"
    damaged.mkdir()
    write_with_log(damaged / "journal.sqlite", ENTRIES)
    overwrite(damaged / "journal.sqlite", 0, b"garbage")
    context = multiprocessing.get_context("fork")
    for step in range(20):
        folder = tmp_path / f"step-{step}"
        shutil.copytree(damaged, folder)
        path = folder / "journal.sqlite"
        process = context.Process(target=_rescue_and_die, args=(path, step))
        process.start()
        process.join()
        with Journal(path) as journal:
            assert len(journal.get_many(KEYS)) == len(ENTRIES)
        [old] = quarantined(path)
        for part in ("", "-wal"):
            before = damaged.joinpath(f"journal.sqlite{part}").read_bytes()
            assert old.with_name(old.name + part).read_bytes() == before
        assert not path.with_suffix(".damaged").exists()
        if process.exitcode == 0:
            break
    assert process.exitcode == 0
    assert step >= 6


def test_a_rescue_for_which_there_is_no_room_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "journal.sqlite"
    write(path, ENTRIES)
    overwrite(path, 0, b"garbage")
    context = multiprocessing.get_context("fork")
    process = context.Process(target=_rescue_without_room, args=(path,))
    process.start()
    process.join()
    assert process.exitcode == 0
    assert [file.name for file in tmp_path.iterdir() if "new" in file.name] == []
    with Journal(path) as journal:
        assert len(journal) == len(ENTRIES)
        assert journal.rescued is not None
    assert len(quarantined(path)) == 1


def _rescue_without_room(path: Path) -> None:
    """A disk with little room left, as far as this process knows."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
    try:
        Journal(path)
    except ArenaError as error:
        os._exit(0 if "cannot be written" in str(error) and "make room" in str(error) else 1)
    os._exit(2)
