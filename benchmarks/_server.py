"""An OpenAI-compatible server over loopback for the benchmarks, in a process of its own.

    python benchmarks/_server.py '{"seed": 1, "latency": {"median": 2, "p99": 8}}'

prints its port and serves until its parent ends. How long an answer takes and what it says are
drawn from the request alone, so that every contender gets the same draws. What came and what
became of it is kept, and read with GET /report.
"""

import asyncio
import hashlib
import json
import math
import os
import random
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from _experts import says
from _faults import Outcome, misbehave, what_happens
from aiohttp import web

from warriorcoder.pipelines.endpoints.processes import die_with_parent

Z99 = 2.3263478740408408
"""The 99th percentile of the standard normal distribution."""


@dataclass(frozen=True)
class Settings:
    """How the server behaves.

    `latency`: median and 99th percentile in seconds of a lognormal distribution; None answers at
    once. `slow`: a model and a text whose answer takes `seconds`. `faults`: the share of requests
    that get a fault instead of an answer, drawn by request and attempt; `refused`: the share of
    distinct requests that are refused for good. `stall`: seconds for which a stalled request is
    held. `words`: how long answers are. `keep_bodies`: whether the report holds each body.
    """

    seed: int = 0
    latency: dict[str, float] | None = None
    slow: dict[str, Any] | None = None
    faults: float = 0.0
    refused: float = 0.0
    stall: float = 30.0
    words: int = 12
    keep_bodies: bool = False


@dataclass
class Record:
    """One request: the digest of its body, who was asked, when (monotonic seconds), what became of it."""

    digest: str
    model: str
    attempt: int
    arrived: float
    ended: float = 0.0
    outcome: str = Outcome.IN_FLIGHT


@dataclass
class Server:
    """What the running server knows."""

    settings: Settings
    records: list[Record] = field(default_factory=list)
    bodies: dict[str, Any] = field(default_factory=dict)
    attempts: Counter[str] = field(default_factory=Counter)
    in_flight: Counter[str] = field(default_factory=Counter)
    most_in_flight: Counter[str] = field(default_factory=Counter)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """An answer or a fault, after its time."""
        arrived = time.monotonic()
        raw = await request.read()
        body = json.loads(raw)
        if not (body.get("messages") or body.get("prompt")):
            return web.json_response({"error": {"message": "nothing is asked"}}, status=400)
        model, text = body["model"], _text(body)
        digest = hashlib.sha256(json.dumps([request.path, body], sort_keys=True).encode()).hexdigest()[:24]
        record = Record(digest, model, self.attempts[digest], arrived)
        self.records.append(record)
        self.attempts[digest] += 1
        if self.settings.keep_bodies:
            self.bodies[digest] = {"path": request.path, "body": body}
        self.in_flight[model] += 1
        self.most_in_flight[model] = max(self.most_in_flight[model], self.in_flight[model])
        try:
            settings = self.settings
            outcome = what_happens(settings.seed, digest, record.attempt, settings.faults, settings.refused)
            await asyncio.sleep(self._latency(model, text))
            if outcome is not Outcome.ANSWER:
                # Also for a client that leaves before the end.
                record.outcome = outcome
                return await misbehave(request, outcome, completion(body, text, self.settings.words), settings.stall)
            response = web.json_response(completion(body, text, self.settings.words))
            await response.prepare(request)
            await response.write_eof()
            record.outcome = Outcome.ANSWER
            return response
        except (asyncio.CancelledError, ConnectionError):
            if record.outcome is Outcome.IN_FLIGHT:
                record.outcome = Outcome.LEFT
            raise
        finally:
            record.ended = time.monotonic()
            self.in_flight[model] -= 1

    def _latency(self, model: str, text: str) -> float:
        slow, latency = self.settings.slow, self.settings.latency
        if slow is not None and (slow["model"], slow["text"]) == (model, text):
            return float(slow["seconds"])
        if latency is None:
            return 0.0
        draw = random.Random(f"{self.settings.seed} {model} {text}").gauss(0.0, 1.0)
        sigma = math.log(latency["p99"] / latency["median"]) / Z99
        return latency["median"] * math.exp(sigma * draw)

    async def report(self, request: web.Request) -> web.Response:
        """Everything since the last time that it was told to forget."""
        records = [
            [each.digest, each.model, each.attempt, each.arrived, each.ended, each.outcome] for each in self.records
        ]
        return web.json_response({"records": records, "bodies": self.bodies, "most_in_flight": self.most_in_flight})

    async def count(self, request: web.Request) -> web.Response:
        """How many requests came, and when the first one did (0: none did)."""
        first = self.records[0].arrived if self.records else 0.0
        return web.json_response({"requests": len(self.records), "first": first})

    async def behave(self, request: web.Request) -> web.Response:
        """Forget what came, and take on other settings."""
        self.settings = Settings(**await request.json())
        for kept in (self.records, self.bodies, self.attempts, self.most_in_flight):
            kept.clear()
        return web.json_response({})


def _text(body: dict[str, Any]) -> str:
    return str(body["messages"][-1]["content"] if "messages" in body else body["prompt"])


def completion(body: dict[str, Any], text: str, words: int) -> dict[str, Any]:
    """The body of a completion in OpenAI's form, cut at the request's stop strings; a word is a token."""
    answer = says(body, text, words)
    for stop in body.get("stop") or []:
        answer = answer.partition(stop)[0]
    chat = "messages" in body
    choice: dict[str, Any] = {"index": 0, "finish_reason": "stop", "logprobs": None}
    choice |= {"message": {"role": "assistant", "content": answer}} if chat else {"text": answer}
    into, out = len(text.split()), len(answer.split())
    return {
        "id": "cmpl-0",
        "object": "chat.completion" if chat else "text_completion",
        "created": 0,
        "model": body["model"],
        "choices": [choice],
        "usage": {"prompt_tokens": into, "completion_tokens": out, "total_tokens": into + out},
    }


async def serve(settings: Settings) -> None:
    """Serve on a free loopback port, print it, and never end."""
    server = Server(settings)
    app = web.Application(client_max_size=2**26)
    app.router.add_get("/report", server.report)
    app.router.add_get("/count", server.count)
    app.router.add_post("/behave", server.behave)
    app.router.add_post("/v1/{path:.*}", server.answer)
    # A client that goes away is noticed at once: its call was in flight and never answered.
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, backlog=2048)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    die_with_parent(os.getppid())
    asyncio.run(serve(Settings(**json.loads(sys.argv[1]))))
