"""Findings by name: what an arena's votes and ratings are worth."""

from typing import Any

import pytest

from warriorcoder.pipelines.battles.health import findings, judge_counts


def votes(judge: str, *verdicts: tuple[str | None, str | None]) -> list[dict[str, Any]]:
    """One battle for each pair of verdicts: with the attacker shown first, and with the defender."""
    return [
        {
            "instruction_id": str(n),
            "model_a": "x",
            "model_b": "y",
            "judge": judge,
            "shown_first": shown,
            "verdict": said,
        }
        for n, both in enumerate(verdicts)
        for shown, said in zip(("x", "y"), both, strict=True)
    ]


def rated(*models: tuple[str, float, float, int]) -> list[dict[str, Any]]:
    return [{"model": name, "elo_low": low, "elo_high": high, "battles": fought} for name, low, high, fought in models]


FAR = rated(("x", 1100, 1200, 50), ("y", 900, 1000, 50))


def names(cast: list[dict[str, Any]], ratings: list[dict[str, Any]] = FAR) -> list[str]:
    return [finding["name"] for finding in findings(judge_counts(cast), ratings)]


def test_judge_counts() -> None:
    cast = votes("j", ("a", "a"), ("a", "b"), ("tie", "tie"), (None, "a"), ("b", "tie")) + votes("k", (None, None))
    assert judge_counts(cast) == {
        "j": {"votes": 9, "missing": 1, "ties": 3, "first": 3, "battles_judged": 4, "consistent": 2},
        "k": {"votes": 0, "missing": 2, "ties": 0, "first": 0, "battles_judged": 0, "consistent": 0},
    }


def test_a_judge_that_reads_has_no_finding() -> None:
    assert names(votes("j", *[("a", "a"), ("b", "b"), ("tie", "tie")] * 4)) == []


@pytest.mark.parametrize(("verdicts", "where"), [(("a", "b"), "first"), (("b", "a"), "second")])
def test_a_judge_that_always_chooses_one_place(verdicts: tuple[str, str], where: str) -> None:
    (finding,) = findings(judge_counts(votes("j", *[verdicts] * 10)), FAR)
    assert (finding["name"], finding["subject"]) == (f"judge_always_{where}", "j")
    assert f"shown {where} in 20 of 20 verdicts" in finding["message"]


def test_ties_do_not_hide_a_judge_that_always_says_a() -> None:
    assert names(votes("j", *[("a", "b")] * 5, *[("tie", "tie")] * 20)) == ["judge_always_first"]


def test_a_few_verdicts_are_no_finding() -> None:
    assert names(votes("j", *[("a", "b")] * 3)) == []


def test_a_judge_that_changes_its_mind_with_the_order() -> None:
    verdicts: list[tuple[str | None, str | None]] = [("a", "b"), ("b", "a"), ("a", "a")] * 4
    (finding,) = findings(judge_counts(votes("j", *verdicts)), FAR)
    assert finding["name"] == "judge_inconsistent"
    assert "kept its verdict in 4 of 12 battles" in finding["message"]


def test_a_judge_that_cannot_be_read() -> None:
    (finding,) = findings(judge_counts(votes("j", *[(None, None)] * 3, ("a", "a"))), FAR)
    assert finding["name"] == "judge_unreadable"
    assert "6 of 8 votes" in finding["message"]


def test_the_execution_judge_is_not_held_to_it() -> None:
    assert names(votes("execution", *[("a", "b")] * 10)) == []


def test_few_battles_are_named_with_their_models() -> None:
    (finding,) = findings({}, rated(("x", 1100, 1200, 30), ("y", 900, 1000, 29)))
    assert finding["name"] == "few_battles"
    assert "y" in finding["message"]
    assert "x," not in finding["message"]


@pytest.mark.parametrize(
    ("ratings", "overlap"),
    [
        (rated(("x", 1000, 1200, 50), ("y", 900, 1000, 50)), True),
        (rated(("x", 1001, 1200, 50), ("y", 900, 1000, 50)), False),
        (rated(("x", 1000, 1200, 50), ("y", 900, 1100, 50), ("z", 500, 600, 50)), False),
        (rated(("x", 1000, 1200, 50)), False),
    ],
)
def test_intervals_that_overlap_establish_no_order(ratings: list[dict[str, Any]], overlap: bool) -> None:
    assert names([], ratings) == (["ratings_overlap"] if overlap else [])


def test_nobody_rated_is_a_finding() -> None:
    assert names([], []) == ["no_decided_battle"]
