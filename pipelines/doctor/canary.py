"""Is raw completion raw? Two short texts tell, and the count of their tokens, whether a server wraps its chat
template around a prompt.

A server that wraps mines answers to an empty question and says nothing of it: Ollama's /v1/completions, and
gateways that turn completions into chats, do so.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

from warriorcoder.pipelines.doctor.findings import Cell, green, red, yellow
from warriorcoder.pipelines.doctor.words import one_line
from warriorcoder.pipelines.endpoints.calls import Call, Reply
from warriorcoder.pipelines.prompts import read_prompt

MAX_TOKENS = 12

ORDER = read_prompt("doctor_order_v1").rstrip("\n")
"""An order, and below it a list that disobeys it: a completion goes on with the list, an assistant obeys."""

HALF_WORD = read_prompt("doctor_half_word_v1").rstrip("\n")
"""The same line several times, broken off within the last word: nobody who is spoken to begins with its other half."""

TWICE = f"{ORDER}\n{ORDER}"
"""With the tokens of this and of ORDER one knows what a server puts around any prompt."""

_CONTINUES_THE_LIST = re.compile(r"\s*NO\b")
_OBEYS = re.compile(r"\W*YES\b", re.I)
_CONTINUES_THE_WORD = re.compile(r"is")
_SPEAKS = re.compile(
    r"[\s\"'*`#>]*(sure|certainly|of course|okay|ok\b|yes|it (looks|seems|appears)|it's|i\b|i'm|you\b|your\b|the\b"
    r"|this\b|that\b|here|paris|thank|great|correct|hello|<think|<\|)",
    re.I,
)


class Says(Enum):
    """What one signal says of a server's raw completion."""

    RAW = auto()
    WRAPPED = auto()
    NOTHING = auto()


@dataclass(frozen=True)
class Signal:
    """One signal, and in words what it saw."""

    says: Says
    words: str


def raw_call(expert: str, text: str, max_tokens: int = MAX_TOKENS) -> Call:
    """A greedy raw completion of a few tokens."""
    return Call(expert, {"temperature": 0.0, "max_tokens": max_tokens}, prompt=text)


def chat_call(expert: str, text: str) -> Call:
    """The same text as a user's message."""
    sampling = {"temperature": 0.0, "max_tokens": MAX_TOKENS}
    return Call(expert, sampling, messages=[{"role": "user", "content": text}])


def by_tokens(order: Reply, chat: Reply | None, twice: Reply | None) -> Signal:
    """By the prompt's tokens, as the server counts them: around a wrapped prompt are those of the template.

    `chat` is the same text as a message, `twice` the text two times, where the server has no chat.
    """
    raw = order.input_tokens
    if raw is not None and chat is not None and chat.input_tokens is not None:
        more = chat.input_tokens - raw
        words = f"the text has {raw} tokens raw and {chat.input_tokens} in chat"
        # One token may be a sign of the beginning that only one of the two gets.
        return Signal(Says.RAW if more >= 2 else Says.WRAPPED if more <= 0 else Says.NOTHING, words)
    if raw is not None and twice is not None and twice.input_tokens is not None:
        # Twice the text and the line end between is one more than twice its tokens: what is over was put around both.
        around = max(0, 2 * raw + 1 - twice.input_tokens)
        words = f"the server puts {around} tokens around a prompt"
        return Signal(Says.RAW if around <= 2 else Says.WRAPPED if around >= 5 else Says.NOTHING, words)
    return Signal(Says.NOTHING, "the server counts no tokens")


def by_order(order: Reply) -> Signal:
    """By whether the completion goes on with the list or obeys the order above it."""
    words = f"the list that disobeys an order goes on with {_quoted(order)}"
    if _CONTINUES_THE_LIST.match(order.text):
        return Signal(Says.RAW, words)
    return Signal(Says.WRAPPED if _OBEYS.match(order.text) else Says.NOTHING, words)


def by_half_word(half: Reply) -> Signal:
    """By whether the completion begins with the other half of the word."""
    words = f"“… is Par” goes on with {_quoted(half)}"
    if _CONTINUES_THE_WORD.match(half.text):
        return Signal(Says.RAW, words)
    return Signal(Says.WRAPPED if _SPEAKS.match(half.text) else Says.NOTHING, words)


def by_sameness(order: Reply, chat: Reply | None) -> Signal:
    """By whether raw completion says word for word what chat says, and not what the text calls for."""
    if chat is None or not chat.text.strip():
        return Signal(Says.NOTHING, "there is no chat to compare with")
    if order.text.strip() == chat.text.strip() and not _CONTINUES_THE_LIST.match(order.text):
        return Signal(Says.WRAPPED, "raw completion and chat say the same")
    return Signal(Says.NOTHING, f"chat says {_quoted(chat)}")


def raw_cell(signals: Sequence[Signal]) -> Cell:
    """The verdict of the signals: what most of those say that say something."""
    raw, wrapped = ([signal.words for signal in signals if signal.says is says] for says in (Says.RAW, Says.WRAPPED))
    if len(wrapped) > len(raw):
        against = f" (but {'; '.join(raw)})" if raw else ""
        return red(
            "wrapped",
            f"a chat template is wrapped around raw prompts: {'; '.join(wrapped)}{against}",
            "What is mined here would be answers to an open question, not users' messages. Use a server whose "
            "/completions is raw (vLLM, llama.cpp, SGLang, TGI), or ask the gateway for its raw route.",
        )
    if len(raw) > len(wrapped):
        return green("" if not wrapped else "mostly", "; ".join([*raw, *wrapped]))
    return yellow(
        "unsure",
        f"nothing tells whether raw prompts stay raw: {'; '.join(signal.words for signal in signals)}",
        "Look at the sample below: would a user write that? If not, the server wraps its template around prompts.",
    )


def _quoted(reply: Reply) -> str:
    return f"“{text}”" if (text := one_line(reply.text, 40)) else "nothing"
