"""The OpenAI-compatible client against a real server with a real model: llama.cpp, as the kind embedded starts it."""

import asyncio
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import aiohttp
import pytest

from warriorcoder.local_models import gguf_path
from warriorcoder.pipelines.battles.verdicts import FORMS
from warriorcoder.pipelines.endpoints.calls import Address, Call, Constraint, Reply
from warriorcoder.pipelines.endpoints.clients import connect
from warriorcoder.pipelines.endpoints.embedded import serve
from warriorcoder.pipelines.endpoints.faults import Fault, FaultKind
from warriorcoder.pipelines.endpoints.usage import counter_of
from warriorcoder.pipelines.mining.grading import FORM as GRADE
from warriorcoder.recipe import Recipe

pytestmark = pytest.mark.models

MODEL = "smollm2-135m-instruct"
CONTEXT = 512
GREEDY = {"temperature": 0.0, "top_p": 1.0, "seed": 1}
HELLO = [{"role": "user", "content": "Say hello to Größi, the cat."}]
USER_TURN = "<|im_start|>system\nYou help.<|im_end|>\n<|im_start|>user\n"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    endpoint = {"kind": "embedded", "model": MODEL, "context": CONTEXT, "slots": 2}
    experts = [{"name": name, "endpoint": endpoint, "weights": "same"} for name in ("one", "two")]
    recipe = Recipe.model_validate({"name": "demo", "experts": experts})
    with serve(recipe, {"one": "same", "two": "same"}, tmp_path_factory.mktemp("logs")) as addresses:
        yield addresses[0]


def ask(address: Address, *calls: Call) -> list[Reply]:
    async def run() -> list[Reply]:
        async with aiohttp.ClientSession() as session:
            client = connect(address, address.base_urls[0], session)
            assert await client.is_alive()
            return list(await asyncio.gather(*map(client.ask, calls)))

    return asyncio.run(run())


def raw(text: str, constraint: Constraint | None = None, **sampling: Any) -> Call:
    return Call("one", {**GREEDY, "max_tokens": 16, **sampling}, prompt=text, constraint=constraint)


def chat(constraint: Constraint | None = None, **sampling: Any) -> Call:
    return Call("one", {**GREEDY, "max_tokens": 16, **sampling}, messages=HELLO, constraint=constraint)


def test_raw_and_chat_are_two_things(place: Address) -> None:
    """Chat is the raw completion of the same messages in the model's template, and of no other text."""
    opened = "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n"
    opened += f"<|im_start|>user\n{HELLO[0]['content']}<|im_end|>\n<|im_start|>assistant\n"
    as_chat, as_raw, bare = ask(place, chat(), raw(opened), raw(HELLO[0]["content"]))
    assert as_chat.text.strip()
    assert as_chat == as_raw
    assert bare.text != as_chat.text


def test_a_limit_and_a_stop_string_are_told_apart(place: Address) -> None:
    whole, short = ask(place, raw("One, two, three, four,", max_tokens=16), raw("One, two, three, four,", max_tokens=3))
    assert (short.finish_reason, short.output_tokens) == ("length", 3)
    assert whole.text.startswith(short.text)
    mark = whole.text.split()[2]
    (stopped,) = ask(place, raw("One, two, three, four,", stop=["no such text", mark]))
    assert stopped.finish_reason == "stop"
    assert stopped.text == whole.text.partition(mark)[0]


def test_seeds_decide_what_is_drawn(place: Address) -> None:
    drawn = [raw(USER_TURN, temperature=1.2, seed=seed) for seed in (1, 1, 2)]
    one, again, other = (ask(place, call)[0].text for call in drawn)
    assert one == again != other


@pytest.mark.parametrize("form", [*FORMS.values(), GRADE], ids=[*FORMS, "grade"])
def test_a_form_binds_whatever_the_model_would_rather_say(place: Address, form: Constraint) -> None:
    # Most characters of a wild draw take a token or two of their own.
    hot = {"temperature": 2.0, "max_tokens": 450}
    calls = [
        make(constraint=form, **hot, seed=seed) for seed in (1, 2) for make in (chat, lambda **k: raw("Verdict:", **k))
    ]
    replies = ask(place, *calls)
    for reply in replies:
        assert re.fullmatch(form.regex, reply.text), reply.text
        assert reply.finish_reason == "stop"
    assert len({reply.text for reply in replies}) > 1
    (free,) = ask(replace(place, structured=None), calls[0])
    assert not re.fullmatch(form.regex, free.text)


def test_tokens_counted_here_are_those_that_the_server_counts(place: Address) -> None:
    counter = counter_of(str(gguf_path(MODEL)))
    for call in (raw(USER_TURN + "Write a function\n\n\tdef f(x):  # Grüße 🐈", max_tokens=5), chat(max_tokens=5)):
        (reply,) = ask(place, call)
        # transformers reads out of this file that a raw text begins with a token of its own, which is not so.
        assert counter.request(call) - (call.prompt is not None) == reply.input_tokens
        assert counter.completion(reply.text) == reply.output_tokens == 5


@pytest.mark.parametrize(
    ("change", "call", "kind", "said"),
    [
        ({}, raw("word " * CONTEXT), FaultKind.REQUEST, "exceeds the available context size"),
        ({}, raw("hi", Constraint(gbnf="root ::= [", regex="")), FaultKind.REQUEST, "failed to parse grammar"),
        ({}, raw("hi", temperature="warm"), FaultKind.REQUEST, "must be number"),
        ({"at": "/v2"}, raw("hi"), FaultKind.ROUTE, "File Not Found"),
        ({"at": ""}, raw("hi"), FaultKind.ROUTE, "llama.cpp's own route"),
    ],
)
def test_refusals_of_the_real_server(
    place: Address, change: dict[str, str], call: Call, kind: FaultKind, said: str
) -> None:
    if "at" in change:
        place = replace(place, base_urls=(place.base_urls[0].removesuffix("/v1") + change["at"],))
    with pytest.raises(Fault) as refused:
        ask(place, call)
    assert refused.value.kind is kind
    assert said in str(refused.value)
