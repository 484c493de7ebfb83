"""Programs against tasks, in the real sandbox: what they are found to be, by inputs and by test code."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from unit.small_tasks import CODED, DOUBLED, RIGHT, WRONG, coded

from warriorcoder.errors import EvaluationError
from warriorcoder.eval import testing
from warriorcoder.eval.tasks import Expected, Task
from warriorcoder.eval.testing import Tested, Tester
from warriorcoder.sandbox.results import Limits, Outcome
from warriorcoder.sandbox.sandbox import Sandbox

HEAD = "def doubled(x):\n"


@pytest.fixture(autouse=True)
def no_process_left() -> None:
    """The pool outlives the single test; the sandbox's own tests look for what is left."""


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(workers=2, packages=()) as opened:
        yield opened


@pytest.fixture
def tester(sandbox: Sandbox, tmp_path: Path) -> Tester:
    return Tester(sandbox, tmp_path)


def test_what_is_right_passes(tester: Tester) -> None:
    assert tester.test(DOUBLED, HEAD + RIGHT) == Tested(Outcome.PASSED, "", Outcome.PASSED, Outcome.PASSED)
    assert tester.test(CODED, HEAD + RIGHT) == Tested(Outcome.PASSED, "", Outcome.PASSED, None)


@pytest.mark.parametrize(
    ("source", "outcome", "detail"),
    [
        (HEAD + WRONG, "failed", "input 1: returned 1, expected 2"),
        (f"{HEAD}    assert x > 5, 'too small'", "failed", "input 1: raises AssertionError: too small"),
        (f"{HEAD}    raise KeyError('k')", "crashed", "input 1: raises KeyError: 'k'"),
        (f"{HEAD}    return doubled(x)", "crashed", "input 1: raises RecursionError: maximum recursion depth exceeded"),
        (f"{HEAD}    return len(bytearray(8 << 30))", "out_of_memory", "input 1: raises MemoryError"),
        (f"{HEAD}    open('/usr/lib/x', 'w')", "blocked", "input 1: raises OSError: [Errno 30]"),
        ("import os\nos._exit(0)", "crashed", "input 1: exit code 0 before its end"),
        ("raise SystemExit(0)", "crashed", "input 1: SystemExit: 0 before its end"),
        ("def doubled(:", "crashed", "input 1: SyntaxError: "),
        ("def other(x):\n    return 2 * x", "no_code", "input 1: the program defines no doubled"),
        ("# nothing", "no_code", "input 1: there is no code"),
        ("", "no_code", "input 1: there is no code"),
    ],
)
def test_what_does_not_pass_is_told_apart(tester: Tester, source: str, outcome: str, detail: str) -> None:
    found = tester.test(DOUBLED, source)
    assert (found.outcome, found.base, found.plus) == (outcome, outcome, outcome)
    assert found.detail.startswith(detail)
    assert (found.base_fails, found.plus_fails) == (([1],), ([3],))
    by_code = tester.test(CODED, source)
    assert (by_code.outcome, by_code.base, by_code.plus) == (outcome, outcome, None)
    assert by_code.detail
    assert (by_code.base_fails, by_code.plus_fails) == ((), ())


@pytest.mark.parametrize(
    ("last", "base", "plus", "fails"),
    [
        ("2 * x if x < 4 else 0", "passed", "failed", ((), ([4],))),
        ("2 * x if x > 1 else 0", "failed", "passed", (([1],), ())),
        ("2 * x if x != 2 else [][0]", "crashed", "passed", (([2],), ())),
        ("2 * x if x in (1, 3) else 0", "failed", "failed", (([2],), ([4],))),
        ("2 * x if x > 1 else 1 / 0 if x < 3 else 0", "crashed", "passed", (([1],), ())),
    ],
)
def test_base_and_plus_are_told_apart(
    tester: Tester, last: str, base: str, plus: str, fails: tuple[tuple[Any, ...], tuple[Any, ...]]
) -> None:
    found = tester.test(DOUBLED, f"{HEAD}    return {last}")
    assert (found.base, found.plus) == (base, plus)
    assert found.outcome == (base if base != "passed" else plus)
    assert (found.base_fails, found.plus_fails) == fails


@pytest.mark.parametrize(
    ("place", "base", "plus", "fails"),
    [(2, "crashed", "crashed", (([2],), ([3],))), (3, "passed", "crashed", ((), ([3],)))],
)
def test_where_a_run_breaks_off_the_rest_counts_as_wrong(
    tester: Tester, place: int, base: str, plus: str, fails: tuple[tuple[Any, ...], tuple[Any, ...]]
) -> None:
    found = tester.test(DOUBLED, f"import os\n{HEAD}    if x == {place}: os._exit(0)\n{RIGHT}")
    assert (found.outcome, found.base, found.plus) == ("crashed", base, plus)
    assert found.detail == f"input {place}: exit code 0 before its end"
    assert (found.base_fails, found.plus_fails) == fails


def test_a_call_that_does_not_end_is_a_timeout_and_what_came_before_counts(tester: Tester) -> None:
    found = tester.test(DOUBLED, f"{HEAD}    while x == 3: pass\n{RIGHT}")
    assert found == Tested(
        Outcome.TIMEOUT, "input 3: call 3: 1 s of CPU time", Outcome.PASSED, Outcome.TIMEOUT, (), ([3],)
    )


def test_the_reference_is_timed_again_before_a_program_is_too_slow(
    tester: Tester, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = f"import time\n{HEAD}    while x == 3 and time.process_time() < 0.3: pass\n{RIGHT}"
    task = replace(DOUBLED, reference=slow, digest="slow")
    # As on a processor that was much faster when the reference was timed than it is now.
    kept = Expected([2, 4, 6, 8], [0.001] * 4, 100, 0)
    monkeypatch.setattr(tester, "expected", lambda _: kept)
    monkeypatch.setattr(testing, "fair_limits", lambda made: ([max(0.1, 4 * s) for s in made.cpu_seconds], Limits()))
    assert tester.test(task, slow).outcome == Outcome.PASSED
    assert tester.test(task, slow.replace("0.3", "9")).outcome == Outcome.TIMEOUT


def test_code_with_plus_inputs_has_both(tester: Tester) -> None:
    """As MBPP+ of the Hub: asserts for the base, inputs for the rest."""
    task = replace(DOUBLED, base_inputs=[], test="assert doubled(1) == 2")
    assert tester.test(task, HEAD + RIGHT) == Tested(Outcome.PASSED, "", Outcome.PASSED, Outcome.PASSED)
    found = tester.test(task, f"{HEAD}    return 2 if x == 1 else 0")
    assert (found.outcome, found.base, found.plus, found.plus_fails) == ("failed", "passed", "failed", ([3],))
    found = tester.test(task, f"{HEAD}    return 0 if x == 1 else 2 * x")
    assert (found.outcome, found.base, found.plus) == ("failed", "failed", "passed")
    assert found.detail.startswith("AssertionError")


def test_a_setup_runs_after_the_program(tester: Tester) -> None:
    """As some MBPP tasks do, whose tests need a tree that is built of the program's class."""
    setup = "tree = Node(Node(None))\n"
    depth = "def depth(node):\n    return 1 + depth(node.below) if node else 0\n"
    node = "class Node:\n    def __init__(self, below):\n        self.below = below\n"
    task = Task("small", "Small/2", "", "depth", "", test="assert depth(tree) == 2", setup=setup, digest="2")
    assert tester.test(task, node + depth).outcome == Outcome.PASSED
    assert tester.test(task, depth).outcome == Outcome.CRASHED


def test_a_task_s_own_helper_is_what_the_tests_use(tester: Tester) -> None:
    """As HumanEval/32 does: `poly` is in its prompt, and its tests ask it whether the answer is a zero."""
    cheat = "def thrice(x):\n    return 6\n\n\ndef doubled(x):\n    return 2\n"
    test = CODED.test + "    assert thrice(candidate(2)) == 12\n"
    assert tester.test(replace(CODED, test=test), cheat).outcome == Outcome.FAILED
    assert tester.test(replace(CODED, test=test), HEAD + RIGHT).outcome == Outcome.PASSED


@pytest.mark.parametrize(
    "value",
    ["10 ** 10_000", "float('nan')", "'x' * 10 ** 6", "type('E', (), {'__eq__': lambda *_: True})()", "'\\ud800'"],
)
def test_whatever_comes_back_is_compared_and_said(tester: Tester, value: str) -> None:
    found = tester.test(DOUBLED, f"{HEAD}    return {value}")
    assert found.outcome == Outcome.FAILED
    assert found.detail.startswith("input 1: returned ")
    assert len(found.detail) < 600
    assert found.detail.isprintable()


def test_what_a_program_says_of_itself_is_one_harmless_line(tester: Tester) -> None:
    said = r"raise ValueError('\ud800 two\n lines \x1b[31mred \u202e')"
    for task in (DOUBLED, CODED):
        found = tester.test(task, f"{HEAD}    {said}")
        assert found.detail.isprintable()
        assert found.detail.endswith(r"ValueError: \ud800 two lines \x1b[31mred \u202e")


@pytest.mark.parametrize(
    ("argument", "kept"),
    [
        ({1: (2, 3)}, [{"1": [2, 3]}]),
        ({4, 5}, "[{4, 5}]"),
        (float("nan"), "[nan]"),
        ("x" * 5_000, f"['{'x' * 197}…"),
    ],
    ids=["a dict", "a set", "no number", "a long text"],
)
def test_an_input_is_kept_as_json_or_as_a_short_text(tester: Tester, argument: Any, kept: Any) -> None:
    task = replace(DOUBLED, reference=f"{HEAD}    return 1", base_inputs=[[argument]], plus_inputs=[])
    found = tester.test(task, f"{HEAD}    return 0")
    assert (found.base_fails, found.plus_fails, found.plus) == ((kept,), (), None)


def test_results_come_in_the_programs_order(tester: Tester) -> None:
    sources = [f"{HEAD}    return {factor} * x" for factor in (2, 3, 2, 4, 2)]
    found = list(tester.test_all([(CODED, source) for source in sources]))
    assert [each.outcome == Outcome.PASSED for each in found] == [True, False, True, False, True]


def test_several_threads_compute_a_task_s_expected_outputs_once(
    tester: Tester, monkeypatch: pytest.MonkeyPatch
) -> None:
    computed: list[str] = []
    compute = testing.expected_outputs

    def counted(task: Task, call: Any, folder: Path | None) -> Expected:
        def counted_call(*arguments: Any, **more: Any) -> Any:
            computed.append(task.task_id)
            return call(*arguments, **more)

        return compute(task, counted_call, folder)

    monkeypatch.setattr(testing, "expected_outputs", counted)
    other = replace(DOUBLED, task_id="Small/9")
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda task: tester.test(task, HEAD + RIGHT), [DOUBLED, other] * 4))
    assert {each.outcome for each in found} == {Outcome.PASSED}
    assert sorted(computed) == ["Small/0", "Small/9"]


def test_a_reference_that_does_not_run_is_said(tester: Tester) -> None:
    task = replace(DOUBLED, reference=f"{HEAD}    return 1 / 0", digest="broken")
    with pytest.raises(EvaluationError, match=r"Small/0: its reference solution \(doubled\) raises ZeroDivisionError"):
        tester.test(task, HEAD + RIGHT)


def test_many_tasks_at_once_do_not_meet(tester: Tester) -> None:
    tasks = [coded(number) for number in range(2, 8)]
    found = list(tester.test_all((task, task.reference) for task in tasks))
    assert {each.outcome for each in found} == {Outcome.PASSED}
