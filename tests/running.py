"""`warrior` as a process of its own: started, watched, and what belongs to it counted."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
from scripted_experts import KEY, KEY_VARIABLE

PATIENCE_S = 240.0
"""How long a test waits for something to happen, on a busy machine."""


class Gate(asyncio.Barrier):
    """Holds the requests that come to a scripted server until it is opened."""

    def __init__(self) -> None:
        super().__init__(1)
        self.shut = True

    async def wait(self) -> int:
        while self.shut:
            await asyncio.sleep(0.01)
        return 0


def warrior(*arguments: str | Path, **environment: str) -> subprocess.Popen[str]:
    """Start a command with the scripted experts' key in its environment."""
    command = [sys.executable, "-m", "warriorcoder.cli", *map(str, arguments)]
    env = {**os.environ, KEY_VARIABLE: KEY, **environment}
    return subprocess.Popen(
        command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def ended(process: subprocess.Popen[str], timeout: float = 600) -> tuple[int, str]:
    """Wait for a command to end: its exit code and what it said on standard error."""
    _, said = process.communicate(timeout=timeout)
    return process.returncode, said


def wait_until(happened: Callable[[], object], process: subprocess.Popen[str]) -> None:
    """Look until something is so, while the command is running."""
    deadline = time.monotonic() + PATIENCE_S
    while not happened():
        assert time.monotonic() < deadline, "it never happened"
        try:
            process.wait(timeout=0.05)
        except subprocess.TimeoutExpired:
            continue
        raise AssertionError(f"the command ended before: {process.communicate()[1]}")


def stop(process: subprocess.Popen[str], arena: Path, number: signal.Signals, times: int) -> None:
    """Send a signal, and again once the one before was noticed: two at a time may be delivered as one."""
    noticed = arena / ".work" / "stop"
    for count in range(times):
        while count and process.poll() is None and not noticed.exists():
            time.sleep(0.01)
        process.send_signal(number)


def below(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """All processes under a command."""
    return psutil.Process(process.pid).children(recursive=True)


def asking(processes: list[psutil.Process], url: str) -> psutil.Process | None:
    """The one that has a connection to a server open, if there is one."""
    port = int(url.split(":")[2].partition("/")[0])
    connected = {link.pid for link in psutil.net_connections("tcp") if link.raddr and link.raddr.port == port}
    return next((process for process in processes if process.pid in connected), None)
