"""The key: it goes to the server that the recipe names, and comes back in nothing."""

import asyncio
import html
import json
from urllib.parse import quote, quote_plus

import pytest
from aiohttp import web
from unit.client_calls import FORMS, KEY_VARIABLE, PROTOCOLS, Protocol, address, ask, asked, call, fault_at
from unit.wire_servers import Model, Token, always, bytes_server, serving, tokens_of

from warriorcoder.pipelines.endpoints.clients.keys import HIDDEN, Key
from warriorcoder.pipelines.endpoints.faults import Fault, FaultKind

KEY = 'sk-T0p/Secret+key="w1th" <odd>&signs='

both = pytest.mark.parametrize("form", FORMS)
every = pytest.mark.parametrize("protocol", PROTOCOLS)

WRITTEN = {
    "plain": KEY,
    "as a URL": quote(KEY, safe=""),
    "as a URL's path": quote(KEY),
    "as a form": quote_plus(KEY),
    "as a URL in small letters": quote(KEY, safe="").replace("%2F", "%2f").replace("%2B", "%2b"),
    "as JSON": json.dumps(KEY)[1:-1],
    "as JSON of another writer": json.dumps(KEY)[1:-1].replace("/", "\\/").replace("=", "\\u003D"),
    "as HTML": html.escape(KEY),
    "as HTML by numbers": "".join(c if c.isalnum() else f"&#{ord(c)};" for c in KEY),
}


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, KEY)


def traces(said: str) -> list[str]:
    """What is left of the key in a text."""
    return [part for part in ("T0p", "w1th", "Secret") if part in said]


@every
@both
@pytest.mark.parametrize("variable", [KEY_VARIABLE, None])
def test_the_key_is_sent_where_one_is_named(protocol: Protocol, form: str, variable: str | None) -> None:
    model = Model(key=KEY if variable else "")
    assert ask(protocol, model, call(form), api_key_env=variable).text == "a fine answer"
    assert model.last.headers.get("Authorization") == (f"Bearer {KEY}" if variable else None)


@every
@both
def test_a_line_end_that_came_with_it_is_not_sent(
    protocol: Protocol, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, KEY + "\n")
    assert ask(protocol, Model(key=KEY), call(form), api_key_env=KEY_VARIABLE).text == "a fine answer"


@every
@both
@pytest.mark.parametrize("written", WRITTEN.values(), ids=WRITTEN.keys())
@pytest.mark.parametrize("status", [200, 401, 500])
def test_a_key_that_a_refusal_repeats_is_in_no_message(
    protocol: Protocol, form: str, written: str, status: int
) -> None:
    async def refuse(request: web.Request) -> web.StreamResponse:
        # Long enough for the end of the message to cut through the key.
        return web.Response(status=status, text="bad key: " + (written + " ") * 30)

    refused = fault_at(serving(always(refuse)), protocol, form, api_key_env=KEY_VARIABLE)
    assert HIDDEN in str(refused)
    assert traces(str(refused)) == []


@every
@both
def test_a_key_in_an_answer_is_taken_out_of_it(protocol: Protocol, form: str) -> None:
    model = Model([Token(f"your key is {KEY}"), Token(" and "), Token("mine"), *tokens_of("")])
    reply = ask(protocol, model, call(form), api_key_env=KEY_VARIABLE)
    assert reply.text == f"your key is {HIDDEN} and mine"


@pytest.mark.parametrize("protocol", ["tgi", "hf-inference"])
def test_a_key_in_a_streams_error_is_in_no_message(protocol: Protocol) -> None:
    event = json.dumps({"error": f"bad key {KEY}", "error_type": "generation"}).encode()
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
    refused = fault_at(bytes_server(head + b"data:" + event + b"\n\n"), protocol, "raw", api_key_env=KEY_VARIABLE)
    assert refused.kind is FaultKind.SERVER
    assert traces(str(refused)) == []


@every
@both
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(protocol: Protocol, form: str, status: int) -> None:
    """Neither key nor prompt reaches a host that the recipe does not name; the message says where it would go."""
    elsewhere = Model()

    async def run() -> None:
        async def other(request: web.Request) -> web.StreamResponse:
            await elsewhere.take(request)
            return web.Response()

        async with serving(always(other)) as target:

            async def away(request: web.Request) -> web.StreamResponse:
                return web.Response(status=status, headers={"Location": f"{target}/login?key={quote(KEY, safe='')}"})

            async with serving(always(away)) as url:
                await asked(address(protocol, url, api_key_env=KEY_VARIABLE), call(form))

    with pytest.raises(Fault, match="it sends us on to http") as raised:
        asyncio.run(run())
    assert raised.value.kind is FaultKind.ROUTE
    assert traces(str(raised.value)) == []
    assert not elsewhere.asked


def test_a_placeholder_is_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers without keys are given EMPTY, which a program may contain."""
    monkeypatch.setenv(KEY_VARIABLE, "EMPTY")
    assert Key(KEY_VARIABLE).hidden("if cell is EMPTY:") == "if cell is EMPTY:"
    assert Key(KEY_VARIABLE).headers == {"Authorization": "Bearer EMPTY"}


def test_a_variable_that_is_not_set_sends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(KEY_VARIABLE)
    assert Key(KEY_VARIABLE).headers == {}
    assert Key(None).hidden("text") == "text"
