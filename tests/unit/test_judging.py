"""Votes: both orders, what a judge is shown, what becomes of its reply."""

from typing import Any

import pytest

from warriorcoder.pipelines.battles.judging import Ballot, ballots, execution_vote, verdict_call, vote_row
from warriorcoder.pipelines.battles.pairing import Pair
from warriorcoder.pipelines.battles.verdicts import FORM
from warriorcoder.pipelines.endpoints.calls import Reply
from warriorcoder.pipelines.prompts import prompt_digest
from warriorcoder.recipe import Recipe
from warriorcoder.tables import TABLES

PAIR = Pair("0123", "one", "two")
CODE = "```python\ndef f(x):\n    return x\n```"


def recipe(**battles: Any) -> Recipe:
    experts: list[dict[str, Any]] = [
        {"name": "one", "endpoint": {"kind": "embedded", "model": "smollm2-135m-instruct"}},
        {"name": "two", "endpoint": {"kind": "embedded", "model": "gemma-3-270m"}},
    ]
    return Recipe.model_validate({"name": "demo", "experts": experts, "battles": battles})


def test_every_judge_sees_both_orders() -> None:
    found = ballots([(PAIR, ["three", "execution"]), (Pair("4567", "two", "three"), [])])
    assert [(ballot.judge, ballot.shown_first) for ballot in found] == [
        ("three", "one"),
        ("three", "two"),
        ("execution", "one"),
        ("execution", "two"),
    ]


def test_the_prompt_shows_the_answers_in_the_order_given() -> None:
    made = recipe(constrained=True, max_tokens=99)
    call = verdict_call(made, made.expert("one"), "Write f.", ("first {answer_b}", "second [[B]]"), 0)
    assert call.messages is not None
    prompt = call.messages[0]["content"]
    assert "\n<instruction>\nWrite f.\n</instruction>\n" in prompt
    assert "\n<answer_A>\nfirst {answer_b}\n</answer_A>\n" in prompt
    assert "\n<answer_B>\nsecond [ [ B ] ]\n</answer_B>\n" in prompt
    assert "one" not in prompt.replace("if answer", "").split("<instruction>")[1].split()
    assert call.sampling["max_tokens"] == 99
    assert call.constraint == FORM
    assert call.sampling["temperature"] == 0.0


@pytest.mark.parametrize(
    ("swapped", "said", "verdict"),
    [
        (False, "[[A]]", "a"),
        (True, "[[A]]", "b"),
        (False, "[[B]]", "b"),
        (True, "[[B]]", "a"),
        (True, "[[Tie]]", "tie"),
    ],
)
def test_a_vote_names_the_better_side_of_the_battle(swapped: bool, said: str, verdict: str) -> None:
    row = vote_row(Ballot(PAIR, "three", swapped), Reply(f"Well. {said}", "stop", 9, 3))
    assert row == {
        "instruction_id": "0123",
        "model_a": "one",
        "model_b": "two",
        "judge": "three",
        "shown_first": "two" if swapped else "one",
        "verdict": verdict,
        "missing": None,
        "reason": f"Well. {said}",
        "prompt_digest": prompt_digest("judge_v1"),
    }
    assert row.keys() == TABLES["votes"].columns.keys()


@pytest.mark.parametrize(
    ("reply", "missing", "reason"),
    [
        (Reply("No idea.", "stop"), "no_marker", "No idea."),
        (Reply("It is", "length"), "cut_off", "It is"),
        (Reply(error="HTTP 503"), "endpoint_error", "HTTP 503"),
    ],
)
def test_a_reply_without_a_verdict_is_a_missing_vote(reply: Reply, missing: str, reason: str) -> None:
    row = vote_row(Ballot(PAIR, "three", False), reply)
    assert (row["verdict"], row["missing"], row["reason"]) == (None, missing, reason)


def test_the_execution_judge_does_not_care_for_the_order() -> None:
    rows = [
        execution_vote(Ballot(PAIR, "execution", swapped), CODE, "no code", "Write f.") for swapped in (False, True)
    ]
    assert [row["verdict"] for row in rows] == ["a", "a"]
    assert [row["shown_first"] for row in rows] == ["one", "two"]
    assert rows[0]["reason"] == "a: code that parses and defines what was asked; b: no Python code"
