"""What is taken for right: tolerance between floats, exactness otherwise, and tasks with more than one right answer."""

import math
from typing import Any

import pytest

from warriorcoder.eval.tasks.oracles import agrees, disagreement
from warriorcoder.eval.tasks.task import Task
from warriorcoder.sandbox.inside.values import Opaque

DEEP: list[Any] = []
for _ in range(100_000):
    DEEP = [DEEP]


def task(entry_point: str = "f", atol: float = 0.0, task_id: str = "Mbpp/1") -> Task:
    return Task("mbpp+", task_id, "", entry_point, "", atol=atol)


@pytest.mark.parametrize(
    ("expected", "got"),
    [
        (1, 1.0),
        (1, True),
        (0.3, 0.1 + 0.2),
        ([0.3, 1], [0.1 + 0.2, 1]),
        ([[0.3]], [[0.1 + 0.2]]),
        ({"a": (0.3, "x")}, {"a": (0.1 + 0.2, "x")}),
        (1e12, 1e12 + 1e4),
        (0.3 + 1j, 0.1 + 0.2 + 1j),
        (math.nan, math.nan),
        ([math.inf, math.nan], [math.inf, float("nan")]),
        ({1, 2}, {2, 1}),
        (None, None),
    ],
)
def test_what_is_equal(expected: Any, got: Any) -> None:
    assert disagreement(task(), [], expected, got) is None


@pytest.mark.parametrize(
    ("expected", "got"),
    [
        (1, 2),
        (1.0, 1.00001),
        (0.3, "0.3"),
        (0.5, None),
        (math.inf, 1e308),
        (1e308, math.inf),
        (math.inf, -math.inf),
        (1.0, math.nan),
        (10**12, 10**12 + 1),
        ([0.3, 1], [0.1 + 0.2, 2]),
        ([0.3], (0.1 + 0.2,)),
        ([(1, 2)], [[1, 2]]),
        ([0.5, 0.5], [0.5]),
        ([[0.5, 0.5]], [0.5]),
        ({"a": 0.5}, {"b": 0.5}),
        ({"a": 0.5}, [("a", 0.5)]),
        ("ab", "abc"),
        ("ab", Opaque("str")),
        ([], DEEP),
        (DEEP, [DEEP]),
    ],
)
def test_what_is_not(expected: Any, got: Any) -> None:
    assert not agrees(task(), [], expected, got)


def test_a_task_s_own_tolerance() -> None:
    assert agrees(task(atol=1e-4), [], [2.0], [2.00009])
    assert not agrees(task(atol=1e-4), [], [2.0], [2.0002])
    assert not agrees(task(atol=1e-4), [], 3, 3.00001)


def test_the_reason_is_a_line() -> None:
    assert disagreement(task(), [], [1], "x" * 5000) == f"returned 'x{'x' * 197}…, expected [1]"


def root(coefficients: list[int], got: Any) -> bool:
    return agrees(task("find_zero", 1e-4, "HumanEval/32"), [coefficients], None, got)


def test_any_zero_of_the_polynomial_is_right() -> None:
    # (x - 1) (x - 2) (x - 3)
    assert all(root([-6, 11, -6, 1], x) for x in (1, 2.0, 3, 1.00002))
    assert not any(root([-6, 11, -6, 1], x) for x in (0, 1.5, 1.001, 1e200, 10**400, -math.inf, math.nan))
    assert not any(root([-6, 11, -6, 1], x) for x in (None, True, "1", [1.0], 1 + 0j))
    assert not root([0, 1], None)


def test_no_root_is_asked_to_be_better_than_floats_are() -> None:
    coefficients = [9450000, 9, -7, 3, 2, 6, 1, -4, -10, 6, 17, -1]
    nearest = 17.3124550475086
    for x in (nearest, math.nextafter(nearest, 18), math.nextafter(nearest, 17)):
        assert root(coefficients, x)
    assert not root(coefficients, nearest + 1e-12)


@pytest.mark.parametrize(
    ("entry_point", "arguments", "expected", "right", "wrong"),
    [
        ("Diff", [[1, 2], [2, 3]], [1, 3], [[3, 1], (1, 3), {1, 3}], [[1], [1, 2, 3], None, 4, [[1], [3]]]),
        ("check_str", ["annie"], True, [Opaque("re.Match"), True, "yes"], [None, False]),
        ("check_str", ["bob"], False, [None, False], [Opaque("re.Match"), True, ""]),
        ("surface_Area", [3, 4], 33, [33, 35], [34, None, "33"]),
        ("digit_distance_nums", [123, 45], 4, [4, 4.0, 1 + 2 + 2], [6, None]),
        ("sum_div", [1], 1, [1, 0], [2, None]),
        ("sum_div", [8], 7, [7, 7.0], [0, 15]),
        # 6 and 11 have the same sum of divisors, 12; the reference's are 13 and 13.
        ("are_equivalent", [6, 11], True, [True, 1], [False, None, "True"]),
        # Whatever the reference says, their sums are 7 and 12.
        ("are_equivalent", [4, 6], True, [True, False], [None, 2]),
        ("are_equivalent", [2, 4], False, [False], [True, None]),
    ],
)
def test_tasks_with_their_own_oracle(
    entry_point: str, arguments: list[Any], expected: Any, right: list[Any], wrong: list[Any]
) -> None:
    assert [got for got in right if not agrees(task(entry_point), arguments, expected, got)] == []
    assert [got for got in wrong if agrees(task(entry_point), arguments, expected, got)] == []


def test_the_same_name_in_another_benchmark_has_no_oracle_of_its_own() -> None:
    assert not agrees(task("Diff", task_id="HumanEval/1"), [[1], [3]], [1, 3], [3, 1])
    assert not agrees(task("find_zero"), [[-1, 1]], 5.0, 1.0)
