"""A worker of the pipeline that is killed from outside ends the run: distilabel would wait for it for ever."""

import multiprocessing
import threading
import time
from collections.abc import Callable, Container
from multiprocessing.pool import RUN
from multiprocessing.process import BaseProcess
from typing import Any

from distilabel.pipeline import Pipeline

from warriorcoder.arena_folder import ArenaFolder
from warriorcoder.errors import RunFailed
from warriorcoder.pipelines.endpoints.deaths import OUT_OF_MEMORY, how_it_ended
from warriorcoder.pipelines.endpoints.traces import has_finished, record_failure
from warriorcoder.tables import STAGES

LOOK_EVERY_SECONDS = 0.25

Report = Callable[[str], None]
"""Called with what happened, once, where a worker has ended before the pipeline has."""


def watch_workers(pipeline: Pipeline, report: Report) -> None:
    """Watch the processes of a pipeline on this machine, in a thread."""
    threading.Thread(target=_watch, args=(pipeline, report), name="watch", daemon=True).start()


def _watch(pipeline: Any, report: Report) -> None:
    seen: set[BaseProcess] = set()
    while True:
        # The pool puts another worker in a dead one's place at once, so those seen are remembered.
        seen.update(multiprocessing.active_children())
        ended = [process.exitcode for process in seen if process.exitcode is not None]
        # In this order: the pool says that it is at its end before it ends its workers.
        pool = getattr(pipeline, "_pool", None)
        if ended and pool is not None and pool._state == RUN:
            report(f"a process of the pipeline {how_it_ended(ended[0])}")
            return
        time.sleep(LOOK_EVERY_SECONDS)


def end_for_a_worker(folder: ArenaFolder, steps: Container[str], what: str) -> None:
    """Have the run fail for a worker that ended, unless all its stages have done their work."""
    at_work = [stage for stage in STAGES if stage in steps and not has_finished(folder, stage)]
    if at_work:
        record_failure(folder, at_work[0], RunFailed(f"{what}. {OUT_OF_MEMORY}"))
