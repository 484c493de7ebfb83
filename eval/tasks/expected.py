"""What the reference solutions return, computed once on this machine and kept."""

import hashlib
import platform
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from warriorcoder.arena_folder import write_atomically
from warriorcoder.errors import ArenaError, EvaluationError
from warriorcoder.eval.tasks.files import cache_folder
from warriorcoder.eval.tasks.large_outputs import to_call
from warriorcoder.eval.tasks.oracles import NOT_NONE
from warriorcoder.eval.tasks.task import Task
from warriorcoder.sandbox.inside import values
from warriorcoder.sandbox.results import Calls, Limits, Outcome, Raised

REFERENCE_LIMITS = Limits(memory_bytes=4 * 1024**3, cpu_s=300.0, wall_s=1800.0, output_bytes=64 * 1024**2)
"""For all inputs of a task in one run: a reference is trusted to end, and the largest takes most of a minute."""

_RULES = "2"
"""Counted up where the same task would be converted, called or kept otherwise."""


class Call(Protocol):
    """`Sandbox.call`, as far as it is needed here."""

    def __call__(
        self, program: str, entry_point: str, inputs: Sequence[Sequence[Any]], *, limits: Limits | None = None
    ) -> Calls: ...


@dataclass(frozen=True)
class Expected:
    """For each input of a task (`Task.inputs`) what is expected, and the reference's CPU seconds.

    `output_bytes` is the size of all of it as a sandbox carries it, `peak_bytes` the memory that the reference took.
    """

    values: list[Any]
    cpu_seconds: list[float]
    output_bytes: int
    peak_bytes: int


def expected_outputs(task: Task, call: Call, folder: Path | None = None) -> Expected:
    """The expected outputs of a task: kept in `folder`, or computed by calling its reference, and kept.

    A file that is damaged is computed again. The folder's default is `expected` in `cache_folder()`. Raises
    EvaluationError where the reference does not return for each input, or the folder cannot be written to.
    """
    path = (folder or cache_folder() / "expected") / f"{_key(task)}.json"
    if (kept := _read(path, task)) is not None:
        return kept
    computed, text = _compute(task, call)
    try:
        write_atomically(path, f"{_digest(text)}\n{text}\n".encode())
    except ArenaError as error:
        raise EvaluationError(f"{task.task_id}: its expected outputs cannot be kept: {error}") from error
    return computed


def timed_now(task: Task, call: Call, expected: Expected) -> Expected:
    """The same outputs with the CPU times that the reference takes at this moment, where they are longer.

    CPU time stands still while others run, but not quite: processors that share a core or get hot are slower.
    """
    now, _ = _compute(task, call)
    slower = [max(kept, new) for kept, new in zip(expected.cpu_seconds, now.cpu_seconds, strict=True)]
    return replace(expected, cpu_seconds=slower)


def fair_limits(expected: Expected) -> tuple[list[float], Limits]:
    """What a program may use for all inputs of a task: CPU seconds for each call, and limits on the whole.

    A call gets 4 times the reference's CPU time and at least a second, as in evalplus (there of wall time). The
    whole run gets what all of them may take together, up to a minute or 4 times the reference's; memory 4 times the
    reference's and at least 1 GiB; output 4 times the reference's and at least 8 MiB.
    """
    calls_cpu_s = [max(1.0, 4 * seconds) for seconds in expected.cpu_seconds]
    cpu_s = min(sum(calls_cpu_s), max(60.0, 4 * sum(expected.cpu_seconds))) + 1.0
    return calls_cpu_s, Limits(
        memory_bytes=max(1024**3, 4 * expected.peak_bytes),
        cpu_s=cpu_s,
        wall_s=10 * cpu_s + 60.0,
        output_bytes=max(8 * 1024**2, 4 * expected.output_bytes),
    )


def _compute(task: Task, call: Call) -> tuple[Expected, str]:
    program, entry_point = to_call(task, task.reference)
    calls = call(program, entry_point, task.inputs, limits=REFERENCE_LIMITS)
    outputs, seconds = [], []
    for number, answer in enumerate(calls.answers, 1):
        if isinstance(answer, Raised):
            raise _failed(task, f"raises {answer.error}: {answer.message} for input {number}")
        outputs.append(answer.value is not None if task.entry_point in NOT_NONE else answer.value)
        seconds.append(answer.cpu_seconds)
    if calls.result.outcome != Outcome.PASSED or len(outputs) != len(task.inputs):
        raise _failed(task, f"{calls.result.outcome} after {len(outputs)} inputs: {calls.result.detail}")
    carried = values.dump(outputs)
    # Within a text its quotes would be escaped.
    if '{"opaque":' in carried:
        raise _failed(task, "returns what is no data and cannot be compared")
    expected = Expected(outputs, seconds, len(carried), calls.result.peak_bytes)
    return expected, values.dump([task.task_id, outputs, seconds, len(carried), calls.result.peak_bytes])


def _failed(task: Task, what: str) -> EvaluationError:
    return EvaluationError(
        f"{task.task_id}: its reference solution ({task.entry_point}) {what}. So there is nothing to compare answers "
        f"with: get the file of {task.benchmark} again, or leave this task out."
    )


def _key(task: Task) -> str:
    # Another Python may return something else: messages, orders, roundings.
    version = ".".join(platform.python_version_tuple()[:2])
    return _digest(f"{_RULES} {version} {task.benchmark} {task.task_id} {task.digest}")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _read(path: Path, task: Task) -> Expected | None:
    try:
        digest, text, _ = path.read_text(encoding="utf-8").split("\n")
        if digest != _digest(text):
            return None
        task_id, outputs, seconds, output_bytes, peak_bytes = values.decode(text)
    except (OSError, ValueError, TypeError):
        return None
    if task_id != task.task_id or not len(outputs) == len(seconds) == len(task.inputs):
        return None
    return Expected(outputs, seconds, output_bytes, peak_bytes)
