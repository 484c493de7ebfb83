"""OpenAI-compatible servers: requests as they go out, answers as they come back, refusals in the servers' own words."""

from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web
from unit.client_calls import Protocol, ask, call, fault, fault_at
from unit.real_refusals import REFUSALS
from unit.wire_servers import Model, always, openai, serving, tgi, tokens_of

from warriorcoder.pipelines.endpoints.calls import Call, Constraint, Reply
from warriorcoder.pipelines.endpoints.clients.refusals import kind_of
from warriorcoder.pipelines.endpoints.faults import FaultKind

FORM = Constraint(gbnf='root ::= "A" | "B"', regex="(A|B)")


def says(body: Any) -> web.Application:
    """A server with one answer."""

    async def answer(request: web.Request) -> web.StreamResponse:
        return web.json_response(body)

    return always(answer)


def chat_answer(**message: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "message": {"role": "assistant", **message}, "finish_reason": "length"}]}


@pytest.mark.parametrize(("form", "path"), [("raw", "/v1/completions"), ("chat", "/v1/chat/completions")])
def test_a_call_is_the_models_name_the_extra_the_sampling_and_the_text(form: str, path: str) -> None:
    model = Model()
    sampling = {"temperature": 0.0, "top_p": 1.0, "max_tokens": 20, "seed": 7, "stop": ["\n"]}
    reply = ask("openai", model, call(form, **sampling), extra={"min_p": 0.1, "top_p": 0.5})
    assert reply == Reply("a fine answer", "stop", 5, 4)
    assert model.last.path == path
    text = {
        "raw": {"prompt": "a prompt of five words"},
        "chat": {"messages": [{"role": "user", "content": "a prompt of five words"}]},
    }
    assert model.last.body == {"model": "tiny", "min_p": 0.1, **sampling, **text[form]}


@pytest.mark.parametrize("form", ["raw", "chat"])
def test_stop_strings_and_limits_are_the_servers(form: str) -> None:
    model = Model(tokens_of("one two END three"))
    assert ask("openai", model, call(form, stop=["END"])).text == "one two "
    assert ask("openai", model, call(form, max_tokens=2)) == Reply("one two", "length", 5, 2)


@pytest.mark.parametrize(
    ("structured", "fields"),
    [
        ("llama.cpp", {"grammar": FORM.gbnf}),
        ("vllm", {"structured_outputs": {"regex": FORM.regex}}),
        ("vllm-guided", {"guided_regex": FORM.regex}),
        ("sglang", {"regex": FORM.regex}),
        ("tgi", {"response_format": {"type": "regex", "value": FORM.regex}}),
    ],
)
def test_a_form_is_bound_in_the_words_of_the_server(structured: str, fields: dict[str, Any]) -> None:
    model = Model()
    messages = [{"role": "user", "content": "A or B?"}]
    ask("openai", model, Call("one", {}, messages=messages, constraint=FORM), structured=structured)
    assert model.last.body == {"model": "tiny", "messages": messages, **fields}
    raw = Call("one", {}, prompt="A or B?", constraint=FORM)
    if structured == "tgi":
        assert fault("openai", model, raw, structured=structured).kind is FaultKind.REQUEST
    else:
        ask("openai", model, raw, structured=structured)
        assert model.last.body == {"model": "tiny", "prompt": "A or B?", **fields}


# answers


@pytest.mark.parametrize(
    "message",
    [
        {"content": None, "reasoning_content": "Let me think about"},
        {"content": None, "reasoning": "Let me think about"},
        {"content": None, "tool_calls": []},
        {"content": ""},
        {},
    ],
)
def test_an_answer_without_content_is_an_empty_one(message: dict[str, Any]) -> None:
    usage = {"usage": {"prompt_tokens": 5, "completion_tokens": 9}}
    app = says({**chat_answer(**message), **usage})
    assert ask("openai", Model(), call("chat"), app=app) == Reply("", "length", 5, 9)


@pytest.mark.parametrize("usage", [{}, {"usage": None}, {"usage": {}}, {"usage": {"prompt_tokens": None}}])
def test_usage_that_is_not_reported_is_unknown_and_not_zero(usage: dict[str, Any]) -> None:
    app = says({**chat_answer(content="hi"), **usage})
    assert ask("openai", Model(), call("chat"), app=app) == Reply("hi", "length", None, None)


def test_reasons_of_tgi_are_those_of_the_api() -> None:
    model = Model(tokens_of("one two END three"))
    reply = ask("openai", model, call("chat", stop=["END"], temperature=1.0), app=tgi(model))
    assert reply.finish_reason == "stop"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"error": {"message": "Provider returned error", "code": 502}}, FaultKind.DOWN),
        ({"error": {"message": "Rate limit exceeded", "code": 429}, "choices": []}, FaultKind.THROTTLED),
        ({"error": {"message": "Internal error"}}, FaultKind.SERVER),
        ({"error": "out of memory"}, FaultKind.SERVER),
    ],
)
def test_an_error_that_comes_with_status_200_is_one(body: dict[str, Any], kind: FaultKind) -> None:
    """OpenRouter answers so."""
    assert fault("openai", Model(), call("chat"), app=says(body)).kind is kind


# addresses


@pytest.mark.parametrize(
    ("server", "protocol", "at", "said"),
    [
        # llama.cpp answers there, but not as the API does.
        (openai, "openai", "", "this is llama.cpp's own route; the API's base_url ends in /v1"),
        (openai, "openai", "/v2", "/v2/completions: HTTP 404: "),
        (tgi, "openai", "", "/completions: HTTP 404: "),
        (tgi, "tgi", "/v1", "/v1/generate_stream: HTTP 404: "),
        (openai, "tgi", "", "/generate_stream: HTTP 404: "),
        (openai, "hf-inference", "/v1", "/v1: HTTP 404: "),
    ],
)
def test_a_wrong_address_is_told_as_one(
    server: Callable[[Model], web.Application], protocol: Protocol, at: str, said: str
) -> None:
    refused = fault_at(serving(server(Model())), protocol, "raw", at=at)
    assert refused.kind is FaultKind.ROUTE
    assert said in str(refused)


# refusals


@pytest.mark.parametrize(("status", "body", "kind"), REFUSALS.values(), ids=REFUSALS.keys())
def test_a_refusal_means_what_the_server_means(status: int, body: str, kind: FaultKind) -> None:
    assert kind_of(status, body) is kind
