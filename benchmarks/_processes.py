"""Processes under measure: none of their descendants gets away, whoever its parent was."""

import ctypes
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

_PR_SET_CHILD_SUBREAPER = 36
HERE = Path(__file__).resolve().parent


def adopt_orphans() -> None:
    """Have the kernel give this process the orphans among its descendants (Linux), so that they can be counted."""
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1) != 0:
        raise OSError(ctypes.get_errno(), "this benchmark needs Linux, to count processes whose parent is gone")


def start(command: Sequence[str], log: Path) -> "subprocess.Popen[bytes]":
    """Start a command in a session of its own; what it prints goes to the end of a log file."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True)


def warrior(*arguments: str) -> list[str]:
    """The command line of `warrior`, in the environment that runs the benchmark."""
    return [sys.executable, "-m", "warriorcoder.cli", *arguments]


def run(command: Sequence[str], log: Path, within: float = 3600.0) -> None:
    """Run a command to its end. Raises RuntimeError with the end of its log where it fails."""
    process = start(command, log)
    try:
        code = process.wait(within)
    except subprocess.TimeoutExpired:
        end_all([process.pid])
        process.wait()
        raise RuntimeError(f"{' '.join(command)}: not at its end after {within:g} s; its log: {log}") from None
    if code != 0:
        tail = log.read_text(errors="replace")[-2000:]
        raise RuntimeError(f"{' '.join(command)}: exit code {code}\n{tail}")


@dataclass(frozen=True)
class Cost:
    """What a command took: CPU seconds (user and system) of all its processes, and seconds from start to end."""

    cpu: float
    wall: float


def cost_of(command: Sequence[str], log: Path) -> Cost:
    """Run a command and all that it starts to their end, and count their CPU time."""
    with tempfile.NamedTemporaryFile(suffix=".json") as result:
        run([sys.executable, str(HERE / "_cpu_time.py"), result.name, *command], log)
        return Cost(**json.loads(Path(result.name).read_bytes()))


def descendants(pid: int) -> list[psutil.Process]:
    """The living descendants of a process."""
    try:
        found = psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []
    return [process for process in found if is_alive(process)]


def is_alive(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def strays(known: Iterable[int]) -> list[psutil.Process]:
    """The living children of this process, adopted orphans among them, but for those known; the dead are reaped."""
    known = set(known)
    found = []
    for process in psutil.Process().children():
        if process.pid in known:
            continue
        with suppress(ChildProcessError):
            os.waitpid(process.pid, os.WNOHANG)
        if is_alive(process):
            found.append(process)
    return found


def end_all(pids: Iterable[int]) -> None:
    """End processes and all their descendants."""
    for pid in pids:
        for process in [*descendants(pid), *_process(pid)]:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGKILL)


def _process(pid: int) -> list[psutil.Process]:
    with suppress(psutil.NoSuchProcess):
        return [psutil.Process(pid)]
    return []


def proportional_memory(pid: int) -> int:
    """Bytes of a process and all its descendants, shared pages counted once among them (PSS)."""
    total = 0
    for process in [*_process(pid), *descendants(pid)]:
        with suppress(OSError):
            for line in Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += 1024 * int(line.split()[1])
    return total


def wait_until_gone(known: Iterable[int], within: float) -> tuple[list[psutil.Process], float]:
    """Wait until this process has no child but those known. The ones left at the end, and the seconds it took."""
    began = time.monotonic()
    known = set(known)
    while left := strays(known):
        if time.monotonic() - began > within:
            break
        time.sleep(0.01)
    return left, time.monotonic() - began
