"""Every reference of the real benchmarks is right by its own task's oracle, and none of its mutants is.

The files are looked for beside the checkout; the outputs come out of the real sandbox.
"""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from warriorcoder.eval.tasks import (
    Benchmark,
    Expected,
    Task,
    agrees,
    disagreement,
    expected_outputs,
    fair_limits,
    load,
    to_call,
)
from warriorcoder.sandbox.inside.values import shown
from warriorcoder.sandbox.results import Limits, Outcome, Returned
from warriorcoder.sandbox.sandbox import Sandbox

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
FILES = {
    "humaneval+ v0.1.10": ("humaneval_plus/HumanEvalPlus-v0.1.10.jsonl.gz", 164, 124_253),
    "mbpp+ v0.2.0": ("mbpp_plus/MbppPlus-v0.2.0.jsonl.gz", 378, 41_015),
}
LIMITS = Limits(output_bytes=64 * 1024**2, memory_bytes=4 * 1024**3)

pytestmark = [
    pytest.mark.skipif(not DATA.is_dir(), reason=f"evalplus's releases are not in {DATA}"),
    pytest.mark.timeout(1200),
]


@pytest.fixture(autouse=True)
def no_process_left() -> None:
    """The pool outlives the single test; the sandbox's own tests look for what is left."""


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(LIMITS) as opened:
        yield opened


@pytest.fixture(scope="module", params=list(FILES))
def benchmark(
    request: pytest.FixtureRequest, sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Benchmark, dict[str, Expected]]:
    file, tasks, inputs = FILES[request.param]
    loaded = load(request.param.split()[0], DATA / file)
    assert len(loaded.tasks) == tasks
    assert sum(len(task.inputs) for task in loaded.tasks) == inputs
    folder = tmp_path_factory.mktemp("expected")
    first = {task.task_id: expected_outputs(task, sandbox.call, folder) for task in loaded.tasks}
    # As they are read again, which is what all evaluations after the first compare with.
    assert {task.task_id: expected_outputs(task, sandbox.call, folder) for task in loaded.tasks} == first
    return loaded, first


def wrong(task: Task, arguments: list[list[Any]], expected: list[Any], got: list[Any]) -> bool:
    """Whether outputs are found to be wrong for at least one input."""
    return any(
        not agrees(task, given, value, other) for given, value, other in zip(arguments, expected, got, strict=True)
    )


def test_references_are_right(benchmark: tuple[Benchmark, dict[str, Expected]]) -> None:
    loaded, expected = benchmark
    said = {
        task.task_id: reasons
        for task in loaded.tasks
        if (
            reasons := [
                reason
                for given, value in zip(task.inputs, expected[task.task_id].values, strict=True)
                if (reason := disagreement(task, given, value, value))
            ]
        )
    }
    assert said == {}


def test_the_largest_references_keep_their_own_limits(
    benchmark: tuple[Benchmark, dict[str, Expected]], sandbox: Sandbox
) -> None:
    loaded, expected = benchmark
    largest = sorted(loaded.tasks, key=lambda task: sum(expected[task.task_id].cpu_seconds))[-8:]
    for task in largest:
        calls_cpu_s, limits = fair_limits(expected[task.task_id])
        program, entry_point = to_call(task, task.reference)
        calls = sandbox.call(program, entry_point, task.inputs, calls_cpu_s=calls_cpu_s, limits=limits)
        assert calls.result.outcome == Outcome.PASSED, (task.task_id, calls.result)
        got = [answer.value if isinstance(answer, Returned) else Ellipsis for answer in calls.answers]
        assert not wrong(task, task.inputs, expected[task.task_id].values, got), task.task_id


def off_by_one(value: Any) -> Any:
    match value:
        case bool() | None:
            return not value
        case int():
            return value + 1
        case float() | complex():
            return value * 1.001 + 1 if abs(value) < float("inf") else 0.0
        case str():
            return value + " "
        case list():
            return [*value, 0]
        case tuple():
            return (*value, 0)
        case set():
            return value | {"?"}
        case dict():
            return value | {"?": 0}
    raise TypeError(type(value))


def test_mutated_outputs_are_wrong(benchmark: tuple[Benchmark, dict[str, Expected]]) -> None:
    loaded, expected = benchmark
    right = []
    for task in loaded.tasks:
        values = expected[task.task_id].values
        mutants = {
            "none": [None] * len(values),
            "off by one": [off_by_one(value) for value in values],
            "text": [shown(value) for value in values],
            "the last one only": [*values[:-1], off_by_one(values[-1])],
        }
        right += [(task.task_id, name) for name, got in mutants.items() if not wrong(task, task.inputs, values, got)]
    assert right == []


def test_mutated_programs_are_wrong(benchmark: tuple[Benchmark, dict[str, Expected]], sandbox: Sandbox) -> None:
    """Another task's reference under this one's name, and a function that does nothing, on base and more inputs."""
    loaded, expected = benchmark
    draw = random.Random(7)
    right = []
    for task, other in zip(loaded.tasks, [*loaded.tasks[1:], loaded.tasks[0]], strict=True):
        others = range(len(task.base_inputs), len(task.inputs))
        chosen = [*range(len(task.base_inputs)), *sorted(draw.sample(others, min(20, len(others))))]
        inputs = [task.inputs[place] for place in chosen]
        values = [expected[task.task_id].values[place] for place in chosen]
        programs = {
            f"as {other.task_id}": f"{other.reference}\n{task.entry_point} = {other.entry_point}\n",
            "returns nothing": f"def {task.entry_point}(*arguments):\n    pass\n",
        }
        for name, program in programs.items():
            calls = sandbox.call(*to_call(task, program), inputs, calls_cpu_s=[1.0] * len(inputs))
            got = [answer.value if isinstance(answer, Returned) else Ellipsis for answer in calls.answers]
            got += [Ellipsis] * (len(inputs) - len(got))
            if not wrong(task, inputs, values, got):
                right.append((task.task_id, name))
    assert right == []


def test_mbpp_as_it_was_published(sandbox: Sandbox) -> None:
    loaded = load("mbpp", DATA / "mbpp" / "mbpp.jsonl")
    assert len(loaded.tasks) == 974
    failed = {}
    for task in loaded.tasks:
        result = sandbox.check(task.program(task.reference), task.test, task.entry_point)
        if result.outcome != Outcome.PASSED:
            failed[task.task_id] = f"{result.outcome}: {result.detail}"
    # Its tests call with `int` and `str` themselves, which are no data.
    assert [task_id for task_id in failed if task_id != "Mbpp/533"] == [], failed


@pytest.mark.parametrize(
    "file",
    ["humaneval_plus/HumanEvalPlus-v0.1.10.jsonl.gz", *(f"mbpp_plus/MbppPlus-v0.{n}.0.jsonl.gz" for n in (1, 2))],
)
def test_inputs_are_evalplus_s(file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    name = "mbpp+" if "Mbpp" in file else "humaneval+"
    monkeypatch.setenv("HOME", "/nonexistent")
    if name == "mbpp+":
        from evalplus.data import mbpp

        monkeypatch.setattr(mbpp, "MBPP_OVERRIDE_PATH", str(DATA / file))
        theirs = mbpp.get_mbpp_plus()
    else:
        from evalplus.data import humaneval

        monkeypatch.setattr(humaneval, "HUMANEVAL_OVERRIDE_PATH", str(DATA / file))
        theirs = humaneval.get_human_eval_plus()
    ours = load(name, DATA / file).tasks
    assert [task.task_id for task in ours] == list(theirs)
    for task in ours:
        row = theirs[task.task_id]
        for mine, its in ((task.base_inputs, row["base_input"]), (task.plus_inputs, row["plus_input"])):
            assert repr(mine) == repr([list(arguments) for arguments in its]), task.task_id
        assert (task.atol, task.entry_point, task.prompt) == (row["atol"], row["entry_point"], row["prompt"])
        assert task.reference == row["prompt"] + row["canonical_solution"]
