"""An exchange in a thread of its own, so that calls go on while their first replies are used."""

import asyncio
import threading
from collections.abc import Sequence
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Self

from warriorcoder.pipelines.endpoints.calls import Call, Reply
from warriorcoder.pipelines.endpoints.exchange import Exchange
from warriorcoder.pipelines.endpoints.progress import Progress

LOOKS_EVERY_SECONDS = 0.1

Placed = tuple[int, Reply]
"""A reply and its call's place."""


class Conversation:
    """Asks the calls inside the block. `stop` is what the exchange was given as `is_stopped`.

    Leaving the block early hangs up: calls in flight are lost.
    """

    def __init__(self, exchange: Exchange, progress: Progress, stop: threading.Event, calls: Sequence[Call]) -> None:
        self._exchange = exchange
        self._progress = progress
        self._stop = stop
        self._calls = calls
        self._replies: SimpleQueue[Placed | None] = SimpleQueue()
        self._hung_up = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="asking")
        self.is_over = False

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._hung_up.set()
        self._thread.join()

    def take(self, seconds: float) -> list[Placed]:
        """What has come since; waits so long for a first reply. `is_over` says afterwards whether it was the last."""
        taken: list[Placed] = []
        try:
            reply = self._replies.get(timeout=seconds)
            while reply is not None:
                taken.append(reply)
                reply = self._replies.get_nowait()
            self.is_over = True
        except Empty:
            pass
        return taken

    def finish(self) -> None:
        """Begin no further call; those in flight end."""
        self._stop.set()

    def end(self) -> None:
        """Raises what the conversation ended with before all was asked."""
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            asyncio.run(self._ask())
        except asyncio.CancelledError:
            # It was told to end; who told it knows.
            pass
        except BaseException as error:
            self._error = error
        finally:
            self._replies.put(None)

    async def _ask(self) -> None:
        asking = asyncio.create_task(
            self._exchange.ask(self._calls, len(self._calls), lambda place, reply: self._replies.put((place, reply)))
        )
        while not asking.done():
            await asyncio.wait([asking], timeout=LOOKS_EVERY_SECONDS)
            # A stopped exchange asks nothing more, and waits to be ended from outside.
            if self._hung_up.is_set() or (self._stop.is_set() and not self._progress.in_flight):
                asking.cancel()
                break
        await asking
