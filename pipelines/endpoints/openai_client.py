"""The OpenAI-compatible wire: /v1/completions for raw prompts, /v1/chat/completions for messages."""

import asyncio
import json
import os
import random
from typing import Any

import aiohttp

from warriorcoder.pipelines.endpoints.calls import Address, Call, Reply

ATTEMPTS = 5
TIMEOUT_SECONDS = 900
LONGEST_WAIT_SECONDS = 60.0


class Refused(Exception):
    """The endpoint answered, and asking again would not help."""


class Unavailable(Exception):
    """The endpoint did not answer, or said that it cannot now; `wait` is its Retry-After in seconds."""

    def __init__(self, message: str, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait


class OpenAIClient:
    """Asks one endpoint, with retries for each request on its own; never raises for a failed request."""

    def __init__(self, address: Address, session: aiohttp.ClientSession) -> None:
        self._address = address
        self._session = session
        self.retries = 0

    async def ask(self, call: Call) -> Reply:
        """The endpoint's answer; a Reply with `error` where it stayed without one."""
        for attempt in range(ATTEMPTS):
            try:
                return await self._ask_once(call)
            except Refused as refusal:
                return Reply(error=str(refusal))
            except Unavailable as fault:
                last = fault
            if attempt + 1 < ATTEMPTS:
                self.retries += 1
                await asyncio.sleep(_pause(attempt, last.wait))
        return Reply(error=f"{last} ({ATTEMPTS} attempts)")

    async def _ask_once(self, call: Call) -> Reply:
        path, body = _request(self._address, call)
        url = self._address.base_url.rstrip("/") + path
        try:
            async with self._session.post(
                url, json=body, headers=_headers(self._address), timeout=aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
            ) as response:
                text = _without_key(await response.text(errors="replace"), _key(self._address))
                status, retry_after = response.status, response.headers.get("Retry-After", "")
        except TimeoutError:
            raise Unavailable(f"no answer within {TIMEOUT_SECONDS} s from {url}") from None
        except (aiohttp.ClientError, OSError) as error:
            raise Unavailable(f"{url}: {type(error).__name__}: {error}") from None
        if status != 200:
            message = f"{url}: HTTP {status}: {text[:200]}"
            raise Unavailable(message, _seconds(retry_after)) if status == 429 or status >= 500 else Refused(message)
        return _reply(text, chat=call.messages is not None)


def _request(address: Address, call: Call) -> tuple[str, dict[str, Any]]:
    body = {"model": address.model, **address.extra, **call.sampling}
    if call.messages is not None:
        return "/chat/completions", {**body, "messages": call.messages}
    return "/completions", {**body, "prompt": call.prompt}


def _key(address: Address) -> str:
    """The key, or "" for none; a line end that came with it from a file would break the header."""
    return os.environ.get(address.api_key_env, "").strip() if address.api_key_env else ""


def _without_key(body: str, key: str) -> str:
    """A body as it may be kept: some endpoints repeat the key they were sent, and what they say is published."""
    return body.replace(key, "[key]") if key else body


def _headers(address: Address) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"} if (key := _key(address)) else {}


def _reply(text: str, *, chat: bool) -> Reply:
    try:
        answer = json.loads(text)
        choice = answer["choices"][0]
        content = choice["message"]["content"] if chat else choice["text"]
        usage = answer.get("usage") or {}
        return Reply(
            text=_text(content),
            finish_reason=_text(choice.get("finish_reason")),
            input_tokens=int(usage.get("prompt_tokens") or 0),
            output_tokens=int(usage.get("completion_tokens") or 0),
        )
    except (ValueError, KeyError, IndexError, TypeError, AttributeError):
        raise Unavailable(f"an answer that is not a completion: {text[:200]!r}") from None


def _text(value: Any) -> str:
    """A string of the answer, "" for null; half a surrogate pair, which no file can hold, as a question mark."""
    if not isinstance(value, str | None):
        raise TypeError(f"a string was expected, found {type(value).__name__}")
    return (value or "").encode("utf-8", "replace").decode("utf-8")


def _pause(attempt: int, asked: float | None) -> float:
    """Exponential backoff with full jitter; never less than the endpoint asked for."""
    backoff = random.uniform(0.5, 1.0) * 2.0**attempt
    return min(LONGEST_WAIT_SECONDS, max(backoff, asked or 0.0))


def _seconds(retry_after: str) -> float | None:
    try:
        return float(retry_after)
    except ValueError:
        return None
