"""Bradley-Terry: Agresti's baseball table, what must hold for any games, and evalica's results."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from property.rating_games import MODELS, arena, games, repeated, turned

from warriorcoder.pipelines.battles.ratings.bradley_terry import (
    PRIOR_TIES,
    bradley_terry,
    covariance,
    information,
    standard_errors,
    strengths,
)
from warriorcoder.pipelines.battles.ratings.connected import can_be_ranked, groups_of, why_not_connected
from warriorcoder.pipelines.battles.ratings.elo import NATS_PER_POINT, expected_score
from warriorcoder.pipelines.battles.ratings.games import Game, Games

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


def test_bradley_terry_gives_the_published_abilities_of_the_american_league() -> None:
    played = []
    for home, row in zip(AMERICAN_LEAGUE, HOME_WINS_AND_LOSSES, strict=True):
        for visitor, (won, lost) in zip(AMERICAN_LEAGUE, row, strict=True):
            played += [Game("", home, visitor, 1.0)] * won + [Game("", home, visitor, 0.0)] * lost
    league = Games.of(played, AMERICAN_LEAGUE)
    assert len(league) == 273
    nats = bradley_terry(league, start=0, prior_ties=0) * NATS_PER_POINT
    assert (nats - nats[-1]).round(2).tolist() == list(ABILITIES)


# what must hold for any games


@given(games(), st.permutations(range(len(MODELS))))
def test_names_mean_nothing(played: Games, other: list[int]) -> None:
    places = np.array(other, dtype=np.int32)
    again = Games(MODELS, played.instruction, places[played.a], places[played.b], played.score_a, played.weight)
    assert bradley_terry(again, 1000)[places] == pytest.approx(bradley_terry(played, 1000))
    assert bradley_terry(turned(played), 1000) == pytest.approx(bradley_terry(played, 1000))


@given(games(), st.randoms(use_true_random=False))
def test_bradley_terry_does_not_depend_on_the_order_of_the_games(played: Games, order: random.Random) -> None:
    places = list(range(len(played)))
    order.shuffle(places)
    shuffled = played.take(np.array(places, dtype=np.int64))
    assert bradley_terry(shuffled, 1000) == pytest.approx(bradley_terry(played, 1000))


@given(games())
def test_bradley_terry_has_its_mean_at_the_start(played: Games) -> None:
    assert bradley_terry(played, 1000).mean() == pytest.approx(1000)


@given(games(), st.sampled_from((1, 30, 1000)))
def test_bradley_terry_explains_every_models_score(played: Games, times: int) -> None:
    """The maximum of the likelihood is where each model's score is the expected one, the prior's ties included."""
    ratings = bradley_terry(repeated(played, times), 1000)
    wins = times * played.wins() + PRIOR_TIES / 2
    np.fill_diagonal(wins, 0)
    chance = [[expected_score(one, other) for other in ratings] for one in ratings]
    assert wins.sum(axis=1) == pytest.approx(((wins + wins.T) * chance).sum(axis=1), abs=1e-6 * times)


@given(games(), st.sampled_from(MODELS), st.sampled_from(MODELS))
def test_a_win_more_never_lowers_the_winner_nor_raises_the_loser(played: Games, winner: str, loser: str) -> None:
    if winner == loser:
        return
    wins, (up, down) = played.wins(), (MODELS.index(winner), MODELS.index(loser))
    before = strengths(wins)
    wins[up, down] += 1
    after = strengths(wins)
    assert after[up] > before[up] - 1e-9
    assert after[down] < before[down] + 1e-9


@given(games(least=1), st.floats(-500, 3000))
def test_the_scale_is_elos(played: Games, start: float) -> None:
    ratings = bradley_terry(played, start)
    assert ratings - start == pytest.approx(strengths(played.wins()) * 400 / np.log(10), abs=1e-6)


@given(st.lists(games(), min_size=1, max_size=5))
def test_a_stack_of_tables_is_as_each_alone(several: list[Games]) -> None:
    together = strengths(np.stack([played.wins() for played in several]))
    for played, found in zip(several, together, strict=True):
        assert found == pytest.approx(strengths(played.wins()))


@given(games(least=1))
def test_the_information_is_the_curvature_of_the_likelihood(played: Games) -> None:
    wins = played.wins()
    meetings = wins + wins.T + PRIOR_TIES
    np.fill_diagonal(meetings, 0.0)
    logs = strengths(wins)
    known = information(meetings, logs)

    def gradient(at: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
        won = wins + PRIOR_TIES / 2
        np.fill_diagonal(won, 0.0)
        return (won - meetings / (1 + np.exp(at[None, :] - at[:, None]))).sum(axis=1)

    for place in range(len(MODELS)):
        nudge = np.zeros(len(MODELS))
        nudge[place] = 1e-5
        assert (gradient(logs - nudge) - gradient(logs + nudge)) / 2e-5 == pytest.approx(known[place], abs=1e-5)
    spread = covariance(known)
    assert spread.sum(axis=1) == pytest.approx(0, abs=1e-6 * np.abs(spread).max())
    # Of what can be known, the differences, it is the inverse.
    assert known @ spread == pytest.approx(np.eye(5) - 0.2, abs=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_known_strengths_are_recovered_within_their_errors(seed: int) -> None:
    true = [300.0, 150.0, 0.0, -150.0, -300.0]
    played = arena(true, 6000, 1, seed, ties=0)
    off = (bradley_terry(played, 0) - true) / standard_errors(played, 0)
    assert np.abs(off).max() < 3.5


# the edge of what can be told


def test_who_wins_everything_stays_finite() -> None:
    ratings = bradley_terry(Games.of([Game("", "a", "b", 1.0)] * 1000, ("a", "b")), 1000)
    assert 1000 < ratings[0] < 3000
    # By hand: 1000.05 wins of 1000.1 meetings.
    assert ratings[0] - ratings[1] == pytest.approx(400 * np.log10(1000.05 / 0.05))


def test_groups_that_hardly_met_still_converge() -> None:
    """Many games within two groups and one between them: an iteration that stops early leaves them side by side."""
    played = [Game("", "a", "b", 1.0)] * 600 + [Game("", "a", "b", 0.0)] * 400 + [Game("", "c", "d", 0.5)] * 1000
    ratings = bradley_terry(Games.of([*played, Game("", "b", "c", 1.0)], ("a", "b", "c", "d")), 1000)
    assert ratings[0] - ratings[1] == pytest.approx(400 * np.log10(1.5), abs=0.5)
    # By hand, the small prior aside: one win more between the groups, of 1.4 meetings in all.
    assert ratings[1] - ratings[2] > 250


def test_without_the_prior_the_undefeated_are_refused() -> None:
    undefeated = Games.of([Game("", "a", "b", 1.0), Game("", "b", "c", 1.0), Game("", "c", "b", 1.0)], ("a", "b", "c"))
    assert not can_be_ranked(undefeated.wins())
    with pytest.raises(ValueError, match="won or lost everything"):
        bradley_terry(undefeated, 1000, prior_ties=0)
    beaten = Games.of([Game("", "a", "b", 1.0), Game("", "b", "c", 1.0), Game("", "c", "a", 1.0)], ("a", "b", "c"))
    assert can_be_ranked(beaten.wins())
    assert bradley_terry(beaten, 1000, prior_ties=0) == pytest.approx([1000] * 3)


def test_groups_that_never_met_are_named() -> None:
    played = Games.of([Game("", "a", "b", 1.0), Game("", "c", "d", 0.5), Game("", "d", "e", 0.0)], MODELS)
    assert groups_of(played.wins()) == [[2, 3, 4], [0, 1]]
    told = why_not_connected(played.wins(), MODELS)
    assert told is not None
    assert "2 groups" in told
    assert "c, d, e; a, b" in told
    joined = played.wins()
    joined[0, 2] = 1
    assert why_not_connected(joined, MODELS) is None


def test_no_game_and_one_model_are_no_trouble() -> None:
    assert bradley_terry(Games.of([], MODELS), 1000).tolist() == [1000] * 5
    assert bradley_terry(Games.of([], ("alone",)), 1000).tolist() == [1000]
    assert groups_of(np.zeros((1, 1))) == [[0]]


# others' results


@pytest.mark.parametrize("seed", range(4))
def test_evalica_agrees(seed: int) -> None:
    evalica = pytest.importorskip("evalica", reason="evalica, which the ratings are compared with, is not installed")
    played = arena(np.random.default_rng(seed).normal(0, 150, 8).tolist(), 400, 3, seed, ties=0.2)
    names = np.array(played.models)
    outcomes = {1.0: evalica.Winner.X, 0.0: evalica.Winner.Y, 0.5: evalica.Winner.Draw}
    sides = names[played.a].tolist(), names[played.b].tolist(), [outcomes[score] for score in played.score_a]
    theirs = evalica.bradley_terry(*sides, tolerance=1e-14, limit=100_000).scores[names.tolist()].to_numpy()
    nats = np.log(theirs) - np.log(theirs).mean()
    assert bradley_terry(played, 0, prior_ties=0) * NATS_PER_POINT == pytest.approx(nats, abs=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_evalica_agrees_on_elo(seed: int) -> None:
    evalica = pytest.importorskip("evalica", reason="evalica, which the ratings are compared with, is not installed")
    from warriorcoder.pipelines.battles.ratings.elo import elo

    played = arena(np.random.default_rng(seed).normal(0, 150, 8).tolist(), 400, 3, seed, ties=0.2)
    names = np.array(played.models)
    outcomes = {1.0: evalica.Winner.X, 0.0: evalica.Winner.Y, 0.5: evalica.Winner.Draw}
    sides = names[played.a].tolist(), names[played.b].tolist(), [outcomes[score] for score in played.score_a]
    theirs = evalica.elo(*sides, k=40, initial=1000).scores[names.tolist()].to_numpy()
    assert elo(played, 40, 1000)[0] == pytest.approx(theirs, abs=1e-6)
