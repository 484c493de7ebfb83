"""A clock that runs faster, so that waiting for a server takes a moment."""

import time
from types import SimpleNamespace

import pytest

from warriorcoder.pipelines.endpoints import exchange

SPEED = 300.0


def speed_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the exchange's clock run 300 times as fast in this process."""
    began = time.monotonic()
    clock = SimpleNamespace(monotonic=lambda: began + (time.monotonic() - began) * SPEED)
    monkeypatch.setattr(exchange, "time", clock)
    monkeypatch.setattr(exchange, "LOOKS_EVERY_SECONDS", 0.002)
