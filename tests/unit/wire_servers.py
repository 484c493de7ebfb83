"""Servers over loopback that speak the real wire formats, with a model that writes what the test says.

They check requests and word their refusals as the real ones do: TGI 3.3 (its router and its stopping
rules), llama.cpp, and the Hub's router with its providers.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass
class Token:
    """One token that the scripted model writes."""

    text: str
    special: bool = False
    end: bool = False


END = Token("</s>", special=True, end=True)


def tokens_of(text: str) -> list[Token]:
    """Words with the blanks before them, then the model's end."""
    return [*(Token(part) for part in re.findall(r"\s*\S+|\s+$", text)), END]


@dataclass(frozen=True)
class Asked:
    """One request as it arrived."""

    path: str
    body: dict[str, Any]
    headers: dict[str, str]


@dataclass
class Model:
    """What a server serves, and what it was asked."""

    says: list[Token] = field(default_factory=lambda: tokens_of("a fine answer"))
    key: str = ""
    context: int = 64
    asked: list[Asked] = field(default_factory=list)
    written: int = 0
    """How many tokens were sent before the caller hung up or the end was reached."""

    @property
    def last(self) -> Asked:
        return self.asked[-1]

    async def take(self, request: web.Request) -> dict[str, Any]:
        body: dict[str, Any] = json.loads(await request.text())
        self.asked.append(Asked(request.path, body, dict(request.headers)))
        return body


@asynccontextmanager
async def serving(app: web.Application) -> AsyncIterator[str]:
    """Serve on a free loopback port; gives the address without a slash at the end."""
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


# Text Generation Inference


def tgi(model: Model, *, older: bool = False) -> web.Application:
    """TGI's router; an older one does not count the prompt in a stream."""

    async def chat(request: web.Request) -> web.StreamResponse:
        body = await model.take(request)
        temperature = body.get("temperature")
        parameters = {
            "temperature": temperature or None,
            "do_sample": temperature != 0,
            "top_p": body.get("top_p"),
            "max_new_tokens": body.get("max_tokens"),
            "stop": body.get("stop") or [],
        }
        prompt = " ".join(str(message["content"]) for message in body["messages"])
        if refusal := _refusal(model, prompt, parameters):
            return _tgi_error(422, refusal, "validation")
        *_, last = _written(model, parameters)
        reason = "stop" if last["finish_reason"] == "eos_token" else last["finish_reason"]
        counts = {"prompt_tokens": len(prompt.split()), "completion_tokens": last["generated_tokens"]}
        return web.json_response(
            {
                "object": "chat.completion",
                "id": "",
                "created": 1724792495,
                "model": "tiny",
                "system_fingerprint": "3.3.7-native",
                "choices": [
                    {
                        "index": 0,
                        "message": {"role": "assistant", "content": last["generated_text"]},
                        "logprobs": None,
                        "finish_reason": reason,
                    }
                ],
                "usage": {**counts, "total_tokens": sum(counts.values())},
            }
        )

    async def stream(request: web.Request) -> web.StreamResponse:
        body = await model.take(request)
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache", "x-compute-type": "gpu"}
        )
        await response.prepare(request)
        await response.write(b":\n\n")
        prompt, parameters = body["inputs"], body["parameters"]
        if refusal := _refusal(model, prompt, parameters):
            await _event(response, {"error": f"Input validation error: {refusal}", "error_type": "validation"})
            return response
        for index, step in enumerate(_written(model, parameters), 1):
            token: Token = step["token"]
            ended = "finish_reason" in step
            details = {
                "finish_reason": step.get("finish_reason"),
                "generated_tokens": index,
                "seed": parameters.get("seed"),
                **({} if older else {"input_length": len(prompt.split())}),
            }
            await _event(
                response,
                {
                    "index": index,
                    "token": {"id": 7, "text": token.text, "logprob": -0.5, "special": token.special},
                    "generated_text": step.get("generated_text"),
                    "details": details if ended else None,
                },
            )
            model.written = index
        return response

    async def tokenize(request: web.Request) -> web.StreamResponse:
        prompt = (await model.take(request))["inputs"]
        return web.json_response([{"id": 7, "text": word, "start": 0, "stop": 1} for word in prompt.split()])

    async def health(request: web.Request) -> web.StreamResponse:
        return web.Response()

    app = web.Application(middlewares=[_bare_refusals(model)])
    app.router.add_post("/generate_stream", stream)
    # An Inference Endpoint is asked at its root.
    app.router.add_post("/", stream)
    app.router.add_post("/v1/chat/completions", chat)
    app.router.add_post("/tokenize", tokenize)
    app.router.add_get("/health", health)
    return app


def _bare_refusals(model: Model) -> Any:
    @web.middleware
    async def bare(request: web.Request, handler: Handler) -> web.StreamResponse:
        """A wrong key and an unknown path are refused without a word."""
        if model.key and request.method == "POST" and request.headers.get("Authorization") != f"Bearer {model.key}":
            return web.Response(status=401)
        try:
            return await handler(request)
        except web.HTTPException as refused:
            return web.Response(status=refused.status)

    return bare


def _tgi_error(status: int, error: str, error_type: str) -> web.Response:
    return web.json_response({"error": f"Input validation error: {error}", "error_type": error_type}, status=status)


async def _event(response: web.StreamResponse, payload: dict[str, Any]) -> None:
    await response.write(b"data:" + json.dumps(payload).encode() + b"\n\n")
    await asyncio.sleep(0)


def _refusal(model: Model, prompt: str, parameters: dict[str, Any]) -> str:
    """What TGI would not take, in its words."""
    tokens, wanted = len(prompt.split()), parameters.get("max_new_tokens") or 0
    top_p, temperature, stop = (parameters.get(name) for name in ("top_p", "temperature", "stop"))
    if temperature is not None and temperature <= 0:
        return "`temperature` must be strictly positive"
    if top_p is not None and not 0 < top_p < 1:
        return "`top_p` must be > 0.0 and < 1.0"
    if stop and len(stop) > 4:
        return f"`stop` supports up to 4 stop sequences. Given: {len(stop)}"
    if tokens + wanted > model.context:
        return (
            f"`inputs` tokens + `max_new_tokens` must be <= {model.context}. Given: {tokens} `inputs` tokens and "
            f"{wanted} `max_new_tokens`"
        )
    return ""


def _written(model: Model, parameters: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The tokens up to where TGI stops: at its limit, at the model's end, or at a stop string that ends a token."""
    limit = parameters.get("max_new_tokens") or 1024
    seen = whole = ""
    for count, token in enumerate(model.says, 1):
        seen += token.text
        whole += "" if token.special else token.text
        reason = ""
        if count >= limit:
            reason = "length"
        elif token.end:
            reason = "eos_token"
        elif any(re.search(re.escape(stop) + "$", seen) for stop in parameters.get("stop") or []):
            reason = "stop_sequence"
        step: dict[str, Any] = {"token": token}
        if reason:
            yield step | {"finish_reason": reason, "generated_text": whole, "generated_tokens": count}
            return
        yield step


# The OpenAI-compatible API, as llama.cpp speaks it


def openai(model: Model, root: str = "/v1", pages: Mapping[str, Handler] | None = None) -> web.Application:
    """llama.cpp's API; `root` is where it lies, as providers have it elsewhere, and `pages` what else is there."""

    async def complete(request: web.Request) -> web.StreamResponse:
        body = await model.take(request)
        if model.key and request.headers.get("Authorization") != f"Bearer {model.key}":
            return _error(401, "Invalid API Key", "authentication_error")
        chat = request.path.endswith("/chat/completions")
        prompt = " ".join(str(each["content"]) for each in body["messages"]) if chat else body["prompt"]
        count = len(prompt.split())
        if count > model.context:
            said = f"request ({count} tokens) exceeds the available context size ({model.context} tokens)"
            return _error(400, said + ", try increasing it", "exceed_context_size_error")
        text, written, reason = _cut(model, body)
        choice: dict[str, Any] = {"index": 0, "logprobs": None, "finish_reason": reason}
        choice |= {"message": {"role": "assistant", "content": text}} if chat else {"text": text}
        usage = {"completion_tokens": written, "prompt_tokens": count, "total_tokens": count + written}
        kind = "chat.completion" if chat else "text_completion"
        return web.json_response({"choices": [choice], "object": kind, "model": body["model"], "usage": usage})

    async def models(request: web.Request) -> web.StreamResponse:
        return web.json_response({"object": "list", "data": [{"id": "tiny", "object": "model"}]})

    async def native(request: web.Request) -> web.StreamResponse:
        await model.take(request)
        return web.json_response({"index": 0, "content": "Hello", "tokens_predicted": 1, "tokens_evaluated": 1})

    async def nowhere(request: web.Request) -> web.StreamResponse:
        return _error(404, "File Not Found", "not_found_error")

    app = web.Application()
    app.router.add_post(root + "/completions", complete)
    app.router.add_post(root + "/chat/completions", complete)
    app.router.add_get(root + "/models", models)
    if root == "/v1":
        app.router.add_post("/completions", native)
    for path, page in (pages or {}).items():
        app.router.add_get(path, page)
    app.router.add_route("*", "/{path:.*}", nowhere)
    return app


def _error(status: int, message: str, kind: str) -> web.Response:
    return web.json_response({"error": {"code": status, "message": message, "type": kind}}, status=status)


def _cut(model: Model, body: dict[str, Any]) -> tuple[str, int, str]:
    """The completion, its tokens and its finish reason: the API leaves the stop string out."""
    text, written = "", 0
    limit = body.get("max_tokens") or 1024
    for token in model.says:
        written += 1
        text += "" if token.special else token.text
        found = [at for at in (text.find(stop) for stop in body.get("stop") or []) if at >= 0]
        if found:
            return text[: min(found)], written, "stop"
        if token.end:
            return text, written, "stop"
        if written >= limit:
            break
    return text, written, "length"


# Anything else


def always(answer: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> web.Application:
    """A server that gives every request the same treatment."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    return app


@asynccontextmanager
async def bytes_server(answer: bytes | None) -> AsyncIterator[str]:
    """A server below HTTP: sends these bytes after a request and closes; for None it resets the connection."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if length := re.search(rb"content-length: (\d+)", head, re.I):
            await reader.readexactly(int(length[1]))
        if answer is None:
            writer.transport.abort()
            return
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
