"""Run a program against its tests in a process of its own, with limits, and say how it ended.

This is no sandbox. The process runs as the user: it can read the user's files, use the network
and write where the user may. It gets an empty working folder, a bare environment, limits on CPU
time, memory and file size, and an end to its whole process group; code that leaves the group
(`setsid`) escapes that end. The verdict counts only with a token drawn for this run and passed to
the process out of the code's sight, so printing "passed" or leaving early wins nothing; code that
searches the interpreter's frames for the token can still forge one.
"""

import json
import os
import secrets
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

CHILD = Path(__file__).with_name("child.py")


class Outcome(StrEnum):
    """How a program ended. Only `passed` counts as solved."""

    PASSED = "passed"
    FAILED = "failed"
    TIMEOUT = "timeout"
    CRASHED = "crashed"
    NO_CODE = "no_code"


@dataclass(frozen=True)
class Limits:
    """What a program may use. CPU time is the one that decides: on a busy machine wall time proves nothing."""

    cpu_seconds: int = 10
    wall_seconds: int = 60
    memory_bytes: int = 2 * 1024**3
    file_bytes: int = 16 * 1024**2


@dataclass(frozen=True)
class Program:
    """Source code, test code that defines `check(candidate)`, and the name of the candidate."""

    source: str
    test: str
    entry_point: str


@dataclass(frozen=True)
class Run:
    """An outcome and one line on what was found: the error, the signal or the limit."""

    outcome: Outcome
    detail: str = ""


DEFAULT_LIMITS = Limits()


def execute(program: Program, limits: Limits = DEFAULT_LIMITS) -> Run:
    """Run one program to its end or its limits."""
    token = secrets.token_hex(16)
    work = {**asdict(program), "token": token, "limits": asdict(limits)}
    reading, writing = os.pipe()
    try:
        with tempfile.TemporaryDirectory(prefix="warrior-eval-", ignore_cleanup_errors=True) as folder:
            status = _run_child(json.dumps(work).encode(), writing, Path(folder), limits)
        os.set_blocking(reading, False)
        written = _read(reading)
    finally:
        os.close(reading)
        os.close(writing)
    return judge(status, written, token, limits)


def execute_all(programs: Iterable[Program], limits: Limits = DEFAULT_LIMITS) -> Iterator[Run]:
    """Run programs on all cores; the runs come in the programs' order."""
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        yield from pool.map(lambda program: execute(program, limits), programs)


def judge(status: int | None, written: str, token: str, limits: Limits) -> Run:
    """The outcome from what was written and the exit status (None: out of wall time; negative: ended by a signal)."""
    if written.startswith(token):
        (verdict, *found), _ = json.JSONDecoder().raw_decode(written.removeprefix(token))
        detail = ": ".join(part for part in found if part)
        if verdict == "passed":
            return Run(Outcome.PASSED)
        if verdict == "failed":
            return Run(Outcome.FAILED, detail)
        return Run(Outcome.CRASHED, f"{detail} before the tests ended")
    if status is None or status == -signal.SIGALRM:
        return Run(Outcome.TIMEOUT, f"{limits.wall_seconds} s of wall time")
    if status == -signal.SIGXCPU:
        return Run(Outcome.TIMEOUT, f"{limits.cpu_seconds} s of CPU time")
    return Run(Outcome.CRASHED, _signal_name(status) if status < 0 else f"exit code {status} before the tests ended")


def _run_child(work: bytes, writing: int, folder: Path, limits: Limits) -> int | None:
    process = subprocess.Popen(
        [sys.executable, "-I", "-B", str(CHILD), str(writing)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=folder,
        env={"PATH": os.defpath, "HOME": str(folder), "TMPDIR": str(folder), "LANG": "C.UTF-8"},
        pass_fds=(writing,),
        start_new_session=True,
    )
    assert process.stdin is not None
    watched = os.pidfd_open(process.pid)
    try:
        with suppress(BrokenPipeError), process.stdin as pipe:
            pipe.write(work)
        poll = select.poll()
        poll.register(watched, select.POLLIN)
        ended = bool(poll.poll(limits.wall_seconds * 1000))
    finally:
        os.close(watched)
        # Before the process is reaped: until then its number, the group's, cannot be another's.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        status = process.wait()
    return status if ended else None


def _read(descriptor: int) -> str:
    """All that is in a pipe now. A verdict is far smaller than a pipe's buffer."""
    with suppress(BlockingIOError):
        return os.read(descriptor, 1 << 16).decode("utf-8", "replace")
    return ""


def _signal_name(status: int) -> str:
    try:
        return f"ended by {signal.Signals(-status).name}"
    except ValueError:
        return f"ended by signal {-status}"
