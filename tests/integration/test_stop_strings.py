"""A stop string that is a control token ends a draw on a real llama.cpp server, which hides such tokens."""

import asyncio
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest

from warriorcoder.pipelines.endpoints.calls import Address, Call, Reply
from warriorcoder.pipelines.endpoints.clients import connect
from warriorcoder.pipelines.endpoints.embedded import serve, weights_of
from warriorcoder.pipelines.endpoints.templates import Template
from warriorcoder.pipelines.mining.draws import mining_call
from warriorcoder.recipe import Recipe

pytestmark = pytest.mark.models

CONTROL, NUMBER = "<repo_name>", 3
"""A control token of SmolLM2's that ends no completion, as [/INST] is one of Mistral's; and its number."""


def drawn(address: Address, template: Template, recipe: Recipe) -> Reply:
    call = mining_call("one", template, recipe.mining, 0, recipe.seed)

    async def once(call: Call) -> Reply:
        async with aiohttp.ClientSession() as session:
            return await connect(address, address.base_urls[0], session).ask(call)

    return asyncio.run(once(call))


def test_a_hidden_stop_string_is_seen(tmp_path: Path) -> None:
    local = {"kind": "embedded", "model": "smollm2-135m-instruct"}
    experts = [{"name": name, "endpoint": local} for name in ("one", "two")]
    recipe = Recipe.model_validate({"name": "stops", "experts": experts, "mining": {"max_tokens": 6}})
    unseen = Template("Hello, my name is", (CONTROL,))
    with serve(recipe, weights_of(recipe.experts), tmp_path) as addresses:
        # The model is made to say the token.
        address = replace(addresses[0], extra={"logit_bias": [[NUMBER, 1000.0]]})
        reply = drawn(address, replace(unseen, hidden=(CONTROL,)), recipe)
        assert (reply.text, reply.finish_reason, reply.output_tokens) == ("", "stop", 1)
        reply = drawn(address, unseen, recipe)
        assert (reply.text, reply.finish_reason, reply.output_tokens) == ("", "length", 6)
