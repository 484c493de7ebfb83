"""Elo: a published tournament, what must hold for any games, and the ends of long orders against the whole of them."""

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from property.rating_games import MODELS, SCORE, arena, games, turned

from warriorcoder.pipelines.battles.ratings import elo as elo_module
from warriorcoder.pipelines.battles.ratings.elo import (
    NO_GAME,
    elo,
    elo_of_orders,
    elo_update,
    expected_score,
    mean_elo,
    tail_length,
)
from warriorcoder.pipelines.battles.ratings.games import Game, Games

RATING = st.floats(0, 3000)

TOURNAMENT = Path(__file__).resolve().parents[3] / "shared" / "data" / "elo_tournament" / "tournament.csv"
PUBLISHED = {
    "Athletic Armadillos": 1564.318,
    "Blundering Baboons": 1453.079,
    "Cunning Cats": 1518.019,
    "Defense-less Dogs": 1421.394,
    "Elegant Emus": 1509.851,
    "Fabulous Frogs": 1532.986,
    "Gallivanting Gorillas": 1513.944,
    "Helpless Hyenas": 1486.411,
}
"""final.elos(elo.run(score(points.Home, points.Visitor) ~ team.Home + team.Visitor, k = 20)), the R package elo."""


@pytest.mark.skipif(not TOURNAMENT.exists(), reason=f"the tournament of the R package elo is not at {TOURNAMENT}")
def test_elo_gives_the_published_ratings_of_a_tournament() -> None:
    with TOURNAMENT.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    played = []
    for row in rows:
        home, visitor = float(row["points.Home"]), float(row["points.Visitor"])
        score = 1.0 if home > visitor else 0.0 if home < visitor else 0.5
        played.append(Game(row["week"], row["team.Home"], row["team.Visitor"], score))
    assert len(played) == 56
    final, _ = elo(Games.of(played, sorted(PUBLISHED)), k=20, start=1500)
    assert dict(zip(sorted(PUBLISHED), final.round(3).tolist(), strict=True)) == PUBLISHED


def test_the_textbook_values_of_the_expected_score() -> None:
    """Elo's own table: 200 points are 76 %, 400 points are ten to one."""
    assert expected_score(1200, 1000) == pytest.approx(0.7597, abs=1e-4)
    assert expected_score(1400, 1000) == pytest.approx(10 / 11)
    assert expected_score(1000, 1000) == 0.5
    assert elo_update(1000, 1000, 1.0, 40) == (1020, 980)


@given(RATING, RATING)
def test_expected_scores_are_shares_of_one(a: float, b: float) -> None:
    assert expected_score(a, b) + expected_score(b, a) == pytest.approx(1.0)
    assert 0 <= expected_score(a, b) <= 1
    assert (expected_score(a, b) > 0.5) <= (a > b)


@given(RATING, RATING, SCORE, st.floats(0.1, 100))
def test_an_update_moves_both_sides_by_the_same_amount(a: float, b: float, score: float, k: float) -> None:
    after_a, after_b = elo_update(a, b, score, k)
    assert after_a + after_b == pytest.approx(a + b, abs=1e-6)
    assert abs(after_a - a) <= k
    assert elo_update(b, a, 1 - score, k) == pytest.approx((after_b, after_a))


@given(games())
def test_elo_is_zero_sum_and_tells_what_was_before_each_game(played: Games) -> None:
    final, before = elo(played, 40, 1000)
    assert final.sum() == pytest.approx(1000 * len(MODELS))
    replayed = [1000.0] * len(MODELS)
    for a, b, score, ratings in zip(played.a, played.b, played.score_a, before, strict=True):
        assert ratings == pytest.approx((replayed[a], replayed[b]))
        replayed[a], replayed[b] = elo_update(replayed[a], replayed[b], score, 40)
    assert final == pytest.approx(replayed)


@given(games())
def test_elo_does_not_care_which_side_is_called_a(played: Games) -> None:
    assert elo(turned(played), 40, 1000)[0] == pytest.approx(elo(played, 40, 1000)[0])


@given(games(), st.permutations(range(len(MODELS))))
def test_names_mean_nothing_to_elo(played: Games, other: list[int]) -> None:
    places = np.array(other, dtype=np.int32)
    again = Games(MODELS, played.instruction, places[played.a], places[played.b], played.score_a, played.weight)
    assert elo(again, 40, 1000)[0][places] == pytest.approx(elo(played, 40, 1000)[0])


@given(games(least=1), st.floats(1, 100), st.floats(-500, 3000))
def test_elo_only_knows_differences(played: Games, k: float, start: float) -> None:
    assert elo(played, k, start)[0] - start == pytest.approx(elo(played, k, 0)[0], abs=1e-6)


@given(games(least=1), st.randoms(use_true_random=False))
def test_many_orders_at_once_are_as_each_alone(played: Games, order: object) -> None:
    random = np.random.default_rng(order.getrandbits(32))
    orders = np.stack([random.permutation(len(played)) for _ in range(4)], axis=1)
    together = elo_of_orders(played, orders, 40, 1000)
    for column, ratings in zip(orders.T, together, strict=True):
        assert ratings == pytest.approx(elo(played.take(column), 40, 1000)[0])
    kinds, kind = played.kinds()
    assert elo_of_orders(kinds, kind[orders], 40, 1000) == pytest.approx(together)
    padded = np.pad(orders, ((3, 0), (0, 0)), constant_values=NO_GAME)
    assert elo_of_orders(played, padded, 40, 1000) == pytest.approx(together)


def test_a_game_of_weight_two_has_twice_the_k() -> None:
    once = Games.of([Game("i", "a", "b", 1.0, 2.0)], ("a", "b"))
    assert elo(once, 20, 1000)[0].tolist() == [1020, 980]


@pytest.mark.parametrize("strengths", [np.linspace(150, -150, 4), np.linspace(400, -400, 6)])
@pytest.mark.parametrize("k", [10, 40])
def test_the_end_of_an_order_decides_its_ratings(k: float, strengths: np.ndarray) -> None:  # type: ignore[type-arg]
    played = arena(strengths.tolist(), 30_000, 4, seed=1)
    _, before = elo(played, k, 1000)
    length = tail_length(played, before, k)
    assert length < len(played) / 2
    random = np.random.default_rng(0)
    orders = np.stack([random.permutation(len(played)) for _ in range(16)], axis=1)
    whole = elo_of_orders(played, orders, k, 1000)
    assert np.abs(elo_of_orders(played, orders[-length:], k, 1000) - whole).max() < elo_module.TAIL_TOLERANCE
    # The bound is no wild guess: a tenth of it is not enough.
    assert np.abs(elo_of_orders(played, orders[-length // 10 :], k, 1000) - whole).max() > elo_module.TAIL_TOLERANCE


def test_where_ratings_forget_too_slowly_all_games_are_played() -> None:
    played = arena([100, 0, -100], 1000, 4, seed=0)
    for k in (0.01, 2000):
        assert tail_length(played, elo(played, k, 1000)[1], k) == len(played)


def test_groups_that_never_met_have_a_tail_of_their_own() -> None:
    one = arena([100, 0], 20_000, 2, seed=0)
    names = ("a", "b", "c", "d", "never")
    both = Games(
        names,
        np.concatenate([one.instruction, one.instruction]),
        np.concatenate([one.a, one.a + 2]).astype(np.int32),
        np.concatenate([one.b, one.b + 2]).astype(np.int32),
        np.tile(one.score_a, 2),
        np.tile(one.weight, 2),
    )
    _, before = elo(both, 40, 1000)
    length = tail_length(both, before, 40)
    orders = np.random.default_rng(0).permuted(np.tile(np.arange(len(both))[:, None], (1, 4)), axis=0)
    whole = elo_of_orders(both, orders, 40, 1000)
    assert length < len(both) / 10
    assert elo_of_orders(both, orders[-length:], 40, 1000) == pytest.approx(whole, abs=elo_module.TAIL_TOLERANCE)
    assert (whole[:, 4] == 1000).all()


def test_the_mean_over_shuffles_hangs_less_on_the_order() -> None:
    played = arena([100, 0, -100], 300, 3, seed=0)
    shuffled = played.take(np.random.default_rng(3).permutation(len(played)))
    singles = [elo(each, 40, 1000) for each in (played, shuffled)]
    means = [
        mean_elo(each, before, 40, 1000, 200, seed=1)
        for each, (_, before) in zip((played, shuffled), singles, strict=True)
    ]
    assert np.abs(means[0] - means[1]).max() < 15 < np.abs(singles[0][0] - singles[1][0]).max()
    assert means[0].sum() == pytest.approx(3000)
    assert mean_elo(played, singles[0][1], 40, 1000, 200, seed=1).tolist() == means[0].tolist()


def test_a_known_order_is_recovered() -> None:
    played = arena([300, 150, 0, -150, -300], 3000, 2, seed=0, ties=0)
    final, before = elo(played, 10, 1000)
    assert np.argsort(-final).tolist() == [0, 1, 2, 3, 4]
    assert mean_elo(played, before, 10, 1000, 50, 0) - 1000 == pytest.approx([300, 150, 0, -150, -300], abs=40)


def test_a_model_that_is_not_named_is_refused() -> None:
    with pytest.raises(KeyError, match="z"):
        Games.of([Game("i", "a", "z", 1.0)], ("a", "b"))
