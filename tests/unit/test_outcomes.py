"""The training tables: who is gold, who lost, who is left out and why, with which weights."""

from typing import Any

import pytest
from unit.outcome_rows import answer, battle, built, instruction, recipe, rows

from warriorcoder.pipelines.battles.outcomes.building import Outcomes
from warriorcoder.pipelines.battles.outcomes.labelling import label_weights
from warriorcoder.pipelines.battles.outcomes.training_tables import BATCH
from warriorcoder.recipe import Recipe
from warriorcoder.tables import TABLES, LeftOut

MODELS = ("a", "b", "c")
ELO = {"a": 1100.0, "b": 1000.0, "c": 900.0}


def with_margin(margin: float = 0.05, alpha: float = 0.0, **others: Any) -> Recipe:
    return recipe(MODELS, alpha=alpha, margin=margin, test=0, **others)


def build(*battles: dict[str, Any], made: Recipe | None = None, elo: dict[str, float] = ELO) -> Outcomes:
    """The outcomes of battles on instructions that every model answered."""
    identities = sorted({row["instruction_id"] for row in battles})
    answers = [answer(identity, model) for identity in identities for model in MODELS]
    return built([instruction(identity) for identity in identities], answers, [*battles], elo, made or with_margin())


def labels(outcomes: Outcomes) -> dict[str, bool]:
    return {row["expert"]: row["label"] for row in rows(outcomes, "kto")}


def left_out(outcomes: Outcomes) -> dict[str, int]:
    reasons = {reason: outcomes.counts[reason] for reason in LeftOut if outcomes.counts[reason]}
    assert sum(reasons.values()) == outcomes.counts["left_out"]
    return reasons


def names(outcomes: Outcomes) -> list[str]:
    return [finding["name"] for finding in outcomes.findings]


def test_the_highest_score_is_gold_and_the_others_lost() -> None:
    outcomes = build(battle("i", "a", "b", 0.25), battle("i", "b", "c", 1.0), battle("i", "a", "c", 0.5))
    assert labels(outcomes) == {"b": True, "a": False, "c": False}
    assert left_out(outcomes) == {}
    (gold,) = rows(outcomes, "sft")
    assert gold["final_score"] == pytest.approx((0.75 + 1.0) / 2)
    assert gold["prompt"] == [{"role": "user", "content": "Do i."}]
    assert gold["completion"] == [{"role": "assistant", "content": "b on i"}]
    assert (gold["instruction_grade"], gold["band"], gold["task"], gold["language"]) == (7, "good", "generation", None)
    assert (gold["elo"], gold["elo_low"], gold["elo_high"]) == (1000.0, 991.0, 1009.0)
    pairs = rows(outcomes, "preference")
    assert {row["rejected_expert"] for row in pairs} == {"a", "c"}
    for row in pairs:
        assert row["chosen"] == gold["completion"]
        assert row["rejected"][0]["content"] == f"{row['rejected_expert']} on i"
        assert row["score_chosen"] > row["score_rejected"]
        assert (row["elo_chosen"], row["elo_rejected"]) == (1000.0, ELO[row["rejected_expert"]])
        assert (row["elo_chosen_low"], row["elo_rejected_high"]) == (991.0, ELO[row["rejected_expert"]] + 9)


def test_the_rows_have_the_columns_of_their_tables() -> None:
    outcomes = build(battle("i", "a", "b", 1.0))
    for name in ("kto", "sft", "preference"):
        (batch,) = outcomes.tables[name]["train"]
        assert batch.schema.equals(TABLES[name].features.arrow_schema)


@pytest.mark.parametrize(("margin", "lost"), [(0.0, True), (0.5, True), (0.51, False), (1.0, False)])
def test_who_is_within_the_margin_is_left_out(margin: float, lost: bool) -> None:
    outcomes = build(battle("i", "a", "b", 0.75), made=with_margin(margin))
    assert labels(outcomes) == ({"a": True, "b": False} if lost else {"a": True})
    assert len(rows(outcomes, "preference")) == lost
    assert left_out(outcomes) == {LeftOut.NOT_FOUGHT: 1} | ({} if lost else {LeftOut.WITHIN_MARGIN: 1})


def test_a_distance_that_is_the_margin_reaches_it_whatever_floats_make_of_it() -> None:
    assert 0.6 - 0.4 < 0.2
    assert labels(build(battle("i", "a", "b", 0.6), made=with_margin(0.2))) == {"a": True, "b": False}


@pytest.mark.parametrize(("elo", "gold"), [(ELO, "a"), ({**ELO, "b": 1200.0}, "b"), (dict.fromkeys(MODELS, 1.0), "a")])
def test_among_equals_the_higher_elo_is_gold_and_nobody_lost(elo: dict[str, float], gold: str) -> None:
    outcomes = build(battle("i", "b", "a", 0.5), made=with_margin(0.0), elo=elo)
    assert labels(outcomes) == {gold: True}
    assert rows(outcomes, "preference") == []
    assert left_out(outcomes) == {LeftOut.NOT_FOUGHT: 1, LeftOut.UNBEATEN: 1}


@pytest.mark.parametrize("gold", ["a", "b"])
def test_scores_that_differ_in_their_last_bits_are_equal(gold: str) -> None:
    """Which of two equal answers is gold must not hang on the order in which their battles are summed."""
    locals_ = 0.7, 0.8, 0.9
    assert sum(locals_) != sum(reversed(locals_))
    fights = [battle("i", "a", opponent, local) for opponent, local in zip("cde", locals_, strict=True)]
    fights += [battle("i", "b", opponent, local) for opponent, local in zip("cde", reversed(locals_), strict=True)]
    elo = dict.fromkeys("abcde", 1000.0) | {gold: 1100.0}
    answers = [answer("i", model) for model in "abcde"]
    for order in (fights, fights[::-1]):
        outcomes = built([instruction("i")], answers, order, elo, recipe("abcde", alpha=0.0, test=0))
        assert [row["expert"] for row in rows(outcomes, "sft")] == [gold]


def test_the_rating_counts_as_alpha_says() -> None:
    fight = battle("i", "a", "c", 0.4)
    assert labels(build(fight, made=with_margin(alpha=0.0))) == {"a": False, "c": True}
    assert labels(build(fight, made=with_margin(alpha=0.7))) == {"a": True}


def test_an_answer_that_lost_no_battle_is_never_undesirable() -> None:
    """Its expert's Elo alone puts it far below gold, but no judge found it worse."""
    tied = [battle("i", "a", "b", 0.5), battle("i", "a", "c", 0.5), battle("i", "b", "c", 0.5)]
    assert labels(build(*tied, made=with_margin(alpha=0.7))) == {"a": True}
    beaten_once = build(*tied[:2], battle("i", "b", "c", 0.75), made=with_margin(alpha=0.7))
    assert labels(beaten_once) == {"a": True, "c": False}
    assert left_out(beaten_once) == {LeftOut.UNBEATEN: 1}


def test_an_instruction_without_a_decided_battle_is_left_out() -> None:
    outcomes = build(battle("i", "a", "b", None), battle("k", "a", "b", 1.0))
    assert {row["instruction_id"] for row in rows(outcomes, "kto")} == {"k"}
    assert left_out(outcomes) == {LeftOut.NOT_FOUGHT: 2, LeftOut.UNDECIDED: 2}


def test_nothing_decided_builds_empty_tables_and_says_so() -> None:
    outcomes = build(battle("i", "a", "b", None), elo={})
    assert [rows(outcomes, name) for name in ("kto", "sft", "preference")] == [[], [], []]
    assert left_out(outcomes) == {LeftOut.NOT_FOUGHT: 1, LeftOut.UNDECIDED: 2}
    assert names(outcomes) == ["nothing_to_train_on"]
    assert "battles.execution_weight" in outcomes.findings[0]["message"]


def test_one_class_alone_keeps_its_weight_and_is_told_with_its_remedy() -> None:
    outcomes = build(battle("i", "a", "b", 0.5))
    assert [(row["label"], row["weight"]) for row in rows(outcomes, "kto")] == [(True, 1.0)]
    assert names(outcomes) == ["one_class"]
    assert "no answer with a lower final score lost a battle" in outcomes.findings[0]["message"]
    too_high = build(battle("i", "a", "b", 0.75), made=with_margin(0.9))
    assert names(too_high) == ["one_class"]
    assert "at most 0.5; set outcomes.margin lower" in too_high.findings[0]["message"]
    assert names(build(battle("i", "a", "b", 0.75))) == []


@pytest.mark.parametrize(
    ("desirable", "undesirable", "weights"),
    [(4, 4, (1.0, 1.0)), (2, 8, (4.0, 1.0)), (9, 3, (1.0, 3.0)), (5, 0, (1.0, 1.0)), (0, 5, (1.0, 1.0))],
)
def test_weights_raise_the_rarer_label(desirable: int, undesirable: int, weights: tuple[float, float]) -> None:
    assert label_weights(desirable, undesirable) == weights


def test_rows_of_several_batches_are_those_of_their_answers() -> None:
    identities = [f"i{number}" for number in range(BATCH // 2 + 100)]
    outcomes = build(*(battle(identity, "a", "b", 1.0) for identity in identities))
    assert outcomes.tables["kto"]["train"].rows == 2 * len(identities) > BATCH
    kto = rows(outcomes, "kto")
    assert {(row["instruction_id"], row["label"]) for row in kto} == {(i, won) for i in identities for won in (0, 1)}
    for row in kto:
        assert row["prompt"][0]["content"] == f"Do {row['instruction_id']}."
        assert row["completion"][0]["content"] == f"{row['expert']} on {row['instruction_id']}"
        assert row["expert"] == ("a" if row["label"] else "b")


def test_the_order_is_drawn_from_the_seed_and_not_from_what_came_in() -> None:
    fights = [battle(f"i{number}", "a", "b", 1.0) for number in range(12)]
    order = [row["instruction_id"] for row in rows(build(*fights), "kto")]
    assert [row["instruction_id"] for row in rows(build(*reversed(fights)), "kto")] == order
    assert [row["instruction_id"] for row in rows(build(*fights, made=with_margin(seed=1)), "kto")] != order
    assert order != sorted(order)
