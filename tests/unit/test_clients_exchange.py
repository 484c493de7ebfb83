"""All protocols behind the exchange: at a weary server no call is lost, and none that was answered is asked again."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from unit.client_calls import PROTOCOLS, Protocol, address, app_of
from unit.fast_clock import speed_up
from unit.wire_servers import Handler, Model, serving, tokens_of

from warriorcoder.pipelines.endpoints.budget import Purse
from warriorcoder.pipelines.endpoints.calls import Call, Reply
from warriorcoder.pipelines.endpoints.exchange import Exchange
from warriorcoder.pipelines.endpoints.keeping import JournalKeeper
from warriorcoder.pipelines.endpoints.progress import Progress
from warriorcoder.recipe import Recipe

RECIPE = Recipe.model_validate(
    {
        "name": "demo",
        "experts": [
            {
                "name": name,
                "template": "chatml",
                "endpoint": {"kind": "openai", "base_url": "http://a/v1", "model": "m"},
            }
            for name in ("one", "two")
        ],
    }
)


def weary() -> Any:
    """A server that finds every third request one too many, and breaks off every seventh."""
    count = iter(range(1, 10_000))

    @web.middleware
    async def answer(request: web.Request, handler: Handler) -> web.StreamResponse:
        number = next(count)
        if number % 3 == 0:
            return web.json_response({"error": "Model is overloaded", "error_type": "overloaded"}, status=429)
        if number % 7 == 0:
            assert request.transport is not None
            request.transport.abort()
        return await handler(request)

    return answer


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_call_is_answered_and_counted_and_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, protocol: Protocol
) -> None:
    speed_up(monkeypatch)
    calls = [
        Call("one", {"max_tokens": 20}, prompt=f"prompt {number}")
        if number % 2
        else Call("one", {"max_tokens": 20}, messages=[{"role": "user", "content": f"message {number}"}])
        for number in range(40)
    ]

    async def run(model: Model) -> list[Reply]:
        app = app_of(protocol, model)
        app.middlewares.insert(0, weary())
        keeper = JournalKeeper(tmp_path / "journal.sqlite", "answer")
        try:
            async with serving(app) as url:
                exchange = Exchange(
                    {"one": address(protocol, url)}, keeper, Purse(RECIPE), Progress("answer"), 600, lambda: False
                )
                return await exchange.ask(calls, len(calls))
        finally:
            keeper.close()

    model = Model(tokens_of("a fine answer"))
    replies = asyncio.run(run(model))
    assert replies == [Reply("a fine answer", "stop", 2, 4)] * 40
    again = Model()
    assert asyncio.run(run(again)) == replies
    assert not again.asked
