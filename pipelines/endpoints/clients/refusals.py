"""What a refusal means, by its status and by what its body says: told apart in the words of the real servers."""

import json
import math
import re
import time
from collections.abc import Iterator
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any

from warriorcoder.pipelines.endpoints.faults import FaultKind

_SPEAKING = ("error", "errors", "detail", "message", "msg", "code", "type", "reason", "error_type")
"""The fields in which servers say what is wrong. Others may repeat the request, which says anything."""

_NO_SUCH_FORM = re.compile(
    r"does(n't| not) support (the )?(chat|generate|completions?)\b"  # vLLM, Ollama
    r"|(is|and) (thus )?not supported in the v1/(chat/)?completions"  # OpenAI
    r"|\bnot a chat model"  # the Hub's router
    r"|must provide a chat template|template not found"  # vLLM, TGI
    r"|`model_kwargs` are not used by the model",  # an Inference Endpoint that does not run TGI
    re.I,
)

_UNKNOWN_MODEL = re.compile(
    r"\bmodel_(not_found|not_supported|not_available|decommissioned)\b|\binvalid_model\b"
    r"|\bmodel:?\s+(\S{1,200}\s+)?(does |is |was |could )?not (be )?(exist|found|served|deployed|available)\b"
    r"|\bmodel \S{1,200} has been (deprecated|decommissioned)"
    r"|\b(unknown|no such|invalid) model\b|\bnot a valid model\b|\bunable to access model\b"
    r"|no healthy deployments for this model|no endpoints found for ",  # LiteLLM, OpenRouter
    re.I,
)

_WRONG_KEY = re.compile(r"\binvalid_api_key\b|api key not valid|\binsufficient_quota\b", re.I)

_KINDS = {
    401: FaultKind.KEY,
    402: FaultKind.KEY,
    403: FaultKind.FORBIDDEN,
    404: FaultKind.ROUTE,
    405: FaultKind.ROUTE,
    501: FaultKind.ROUTE,
    408: FaultKind.DOWN,
    # TGI's word for a generation that broke off.
    424: FaultKind.SERVER,
    429: FaultKind.THROTTLED,
    502: FaultKind.DOWN,
    503: FaultKind.DOWN,
    504: FaultKind.DOWN,
    529: FaultKind.DOWN,
    # A gateway that does not reach its server.
    **dict.fromkeys(range(520, 525), FaultKind.DOWN),
}


def kind_of(status: int, body: str) -> FaultKind:
    """What a status other than 200 stands for, with the body that came with it."""
    words = " ".join(_words(body))
    if status in (400, 429) and _WRONG_KEY.search(words):
        return FaultKind.KEY
    if status in (400, 404, 405, 422, 501):
        if _NO_SUCH_FORM.search(words):
            return FaultKind.ROUTE
        if _UNKNOWN_MODEL.search(words):
            return FaultKind.MODEL
    if status < 400:
        return FaultKind.ROUTE
    return _KINDS.get(status, FaultKind.SERVER if status >= 500 else FaultKind.REQUEST)


def _words(body: str) -> Iterator[str]:
    """What a body says in its own words."""
    try:
        yield from _said(json.loads(body))
    except ValueError:
        yield body


def _said(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case list():
            for entry in value:
                yield from _said(entry)
        case dict():
            for name in _SPEAKING:
                yield from _said(value.get(name))


def seconds_of(retry_after: str) -> float | None:
    """A Retry-After header in seconds, None for none; it may be a date, too (RFC 9110, 10.2.3)."""
    try:
        seconds = float(retry_after)
    except ValueError:
        seconds = _seconds_until(retry_after)
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _seconds_until(date: str) -> float:
    try:
        moment = parsedate_to_datetime(date)
        # The old forms of a date name no zone and mean this one.
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - time.time()
    except (TypeError, ValueError, OverflowError):
        return math.nan
