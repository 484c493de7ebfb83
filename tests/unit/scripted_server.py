"""An OpenAI-compatible server over loopback whose answers, and whose faults, are written by the test."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass(frozen=True)
class Asked:
    """One request as it arrived. `number` counts the requests with the same body, from 0."""

    path: str
    body: dict[str, Any]
    headers: dict[str, str]
    number: int

    @property
    def model(self) -> str:
        return str(self.body["model"])

    @property
    def chat(self) -> bool:
        return self.path.endswith("/chat/completions")

    @property
    def text(self) -> str:
        """The raw prompt, or the last message."""
        return str(self.body["messages"][-1]["content"] if self.chat else self.body["prompt"])


@dataclass(frozen=True)
class Fault:
    """An answer that is none: a status with a body of its own, or a connection that is cut."""

    status: int = 500
    body: bytes = b"it broke"
    headers: dict[str, str] = field(default_factory=dict)
    reset: bool = False


Answer = str | Fault | dict[str, Any]
Script = Callable[[Asked], Answer]
"""A completion; a fault; or, as a dictionary, the JSON body word for word."""


class ScriptedServer:
    """What a test asks of the running server: its address, and everything that was asked of it."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.asked: list[Asked] = []
        self.url = ""
        self.together = asyncio.Barrier(1)
        """Requests are held until so many of them are in flight."""
        self.takes: int | None = None
        """More than so many requests at once are refused with 429."""
        self.refused = 0
        self.alive = True
        """Whether it lists its models when asked; a dead one says 503."""
        self.most_in_flight = 0
        self._in_flight = 0
        self._seen: dict[str, int] = {}

    def forget(self) -> None:
        """Take what was asked so far as never asked."""
        self.asked.clear()
        self._seen.clear()

    async def models(self, request: web.Request) -> web.StreamResponse:
        return web.json_response({"object": "list", "data": []}, status=200 if self.alive else 503)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self._in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self._in_flight)
        try:
            if self.takes is not None:
                if self._in_flight > self.takes:
                    self.refused += 1
                    return web.Response(status=429, body=b"slow down")
                # Long enough for the requests that were sent together to arrive.
                await asyncio.sleep(0.005)
            await self.together.wait()
        finally:
            self._in_flight -= 1
        same = json.dumps([request.path, body], sort_keys=True)
        asked = Asked(request.path, body, dict(request.headers), self._seen.get(same, 0))
        self._seen[same] = asked.number + 1
        self.asked.append(asked)
        answer = self.script(asked)
        if isinstance(answer, Fault):
            if answer.reset:
                assert request.transport is not None
                request.transport.abort()
            return web.Response(status=answer.status, body=answer.body, headers=answer.headers)
        return web.json_response(answer if isinstance(answer, dict) else completion(asked, answer))


def completion(asked: Asked, text: str) -> dict[str, Any]:
    """The body of a completion, cut at the request's stop strings and its limit, a word being a token."""
    for stop in asked.body.get("stop") or []:
        text = text.partition(stop)[0]
    words = text.split(" ")
    limit = asked.body.get("max_tokens") or len(words)
    reason = "length" if len(words) > limit else "stop"
    text = " ".join(words[:limit])
    choice: dict[str, Any] = {"index": 0, "finish_reason": reason}
    choice |= {"message": {"role": "assistant", "content": text}} if asked.chat else {"text": text}
    usage = {"prompt_tokens": len(asked.text.split()), "completion_tokens": len(text.split())}
    return {"object": "completion", "choices": [choice], "usage": usage}


@contextmanager
def scripted_server(script: Script) -> Iterator[ScriptedServer]:
    """Serve a script on a free loopback port until the block ends."""
    server = ScriptedServer(script)
    loop = asyncio.new_event_loop()
    ready = threading.Event()

    async def serve() -> web.AppRunner:
        app = web.Application()
        app.router.add_post("/{path:.*}", server.handle)
        app.router.add_get("/v1/models", server.models)
        runner = web.AppRunner(app, shutdown_timeout=1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        server.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
        return runner

    async def end_tasks() -> None:
        """End the requests that a test holds back for ever."""
        held = asyncio.all_tasks() - {asyncio.current_task()}
        for task in held:
            task.cancel()
        await asyncio.gather(*held, return_exceptions=True)

    def run() -> None:
        asyncio.set_event_loop(loop)
        runner = loop.run_until_complete(serve())
        ready.set()
        loop.run_forever()
        loop.run_until_complete(runner.cleanup())
        loop.run_until_complete(end_tasks())
        loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    assert ready.wait(30)
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
