"""Hugging Face: Inference Endpoints by their address, and the Hub's providers by their names."""

import asyncio
import gc
import warnings
from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from huggingface_hub import constants
from huggingface_hub.inference._providers import _common as providers
from huggingface_hub.utils import reset_sessions
from unit.client_calls import KEY_VARIABLE, ask, call, fault
from unit.wire_servers import Model, Token, always, openai, serving

from warriorcoder.pipelines.endpoints.calls import Address, Call, Constraint, Reply
from warriorcoder.pipelines.endpoints.clients import connect
from warriorcoder.pipelines.endpoints.clients.hf_inference import raw_completion_refusal
from warriorcoder.pipelines.endpoints.faults import Fault, FaultKind
from warriorcoder.recipe import Expert

TOKEN = "hf_" + "t" * 30
FORM = Constraint(gbnf='root ::= "A" | "B"', regex="(A|B)")


# Inference Endpoints


def test_an_inference_endpoint_is_asked_at_its_root_and_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, TOKEN)
    model = Model(key=TOKEN)
    sampling = {"temperature": 1.2, "top_p": 1.0, "max_tokens": 20, "seed": 7, "stop": ["\n"]}
    reply = ask("hf-inference", model, call("raw", **sampling), api_key_env=KEY_VARIABLE, extra={"top_k": 40})
    assert reply == Reply("a fine answer", "stop", 5, 4)
    assert model.last.path == "/"
    assert model.last.body == {
        "inputs": "a prompt of five words",
        "stream": True,
        "parameters": {
            "temperature": 1.2,
            "max_new_tokens": 20,
            "seed": 7,
            "stop": ["\n"],
            "top_k": 40,
            "do_sample": True,
            "details": True,
        },
    }


def test_its_chat_is_the_apis(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, TOKEN)
    model = Model(key=TOKEN)
    sampling = {"temperature": 0.0, "top_p": 1.0, "max_tokens": 20, "seed": 7}
    reply = ask("hf-inference", model, call("chat", **sampling), api_key_env=KEY_VARIABLE)
    assert reply == Reply("a fine answer", "stop", 5, 4)
    assert model.last.path == "/v1/chat/completions"
    body = {name: value for name, value in model.last.body.items() if name != "stream"}
    assert body == {
        "model": "tiny",
        "messages": [{"role": "user", "content": "a prompt of five words"}],
        "temperature": 0.0,
        "max_tokens": 20,
        "seed": 7,
    }


def test_a_stop_string_that_tgi_passes_by_ends_the_call() -> None:
    model = Model([Token("x "), Token("```\n\n"), *[Token("junk ")] * 5000], context=10_000)
    wanted = call("raw", stop=["```"], max_tokens=6000)
    assert ask("hf-inference", model, wanted, wanted) == Reply("x ", "stop", 5, 2)
    assert [each.path for each in model.asked] == ["/", "/tokenize", "/"]
    assert model.written < 5000


def test_a_form_is_bound_as_the_recipe_says_the_endpoint_does() -> None:
    model = Model()
    raw, chat = call("raw"), call("chat")
    ask("hf-inference", model, Call("one", {}, prompt=raw.prompt, constraint=FORM), structured="tgi")
    assert model.last.body["parameters"]["grammar"] == {"type": "regex", "value": "(A|B)"}
    bound = Call("one", {}, messages=chat.messages, constraint=FORM)
    ask("hf-inference", model, bound, structured="tgi")
    assert model.last.body["response_format"] == {"type": "regex", "value": "(A|B)"}
    ask("hf-inference", model, bound, structured="vllm")
    assert model.last.body["structured_outputs"] == {"regex": "(A|B)"}


def test_a_token_that_lies_on_the_machine_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library takes one by itself where none is given, and would send it to any address."""
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    model = Model()
    ask("hf-inference", model, call("raw"))
    ask("hf-inference", model, call("chat"))
    assert [each.headers.get("Authorization") for each in model.asked] == [None, None]


def test_an_endpoint_that_runs_no_tgi_is_told_apart() -> None:
    """The Hub's own toolkit answers a request with `details` so."""
    said = "The following `model_kwargs` are not used by the model: ['details', 'stop'] (note: typos)"

    async def toolkit(request: web.Request) -> web.StreamResponse:
        return web.json_response({"error": said}, status=400)

    assert fault("hf-inference", Model(), call("raw"), app=always(toolkit)).kind is FaultKind.ROUTE


# Providers


class Hub:
    """The Hub's model page for programs, and a provider behind its router."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.model = Model(key=TOKEN)
        self.tasks = {"novita": "text-generation", "groq": "conversational"}
        self.pages = 0
        self._monkeypatch = monkeypatch

    def app(self) -> web.Application:
        return openai(self.model, "/novita/v3/openai", {"/api/models/{owner}/{name}": self._page})

    async def _page(self, request: web.Request) -> web.StreamResponse:
        self.pages += 1
        if request.match_info["name"] == "gone":
            refused = {"X-Error-Code": "RepoNotFound", "X-Error-Message": "Repository not found"}
            return web.json_response({"error": "Repository not found"}, status=404, headers=refused)
        mapping = {
            name: {"status": "live", "providerId": f"{name}/tiny", "task": task} for name, task in self.tasks.items()
        }
        return web.json_response({"id": "org/tiny", "inferenceProviderMapping": mapping})

    def ask(self, *calls: Call, provider: str = "novita", model: str = "org/tiny", **fields: Any) -> list[Reply]:
        async def run() -> list[Reply]:
            async with serving(self.app()) as url, aiohttp.ClientSession() as session:
                self._monkeypatch.setattr(constants, "ENDPOINT", url)
                self._monkeypatch.setattr(constants, "INFERENCE_PROXY_TEMPLATE", url + "/{provider}")
                place = Address(
                    "one", "hf-inference", ("",), model, model, 4, KEY_VARIABLE, provider=provider, **fields
                )
                client = connect(place, "", session)
                replies = list(await asyncio.gather(*map(client.ask, calls)))
                assert await client.is_alive()
                return replies

        return asyncio.run(run())

    def fault(self, wanted: Call, **fields: Any) -> Fault:
        with pytest.raises(Fault) as raised:
            self.ask(wanted, **fields)
        return raised.value


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    monkeypatch.setenv(KEY_VARIABLE, TOKEN)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    providers._fetch_inference_provider_mapping.cache_clear()
    reset_sessions()
    yield Hub(monkeypatch)
    providers._fetch_inference_provider_mapping.cache_clear()
    reset_sessions()


def test_a_provider_completes_raw_prompts_under_the_apis_names(hub: Hub) -> None:
    """The library would send TGI's names, and read no usage out of the answer."""
    (reply,) = hub.ask(call("raw", temperature=1.2, top_p=1.0, max_tokens=2, seed=7, stop=["\n"]), extra={"top_k": 40})
    assert reply == Reply("a fine", "length", 5, 2)
    assert hub.model.last.path == "/novita/v3/openai/completions"
    assert {name: value for name, value in hub.model.last.body.items() if value is not None} == {
        "model": "novita/tiny",
        "prompt": "a prompt of five words",
        "temperature": 1.2,
        "top_p": 1.0,
        "max_tokens": 2,
        "seed": 7,
        "stop": ["\n"],
        "top_k": 40,
    }


def test_a_provider_chats(hub: Hub) -> None:
    hub.tasks["novita"] = "conversational"
    (reply,) = hub.ask(call("chat", temperature=0.0, max_tokens=20))
    assert reply == Reply("a fine answer", "stop", 5, 4)
    assert hub.model.last.path == "/novita/v3/openai/chat/completions"
    assert hub.model.last.body["model"] == "novita/tiny"
    assert hub.model.last.headers["Authorization"] == f"Bearer {TOKEN}"


def test_the_hub_is_asked_once_for_many_calls(hub: Hub) -> None:
    assert len(hub.ask(*[call("raw", f"prompt {number}") for number in range(20)])) == 20
    assert hub.pages == 1


def test_a_model_that_its_provider_has_for_chat_only_is_told_with_the_remedy(hub: Hub) -> None:
    hub.tasks["novita"] = "conversational"
    refused = hub.fault(call("raw"))
    assert refused.kind is FaultKind.ROUTE
    assert "org/tiny is not supported for task text-generation and provider novita" in str(refused)
    assert "or any server with /v1/completions (kind: openai)" in str(refused)
    assert not hub.model.asked


def test_a_model_that_a_provider_does_not_have(hub: Hub) -> None:
    refused = hub.fault(call("raw"), provider="together")
    assert refused.kind is FaultKind.MODEL
    assert "Model org/tiny is not supported by provider together" in str(refused)


def test_a_model_that_the_hub_does_not_have(hub: Hub) -> None:
    refused = hub.fault(call("raw"), model="org/gone")
    assert refused.kind is FaultKind.MODEL
    assert TOKEN not in str(refused)


def test_a_hub_that_cannot_be_reached_is_down(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    reset_sessions()
    assert hub.fault(call("raw")).kind is FaultKind.DOWN


def test_the_library_warns_of_nothing_and_leaves_no_session_open(hub: Hub) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        hub.ask(call("raw"))
        ask("hf-inference", Model(), call("raw", stop=["fine"]))
        gc.collect()
    assert [str(warning.message) for warning in caught] == []


# What can be known before anything is asked


def expert(**endpoint: Any) -> Expert:
    made = {"kind": "hf-inference", "model": "org/tiny", **endpoint}
    return Expert.model_validate({"name": "one", "template": "chatml", "endpoint": made})


@pytest.mark.parametrize("provider", ["featherless-ai", "hf-inference", "nebius", "novita", "together"])
def test_providers_with_raw_completion_are_not_refused(provider: str) -> None:
    assert raw_completion_refusal(expert(provider=provider)) is None


@pytest.mark.parametrize("provider", ["groq", "cerebras", "sambanova", "openai", "hyperbolic", "fal-ai"])
def test_a_provider_with_chat_only_is_refused_with_the_reason_and_the_remedy(provider: str) -> None:
    assert raw_completion_refusal(expert(provider=provider)) == (
        f"experts.one.endpoint.provider: {provider} offers chat only. Mining needs raw completion, as base models and "
        "completion style do. Name a provider that has it (featherless-ai, hf-inference, nebius, novita, together), or "
        "an Inference Endpoint (base_url), or any server with /v1/completions (kind: openai)."
    )


def test_a_provider_that_is_none_or_left_open_is_refused() -> None:
    assert "found 'grok'; the providers are " in str(raw_completion_refusal(expert(provider="grok")))
    assert "auto may be another provider tomorrow" in str(raw_completion_refusal(expert(provider="auto")))


def test_servers_are_not_refused_unasked() -> None:
    assert raw_completion_refusal(expert(base_url="http://127.0.0.1:1")) is None
    assert raw_completion_refusal(expert(kind="openai", base_url="http://127.0.0.1:1/v1")) is None
    assert raw_completion_refusal(expert(kind="tgi", base_url="http://127.0.0.1:1")) is None
