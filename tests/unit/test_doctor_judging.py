"""Judges on pairs with a known winner: the pairs themselves, the record, and what it is worth."""

import re
from pathlib import Path
from typing import Any

import pytest

from warriorcoder.code_blocks import code_blocks
from warriorcoder.code_extraction import extract_program
from warriorcoder.pipelines.doctor.findings import Cell, Colour
from warriorcoder.pipelines.doctor.judging import (
    FIRST_PAIRS,
    KnownPair,
    Office,
    calls_for,
    judge_cell,
    judges_and_graders,
    known_pairs,
    record_of,
)
from warriorcoder.pipelines.endpoints.calls import Reply
from warriorcoder.pipelines.prompts.neutralising import neutralise
from warriorcoder.recipe import Recipe, load_recipe
from warriorcoder.recipe_battles import Battles
from warriorcoder.recipe_mining import Curation

DEMO = Path(__file__).resolve().parents[2] / "pipelines" / "recipes" / "demo.yaml"
JUDGES = Office(judges=True, only=False)


def recipe(**battles: Any) -> Recipe:
    return load_recipe(DEMO, [f"battles.{key}={value}" for key, value in battles.items()])


def passes(pair: KnownPair, answer: str) -> bool:
    """Whether an answer's code does what the instruction asks for."""
    space: dict[str, Any] = {}
    exec("\n".join(block.code for block in code_blocks(answer)), space)
    try:
        exec(pair.test, space)
    except (AssertionError, ZeroDivisionError):
        return False
    return True


@pytest.mark.parametrize("pair", known_pairs(), ids=lambda pair: pair.name)
def test_the_right_answer_is_right_and_the_wrong_one_wrong(pair: KnownPair) -> None:
    assert passes(pair, pair.right)
    assert not passes(pair, pair.wrong)
    assert pair.fault


def test_neither_length_nor_order_nor_form_gives_the_winner_away() -> None:
    pairs = known_pairs()
    assert len(pairs) == 6
    longer = sum(len(pair.wrong) > len(pair.right) for pair in pairs)
    assert 2 <= longer <= 4
    assert all(extract_program(pair.right).parses for pair in pairs)
    assert sum(extract_program(pair.wrong).parses for pair in pairs) >= 5
    for pair in pairs:
        for text in (pair.instruction, pair.right, pair.wrong):
            assert neutralise(text) == text


def test_a_judge_is_asked_in_both_orders_by_the_recipe_s_own_prompt() -> None:
    made = recipe()
    calls = calls_for(made, made.expert("gemma3"), known_pairs()[:1])
    (first, second) = [str(call.prompt) for call in calls]
    pair = known_pairs()[0]
    for text, shown in ((first, (pair.right, pair.wrong)), (second, (pair.wrong, pair.right))):
        assert "Act as an impartial judge" in text
        assert re.findall(r"<answer_[AB]>\n(.*?)\n</answer_[AB]>", text, re.S) == list(shown)
    assert calls[0].constraint is not None
    assert calls[0].sampling["max_tokens"] == made.battles.max_tokens


def test_who_judges_and_who_only_grades() -> None:
    weights = {"smollm2": "s", "smollm2-tutor": "s", "gemma3": "g"}
    judges, graders = judges_and_graders(recipe(), weights)
    assert judges == {"gemma3"}
    assert graders == {"smollm2", "smollm2-tutor", "gemma3"}
    assert judges_and_graders(recipe(judges="[smollm2]"), weights)[0] == set()
    assert judges_and_graders(recipe(), {name: name for name in weights})[0] == set(weights)


RIGHT, WRONG, TIE, NONE = "It errs. [[A]]", "It errs. [[B]]", "Both do. [[Tie]]", "I cannot say."
SWAPPED = {RIGHT: WRONG, WRONG: RIGHT}


def votes(*pairs: tuple[str, str], reason: str = "stop") -> list[Reply]:
    """Replies that decide pairs by the true winner; in the second order it is shown as B."""
    return [Reply(text, reason) for first, second in pairs for text in (first, SWAPPED.get(second, second))]


def cell(replies: list[Reply], office: Office = JUDGES, **battles: Any) -> Cell:
    made = recipe(**{"constrained": "false", **battles})
    return judge_cell(record_of(replies, made.battles), made, office)


def test_a_record_counts_votes_pairs_and_orders() -> None:
    replies = votes((RIGHT, RIGHT), (RIGHT, WRONG), (WRONG, RIGHT), (TIE, TIE), (NONE, RIGHT), (WRONG, WRONG))
    record = record_of(replies, Battles())
    assert (record.votes, record.right, record.missing, record.sure, record.consistent) == (12, 5, 1, 1, 3)
    assert (record.for_first, record.for_second) == (4, 5)
    assert not record.settled


def test_the_first_pairs_settle_it_for_those_who_know_all_and_those_who_know_nothing() -> None:
    for pair in ((RIGHT, RIGHT), (RIGHT, WRONG), (WRONG, RIGHT), (NONE, NONE)):
        assert record_of(votes(*[pair] * FIRST_PAIRS), Battles()).settled
    for pair in ((WRONG, WRONG), (TIE, TIE), (RIGHT, TIE), (RIGHT, NONE)):
        assert not record_of(votes(*[pair] * FIRST_PAIRS), Battles()).settled


def test_a_good_judge_is_green_with_an_interval() -> None:
    found = cell(votes(*[(RIGHT, RIGHT)] * 4))
    assert (found.colour, found.word) == (Colour.GREEN, "4/4")
    assert "between 51% and 100% with so few; a coin: 25%" in found.found
    assert "right in 8 of 8 votes" in found.found


@pytest.mark.parametrize(("pair", "where"), [((RIGHT, WRONG), "first"), ((WRONG, RIGHT), "second")])
def test_a_judge_that_does_not_read_is_told_by_its_one_side(pair: tuple[str, str], where: str) -> None:
    found = cell(votes(*[pair] * 4), execution_weight="null")
    assert (found.colour, found.word) == (Colour.YELLOW, f"always {where}")
    assert f"chose the answer shown {where} in 8 of 8 verdicts" in found.found
    assert "execution_weight: 1" in found.advice


def test_advice_fits_the_recipe_and_the_office() -> None:
    bad = votes(*[(RIGHT, WRONG)] * 4)
    assert "execution judge votes beside it" in cell(bad).advice
    grader = Office(judges=False, only=False)
    assert "no harm while all bands are kept" in cell(bad, grader).advice
    strict = recipe().model_copy(update={"curation": Curation()})
    assert "curation.graders" in judge_cell(record_of(bad, Battles()), strict, grader).advice


def test_half_of_the_pairs_is_no_better_than_a_coin() -> None:
    found = cell(votes(*[(RIGHT, RIGHT)] * 3, (WRONG, WRONG), (WRONG, RIGHT), (RIGHT, WRONG)))
    assert (found.colour, found.word) == (Colour.YELLOW, "3/6")
    assert "no better than a coin" in found.advice
    assert cell(votes(*[(RIGHT, RIGHT)] * 5, (WRONG, WRONG))).colour is Colour.GREEN


def test_verdicts_that_nobody_can_read_fail_a_run_only_where_nobody_else_votes() -> None:
    mute = votes(*[(NONE, NONE)] * 4)
    assert cell(mute).colour is Colour.YELLOW
    only = cell(mute, Office(judges=True, only=True))
    assert (only.colour, only.word) == (Colour.RED, "no verdict")
    assert "battles.constrained: true" in only.advice
    assert "raise battles.max_tokens (96)" in cell(votes(*[(NONE, NONE)] * 4, reason="length")).advice
    assert "endpoint.structured" in cell(mute, constrained="true").advice
