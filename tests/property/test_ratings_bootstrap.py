"""The bootstrap over instructions: seeded, of whole instructions, and its intervals cover what they should."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from property.rating_games import arena, games

from warriorcoder.pipelines.battles.ratings import bootstrap as bootstrap_module
from warriorcoder.pipelines.battles.ratings.bootstrap import (
    bootstrap,
    bootstrapped_bradley_terry,
    bootstrapped_elo,
    end_of_order,
    interval,
    rank_interval,
    resamples,
)
from warriorcoder.pipelines.battles.ratings.bradley_terry import bradley_terry, standard_errors
from warriorcoder.pipelines.battles.ratings.elo import elo, tail_length
from warriorcoder.pipelines.battles.ratings.games import Game, Games


@settings(max_examples=15)
@given(games(("a", "b", "c"), 1, 15), st.integers(0, 2**40))
def test_the_bootstrap_is_seeded_and_its_intervals_are_in_order(played: Games, seed: int) -> None:
    _, before = elo(played, 40, 1000)
    drawn, again = (bootstrap(played, before, 40, 1000, 20, seed) for _ in range(2))
    assert drawn.elo.tolist() == again.elo.tolist()
    assert drawn.bradley_terry.tolist() == again.bradley_terry.tolist()
    for draws in (drawn.elo, drawn.bradley_terry):
        assert draws.shape == (20, 3)
        assert draws.sum(axis=1) == pytest.approx(3000)
        low, high = interval(draws)
        assert (low <= high).all()
        best, worst = rank_interval(draws)
        assert (best >= 1).all()
        assert (best <= worst).all()
        assert (worst <= 3).all()


def test_the_bootstrap_holds_the_point_estimate_and_another_seed_draws_otherwise() -> None:
    played = arena([100, 50, 0, -50, -100], 30, 3, seed=0)
    low, high = interval(bootstrapped_bradley_terry(played, 1000, 200, 0))
    assert ((low < bradley_terry(played, 1000)) & (bradley_terry(played, 1000) < high)).all()
    assert interval(bootstrapped_bradley_terry(played, 1000, 200, 1))[0].tolist() != low.tolist()


def test_the_bootstrap_resamples_whole_instructions() -> None:
    """One instruction with all the games: every resample has them all, so Bradley-Terry does not move."""
    played = Games.of([Game("i", "a", "b", 1.0)] * 6 + [Game("i", "a", "b", 0.0)] * 3, ("a", "b"))
    drawn = bootstrap(played, elo(played, 40, 1000)[1], 40, 1000, 20, 0)
    assert np.ptp(drawn.bradley_terry[:, 0]) == pytest.approx(0, abs=1e-6)
    # Elo hangs on the order of the games, and its interval says by how much.
    assert np.ptp(drawn.elo[:, 0]) > 10


def test_correlated_votes_make_wider_intervals_than_as_many_independent_games() -> None:
    """Twenty equal votes on an instruction are one piece of evidence, not twenty."""
    once = arena([100, 0, -100], 200, 1, seed=0)
    votes = once.take(np.repeat(np.arange(len(once)), 20))
    low, high = interval(bootstrapped_bradley_terry(votes, 1000, 400, 0, prior_ties=0.1))
    independent = 2 * 1.96 * standard_errors(votes, 1000)
    assert (high - low) / independent == pytest.approx(np.sqrt(20), rel=0.25)


def test_the_intervals_of_bradley_terry_cover_the_truth_as_often_as_they_say() -> None:
    true = np.array([100.0, 0.0, -100.0])
    covered = []
    for seed in range(80):
        played = arena(true.tolist(), 150, 4, seed, ties=0.0)
        low, high = interval(bootstrapped_bradley_terry(played, 0, 200, seed))
        covered += ((low <= true) & (true <= high)).tolist()
    assert 0.89 < np.mean(covered) < 0.99


@pytest.mark.parametrize("instructions", [50, bootstrap_module.POISSON_FROM])
def test_an_instruction_is_taken_once_in_the_mean_with_variance_one(instructions: int) -> None:
    taken = np.concatenate(list(resamples(instructions, 70, 3)), axis=1)
    assert taken.shape == (instructions, 70)
    assert taken.mean() == pytest.approx(1, abs=0.01)
    assert taken.var() == pytest.approx(1, abs=0.05)
    assert np.concatenate(list(resamples(instructions, 70, 3)), axis=1).tolist() == taken.tolist()
    # As many as there are, exactly or but for Poisson's spread.
    spread = 0 if instructions < bootstrap_module.POISSON_FROM else 5 * np.sqrt(instructions)
    assert np.abs(taken.sum(axis=0) - instructions).max() <= spread


def test_both_ways_to_resample_give_the_same_intervals(monkeypatch: pytest.MonkeyPatch) -> None:
    played = arena([100, 0, -100], 2000, 3, seed=0)
    counted = interval(bootstrapped_bradley_terry(played, 1000, 1000, 0))
    monkeypatch.setattr(bootstrap_module, "POISSON_FROM", 1)
    poisson = interval(bootstrapped_bradley_terry(played, 1000, 1000, 0))
    for one, other in zip(counted, poisson, strict=True):
        assert one == pytest.approx(other, abs=2.5)


def test_the_end_of_an_order_is_of_the_resample_and_without_repeats_of_a_copy() -> None:
    sizes = np.array([1, 4, 2, 3] * 500)
    first = np.cumsum(sizes) - sizes
    random = np.random.default_rng(0)
    total = np.zeros(sizes.sum())
    for _ in range(400):
        places = end_of_order(random, first, sizes, 100)
        assert len(places) == 100
        total += np.bincount(places, minlength=len(total))
    # Every game is as likely as every other, however many its instruction has.
    by_size = [total[np.repeat(sizes, sizes) == size].mean() for size in (1, 2, 3, 4)]
    assert by_size == pytest.approx([total.mean()] * 4, rel=0.05)
    # A whole resample: each instruction's games are taken equally often.
    places = np.bincount(end_of_order(random, first, sizes, len(total)), minlength=len(total))
    for begin, size in zip(first, sizes, strict=True):
        assert len(set(places[begin : begin + size])) == 1


def test_the_ends_of_long_orders_spread_elo_as_whole_orders_do(monkeypatch: pytest.MonkeyPatch) -> None:
    played = arena([100, 0, -100], 20_000, 3, seed=0)
    _, before = elo(played, 40, 1000)
    assert 4 * tail_length(played, before, 40) < len(played)
    ends = bootstrapped_elo(played, before, 40, 1000, 300, 0)
    monkeypatch.setattr(bootstrap_module, "tail_length", lambda *_: len(played))
    whole = bootstrapped_elo(played, before, 40, 1000, 300, 0)
    assert ends.mean(axis=0) == pytest.approx(whole.mean(axis=0), abs=12)
    assert ends.std(axis=0) == pytest.approx(whole.std(axis=0), rel=0.2)


def test_ranks_of_equals_span_both_places() -> None:
    best, worst = rank_interval(np.array([[3.0, 1.0, 1.0]] * 10))
    assert best.tolist() == [1, 2, 2]
    assert worst.tolist() == [1, 3, 3]


def test_without_games_there_is_nothing_to_resample() -> None:
    nothing = Games.of([], ("a", "b"))
    with pytest.raises(ValueError, match="no game"):
        bootstrap(nothing, elo(nothing, 40, 1000)[1], 40, 1000, 10, 0)
