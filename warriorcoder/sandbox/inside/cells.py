"""A cell: a process that runs code nobody trusts, and an init above it in a PID namespace of their own.

The init holds no secrets and has no say: it waits for the code's process, reports how that ended,
and stays until the warden ends it, with which the kernel ends everything else in the namespace.
"""

import fcntl
import os
import resource
import select
import signal
import socket
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import NoReturn

from warriorcoder.sandbox.inside import kernel, tree
from warriorcoder.sandbox.inside.walls import Walls

_STATUS = struct.Struct("=idq")
CHANNEL, PEER = 3, 4
"""The descriptors over which a cell's process is talked to by the warden, and by another cell."""


@dataclass(frozen=True)
class End:
    """How a process ended: its wait status, CPU seconds, and bytes of memory at its largest."""

    status: int
    cpu_s: float
    peak_bytes: int


@dataclass
class Cell:
    """The warden's side of a cell: the init's number, and what is read from and said to the cell."""

    init: int
    channel: socket.socket
    stdout: int
    stderr: int
    status: int
    apart: bool
    end: End | None = None

    def read_end(self) -> None:
        """Take the init's report, where it can be read. An init that is gone without one was killed."""
        if self.end is None:
            report = os.read(self.status, _STATUS.size)
            self.end = End(*_STATUS.unpack(report)) if len(report) == _STATUS.size else End(signal.SIGKILL, 0.0, 0)

    def destroy(self) -> None:
        """End all its processes, wait until they are gone."""
        if not self.apart:
            tree.end_descendants(self.init)
        with suppress(ProcessLookupError):
            os.kill(self.init, signal.SIGKILL)
        os.waitpid(self.init, 0)

    def close(self) -> None:
        self.channel.close()
        for descriptor in (self.stdout, self.stderr, self.status):
            os.close(descriptor)


def open_cell(walls: Walls, main: Callable[[], None], stdin: int, peer: int | None = None) -> Cell:
    """Start a cell. `main` runs in the code's process, with CHANNEL and perhaps PEER; it confines itself."""
    ours, theirs = socket.socketpair()
    stdout, stdout_end = os.pipe()
    stderr, stderr_end = os.pipe()
    status, status_end = os.pipe()
    if walls.apart:
        home = os.open("/proc/self/ns/pid", os.O_RDONLY)
        kernel.unshare(kernel.NEW_PIDS)
    init = os.fork()
    if init == 0:
        _init(walls, lambda: _become(main, [stdin, stdout_end, stderr_end, theirs.fileno(), peer]), status_end)
    if walls.apart:
        kernel.enter(home, kernel.NEW_PIDS)
        os.close(home)
    theirs.close()
    for descriptor in (stdout_end, stderr_end, status_end):
        os.close(descriptor)
    if os.read(status, 1) != b"R":
        raise RuntimeError("a cell did not start")
    return Cell(init, ours, stdout, stderr, status, walls.apart)


def _init(walls: Walls, code: Callable[[], NoReturn], status: int) -> NoReturn:
    try:
        if not walls.apart:
            kernel.adopt_orphans()
        # The code may have this user: it shall find nothing under /proc/1 to open.
        kernel.set_dumpable(False)
        child = os.fork()
        if child == 0:
            code()
        os.dup2(status, CHANNEL)
        os.closerange(CHANNEL + 1, _open_files())
        os.closerange(0, CHANNEL)
        if walls.apart:
            kernel.drop_capabilities()
        os.write(CHANNEL, b"R")
        while True:
            ended, how, _ = os.wait4(-1, 0)
            if ended == child:
                break
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        os.write(CHANNEL, _STATUS.pack(how, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024))
        while True:
            with suppress(ChildProcessError):
                while True:
                    os.wait()
            time.sleep(3600)
    finally:
        os._exit(1)


def _become(main: Callable[[], None], descriptors: list[int | None]) -> NoReturn:
    """Give this process its descriptors, in their order, and none of the others."""
    try:
        # Above all targets first, so that none is overwritten before its turn.
        aside = [None if source is None else fcntl.fcntl(source, fcntl.F_DUPFD, 64) for source in descriptors]
        for target, source in enumerate(aside):
            if source is not None:
                os.dup2(source, target, inheritable=target < CHANNEL)
        os.closerange(len([source for source in aside if source is not None]), _open_files())
        main()
    finally:
        os._exit(1)


def _open_files() -> int:
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def readable(descriptors: list[int], within_s: float, writable: int | None = None) -> list[int]:
    """Which of the descriptors can be read, or have lost their other side. Waits until some can, or `writable` can be
    written to, or the time is over."""
    poll = select.poll()
    for descriptor in descriptors:
        poll.register(descriptor, select.POLLIN)
    if writable is not None:
        poll.register(writable, select.POLLOUT | (select.POLLIN if writable in descriptors else 0))
    return [descriptor for descriptor, found in poll.poll(max(0.0, within_s) * 1000) if found != select.POLLOUT]
