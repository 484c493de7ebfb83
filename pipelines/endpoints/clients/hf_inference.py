"""Hugging Face Inference Endpoints and inference providers, by `huggingface_hub.AsyncInferenceClient`.

An Inference Endpoint (`base_url`) runs TGI; one that runs vLLM or llama.cpp is of the kind openai. A
provider has the API's routes, and raw completion only where the library and the Hub say so.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from huggingface_hub import AsyncInferenceClient
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    OverloadedError,
    RepositoryNotFoundError,
    TextGenerationError,
    ValidationError,
)
from huggingface_hub.inference._common import RequestParameters
from huggingface_hub.inference._providers import PROVIDERS, get_provider_helper
from huggingface_hub.inference._providers._common import BaseConversationalTask

from warriorcoder.endpoint_kinds import HFInferenceEndpoint
from warriorcoder.pipelines.endpoints.calls import Address, Call, Reply
from warriorcoder.pipelines.endpoints.clients.http import Wire
from warriorcoder.pipelines.endpoints.clients.openai import bound, read_completion
from warriorcoder.pipelines.endpoints.clients.refusals import kind_of
from warriorcoder.pipelines.endpoints.clients.tgi import PromptLengths
from warriorcoder.pipelines.endpoints.clients.tgi_wire import (
    Event,
    chat_fields,
    cut,
    raw_parameters,
    read_stream,
    stop_strings,
)
from warriorcoder.pipelines.endpoints.faults import Fault, FaultKind
from warriorcoder.recipe import Expert

RAW, CHAT = "text-generation", "conversational"
"""The Hub's names for the two forms."""

_KINDS = {ValidationError: FaultKind.REQUEST, OverloadedError: FaultKind.THROTTLED}
"""The library's errors inside a stream; the others are the server's."""

_NO_ANSWER = (AttributeError, IndexError, KeyError, TypeError, ValueError)
"""What the library raises over a body that is no completion."""


class HFInferenceClient:
    """Asks an Inference Endpoint, or, where `base_url` is "", the address's provider."""

    def __init__(self, address: Address, base_url: str, session: aiohttp.ClientSession) -> None:
        self._address = address
        self._base_url = base_url
        self._wire = Wire(address, session)
        self._lengths = PromptLengths(self._wire, base_url)
        self._streams = bool(base_url) or address.provider == "hf-inference"
        self._known: set[str] = set()
        self._asking_the_hub = asyncio.Lock()
        self._asked = ""

    async def ask(self, call: Call) -> Reply:
        """The server's answer. Raises Fault for anything else."""
        if not self._base_url:
            await self._ask_the_hub(RAW if call.messages is None else CHAT)
        one = _OneCall(self._wire, self._address, self._base_url, {**self._address.extra, **call.sampling})
        try:
            reply = await (self._complete(one, call, call.prompt) if call.prompt is not None else self._chat(one, call))
        finally:
            self._asked = one.url
            await one.end()
        return replace(reply, text=self._wire.key.hidden(reply.text))

    async def is_alive(self) -> bool:
        """Whether a server answers at all, whatever it says; it costs nothing."""
        place = urlsplit(self._asked)
        return await self._wire.is_alive(self._base_url + "/health" if self._base_url else f"{place[0]}://{place[1]}/")

    async def _chat(self, one: "_OneCall", call: Call) -> Reply:
        fields = chat_fields(self._address, call) if self._streams else one.fields
        if call.constraint is not None and self._address.structured is not None:
            fields = {**fields, **bound(self._address.structured, call.constraint, chat=True)}
        try:
            await one.chat_completion(call.messages or [], model=self._address.model, extra_body=fields)
        except _NO_ANSWER as error:
            self._require_body(one, error)
        reply = read_completion(self._wire, one.url, one.body)
        text, stopped = cut(reply.text, stop_strings(self._address, call))
        return replace(reply, text=text, finish_reason="stop" if stopped else reply.finish_reason)

    async def _complete(self, one: "_OneCall", call: Call, prompt: str) -> Reply:
        if self._streams:
            return await self._stream(one, call, prompt)
        try:
            await one.text_generation(prompt)
        except _NO_ANSWER as error:
            self._require_body(one, error)
        # The library reads no usage out of it.
        return read_completion(self._wire, one.url, one.body)

    async def _stream(self, one: "_OneCall", call: Call, prompt: str) -> Reply:
        answer = await one.text_generation(prompt, stream=True, **raw_parameters(self._address, call))
        try:
            async with aclosing(_events(answer)) as events:
                reply = await read_stream(events, stop_strings(self._address, call))
        except TextGenerationError as error:
            raise self._wire.fault(_KINDS.get(type(error), FaultKind.SERVER), one.url, str(error)) from None
        except _NO_ANSWER as error:
            raise self._wire.garbled(one.url, "is not a completion", str(error)) from None
        if reply is None:
            raise self._wire.fault(FaultKind.GARBLED, one.url, "an answer that ends before it is whole")
        if reply.input_tokens is None and self._base_url:
            reply = replace(reply, input_tokens=await self._lengths.of(prompt))
        return reply

    def _require_body(self, one: "_OneCall", error: Exception) -> None:
        """The library's own refusal of a request, told apart from its failing at an answer."""
        if not one.answered:
            raise self._wire.fault(FaultKind.REQUEST, self._address.model, str(error)) from None

    async def _ask_the_hub(self, form: str) -> None:
        """Let the library learn how the provider calls the model. It asks the Hub, once, and blocks while it does."""
        async with self._asking_the_hub:
            if form not in self._known:
                try:
                    await asyncio.to_thread(_find_route, self._address, form, self._wire.key.value)
                except (OSError, ValueError) as error:
                    raise self._no_route(form, error) from None
                self._known.add(form)

    def _no_route(self, form: str, error: Exception) -> Fault:
        """The fault for what the library and the Hub say of a model and its provider."""
        place = f"{self._address.provider}, {self._address.model}"
        text = " ".join(str(error).split())
        match error:
            case GatedRepoError():
                kind = FaultKind.FORBIDDEN
            case RepositoryNotFoundError():
                kind = FaultKind.MODEL
            case HfHubHTTPError():
                kind = kind_of(error.response.status_code, text)
            case OSError():
                kind = FaultKind.DOWN
            case _ if "task" in text.lower():
                kind = FaultKind.ROUTE
                text += f" {REMEDY}" if form == RAW else ""
            case _:
                kind = FaultKind.MODEL
        return self._wire.fault(kind, place, text)


class _OneCall(AsyncInferenceClient):
    """The library's client for one call, over our session; it keeps what came back.

    Its own way to post opens a connection a call, loses Retry-After, and all of a refusal that is no JSON.
    """

    def __init__(self, wire: Wire, address: Address, base_url: str, fields: dict[str, Any]) -> None:
        # An empty token and not None: for None the library takes one that lies on this machine.
        super().__init__(base_url or address.model, provider=address.provider, token=wire.key.value)  # type: ignore[arg-type]
        self.fields = fields
        self.url = ""
        self.body = ""
        self.answered = False
        self._wire = wire
        self._lines: AsyncGenerator[bytes, None] | None = None

    async def _inner_post(self, request_parameters: RequestParameters, *, stream: bool = False) -> Any:
        self.url = request_parameters.url
        headers = {name: value for name, value in request_parameters.headers.items() if name != "authorization"}
        body: Any = request_parameters.json
        if "prompt" in body:
            # A provider's route is the API's, and the library would send it the names of TGI.
            body = {**body, **self.fields}
        if stream:
            self._lines = self._wire.stream(self.url, body, headers)
            return self._lines
        self.body = await self._wire.post(self.url, body, headers)
        self.answered = True
        return self.body.encode()

    async def end(self) -> None:
        """Close a stream that was not read to its end."""
        if self._lines is not None:
            await self._lines.aclose()


async def _events(answer: Any) -> AsyncGenerator[Event, None]:
    async for output in answer:
        details = output.details
        yield Event(
            output.token.text,
            bool(output.token.special),
            output.generated_text,
            details.finish_reason if details else "",
            details.generated_tokens if details else None,
            details.input_length if details else None,
        )


def _find_route(address: Address, form: str, token: str) -> None:
    """Raises ValueError where the provider does not serve the model in this form, OSError where the Hub cannot tell."""
    helper = get_provider_helper(address.provider, task=form, model=address.model)  # type: ignore[arg-type]
    inputs: Any = [] if form == CHAT else ""
    helper.prepare_request(inputs=inputs, parameters={}, headers={}, model=address.model, api_key=token)


def _has_raw_completion(provider: str) -> bool:
    # One provider's raw form is its chat route under another name.
    helper = PROVIDERS.get(provider, {}).get(RAW)  # type: ignore[call-overload]
    return helper is not None and not isinstance(helper, BaseConversationalTask)


REMEDY = (
    "Mining needs raw completion, as base models and completion style do. Name a provider that has it "
    f"({', '.join(filter(_has_raw_completion, PROVIDERS))}), "
    "or an Inference Endpoint (base_url), or any server with /v1/completions (kind: openai)."
)


def raw_completion_refusal(expert: Expert) -> str | None:
    """Why an expert takes no raw prompts, and what to do, as far as it can be known unasked. None: it may.

    Which of a provider's models take raw prompts only the Hub knows: the first call finds that out.
    """
    endpoint = expert.endpoint
    if not isinstance(endpoint, HFInferenceEndpoint) or endpoint.provider is None:
        return None
    where = f"experts.{expert.name}.endpoint.provider"
    if endpoint.provider == "auto":
        return f"{where}: auto may be another provider tomorrow, with other weights. {REMEDY}"
    if endpoint.provider not in PROVIDERS:
        return f"{where}: found {endpoint.provider!r}; the providers are {', '.join(PROVIDERS)}."
    if not _has_raw_completion(endpoint.provider):
        return f"{where}: {endpoint.provider} offers chat only. {REMEDY}"
    return None
