"""The tables of the rating: the order of battles, judges' weights, bias terms, and arenas with little to rate."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from warriorcoder.pipelines.battles.rating import Bias, rate
from warriorcoder.pipelines.battles.ratings.elo import elo
from warriorcoder.pipelines.battles.ratings.games import Game, Games, vote_table
from warriorcoder.pipelines.battles.ratings.style import style_of
from warriorcoder.recipe_battles import Rating
from warriorcoder.tables import TABLES

MODELS = ("a", "b", "c")
SETTINGS = Rating(bootstrap=20, shuffles=5)


def vote(
    identity: str, a: str, b: str, verdict: str | None, judge: str = "j", first: str | None = None
) -> dict[str, Any]:
    return {
        "instruction_id": identity,
        "model_a": a,
        "model_b": b,
        "judge": judge,
        "shown_first": first or a,
        "verdict": verdict,
    }


CAST = [
    vote("2", "a", "b", "a"),
    vote("1", "b", "c", "tie"),
    vote("3", "c", "a", "b"),
    vote("1", "a", "b", "b"),
    vote("2", "b", "c", None),
    vote("3", "b", "a", "a"),
]


def test_the_order_of_the_table_is_kept_where_the_recipe_says_so() -> None:
    rated = rate(CAST, MODELS, SETTINGS.model_copy(update={"order": "table"}), 0)
    rows = rated.battles.to_pylist()
    assert [(row["instruction_id"], row["attacker"]) for row in rows] == [
        (each["instruction_id"], each["model_a"]) for each in CAST
    ]
    games = [("a", "b", 1.0), ("b", "c", 0.5), ("c", "a", 0.0), ("a", "b", 0.0), ("b", "a", 1.0)]
    final, before = elo(Games.of([Game("", *game) for game in games], MODELS), 40, 1000)
    assert {row["model"]: row["elo"] for row in rated.ratings} == dict(zip(MODELS, final, strict=True))
    assert [(row["elo_a"], row["elo_b"]) for row in rows if row["winner"]] == [tuple(pair) for pair in before.tolist()]


def test_a_seeded_order_is_another_with_another_seed() -> None:
    orders = {tuple(rate(CAST, MODELS, SETTINGS, seed).battles["instruction_id"].to_pylist()) for seed in range(8)}
    assert len(orders) > 1


def test_a_table_of_votes_is_rated_as_its_rows_are() -> None:
    table = rate(vote_table(CAST), MODELS, SETTINGS, 0)
    rows = rate(CAST, MODELS, SETTINGS, 0)
    assert table.battles.equals(rows.battles)
    assert table.ratings == rows.ratings
    assert table.battles.schema == TABLES["battles"].features.arrow_schema


def test_what_a_judges_votes_count_decides() -> None:
    cast = [vote("1", "a", "b", "a", "j"), vote("1", "a", "b", "b", "k"), vote("1", "a", "b", "b", "l")]

    def battle(**weights: float) -> dict[str, Any]:
        return dict(rate(cast, MODELS, SETTINGS, 0, weights).battles.to_pylist()[0])

    assert (battle()["winner"], battle()["local_a"]) == ("b", pytest.approx(1 / 3))
    assert (battle(k=0.5, l=0.5)["winner"], battle(k=0.5, l=0.5)["local_a"]) == ("tie", 0.5)
    assert battle(k=0, l=0)["winner"] == "a"
    # Sums of tenths round, and are a tie all the same.
    assert battle(j=0.3, k=0.1, l=0.2)["winner"] == "tie"
    nobody = battle(j=0, k=0, l=0)
    assert (nobody["winner"], nobody["local_a"], nobody["local_b"]) == (None, None, None)
    # A vote counts as one, whatever it weighs, and as none where it weighs nothing.
    assert (nobody["votes_a"], nobody["votes_b"]) == (0, 0)
    assert (battle(k=0.1, l=0)["votes_a"], battle(k=0.1, l=0)["votes_b"]) == (1, 1)


@pytest.mark.parametrize("cast", [[], [vote("1", "a", "b", None)]])
def test_without_a_decided_battle_nobody_is_rated(cast: list[dict[str, Any]]) -> None:
    rated = rate(cast, MODELS, SETTINGS, 0)
    assert len(rated.battles) == len(cast)
    assert rated.ratings == []


def test_one_expert_alone_has_no_battle() -> None:
    assert rate([], ("a",), SETTINGS, 0).ratings == []


def test_who_wins_everything_has_finite_ratings_and_the_best_rank() -> None:
    cast = [vote(str(number), "a", other, "a") for number in range(20) for other in ("b", "c")]
    rows = rate(cast, MODELS, SETTINGS, 0).ratings
    assert rows[0]["model"] == "a"
    assert all(np.isfinite([value for value in row.values() if isinstance(value, float)]).all() for row in rows)
    assert (rows[0]["bradley_terry_rank_low"], rows[0]["bradley_terry_rank_high"]) == (1, 1)
    # Nothing tells the two others apart.
    assert [(row["bradley_terry_rank_low"], row["bradley_terry_rank_high"]) for row in rows[1:]] == [(2, 3), (2, 3)]


def test_who_fought_nothing_is_at_the_start() -> None:
    rows = rate([vote("1", "a", "b", "a")], MODELS, SETTINGS, 0).ratings
    (idle,) = [row for row in rows if row["model"] == "c"]
    assert (idle["elo"], idle["elo_mean"], idle["battles"]) == (1000, 1000, 0)
    assert idle["bradley_terry"] == pytest.approx(1000)


def test_terms_are_fitted_where_they_are_asked_for() -> None:
    cast = [
        vote(str(number), a, b, "a" if number % 3 else "b", judge, first)
        for number in range(12)
        for a, b in (("a", "b"), ("b", "c"), ("a", "c"))
        for judge in ("j", "k")
        for first in (a, b)
    ]
    styles = {
        (str(number), expert): style_of("x" * (number + ord(expert))) for number in range(12) for expert in MODELS
    }
    families = {"a": "x", "b": "y", "c": "y", "j": "x", "k": "y"}
    plain = rate(cast, MODELS, SETTINGS, 0)
    assert plain.effects == []
    assert all(row["controlled"] is None for row in plain.ratings)
    rated = rate(cast, MODELS, SETTINGS, 0, bias=Bias(styles, families))
    assert {(term["kind"], term["subject"]) for term in rated.effects} == {
        *(("style", name) for name in ("length", "code_share", "headers", "lists", "bold")),
        ("position", "j"),
        ("position", "k"),
        ("self_preference", "j"),
        ("self_preference", "k"),
        ("family_preference", "x"),
        ("family_preference", "y"),
    }
    assert all(row["controlled_low"] < row["controlled"] < row["controlled_high"] for row in rated.ratings)
    assert {term["kind"] for term in rate(cast, MODELS, SETTINGS, 0, bias=Bias(styles)).effects} == {"style"}
    # Nobody used bold type: no vote tells of it.
    assert [term["identified"] for term in rated.effects if term["subject"] == "bold"] == [False]
    # They go into the manifest.
    assert pa.Table.from_pylist(rated.effects).num_rows == len(rated.effects)
