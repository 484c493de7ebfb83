"""Which candidates enter the arena."""

from pathlib import Path
from typing import Any

import pytest

from warriorcoder.ids import instruction_id
from warriorcoder.pipelines.mining.candidates import Candidate
from warriorcoder.pipelines.mining.curation import Curated, curate
from warriorcoder.pipelines.mining.grading import Grade
from warriorcoder.pipelines.mining.screening import Screening
from warriorcoder.recipe_mining import Curation
from warriorcoder.tables import MINED, TABLES

ALL = ["poor", "average", "good", "excellent"]


def candidate(text: str, miner: str = "one", draw: int = 0) -> Candidate:
    return Candidate(instruction_id(text), text, miner, MINED, draw, 1.0, 0.95)


def curated(candidates: list[Candidate], grades: dict[str, Grade], seed: int = 0, **settings: Any) -> Curated:
    curation = Curation.model_validate({"decontaminate": [], **settings})
    return curate(Screening(curation).screen(candidates), grades, curation, seed)


def run(*graded: tuple[str, int | None], **settings: Any) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    candidates = [candidate(text, draw=draw) for draw, (text, _) in enumerate(graded)]
    grades = {instruction_id(text): Grade(grade) for text, grade in graded if grade is not None}
    found = curated(candidates, grades, **settings)
    return found.rows, found.rejected


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
    assert details["surplus"] == "beyond the wanted size of 2; others are more diverse"
    assert {row["instruction"]: row["repeats"] for row in kept} == {"Draw a tree": 0, "Write a quick sort in Rust!": 1}


def test_the_same_instruction_of_two_miners_is_kept_once() -> None:
    candidates = [candidate("Sort a list", "one"), candidate("Sort a list", "two", 5)]
    found = curated(candidates, {instruction_id("Sort a list"): Grade(8)})
    assert [row["miner"] for row in found.rows] == ["one"]
    (row,) = found.rejected
    assert (row["reason"], row["origin"], row["draw"]) == ("exact_duplicate", "two", 5)
    assert row["detail"] == "one has it too"


@pytest.mark.parametrize("bands", [["poor"], ["average"], ["good"], ["excellent"], ["poor", "excellent"], ALL])
def test_bands_that_are_kept(bands: list[str]) -> None:
    texts = ["alpha beta", "gamma delta", "epsilon zeta", "eta theta"]
    kept, rejected = run(*zip(texts, (1, 3, 5, 9), strict=True), keep_bands=bands)
    assert {row["band"] for row in kept} == set(bands)
    assert len(kept) + len(rejected) == 4


def test_equal_grades_come_in_an_order_drawn_from_the_seed() -> None:
    texts = [f"word{number} other{number}" for number in range(10)]
    candidates = [candidate(text) for text in texts]
    grades = {instruction_id(text): Grade(7) for text in texts}

    def order(candidates: list[Candidate], seed: int) -> list[str]:
        return [row["instruction"] for row in curated(candidates, grades, seed).rows]

    assert order(candidates, 0) == order(candidates, 0) != order(candidates, 1)
    assert order(candidates, 0) == order(candidates[::-1], 0)


def test_no_candidates_give_nothing() -> None:
    assert run() == ([], [])


def test_the_graders_overrule_the_rules_on_the_task() -> None:
    text = "Explain recursion in Python"
    for tasks, task in ((), "theory"), (("generation",), "generation"), (("generation", "debugging"), "theory"):
        grades = {instruction_id(text): Grade(8, tasks)}
        (row,) = curated([candidate(text)], grades, tasks="graders").rows
        assert row["task"] == task
        (row,) = curated([candidate(text)], grades).rows
        assert row["task"] == "theory"


def test_what_gives_a_benchmark_away_is_never_graded() -> None:
    task = (
        "Check if in given list of numbers, are any two numbers closer to each other than given threshold. "
        "Write has_close_elements in Python."
    )
    curation = Curation()
    screened = Screening(curation).screen([candidate("Explain what a closure is"), candidate(task, draw=1)])
    assert [each.instruction for each in screened.candidates] == ["Explain what a closure is"]
    (row,) = screened.rejected
    assert row["reason"] == "contaminated"
    assert row["detail"].startswith("humaneval HumanEval/0, ")


def test_the_nearest_reference_is_named_and_too_near_a_one_is_rejected(tmp_path: Path) -> None:
    (tmp_path / "known.jsonl").write_text(
        '{"prompt": "Write a function that reverses a linked list in place"}\n{"prompt": "Explain monads"}\n'
    )
    source = {"path": str(tmp_path / "known.jsonl"), "column": "prompt"}
    texts = ["Write a function that reverses a linked list", "Sum the rows of a matrix with numpy"]
    grades = {instruction_id(text): Grade(8) for text in texts}
    found = curated([candidate(text) for text in texts], grades, novelty={"references": source})
    near = {row["instruction"]: (row["rouge_l_max"], row["nearest_reference"]) for row in found.rows}
    assert near[texts[0]] == (pytest.approx(16 / 18), "known.jsonl:1")
    assert near[texts[1]][0] < 0.3
    strict = curated([candidate(text) for text in texts], grades, novelty={"references": source, "threshold": 0.6})
    assert [row["instruction"] for row in strict.rows] == [texts[1]]
    (row,) = strict.rejected
    assert (row["reason"], row["detail"]) == ("not_novel", "ROUGE-L 0.89 with known.jsonl:1")


def test_the_size_takes_the_most_diverse_and_strata_their_parts() -> None:
    alike = [f"Sort a list of {noun} in Python with merge sort" for noun in ("numbers", "names", "dates", "prices")]
    other = ["Explain how a database index speeds up queries", "Fix the race between two threads in Java"]
    grades = [(text, 7) for text in (*alike, *other)]
    kept, rejected = run(*grades, size=3, near_duplicate=0.95)
    assert {*other} < {row["instruction"] for row in kept}
    assert [row["reason"] for row in rejected] == ["surplus"] * 3
    kept, _ = run(*grades, size=3, near_duplicate=0.95, strata=["task"])
    assert sum(row["instruction"] in alike for row in kept) == 2


def test_duplicates_by_meaning_name_the_one_that_stays() -> None:
    kept, rejected = run(
        ("Reverse the words of a sentence in Go", 8),
        ("Reverse the words of a sentence in Go, please, and reverse the words of a sentence", 7),
        ("Explain monads", 7),
        near_duplicate=0,
        semantic_duplicate=0.7,
    )
    assert len(kept) == 2
    assert reasons(rejected) == {
        "Reverse the words of a sentence in Go, please, and reverse the words of a sentence": "semantic_duplicate"
    }
