"""Keeps answers through the desk of a Ray cluster, as a panel does, and prints what happened as JSON.

`python ray_keeping.py ADDRESS ARENA` is a process of its own: whoever joins a cluster is a part of it.
"""

import asyncio
import json
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import ray

from warriorcoder.errors import WarriorError
from warriorcoder.ids import value_digest
from warriorcoder.pipelines.endpoints.calls import Reply
from warriorcoder.pipelines.endpoints.journal import Journal
from warriorcoder.pipelines.endpoints.ray_keeper import Desk, RayKeeper, open_desk

ANSWERS = 2000
IN_FLIGHT = 64


class Counting:
    """An actor's handle that counts the messages to its method `keep`."""

    def __init__(self, desk: Any) -> None:
        self._desk = desk
        self.keep = self
        self.messages = 0

    def remote(self, entries: Any) -> Any:
        self.messages += 1
        return self._desk.keep.remote(entries)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._desk, name)


def reply(number: int) -> Reply:
    # Half a surrogate pair is what a server leaves of a character that it cut.
    return Reply(f"answer {number} \udc80 ünï", "stop", number, None if number % 2 else 4)


def no_more_room(desk: Desk) -> None:
    """The journal may not grow beyond what it is."""
    desk._writer._journal._connection.execute("PRAGMA max_page_count=1")


async def keep_many(keeper: RayKeeper) -> float:
    places = asyncio.Semaphore(IN_FLIGHT)

    async def one(number: int) -> None:
        async with places:
            await keeper.keep(value_digest(number), "one", "m", reply(number), 0.5)

    begun = time.perf_counter()
    await asyncio.gather(*(one(number) for number in range(ANSWERS)))
    return time.perf_counter() - begun


async def keep_too_much(keeper: RayKeeper) -> list[str]:
    ends = await asyncio.gather(
        *(keeper.keep(value_digest(f"big {n}"), "one", "m", Reply("x" * 500_000), 1.0) for n in range(3)),
        return_exceptions=True,
    )
    return [f"{type(end).__name__}: {end}" for end in ends]


def the_end_of(keeper: RayKeeper) -> str:
    """What a keeper says once its desk has been killed; until the news is there, it may still answer."""
    while True:
        try:
            keeper.spent()
        except WarriorError as error:
            return f"{type(error).__name__}: {error}"


def main() -> None:
    address, arena = sys.argv[1], Path(sys.argv[2])
    ray.init(address=address, log_to_driver=False)
    desk = open_desk(arena / "journal.sqlite", {"A_KEY": "k"})
    first, second = RayKeeper("mine"), RayKeeper("judge")
    counting = first._desk = Counting(first._desk)
    with asyncio.Runner() as runner:
        seconds = runner.run(keep_many(first))
        messages, keys = counting.messages, second.keys()
        digests = [value_digest(number) for number in range(ANSWERS)]
        found = second.look_up([*digests, value_digest("never asked")])
        ray.get(desk.__ray_call__.remote(no_more_room))
        too_much = runner.run(keep_too_much(first))
    first.close()
    spent = {"/".join(key): asdict(value) for key, value in first.spent().items()}
    ray.kill(desk)
    ended = the_end_of(second)
    with Journal(arena / "journal.sqlite") as journal:
        same = all(journal.get(digest) == reply(number) for number, digest in enumerate(digests))
    print(
        json.dumps(
            {
                "seconds": seconds,
                "messages": messages,
                "found": len(found),
                "alike": all(found[digest] == reply(number) for number, digest in enumerate(digests)),
                "on disk": same,
                "busy": [first.busy_seconds, second.busy_seconds],
                "keys": keys,
                "too much": too_much,
                "spent": spent,
                "ended": ended,
            }
        )
    )


if __name__ == "__main__":
    main()
