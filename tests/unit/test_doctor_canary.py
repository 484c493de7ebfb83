"""The canary: what each signal says, and what they say together."""

import pytest

from warriorcoder.pipelines.doctor.canary import (
    HALF_WORD,
    ORDER,
    TWICE,
    Says,
    Signal,
    by_half_word,
    by_order,
    by_sameness,
    by_tokens,
    chat_call,
    raw_call,
    raw_cell,
)
from warriorcoder.pipelines.doctor.findings import Colour
from warriorcoder.pipelines.endpoints.calls import Reply

RAW, WRAPPED, NOTHING = Says.RAW, Says.WRAPPED, Says.NOTHING


def tokens(count: int | None) -> Reply:
    return Reply("", "stop", count, 1)


@pytest.mark.parametrize(
    ("raw", "chat", "says"),
    [
        (47, 77, RAW),  # SmolLM2
        (6, 8, RAW),  # [INST] and [/INST]
        (7, 8, NOTHING),  # a sign of the beginning
        (47, 47, WRAPPED),
        (48, 47, WRAPPED),
        (None, 47, NOTHING),
        (47, None, NOTHING),
    ],
)
def test_a_wrapped_prompt_has_the_tokens_of_the_chat_template(raw: int | None, chat: int | None, says: Says) -> None:
    assert by_tokens(tokens(raw), tokens(chat), None).says is says


@pytest.mark.parametrize("bos", [0, 1])
@pytest.mark.parametrize(("around", "says"), [(0, RAW), (9, WRAPPED), (30, WRAPPED)])
def test_without_chat_the_text_twice_shows_what_is_put_around_it(bos: int, around: int, says: Says) -> None:
    once, twice = 47 + bos + around, 2 * 47 + 1 + bos + around
    assert by_tokens(tokens(once), None, tokens(twice)).says is says


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (" NO\n10. NO\n11. NO", RAW),
        ("\nNO", RAW),
        ("YES", WRAPPED),
        ("**Yes**", WRAPPED),
        (" Yes.", WRAPPED),
        ("1. No\n2. No\n3. No", NOTHING),
        ("", NOTHING),
        (" NOTHING", NOTHING),
    ],
)
def test_a_completion_goes_on_with_the_list_and_an_assistant_obeys(text: str, says: Says) -> None:
    assert by_order(Reply(text)).says is says


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("is.\nThe capital of France is Paris.", RAW),
        ("ist.\nThe capital", RAW),
        ("The capital of France is Paris.", WRAPPED),
        ("Sure! The capital of France is Paris", WRAPPED),
        ("It looks like your message was cut off", WRAPPED),
        ('"Paris"', WRAPPED),
        ("<think>\nOkay, the user", WRAPPED),
        (" isotope", NOTHING),
        ("", NOTHING),
    ],
)
def test_nobody_who_is_spoken_to_begins_with_half_a_word(text: str, says: Says) -> None:
    assert by_half_word(Reply(text)).says is says


def test_raw_completion_that_says_what_chat_says_is_chat() -> None:
    assert by_sameness(Reply("1. No\n2. No"), Reply("1. No\n2. No ")).says is WRAPPED
    assert by_sameness(Reply(" NO\n10. NO"), Reply("NO\n10. NO")).says is NOTHING
    assert by_sameness(Reply("a"), Reply("b")).says is NOTHING
    assert by_sameness(Reply("a"), None).says is NOTHING
    assert by_sameness(Reply(""), Reply("")).says is NOTHING


@pytest.mark.parametrize(
    ("said", "colour", "word"),
    [
        ([RAW, RAW, RAW, NOTHING], Colour.GREEN, ""),
        ([RAW, NOTHING, NOTHING, NOTHING], Colour.GREEN, ""),
        ([RAW, RAW, WRAPPED, NOTHING], Colour.GREEN, "mostly"),
        ([RAW, WRAPPED, NOTHING, NOTHING], Colour.YELLOW, "unsure"),
        ([NOTHING, NOTHING, NOTHING, NOTHING], Colour.YELLOW, "unsure"),
        ([RAW, WRAPPED, WRAPPED, WRAPPED], Colour.RED, "wrapped"),  # its count of tokens is a lie
        ([WRAPPED, NOTHING, NOTHING, NOTHING], Colour.RED, "wrapped"),
    ],
)
def test_most_of_those_that_speak_decide_and_all_of_them_are_shown(said: list[Says], colour: Colour, word: str) -> None:
    cell = raw_cell([Signal(says, f"signal {number}") for number, says in enumerate(said)])
    assert (cell.colour, cell.word) == (colour, word)
    for number, says in enumerate(said):
        if says is not NOTHING:
            assert f"signal {number}" in cell.found


def test_the_texts_end_where_a_completion_must_go_on() -> None:
    assert ORDER.endswith("\n9.")
    assert HALF_WORD.endswith(" is Par")
    assert TWICE.count(ORDER) == 2
    assert raw_call("one", ORDER).prompt == ORDER
    message = chat_call("one", ORDER).messages
    assert message == [{"role": "user", "content": ORDER}]
    assert raw_call("one", ORDER).sampling == chat_call("one", ORDER).sampling
