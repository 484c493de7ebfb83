"""Answers that no endpoint gives: worked out on this machine, several at once, and kept like all others."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from warriorcoder.pipelines.endpoints.calls import Reply
from warriorcoder.pipelines.endpoints.keeping import Keeper
from warriorcoder.pipelines.endpoints.progress import Progress

LOOKED_UP_AT_ONCE = 256


@dataclass(frozen=True)
class Work:
    """What is to be done: `do` gives the text for a place among the tasks, in a thread, `at_once` of them together.

    `by` and `version` say who does it, by which version of its rules: the journal's `expert` and `model`. `called` is
    what the user reads, followed by how far it is.
    """

    do: Callable[[int], str]
    at_once: int
    by: str
    version: str
    called: str


async def work_out(
    keys: Sequence[str], work: Work, keeper: Keeper, progress: Progress, is_stopped: Callable[[], bool]
) -> list[str]:
    """The texts of the tasks with these keys, in their order.

    A task is looked up first, and done once where it was never done; equal keys are one task. Every text is durable
    before it is given out. It costs no call and no token. Raises what `do` raises, and ArenaError where nothing can
    be kept.
    """
    first: dict[str, int] = {}
    for place, key in enumerate(keys):
        first.setdefault(key, place)
    found: dict[str, str] = {}
    every = list(first)
    for start in range(0, len(every), LOOKED_UP_AT_ONCE):
        found |= {key: reply.text for key, reply in keeper.look_up(every[start : start + LOOKED_UP_AT_ONCE]).items()}
        await asyncio.sleep(0)
    open_ = iter([key for key in every if key not in found])

    def tell() -> None:
        progress.doing = f"{work.called}: {len(found):,} of {len(every):,}" if len(found) < len(every) else ""

    async def take(tasks: Iterator[str], threads: ThreadPoolExecutor) -> None:
        for key in tasks:
            if is_stopped():
                # The run is being stopped: this process is ended from outside, with nothing half done.
                await asyncio.Event().wait()
            begun = time.monotonic()
            progress.in_flight += 1
            try:
                text = await asyncio.get_running_loop().run_in_executor(threads, work.do, first[key])
                reply = Reply(text, "stop", 0, 0)
                await keeper.keep(key, work.by, work.version, reply, time.monotonic() - begun)
            finally:
                progress.in_flight -= 1
            found[key] = text
            tell()

    tell()
    with ThreadPoolExecutor(work.at_once) as threads:
        workers = [asyncio.create_task(take(open_, threads)) for _ in range(work.at_once)]
        try:
            await asyncio.gather(*workers)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
            progress.doing = ""
    return [found[key] for key in keys]
