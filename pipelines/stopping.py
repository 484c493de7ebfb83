"""The user's wish to stop: Ctrl-C, a signal, a lost terminal."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from warriorcoder.errors import RunFailed

SETTLE_SECONDS = 1.0


class Interrupted(RunFailed):
    """The user stopped the run, by the signal of this number. The same command goes on where it was."""

    def __init__(self, number: int) -> None:
        super().__init__("stopped. Everything answered so far is kept; the same command goes on from here.")
        self.exit_code = 128 + number


class Stop:
    """How often the user asked for an end, and by which signal."""

    def __init__(self) -> None:
        self.asked = 0
        self.at_once = False
        self.since = 0.0
        self.number = signal.SIGINT

    @property
    def settled(self) -> bool:
        """Whether the stages have had the time to see the stop and to say what is in flight."""
        return time.monotonic() - self.since > SETTLE_SECONDS


@contextmanager
def signals() -> Iterator[Stop]:
    """Count Ctrl-C, and take SIGTERM and a lost terminal as an order to end at once."""
    stop = Stop()

    def interrupt(number: int, frame: FrameType | None) -> None:
        stop.asked += 1
        stop.number = signal.Signals(number)
        stop.since = stop.since or time.monotonic()
        stop.at_once = stop.at_once or stop.asked > 1 or number != signal.SIGINT

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, interrupt) for number in numbers}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
