"""Elo and Bradley-Terry: published examples, and what must hold for any games."""

import csv
import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from warriorcoder.pipelines.battles.ratings import elo as ratings_module
from warriorcoder.pipelines.battles.ratings.elo import (
    bootstrap,
    bradley_terry,
    elo,
    elo_update,
    expected_score,
)
from warriorcoder.pipelines.battles.ratings.games import Game

MODELS = ("a", "b", "c", "d", "e")
RATING = st.floats(0, 3000)
SCORE = st.sampled_from((0.0, 0.5, 1.0))


@st.composite
def games(draw: st.DrawFn, models: tuple[str, ...] = MODELS, most: int = 40) -> list[Game]:
    pair = st.lists(st.sampled_from(models), min_size=2, max_size=2, unique=True)
    drawn = draw(st.lists(st.tuples(st.integers(0, 9), pair, SCORE), max_size=most))
    return [Game(str(number), a, b, score) for number, (a, b), score in drawn]


# published examples

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
    final, _ = elo(played, sorted(PUBLISHED), k=20, start=1500)
    assert {team: round(rating, 3) for team, rating in final.items()} == PUBLISHED


def test_the_textbook_values_of_the_expected_score() -> None:
    """Elo's own table: 200 points are 76 %, 400 points are ten to one."""
    assert expected_score(1200, 1000) == pytest.approx(0.7597, abs=1e-4)
    assert expected_score(1400, 1000) == pytest.approx(10 / 11)
    assert expected_score(1000, 1000) == 0.5
    assert elo_update(1000, 1000, 1.0, 40) == (1020, 980)


AMERICAN_LEAGUE = ("Milwaukee", "Detroit", "Toronto", "New York", "Boston", "Cleveland", "Baltimore")
HOME_WINS_AND_LOSSES = (
    # Agresti, Categorical Data Analysis (2002), table 10.10: row team at home against column team.
    ((0, 0), (4, 3), (4, 2), (4, 3), (6, 1), (4, 2), (6, 0)),
    ((3, 3), (0, 0), (4, 2), (4, 3), (6, 0), (6, 1), (4, 3)),
    ((2, 5), (4, 3), (0, 0), (2, 4), (4, 3), (4, 2), (6, 0)),
    ((3, 3), (5, 1), (2, 5), (0, 0), (4, 3), (4, 2), (6, 1)),
    ((5, 1), (2, 5), (3, 3), (4, 2), (0, 0), (5, 2), (6, 0)),
    ((2, 5), (3, 3), (3, 4), (4, 3), (4, 2), (0, 0), (2, 4)),
    ((2, 5), (1, 5), (1, 6), (2, 4), (1, 6), (3, 4), (0, 0)),
)
ABILITIES = (1.58, 1.44, 1.29, 1.25, 1.11, 0.68, 0.0)
"""His estimates, in nats, Baltimore being 0, without the home advantage."""


def test_bradley_terry_gives_the_published_abilities_of_the_american_league(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ratings_module, "PRIOR_TIES", 1e-9)
    played = []
    for home, row in zip(AMERICAN_LEAGUE, HOME_WINS_AND_LOSSES, strict=True):
        for visitor, (won, lost) in zip(AMERICAN_LEAGUE, row, strict=True):
            played += [Game("", home, visitor, 1.0)] * won + [Game("", home, visitor, 0.0)] * lost
    assert len(played) == 273
    ratings = bradley_terry(played, AMERICAN_LEAGUE, start=0)
    nats = [(ratings[team] - ratings["Baltimore"]) * np.log(10) / 400 for team in AMERICAN_LEAGUE]
    assert [round(each, 2) for each in nats] == list(ABILITIES)


# what must hold for any games


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
def test_elo_is_zero_sum_and_tells_what_was_before_each_game(played: list[Game]) -> None:
    final, before = elo(played, MODELS, 40, 1000)
    assert sum(final.values()) == pytest.approx(1000 * len(MODELS))
    assert len(before) == len(played)
    replayed = dict.fromkeys(MODELS, 1000.0)
    for game, ratings in zip(played, before, strict=True):
        assert (replayed[game.a], replayed[game.b]) == ratings
        replayed[game.a], replayed[game.b] = elo_update(*ratings, game.score_a, 40)
    assert replayed == final


@given(games())
def test_elo_does_not_care_which_side_is_called_a(played: list[Game]) -> None:
    swapped = [Game(game.instruction_id, game.b, game.a, 1 - game.score_a) for game in played]
    assert elo(swapped, MODELS, 40, 1000)[0] == pytest.approx(elo(played, MODELS, 40, 1000)[0])


@given(games(), st.permutations(MODELS))
def test_names_mean_nothing(played: list[Game], renamed: list[str]) -> None:
    other = dict(zip(MODELS, renamed, strict=True))
    again = [Game(game.instruction_id, other[game.a], other[game.b], game.score_a) for game in played]
    for rate in (lambda g: elo(g, MODELS, 40, 1000)[0], lambda g: bradley_terry(g, MODELS, 1000)):
        ratings, after = rate(played), rate(again)
        assert {other[model]: rating for model, rating in ratings.items()} == pytest.approx(after)


@given(games(), st.randoms(use_true_random=False))
def test_bradley_terry_does_not_depend_on_the_order_of_the_games(played: list[Game], order: random.Random) -> None:
    shuffled = played.copy()
    order.shuffle(shuffled)
    assert bradley_terry(shuffled, MODELS, 1000) == pytest.approx(bradley_terry(played, MODELS, 1000))


@given(games())
def test_bradley_terry_has_its_mean_at_the_start(played: list[Game]) -> None:
    ratings = bradley_terry(played, MODELS, 1000)
    assert sum(ratings.values()) / len(ratings) == pytest.approx(1000)


@given(games(), st.sampled_from((1, 30, 1000)))
def test_bradley_terry_explains_every_models_score(played: list[Game], times: int) -> None:
    """The maximum of the likelihood is where each model's score is the expected one, the prior's ties included."""
    ratings = bradley_terry(played * times, MODELS, 1000)
    for model in MODELS:
        score = expected = 0.0
        for game in played:
            for me, other, mine in ((game.a, game.b, game.score_a), (game.b, game.a, 1 - game.score_a)):
                if me == model:
                    score += times * mine
                    expected += times * expected_score(ratings[me], ratings[other])
        for other in MODELS:
            if other != model:
                score += 0.05
                expected += 0.1 * expected_score(ratings[model], ratings[other])
        assert score == pytest.approx(expected, abs=1e-6 * max(1, times))


@pytest.mark.parametrize("seed", range(3))
def test_known_strengths_are_recovered(seed: int) -> None:
    true = dict(zip(MODELS, (1300.0, 1150.0, 1000.0, 850.0, 700.0), strict=True))
    drawn = np.random.default_rng(seed)
    played = []
    for number in range(6000):
        a, b = drawn.choice(MODELS, 2, replace=False)
        played.append(Game(str(number), a, b, float(drawn.random() < expected_score(true[a], true[b]))))
    assert bradley_terry(played, MODELS, 1000) == pytest.approx(true, abs=35)
    final, _ = elo(played, MODELS, 10, 1000)
    assert sorted(MODELS, key=lambda model: -final[model]) == list(MODELS)


def test_who_wins_everything_stays_finite() -> None:
    ratings = bradley_terry([Game("", "a", "b", 1.0)] * 1000, ("a", "b"), 1000)
    assert 1000 < ratings["a"] < 3000
    # By hand: 1000.05 wins of 1000.1 meetings.
    assert ratings["a"] - ratings["b"] == pytest.approx(400 * np.log10(1000.05 / 0.05))


def test_groups_that_hardly_met_still_converge() -> None:
    """Many games within two groups and one between them: an iteration that stops early leaves them side by side."""
    played = [Game("", "a", "b", 1.0)] * 600 + [Game("", "a", "b", 0.0)] * 400 + [Game("", "c", "d", 0.5)] * 1000
    played += [Game("", "b", "c", 1.0)]
    ratings = bradley_terry(played, ("a", "b", "c", "d"), 1000)
    assert ratings["a"] - ratings["b"] == pytest.approx(400 * np.log10(1.5), abs=0.5)
    # By hand, the small prior aside: one win more between the groups, of 1.4 meetings in all.
    assert ratings["b"] - ratings["c"] > 250


@settings(max_examples=10)
@given(games(("a", "b", "c"), 15).filter(bool), st.integers(0, 2**40))
def test_the_bootstrap_is_seeded_and_its_intervals_are_in_order(played: list[Game], seed: int) -> None:
    models = ("a", "b", "c")
    spread = bootstrap(played, models, 40, 1000, 20, seed)
    assert spread == bootstrap(played, models, 40, 1000, 20, seed)
    for model in models:
        assert spread[model].elo[0] <= spread[model].elo[1]
        assert spread[model].bradley_terry[0] <= spread[model].bradley_terry[1]
        assert 1 <= spread[model].rank[0] <= spread[model].rank[1] <= 3


def test_the_bootstrap_holds_the_point_estimate_and_another_seed_draws_otherwise() -> None:
    drawn = np.random.default_rng(0)
    played = [Game(str(n // 3), *drawn.choice(MODELS, 2, replace=False), float(drawn.integers(2))) for n in range(90)]
    point = bradley_terry(played, MODELS, 1000)
    spread = bootstrap(played, MODELS, 40, 1000, 200, 0)
    assert all(spread[m].bradley_terry[0] < point[m] < spread[m].bradley_terry[1] for m in MODELS)
    assert spread != bootstrap(played, MODELS, 40, 1000, 200, 1)


def test_the_bootstrap_resamples_whole_instructions() -> None:
    """One instruction with all the games: every resample has them all, so Bradley-Terry does not move."""
    played = [Game("i", "a", "b", 1.0)] * 6 + [Game("i", "a", "b", 0.0)] * 3
    spread = bootstrap(played, ("a", "b"), 40, 1000, 20, 0)["a"]
    assert spread.bradley_terry[0] == pytest.approx(spread.bradley_terry[1])
    # Elo hangs on the order of the games, and its interval says by how much.
    assert spread.elo[1] - spread.elo[0] > 10
