"""Scores, whatever the votes: shares of one, symmetric in the sides, nothing lost."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warriorcoder.pipelines.battles.rating import rate
from warriorcoder.pipelines.battles.scores import count_votes, final_scores, local_score
from warriorcoder.recipe_battles import Rating
from warriorcoder.tables import TABLES

MODELS = ("a", "b", "c")
SWAP = {"a": "b", "b": "a", "tie": "tie", None: None}


@st.composite
def votes(draw: st.DrawFn) -> list[dict[str, Any]]:
    pairs = st.sampled_from((("a", "b"), ("b", "c"), ("c", "a")))
    battles = draw(st.sets(st.tuples(st.sampled_from("ijkl"), pairs), max_size=8))
    cast = []
    for identity, (a, b) in sorted(battles):
        for judge in draw(st.lists(st.sampled_from(("j", "k", "execution")), max_size=3, unique=True)):
            for _ in range(2):
                verdict = draw(st.sampled_from(("a", "b", "tie", None)))
                row = {"instruction_id": identity, "model_a": a, "model_b": b, "judge": judge, "verdict": verdict}
                cast.append(row)
    return cast


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50))
def test_local_scores_are_shares_of_one(for_: int, against: int, ties: int) -> None:
    mine, theirs = local_score(for_, against, ties), local_score(against, for_, ties)
    if mine is None or theirs is None:
        assert for_ == against == ties == 0
    else:
        assert mine + theirs == pytest.approx(1)
        assert (mine > 0.5) == (for_ > against)


@given(votes())
def test_no_vote_is_lost(cast: list[dict[str, Any]]) -> None:
    battles = count_votes(cast)
    counted = Counter(vote["verdict"] for vote in cast)
    assert sum(battle.votes_a for battle in battles) == counted["a"]
    assert sum(battle.votes_b for battle in battles) == counted["b"]
    assert sum(battle.ties for battle in battles) == counted["tie"]
    assert sum(battle.missing for battle in battles) == counted[None]


@given(votes())
def test_calling_the_sides_otherwise_changes_no_winner(cast: list[dict[str, Any]]) -> None:
    swapped = [
        {**vote, "model_a": vote["model_b"], "model_b": vote["model_a"], "verdict": SWAP[vote["verdict"]]}
        for vote in cast
    ]
    for one, other in zip(count_votes(cast), count_votes(swapped), strict=True):
        assert one.winner == other.winner
        assert one.consistency == other.consistency
        assert one.decided == other.decided
        if one.decided:
            assert one.game.score_a == 1 - other.game.score_a


@given(votes(), st.floats(0, 1), st.fixed_dictionaries({model: st.floats(500, 1500) for model in MODELS}))
def test_final_scores_are_shares_of_one(cast: list[dict[str, Any]], alpha: float, ratings: dict[str, float]) -> None:
    rows = rate(cast, MODELS, Rating(bootstrap=1), 0).battles.to_pylist()
    scores = final_scores(rows, ratings, alpha)
    assert all(-1e-9 <= score <= 1 + 1e-9 for score in scores.values())
    fought = {(row["instruction_id"], row[side]) for row in rows if row["winner"] for side in ("attacker", "defender")}
    assert scores.keys() == fought


@given(votes(), st.integers(0, 2**31), st.randoms(use_true_random=False))
def test_rating_does_not_depend_on_how_the_votes_came_in(cast: list[dict[str, Any]], seed: int, order: Any) -> None:
    shuffled = cast.copy()
    order.shuffle(shuffled)
    settings = Rating(bootstrap=3)
    (battles, ratings, _), (others, other_ratings, _) = (
        rate(each, MODELS, settings, seed) for each in (cast, shuffled)
    )
    assert battles.equals(others)
    assert ratings == other_ratings


@given(votes())
def test_the_rows_of_the_rating_add_up(cast: list[dict[str, Any]]) -> None:
    table, ratings, _ = rate(cast, MODELS, Rating(bootstrap=3), 0)
    battles = table.to_pylist()
    decided = [row for row in battles if row["winner"] is not None]
    assert all(row.keys() == TABLES["battles"].columns.keys() for row in battles)
    assert all((row["elo_a"] is None) == (row["winner"] is None) for row in battles)
    if not decided:
        assert ratings == []
        return
    assert all(row.keys() == TABLES["ratings"].columns.keys() for row in ratings)
    assert [row["elo"] for row in ratings] == sorted((row["elo"] for row in ratings), reverse=True)
    assert sum(row["elo"] for row in ratings) == pytest.approx(3000)
    assert sum(row["battles"] for row in ratings) == 2 * len(decided)
    assert sum(row["wins"] for row in ratings) == sum(row["losses"] for row in ratings)
    for row in ratings:
        assert row["wins"] + row["ties"] + row["losses"] == row["battles"]
        assert row["elo_low"] <= row["elo_high"]
        assert 1 <= row["rank_low"] <= row["rank_high"] <= 3
