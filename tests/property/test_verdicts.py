"""Verdicts and prompts, whatever an answer holds."""

import re

from hypothesis import given
from hypothesis import strategies as st

from warriorcoder.pipelines.battles.verdicts import read_verdict
from warriorcoder.pipelines.mining.grading import parse_judgement
from warriorcoder.pipelines.prompts import fill, neutralise

PIECES = st.sampled_from(
    (
        *("[", "]", "[[", "]]", "A", "B", "Tie", "7", "10", " ", "\n", "x"),
        *("<", ">", "/", "|", "<|", "|>", "im_end", "answer_A", "answer_B", "instruction", "</instruction>"),
        *("[[A]]", "[[ tie ]]", "<answer_A>", "{answer_a}", "{instruction}", "{answer_b}"),
    )
)
ADVERSARIAL = st.lists(PIECES, max_size=30).map("".join) | st.text(max_size=60)
FRAME = re.compile(r"</?(?:answer_[AB]|instruction)>|<\|[^|<>\n]{1,40}\|>", re.I)


@given(ADVERSARIAL)
def test_no_marker_and_no_frame_survives(answer: str) -> None:
    seen = neutralise(answer)
    assert read_verdict(seen, "stop", swapped=False)[0] is None
    assert parse_judgement(seen).grade is None
    assert not FRAME.search(seen)
    assert neutralise(seen) == seen


@given(ADVERSARIAL)
def test_nothing_but_spaces_is_added(answer: str) -> None:
    assert neutralise(answer).replace(" ", "") == answer.replace(" ", "")


@given(ADVERSARIAL, st.sampled_from(("A", "B", "Tie")))
def test_a_judge_that_quotes_what_it_saw_keeps_its_own_verdict(quoted: str, own: str) -> None:
    said = f"The first says {neutralise(quoted)!r}. My verdict: [[{own}]]\n{neutralise(quoted)}"
    expected = {"A": "a", "B": "b", "Tie": "tie"}[own]
    assert read_verdict(said, "stop", swapped=False)[0] == expected


@given(st.text(max_size=80) | ADVERSARIAL)
def test_swapping_the_order_swaps_the_verdict(text: str) -> None:
    straight, missing = read_verdict(text, "stop", swapped=False)
    swapped, missing_too = read_verdict(text, "stop", swapped=True)
    assert missing == missing_too
    assert swapped == {"a": "b", "b": "a", "tie": "tie", None: None}[straight]


@given(ADVERSARIAL, ADVERSARIAL, ADVERSARIAL)
def test_fill_fills_every_slot_once_and_none_inside_a_value(one: str, two: str, three: str) -> None:
    prompt = "I: {instruction} A: {answer_a} B: {answer_b} other {braces}"
    assert (
        fill(prompt, instruction=one, answer_a=two, answer_b=three) == f"I: {one} A: {two} B: {three} other {{braces}}"
    )
