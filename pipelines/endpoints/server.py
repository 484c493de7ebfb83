"""One server as the exchange sees it: what is in flight, what it takes, and whether it is there at all."""

import random
from enum import Enum, auto

from warriorcoder.pipelines.endpoints.faults import Fault, FaultKind
from warriorcoder.pipelines.endpoints.limits import AdaptiveLimit

OPENS_AFTER = 8
"""Faults in a row, without an answer between them, that open the breaker."""

LONGEST_PAUSE_SECONDS = 30.0


class Breaker(Enum):
    """CLOSED: calls go through. OPEN: none does. HALF_OPEN: one does, to see."""

    CLOSED = auto()
    OPEN = auto()
    HALF_OPEN = auto()


def backoff(tries: int) -> float:
    """How long to wait after so many tries: doubled each time, with jitter so that calls do not return together."""
    return min(LONGEST_PAUSE_SECONDS, random.uniform(0.5, 1.0) * 2.0 ** min(tries - 1, 10))


class Server:
    """A server's limit, breaker and troubles. All times are seconds of one steady clock, given by the caller."""

    def __init__(self, name: str, concurrency: int) -> None:
        self.name = name
        self.in_flight = 0
        self.limit = AdaptiveLimit(concurrency)
        self.answered_at = float("-inf")
        self.trouble_since: float | None = None
        """When the first fault came after the last answer; None while the last word was an answer."""
        self.last_fault: Fault | None = None
        self._faults = 0
        self._pauses = 0
        self._closed_until = 0.0

    def breaker(self, now: float) -> Breaker:
        """The state of the breaker."""
        if self._faults < OPENS_AFTER:
            return Breaker.CLOSED
        return Breaker.OPEN if now < self._closed_until else Breaker.HALF_OPEN

    def free(self, now: float) -> int:
        """How many more calls may begin now."""
        if now < self._closed_until:
            return 0
        allowed = self.limit.allowed if self._faults < OPENS_AFTER else 1
        return max(0, allowed - self.in_flight)

    @property
    def closed_until(self) -> float:
        """No call begins before this time."""
        return self._closed_until

    def troubled_for(self, now: float) -> float:
        """How many seconds ago the first fault came after the last answer; 0 where the last word was an answer."""
        return 0.0 if self.trouble_since is None else now - self.trouble_since

    def answered(self, now: float) -> None:
        """Take note of an answer: the server is there."""
        self.limit.answered()
        self.answered_at = now
        self.trouble_since = self.last_fault = None
        self._faults = self._pauses = 0

    def failed(self, fault: Fault, begun: float, now: float) -> None:
        """Take note of a fault that may pass."""
        self.trouble_since = now if self.trouble_since is None else self.trouble_since
        self.last_fault = fault
        if fault.kind is FaultKind.THROTTLED:
            self.limit.refused(begun, now)
        else:
            self._faults += 1
        if fault.wait is not None:
            self._closed_until = max(self._closed_until, now + fault.wait)
        elif self._faults >= OPENS_AFTER and now >= self._closed_until:
            self._pauses += 1
            self._closed_until = now + backoff(self._pauses)
