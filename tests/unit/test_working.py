"""Tasks that this machine does itself: done once, kept before they are used, several at once."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from warriorcoder.ids import value_digest
from warriorcoder.pipelines.endpoints.budget import Amount, spent_so_far
from warriorcoder.pipelines.endpoints.journal import Journal
from warriorcoder.pipelines.endpoints.keeping import JournalKeeper
from warriorcoder.pipelines.endpoints.progress import Progress
from warriorcoder.pipelines.endpoints.working import Work, work_out
from warriorcoder.recipe import Recipe
from warriorcoder.recipe_battles import EXECUTION_JUDGE

KEYS = [value_digest(number) for number in range(6)]


def done(path: Path, keys: Sequence[str], do: Callable[[int], str], at_once: int = 2) -> tuple[list[str], Progress]:
    keeper, progress = JournalKeeper(path, "judge"), Progress("judge")
    work = Work(do, at_once, EXECUTION_JUDGE, "v1", "working")
    try:
        return asyncio.run(work_out(keys, work, keeper, progress, lambda: False)), progress
    finally:
        keeper.close()


def never(place: int) -> str:
    raise AssertionError(f"{place} was done before")


def test_texts_come_in_order_and_equal_keys_are_one_task(tmp_path: Path) -> None:
    asked: list[int] = []

    def do(place: int) -> str:
        asked.append(place)
        return f"text {place}"

    keys = [*KEYS[:3], KEYS[0], KEYS[2]]
    texts, progress = done(tmp_path / "j", keys, do)
    assert texts == ["text 0", "text 1", "text 2", "text 0", "text 2"]
    assert sorted(asked) == [0, 1, 2]
    assert (progress.in_flight, progress.doing, progress.total, progress.done) == (0, "", 0, 0)


def test_what_was_done_once_is_never_done_again(tmp_path: Path) -> None:
    first, _ = done(tmp_path / "j", KEYS, lambda place: f"{place} ä")
    assert done(tmp_path / "j", KEYS[::-1], never)[0] == first[::-1]
    assert done(tmp_path / "j", [], never)[0] == []


def test_what_was_done_before_a_failure_is_kept(tmp_path: Path) -> None:
    def do(place: int) -> str:
        if place == 3:
            raise ValueError("no more")
        return f"first {place}"

    with pytest.raises(ValueError, match="no more"):
        done(tmp_path / "j", KEYS, do, at_once=1)
    texts, _ = done(tmp_path / "j", KEYS, lambda place: f"second {place}")
    assert texts == [f"{'first' if place < 3 else 'second'} {place}" for place in range(6)]


def test_as_many_are_at_work_as_is_said(tmp_path: Path) -> None:
    together = threading.Barrier(3, timeout=60)

    def do(place: int) -> str:
        together.wait()
        return str(place)

    assert done(tmp_path / "j", KEYS, do, at_once=3)[0] == [str(place) for place in range(6)]


def test_the_user_reads_how_far_it_is(tmp_path: Path) -> None:
    told: list[str] = []
    keeper, progress = JournalKeeper(tmp_path / "j", "judge"), Progress("judge")

    def do(place: int) -> str:
        told.append(progress.doing)
        return str(place)

    asyncio.run(work_out(KEYS[:3], Work(do, 1, "execution", "v1", "running"), keeper, progress, lambda: False))
    keeper.close()
    assert told == ["running: 0 of 3", "running: 1 of 3", "running: 2 of 3"]


def test_a_stop_lets_end_what_is_at_work_and_begins_nothing_more(tmp_path: Path) -> None:
    begun: list[int] = []

    def do(place: int) -> str:
        begun.append(place)
        return str(place)

    async def stopped() -> None:
        keeper, progress = JournalKeeper(tmp_path / "j", "judge"), Progress("judge")
        work = Work(do, 1, "execution", "v1", "running")
        task = asyncio.create_task(work_out(KEYS, work, keeper, progress, lambda: len(begun) == 2))
        while len(begun) < 2 or progress.in_flight:
            await asyncio.sleep(0)
        assert not task.done()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        keeper.close()

    asyncio.run(stopped())
    assert begun == [0, 1]
    assert done(tmp_path / "j", KEYS[:2], never)[0] == ["0", "1"]


def test_it_costs_no_call(tmp_path: Path) -> None:
    done(tmp_path / "j", KEYS, str)
    with Journal(tmp_path / "j") as journal:
        assert len(journal) == 6
        spent = journal.spent()
    experts = [
        {"name": name, "template": "chatml", "endpoint": {"kind": "openai", "base_url": "http://h/v1", "model": name}}
        for name in ("one", "two")
    ]
    assert spent_so_far(Recipe.model_validate({"name": "demo", "experts": experts}), spent) == Amount()
