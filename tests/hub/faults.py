"""Faults to order: which request goes wrong, and how."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Lock


@dataclass
class Fault:
    """What happens to the next `times` requests whose "METHOD path" has `match`, after the first `skip` of them.

    One of: `status`, answered instead; `reset_after`, the connection is reset after so many bytes of the body;
    `lost`, the request is carried out and the connection is reset instead of an answer. `before` is called first.
    """

    match: str
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    reset_after: int | None = None
    lost: bool = False
    before: Callable[[], object] | None = None
    times: int = 1
    skip: int = 0


class Faults:
    """The faults that are still to happen. Several threads ask."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []
        self._lock = Lock()

    def order(self, *faults: Fault) -> None:
        with self._lock:
            self._waiting += faults

    def clear(self) -> None:
        with self._lock:
            self._waiting.clear()

    @property
    def left(self) -> list[str]:
        """What has not happened yet, so that a test sees when it waited for a request that never came."""
        with self._lock:
            return [fault.match for fault in self._waiting]

    def take(self, line: str) -> Fault | None:
        with self._lock:
            for fault in self._waiting:
                if re.search(fault.match, line):
                    if fault.skip:
                        fault.skip -= 1
                        continue
                    fault.times -= 1
                    if not fault.times:
                        self._waiting.remove(fault)
                    return fault
        return None
