"""The benchmarks' server as they hold it: started, told how to behave, asked what came."""

import json
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Request:
    """One request, as the server saw it. Times in monotonic seconds, which all processes of a machine share."""

    digest: str
    model: str
    attempt: int
    arrived: float
    ended: float
    outcome: str

    @property
    def answered(self) -> bool:
        return self.outcome == "answer"


@dataclass(frozen=True)
class Report:
    """What came to the server, in order of arrival; bodies by digest where it was told to keep them."""

    requests: list[Request]
    bodies: dict[str, Any]
    most_in_flight: dict[str, int]

    @property
    def outcomes(self) -> Counter[str]:
        return Counter(request.outcome for request in self.requests)

    @property
    def seconds(self) -> float:
        """From the first request to the last answer."""
        ends = [request.ended for request in self.requests if request.answered]
        return max(ends) - self.requests[0].arrived

    @property
    def answered(self) -> list[Request]:
        return [request for request in self.requests if request.answered]


class Loopback:
    """The running server."""

    def __init__(self, port: int, process: "subprocess.Popen[str]") -> None:
        self._root = f"http://127.0.0.1:{port}"
        self.url = self._root + "/v1"
        self.pid = process.pid

    def behave(self, **settings: Any) -> None:
        """Forget what came, and behave so (`_server.Settings`) from now on."""
        self._call("/behave", json.dumps(settings).encode())

    def report(self) -> Report:
        found = self._call("/report")
        return Report([Request(*each) for each in found["records"]], found["bodies"], found["most_in_flight"])

    def count(self) -> int:
        """How many requests came."""
        return int(self._call("/count")["requests"])

    def wait_for_first(self, since: float, within: float) -> float:
        """Seconds from the moment `since` to the arrival of the first request. Raises TimeoutError."""
        while time.monotonic() < since + within:
            if first := self._call("/count")["first"]:
                return float(first) - since
            time.sleep(0.05)
        raise TimeoutError(f"no request within {within:g} s")

    def _call(self, path: str, body: bytes | None = None) -> Any:
        # A fresh connection: an idle one may be cut between two looks at it.
        with urllib.request.urlopen(urllib.request.Request(self._root + path, body), timeout=60) as response:
            return json.loads(response.read())


@contextmanager
def loopback(**settings: Any) -> Iterator[Loopback]:
    """A server until the block ends; its process is not among those that are measured."""
    process = subprocess.Popen(
        [sys.executable, str(HERE / "_server.py"), json.dumps(settings)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield Loopback(int(process.stdout.readline()), process)
    finally:
        process.kill()
        process.wait()
