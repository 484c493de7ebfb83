"""Wilson's interval: published values, and what holds for every share."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warriorcoder.intervals import wilson_interval


@pytest.mark.parametrize(
    ("count", "total", "low", "high"),
    # Newcombe, Statistics in Medicine 17 (1998), table I, method 3
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_on_newcombes_examples(count: int, total: int, low: float, high: float) -> None:
    assert wilson_interval(count, total) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(1, 500).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total))))
def test_wilson_holds_the_share_and_is_symmetric(counts: tuple[int, int]) -> None:
    count, total = counts
    low, high = wilson_interval(count, total)
    assert 0 <= low <= count / total <= high <= 1
    assert wilson_interval(total - count, total) == pytest.approx((1 - high, 1 - low))
