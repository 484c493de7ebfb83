"""Results in the JSON that evalplus writes and reads (*_eval_results.json, evalplus 0.3)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

_STATUS = {"passed": "pass", "timeout": "timeout"}
_OUTCOME = {"pass": "passed", "fail": "failed", "timeout": "timeout"}


@dataclass(frozen=True)
class TestedSample:
    """A program and its outcomes on the base tests and on those that the plus set adds (None: not run).

    `base_fails`, `plus_fails`: inputs on which it failed, each a list of arguments; evalplus names
    the first one only, unless it was asked for details.
    """

    __test__ = False

    solution: str
    base: str
    plus: str | None = None
    base_fails: Sequence[Any] = field(default=())
    plus_fails: Sequence[Any] = field(default=())

    @property
    def outcome(self) -> str:
        """Passed where base and plus tests passed, as evalplus counts it; else the first that did not."""
        return self.base if self.base != "passed" or self.plus is None else self.plus


@dataclass(frozen=True)
class TestedRun:
    """All samples by task. `date` as "2026-11-24 10:00"; `digest`: what names the benchmark's version, an MD5 there."""

    __test__ = False

    date: str
    digest: str
    samples: Mapping[str, Sequence[TestedSample]]


def to_evalplus(run: TestedRun) -> dict[str, Any]:
    """The JSON of a run. evalplus knows pass, fail and timeout: every other outcome becomes fail."""
    return {
        "date": run.date,
        "hash": run.digest,
        "eval": {
            task: [
                {
                    "task_id": task,
                    "solution": sample.solution,
                    "base_status": _status(sample.base),
                    "plus_status": None if sample.plus is None else _status(sample.plus),
                    "base_fail_tests": list(sample.base_fails),
                    "plus_fail_tests": list(sample.plus_fails),
                }
                for sample in samples
            ]
            for task, samples in run.samples.items()
        },
    }


def from_evalplus(found: Mapping[str, Any]) -> TestedRun:
    """A run out of evalplus's JSON. Raises KeyError, TypeError or ValueError where it is something else."""
    return TestedRun(
        str(found["date"]),
        str(found["hash"]),
        {
            str(task): [
                TestedSample(
                    row["solution"],
                    _outcome(row["base_status"]),
                    None if row["plus_status"] is None else _outcome(row["plus_status"]),
                    row["base_fail_tests"] or (),
                    row["plus_fail_tests"] or (),
                )
                for row in rows
            ]
            for task, rows in found["eval"].items()
        },
    )


def _status(outcome: str) -> str:
    return _STATUS.get(outcome, "fail")


def _outcome(status: str) -> str:
    if status not in _OUTCOME:
        raise ValueError(f"{status!r} is no status of evalplus (pass, fail, timeout)")
    return _OUTCOME[status]
