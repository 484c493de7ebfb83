"""Which candidates enter the arena."""

from typing import Any

import pytest

from warriorcoder.ids import instruction_id
from warriorcoder.pipelines.mining.curation import Candidate, curate
from warriorcoder.recipe_mining import Curation
from warriorcoder.tables import TABLES

ALL = ["poor", "average", "good", "excellent"]


def candidate(text: str, miner: str = "one", draw: int = 0) -> Candidate:
    return Candidate(instruction_id(text), text, miner, draw, 1.0, 0.95)


def run(*graded: tuple[str, int | None], **settings: Any) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    candidates = [candidate(text, draw=draw) for draw, (text, _) in enumerate(graded)]
    grades = {instruction_id(text): grade for text, grade in graded if grade is not None}
    return curate(candidates, grades, Curation.model_validate(settings), 0)


def reasons(rejected: list[dict[str, Any]]) -> dict[str, str]:
    return {row["text"]: row["reason"] for row in rejected}


def test_rows_come_out_best_first_with_all_their_columns() -> None:
    kept, rejected = run(("Write a Python loop", 5), ("Explain recursion", 9), ("Fix my SQL query", 7))
    assert [row["instruction"] for row in kept] == ["Explain recursion", "Fix my SQL query", "Write a Python loop"]
    assert [(row["grade"], row["band"]) for row in kept] == [(9, "excellent"), (7, "good"), (5, "good")]
    assert [(row["task"], row["language"]) for row in kept] == [
        ("theory", None),
        ("debugging", "sql"),
        ("generation", "python"),
    ]
    assert all(row.keys() == TABLES["instructions"].columns.keys() for row in kept)
    assert rejected == []


def test_each_reason() -> None:
    kept, rejected = run(
        ("Write a quick sort in Rust", 6),
        ("Write a quick sort in Rust!", 8),
        ("Explain what a closure is", 4),
        ("Fix this SQL query", None),
        ("Build a parser for dates", 5),
        ("Draw a tree", 9),
        size=2,
    )
    assert [row["instruction"] for row in kept] == ["Draw a tree", "Write a quick sort in Rust!"]
    assert reasons(rejected) == {
        "Write a quick sort in Rust": "near_duplicate",
        "Explain what a closure is": "band",
        "Fix this SQL query": "ungraded",
        "Build a parser for dates": "surplus",
    }
    assert all(row.keys() == TABLES["rejected"].columns.keys() for row in rejected)
    details = {row["reason"]: row["detail"] for row in rejected}
    assert details["near_duplicate"] == f"of {instruction_id('Write a quick sort in Rust!')}, Jaccard 1.00"
    assert details["band"] == "average, grade 4"
    assert details["surplus"] == "beyond the wanted size of 2"


def test_the_same_instruction_of_two_miners_is_kept_once() -> None:
    candidates = [candidate("Sort a list", "one"), candidate("Sort a list", "two", 5)]
    kept, rejected = curate(candidates, {instruction_id("Sort a list"): 8}, Curation(), 0)
    assert [row["miner"] for row in kept] == ["one"]
    (row,) = rejected
    assert (row["reason"], row["origin"], row["draw"]) == ("exact_duplicate", "two", 5)
    assert row["detail"] == "mined by one too"


@pytest.mark.parametrize("bands", [["poor"], ["average"], ["good"], ["excellent"], ["poor", "excellent"], ALL])
def test_bands_that_are_kept(bands: list[str]) -> None:
    texts = ["alpha beta", "gamma delta", "epsilon zeta", "eta theta"]
    kept, rejected = run(*zip(texts, (1, 3, 5, 9), strict=True), keep_bands=bands)
    assert {row["band"] for row in kept} == set(bands)
    assert len(kept) + len(rejected) == 4


def test_equal_grades_come_in_an_order_drawn_from_the_seed() -> None:
    texts = [f"word{number} other{number}" for number in range(10)]
    candidates = [candidate(text) for text in texts]
    grades = {instruction_id(text): 7 for text in texts}
    orders = [[row["instruction"] for row in curate(candidates, grades, Curation(), seed)[0]] for seed in (0, 0, 1)]
    assert orders[0] == orders[1] != orders[2]
    assert orders[0] == [row["instruction"] for row in curate(candidates[::-1], grades, Curation(), 0)[0]]


def test_no_candidates_give_nothing() -> None:
    assert run() == ([], [])
