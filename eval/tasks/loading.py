"""Benchmarks by name: `load`."""

from pathlib import Path

from warriorcoder.errors import EvaluationError
from warriorcoder.eval.tasks.files import locate
from warriorcoder.eval.tasks.formats import task_of
from warriorcoder.eval.tasks.rows import read_rows
from warriorcoder.eval.tasks.task import Benchmark, Task


def load(name: str, source: str | Path | None = None, cache: Path | None = None) -> Benchmark:
    """A benchmark by name (`files.NAMES`), from where `files.locate` finds it.

    Raises EvaluationError where the benchmark is unknown, cannot be had, or is damaged.
    """
    located = locate(name, source, cache)
    rows, digest = read_rows(located.paths)
    tasks: dict[str, Task] = {}
    for number, row in enumerate(rows, 1):
        said = f"{located.origin}: row {number} ({row.get('task_id', 'without a task_id')}) is no task of {name}"
        try:
            task = task_of(name, row)
        except KeyError as error:
            columns = ", ".join(map(str, row))
            raise EvaluationError(
                f"{said}: it has no column {error.args[0]}, only {columns}. Give a file of {name}."
            ) from error
        except (TypeError, ValueError, AttributeError, SyntaxError, RecursionError, OverflowError) as error:
            raise EvaluationError(f"{said}: {error}. Get the file again, or give another.") from error
        if task.task_id in tasks:
            raise EvaluationError(f"{said}: a row before it has the same task_id. Get the file again.")
        tasks[task.task_id] = task
    return Benchmark(name, digest, list(tasks.values()), located.origin)
