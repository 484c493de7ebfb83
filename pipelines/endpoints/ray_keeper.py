"""The journal on a Ray cluster: one process on one machine has the file, and every panel asks that process.

SQLite's write-ahead log works for the processes of one machine alone: they share memory. So the
journal, and the keys of the endpoints, lie with one Ray actor, the desk, on the machine where
`warrior` was started. Look-ups go there many keys at a time. Answers go there as they come: while
one batch is on its way, the next one gathers, so that 64 calls in flight are a few messages.

The desk hands the keys out from memory to memory. Ray's own way, the runtime environment, would
put them into files and on the command lines of processes.
"""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from warriorcoder.errors import ArenaError, RunFailed, WarriorError
from warriorcoder.pipelines.endpoints.calls import Reply
from warriorcoder.pipelines.endpoints.journal import Entry, Journal, Spent
from warriorcoder.pipelines.endpoints.journal.writer import JournalWriter

DESK = "warriorcoder-journal"
"""The actor's name in the run's namespace."""

LONGEST_CAUSE = 300

MOST_AT_ONCE = 1024
"""Answers in one message."""


class Desk:
    """What the actor does: keep the journal, and hand out keys by the names of their variables."""

    async def open(self, journal_path: Path, keys: dict[str, str]) -> None:
        """Begin. The keys come in a message to the running actor: Ray keeps a note of what an actor is made with."""
        self._journal = Journal(journal_path)
        self._writer = JournalWriter(journal_path)
        self._keys = keys

    async def keys(self) -> dict[str, str]:
        return self._keys

    async def look_up(self, keys: list[str]) -> dict[str, Reply]:
        found = self._journal.get_many(keys)
        for key in found:
            self._writer.used(key)
        return found

    async def keep(self, entries: list[Entry]) -> tuple[list[str | None], float]:
        """Store answers; what went wrong with each, None for nothing, and how long writing has taken by now."""
        ends = await asyncio.gather(*(self._writer.keep(entry) for entry in entries), return_exceptions=True)
        return [None if end is None else str(end) for end in ends], self._writer.busy_seconds

    async def spent(self) -> dict[tuple[str, str], Spent]:
        return self._journal.spent()

    async def finish(self, stage: str) -> None:
        await asyncio.to_thread(self._writer.flush)
        self._journal.finish_stage(stage, self._journal.run)

    async def flush(self) -> float:
        """Have everything on disk; how long writing has taken by now."""
        await asyncio.to_thread(self._writer.flush)
        return self._writer.busy_seconds


def open_desk(journal_path: Path, keys: Mapping[str, str]) -> Any:
    """Start the desk on this machine, and give its handle: the desk ends with it, at the latest with this process.

    Ray must have been joined. Raises ArenaError where the journal cannot be opened.
    """
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    options = {"name": DESK, "num_cpus": 0, "scheduling_strategy": here, "max_restarts": 0}
    desk = ray.remote(Desk).options(**options).remote()
    _get(desk.open.remote(journal_path, dict(keys)))
    return desk


class RayKeeper:
    """A panel's way to the desk.

    Raises what the journal raises, and RunFailed where the desk has ended. `busy_seconds` is how
    long the desk took to write since this keeper is there.
    """

    def __init__(self, stage: str) -> None:
        import ray

        self._stage = stage
        self._desk = ray.get_actor(DESK)
        self._waiting: list[tuple[Entry, asyncio.Future[None]]] = []
        self._sending: asyncio.Task[None] | None = None
        self._busy_before: float = _get(self._desk.flush.remote())
        self.busy_seconds = 0.0

    def keys(self) -> dict[str, str]:
        """The endpoints' keys, by the names of their environment variables."""
        keys: dict[str, str] = _get(self._desk.keys.remote())
        return keys

    def look_up(self, keys: Sequence[str]) -> dict[str, Reply]:
        found: dict[str, Reply] = _get(self._desk.look_up.remote(list(keys)))
        return found

    async def keep(self, key: str, expert: str, model: str, reply: Reply, seconds: float) -> None:
        kept: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((Entry(key, expert, model, self._stage, reply, seconds), kept))
        if self._sending is None or self._sending.done():
            self._sending = asyncio.create_task(self._send())
        await kept

    async def _send(self) -> None:
        """Send what waits, one message after the other, until nothing does."""
        while self._waiting:
            batch, self._waiting = self._waiting[:MOST_AT_ONCE], self._waiting[MOST_AT_ONCE:]
            try:
                ends, busy = await self._desk.keep.remote([entry for entry, _ in batch])
            except Exception as error:
                ended = _in_our_words(error)
                for _, kept in batch:
                    if not kept.done():
                        kept.set_exception(ended)
                continue
            self.busy_seconds = busy - self._busy_before
            for (_, kept), end in zip(batch, ends, strict=True):
                if kept.done():
                    continue
                if end is None:
                    kept.set_result(None)
                else:
                    kept.set_exception(ArenaError(end))

    def spent(self) -> dict[tuple[str, str], Spent]:
        spent: dict[tuple[str, str], Spent] = _get(self._desk.spent.remote())
        return spent

    def finish(self) -> None:
        """Note that the stage came to its end in this run."""
        _get(self._desk.finish.remote(self._stage))

    def close(self) -> None:
        """Write what is still to be written. The desk stays, for the next stage."""
        _get(self._desk.flush.remote())


def _get(answer: Any) -> Any:
    """What the desk answers, waited for. Raises what went wrong there."""
    import ray

    try:
        return ray.get(answer)
    except ray.exceptions.RayError as error:
        raise _in_our_words(error) from error


def _in_our_words(error: Exception) -> Exception:
    """The desk's own error without Ray's around it; RunFailed where the desk has ended."""
    import ray

    if isinstance(error, ray.exceptions.RayTaskError) and isinstance(error.cause, WarriorError):
        return error.cause
    if isinstance(error, ray.exceptions.RayActorError):
        return RunFailed(
            f"the process that keeps the journal on the cluster has ended: {cause_of_death(error)}. "
            "Everything kept so far stays; the same command goes on from here."
        )
    return error


def cause_of_death(error: Exception) -> str:
    """What Ray says of an actor's death, and of its machine, without its list of identities and its advice."""
    text = str(error)
    machine = text.rpartition("\tip: ")[2].partition("\n")[0].strip() if "\tip: " in text else "unknown"
    said = text.rpartition("Worker exit detail: ")[2] if "Worker exit detail: " in text else text.splitlines()[-1]
    said = " ".join(said.partition(" Some common causes")[0].split()).rstrip(".")
    return f"{said[:LONGEST_CAUSE]} (machine {machine})"
