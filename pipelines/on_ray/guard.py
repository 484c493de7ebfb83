"""Ends a Ray of our own, to its last process and file, however the run ends.

`python -m warriorcoder.pipelines.on_ray.guard COMMAND…` runs a command, with a fresh temporary
folder as its last argument, and gives its exit code. When the command ends, or when the guard's
standard input is closed, as it is by the end of the process that started the guard, kill -9
included, everything that the command started is killed and the folder removed.

Ray's daemons end with the process that started them, but those that they start in turn do so a
minute later, or in sessions of their own. The guard is where the kernel puts every orphan among
its descendants (Linux), so none can get away.
"""

import ctypes
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36
_POLL_SECONDS = 0.1
_LONGEST_FOLDER = 19
"""Ray puts sockets below the folder, and their paths may have 107 characters."""


def main() -> None:
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)
    usual = tempfile.gettempdir()
    folder = Path(tempfile.mkdtemp(prefix="warrior-ray-", dir=usual if len(usual) <= _LONGEST_FOLDER else "/tmp"))
    try:
        command = subprocess.Popen([*sys.argv[1:], str(folder)], stdin=subprocess.DEVNULL)
        sys.exit(_end_of(command.pid))
    finally:
        _end_all()
        shutil.rmtree(folder, ignore_errors=True)


def _end_of(pid: int) -> int:
    """Wait for a process, or for the end of the standard input. The exit code, as a shell gives it."""
    while True:
        for ended, status in _reap():
            if ended == pid:
                code = os.waitstatus_to_exitcode(status)
                return code if code >= 0 else 128 - code
        if select.select([sys.stdin], [], [], _POLL_SECONDS)[0] and not os.read(sys.stdin.fileno(), 1024):
            return 1


def _reap() -> list[tuple[int, int]]:
    """The children that have ended, orphans that were put here included, with their wait statuses."""
    ended = []
    with suppress(ChildProcessError):
        while (child := os.waitpid(-1, os.WNOHANG))[0]:
            ended.append(child)
    return ended


def _end_all() -> None:
    """Kill all descendants, and those that they start meanwhile."""
    while descendants := _descendants():
        for pid in descendants:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        _reap()
        time.sleep(0.01)


def _descendants() -> list[int]:
    """The processes below this one, as Linux lists them."""
    children: dict[int, list[int]] = {}
    for file in Path("/proc").glob("[0-9]*/stat"):
        # It may end while it is looked at.
        with suppress(OSError):
            parent = file.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[1]
            children.setdefault(int(parent), []).append(int(file.parent.name))
    found: list[int] = []
    below = children.get(os.getpid(), [])
    while below:
        found += below
        below = [pid for parent in below for pid in children.get(parent, [])]
    return found


if __name__ == "__main__":
    main()
