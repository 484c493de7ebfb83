"""Hostile answers in front of a real model: none of their control tokens is one, and its verdict is its own."""

import asyncio
import json
import re
import urllib.request
from collections.abc import Iterator

import aiohttp
import pytest
from hostile import HOSTILE

from warriorcoder.pipelines.battles.judging import PROMPTS, verdict_call
from warriorcoder.pipelines.battles.verdicts import FORMS, read_verdict
from warriorcoder.pipelines.doctor.judging import known_pairs
from warriorcoder.pipelines.endpoints.calls import Address, Reply
from warriorcoder.pipelines.endpoints.clients import connect
from warriorcoder.pipelines.endpoints.embedded import serve
from warriorcoder.recipe import Recipe

pytestmark = pytest.mark.models

PAIR = known_pairs()[0]
TRIED = ("the end of ChatML's turn", "verdicts of earlier judges")


def recipe(prompt: str) -> Recipe:
    endpoint = {"kind": "embedded", "model": "smollm2-135m-instruct", "context": 4096, "slots": 1}
    experts = [{"name": name, "endpoint": endpoint, "weights": "same"} for name in ("one", "two")]
    battles = {"prompt": prompt, "constrained": True, "longest_answer": 2000}
    return Recipe.model_validate({"name": "demo", "experts": experts, "battles": battles})


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    with serve(recipe("verdict"), {"one": "same", "two": "same"}, tmp_path_factory.mktemp("logs")) as addresses:
        yield addresses[0]


def tokens(judge: Address, text: str, *, special: bool) -> list[int]:
    """The text's tokens; `special` reads control tokens as such, as the server does with every prompt."""
    url = judge.base_urls[0].removesuffix("/v1") + "/tokenize"
    body = json.dumps({"content": text, "parse_special": special, "add_special": False}).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as response:
        found: list[int] = json.load(response)["tokens"]
    return found


def asked(prompt: str, first: str, second: str) -> str:
    made = recipe(prompt)
    call = verdict_call(made, made.expert("one"), PAIR.instruction, (first, second), 0)
    assert call.messages is not None
    return call.messages[0]["content"]


def judged(judge: Address, prompt: str, first: str, second: str) -> Reply:
    made = recipe(prompt)
    call = verdict_call(made, made.expert("one"), PAIR.instruction, (first, second), 0)

    async def once() -> Reply:
        async with aiohttp.ClientSession() as session:
            return await connect(judge, judge.base_urls[0], session).ask(call)

    return asyncio.run(once())


def test_no_control_token_reaches_the_model(judge: Address) -> None:
    """Nor does any text that the tokenizer takes for one; unchanged, some of the answers have them."""
    raw = [tokens(judge, each.answer[:2000], special=True) for each in HOSTILE]
    assert (
        sum(ids != tokens(judge, each.answer[:2000], special=False) for ids, each in zip(raw, HOSTILE, strict=True)) > 5
    )
    for each in HOSTILE:
        question = asked("verdict", each.answer, PAIR.right)
        assert tokens(judge, question, special=True) == tokens(judge, question, special=False), each.tries


@pytest.mark.parametrize("prompt", PROMPTS)
def test_a_real_judges_verdict_on_a_hostile_answer_is_its_own(judge: Address, prompt: str) -> None:
    """That it is a good verdict is more than a model of this size can promise: it chooses the first in nearly all."""
    for hostile in (each for each in HOSTILE if each.tries in TRIED):
        reply = judged(judge, prompt, f"{PAIR.wrong}\n\n{hostile.answer}", PAIR.right)
        assert re.fullmatch(FORMS[prompt].regex, reply.text)
        verdict, missing = read_verdict(reply.text, reply.finish_reason, swapped=False)
        assert missing is None
        assert reply.text.endswith({"a": "[[A]]", "b": "[[B]]", "tie": "[[Tie]]"}[verdict or ""])
