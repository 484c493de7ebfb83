"""The faults of a bad server: which one a request gets, drawn by request and attempt, and how it looks on the wire."""

import asyncio
import json
import random
from enum import StrEnum
from typing import Any

from aiohttp import web


class Outcome(StrEnum):
    """What became of a request."""

    IN_FLIGHT = "in flight"
    ANSWER = "answer"
    LEFT = "left"
    """The client went away before the answer."""
    REFUSED = "refused"
    """400, at every attempt."""
    THROTTLED = "429"
    THROTTLED_FOR = "429 with Retry-After"
    BROKEN = "500"
    BAD_GATEWAY = "502 with a page of HTML"
    UNAVAILABLE = "503"
    RESET = "reset"
    STALL = "stall"
    HALF = "half a body"
    CUT_JSON = "half of the JSON, as if it were all"
    NOT_JSON = "not JSON"
    NO_COMPLETION = "JSON of something else"
    HTML = "200 with a page of HTML"


FAULTS = tuple(
    outcome for outcome in Outcome if outcome not in (Outcome.IN_FLIGHT, Outcome.ANSWER, Outcome.LEFT, Outcome.REFUSED)
)
PAGE = b"<!doctype html><html><head><title>502</title></head><body><h1>Bad gateway</h1></body></html>"
RETRY_AFTER_SECONDS = 1


def what_happens(seed: int, digest: str, attempt: int, faults: float, refused: float) -> Outcome:
    """The outcome of an attempt at a request: the same attempt at the same request fares the same in every run."""
    if random.Random(f"{seed} refused {digest}").random() < refused:
        return Outcome.REFUSED
    drawn = random.Random(f"{seed} {digest} {attempt}")
    return drawn.choice(FAULTS) if drawn.random() < faults else Outcome.ANSWER


async def misbehave(
    request: web.Request, outcome: Outcome, answer: dict[str, Any], stall_seconds: float
) -> web.StreamResponse:
    """Answer a request with a fault; `answer` is what it would have got."""
    whole = json.dumps(answer).encode()
    match outcome:
        case Outcome.REFUSED:
            return web.json_response({"error": {"message": "this prompt is too long"}}, status=400)
        case Outcome.THROTTLED:
            return web.Response(status=429, text="slow down")
        case Outcome.THROTTLED_FOR:
            return web.Response(status=429, text="slow down", headers={"Retry-After": str(RETRY_AFTER_SECONDS)})
        case Outcome.BROKEN:
            return web.json_response({"error": {"message": "the model crashed"}}, status=500)
        case Outcome.BAD_GATEWAY:
            return web.Response(status=502, body=PAGE, content_type="text/html")
        case Outcome.UNAVAILABLE:
            return web.Response(status=503, text="no worker is free")
        case Outcome.STALL:
            await asyncio.sleep(stall_seconds)
            return web.json_response(answer)
        case Outcome.RESET:
            return _cut(request, web.StreamResponse())
        case Outcome.HALF:
            response = web.StreamResponse(
                headers={"Content-Type": "application/json", "Content-Length": str(len(whole))}
            )
            await response.prepare(request)
            await response.write(whole[: len(whole) // 2])
            return _cut(request, response)
        case Outcome.CUT_JSON:
            return web.Response(body=whole[: len(whole) // 2], content_type="application/json")
        case Outcome.NOT_JSON:
            return web.Response(body=b"\x00\xff\xfe garbage \x80", content_type="application/json")
        case Outcome.NO_COMPLETION:
            return web.json_response({"detail": "queued", "choices": []})
        case Outcome.HTML:
            return web.Response(body=PAGE, content_type="text/html")
    raise ValueError(f"{outcome} is no fault")


def _cut(request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
    """Close the connection under the client's feet."""
    if request.transport is not None:
        request.transport.close() if response.prepared else request.transport.abort()
    return response
