"""A prefix and its stop strings, found in a tokenizer's own chat template.

The template is rendered with marks for the system prompt and the user's message. What stands before
the user's mark opens the user turn; what comes after it, with the assistant's turn opened, ends it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from warriorcoder.errors import RecipeError
from warriorcoder.pipelines.endpoints.templates.rendering import ChatRenderer, Message, Unrenderable
from warriorcoder.pipelines.endpoints.templates.template import SYSTEM_SLOT, Template

SYSTEM, USER, ASSISTANT = "Xq7systemZ", "Xq7userZ", "Xq7assistantZ"
"""Marks that no template holds, trims or breaks."""

_ASKED: Message = {"role": "user", "content": USER}

MOST_STOPS = 4
"""So many do TGI and the OpenAI API take."""

SHORTEST_WORDS = 3
"""Of words that end a turn: shorter ones, with the white space before them, are in every text."""

GIVE_IT_LITERALLY = "Give the template literally: template: {prefix: …, stop: […]}."

# What looks like a control token, whatever the tokenizer says of it: <|…|>, <…>, [|…|], [/INST].
_MARKUP = r"<[^<>\s]{1,40}>|\[\|[^|\[\]\s]{1,30}\|\]|\[/?[A-Z][A-Z_]{2,30}\]"


@dataclass(frozen=True)
class ChatTokenizer:
    """What a tokenizer's files say of its chats.

    `added` is what the tokenizer itself puts before a raw prompt, such as the begin-of-text token:
    no prefix holds it. `special` are the tokens that servers leave out of their text, `ends` those
    that end a completion. `names` are the tokens by the names under which the template knows them.
    """

    source: str
    chat_template: str
    added: str = ""
    eos: str = ""
    special: frozenset[str] = frozenset()
    ends: frozenset[str] = frozenset()
    names: Mapping[str, Any] = field(default_factory=dict)


def derive(tokenizer: ChatTokenizer) -> Template:
    """The template of a tokenizer's chats. The same for the same files on every day.

    A system prompt goes where the template puts it; where it refuses or drops one, it begins the
    user's message, an empty line after it. Raises RecipeError for a template that has no open user
    turn, changes the user's message, or says nothing after it.
    """
    try:
        chats = _Chats(tokenizer)
        bare, after = chats.around_user([])
    except Unrenderable as error:
        raise RecipeError(
            f"{tokenizer.source}: its chat template cannot be rendered with a user's message alone: {error}. "
            + GIVE_IT_LITERALLY
        ) from error
    if not after.strip():
        after = chats.up_to_answer()
    stop = _stops(after, tokenizer)
    prefix = chats.with_system() or f"{bare}{SYSTEM_SLOT}\n\n"
    if not prefix.replace(SYSTEM_SLOT, "").strip():
        raise RecipeError(
            f"{tokenizer.source}: its chat template puts nothing before a user's message, so nothing tells the model "
            f"to write one. {GIVE_IT_LITERALLY}"
        )
    return Template(
        prefix,
        stop,
        bare=bare if bare.strip() else None,
        markers=_markers(prefix, after, tokenizer),
        hidden=tuple(text for text in stop if text in tokenizer.special - tokenizer.ends - {tokenizer.eos}),
    )


class _Chats:
    """Conversations of marks, rendered."""

    def __init__(self, tokenizer: ChatTokenizer) -> None:
        self._tokenizer = tokenizer
        self._renderer = ChatRenderer(tokenizer.chat_template, tokenizer.names)
        # The templates of models that see pictures want a message's parts.
        self._in_parts = False
        self._in_parts = USER not in self._render([_ASKED])

    def around_user(self, before: list[Message]) -> tuple[str, str]:
        """The text before the user's mark, as a raw prompt must have it, and the text after the mark."""
        text = self._render([*before, _ASKED])
        if text.count(USER) != 1:
            found = "does not hold the user's message as it was given" if USER not in text else "repeats the message"
            raise RecipeError(
                f"{self._tokenizer.source}: what its chat template makes of a user's message {found}, so there is no "
                f"open user turn in it. {GIVE_IT_LITERALLY}"
            )
        opened, _, after = text.partition(USER)
        if self._tokenizer.added and opened.startswith(self._tokenizer.added):
            # SentencePiece puts a space before the text by itself as well.
            opened = opened.removeprefix(self._tokenizer.added).lstrip(" ")
        # Tokenizers take a space as part of the word after it, which the model is to write.
        return opened.rstrip(" "), after

    def with_system(self) -> str | None:
        """The text before the user's mark with a slot for the system prompt; None where the template has none."""
        try:
            opened, _ = self.around_user([{"role": "system", "content": SYSTEM}])
        except (Unrenderable, RecipeError):
            return None
        return opened.replace(SYSTEM, SYSTEM_SLOT) if SYSTEM in opened else None

    def up_to_answer(self) -> str:
        """The text between the user's mark and an answer, for a template that opens no turn for the answer."""
        try:
            return (
                self._render([_ASKED, {"role": "assistant", "content": ASSISTANT}])
                .partition(USER)[2]
                .partition(ASSISTANT)[0]
            )
        except Unrenderable:
            return ""

    def _render(self, messages: list[Message]) -> str:
        if self._in_parts:
            messages = [{**each, "content": [{"type": "text", "text": each["content"]}]} for each in messages]
        return self._renderer.render(messages, answering=True)


def _stops(after: str, tokenizer: ChatTokenizer) -> tuple[str, ...]:
    """What ends the user's message, what begins the answer, and the end of the text."""
    marks = _marks(tokenizer)
    first = marks.search(after)
    words = after[: first.start()] if first else after
    stops = list(dict.fromkeys(found.group(0) for found in marks.finditer(after)))[: MOST_STOPS - 2]
    if text := words.strip():
        before = words[: words.index(text)]
        # One line end, the last, is enough to look for, and finds two as well.
        stops.insert(0, before[before.rfind("\n") :] + text if "\n" in before else before + text)
    if not stops or (text and (len(stops[0]) < SHORTEST_WORDS or "".join(text.split()).isalnum())):
        found = "nothing but white space" if not after.strip() else f"{after.strip()[:60]!r}"
        raise RecipeError(
            f"{tokenizer.source}: its chat template says {found} after a user's message, which does not tell a "
            f"message's end from its text. {GIVE_IT_LITERALLY}"
        )
    return tuple(dict.fromkeys([*stops, *([tokenizer.eos] if tokenizer.eos else [])]))


def _markers(prefix: str, after: str, tokenizer: ChatTokenizer) -> tuple[str, ...]:
    """The tokens around the user's message; where there are none, the words that stand in their place."""
    marks = _marks(tokenizer)
    opened = prefix.rpartition(SYSTEM_SLOT)[2] if prefix.rpartition(SYSTEM_SLOT)[2].strip() else prefix
    found = [each.group(0) for each in marks.finditer(opened + after)]
    last_line = opened.rstrip().rpartition("\n")[2].replace(SYSTEM_SLOT, "").strip()
    words = [text for text in (last_line, after.strip().partition("\n")[0]) if text and not marks.search(text)]
    return tuple(dict.fromkeys([*found, *words]))


def _marks(tokenizer: ChatTokenizer) -> re.Pattern[str]:
    """Finds control tokens: the tokenizer's own, the longest first, and what looks like one."""
    named = {token for token in tokenizer.special | {tokenizer.eos} if len(token) > 1 and token.strip()}
    in_order = sorted(named, key=lambda token: (-len(token), token))
    return re.compile("|".join([*map(re.escape, in_order), _MARKUP]))
