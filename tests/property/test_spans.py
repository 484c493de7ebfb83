"""Spans keep their order through every sum and product, and hold whatever their parts may come to."""

from hypothesis import given
from hypothesis import strategies as st

from warriorcoder.pipelines.estimating.spans import Span, hull, longest, shared

amounts = st.floats(0, 1e9)


@st.composite
def spans(draw: st.DrawFn, most: float = 1e6) -> Span:
    return Span(*sorted(draw(st.lists(st.floats(0, most), min_size=3, max_size=3))))


@st.composite
def spans_with_a_value(draw: st.DrawFn) -> tuple[Span, float]:
    span = draw(spans())
    return span, draw(st.floats(span.low, span.high))


def within(value: float, span: Span) -> bool:
    return span.low * (1 - 1e-9) - 1e-9 <= value <= span.high * (1 + 1e-9) + 1e-9


@given(spans_with_a_value(), spans_with_a_value())
def test_what_lies_within_the_parts_lies_within_sum_product_and_the_longest(
    one: tuple[Span, float], other: tuple[Span, float]
) -> None:
    (a, x), (b, y) = one, other
    assert within(x + y, a + b)
    assert within(x * y, a * b)
    assert within(max(x, y), longest([a, b]))
    assert within(x, hull([a, b]))
    assert within(min(x, y), a.at_most(y))


@given(amounts, amounts, amounts)
def test_around_brings_the_likely_between_the_bounds(low: float, likely: float, more: float) -> None:
    span = Span.around(low, likely, low + more)
    assert span.low <= span.likely <= span.high
    assert span.likely in (likely, low, low + more)


@given(
    st.dictionaries(st.sampled_from("abcd"), st.tuples(st.integers(0, 20), st.integers(0, 9)), min_size=1),
    st.data(),
)
def test_however_the_things_are_shared_out_their_weight_lies_within(
    parts: dict[str, tuple[int, int]], data: st.DataObject
) -> None:
    taken = {name: data.draw(st.integers(0, most)) for name, (most, _) in parts.items()}
    number = sum(taken.values())
    most_of_all = sum(most for most, _ in parts.values())
    low, high = data.draw(st.integers(0, number)), data.draw(st.integers(number, most_of_all))
    weights = {name: weight for name, (_, weight) in parts.items()}
    real = sum(taken[name] * weights[name] for name in parts)
    span = shared(
        Span.around(low, number, high),
        {name: Span.around(0, most / 2, most) for name, (most, _) in parts.items()},
        weights,
    )
    assert within(real, span)
