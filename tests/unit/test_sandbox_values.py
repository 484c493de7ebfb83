"""Inert data: what crosses the sandbox's wall comes out equal, and nothing else comes out."""

import json
import math
from collections import Counter, OrderedDict, defaultdict, namedtuple
from enum import IntEnum
from typing import Any

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from warriorcoder.sandbox.inside import values

keys = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary()
hashable = st.recursive(keys, lambda inner: st.tuples(inner, inner) | st.frozensets(inner, max_size=4), max_leaves=8)
data = st.recursive(
    hashable | st.complex_numbers(allow_nan=False) | st.builds(range, st.integers(-99, 99), st.integers(-99, 99)),
    lambda inner: (
        st.lists(inner, max_size=5) | st.dictionaries(hashable, inner, max_size=4) | st.sets(hashable, max_size=4)
    ),
    max_leaves=25,
)


def crossed(value: object) -> Any:
    return values.decode(values.dump(value))


def shape(value: Any) -> Any:
    """A value with the types that `==` does not tell apart: True is 1, and 1 is 1.0."""
    if isinstance(value, list | tuple):
        return type(value), [shape(item) for item in value]
    if isinstance(value, dict):
        return type(value), sorted(repr((shape(key), shape(item))) for key, item in value.items())
    if isinstance(value, set | frozenset):
        return type(value), sorted(repr(shape(item)) for item in value)
    return type(value), repr(value)


@given(data)
def test_data_comes_out_as_it_went_in(value: object) -> None:
    assert crossed(value) == value
    assert shape(crossed(value)) == shape(value)


@pytest.mark.parametrize("number", [math.inf, -math.inf, 0.1, -0.0, 1e308, 5e-324])
def test_every_float_comes_out_exactly(number: float) -> None:
    assert crossed(number).hex() == number.hex()
    assert math.isnan(crossed([math.nan])[0])


def test_numbers_longer_than_python_prints_come_out() -> None:
    assert crossed([10**10000, -(10**10000)]) == [10**10000, -(10**10000)]


class Evil(IntEnum):
    ONE = 1

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]


def test_a_subclass_comes_out_as_the_built_in_type() -> None:
    class EqualsAll(list[int]):
        def __eq__(self, other: object) -> bool:
            return True

        __hash__ = None  # type: ignore[assignment]

        def __iter__(self) -> Any:
            return iter([9])

    Point = namedtuple("Point", "x y")
    for value, plain in (
        (EqualsAll([1, 2]), [1, 2]),
        (Evil.ONE, 1),
        (Counter("aab"), {"a": 2, "b": 1}),
        (defaultdict(list, {1: []}), {1: []}),
        (OrderedDict(a=1), {"a": 1}),
        (Point(1, 2), (1, 2)),
        (numpy.float64(0.5), 0.5),
        (numpy.int64(3), 3),
        (numpy.bool_(True), True),
        (numpy.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]]),
        (type("Text", (str,), {"__str__": lambda self: "other"})("mine"), "mine"),
    ):
        assert shape(crossed(value)) == shape(plain)


def test_what_is_no_data_equals_nothing() -> None:
    class EqualsAll:
        def __eq__(self, other: object) -> bool:
            return True

        __hash__ = None  # type: ignore[assignment]

    for value in (EqualsAll(), (x for x in []), len, range(10**9), iter([])):
        out = crossed(value)
        assert isinstance(out, values.Opaque)
        assert out != crossed(value)
    assert crossed(EqualsAll()).type_name.endswith("EqualsAll")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "nonsense",
        '{"object": 1}',
        '{"int": 5}',
        '{"int": "zz"}',
        '{"tuple": 1}',
        '{"set": [[1]]}',
        '{"dict": [1]}',
        '{"dict": [[[1], 2]]}',
        '{"bytes": "x"}',
        '{"range": [0, 1000000000000, 1]}',
        '{"range": [0, 9, 0]}',
        '{"complex": [1, 2, 3]}',
        '{"int": "1", "tuple": []}',
        '{"reference": [1, "x"]}',
        "{}",
        "9" * 5000,
        "[" * 100_000,
        '{"tuple":' * 100_000,
    ],
)
def test_what_is_none_of_its_texts_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        values.decode(text)


def encoded(value: object) -> bool:
    """Whether JSON data is one that `encode` could have written."""
    try:
        values.decode(json.dumps(value))
    except ValueError:
        return False
    return True


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.sampled_from(["tuple", "set", "dict", "int", "range", "x"]), inner)
    ),
)


@given(anything)
def test_hostile_texts_are_read_or_refused(value: object) -> None:
    if not encoded(value):
        return
    out = values.decode(json.dumps(value))
    assert isinstance(values.shown(out), str)


def test_a_value_is_shown_whatever_it_is() -> None:
    assert values.shown([1, "x"]) == "[1, 'x']"
    assert values.shown("x" * 999, longest=10) == "'xxxxxxxx…"
    assert "too large" in values.shown(10**10000)
