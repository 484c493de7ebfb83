"""The OpenAI-compatible wire: /completions for raw prompts, /chat/completions for messages."""

from typing import Any

import aiohttp

from warriorcoder.pipelines.endpoints.calls import Address, Call, Constraint, Reply
from warriorcoder.pipelines.endpoints.clients.http import (
    connection_fault,
    count_of,
    garbled,
    headers_of,
    read_json,
    status_fault,
    text_of,
    without_key,
)

LIVENESS_SECONDS = 10.0


class OpenAIClient:
    """Asks vLLM, llama.cpp, SGLang, LiteLLM or any other OpenAI-compatible server."""

    def __init__(self, address: Address, base_url: str, session: aiohttp.ClientSession) -> None:
        self._address = address
        self._base_url = base_url
        self._session = session
        self._headers = headers_of(address)
        self._timeout = aiohttp.ClientTimeout(total=address.timeout)

    async def ask(self, call: Call) -> Reply:
        """The server's answer. Raises Fault for anything else."""
        path, body = _request(self._address, call)
        url = self._base_url + path
        try:
            async with self._session.post(url, json=body, headers=self._headers, timeout=self._timeout) as response:
                text = without_key(await response.text("utf-8", errors="replace"), self._address)
                status, retry_after = response.status, response.headers.get("Retry-After", "")
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise connection_fault(url, error, self._address.timeout) from None
        if status != 200:
            raise status_fault(url, status, text, retry_after)
        return _reply(url, text, chat=call.messages is not None)

    async def is_alive(self) -> bool:
        """Whether a server answers at all, whatever it says; it costs nothing."""
        timeout = aiohttp.ClientTimeout(total=LIVENESS_SECONDS)
        try:
            async with self._session.get(
                self._base_url + "/models", headers=self._headers, timeout=timeout
            ) as response:
                return response.status not in (502, 503, 504)
        except (TimeoutError, aiohttp.ClientError, OSError):
            return False


def _request(address: Address, call: Call) -> tuple[str, dict[str, Any]]:
    body = {"model": address.model, **address.extra, **call.sampling}
    if call.constraint is not None and address.structured is not None:
        body |= _bound(address.structured, call.constraint)
    if call.messages is not None:
        return "/chat/completions", {**body, "messages": call.messages}
    return "/completions", {**body, "prompt": call.prompt}


def _bound(structured: str, constraint: Constraint) -> dict[str, Any]:
    """The request's fields that bind a completion's form, in the words of each server."""
    match structured:
        case "llama.cpp":
            return {"grammar": constraint.gbnf}
        case "vllm":
            return {"structured_outputs": {"regex": constraint.regex}}
        case "vllm-guided":
            return {"guided_regex": constraint.regex}
        case "sglang":
            return {"regex": constraint.regex}
        case "tgi":
            return {"response_format": {"type": "regex", "value": constraint.regex}}
    raise ValueError(f"no such way to bind a completion: {structured}")


def _reply(url: str, text: str, *, chat: bool) -> Reply:
    answer = read_json(url, text)
    try:
        choice = answer["choices"][0]
        usage = answer.get("usage") or {}
        return Reply(
            text=text_of(choice["message"]["content"] if chat else choice["text"]),
            finish_reason=text_of(choice.get("finish_reason")),
            input_tokens=count_of(usage.get("prompt_tokens")),
            output_tokens=count_of(usage.get("completion_tokens")),
        )
    except (ValueError, KeyError, IndexError, TypeError, AttributeError):
        raise garbled(url, "is not a completion", text) from None
