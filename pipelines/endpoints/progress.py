"""How far a stage is: one small file a stage, written by the stage's process, read by the panel."""

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from warriorcoder.pipelines.endpoints.calls import Reply

WRITE_EVERY_SECONDS = 0.25


@dataclass
class Progress:
    """One stage so far: calls, tokens, dollars (of the priced experts alone), and what the user should know.

    `began` is when it first asked (Unix time, 0 before). `replayed` are the calls that the journal
    answered; tokens and dollars count them like the others. `asked_dollars` is what the arena has
    cost so far, over all stages and runs, as of the last answer that was asked for. `asked_seconds`
    is the time that these answers took, added up, `journal_seconds` the time that writing them took.
    `experts` has each expert's share: calls, input_tokens, output_tokens, and unmetered, the answers
    whose tokens nobody counted. `doing` is what the stage does beside its calls, "" for nothing.
    """

    stage: str
    began: float = 0.0
    total: int = 0
    done: int = 0
    replayed: int = 0
    in_flight: int = 0
    retries: int = 0
    failed: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    dollars: float = 0.0
    asked_dollars: float = 0.0
    asked_seconds: float = 0.0
    journal_seconds: float = 0.0
    doing: str = ""
    notes: list[str] = field(default_factory=list)
    experts: dict[str, dict[str, int]] = field(default_factory=dict)

    def count(self, expert: str, reply: Reply, dollars: float) -> None:
        """Add a call that has ended, and what its answer cost, wherever the answer came from."""
        self.done += 1
        if reply.error is not None:
            self.failed += 1
            return
        share = self.experts.setdefault(expert, {"calls": 0, "input_tokens": 0, "output_tokens": 0, "unmetered": 0})
        share["calls"] += 1
        share["unmetered"] += reply.input_tokens is None or reply.output_tokens is None
        for key, tokens in (("input_tokens", reply.input_tokens or 0), ("output_tokens", reply.output_tokens or 0)):
            share[key] += tokens
        self.input_tokens += reply.input_tokens or 0
        self.output_tokens += reply.output_tokens or 0
        self.dollars += dollars


class ProgressFile:
    """Keeps a Progress on disk."""

    def __init__(self, folder: Path, stage: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / f"{stage}.json"
        self.progress = Progress(stage)

    def write(self) -> None:
        beside = self._path.with_suffix(f".{os.getpid()}")
        # It is for the eyes alone: where the disk is full, the journal says so.
        with suppress(OSError):
            beside.write_text(json.dumps(asdict(self.progress)), encoding="utf-8")
            beside.replace(self._path)

    @asynccontextmanager
    async def kept_up(self) -> AsyncIterator[None]:
        """Write a few times a second while the block runs, and at its end."""

        async def write_on() -> None:
            while True:
                self.write()
                await asyncio.sleep(WRITE_EVERY_SECONDS)

        self.progress.began = self.progress.began or time.time()
        writing = asyncio.create_task(write_on())
        try:
            yield
        finally:
            writing.cancel()
            self.write()


def read_progress(folder: Path) -> dict[str, Progress]:
    """The progress of every stage that has begun, by stage."""
    found = {}
    for file in sorted(folder.glob("*.json")):
        progress = Progress(**json.loads(file.read_text(encoding="utf-8")))
        found[progress.stage] = progress
    return found
