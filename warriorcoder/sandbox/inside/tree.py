"""What the processes below one of them use, as /proc tells it."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
# Fields of /proc/PID/stat, counted from the state, which follows the name in parentheses.
_STATE, _PARENT, _USER, _SYSTEM, _WAITED_USER, _WAITED_SYSTEM, _THREADS, _PAGES = 0, 1, 11, 12, 13, 14, 17, 21


@dataclass(frozen=True)
class Use:
    """Bytes of memory (shared pages by share), CPU seconds, threads of all processes together."""

    memory_bytes: int
    cpu_s: float
    threads: int


def use_below(roots: list[int], exact_above: int) -> Use:
    """What all descendants of the roots use. Up to `exact_above` bytes, shared pages count in full: that is quicker."""
    stats = _stats()
    below = list(_descendants(stats, roots))
    ticks = sum(sum(map(int, stats[pid][_USER : _WAITED_SYSTEM + 1])) for pid in below)
    # What the roots have waited for: orphans.
    ticks += sum(sum(map(int, stats[root][_WAITED_USER : _WAITED_SYSTEM + 1])) for root in roots if root in stats)
    memory = sum(int(stats[pid][_PAGES]) for pid in below) * _PAGE
    if memory > exact_above:
        memory = sum(_shared_by_share(pid, int(stats[pid][_PAGES]) * _PAGE) for pid in below)
    return Use(memory, ticks / _TICKS, sum(int(stats[pid][_THREADS]) for pid in below))


def only_child(parent: int) -> int | None:
    """The child of a process that has one. None where the kernel does not tell, or it is gone."""
    with suppress(OSError, ValueError), open(f"/proc/{parent}/task/{parent}/children", encoding="ascii") as file:
        return int(file.read())
    return None


def end_descendants(root: int) -> None:
    """Kill all descendants of a process that adopts its orphans, until none is seen twice in a row.

    /proc is no snapshot: a process whose parent ends while it is read belongs to nobody for that moment.
    """
    seen_none = 0
    while seen_none < 2:
        living = _living_below(root)
        seen_none = 0 if living else seen_none + 1
        for pid in living:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.001)


def _living_below(root: int) -> list[int]:
    stats = _stats()
    return [pid for pid in _descendants(stats, [root]) if stats[pid][_STATE] != "Z"]


def _descendants(stats: dict[int, list[str]], roots: list[int]) -> Iterator[int]:
    children: dict[int, list[int]] = {}
    for pid, fields in stats.items():
        children.setdefault(int(fields[_PARENT]), []).append(pid)
    waiting = list(roots)
    while waiting:
        for child in children.get(waiting.pop(), ()):
            yield child
            waiting.append(child)


def _stats() -> dict[int, list[str]]:
    stats = {}
    for entry in os.listdir("/proc"):
        if entry.isdecimal():
            with suppress(OSError), open(f"/proc/{entry}/stat", encoding="utf-8", errors="replace") as file:
                stats[int(entry)] = file.read().rpartition(")")[2].split()
    return stats


def _shared_by_share(pid: int, otherwise: int) -> int:
    with suppress(OSError, ValueError), open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        for line in file:
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return otherwise
