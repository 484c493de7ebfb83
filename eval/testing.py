"""Whether programs solve tasks: run in the sandbox, decided outside of it."""

import json
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from warriorcoder.eval.tasks import Expected, Task, disagreement, expected_outputs, fair_limits, timed_now, to_call
from warriorcoder.eval.tasks.task import Arguments
from warriorcoder.sandbox.inside.values import shown
from warriorcoder.sandbox.results import Calls, Limits, Outcome, Raised, Result
from warriorcoder.sandbox.sandbox import Sandbox

TEST_LIMITS = Limits(memory_bytes=2 * 1024**3)
"""For tests that are code, where no reference says what a program may need."""

LONGEST_KEPT = 2_000
"""Characters of an input that is kept with the outcome."""

PACKAGES = ("numpy",)
"""What programs may import besides the standard library; a few of evalplus's inputs are arrays."""


@dataclass(frozen=True)
class Tested:
    """What became of a program, and one line why. Passed: the base tests and, where there are some, the plus tests.

    `base` and `plus` are the outcomes on each (None: the benchmark has none), `base_fails` and `plus_fails` the first
    input on which it was wrong: its arguments as JSON values, or as text where they are none or too long.
    """

    __test__ = False

    outcome: Outcome
    detail: str = ""
    base: Outcome | None = None
    plus: Outcome | None = None
    base_fails: tuple[Any, ...] = ()
    plus_fails: tuple[Any, ...] = ()


class Tester:
    """Tests programs in a sandbox. `cache` keeps the expected outputs (default: the user's cache folder).

    May be called from several threads. Raises EvaluationError where a task's own reference does not run.
    """

    __test__ = False

    def __init__(self, sandbox: Sandbox, cache: Path | None = None) -> None:
        self._sandbox = sandbox
        self._cache = cache
        self._guard = threading.Lock()
        self._locks: dict[str, threading.Lock] = {}

    def test_all(self, programs: Iterable[tuple[Task, str]]) -> Iterator[Tested]:
        """Test programs, as many at once as the sandbox has workers; the results come in the programs' order."""
        with ThreadPoolExecutor(self._sandbox.workers) as pool:
            yield from pool.map(lambda pair: self.test(*pair), programs)

    def test(self, task: Task, program: str) -> Tested:
        """Test one program: by the task's test code, where it has one beside no base inputs, and by its inputs."""
        base_code = self._by_code(task, program) if task.test and not task.base_inputs else None
        by_code = Tested(base_code.outcome, _one_line(base_code.detail), base_code.outcome) if base_code else None
        if not task.inputs:
            assert by_code is not None, "a task has tests or inputs"
            return by_code
        tested = self._by_inputs(task, program)
        if by_code is None:
            return tested
        first = by_code if by_code.outcome != Outcome.PASSED else tested
        return Tested(first.outcome, first.detail, by_code.base, tested.plus, (), tested.plus_fails)

    def expected(self, task: Task) -> Expected:
        """The task's expected outputs. Computed once, however many programs wait for them."""
        with self._guard:
            lock = self._locks.setdefault(task.task_id, threading.Lock())
        with lock:
            return expected_outputs(task, self._sandbox.call, self._cache)

    def _by_code(self, task: Task, program: str) -> Result:
        # HumanEval's tests use helpers that the prompt defines; MBPP's prompt is a docstring.
        return self._sandbox.check(
            task.program(program), task.test, task.entry_point, prelude=task.prompt, limits=TEST_LIMITS
        )

    def _by_inputs(self, task: Task, program: str) -> Tested:
        expected = self.expected(task)
        calls = self._call(task, program, expected)
        if calls.result.outcome == Outcome.TIMEOUT:
            # Nobody is too slow by a reference that was timed on an idle machine.
            now = timed_now(task, self._sandbox.call, expected)
            if fair_limits(now) != fair_limits(expected):
                calls = self._call(task, program, now)
        found = list(_findings(task, expected, calls))
        border = len(task.base_inputs)
        base = [each for each in found if each[0] < border]
        plus = [each for each in found if each[0] >= border]
        first = min(found, default=None)
        return Tested(
            first[1] if first else Outcome.PASSED,
            _one_line(first[2]) if first else "",
            _part(base, task.base_inputs),
            _part(plus, task.plus_inputs),
            tuple(_as_json(task.inputs[at]) for at, *_ in base[:1]),
            tuple(_as_json(task.inputs[at]) for at, *_ in plus[:1]),
        )

    def _call(self, task: Task, program: str, expected: Expected) -> Calls:
        calls_cpu_s, limits = fair_limits(expected)
        source, entry_point = to_call(task, task.program(program))
        return self._sandbox.call(source, entry_point, task.inputs, calls_cpu_s=calls_cpu_s, limits=limits)


def _findings(task: Task, expected: Expected, calls: Calls) -> Iterator[tuple[int, Outcome, str]]:
    """What is wrong: the number of the input, the outcome, one line. Where a run broke off, the rest is as wrong."""
    for at, (arguments, value, answer) in enumerate(zip(task.inputs, expected.values, calls.answers, strict=False)):
        if isinstance(answer, Raised):
            yield at, answer.outcome, f"input {at + 1}: raises {answer.detail}"
        elif wrong := disagreement(task, arguments, value, answer.value):
            yield at, Outcome.FAILED, f"input {at + 1}: {wrong}"
    if calls.result.outcome != Outcome.PASSED:
        for at in range(len(calls.answers), len(task.inputs)):
            yield at, calls.result.outcome, f"input {at + 1}: {calls.result.detail}".rstrip(": ")


def _one_line(detail: str) -> str:
    """What a program said of itself, made safe for a terminal and a file: one line, no control characters."""
    line = " ".join(detail.split())
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in line)


def _as_json(arguments: Arguments) -> Any:
    try:
        text = json.dumps(arguments, allow_nan=False)
    except (TypeError, ValueError):
        text = ""
    return json.loads(text) if text and len(text) <= LONGEST_KEPT else shown(arguments)


def _part(found: list[tuple[int, Outcome, str]], inputs: list[Any]) -> Outcome | None:
    if not inputs:
        return None
    return found[0][1] if found else Outcome.PASSED
