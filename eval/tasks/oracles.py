"""Is what a program returned right? Pure functions on inert data, outside of the program's reach.

The rule is evalplus's: equal as Python has it, or, between floats, within the task's absolute
tolerance and 1e-7 of the expected value, at any depth of lists, tuples and dicts. Where a task says
no tolerance, floats get 1e-6. Some tasks have more than one right answer; `_SPECIAL` says which, and why.

Other than evalplus 0.3.1:
- HumanEval/32 is decided for each input (there its `continue` records nothing, and every program fails), and
  allows for rounding (there only the float that the reference ends at is right for some inputs).
- The default tolerance holds for each float by itself. There it holds for a value that is a float or
  a flat list of floats, and then stays on for all later inputs of the run, whatever they return.
- Integers are exact whatever their size; no list is stretched to another's shape.
- Mbpp/164 and 295 take what another reading of the task returns; there 164 takes anything, 295 takes 0 always.
"""

import math
import sys
from collections.abc import Callable
from typing import Any

from warriorcoder.eval.tasks.task import Arguments, Task
from warriorcoder.sandbox.inside.values import shown

RELATIVE = 1e-7
"""Of the expected value; numpy.allclose's in evalplus."""

DEFAULT_ATOL = 1e-6
"""Between floats, where a task has none."""

NOT_NONE = frozenset({"check_str", "text_match_three", "text_starta_endb"})
"""Tasks of MBPP whose reference returns a match of `re` or None, and whose tests ask for its truth alone: Mbpp/737,
787, 794. The expected value is whether it is not None."""

_Special = Callable[[Task, Arguments, Any, Any], bool]


def agrees(task: Task, arguments: Arguments, expected: Any, got: Any) -> bool:
    """Whether a returned value is right."""
    return disagreement(task, arguments, expected, got) is None


def disagreement(task: Task, arguments: Arguments, expected: Any, got: Any) -> str | None:
    """Why a returned value is wrong, in one line; None where it is right.

    `expected` is the value of `expected_outputs` for these arguments, `got` what `Sandbox.call` returned.
    """
    special = _SPECIAL.get((_family(task), task.entry_point))
    try:
        if special is not None:
            right = special(task, arguments, expected, got)
        else:
            right = bool(got == expected) or _close(expected, got, task.atol)
    except RecursionError:
        return "it returned a value nested too deep to be compared"
    if right:
        return None
    if special is _is_root:
        return f"returned {shown(got)}, which is no root within {task.atol:g}"
    return f"returned {shown(got)}, expected {shown(expected)}"


def _family(task: Task) -> str:
    return "humaneval" if task.task_id.startswith("HumanEval") else "mbpp"


def _close(expected: Any, got: Any, atol: float) -> bool:
    """Equal, with a tolerance between floats. NaN is equal to NaN."""
    if isinstance(expected, float | complex):
        return type(got) is type(expected) and (_near(expected, got, atol or DEFAULT_ATOL) or got == expected)
    if isinstance(expected, list | tuple):
        return (
            type(got) is type(expected)
            and len(got) == len(expected)
            and all(one == other or _close(one, other, atol) for one, other in zip(expected, got, strict=True))
        )
    if isinstance(expected, dict):
        return (
            isinstance(got, dict)
            and got.keys() == expected.keys()
            and all(got[key] == value or _close(value, got[key], atol) for key, value in expected.items())
        )
    return False


def _near(expected: float | complex, got: float | complex, atol: float) -> bool:
    if isinstance(expected, complex) or isinstance(got, complex):
        expected, got = complex(expected), complex(got)
        return _near(expected.real, got.real, atol) and _near(expected.imag, got.imag, atol)
    if math.isnan(expected) or math.isnan(got):
        return math.isnan(expected) and math.isnan(got)
    if math.isinf(expected) or math.isinf(got):
        return expected == got
    return abs(got - expected) <= atol + RELATIVE * abs(expected)


def _is_root(task: Task, arguments: Arguments, expected: Any, got: Any) -> bool:
    """HumanEval/32 asks for one zero x of a polynomial p = sum c_i x^i, which may have several.

    |p(x)| <= atol + n eps sum |c_i x^i|, of n coefficients: the second term, the rounding of p's evaluation, is what
    no program can be better than. It matters where coefficients are in the millions, and no float has |p| <= atol.
    """
    (coefficients,) = arguments
    if isinstance(got, bool) or not isinstance(got, int | float):
        return False
    try:
        terms = [coefficient * float(got) ** power for power, coefficient in enumerate(coefficients)]
        value, rounding = math.fsum(terms), len(terms) * sys.float_info.epsilon * math.fsum(map(abs, terms))
    except (OverflowError, ValueError):
        return False
    return math.isfinite(value) and abs(value) <= task.atol + rounding


def _same_set(task: Task, arguments: Arguments, expected: Any, got: Any) -> bool:
    """The order is that of a set, and anybody's."""
    try:
        return set(got) == set(expected)
    except TypeError:
        return False


def _not_none(task: Task, arguments: Arguments, expected: Any, got: Any) -> bool:
    return bool((got if isinstance(got, bool) else got is not None) == expected)


def _or_also(other: Callable[..., Any]) -> _Special:
    """Right is what is expected, or what `other` returns for the same arguments."""

    def right(task: Task, arguments: Arguments, expected: Any, got: Any) -> bool:
        if got == expected or _close(expected, got, task.atol):
            return True
        return isinstance(got, int | float) and bool(got == other(*arguments))

    return right


def _sum_of_divisors(number: int) -> int:
    low = [divisor for divisor in range(1, math.isqrt(number) + 1) if number % divisor == 0]
    return sum({*low, *(number // divisor for divisor in low)})


def _proper_divisors(number: int) -> int:
    """Mbpp/295: its reference counts 1 as a divisor of 1, though the number itself is left out otherwise."""
    return _sum_of_divisors(number) - number


def _same_sums(one: int, other: int) -> bool:
    """Mbpp/164: its reference counts 1 twice and square roots twice. Right is also what the text asks for."""
    return _sum_of_divisors(one) == _sum_of_divisors(other)


def _pyramid(base_edge: float, height: float) -> int:
    """Mbpp/581: the reference takes `height` for the slant height; here it is the one from base to apex."""
    return round(base_edge**2 + 2 * base_edge * math.hypot(base_edge / 2, height))


def _digit_distance(one: int, other: int) -> int | None:
    """Mbpp/558: the reference compares from the left and drops the longer one's rest; here units meet units."""
    if one < 0 or other < 0:
        return None
    distance = 0
    while one or other:
        distance += abs(one % 10 - other % 10)
        one, other = one // 10, other // 10
    return distance


_SPECIAL: dict[tuple[str, str], _Special] = {
    ("humaneval", "find_zero"): _is_root,
    ("mbpp", "are_equivalent"): _or_also(_same_sums),
    ("mbpp", "sum_div"): _or_also(_proper_divisors),
    ("mbpp", "surface_Area"): _or_also(_pyramid),
    ("mbpp", "digit_distance_nums"): _or_also(_digit_distance),
    # Mbpp/2, 7, 111, 140, 232, 249, 579, 769
    **{
        ("mbpp", entry_point): _same_set
        for entry_point in (
            "similar_elements",
            "find_char_long",
            "common_in_nested_lists",
            "extract_singly",
            "larg_nnum",
            "intersection_array",
            "find_dissimilar",
            "Diff",
        )
    },
    **{("mbpp", entry_point): _not_none for entry_point in NOT_NONE},
}
