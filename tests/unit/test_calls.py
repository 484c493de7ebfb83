"""Calls: what names them in the journal, and how an expert is asked for an answer."""

from typing import Any

import pytest

from warriorcoder.pipelines.endpoints.asking import answer_call, answer_text
from warriorcoder.pipelines.endpoints.calls import Address, Call, Constraint
from warriorcoder.recipe import Recipe

ADDRESS = Address("one", "openai", ("http://127.0.0.1:1/v1",), "m", "sha256:w", 4, "KEY", extra={"min_p": 0.1})
CALL = Call("one", {"temperature": 0.5, "seed": 1}, prompt="p", draw=3)


def recipe(**fields: Any) -> Recipe:
    experts: list[dict[str, Any]] = [
        {
            "name": "chatty",
            "endpoint": {"kind": "embedded", "model": "smollm2-135m-instruct"},
            "system": "You are kind.",
            "answers": {"temperature": 0.3, "top_p": 0.9, "max_tokens": 64},
        },
        {"name": "base", "endpoint": {"kind": "embedded", "model": "gemma-3-270m"}},
    ]
    return Recipe.model_validate({"name": "demo", "experts": experts, **fields})


def test_a_call_has_a_prompt_or_messages() -> None:
    with pytest.raises(ValueError, match="either a prompt or messages"):
        Call("one", {})
    with pytest.raises(ValueError, match="either a prompt or messages"):
        Call("one", {}, prompt="p", messages=[])


@pytest.mark.parametrize(
    ("address", "call"),
    [
        ({"protocol": "tgi"}, {}),
        ({"weights": "sha256:v"}, {}),
        ({"extra": {"min_p": 0.2}}, {}),
        ({}, {"prompt": "q"}),
        ({}, {"prompt": None, "messages": [{"role": "user", "content": "p"}]}),
        ({}, {"sampling": {"temperature": 0.6, "seed": 1}}),
        ({}, {"draw": 4}),
        ({}, {"constraint": Constraint("root ::= [a]", "a")}),
    ],
)
def test_the_key_changes_with_what_the_answer_depends_on(address: dict[str, Any], call: dict[str, Any]) -> None:
    other = Address.from_json({**ADDRESS.to_json(), **address}).journal_key(Call(**{**CALL.__dict__, **call}))
    assert other != ADDRESS.journal_key(CALL)


@pytest.mark.parametrize(
    ("address", "call"),
    [
        ({"base_urls": ["http://127.0.0.1:2/v1", "http://127.0.0.1:3/v1"]}, {}),
        ({"expert": "two"}, {"expert": "two"}),
        ({"model": "another name of the same weights"}, {}),
        ({"concurrency": 1, "api_key_env": None, "timeout": 1.0, "tokenizer": "t"}, {}),
        ({}, {"sampling": {"seed": 1, "temperature": 0.5}}),
        ({}, {"sampling": {"seed": 1, "temperature": 0.5, "min_p": 0.1}}),
    ],
)
def test_the_key_does_not_change_with_how_the_model_is_reached(address: dict[str, Any], call: dict[str, Any]) -> None:
    other = Address.from_json({**ADDRESS.to_json(), **address}).journal_key(Call(**{**CALL.__dict__, **call}))
    assert other == ADDRESS.journal_key(CALL)


def test_a_chat_model_answers_in_its_role() -> None:
    made = recipe()
    call = answer_call(made, made.expert("chatty"), "Write a loop.")
    assert call.messages == [
        {"role": "system", "content": "You are kind."},
        {"role": "user", "content": "Write a loop."},
    ]
    sampling = dict(call.sampling)
    assert 0 <= sampling.pop("seed") < 2**31
    assert sampling == {"temperature": 0.3, "top_p": 0.9, "max_tokens": 64}
    assert answer_text(made.expert("chatty"), "  Done.\n") == "Done."


def test_a_base_model_completes_an_opened_block() -> None:
    made = recipe(answers={"max_tokens": 32})
    call = answer_call(made, made.expert("base"), "Write {instruction}.")
    assert call.prompt is not None
    assert call.prompt.endswith("\nExercise: Write {instruction}.\n\nSolution:\n```python\n")
    assert call.sampling["stop"] == ["```", "\nExercise:"]
    assert call.sampling["max_tokens"] == 32
    assert answer_text(made.expert("base"), "def f():\n    pass\n") == "```python\ndef f():\n    pass\n```"
    assert answer_text(made.expert("base"), " \n") == ""


def test_every_answer_has_a_seed_of_its_own() -> None:
    first, second = recipe(), recipe(seed=1)
    seeds = {
        answer_call(made, expert, text).sampling["seed"]
        for made in (first, second)
        for expert in made.experts
        for text in ("one", "two")
    }
    assert len(seeds) == 8
