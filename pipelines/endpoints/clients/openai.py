"""The OpenAI-compatible wire: /completions for raw prompts, /chat/completions for messages."""

from typing import Any

import aiohttp

from warriorcoder.pipelines.endpoints.calls import Address, Call, Constraint, Reply
from warriorcoder.pipelines.endpoints.clients.http import Wire, count_of, text_of
from warriorcoder.pipelines.endpoints.clients.refusals import kind_of
from warriorcoder.pipelines.endpoints.faults import Fault, FaultKind


class OpenAIClient:
    """Asks vLLM, llama.cpp, SGLang, LiteLLM or any other OpenAI-compatible server."""

    def __init__(self, address: Address, base_url: str, session: aiohttp.ClientSession) -> None:
        self._address = address
        self._base_url = base_url
        self._wire = Wire(address, session)

    async def ask(self, call: Call) -> Reply:
        """The server's answer. Raises Fault for anything else."""
        body = {"model": self._address.model, **self._address.extra, **call.sampling}
        if call.constraint is not None and self._address.structured is not None:
            body |= bound(self._address.structured, call.constraint, chat=call.messages is not None)
        if call.messages is not None:
            url = self._base_url + "/chat/completions"
            return read_completion(self._wire, url, await self._wire.post(url, {**body, "messages": call.messages}))
        url = self._base_url + "/completions"
        return read_completion(self._wire, url, await self._wire.post(url, {**body, "prompt": call.prompt}))

    async def is_alive(self) -> bool:
        """Whether a server answers at all, whatever it says; it costs nothing."""
        return await self._wire.is_alive(self._base_url + "/models")


def bound(structured: str, constraint: Constraint, *, chat: bool) -> dict[str, Any]:
    """The request's fields that bind a completion's form, in the words of each server. Raises Fault for none."""
    match structured:
        case "llama.cpp":
            return {"grammar": constraint.gbnf}
        case "vllm":
            return {"structured_outputs": {"regex": constraint.regex}}
        case "vllm-guided":
            # Its name until 0.12; later versions pass over it without a word.
            return {"guided_regex": constraint.regex}
        case "sglang":
            return {"regex": constraint.regex}
        case "tgi" if chat:
            return {"response_format": {"type": "regex", "value": constraint.regex}}
    raise Fault(
        FaultKind.REQUEST,
        "TGI binds a raw completion's form at its own route only, which kind tgi speaks"
        if structured == "tgi"
        else f"no such way to bind a completion: {structured}",
    )


_FINISHED = {"eos_token": "stop", "stop_sequence": "stop"}
"""TGI's words for the API's."""


def read_completion(wire: Wire, url: str, body: str) -> Reply:
    """The reply in the body of an answer, raw or chat. Raises Fault where it is none.

    A null content, as reasoning models send whose limit ended their thoughts, is an empty text.
    """
    answer = wire.read_json(url, body)
    if isinstance(answer, dict) and not answer.get("choices"):
        if isinstance(error := answer.get("error"), dict | str):
            raise Fault(_kind_inside(error, body), wire.key.hidden(f"{url}: {wire.shown(body)}"))
        if "tokens_predicted" in answer:
            raise wire.fault(FaultKind.ROUTE, url, "this is llama.cpp's own route; the API's base_url ends in /v1")
    try:
        choice = answer["choices"][0]
        usage = answer.get("usage") or {}
        finish_reason = text_of(choice.get("finish_reason"))
        return Reply(
            text=wire.key.hidden(text_of(choice["message"].get("content") if "message" in choice else choice["text"])),
            finish_reason=wire.key.hidden(_FINISHED.get(finish_reason, finish_reason)),
            input_tokens=count_of(usage.get("prompt_tokens")),
            output_tokens=count_of(usage.get("completion_tokens")),
        )
    except (ValueError, KeyError, IndexError, TypeError, AttributeError):
        raise wire.garbled(url, "is not a completion", body) from None


def _kind_inside(error: dict[str, Any] | str, body: str) -> FaultKind:
    """What an error stands for that a gateway sends with status 200, as OpenRouter does."""
    code = error.get("code") if isinstance(error, dict) else None
    return kind_of(code if isinstance(code, int) and 400 <= code < 600 else 500, body)
