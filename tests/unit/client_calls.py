"""The three protocols side by side: a server, an address, and a call of either form."""

import asyncio
from contextlib import AbstractAsyncContextManager
from typing import Any, Literal

import aiohttp
import pytest
from aiohttp import web
from unit.wire_servers import Model, openai, serving, tgi

from warriorcoder.pipelines.endpoints.calls import Address, Call, Reply
from warriorcoder.pipelines.endpoints.clients import Client, connect
from warriorcoder.pipelines.endpoints.faults import Fault

Protocol = Literal["openai", "tgi", "hf-inference"]
PROTOCOLS: tuple[Protocol, ...] = ("openai", "tgi", "hf-inference")
FORMS = ("raw", "chat")
KEY_VARIABLE = "TINY_KEY"


def call(form: str, text: str = "a prompt of five words", **sampling: Any) -> Call:
    """A call of either form; whatever else is given is its sampling."""
    if form == "raw":
        return Call("one", sampling, prompt=text)
    return Call("one", sampling, messages=[{"role": "user", "content": text}])


def app_of(protocol: Protocol, model: Model) -> web.Application:
    return openai(model) if protocol == "openai" else tgi(model)


def address(protocol: Protocol, url: str, at: str | None = None, **fields: Any) -> Address:
    """A server's address in a recipe; `at` is its base_url's path, by default the right one."""
    path = at if at is not None else "/v1" if protocol == "openai" else ""
    return Address("one", protocol, (url + path,), "tiny", "tiny", 4, **fields)


async def asked(place: Address, *calls: Call) -> list[Reply]:
    """The replies to calls, one after the other."""
    async with aiohttp.ClientSession() as session:
        client: Client = connect(place, place.base_urls[0], session)
        return [await client.ask(each) for each in calls]


def ask(protocol: Protocol, model: Model, *calls: Call, app: web.Application | None = None, **fields: Any) -> Reply:
    """The reply to the last of the calls at a server of that protocol."""

    async def run() -> Reply:
        async with serving(app or app_of(protocol, model)) as url:
            return (await asked(address(protocol, url, **fields), *calls))[-1]

    return asyncio.run(run())


def fault(protocol: Protocol, model: Model, *calls: Call, app: web.Application | None = None, **fields: Any) -> Fault:
    """The fault that the last of the calls ends in."""
    with pytest.raises(Fault) as raised:
        ask(protocol, model, *calls, app=app, **fields)
    return raised.value


def fault_at(server: AbstractAsyncContextManager[str], protocol: Protocol, form: str, **fields: Any) -> Fault:
    """The fault that a call ends in at any server."""

    async def run() -> None:
        async with server as url:
            await asked(address(protocol, url, **fields), call(form))

    with pytest.raises(Fault) as raised:
        asyncio.run(run())
    return raised.value
