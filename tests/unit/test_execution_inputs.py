"""Generated inputs: typed, seeded, bounded, like the examples."""

import pytest

from warriorcoder.pipelines.battles.execution.comparing import comparable, same, shows, text_of
from warriorcoder.pipelines.battles.execution.inputs import LONGEST_TEXT, inputs_of
from warriorcoder.pipelines.battles.execution.shapes import Shape, fits
from warriorcoder.sandbox.inside.values import Opaque

INT, STR = Shape("int"), Shape("str")
SHAPES = [
    INT,
    STR,
    Shape("float"),
    Shape("bool"),
    Shape("char"),
    Shape("sentence"),
    Shape("list", (INT,)),
    Shape("list", (Shape("list", (STR,)),)),
    Shape("set", (STR,)),
    Shape("dict", (STR, INT)),
    Shape("tuple", (INT, STR)),
    Shape("tuple_of", (INT,)),
    Shape("optional", (INT,)),
]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_inputs_have_the_shape_and_come_again(shape: Shape) -> None:
    inputs = inputs_of([shape, INT], [], seed=3)
    assert all(fits(each.arguments[0], shape) and fits(each.arguments[1], INT) for each in inputs)
    assert [text_of(each.arguments) for each in inputs] == [
        text_of(e.arguments) for e in inputs_of([shape, INT], [], 3)
    ]
    assert 4 <= sum(not each.edge for each in inputs) <= 16
    assert len({text_of(each.arguments) for each in inputs}) == len(inputs)
    assert all(len(text_of(each.arguments)) < 600 for each in inputs)


def test_another_seed_gives_other_inputs() -> None:
    assert inputs_of([Shape("list", (INT,))], [], 1) != inputs_of([Shape("list", (INT,))], [], 2)


@pytest.mark.parametrize("shape", [Shape("list"), Shape("dict"), Shape("unknown"), Shape("list", (Shape("set"),))])
def test_nothing_is_made_of_what_is_not_told(shape: Shape) -> None:
    assert inputs_of([shape], [], 1) == []
    assert inputs_of([], [], 1) == []


def test_flags_are_kept() -> None:
    positive = inputs_of([Shape("int", (), frozenset({"positive"}))], [], 1)
    assert min(each.arguments[0] for each in positive) >= 1
    ordered = inputs_of([Shape("list", (INT,), frozenset({"sorted", "distinct", "nonempty"}))], [([1, 2, 5],)], 1)
    for each in ordered:
        (values,) = each.arguments
        assert values == sorted(set(values)) != []


def test_edge_cases_are_there_and_marked() -> None:
    edges = [each.arguments[0] for each in inputs_of([Shape("list", (INT,))], [], 1) if each.edge]
    assert [] in edges
    assert any(len(values) == 1 for values in edges)
    assert any(min(values) < 0 for values in edges if values)
    texts = [each.arguments[0] for each in inputs_of([STR], [], 1) if each.edge]
    assert "" in texts
    assert "naïve café" in texts
    assert "x" * LONGEST_TEXT in texts


def test_examples_bound_what_is_made() -> None:
    made = inputs_of([STR], [("(())",), ("()()",)], 1)
    assert made[0].arguments == ("(())",)
    assert {letter for each in made for letter in each.arguments[0]} == set("()")
    counts = inputs_of([Shape("list", (INT,)), INT], [([4, 5, 6], 3), ([7, 8], 2)], 1)
    usual = [each.arguments for each in counts if not each.edge]
    assert all(count == len(values) for values, count in usual)
    assert min(number for values, _ in usual for number in values) >= 0


def test_texts_made_of_words_stay_so() -> None:
    made = inputs_of([STR], [("o o| .|",)], 5)
    assert {token for each in made if not each.edge for token in each.arguments[0].split()} <= {"o", "o|", ".|"}


def test_values_are_compared_as_people_mean_it() -> None:
    assert same([1.0, {"a": 0.1 + 0.2}], [1, {"a": 0.3}])
    assert same(float("nan"), float("nan"))
    assert not same((1, 2), [1, 2])
    assert not same("1", 1.0)
    assert same(10**400, 10**400)
    assert not same(10**400, 1.5)
    assert not comparable([Opaque("builtins.generator")])
    assert shows([1, "a"], "[1,  'a'].")
    assert shows("ab", "'ab'")
    assert text_of({"b", "a"}) == "{'a', 'b'}"
    assert text_of(({2, 1},)) == "({1, 2},)"
