"""`active` pairing: rounds within a budget, led by the verdicts and by nothing else."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from warriorcoder.pipelines.battles.active import OPENING, Active
from warriorcoder.pipelines.battles.information import pairs_of

EXPERTS, INSTRUCTIONS = 5, 60
PAIRS = pairs_of(EXPERTS)
EVERY = np.ones((INSTRUCTIONS, len(PAIRS)), dtype=bool)
COSTS = np.full(len(PAIRS), 6)

Scores = Callable[[int, int], float | None]


def stronger_wins(instruction: int, pair: int) -> float | None:
    """The later expert is the weaker one; neighbours win by turns."""
    a, b = PAIRS[pair]
    return 1.0 if b - a > 1 else float((instruction + pair) % 3 > 0)


def campaign(
    active: Active, scores: Scores = stronger_wins, costs: NDArray[np.int64] = COSTS
) -> list[NDArray[np.int64]]:
    found = []
    while len(chosen := active.next_round()):
        found.append(chosen)
        active.learn([scores(*each) for each in chosen.tolist()], int(costs[chosen[:, 1]].sum()))
    return found


@pytest.mark.parametrize("calls", [6, 100, 361, 1440, 3600, 10_000])
def test_no_more_calls_than_the_budget_and_no_battle_twice(calls: int) -> None:
    found = np.concatenate(campaign(Active(EVERY, COSTS, calls)))
    assert len(found) == min(calls // 6, EVERY.size)
    assert len(np.unique(found, axis=0)) == len(found)


@pytest.mark.parametrize("battles", [20, 60, 75, 240])
def test_every_instruction_has_a_battle_before_any_has_two(battles: int) -> None:
    found = np.concatenate(campaign(Active(EVERY, COSTS, 6 * battles)))
    fought = np.bincount(found[:, 0], minlength=INSTRUCTIONS)
    assert (fought == 1).sum() == battles if battles < INSTRUCTIONS else fought.min() >= 1
    if battles == 240:
        assert fought.max() - fought.min() <= 3


def test_rounds_grow_by_a_quarter() -> None:
    sizes = [len(each) for each in campaign(Active(EVERY, COSTS, 6 * 500))]
    before = np.cumsum([0, *sizes])
    assert sum(sizes) == 500
    assert all(size == max(OPENING * len(PAIRS), fought // 4) for size, fought in zip(sizes[:-1], before, strict=False))


def test_the_same_verdicts_give_the_same_rounds_and_others_lead_elsewhere() -> None:
    one, same = (campaign(Active(EVERY, COSTS, 1440)) for _ in range(2))
    assert [each.tolist() for each in one] == [each.tolist() for each in same]
    other = campaign(Active(EVERY, COSTS, 1440), lambda instruction, pair: float(pair % 2))
    assert one[0].tolist() == other[0].tolist()
    assert [each.tolist() for each in one[1:]] != [each.tolist() for each in other[1:]]


def test_battles_go_where_the_order_is_open() -> None:
    found = np.concatenate(campaign(Active(EVERY, COSTS, 1440)))
    fought = np.bincount(found[:, 1], minlength=len(PAIRS))
    distance = PAIRS[:, 1] - PAIRS[:, 0]
    assert fought[distance == 1].mean() > 2 * fought[distance == 4].mean()


def test_calls_go_to_battles_that_need_fewer_of_them() -> None:
    costs = np.where(PAIRS[:, 0] == 0, 12, 4)
    active = Active(EVERY, costs, 1200)
    found = np.concatenate(campaign(active, lambda *_: 0.5, costs))
    assert costs[found[:, 1]].sum() <= 1200
    assert active.left < 4
    fought = np.bincount(found[:, 1], minlength=len(PAIRS))
    assert 0 < fought[costs == 12].mean() < fought[costs == 4].mean()


def test_only_possible_battles_and_free_ones_first() -> None:
    possible = np.random.default_rng(0).random(EVERY.shape) < 0.3
    costs = np.where(PAIRS[:, 1] == 4, 0, 6)
    rounds = campaign(Active(possible, costs, 300), costs=costs)
    assert set(map(tuple, rounds[0].tolist())) == set(map(tuple, np.argwhere(possible & (costs == 0)).tolist()))
    found = np.concatenate(rounds)
    assert possible[found[:, 0], found[:, 1]].all()
    assert costs[found[:, 1]].sum() == 300


def test_an_undecided_battle_is_over_but_has_told_nothing() -> None:
    silent = campaign(Active(EVERY, COSTS, 1440), lambda *_: None)
    assert sum(map(len, silent)) == 240
    assert len(np.unique(np.concatenate(silent), axis=0)) == 240


def test_what_was_judged_before_comes_first_and_the_rest_goes_on_from_it() -> None:
    small = campaign(Active(EVERY, COSTS, 720))
    again = campaign(Active(EVERY, COSTS, 720, small))
    assert [each.tolist() for each in again] == [each.tolist() for each in small]
    more = np.ones((INSTRUCTIONS + 20, len(PAIRS)), dtype=bool)
    grown = campaign(Active(more, COSTS, 1440, small))
    assert [each.tolist() for each in grown[: len(small)]] == [each.tolist() for each in small]
    assert sum(map(len, grown)) == 240
    # The new instructions have none yet, so they are next.
    assert set(range(INSTRUCTIONS, INSTRUCTIONS + 20)) <= set(grown[len(small)][:, 0].tolist())
    fewer = campaign(Active(EVERY, COSTS, 300, small))
    assert sum(map(len, fewer)) == 50
