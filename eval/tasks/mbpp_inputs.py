"""The inputs of MBPP+ as Python values.

evalplus's files are JSON, which has lists alone, where MBPP's own tests pass tuples, sets and complex
numbers. Which tasks are meant is nowhere in the files: evalplus's loader (`mbpp_deserialize_inputs`)
knows it by number, and so must everyone who wants the same inputs.
"""

from collections.abc import Callable
from typing import Any

from warriorcoder.eval.tasks.task import Arguments

_Convert = Callable[[Any], Any]


def _as_it_is(value: Any) -> Any:
    return value


def _list_of_tuples(value: Any) -> Any:
    return [tuple(item) for item in value]


def _tuple_of_tuples(value: Any) -> Any:
    return tuple(tuple(item) for item in value)


def _tuple_with_tuples(value: Any) -> Any:
    return tuple(tuple(item) if isinstance(item, list) else item for item in value)


def _tuples_all_the_way(value: Any) -> Any:
    return tuple(map(_tuples_all_the_way, value)) if isinstance(value, list) else value


def _dict_of_tuples(value: Any) -> Any:
    return {name: tuple(item) for name, item in value.items()}


def _list_of_sets(value: Any) -> Any:
    # In this task's own tests {1, 2} is a set and {} a dict.
    return [set(item) if item and isinstance(item, list) else {} for item in value]


# (the converters of the first arguments, that of all others): the tasks
_RULES: list[tuple[tuple[_Convert, ...], _Convert, str]] = [
    ((), tuple, "2 116 132 143 222 261 273 394 399 421 424 429 470 560 579 596 616 630 726 740 744 809"),
    ((tuple,), _as_it_is, "250 307 405 446 617 720 763 808"),
    ((_as_it_is,), tuple, "106 750"),
    ((), _list_of_tuples, "63 64 70 94 120 237 272 299 400 409 417 438 473 614 780"),
    ((_list_of_tuples,), _as_it_is, "75 413 444 753"),
    ((), _tuple_of_tuples, "259 401 445"),
    ((), _tuple_with_tuples, "278"),
    ((), _tuples_all_the_way, "580 615 791"),
    ((_dict_of_tuples,), _as_it_is, "722"),
    ((_list_of_sets,), _as_it_is, "115"),
    ((float, complex), _as_it_is, "124"),
    ((complex,), _as_it_is, "252"),
]
_BY_TASK = {int(number): (first, others) for first, others, numbers in _RULES for number in numbers.split()}


def as_python(task_id: str, inputs: list[Arguments]) -> list[Arguments]:
    """The inputs of a task ("Mbpp/2") out of the JSON's. TypeError, ValueError, AttributeError: not that task's."""
    if (rule := _BY_TASK.get(int(task_id.rpartition("/")[2]))) is None:
        return inputs
    first, others = rule
    return [
        [convert(value) for convert, value in zip(first, arguments, strict=False)]
        + [others(value) for value in arguments[len(first) :]]
        for arguments in inputs
    ]
