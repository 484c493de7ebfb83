"""Benchmarks: tasks with hidden tests, read from files that are on this machine."""

import gzip
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from warriorcoder.errors import EvaluationError
from warriorcoder.humaneval_file import HUMANEVAL_MISSING, humaneval_file


@dataclass(frozen=True)
class Task:
    """A function to write: its signature and docstring, and the tests that decide.

    `test` defines `check(candidate)`; `prompt + canonical_solution` is a correct program.
    """

    task_id: str
    prompt: str
    entry_point: str
    test: str
    canonical_solution: str

    @property
    def preamble(self) -> str:
        """The prompt's imports and helper functions: all that stands before the function asked for."""
        return self.prompt[: self.prompt.index(f"def {self.entry_point}(")]


@dataclass(frozen=True)
class Benchmark:
    """A named list of tasks; `digest` is the SHA-256 of the file they were read from."""

    name: str
    digest: str
    tasks: list[Task]


def load_benchmark(name: str) -> Benchmark:
    """A benchmark by name: humaneval. Raises EvaluationError where it is unknown, absent or damaged."""
    if name != "humaneval":
        raise EvaluationError(f"{name}: unknown benchmark. Known: humaneval.")
    path = humaneval_file()
    if path is None:
        raise EvaluationError(HUMANEVAL_MISSING)
    return read_benchmark(name, path)


def read_benchmark(name: str, path: Path) -> Benchmark:
    """Read a .jsonl.gz file of tasks in HumanEval's format. Raises EvaluationError for a damaged file."""
    try:
        content = path.read_bytes()
        lines = gzip.decompress(content).decode("utf-8").splitlines()
        tasks = [_task(json.loads(line)) for line in lines if line.strip()]
    except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
        raise EvaluationError(f"{path}: cannot be read as {name}: {error!r}. Install its package again.") from error
    if not tasks:
        raise EvaluationError(f"{path}: holds no task. Install its package again.")
    return Benchmark(name, hashlib.sha256(content).hexdigest(), tasks)


def _task(row: dict[str, str]) -> Task:
    task = Task(row["task_id"], row["prompt"], row["entry_point"], row["test"], row["canonical_solution"])
    if f"def {task.entry_point}(" not in task.prompt:
        raise ValueError(f"{task.task_id}: its prompt does not begin the function {task.entry_point}")
    return task
