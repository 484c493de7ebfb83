"""Which judges are below the floor, and what their votes count then."""

from typing import Any

import pytest
from unit.cast_votes import Verdict, votes

from warriorcoder.intervals import wilson_interval
from warriorcoder.pipelines.battles.audit.floor import breaches, judge_weights, standings
from warriorcoder.recipe_battles import Battles, Floor

STEADY: list[tuple[Verdict, Verdict]] = [("a", "a"), ("b", "b"), ("a", "a"), ("b", "b")]
FIRST: list[tuple[Verdict, Verdict]] = [("a", "b")]


def keys(cast: list[dict[str, Any]], floor: Floor | None = None) -> list[str]:
    (standing,) = standings(cast).values()
    return [breach.key for breach in breaches(standing, floor or Floor())]


def test_what_a_standing_counts() -> None:
    standing = standings(votes("j", ("a", "a"), ("a", "b"), ("tie", "tie"), (None, "a"), ("b", "tie")))["j"]
    assert (standing.asked, standing.missing) == (10, 1)
    assert (standing.consistency.value, standing.consistency.of) == (0.5, 4)
    # For one side: a a | a b | a | b, of which the first, the third, the fourth are for the answer shown first.
    assert (standing.first.value, standing.first.of) == (3 / 6, 6)


def test_the_order_of_the_rows_is_of_no_account() -> None:
    cast = votes("j", *STEADY * 5, *FIRST * 3) + votes("k", *FIRST * 5, ("tie", None))
    assert standings(cast) == standings(cast[::-1])


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        (STEADY * 5, []),
        (FIRST * 10, ["same_place", "consistency"]),
        ([("b", "a")] * 10, ["same_place", "consistency"]),
        ([(None, None)] * 6 + STEADY, ["missing"]),
        (STEADY + [("a", "b"), ("b", "a")] * 3, ["consistency"]),
        (FIRST * 3, []),
        ([(None, None)] * 3, []),
    ],
)
def test_the_floors_that_are_not_kept(verdicts: list[tuple[Verdict, Verdict]], expected: list[str]) -> None:
    assert keys(votes("j", *verdicts)) == expected


def test_a_floor_can_be_set_so_low_that_every_judge_keeps_it() -> None:
    floor = Floor(consistency=0, missing=1, same_place=1)
    assert keys(votes("j", *FIRST * 10), floor) == keys(votes("j", *[(None, None)] * 10), floor) == []


def test_the_execution_judge_is_held_to_none() -> None:
    assert keys(votes("execution", *FIRST * 10)) == []


BOTH = votes("steady", *STEADY * 5) + votes("first", *FIRST * 20)


def test_a_flag_weighs_nothing() -> None:
    assert judge_weights(standings(BOTH), Battles()) == {}


def test_who_is_left_out_does_not_count() -> None:
    assert judge_weights(standings(BOTH), Battles(below_floor="leave_out")) == {"first": 0.0}


def test_a_judge_counts_as_much_as_its_verdicts_are_surely_no_coins() -> None:
    cast = votes("j", *STEADY * 20, *FIRST * 20)
    battles = Battles(below_floor="down_weight", floor=Floor(consistency=0.9))
    (weight,) = judge_weights(standings(cast), battles).values()
    # Single battles on instructions of their own: the interval of 79.2 in 99, as n / (n - 1) is the design effect.
    assert weight == pytest.approx(2 * wilson_interval(79.2, 99)[0] - 1)
    assert 0 < weight < 2 * 0.8 - 1


def test_a_coin_and_a_judge_without_both_orders_count_nothing() -> None:
    coin = votes("coin", *[("a", "a"), ("b", "a")] * 20)
    mute = votes("mute", *[(None, None)] * 10, *[("a", None)] * 5)
    weights = judge_weights(standings(coin + mute), Battles(below_floor="down_weight"))
    assert weights == {"coin": 0.0, "mute": 0.0}
