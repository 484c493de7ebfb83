"""Text Generation Inference, with the types and errors of its `text-generation` client.

The requests go through our session. The library's own client opens a connection a call, does not
pass on `stop` and `response_format` in chat, fails at a body that is no JSON, and loses the headers
of a refusal.
"""

import json
import warnings
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import aiohttp
import pydantic

from warriorcoder.ids import text_digest
from warriorcoder.pipelines.endpoints.calls import Address, Call, Reply
from warriorcoder.pipelines.endpoints.clients.http import Wire
from warriorcoder.pipelines.endpoints.clients.openai import bound, read_completion
from warriorcoder.pipelines.endpoints.clients.tgi_wire import (
    Event,
    chat_fields,
    cut,
    raw_parameters,
    read_stream,
    stop_strings,
)
from warriorcoder.pipelines.endpoints.faults import Fault, FaultKind

with warnings.catch_warnings():
    # Its types have fields named model_…, at which pydantic warns.
    warnings.simplefilter("ignore", UserWarning)
    from text_generation.errors import (  # type: ignore[import-untyped]
        OverloadedError,
        ValidationError,
        parse_error,
    )
    from text_generation.types import (  # type: ignore[import-untyped]
        Parameters,
        Request,
        StreamResponse,
    )

BASE_MODEL = "tgi"
"""TGI takes any other model's name for that of an adapter."""

_KINDS = {ValidationError: FaultKind.REQUEST, OverloadedError: FaultKind.THROTTLED}
"""The library's errors inside a stream; the others are the server's."""


class TGIClient:
    """Asks a TGI server: raw prompts by /generate_stream, messages by /v1/chat/completions."""

    def __init__(self, address: Address, base_url: str, session: aiohttp.ClientSession) -> None:
        self._address = address
        self._base_url = base_url
        self._wire = Wire(address, session)
        self._lengths = PromptLengths(self._wire, base_url)

    async def ask(self, call: Call) -> Reply:
        """The server's answer. Raises Fault for anything else."""
        if call.prompt is not None:
            return await self._complete(call, call.prompt)
        body = {"model": BASE_MODEL, "messages": call.messages, **chat_fields(self._address, call)}
        if call.constraint is not None and self._address.structured is not None:
            body |= bound(self._address.structured, call.constraint, chat=True)
        url = self._base_url + "/v1/chat/completions"
        # In one piece: a chat stream gives every error the status 422, too many requests as well.
        reply = read_completion(self._wire, url, await self._wire.post(url, body))
        text, stopped = cut(reply.text, stop_strings(self._address, call))
        return replace(reply, text=text, finish_reason="stop" if stopped else reply.finish_reason)

    async def is_alive(self) -> bool:
        """Whether a server answers at all, whatever it says; it costs nothing."""
        return await self._wire.is_alive(self._base_url + "/health")

    async def _complete(self, call: Call, prompt: str) -> Reply:
        url = self._base_url + "/generate_stream"
        lines = self._wire.stream(url, _request(self._address, call, prompt))
        async with aclosing(lines), aclosing(self._events(url, lines)) as events:
            reply = await read_stream(events, stop_strings(self._address, call))
        if reply is None:
            raise self._wire.fault(FaultKind.GARBLED, url, "an answer that ends before it is whole")
        if reply.input_tokens is None:
            reply = replace(reply, input_tokens=await self._lengths.of(prompt))
        return replace(reply, text=self._wire.key.hidden(reply.text))

    async def _events(self, url: str, lines: AsyncIterator[bytes]) -> AsyncGenerator[Event, None]:
        async for line in lines:
            if not line.startswith(b"data:"):
                # Blank lines, and the signs of life that TGI sends while a request waits.
                continue
            data = line.removeprefix(b"data:").decode("utf-8", "replace")
            payload = self._wire.read_json(url, data)
            if isinstance(payload, dict) and "error" in payload:
                raise _refused(self._wire, url, payload)
            try:
                yield _event(payload)
            except (KeyError, TypeError, pydantic.ValidationError):
                raise self._wire.garbled(url, "is not a completion", data) from None


def _request(address: Address, call: Call, prompt: str) -> dict[str, Any]:
    try:
        request = Request(inputs=prompt, stream=True, parameters=Parameters(**raw_parameters(address, call)))
        body: dict[str, Any] = request.model_dump(mode="json", exclude_none=True)
    except (ValidationError, pydantic.ValidationError) as error:
        # What the library refuses TGI would refuse as well.
        raise Fault(FaultKind.REQUEST, f"{address.expert}: {' '.join(str(error).split())}") from None
    return body


def _event(payload: Any) -> Event:
    token = payload["token"]
    if payload.get("generated_text") is None:
        return Event(token["text"], token["special"])
    last = StreamResponse(**payload)
    details = last.details
    return Event(
        last.token.text,
        last.token.special,
        last.generated_text,
        details.finish_reason.value if details else "",
        details.generated_tokens if details else None,
        # The library does not know of this field.
        payload["details"].get("input_length") if details else None,
    )


def _refused(wire: Wire, url: str, payload: dict[str, Any]) -> Fault:
    """The fault for an error inside a stream, whose status says that all is well."""
    kind = _KINDS.get(type(parse_error(200, payload)), FaultKind.SERVER)
    return wire.fault(kind, url, wire.shown(json.dumps(payload, ensure_ascii=False)))


class PromptLengths:
    """How many tokens prompts have, as the server counts them: for answers that end before it says so.

    Each prompt is counted once: mining asks the same few again and again.
    """

    def __init__(self, wire: Wire, base_url: str) -> None:
        self._wire = wire
        self._url = base_url + "/tokenize"
        self._known: dict[str, int] = {}
        self._counts = True

    async def of(self, prompt: str) -> int | None:
        """None where the server does not count."""
        digest = text_digest(prompt)
        if digest not in self._known and self._counts:
            try:
                tokens = self._wire.read_json(self._url, await self._wire.post(self._url, {"inputs": prompt}))
            except Fault as fault:
                self._counts = fault.kind is not FaultKind.ROUTE
                return None
            if isinstance(tokens, list):
                self._known[digest] = len(tokens)
        return self._known.get(digest)
