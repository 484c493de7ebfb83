"""Results of an evaluation as comparisons and reports read them: how many samples of each task passed."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from warriorcoder.errors import EvaluationError
from warriorcoder.eval.evalplus_format import from_evalplus

PASSED = "passed"


@dataclass(frozen=True)
class EvaluatedRun:
    """One model on one benchmark. `tasks`: the outcomes of each task's samples, `passed` among them.

    `digest` is the benchmark's, where the results tell it; `details`: what was found in a task's
    first sample, where samples lie beside the results.
    """

    name: str
    benchmark: str
    digest: str | None
    tasks: Mapping[str, Sequence[str]]
    details: Mapping[str, str] = field(default_factory=dict)

    @property
    def rates(self) -> dict[str, float]:
        """The share of each task's samples that passed: pass@1."""
        return {task: list(samples).count(PASSED) / len(samples) for task, samples in self.tasks.items()}

    @property
    def failures(self) -> Counter[str]:
        """Samples that did not pass, by outcome."""
        return Counter(outcome for samples in self.tasks.values() for outcome in samples if outcome != PASSED)


def read_run(place: Path) -> EvaluatedRun:
    """Results from a folder of `warrior eval`, its results.json, or evalplus's *_eval_results.json.

    Raises EvaluationError where there are none or they are damaged.
    """
    path = place / "results.json" if place.is_dir() else place
    if not path.is_file():
        raise EvaluationError(f"{path}: no results there. Give a folder of `warrior eval` or its results.json.")
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        run = _of_evalplus(found, path) if "eval" in found else _own(found, path)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise EvaluationError(f"{path}: cannot be read as results: {error!r}. Run the evaluation again.") from error
    if not run.tasks or not all(run.tasks.values()):
        raise EvaluationError(f"{path}: holds no result of a task. Run the evaluation again.")
    return run


def _own(found: Mapping[str, Any], path: Path) -> EvaluatedRun:
    tasks = {str(task): _outcomes(value) for task, value in found["tasks"].items()}
    adapter = found.get("adapter")
    name = f"{found['model']} + {Path(adapter).name}" if adapter else str(found["model"])
    digest = found.get("benchmark_digest")
    settings, samples = path.with_name("settings.json"), path.with_name("samples.jsonl")
    if digest is None and settings.is_file():
        benchmark = json.loads(settings.read_text(encoding="utf-8")).get("benchmark", "")
        digest = benchmark.partition(":")[2] or None
    details: dict[str, str] = {}
    if samples.is_file():
        rows = [json.loads(line) for line in samples.read_text(encoding="utf-8").split("\n") if line.strip()]
        for row in rows:
            details.setdefault(row["task_id"], str(row.get("detail", "")))
    return EvaluatedRun(name, str(found["benchmark"]), digest, tasks, details)


def _of_evalplus(found: Mapping[str, Any], path: Path) -> EvaluatedRun:
    tasks = {
        task: [str(sample.outcome) for sample in samples] for task, samples in from_evalplus(found).samples.items()
    }
    benchmark = next(iter(tasks), "").partition("/")[0].lower()
    name = path.stem.removesuffix("eval_results").rstrip("_")
    if name in ("", benchmark):
        name = path.resolve().parent.name
    return EvaluatedRun(name, f"{benchmark} (evalplus)", found.get("hash"), tasks)


def _outcomes(value: Any) -> list[str]:
    outcomes = [value] if isinstance(value, str) else list(value)
    if not all(isinstance(outcome, str) for outcome in outcomes):
        raise TypeError(f"{value!r} is no outcome")
    return outcomes
