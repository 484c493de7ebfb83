"""Where answers are kept, as the exchange sees it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from warriorcoder.pipelines.endpoints.calls import Reply
from warriorcoder.pipelines.endpoints.journal import Entry, Journal, Spent
from warriorcoder.pipelines.endpoints.journal.writer import JournalWriter


class Keeper(Protocol):
    """Looks answers up, and keeps new ones."""

    def look_up(self, keys: Sequence[str]) -> dict[str, Reply]:
        """The answers that are there, by key."""

    async def keep(self, key: str, expert: str, model: str, reply: Reply, seconds: float) -> None:
        """Keep an answer that took so many seconds; it is durable on return. Raises ArenaError where it cannot be."""

    def spent(self) -> dict[tuple[str, str], Spent]:
        """What all answers so far took, by stage and expert."""


class JournalKeeper:
    """Keeps in the journal file of an arena on this machine."""

    def __init__(self, path: Path, stage: str) -> None:
        self._stage = stage
        self._journal = Journal(path)
        self._writer = JournalWriter(path)

    def look_up(self, keys: Sequence[str]) -> dict[str, Reply]:
        found = self._journal.get_many(keys)
        for key in found:
            self._writer.used(key)
        return found

    async def keep(self, key: str, expert: str, model: str, reply: Reply, seconds: float) -> None:
        await self._writer.keep(Entry(key, expert, model, self._stage, reply, seconds))

    def spent(self) -> dict[tuple[str, str], Spent]:
        return self._journal.spent()

    def finish(self) -> None:
        """Note that the stage came to its end in this run."""
        # An answer whose use is not noted yet would be one that the stage did not use.
        self._writer.flush()
        self._journal.finish_stage(self._stage, self._journal.run)

    @property
    def busy_seconds(self) -> float:
        """How long writing has taken."""
        return self._writer.busy_seconds

    def close(self) -> None:
        """Write what is still to be written."""
        self._writer.close()
        self._journal.close()


class NothingKept:
    """For questions that are asked to learn about an endpoint: every answer must be a fresh one."""

    def look_up(self, keys: Sequence[str]) -> dict[str, Reply]:
        return {}

    async def keep(self, key: str, expert: str, model: str, reply: Reply, seconds: float) -> None:
        return None

    def spent(self) -> dict[tuple[str, str], Spent]:
        return {}
