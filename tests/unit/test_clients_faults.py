"""Whatever can go wrong on the way, told apart alike by all protocols, in raw completion and in chat."""

import asyncio
import json
import time
from email.utils import formatdate
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from unit.client_calls import FORMS, PROTOCOLS, Protocol, address, asked, call, fault_at
from unit.real_refusals import REFUSALS
from unit.wire_servers import Model, always, bytes_server, serving, tgi

from warriorcoder.pipelines.endpoints.clients import connect
from warriorcoder.pipelines.endpoints.clients.refusals import seconds_of
from warriorcoder.pipelines.endpoints.faults import Fault, FaultKind

both = pytest.mark.parametrize("form", FORMS)
every = pytest.mark.parametrize("protocol", PROTOCOLS)

REFUSED = "vLLM, model", "vLLM, route", "TGI, key", "the Hub, gated", "vLLM, context", "TGI, busy", "vLLM, engine"


def refusing(status: int, body: str, **headers: str) -> web.Application:
    async def refuse(request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, text=body, headers=headers)

    return always(refuse)


@every
@both
@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal_is_read_alike_by_every_protocol(protocol: Protocol, form: str, name: str) -> None:
    status, body, kind = REFUSALS[name]
    refused = fault_at(serving(refusing(status, body)), protocol, form)
    assert refused.kind is kind
    assert f"HTTP {status}: {body[:20]}" in str(refused)
    assert refused.wait is None


@every
@both
@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_passed_on(protocol: Protocol, form: str, status: int) -> None:
    refused = fault_at(serving(refusing(status, "later", **{"Retry-After": "7"})), protocol, form)
    assert refused.kind is (FaultKind.THROTTLED if status == 429 else FaultKind.DOWN)
    assert refused.wait == 7.0


def test_retry_after_in_all_its_forms() -> None:
    in_a_minute = time.time() + 60
    for date in (formatdate(in_a_minute, usegmt=True), time.asctime(time.gmtime(in_a_minute))):
        assert seconds_of(date) == pytest.approx(60, abs=2)
    assert seconds_of("1.5") == 1.5
    assert seconds_of(formatdate(time.time() - 60, usegmt=True)) == 0.0
    assert seconds_of("-3") == 0.0
    for nothing in ("", "soon", "inf", "nan", "Wed, 99 Oct 2026 07:28:00 GMT"):
        assert seconds_of(nothing) is None


# the connection


def http(
    body: bytes, length: int | None = None, head: str = "HTTP/1.1 200 OK", kind: str = "application/json"
) -> bytes:
    size = len(body) if length is None else length
    return f"{head}\r\nContent-Type: {kind}\r\nContent-Length: {size}\r\nConnection: close\r\n\r\n".encode() + body


WHOLE = json.dumps({"choices": [{"text": "hi", "message": {"content": "hi"}, "finish_reason": "stop"}]}).encode()

GARBLED = {
    "cut off by its length": http(WHOLE[:40], len(WHOLE)),
    "cut off in its text": http(WHOLE[:40]),
    "a page": http(b"<!DOCTYPE html><html><body>Welcome to nginx!</body></html>", kind="text/html"),
    "empty": http(b""),
    "no completion": http(b'{"status": "ok"}'),
    "no choices": http(b'{"choices": []}'),
    "null": http(b"null"),
    "a number": http(b"7"),
    "a list": http(b"[]"),
    "a choice without a text": http(b'{"choices": [{"finish_reason": "stop"}]}'),
    "a text that is none": http(b'{"choices": [{"text": 7, "message": {"content": [1]}}]}'),
    "a reason that is none": http(WHOLE.replace(b'"stop"', b"{}")),
    "a count that is none": http(WHOLE[:-1] + b', "usage": {"prompt_tokens": "many"}}'),
    "not UTF-8": http(b'{"choices": [{"text": "\xff\xfe'),
    "no HTTP": b"220 mail.example.org ESMTP\r\n\r\n",
    "broken compression": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd",
    "broken chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
}


@every
@both
@pytest.mark.parametrize("name", GARBLED)
def test_an_answer_that_is_none_is_garbled(protocol: Protocol, form: str, name: str) -> None:
    assert fault_at(bytes_server(GARBLED[name]), protocol, form).kind is FaultKind.GARBLED


def stream(*events: Any, end: bytes = b"") -> bytes:
    """A raw answer of TGI's."""
    body = b"".join(b"data:" + json.dumps(event).encode() + b"\n\n" for event in events) + end
    return http(body, kind="text/event-stream")


TOKEN = {"index": 1, "token": {"id": 7, "text": "a", "logprob": -0.5, "special": False}, "generated_text": None}
LAST = {**TOKEN, "generated_text": "a", "details": {"finish_reason": "eos_token", "generated_tokens": 1, "seed": None}}

STREAMS = {
    "ends before its end": (stream(TOKEN, TOKEN), FaultKind.GARBLED),
    "cut off in an event": (stream(TOKEN, end=b'data:{"index":2,"token":{"id'), FaultKind.GARBLED),
    "an event that is none": (stream({"hello": "world"}), FaultKind.GARBLED),
    "a text that is none": (stream({**TOKEN, "token": {**TOKEN["token"], "text": 7}}), FaultKind.GARBLED),  # type: ignore[dict-item]
    "no text at all": (stream({**LAST, "generated_text": 7}), FaultKind.GARBLED),
    "validation": (stream({"error": "too long", "error_type": "validation"}), FaultKind.REQUEST),
    "overloaded": (stream(TOKEN, {"error": "Model is overloaded", "error_type": "overloaded"}), FaultKind.THROTTLED),
    "generation": (stream(TOKEN, {"error": "out of memory", "error_type": "generation"}), FaultKind.SERVER),
    "incomplete": (stream({"error": "Incomplete", "error_type": "incomplete_generation_stream"}), FaultKind.SERVER),
}


@pytest.mark.parametrize("protocol", ["tgi", "hf-inference"])
@pytest.mark.parametrize(("answer", "kind"), STREAMS.values(), ids=STREAMS.keys())
def test_a_stream_that_goes_wrong_is_no_answer(protocol: Protocol, answer: bytes, kind: FaultKind) -> None:
    assert fault_at(bytes_server(answer), protocol, "raw").kind is kind


@pytest.mark.parametrize("protocol", ["tgi", "hf-inference"])
def test_a_stream_in_pieces_of_any_size_is_read(protocol: Protocol) -> None:
    """Longer than the line that the HTTP library reads at most, and without a blank line at the end."""
    text = "x" * 300_000
    answer = http(b":\n\ndata: " + json.dumps({**LAST, "generated_text": text}).encode(), kind="text/event-stream")

    async def run() -> str:
        async with bytes_server(answer) as url:
            return (await asked(address(protocol, url), call("raw")))[0].text

    assert asyncio.run(run()) == text


@every
@both
def test_a_reset_connection_is_down(protocol: Protocol, form: str) -> None:
    assert fault_at(bytes_server(None), protocol, form).kind is FaultKind.DOWN


@every
@both
@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "http://localhost.invalid:80"], ids=["refused", "no such name"])
def test_a_server_that_is_not_there_is_down(
    protocol: Protocol, form: str, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nowhere(*args: Any, **kwargs: Any) -> Any:
        raise OSError(-2, "Name or service not known")

    if "invalid" in url:
        monkeypatch.setattr(aiohttp.ThreadedResolver, "resolve", nowhere)
        monkeypatch.setattr(aiohttp.DefaultResolver, "resolve", nowhere)
    with pytest.raises(Fault) as raised:
        asyncio.run(asked(address(protocol, url), call(form)))
    assert raised.value.kind is FaultKind.DOWN


@every
@both
def test_what_is_no_address_is_told_as_one(protocol: Protocol, form: str) -> None:
    with pytest.raises(Fault, match="this is no address") as raised:
        asyncio.run(asked(address(protocol, "http://127.0.0.1:99999"), call(form)))
    assert raised.value.kind is FaultKind.ROUTE


@every
@both
def test_https_at_a_server_without_it_is_a_wrong_address(protocol: Protocol, form: str) -> None:
    async def run() -> None:
        async with serving(tgi(Model())) as url:
            await asked(address(protocol, url.replace("http:", "https:")), call(form))

    with pytest.raises(Fault, match="no safe connection") as raised:
        asyncio.run(run())
    assert raised.value.kind is FaultKind.ROUTE


@every
@both
def test_a_server_that_does_not_answer_in_time(protocol: Protocol, form: str) -> None:
    async def run() -> None:
        never = asyncio.Event()

        async def stall(request: web.Request) -> web.StreamResponse:
            await never.wait()
            return web.Response()

        async with serving(always(stall)) as url:
            try:
                await asked(address(protocol, url, timeout=0.05), call(form))
            finally:
                never.set()

    with pytest.raises(Fault, match=r"no answer within 0\.05 s") as raised:
        asyncio.run(run())
    assert raised.value.kind is FaultKind.TIMEOUT


@pytest.mark.parametrize("protocol", ["tgi", "hf-inference"])
def test_a_stream_that_stalls_in_its_middle_is_too_late(protocol: Protocol) -> None:
    async def run() -> None:
        never = asyncio.Event()

        async def stall(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
            await response.prepare(request)
            await response.write(b"data:" + json.dumps(TOKEN).encode() + b"\n\n")
            await never.wait()
            return response

        async with serving(always(stall)) as url:
            try:
                await asked(address(protocol, url, timeout=0.2), call("raw"))
            finally:
                never.set()

    with pytest.raises(Fault) as raised:
        asyncio.run(run())
    assert raised.value.kind is FaultKind.TIMEOUT


@every
@both
def test_half_a_character_becomes_a_question_mark(protocol: Protocol, form: str) -> None:
    """A server that cuts an emoji in two sends half a surrogate pair, which no file of ours could hold."""
    half = {**LAST, "generated_text": "ok \ud83d!"}
    whole = http(json.dumps({"choices": [{"text": "ok \ud83d!", "message": {"content": "ok \ud83d!"}}]}).encode())
    answer = stream(half) if form == "raw" and protocol != "openai" else whole

    async def run() -> str:
        async with bytes_server(answer) as url:
            return (await asked(address(protocol, url), call(form)))[0].text

    assert asyncio.run(run()) == "ok ?!"


@every
def test_a_server_is_alive_if_it_answers_at_all(protocol: Protocol) -> None:
    async def run() -> list[bool]:
        alive = []
        for app in (tgi(Model()), refusing(401, ""), refusing(404, ""), refusing(502, ""), refusing(503, "")):
            async with serving(app) as url, aiohttp.ClientSession() as session:
                place = address(protocol, url)
                alive.append(await connect(place, place.base_urls[0], session).is_alive())
        async with aiohttp.ClientSession() as session:
            alive.append(await connect(address(protocol, "x"), "http://127.0.0.1:9", session).is_alive())
        return alive

    assert asyncio.run(run()) == [True, True, True, False, False, False]
