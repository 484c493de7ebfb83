"""One run of `warrior`, to its end or to the kill -9 of one of its processes."""

import os
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psutil
from _processes import descendants, end_all, start, wait_until_gone

from warriorcoder.arena_folder import ArenaFolder
from warriorcoder.pipelines.endpoints.traces import progress_folder
from warriorcoder.tables import STAGES

FLUSH_SECONDS = 0.5
"""An answer is on disk so long after it came, at the latest."""

OUTLIVES_SECONDS = 5.0
ENDS_WITHIN_SECONDS = 30.0
"""A run whose worker was killed must end by itself within this time."""

LOOKS_EVERY_SECONDS = 0.002

Moment = Literal["time", "write"]


@dataclass(frozen=True)
class Kill:
    """When and what to kill: `seconds` after the start, or at the n-th write to the arena, whichever `moment` says.

    `target` is the `warrior` process, or one of the workers below it, chosen by `choice`, from [0, 1).
    """

    moment: Moment
    seconds: float
    write: int
    target: str
    choice: float


@dataclass
class Killed:
    """How a run ended. `killed_at` and `gone_at`, when none of its processes was left, are in monotonic seconds.

    `killed_at` is None where it came to its end before the kill.
    """

    code: int
    killed_at: float | None
    gone_at: float
    target: str
    seconds: float
    writes: int
    stage: str
    gone_in: float
    orphans: int
    hung: bool
    output: str


def run_to_its_end_or_kill(command: list[str], arena: Path, kill: Kill | None, server: int, longest: float) -> Killed:
    """Start a run, kill it where `kill` says so, and wait until none of its processes is left.

    `server` is the id of this process's only other child. Processes that outlive the kill are counted and ended.
    """
    with tempfile.NamedTemporaryFile(suffix=".log") as log:
        began, wall = time.monotonic(), time.time()
        process = start(command, Path(log.name))
        writes, seen = 0, _listing(arena)
        killed_at, target, hung, stage = None, "", False, "the end"
        while process.poll() is None:
            now = time.monotonic()
            if now - began > longest:
                raise RuntimeError(f"{' '.join(command)}: not at its end after {longest:g} s")
            listing = _listing(arena)
            writes += listing != seen
            seen = listing
            due = kill and (now - began >= kill.seconds if kill.moment == "time" else writes >= kill.write)
            if kill and due:
                stage = _stage(arena, wall)
                killed_at, target = _kill(process.pid, kill)
                hung = not _ends(process, ENDS_WITHIN_SECONDS)
                break
            time.sleep(LOOKS_EVERY_SECONDS)
        seconds = (killed_at or time.monotonic()) - began
        if hung:
            end_all([process.pid])
        code = process.wait()
        left, gone_in = wait_until_gone([server], OUTLIVES_SECONDS)
        end_all(each.pid for each in left)
        wait_until_gone([server], OUTLIVES_SECONDS)
        return Killed(
            code=code,
            killed_at=killed_at,
            gone_at=time.monotonic(),
            target=target,
            seconds=seconds,
            writes=writes,
            stage=stage,
            gone_in=gone_in,
            orphans=len(left),
            hung=hung,
            output=Path(log.name).read_text(errors="replace"),
        )


def _kill(warrior: int, kill: Kill) -> tuple[float, str]:
    """Kill one process; when, and what it was. Where there is no worker yet, it is `warrior` itself."""
    workers = sorted(descendants(warrior), key=lambda each: each.pid) if kill.target == "worker" else []
    victim = workers[int(kill.choice * len(workers))] if workers else psutil.Process(warrior)
    name = f"worker {workers.index(victim) + 1} of {len(workers)}" if workers else "warrior"
    killed_at = time.monotonic()
    with suppress(psutil.NoSuchProcess):
        victim.send_signal(signal.SIGKILL)
    return killed_at, name


def _ends(process: "subprocess.Popen[bytes]", within: float) -> bool:
    """Whether a process ends in time."""
    try:
        process.wait(within)
    except subprocess.TimeoutExpired:
        return False
    return True


def _listing(arena: Path) -> dict[str, int]:
    """Every file outside `.work` and when it was last changed."""
    found = {}
    folders = [arena]
    while folders:
        with suppress(OSError), os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.name == ".work":
                    continue
                with suppress(OSError):
                    if entry.is_dir():
                        folders.append(Path(entry.path))
                    else:
                        found[entry.path] = entry.stat().st_mtime_ns
    return found


def _stage(arena: Path, since: float) -> str:
    """The stage that a run begun at the Unix time `since` is in."""
    folder = ArenaFolder(arena)
    begun = [file.stem for file in progress_folder(folder).glob("*.json") if _changed(file) >= since]
    done = [stage for stage in STAGES if _changed(folder.work / f"finished-{stage}") >= since]
    reached = [*begun, *(STAGES[min(STAGES.index(stage) + 1, len(STAGES) - 1)] for stage in done)]
    return max(reached, key=STAGES.index) if reached else "the start"


def _changed(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except OSError:
        return 0.0
