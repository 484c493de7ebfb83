"""Expected outputs: what references return in the sandbox, computed once, kept, and computed again when damaged."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from warriorcoder.errors import EvaluationError
from warriorcoder.eval.tasks import Expected, Task, agrees, expected_outputs, fair_limits, to_call
from warriorcoder.sandbox.results import Calls, Limits, Returned
from warriorcoder.sandbox.sandbox import Sandbox

TASK = Task(
    "mbpp+",
    "Mbpp/1",
    "",
    "f",
    "def f(x, y):\n    x.append(y)\n    return tuple(x)\n",
    [[[1], 2.5]],
    [[[{"a"}], 1j], [[10**30], None]],
    digest="d",
)
OUTPUTS = [(1, 2.5), ({"a"}, 1j), (10**30, None)]


@pytest.fixture(autouse=True)
def no_process_left() -> None:
    """The pool outlives the single test; the sandbox's own tests look for what is left."""


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(workers=1, packages=()) as opened:
        yield opened


class Counted:
    """A sandbox's `call` that counts."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.times = 0

    def __call__(
        self, program: str, entry_point: str, inputs: Sequence[Sequence[Any]], *, limits: Limits | None = None
    ) -> Calls:
        self.times += 1
        return self.sandbox.call(program, entry_point, inputs, limits=limits)


def test_computed_once_and_kept(sandbox: Sandbox, tmp_path: Path) -> None:
    call = Counted(sandbox)
    computed = expected_outputs(TASK, call, tmp_path)
    assert computed.values == OUTPUTS
    assert len(computed.cpu_seconds) == 3
    assert all(0 < seconds < 5 for seconds in computed.cpu_seconds)
    assert computed.peak_bytes > 2**20
    assert expected_outputs(TASK, call, tmp_path) == computed
    assert call.times == 1
    # The inputs are as they were, though the reference appends to them.
    assert TASK.base_inputs == [[[1], 2.5]]


@pytest.mark.parametrize("change", [{"digest": "e"}, {"task_id": "Mbpp/3"}])
def test_another_task_has_its_own(sandbox: Sandbox, tmp_path: Path, change: dict[str, str]) -> None:
    call = Counted(sandbox)
    expected_outputs(TASK, call, tmp_path)
    expected_outputs(replace(TASK, **change), call, tmp_path)
    assert (call.times, len(list(tmp_path.iterdir()))) == (2, 2)


@pytest.mark.parametrize("damage", ["", "\n\n", "cut", "changed", "binary", "folder"])
def test_a_damaged_file_is_computed_again(sandbox: Sandbox, tmp_path: Path, damage: str) -> None:
    call = Counted(sandbox)
    expected_outputs(TASK, call, tmp_path)
    (path,) = tmp_path.iterdir()
    text = path.read_text()
    match damage:
        case "cut":
            path.write_text(text[:-20])
        case "changed":
            path.write_text(text.replace("2.5", "3.5"))
        case "binary":
            path.write_bytes(b"\xff\x00")
        case "folder":
            path.unlink()
            path.mkdir()
        case _:
            path.write_text(damage)
    if damage == "folder":
        with pytest.raises(EvaluationError, match=r"^Mbpp/1: its expected outputs cannot be kept: "):
            expected_outputs(TASK, call, tmp_path)
        return
    assert expected_outputs(TASK, call, tmp_path).values == OUTPUTS
    assert call.times == 2
    assert path.read_text().split("\n")[1].startswith('["Mbpp/1",[{"tuple":[1,2.5]}')


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("def f(x, y):\n    return x[0] / (y - 2.5)", "raises ZeroDivisionError: float division by zero for input 1"),
        ("def f(x, y):\n    return iter(x)", "returns what is no data and cannot be compared"),
        ("def g(x, y):\n    return x", "no_code after 0 inputs: the program defines no f"),
        ("def f(x, y):\n    import os\n    os._exit(0)", "crashed after 0 inputs: "),
        ("def f(x", "after 0 inputs: SyntaxError"),
    ],
)
def test_a_reference_that_does_not_return(sandbox: Sandbox, tmp_path: Path, reference: str, said: str) -> None:
    with pytest.raises(EvaluationError) as error:
        expected_outputs(replace(TASK, reference=reference), sandbox.call, tmp_path)
    assert str(error.value).startswith("Mbpp/1: its reference solution (f) ")
    assert said in str(error.value)
    assert list(tmp_path.iterdir()) == []


def test_a_match_is_kept_as_whether_there_is_one(sandbox: Sandbox, tmp_path: Path) -> None:
    program = "import re\ndef check_str(text):\n    return re.match('[aeiou]', text)"
    task = Task("mbpp+", "Mbpp/737", "", "check_str", program, [["annie"], ["bob"]])
    expected = expected_outputs(task, sandbox.call, tmp_path)
    assert expected.values == [True, False]
    answers = sandbox.call(program, "check_str", task.inputs).answers
    for arguments, value, answer in zip(task.inputs, expected.values, answers, strict=True):
        assert isinstance(answer, Returned)
        assert agrees(task, arguments, value, answer.value)


COMBINATIONS = Task(
    "mbpp+",
    "Mbpp/255",
    "",
    "pairs",
    "import itertools\ndef pairs(l, n):\n    return list(itertools.combinations(l, n))",
    [[[1.0, 2, "é\ud800"], 2], [[], 1], [list(range(300)), 2]],
)


def test_large_outputs_cross_as_fingerprints(sandbox: Sandbox, tmp_path: Path) -> None:
    expected = expected_outputs(COMBINATIONS, sandbox.call, tmp_path)
    assert expected.values[0].startswith("list of 3, SHA-256 ")
    assert expected.output_bytes < 300
    loops = "def pairs(l, n):\n    return [{}(l[i], l[j]) for i in range(len(l)) for j in range(i + 1, len(l))]"
    mine = "builtins = list = str = 3\ndef repr(value):\n    return ''\ndef tuple(*items):\n    return items\n"
    for program, right in {
        COMBINATIONS.reference + ' # "': True,
        mine + loops.format("tuple").replace("return [", "return [*[", 1) + "]": True,
        loops.format("max"): False,
        COMBINATIONS.reference.replace("list(", "tuple("): False,
        "def pairs(l, n):\n    return None": False,
    }.items():
        answers = sandbox.call(*to_call(COMBINATIONS, program), COMBINATIONS.inputs).answers
        agreed = [
            isinstance(answer, Returned) and agrees(COMBINATIONS, arguments, value, answer.value)
            for arguments, value, answer in zip(COMBINATIONS.inputs, expected.values, answers, strict=True)
        ]
        assert all(agreed) if right else not all(agreed), program


def test_equal_numbers_have_one_fingerprint(sandbox: Sandbox) -> None:
    programs = [f"def tri(n):\n    return {value}" for value in ("[1, 2, 3.5]", "[1.0, True + 1, 3.5]", "[1, 2, 3]")]
    task = Task("humaneval+", "HumanEval/130", "", "tri", "", [[0]])
    found = [sandbox.call(*to_call(task, program), [[0]]).answers[0] for program in programs]
    values = [answer.value for answer in found if isinstance(answer, Returned)]
    assert values[0] == values[1] != values[2]


def test_limits_follow_the_reference() -> None:
    calls_cpu_s, limits = fair_limits(Expected([1, 2], [0.001, 0.5], 100, 2**20))
    assert calls_cpu_s == [1.0, 2.0]
    assert limits == Limits(memory_bytes=2**30, cpu_s=4.0, wall_s=100.0, output_bytes=2**23)
    calls_cpu_s, limits = fair_limits(Expected([1] * 1000, [0.125] * 1000, 2**22, 2**30))
    assert calls_cpu_s == [1.0] * 1000
    assert limits == Limits(memory_bytes=2**32, cpu_s=501.0, wall_s=5070.0, output_bytes=2**24)
    assert fair_limits(Expected([1] * 1000, [1e-6] * 1000, 0, 0))[1].cpu_s == 61.0
    assert fair_limits(Expected([], [], 0, 0))[1].cpu_s == 1.0
