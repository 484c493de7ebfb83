"""A few real tasks through the whole way: read, expected outputs from the sandbox, right and wrong programs told apart.

All of them are in the integration tests; here are those with something of their own.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from warriorcoder.eval.tasks import Task, disagreement, expected_outputs, load
from warriorcoder.sandbox.results import Returned
from warriorcoder.sandbox.sandbox import Sandbox

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
RELEASES = {
    "HumanEval": ("humaneval+", DATA / "humaneval_plus" / "HumanEvalPlus-v0.1.10.jsonl.gz"),
    "Mbpp": ("mbpp+", DATA / "mbpp_plus" / "MbppPlus-v0.2.0.jsonl.gz"),
}

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"evalplus's releases are not in {DATA}")


@pytest.fixture(autouse=True)
def no_process_left() -> None:
    """The pool outlives the single test; the sandbox's own tests look for what is left."""


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(workers=1) as opened:
        yield opened


@pytest.fixture(scope="module")
def tasks() -> dict[str, Task]:
    return {task.task_id: task for name, path in RELEASES.values() for task in load(name, path).tasks}


BISECTION = """
def find_zero(xs):
    def p(x):
        total = 0.0
        for c in reversed(xs):
            total = total * x + c
        return total
    low, high = -1.0, 1.0
    while p(low) * p(high) > 0:
        low, high = low * 2, high * 2
    for _ in range(5000):
        middle = (low + high) / 2
        if p(low) * p(middle) > 0:
            low = middle
        else:
            high = middle
    return (low + high) / 2
"""


@pytest.mark.parametrize(
    ("task_id", "right", "wrong"),
    [
        ("HumanEval/32", BISECTION, BISECTION.replace("5000", "12")),
        (
            "HumanEval/4",
            "def mean_absolute_deviation(x):\n    m = sum(x) / len(x)\n    return sum(abs(m - n) / len(x) for n in x)",
            "def mean_absolute_deviation(ns):\n    return sum(abs(n) for n in ns) / len(ns)",
        ),
        (
            "Mbpp/769",
            "def Diff(a, b):\n    return sorted(set(a) ^ set(b), key=repr)",
            "def Diff(a, b):\n    return list(set(a) - set(b))",
        ),
        (
            "Mbpp/787",
            "def text_match_three(text):\n    return 'abbb' in text",
            "def text_match_three(text):\n    return 'a' in text",
        ),
        (
            "Mbpp/252",
            "import math\ndef convert(c):\n    return math.hypot(c.real, c.imag), math.atan2(c.imag, c.real)",
            "def convert(c):\n    return abs(c), c.imag",
        ),
    ],
)
def test_right_and_wrong_programs(
    tasks: dict[str, Task], sandbox: Sandbox, tmp_path: Path, task_id: str, right: str, wrong: str
) -> None:
    task = tasks[task_id]
    task = replace(task, plus_inputs=task.plus_inputs[:300])
    expected = expected_outputs(task, sandbox.call, tmp_path)
    said = {}
    for program in (task.reference, right, wrong):
        calls = sandbox.call(program, task.entry_point, task.inputs)
        assert len(calls.answers) == len(task.inputs)
        said[program] = [
            reason
            for arguments, value, answer in zip(task.inputs, expected.values, calls.answers, strict=True)
            if (
                reason := disagreement(task, arguments, value, answer.value)
                if isinstance(answer, Returned)
                else answer.message
            )
        ]
    assert said[task.reference] == said[right] == []
    assert said[wrong]
