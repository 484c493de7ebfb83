"""Samples that somebody else generated, from a file in HumanEval's or evalplus's form."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from warriorcoder.errors import EvaluationError
from warriorcoder.eval.samples import Sample
from warriorcoder.eval.tasks import Benchmark, Task
from warriorcoder.eval.tasks.rows import read_rows

SHOWN = 5


@dataclass(frozen=True)
class GivenSamples:
    """Samples by task and draw, the digest of their file, and what the user should know of it."""

    samples: list[Sample]
    digest: str
    notes: list[str]


def read_samples(file: Path, tasks: Sequence[Task], benchmark: Benchmark) -> GivenSamples:
    """The samples of these tasks. Each row has a `task_id`, and a `solution` (a whole program) or a `completion`.

    A completion goes on where the prompt ends. Samples of other tasks are left out, which the notes say, and so are
    the tasks without a sample. Raises EvaluationError where the file cannot be read, or has none of these tasks.
    """
    rows, digest = read_rows([file], "samples")
    known = {task.task_id for task in tasks}
    draws: Counter[str] = Counter()
    unknown: list[str] = []
    samples: list[Sample] = []
    for number, row in enumerate(rows, 1):
        task_id = str(row.get("task_id", ""))
        text = next((column for column in ("solution", "completion") if isinstance(row.get(column), str)), None)
        if not task_id or text is None:
            missing = "solution or completion" if task_id else "task_id"
            raise EvaluationError(
                f"{file}: row {number} has no {missing}, only {', '.join(map(str, row)) or 'nothing'}. Give samples as "
                "evalplus writes them: task_id with solution or completion."
            )
        if task_id not in known:
            unknown.append(task_id)
            continue
        samples.append({"task_id": task_id, "draw": draws[task_id], text: row[text], "style": "completion"})
        draws[task_id] += 1
    if not samples:
        raise EvaluationError(
            f"{file}: none of its {len(rows)} samples is of a task of {benchmark.name} ({_shown(unknown)}; the tasks "
            f"are {tasks[0].task_id} and so on). Name the benchmark that they answer with --benchmark."
        )
    others = set(unknown) - {task.task_id for task in benchmark.tasks}
    limited = len(set(unknown)) - len(others)
    notes = []
    if others:
        notes.append(f"{file}: samples of tasks that {benchmark.name} does not have are left out: {_shown(unknown)}.")
    if limited:
        notes.append(f"{file}: samples of {limited} tasks beyond the limit are left out.")
    if absent := [task.task_id for task in tasks if task.task_id not in draws]:
        share = f"{len(absent)} of {len(tasks)} tasks"
        notes.append(f"{file}: {share} have no sample and count as failed: {_shown(absent)}.")
    return GivenSamples(samples, digest, notes)


def _shown(names: Sequence[str]) -> str:
    distinct = list(dict.fromkeys(names))
    more = f" and {len(distinct) - SHOWN} more" if len(distinct) > SHOWN else ""
    return ", ".join(distinct[:SHOWN]) + more
