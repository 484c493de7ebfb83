"""What does it cost to start a program in the sandbox, and what is left of 10,000 runs?

Ours: an empty program, run again and again in one warm worker, from the call to its result; nothing is done between
two runs, so nothing of a start is hidden. The peers, in turn with ours: bubblewrap with the same command line and a
fresh Python, as a pool of sandboxes for one run each would have to start them; and a bare Python process, which keeps
nothing apart. All have the same modules imported. Then runs of several kinds, some of which are cut off, on all
workers; processes, files, mounts and memory are counted before, after a warm-up, and after all of them.
"""

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
from _report import Claim, at_most, finish, ratio_at_most, say

from warriorcoder.sandbox import bubblewrap
from warriorcoder.sandbox.inside.walls import Walls
from warriorcoder.sandbox.inside.zygote import COMMON
from warriorcoder.sandbox.results import Limits
from warriorcoder.sandbox.sandbox import Sandbox, usable_binary

START_BAR_MS = 15.0
STARTS_A_ROUND = 20
GROWTH_BAR_MB = 8.0
"""Of the caller and its workers together, from the warm-up to the end."""

LIMITS = Limits(memory_bytes=128 * 1024**2, cpu_s=0.5, wall_s=10, processes=8, output_bytes=64 * 1024)
PROGRAMS = {
    "print": ("print('x' * 1000)", "passed"),
    "files": ("for i in range(20): open(f'x{i}', 'w').write('x' * 10000)", "passed"),
    "daemon": ("import os, time\nif os.fork() == 0:\n    os.setsid()\n    time.sleep(60)", "passed"),
    "assertion": ("assert 1 == 2", "failed"),
    "exit": ("import os; os._exit(0)", "crashed"),
    "signal": ("import os; os.abort()", "crashed"),
    "flood": ("while True: print('x' * 1000)", "crashed"),
    "memory": ("kept = [bytearray(1 << 22) for _ in range(100)]", "out_of_memory"),
    "network": ("import socket; socket.socket()", "blocked"),
    "system call": ("import ctypes; ctypes.CDLL(None).unshare(0x10000000)", "blocked"),
}
ENDLESS = ("while True: pass", "timeout")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--starts", type=int, default=200, help="of each kind")
    parser.add_argument("--quick", action="store_true", help="300 runs, 60 starts")
    options = parser.parse_args()
    if options.quick:
        options.runs, options.starts = 300, 60
    finish([*starts(options.starts), *many_runs(options.runs)])


def starts(count: int) -> list[Claim]:
    """Milliseconds of a start, of each kind in turn."""
    namespace = bubblewrap.make_users()
    cold = bubblewrap.command(usable_binary(), Walls(apart=True), (), namespace)
    tail = len(bubblewrap.python(Walls(apart=True)))
    bare = [*bubblewrap.python(Walls(apart=True))[:-2], f"import {', '.join(COMMON.split())}"]
    cold = [*cold[:-tail], *bare]

    def process(command: list[str]) -> None:
        subprocess.run(command, check=True, pass_fds=() if namespace is None else (namespace,), env={})

    took: dict[str, list[float]] = {"sandbox": [], "cold": [], "bare": []}
    rounds: dict[str, list[float]] = {kind: [] for kind in took}
    with Sandbox(workers=1) as sandbox:
        kinds: dict[str, Callable[[], object]] = {
            "sandbox": lambda: sandbox.run("pass"),
            "cold": lambda: process(cold),
            "bare": lambda: process(bare),
        }
        for start in kinds.values():
            start()
        for _ in range(max(1, count // STARTS_A_ROUND)):
            for kind, start in kinds.items():
                for _ in range(STARTS_A_ROUND):
                    began = time.perf_counter()
                    start()
                    took[kind].append((time.perf_counter() - began) * 1000)
                rounds[kind].append(statistics.median(took[kind][-STARTS_A_ROUND:]))
    if namespace is not None:
        os.close(namespace)
    for kind, times in took.items():
        parts = statistics.quantiles(times, n=20)
        say(
            f"{kind}: median {statistics.median(times):.1f} ms, 5% {parts[0]:.1f} ms, 95% {parts[-1]:.1f} ms"
            f" ({len(times)} starts; quietest round {min(rounds[kind]):.1f} ms)"
        )
    # Other work on the machine only adds: the quietest round is the nearest to what a start costs.
    ours, peer = (min(rounds[kind]) for kind in ("sandbox", "cold"))
    return [
        at_most("milliseconds to run an empty program in a warm worker", ours, START_BAR_MS),
        ratio_at_most("the same, to a cold bubblewrap and Python", ours, peer, 0.5),
    ]


def many_runs(count: int) -> list[Claim]:
    """What is left of many runs: processes, files, mounts, memory."""
    folder = Path(tempfile.gettempdir())
    processes, files, mounts = _children(), _files(folder), Path("/proc/self/mountinfo").read_text()
    chance = random.Random(1)
    programs = [chance.choice(list(PROGRAMS.values())) for _ in range(count)]
    programs[:: max(1, count // 20)] = [ENDLESS] * len(programs[:: max(1, count // 20)])
    with Sandbox(LIMITS) as sandbox, ThreadPoolExecutor(sandbox.workers) as pool:

        def run(program: tuple[str, str]) -> bool:
            return sandbox.run(program[0]).outcome == program[1]

        warm = max(50, count // 20)
        wrong = sum(not right for right in pool.map(run, programs[:warm]))
        begun = time.perf_counter()
        memory = [_memory_at_rest(sandbox.workers)]
        for first in range(warm, count, max(1, count // 10)):
            part = programs[first : first + max(1, count // 10)]
            wrong += sum(not right for right in pool.map(run, part))
            memory.append(_memory_at_rest(sandbox.workers))
            say(f"{first + len(part)} runs: {len(_children() - processes)} processes, {memory[-1]:.1f} MB")
        seconds = time.perf_counter() - begun
        say(f"{(count - warm) / seconds:.0f} runs a second on {sandbox.workers} workers")
    left = len(_children() - processes) + len(_files(folder) - files)
    left += Path("/proc/self/mountinfo").read_text() != mounts
    return [
        at_most(f"wrong outcomes among {count} runs", wrong, 0),
        at_most(f"processes, files and mounts left by {count} runs", left, 0),
        at_most(f"MB by which memory grew over {count} runs", max(0.0, memory[-1] - memory[0]), GROWTH_BAR_MB),
    ]


def _children() -> set[int]:
    """All processes below this one."""
    return {process.pid for process in psutil.Process().children(recursive=True)}


def _files(folder: Path) -> set[str]:
    return {name for name in os.listdir(folder) if name.startswith("warrior-")} | set(os.listdir("/dev/shm"))


def _memory_at_rest(workers: int) -> float:
    """MB of this process and of all below it once every worker waits for work; shared pages are counted once."""
    # bubblewrap and its init, the zygote, and for the next run the warden, the cell's init and the code's process.
    while len(_children()) < 6 * workers:
        time.sleep(0.01)
    total = 0
    for process in (psutil.Process(), *psutil.Process().children(recursive=True)):
        try:
            total += process.memory_full_info().pss
        except psutil.Error:
            continue
    return total / 1e6


if __name__ == "__main__":
    sys.exit(main())
