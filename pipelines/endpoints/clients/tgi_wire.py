"""What Text Generation Inference wants to be told, and how to read the stream that it answers a raw prompt with.

Raw prompts are asked as a stream. TGI looks for stop strings at the end of a token only and takes
four of them, so an answer that passes one by would be written, and paid, to its limit: reading the
tokens as they come, we end the call at the first. And no gateway takes a long answer for a dead
server, since TGI sends a sign of life while a request waits.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

from warriorcoder.pipelines.endpoints.calls import Address, Call, Reply
from warriorcoder.pipelines.endpoints.clients.http import text_of
from warriorcoder.pipelines.endpoints.faults import Fault, FaultKind

STOP_STRINGS = 4
"""So many does TGI take, unless it was started with more (`--max-stop-sequences`)."""

_KNOWN = ("max_tokens", "temperature", "top_p", "seed", "stop", "frequency_penalty")
_RAW_ONLY = ("top_k", "typical_p", "repetition_penalty", "truncate", "watermark")
_TRUNCATING = ("top_p", "top_k", "typical_p")

_FINISHED = {"eos_token": "stop", "stop_sequence": "stop", "length": "length"}


def stop_strings(address: Address, call: Call) -> tuple[str, ...]:
    """All that ends a call's completion, as many as there are."""
    stop = {**address.extra, **call.sampling}.get("stop") or ()
    return (stop,) if isinstance(stop, str) else tuple(stop)


def raw_parameters(address: Address, call: Call) -> dict[str, Any]:
    """The `parameters` of a raw request. Raises Fault for one that TGI does not know."""
    wanted = _wanted(address, call, (*_KNOWN, *_RAW_ONLY))
    greedy = wanted.get("temperature") == 0
    if greedy:
        # It is refused; greedy is the absence of all that samples.
        del wanted["temperature"]
    if "max_tokens" in wanted:
        wanted["max_new_tokens"] = wanted.pop("max_tokens")
    if call.constraint is not None and address.structured is not None:
        if address.structured != "tgi":
            raise Fault(FaultKind.REQUEST, f"{address.expert}: a raw completion is bound by structured: tgi alone")
        wanted["grammar"] = {"type": "regex", "value": call.constraint.regex}
    return {**wanted, "do_sample": not greedy, "details": True}


def chat_fields(address: Address, call: Call) -> dict[str, Any]:
    """The sampling fields of a chat request. Raises Fault for one that TGI would pass over without a word."""
    return _wanted(address, call, _KNOWN)


def _wanted(address: Address, call: Call, known: Sequence[str]) -> dict[str, Any]:
    wanted = {**address.extra, **call.sampling}
    for name in wanted:
        if name not in known:
            said = f"{name} in raw completion alone" if name in _RAW_ONLY else f"no {name}, but {', '.join(known)}"
            raise Fault(FaultKind.REQUEST, f"{address.expert}: TGI takes {said}; take it out of `extra`")
    if wanted.get("temperature") == 0:
        # TGI samples as soon as one of them is there, whatever temperature and do_sample say.
        wanted = {name: value for name, value in wanted.items() if name not in _TRUNCATING}
    if wanted.get("top_p") == 1:
        # It must be less than 1, and stands for 1 where it is absent.
        del wanted["top_p"]
    if stop := stop_strings(address, call):
        wanted["stop"] = list(stop[:STOP_STRINGS])
    return wanted


@dataclass(frozen=True, slots=True)
class Event:
    """One token of a stream. The last one has the whole text, why it ended, and the counts."""

    token: str
    special: bool = False
    whole: str | None = None
    finish_reason: str = ""
    output_tokens: int | None = None
    input_tokens: int | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.token, str) or not isinstance(self.whole, str | None):
            raise TypeError("a token is a text")


async def read_stream(events: AsyncIterator[Event], stop: Sequence[str]) -> Reply | None:
    """The completion up to the first of the stop strings, which is not part of it; None where the end is missing.

    Without the end of the stream the output is counted by its events, and the input not at all.
    """
    tokens: list[Event] = []
    written = ""
    reach = max(map(len, stop), default=0)
    async for event in events:
        tokens.append(event)
        begin = max(0, len(written) - reach)
        written += event.token
        found = [at for at in (written.find(text, begin) for text in stop) if at >= 0]
        if found:
            count = event.output_tokens or len(tokens)
            return Reply(text_of(_without_special(tokens, min(found))), "stop", event.input_tokens, count)
        if event.whole is not None:
            # TGI leaves the special tokens out of it, and a stop string in.
            text, stopped = cut(text_of(event.whole), stop)
            reason = "stop" if stopped else _FINISHED.get(event.finish_reason, event.finish_reason)
            return Reply(text, reason, event.input_tokens, event.output_tokens)
    return None


def _without_special(tokens: Sequence[Event], length: int) -> str:
    """The first `length` characters of what was written, less the tokens that are no text."""
    texts = []
    for each in tokens:
        part = each.token[:length]
        length -= len(part)
        if not each.special:
            texts.append(part)
    return "".join(texts)


def cut(text: str, stop: Sequence[str]) -> tuple[str, bool]:
    """A text up to the first of the stop strings, and whether there was one."""
    found = [at for at in map(text.find, stop) if at >= 0]
    return (text[: min(found)], True) if found else (text, False)
