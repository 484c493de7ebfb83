"""The last steps of a process before it runs code that nobody trusts: each takes something away for good."""

import os
import random
import resource
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from warriorcoder.sandbox.inside import kernel, seccomp
from warriorcoder.sandbox.inside.walls import Walls

INODES = 4096
OPEN_FILES = 128
STACK_BYTES = 16 * 1024**2

# Put together once, before all forks.
_FILTER = seccomp.program() if seccomp.supported() else b""

TRUSTED_PROCESSES = 8
"""Processes of the sandbox itself that count as the code's user's, where that is one and the same user."""


def confine(walls: Walls, who: int, limits: Mapping[str, Any], folder: str, files: Mapping[str, str]) -> None:
    """Confine this process: own mounts, files and input, limits, user, no capabilities, the filter.

    `who` is 0 for the code under test, 1 for its tests; `files` are laid into `folder`, where it works.
    """
    os.setsid()
    # The init was not, and handed it down; what /proc has of this process would be root's.
    kernel.set_dumpable(True)
    user = walls.users[who] if walls.users else None
    if walls.apart:
        _own_mounts(limits["file_bytes"], user)
        Path(folder).mkdir(mode=0o700)
    _lay(folder, files, user)
    _limit(limits, walls)
    _write("/proc/self/oom_score_adj", "1000")
    if user is not None:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
        # The change of user took it away.
        kernel.set_dumpable(True)
    if walls.apart:
        kernel.drop_capabilities()
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(HOME=folder, TMPDIR=folder, PATH="/usr/bin:/bin", LANG="C.UTF-8")
    _draw_again()
    if _FILTER:
        kernel.filter_system_calls(_FILTER)


def _own_mounts(file_bytes: int, user: int | None) -> None:
    kernel.unshare(kernel.NEW_MOUNTS | kernel.NEW_IPC)
    kernel.mount("none", "/", "", kernel.MOUNT_REC | kernel.MOUNT_PRIVATE)
    owner = f",uid={user},gid={user}" if user is not None else ""
    nothing_special = kernel.MOUNT_NOSUID | kernel.MOUNT_NODEV
    kernel.mount("tmpfs", "/tmp", "tmpfs", nothing_special, f"size={file_bytes},nr_inodes={INODES},mode=0700{owner}")
    # One space for all that is written, so one limit.
    os.mkdir("/tmp/.shm")
    if user is not None:
        os.chown("/tmp/.shm", user, user)
    kernel.mount("/tmp/.shm", "/dev/shm", "", kernel.MOUNT_BIND)
    # Only its own processes, none of the machine's other files.
    kernel.mount("proc", "/proc", "proc", nothing_special | kernel.MOUNT_NOEXEC, "subset=pid")


def _lay(folder: str, files: Mapping[str, str], user: int | None) -> None:
    laid = {Path(folder)}
    for name, content in files.items():
        path = Path(folder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes.fromhex(content))
        laid |= {path, *(parent for parent in path.parents if parent.is_relative_to(folder))}
    if user is not None:
        for path in laid:
            os.chown(path, user, user)


def _limit(limits: Mapping[str, Any], walls: Walls) -> None:
    # The interpreter's own space is not the program's.
    taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    # The warden counts all processes' CPU time together; this ends a process should the warden be held up. Far from
    # the limit: the kernel counts here by ticks, to which time that a hypervisor took away is CPU time too.
    cpu = 4 * int(limits["cpu_s"]) + 10
    for kind, value in (
        (resource.RLIMIT_AS, taken + limits["memory_bytes"]),
        (resource.RLIMIT_CPU, cpu),
        (resource.RLIMIT_FSIZE, limits["file_bytes"]),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_STACK, STACK_BYTES),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
        (resource.RLIMIT_SIGPENDING, 256),
    ):
        _, most = resource.getrlimit(kind)
        allowed = value if most == resource.RLIM_INFINITY else min(value, most)
        resource.setrlimit(kind, (allowed, allowed))
    # Outside namespaces the kernel would count all processes of the user, the desktop's too.
    if walls.apart:
        others = 0 if walls.users else TRUSTED_PROCESSES
        resource.setrlimit(resource.RLIMIT_NPROC, (limits["processes"] + others,) * 2)


def _write(path: str, text: str) -> None:
    # Not Path.write_text: that would create a file where there is no /proc.
    with open(os.open(path, os.O_WRONLY), "w") as file:
        file.write(text)


def _draw_again() -> None:
    """Random numbers of its own: a fork would draw the ones of the process that it came from."""
    random.seed()
    if numpy := sys.modules.get("numpy"):
        numpy.random.seed()
