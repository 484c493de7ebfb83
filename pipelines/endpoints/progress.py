"""How far a stage is: one small file a stage, written by the stage's process, read by the panel."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

WRITE_EVERY_SECONDS = 0.25


@dataclass
class Progress:
    """Counts of one stage: calls, tokens and dollars so far (dollars of the priced experts alone)."""

    stage: str
    total: int = 0
    done: int = 0
    replayed: int = 0
    in_flight: int = 0
    retries: int = 0
    failed: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    dollars: float = 0.0


class ProgressFile:
    """Keeps a Progress on disk."""

    def __init__(self, folder: Path, stage: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / f"{stage}.json"
        self.progress = Progress(stage)

    def write(self) -> None:
        beside = self._path.with_suffix(f".{os.getpid()}")
        beside.write_text(json.dumps(asdict(self.progress)), encoding="utf-8")
        beside.replace(self._path)

    @asynccontextmanager
    async def kept_up(self) -> AsyncIterator[None]:
        """Write a few times a second while the block runs, and at its end."""

        async def write_on() -> None:
            while True:
                self.write()
                await asyncio.sleep(WRITE_EVERY_SECONDS)

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
