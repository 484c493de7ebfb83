"""Amounts as people read them."""

import pytest

from warriorcoder.wording import amount, between, lasting, money


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, "0"),
        (0.4, "0"),
        (9999, "9,999"),
        (9999.6, "10k"),
        (12345, "12.3k"),
        (999_499, "999k"),
        (999_600, "1M"),
        (1_234_567, "1.23M"),
        (25.4e9, "25.4B"),
        (2.5e12, "2.5T"),
    ],
)
def test_counts(number: float, said: str) -> None:
    assert amount(number) == said


@pytest.mark.parametrize(
    ("dollars", "said"),
    [
        (0, "$0.00"),
        (1e-9, "<$0.0001"),
        (0.00016, "$0.0002"),
        (0.0042, "$0.0042"),
        (0.31, "$0.31"),
        (9.999, "$10.00"),
        (99.99, "$99.99"),
        (99.999, "$100"),
        (1234.5, "$1,234"),
    ],
)
def test_dollars(dollars: float, said: str) -> None:
    assert money(dollars) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (0.2, "<1 s"),
        (1, "1 s"),
        (99, "99 s"),
        (100, "2 min"),
        (5400, "90 min"),
        (6000, "1.7 h"),
        (36_000, "10 h"),
        (400_000, "5 days"),
    ],
)
def test_time(seconds: float, said: str) -> None:
    assert lasting(seconds) == said


def test_ranges_say_a_shared_unit_once_and_equal_ends_once() -> None:
    assert between(3, 3.2, amount) == "3"
    assert between(3, 12_345, amount) == "3–12.3k"
    assert between(0.31, 8.4, money) == "$0.31–8.40"
    assert between(1e-9, 8.4, money) == "<$0.0001–$8.40"
    assert between(20, 50, lasting) == "20–50 s"
    assert between(20, 200, lasting) == "20 s–3 min"
    assert between(0, 40, lasting) == "0–40 s"
