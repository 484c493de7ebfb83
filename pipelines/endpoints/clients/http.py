"""What the protocols share: the key, what a status means, reading texts and counts out of an answer."""

import asyncio
import json
import os
import re
import time
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp

from warriorcoder.pipelines.endpoints.calls import Address
from warriorcoder.pipelines.endpoints.faults import Fault, FaultKind

SHOWN_CHARACTERS = 200


def key_of(address: Address) -> str:
    """The key, or "" for none; a line end that came with it from a file would break the header."""
    return os.environ.get(address.api_key_env, "").strip() if address.api_key_env else ""


def headers_of(address: Address) -> dict[str, str]:
    """The headers that every request carries."""
    return {"Authorization": f"Bearer {key}"} if (key := key_of(address)) else {}


def without_key(body: str, address: Address) -> str:
    """A body as it may be kept: some endpoints repeat the key they were sent, and what they say is published."""
    return body.replace(key, "[key]") if (key := key_of(address)) else body


def status_fault(url: str, status: int, body: str, retry_after: str = "") -> Fault:
    """The fault that an HTTP status other than 200 stands for; `body` without the key."""
    message = f"{url}: HTTP {status}: {body[:SHOWN_CHARACTERS]}"
    return Fault(_kind_of_status(status, body), message, _seconds(retry_after))


def _kind_of_status(status: int, body: str) -> FaultKind:
    if status in (401, 403):
        return FaultKind.KEY
    if status in (400, 404, 422) and _UNKNOWN_MODEL.search(body):
        return FaultKind.MODEL
    if status in (404, 405):
        return FaultKind.ROUTE
    if status == 429:
        return FaultKind.THROTTLED
    if status in (408, 502, 503, 504, 529):
        return FaultKind.DOWN
    return FaultKind.SERVER if status >= 500 else FaultKind.REQUEST


_UNKNOWN_MODEL = re.compile(
    r"model\W.{0,120}\b(not (exist|found|supported|available)|unknown|no such)|\b(unknown|no such|invalid) model"
    r"|model_not_found",
    re.I | re.S,
)


def connection_fault(url: str, error: Exception, timeout: float) -> Fault:
    """The fault that an exception of the connection stands for."""
    if isinstance(error, asyncio.TimeoutError):
        return Fault(FaultKind.TIMEOUT, f"{url}: no answer within {timeout:g} s")
    if isinstance(error, aiohttp.ClientPayloadError):
        return Fault(FaultKind.GARBLED, f"{url}: the answer was cut off: {error}")
    return Fault(FaultKind.DOWN, f"{url}: {type(error).__name__}: {error}")


def read_json(url: str, body: str) -> Any:
    """The JSON of an answer. Raises Fault where it is none."""
    try:
        return json.loads(body)
    except ValueError:
        raise garbled(url, "is not JSON, or only the beginning of it", body) from None


def garbled(url: str, what: str, body: str) -> Fault:
    """The fault for an answer that is no completion."""
    return Fault(FaultKind.GARBLED, f"{url}: an answer that {what}: {body[:SHOWN_CHARACTERS]!r}")


def text_of(value: Any) -> str:
    """A string of the answer, "" for null; half a surrogate pair, which no file can hold, as a question mark."""
    if not isinstance(value, str | None):
        raise TypeError(f"a string was expected, found {type(value).__name__}")
    return (value or "").encode("utf-8", "replace").decode("utf-8")


def count_of(value: Any) -> int | None:
    """A count of tokens; None where the endpoint reported none."""
    return None if value is None else int(value)


def _seconds(retry_after: str) -> float | None:
    """Retry-After in seconds; it may be a date, too (RFC 9110, 10.2.3)."""
    try:
        return max(0.0, float(retry_after))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(retry_after).timestamp() - time.time())
    except (TypeError, ValueError):
        return None
