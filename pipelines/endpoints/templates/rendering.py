"""Rendering a tokenizer's Jinja chat template as transformers does, in a sandbox."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from jinja2 import TemplateError
from jinja2.ext import Extension, loopcontrols
from jinja2.nodes import Node
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment

TODAY = datetime(2024, 7, 26)
"""The day that templates take for today, so that a prefix is the same tomorrow: Llama 3's own where it knows none."""

Message = dict[str, Any]


class Unrenderable(Exception):
    """The template refuses these messages, or is no valid Jinja; the message is its own."""


class _Generation(Extension):
    """`{% generation %}` marks the assistant's tokens for training; the text inside is rendered as it is."""

    tags = {"generation"}  # noqa: RUF012

    def parse(self, parser: Parser) -> list[Node]:
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


class ChatRenderer:
    """Renders conversations by one template. `tokens` are the names that it knows tokens by, such as bos_token."""

    def __init__(self, source: str, tokens: Mapping[str, str]) -> None:
        environment = ImmutableSandboxedEnvironment(
            trim_blocks=True, lstrip_blocks=True, extensions=[_Generation, loopcontrols]
        )
        environment.filters["tojson"] = _to_json
        environment.globals["raise_exception"] = _refuse
        environment.globals["strftime_now"] = TODAY.strftime
        self._tokens = dict(tokens)
        try:
            self._template = environment.from_string(source)
        except TemplateError as error:
            raise Unrenderable(_one_line(error)) from error

    def render(self, messages: Sequence[Message], *, answering: bool) -> str:
        """The text of a conversation, with the assistant's turn opened if `answering`. Raises Unrenderable."""
        try:
            return self._template.render(
                messages=list(messages), tools=None, documents=None, add_generation_prompt=answering, **self._tokens
            )
        # A template is a program: what can go wrong in it is anything.
        except Exception as error:
            raise Unrenderable(_one_line(error)) from error


def _refuse(message: str) -> None:
    raise TemplateError(message)


def _to_json(value: Any, ensure_ascii: bool = False, indent: int | None = None, **settings: Any) -> str:
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, **settings)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__
