"""Findings by name: what an arena's votes and ratings are worth. For each an arena that has it and one that has not."""

from typing import Any

import pytest
from unit.cast_votes import votes

from warriorcoder.pipelines.battles.audit.floor import judge_weights, standings
from warriorcoder.pipelines.battles.health import findings, judge_counts
from warriorcoder.recipe_battles import Battles, Floor

Row = dict[str, Any]


def rated(*models: tuple[str, float, float, float], battles: int = 50, **record: int) -> list[Row]:
    """Rows of ratings from (model, rating, low, high), Elo and Bradley-Terry alike; half of the battles won."""
    wins = {"wins": battles // 2, "ties": 0, **record}
    return [
        {
            "model": name,
            **{
                f"{kind}{end}": value
                for kind in ("elo", "bradley_terry")
                for end, value in (("", rating), ("_low", low), ("_high", high))
            },
            "battles": battles,
            **wins,
        }
        for name, rating, low, high in models
    ]


def fought(*pairs: tuple[str, str], winner: str | None = None) -> list[Row]:
    return [{"instruction_id": "0", "attacker": a, "defender": b, "winner": winner or a} for a, b in pairs]


FAR = rated(("x", 1150, 1100, 1200), ("y", 950, 900, 1000))
MET = fought(("x", "y"), ("y", "x"))


def found(
    cast: list[Row], ratings: list[Row] = FAR, battles: list[Row] = MET, recipe: Battles | None = None
) -> list[Row]:
    recipe = recipe or Battles()
    judges = standings(cast)
    return findings(judges, judge_weights(judges, recipe), battles, ratings, recipe)


def names(*arguments: Any, **named: Any) -> list[str]:
    return [finding["name"] for finding in found(*arguments, **named)]


def test_judge_counts() -> None:
    cast = votes("j", ("a", "a"), ("a", "b"), ("tie", "tie"), (None, "a"), ("b", "tie")) + votes("k", (None, None))
    assert judge_counts(cast) == {
        "j": {"votes": 9, "missing": 1, "ties": 3, "first": 3, "battles_judged": 4, "consistent": 2},
        "k": {"votes": 0, "missing": 2, "ties": 0, "first": 0, "battles_judged": 0, "consistent": 0},
    }


# the judges


def test_a_judge_that_reads_has_no_finding() -> None:
    assert names(votes("j", *[("a", "a"), ("b", "b"), ("tie", "tie")] * 4)) == []


@pytest.mark.parametrize(("verdicts", "where"), [(("a", "b"), "first"), (("b", "a"), "second")])
def test_a_judge_that_always_chooses_one_place(verdicts: tuple[str, str], where: str) -> None:
    finding, below = found(votes("j", *[verdicts] * 10))
    assert (finding["name"], finding["subject"]) == (f"judge_always_{where}", "j")
    assert f"shown {where} in 20 of 20 verdicts" in finding["message"]
    assert "battles.below_floor: down_weight or leave_out" in finding["message"]
    assert below["name"] == "judge_below_floor"
    assert "consistency 0.00 against 0.6" in below["message"]
    assert "same_place 1.00 against 0.9" in below["message"]


def test_ties_do_not_hide_a_judge_that_always_says_a() -> None:
    cast = votes("j", *[("a", "b")] * 5, *[("tie", "tie")] * 20)
    assert names(cast) == ["judge_always_first", "judge_below_floor"]


def test_a_few_verdicts_are_no_finding() -> None:
    assert names(votes("j", *[("a", "b")] * 3)) == []


def test_a_judge_that_changes_its_mind_with_the_order() -> None:
    verdicts: list[tuple[str | None, str | None]] = [("a", "b"), ("b", "a"), ("a", "a"), ("b", "b"), ("tie", "tie")]
    finding, below = found(votes("j", *verdicts * 10, *[("a", "tie"), ("tie", "b")] * 5))
    assert (finding["name"], below["name"]) == ("judge_inconsistent", "judge_below_floor")
    assert "kept its verdict in 30 of 60 battles" in finding["message"]


def test_a_judge_that_draws_its_verdicts_is_a_coin() -> None:
    verdicts: list[tuple[str | None, str | None]] = [("a", "b"), ("b", "a"), ("a", "a"), ("b", "b")]
    finding, _ = found(votes("j", *verdicts * 10))
    assert finding["name"] == "judge_coin"
    assert "kept its verdict in 20 of 40 battles" in finding["message"]
    assert "drawn at random do in 50%" in finding["message"]


def test_a_judge_that_only_says_tie_is_no_coin() -> None:
    assert names(votes("j", *[("tie", "tie")] * 20)) == []


def test_a_judge_that_cannot_be_read() -> None:
    finding, below = found(votes("j", *[(None, None)] * 3, ("a", "a")))
    assert finding["name"] == "judge_unreadable"
    assert "6 of 8 votes" in finding["message"]
    assert "missing 0.75 against 0.5" in below["message"]


def test_the_execution_judge_is_not_held_to_it() -> None:
    assert names(votes("execution", *[("a", "b")] * 10)) == []


def test_the_floor_is_the_recipes() -> None:
    cast = votes("j", *[("a", "a")] * 28, *[("a", "tie"), ("tie", "b"), ("b", "b")] * 4)
    assert names(cast) == []
    strict = Battles(floor=Floor(consistency=0.85))
    assert names(cast, recipe=strict) == ["judge_inconsistent", "judge_below_floor"]


@pytest.mark.parametrize(
    ("below_floor", "said"), [("flag", "count in full"), ("leave_out", "do not count"), ("down_weight", "do not count")]
)
def test_what_the_votes_below_the_floor_count_is_said(below_floor: Any, said: str) -> None:
    assert said in found(votes("j", *[("a", "b")] * 10), recipe=Battles(below_floor=below_floor))[-1]["message"]


# the ratings


def test_few_battles_are_named_with_their_models() -> None:
    few = [*rated(("x", 1150, 1100, 1200), battles=30), *rated(("y", 950, 900, 1000), battles=29)]
    (finding,) = found([], few)
    assert finding["name"] == "few_battles"
    assert "y" in finding["message"]
    assert "x," not in finding["message"]


@pytest.mark.parametrize(
    ("ratings", "expected"),
    [
        (rated(("x", 1100, 1000, 1200), ("y", 950, 900, 1000)), ["ratings_overlap"]),
        (rated(("x", 1100, 1001, 1200), ("y", 950, 900, 1000)), []),
        (rated(("x", 1100, 1000, 1200), ("y", 1000, 900, 1100), ("z", 550, 500, 600)), ["order_open"]),
        (rated(("x", 1100, 1000, 1200)), []),
    ],
)
def test_intervals_that_overlap_establish_no_order(ratings: list[Row], expected: list[str]) -> None:
    models = [row["model"] for row in ratings]
    assert names([], ratings, fought(*((a, b) for a in models for b in models if a != b))) == expected


def test_how_many_battles_would_establish_the_order() -> None:
    # 200 wide, 100 apart: twice as narrow intervals, four times as many battles.
    (finding,) = found([], rated(("x", 1050, 950, 1150), ("y", 950, 850, 1050), battles=200))
    assert "about 800 battles each would part x and y" in finding["message"]
    (finding,) = found([], rated(("x", 1000, 950, 1150), ("y", 1000, 850, 1050)))
    assert "as good as equal" in finding["message"]


def test_elo_that_swings_beyond_what_bradley_terry_parts() -> None:
    swinging = [dict(row, elo_low=row["elo"] - 120, elo_high=row["elo"] + 120) for row in FAR]
    (finding,) = found([], swinging)
    assert finding["name"] == "elo_swings"
    assert "parts x and y" in finding["message"]
    assert "some 120 points" in finding["message"]


def test_experts_that_never_met_are_named() -> None:
    ratings = rated(("w", 1300, 1290, 1310), ("x", 1100, 1090, 1110), ("y", 900, 890, 910), ("z", 700, 690, 710))
    (finding,) = found([], ratings, fought(("w", "x"), ("y", "z")))
    assert finding["name"] == "not_connected"
    assert "w, x; y, z" in finding["message"]
    assert found([], ratings, fought(("w", "x"), ("x", "y"), ("y", "z"))) == []


def test_an_undecided_battle_connects_nobody() -> None:
    battles = [{"instruction_id": "0", "attacker": "x", "defender": "y", "winner": None}]
    assert names([], FAR, battles) == ["not_connected"]


def test_ratings_that_bradley_terry_is_far_from_are_still_on_their_way() -> None:
    there = [dict(row, bradley_terry=row["elo_high"]) for row in FAR]
    assert names([], there) == []
    on_the_way = [dict(row, bradley_terry=row["elo_high"] + 1) for row in FAR]
    (finding,) = found([], on_the_way)
    assert finding["name"] == "ratings_not_converged"
    assert "x, y" in finding["message"]


def test_one_that_wins_all() -> None:
    best = [*rated(("x", 1150, 1100, 1200), wins=50), FAR[1]]
    (finding,) = found([], best)
    assert finding["name"] == "one_wins_all"
    assert "x won every one of its 50 decided battles" in finding["message"]
    assert names([], [*rated(("x", 1150, 1100, 1200), wins=49), FAR[1]]) == []


def test_ties_alone() -> None:
    ratings = rated(("x", 1000, 1000, 1000), ("y", 1000, 1000, 1000), wins=0, ties=50)
    assert names([], ratings, fought(("x", "y"), winner="tie")) == ["all_ties"]
    assert "all_ties" not in names([], rated(("x", 1000, 1000, 1000), ("y", 1000, 1000, 1000), wins=1, ties=49))


def test_nobody_rated_is_a_finding() -> None:
    (finding,) = found([], [], [])
    assert finding["name"] == "no_decided_battle"
    assert "battles.execution_weight: 1" in finding["message"]
