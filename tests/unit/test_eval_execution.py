"""Programs against a benchmark's tests: in order, by the task's own helpers. The sandbox has tests of its own."""

from collections.abc import Iterator

import pytest

from warriorcoder.eval.execution import LIMITS, Program, execute_all
from warriorcoder.sandbox.results import Outcome
from warriorcoder.sandbox.sandbox import Sandbox

TEST = "def check(candidate):\n    assert candidate() == 3, 'wanted 3'\n"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(LIMITS, workers=2) as running:
        yield running


def test_results_come_in_the_programs_order(sandbox: Sandbox) -> None:
    sources = [f"def f():\n    return {value}" for value in (3, 4, 3, 5)]
    found = list(execute_all(sandbox, [Program(source, TEST, "f") for source in sources]))
    assert [each.outcome for each in found] == [Outcome.PASSED, Outcome.FAILED, Outcome.PASSED, Outcome.FAILED]
    assert found[1].detail.startswith("AssertionError: wanted 3")


@pytest.mark.parametrize(
    ("source", "outcome"),
    [
        ("def f(:", Outcome.CRASHED),
        ("def g():\n    return 3", Outcome.NO_CODE),
        ("import os\nos._exit(0)", Outcome.CRASHED),
        ("raise SystemExit(0)", Outcome.CRASHED),
        ("# nothing", Outcome.NO_CODE),
    ],
)
def test_what_does_not_pass_is_told_apart(sandbox: Sandbox, source: str, outcome: Outcome) -> None:
    (found,) = execute_all(sandbox, [Program(source, TEST, "f")])
    assert found.outcome is outcome
    assert found.detail


def test_a_task_s_own_helper_is_what_the_tests_use(sandbox: Sandbox) -> None:
    """As HumanEval/32 does: `poly` is in its prompt, and its tests ask it whether the answer is a zero."""
    prompt = "def twice(x):\n    return 2 * x\n\ndef half(x):\n    pass\n"
    test = "def check(candidate):\n    assert twice(candidate(4)) == 4\n"
    right = f"{prompt}\ndef half(x):\n    return x / 2\n"
    patched = "def twice(x):\n    return 4\n\ndef half(x):\n    return 0\n"
    found = execute_all(sandbox, [Program(source, test, "half", prompt) for source in (right, patched)])
    assert [each.outcome for each in found] == [Outcome.PASSED, Outcome.FAILED]
