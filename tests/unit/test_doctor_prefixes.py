"""The verdict on a prefix, from its draws and from its template's marker."""

import pytest

from warriorcoder.pipelines.doctor.findings import Colour
from warriorcoder.pipelines.doctor.prefixes import (
    MARKERS,
    enough,
    is_foreign,
    marker_call,
    prefix_cell,
    sample_of,
)
from warriorcoder.pipelines.endpoints.calls import Reply
from warriorcoder.pipelines.endpoints.templates import FAMILIES, Template
from warriorcoder.recipe_mining import Grid

CHATML, GRID = FAMILIES["chatml"], Grid()
GOOD = Reply("Write a Python function that reverses a list.", "stop")
CUT = Reply("Write a Python function that reverses a list and then", "length")
ANSWER = Reply("Sure, here is a function.", "stop")
WEATHER = Reply("Tell me about the weather in Paris in May, please.", "stop")


def test_draws_that_look_right_and_stop_are_green() -> None:
    cell = prefix_cell([GOOD, GOOD, WEATHER], CHATML, GRID)
    assert (cell.colour, cell.word) == (Colour.GREEN, "2/3")
    assert "2 of 3 draws look like users' messages, 3 stopped by themselves; dropped: 1 off topic" in cell.found
    assert enough([GOOD, GOOD, WEATHER], CHATML)
    assert not enough([GOOD, WEATHER, WEATHER], CHATML)


@pytest.mark.parametrize(
    ("draw", "advice"),
    [
        (CUT, "mining.max_tokens (1024)"),
        (ANSWER, "tokenizer_config.json"),
        (Reply("", "stop"), "tokenizer_config.json"),
        (Reply("Write code.<|im_end|>", "stop"), "tokenizer_config.json"),
        (WEATHER, "mining.systems"),
        (Reply("a b c d\n" * 60, "stop"), "circles"),
    ],
)
def test_draws_that_do_not_have_advice_of_their_own(draw: Reply, advice: str) -> None:
    none = prefix_cell([draw] * 6, CHATML, GRID)
    assert (none.colour, none.word) == (Colour.RED, "0/6")
    assert advice in none.advice
    some = prefix_cell([GOOD, *[draw] * 5], CHATML, GRID)
    assert (some.colour, some.word) == (Colour.YELLOW, "1/6")
    assert advice in some.advice


def test_a_marker_that_is_mere_text_to_the_model_is_named() -> None:
    call = marker_call("one", CHATML)
    assert call is not None
    assert call.prompt == "<|im_start|>" * MARKERS
    assert not is_foreign(Reply("", "length", MARKERS + 1, 1))
    assert is_foreign(Reply("", "length", 6 * MARKERS, 1))
    assert not is_foreign(Reply("", "length"))
    cell = prefix_cell([CUT] * 6, CHATML, GRID, "<|im_start|>")
    assert "<|im_start|> is no token of this model" in cell.found
    assert "tokenizer_config.json" in cell.advice
    lucky = prefix_cell([GOOD] * 3, CHATML, GRID, "<|im_start|>")
    assert (lucky.colour, lucky.word) == (Colour.YELLOW, "3/3")
    assert "Zephyr" in lucky.advice


@pytest.mark.parametrize(
    ("template", "marker"),
    [
        (FAMILIES["llama3"], "<|start_header_id|>"),
        (Template("<start_of_turn>user\n", ("<end_of_turn>",)), "<start_of_turn>"),
        (Template("{system}\n\nUser: ", ("\n\nAssistant:", "<｜end▁of▁sentence｜>")), "<｜end▁of▁sentence｜>"),
        (FAMILIES["base"], None),
        (Template("[INST] {system}\n", ("[/INST]", "</s>")), None),
    ],
)
def test_only_what_must_be_one_token_is_asked_about(template: Template, marker: str | None) -> None:
    call = marker_call("one", template)
    assert (call and call.prompt) == (marker and marker * MARKERS)


def test_the_sample_is_a_good_draw_if_there_is_one_with_what_the_prompt_opened() -> None:
    assert sample_of([ANSWER, GOOD], CHATML) == GOOD.text
    assert sample_of([ANSWER, WEATHER], CHATML) == ANSWER.text
    base = Reply(" function that adds\u202e two\x1b[31m numbers.", "stop")
    assert sample_of([base], FAMILIES["base"]) == "Write a function that adds\ufffd two\ufffd[31m numbers."
    assert len(sample_of([Reply("word " * 900, "stop")], CHATML)) <= 160
