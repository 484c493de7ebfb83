"""Writes answers to the journal in a thread of its own: what waits is written in one transaction."""

import asyncio
import threading
import time
from pathlib import Path
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Self

from warriorcoder.errors import ArenaError
from warriorcoder.pipelines.endpoints.journal.rows import Entry, Row, to_row
from warriorcoder.pipelines.endpoints.journal.store import Journal

MOST_AT_ONCE = 1024
"""Answers in one transaction; more wait for the next."""

_MARKS_AT_ONCE = 1000

_Waiting = tuple[Row, "asyncio.Future[None]"]
_Order = _Waiting | threading.Event | None
"""An answer and who waits for it; an event to set when all before it is on disk; None: the end."""


class JournalWriter:
    """Keeps answers that come from an event loop, many at once, with one flush to disk for all that wait.

    `busy_seconds` is the time spent writing, `rescued` the journal's word on a damaged file.
    Raises what Journal raises.
    """

    def __init__(self, journal_path: Path) -> None:
        self.busy_seconds = 0.0
        self._journal = Journal(journal_path)
        self.rescued = self._journal.rescued
        self._orders: SimpleQueue[_Order] = SimpleQueue()
        self._used: list[bytes] = []
        self._unmarked: list[bytes] = []
        self._trouble: ArenaError | None = None
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="journal", daemon=True)
        self._thread.start()

    async def keep(self, entry: Entry) -> None:
        """Store an answer; on return it is on disk. The first answer to a call stands.

        Raises ArenaError where it cannot be written; the next answer is tried all the same. Raises
        ValueError for an error, and RuntimeError after `close`.
        """
        if self._closed:
            raise RuntimeError("the journal is closed")
        row = to_row(entry)
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._orders.put((row, future))
        await future

    def used(self, key: str) -> None:
        """Keep that this run used an answer. Written with the next answers, at the latest by `flush` or `close`."""
        self._used.append(bytes.fromhex(key))
        if len(self._used) == _MARKS_AT_ONCE:
            self._orders.put(threading.Event())

    def flush(self) -> None:
        """Wait until all that was given is on disk. Raises ArenaError where marks of used answers cannot be written."""
        written = threading.Event()
        self._orders.put(written)
        written.wait()
        if self._trouble:
            raise ArenaError(str(self._trouble))

    def close(self) -> None:
        """Write what waits and end the thread. Raises ArenaError as `flush` does."""
        if self._closed:
            return
        self._closed = True
        self._orders.put(None)
        self._thread.join()
        self._journal.close()
        if self._trouble:
            raise self._trouble

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _work(self) -> None:
        ended = False
        while not ended:
            batch, events, ended = self._gather()
            begun = time.perf_counter()
            self._write(batch)
            self.busy_seconds += time.perf_counter() - begun
            for event in events:
                event.set()

    def _gather(self) -> tuple[list[_Waiting], list[threading.Event], bool]:
        """What waits now; waits for something where nothing does."""
        batch: list[_Waiting] = []
        events: list[threading.Event] = []
        order = self._orders.get()
        while True:
            if order is None:
                return batch, events, True
            if isinstance(order, threading.Event):
                events.append(order)
            else:
                batch.append(order)
            if len(batch) >= MOST_AT_ONCE:
                return batch, events, False
            try:
                order = self._orders.get_nowait()
            except Empty:
                return batch, events, False

    def _write(self, batch: list[_Waiting]) -> None:
        used, self._used = self._used, []
        self._unmarked += used
        try:
            self._journal.write([row for row, _ in batch], self._unmarked)
        except Exception as error:
            self._trouble = error if isinstance(error, ArenaError) else ArenaError(f"{self._journal.path}: {error!r}")
        else:
            self._unmarked, self._trouble = [], None
        _tell([future for _, future in batch], self._trouble)


def _tell(futures: list["asyncio.Future[None]"], trouble: ArenaError | None) -> None:
    """Wake those who wait for a batch: one call into each event loop."""
    by_loop: dict[asyncio.AbstractEventLoop, list[asyncio.Future[None]]] = {}
    for future in futures:
        by_loop.setdefault(future.get_loop(), []).append(future)
    for loop, its in by_loop.items():
        try:
            loop.call_soon_threadsafe(_settle, its, trouble)
        except RuntimeError:
            # The loop was closed meanwhile: nobody waits any more.
            continue


def _settle(futures: list["asyncio.Future[None]"], trouble: ArenaError | None) -> None:
    for future in futures:
        if future.done():
            continue
        if trouble is None:
            future.set_result(None)
        else:
            future.set_exception(ArenaError(str(trouble)))
