"""The training tables: who is gold, who lost, who is left out, in which order and with which weights."""

from collections import Counter
from itertools import pairwise
from typing import Any

import pytest

from warriorcoder.pipelines.battles.outcomes import Outcomes, label_weights, outcomes
from warriorcoder.recipe import Recipe
from warriorcoder.tables import TABLES

MODELS = ("a", "b", "c")
ELO = {"a": 1100.0, "b": 1000.0, "c": 900.0}


def recipe(margin: float = 0.05, alpha: float = 0.0, seed: int = 0) -> Recipe:
    endpoint = {"kind": "openai", "base_url": "http://127.0.0.1/v1", "model": "m"}
    experts = [{"name": name, "template": "chatml", "endpoint": endpoint} for name in MODELS]
    settings = {"rating": {"alpha": alpha}, "outcomes": {"margin": margin}, "seed": seed}
    return Recipe.model_validate({"name": "demo", "experts": experts, **settings})


def battle(identity: str, a: str, b: str, local_a: float | None) -> dict[str, Any]:
    return {
        "instruction_id": identity,
        "attacker": a,
        "defender": b,
        "local_a": local_a,
        "local_b": None if local_a is None else 1 - local_a,
    }


def build(*battles: dict[str, Any], made: Recipe | None = None, elo: dict[str, float] = ELO) -> Outcomes:
    """The outcomes of battles on instructions that every model answered."""
    identities = sorted({row["instruction_id"] for row in battles})
    instructions = [
        {"instruction_id": identity, "instruction": f"Do {identity}.", "grade": 7, "band": "good"}
        for identity in identities
    ]
    answers = [
        {"instruction_id": identity, "expert": model, "answer": f"{model} on {identity}"}
        for identity in identities
        for model in MODELS
    ]
    ratings = [{"model": model, "elo": elo[model]} for model in MODELS]
    return outcomes(instructions, answers, battles, ratings, made or recipe())


def labels(built: Outcomes) -> dict[str, bool]:
    return {row["expert"]: row["label"] for row in built.kto}


def test_the_highest_score_is_gold_and_the_others_lost() -> None:
    built = build(battle("i", "a", "b", 0.25), battle("i", "b", "c", 1.0), battle("i", "a", "c", 0.5))
    assert labels(built) == {"b": True, "a": False, "c": False}
    assert built.left_out == 0
    (gold,) = built.sft
    assert gold["final_score"] == pytest.approx((0.75 + 1.0) / 2)
    assert gold["prompt"] == [{"role": "user", "content": "Do i."}]
    assert gold["completion"] == [{"role": "assistant", "content": "b on i"}]
    assert (gold["instruction_grade"], gold["band"], gold["elo"]) == (7, "good", 1000.0)
    assert {row["rejected_expert"] for row in built.preference} == {"a", "c"}
    for row in built.preference:
        assert row["chosen"] == gold["completion"]
        assert row["rejected"][0]["content"] == f"{row['rejected_expert']} on i"
        assert row["score_chosen"] > row["score_rejected"]
        assert (row["elo_chosen"], row["elo_rejected"]) == (1000.0, ELO[row["rejected_expert"]])


def test_the_rows_have_the_columns_of_their_tables() -> None:
    built = build(battle("i", "a", "b", 1.0))
    for name, rows in (("kto", built.kto), ("sft", built.sft), ("preference", built.preference)):
        assert rows
        assert all(row.keys() == TABLES[name].columns.keys() for row in rows)


@pytest.mark.parametrize(("margin", "lost"), [(0.0, True), (0.5, True), (0.51, False), (1.0, False)])
def test_who_is_within_the_margin_is_left_out(margin: float, lost: bool) -> None:
    built = build(battle("i", "a", "b", 0.75), made=recipe(margin))
    assert labels(built) == ({"a": True, "b": False} if lost else {"a": True})
    assert len(built.preference) == lost
    # c fought nobody, so it is never in.
    assert built.left_out == (1 if lost else 2)


@pytest.mark.parametrize(("elo", "gold"), [(ELO, "a"), ({**ELO, "b": 1200.0}, "b"), (dict.fromkeys(MODELS, 1.0), "a")])
def test_among_equals_the_higher_elo_is_gold_and_nobody_lost(elo: dict[str, float], gold: str) -> None:
    built = build(battle("i", "b", "a", 0.5), made=recipe(0.0), elo=elo)
    assert labels(built) == {gold: True}
    assert built.preference == []
    assert built.left_out == 2


def test_the_rating_counts_as_alpha_says() -> None:
    fight = battle("i", "a", "c", 0.4)
    assert labels(build(fight, made=recipe(alpha=0.0))) == {"a": False, "c": True}
    assert labels(build(fight, made=recipe(alpha=0.7))) == {"a": True}


def test_an_answer_that_lost_no_battle_is_never_undesirable() -> None:
    """Its expert's Elo alone puts it far below gold, but no judge found it worse."""
    tied = [battle("i", "a", "b", 0.5), battle("i", "a", "c", 0.5), battle("i", "b", "c", 0.5)]
    assert labels(build(*tied, made=recipe(alpha=0.7))) == {"a": True}
    beaten_once = [*tied[:2], battle("i", "b", "c", 0.75)]
    assert labels(build(*beaten_once, made=recipe(alpha=0.7))) == {"a": True, "c": False}


def test_an_instruction_without_a_decided_battle_is_left_out() -> None:
    built = build(battle("i", "a", "b", None), battle("k", "a", "b", 1.0))
    assert {row["instruction_id"] for row in built.kto} == {"k"}
    assert built.left_out == 4


def test_nothing_decided_builds_nothing() -> None:
    built = build(battle("i", "a", "b", None))
    assert (built.kto, built.sft, built.preference, built.left_out) == ([], [], [], 3)


def test_one_class_alone_keeps_its_weight() -> None:
    built = build(battle("i", "a", "b", 0.5))
    assert [(row["label"], row["weight"]) for row in built.kto] == [(True, 1.0)]


@pytest.mark.parametrize(
    ("desirable", "undesirable", "weights"),
    [(4, 4, (1.0, 1.0)), (2, 8, (4.0, 1.0)), (9, 3, (1.0, 3.0)), (5, 0, (1.0, 1.0)), (0, 5, (1.0, 1.0))],
)
def test_weights_raise_the_rarer_label(desirable: int, undesirable: int, weights: tuple[float, float]) -> None:
    found = label_weights(desirable, undesirable)
    assert (found[True], found[False]) == weights


def test_no_two_answers_to_one_instruction_are_neighbours() -> None:
    """KTO pairs a prompt with the next row's completion: its own instruction's would be no estimate of KL."""
    identities = [f"i{number}" for number in range(6)]
    fights = [battle(identity, a, b, 1.0) for identity in identities for a, b in (("a", "b"), ("b", "c"), ("a", "c"))]
    for seed in range(20):
        rows = build(*fights, made=recipe(seed=seed)).kto
        assert len(rows) == 18
        assert all(one["instruction_id"] != other["instruction_id"] for one, other in pairwise(rows))


def test_one_instruction_with_more_answers_than_the_others_is_spread_as_well() -> None:
    fights = [battle("long", "a", "b", 1.0), battle("long", "a", "c", 1.0)]
    fights += [battle(identity, "a", "b", 0.5) for identity in ("k", "l", "m")]
    for seed in range(20):
        rows = build(*fights, made=recipe(seed=seed)).kto
        assert Counter(row["instruction_id"] for row in rows) == {"long": 3, "k": 1, "l": 1, "m": 1}
        assert all(one["instruction_id"] != other["instruction_id"] for one, other in pairwise(rows))


def test_the_order_is_drawn_from_the_seed_and_not_from_what_came_in() -> None:
    fights = [battle(f"i{number}", "a", "b", 1.0) for number in range(12)]
    order = [row["instruction_id"] for row in build(*fights).kto]
    assert [row["instruction_id"] for row in build(*reversed(fights)).kto] == order
    assert [row["instruction_id"] for row in build(*fights, made=recipe(seed=1)).kto] != order
    assert order != sorted(order)
