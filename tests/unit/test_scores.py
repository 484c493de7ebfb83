"""Battles counted from votes, local scores, final scores."""

from typing import Any

import pytest

from warriorcoder.pipelines.battles.ratings.elo import expected_score
from warriorcoder.pipelines.battles.scores import count_votes, final_score, final_scores, gold_answer, local_score


def votes(*verdicts: tuple[str, str | None], identity: str = "i") -> list[dict[str, Any]]:
    return [
        {"instruction_id": identity, "model_a": "a", "model_b": "b", "judge": judge, "verdict": verdict}
        for judge, verdict in verdicts
    ]


@pytest.mark.parametrize(
    ("cast", "counted", "winner", "score", "consistency"),
    [
        ([("j", "a"), ("j", "a")], (2, 0, 0, 0), "a", 1.0, 1.0),
        ([("j", "b"), ("j", "tie")], (0, 1, 1, 0), "b", 0.0, 0.0),
        ([("j", "a"), ("j", "b")], (1, 1, 0, 0), "tie", 0.5, 0.0),
        ([("j", "tie"), ("j", None)], (0, 0, 1, 1), "tie", 0.5, None),
        ([("j", "a"), ("j", "a"), ("k", "a"), ("k", "b")], (3, 1, 0, 0), "a", 1.0, 0.5),
        ([("j", "a"), ("j", None), ("k", "b"), ("k", "b")], (1, 2, 0, 1), "b", 0.0, 1.0),
    ],
)
def test_a_battle_is_the_count_of_its_votes(
    cast: list[tuple[str, str | None]],
    counted: tuple[int, int, int, int],
    winner: str,
    score: float,
    consistency: float | None,
) -> None:
    (battle,) = count_votes(votes(*cast))
    assert (battle.votes_a, battle.votes_b, battle.ties, battle.missing) == counted
    assert battle.decided
    assert battle.winner == winner
    assert battle.game == ("i", "a", "b", score, 1.0)
    assert battle.consistency == consistency


def test_without_a_verdict_nobody_won_and_it_is_no_tie() -> None:
    (battle,) = count_votes(votes(("j", None), ("j", None)))
    assert not battle.decided
    assert battle.winner is None
    assert battle.consistency is None
    assert battle.missing == 2


def test_battles_are_told_apart_by_instruction_and_sides() -> None:
    swapped = [{**vote, "model_a": "b", "model_b": "a"} for vote in votes(("j", "a"))]
    battles = count_votes([*votes(("j", "a")), *votes(("j", "b"), identity="k"), *swapped])
    assert [(battle.instruction_id, battle.attacker, battle.winner) for battle in battles] == [
        ("i", "a", "a"),
        ("k", "a", "b"),
        ("i", "b", "b"),
    ]


@pytest.mark.parametrize(
    ("for_", "against", "ties", "score"),
    [(2, 1, 0, 2 / 3), (0, 3, 0, 0.0), (1, 1, 2, 0.5), (1, 0, 1, 0.75), (0, 0, 4, 0.5), (0, 0, 0, None)],
)
def test_local_score(for_: int, against: int, ties: int, score: float | None) -> None:
    assert local_score(for_, against, ties) == score


def battle(a: str, b: str, local_a: float | None, identity: str = "i") -> dict[str, Any]:
    local_b = None if local_a is None else 1 - local_a
    return {"instruction_id": identity, "attacker": a, "defender": b, "local_a": local_a, "local_b": local_b}


def test_the_final_score_is_the_mean_over_the_battles_fought() -> None:
    ratings = {"a": 1100.0, "b": 1000.0, "c": 900.0}
    scores = final_scores([battle("a", "b", 0.25), battle("c", "a", 0.5), battle("b", "c", None)], ratings, 0.7)
    over_b, over_c = expected_score(1100, 1000), expected_score(1100, 900)
    assert scores["i", "a"] == pytest.approx((0.7 * over_b + 0.3 * 0.25 + 0.7 * over_c + 0.3 * 0.5) / 2)
    assert scores["i", "b"] == pytest.approx(0.7 * (1 - over_b) + 0.3 * 0.75)
    assert scores["i", "c"] == pytest.approx(0.7 * (1 - over_c) + 0.3 * 0.5)


@pytest.mark.parametrize(("alpha", "gold"), [(0.0, "b"), (1.0, "a")])
def test_alpha_weighs_the_rating_against_the_votes(alpha: float, gold: str) -> None:
    scores = final_scores([battle("a", "b", 0.25)], {"a": 1200.0, "b": 1000.0}, alpha)
    assert max(("a", "b"), key=lambda model: scores["i", model]) == gold


def test_who_fought_no_decided_battle_has_no_score() -> None:
    assert final_scores([battle("a", "b", None)], {"a": 1000.0, "b": 1000.0}, 0.7) == {}


def test_the_final_score_weighs_expected_against_local() -> None:
    assert final_score([(0.8, 1.0), (0.5, 0.25)], 0.7) == pytest.approx((0.7 * 0.8 + 0.3 + 0.7 * 0.5 + 0.3 * 0.25) / 2)
    with pytest.raises(ValueError, match="no final score"):
        final_score([], 0.7)


def test_the_gold_answer_has_the_highest_final_score_then_the_higher_rating_then_the_first_name() -> None:
    ratings = {"a": 900.0, "b": 1000.0, "c": 1000.0}
    assert gold_answer({"a": 0.6, "b": 0.5, "c": 0.5}, ratings) == "a"
    assert gold_answer({"a": 0.5, "b": 0.5, "c": 0.5}, ratings) == "b"
