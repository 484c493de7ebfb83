"""Python literals and calls of functions with literals, found in any text."""

import ast
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

LONGEST = 2000
_OPENERS = {"(": ")", "[": "]", "{": "}"}
_QUOTE = re.compile(r"(?:[rRbBuU]{0,2})('''|\"\"\"|'|\")")
_PLAIN = re.compile(
    r"[-+]?(?:\d[\d_]*(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?(?![\w.]*\w)|(?:True|False|None|true|false|null)\b"
)
_CURLY = str.maketrans({"“": '"', "”": '"', "‘": "'", "’": "'"})
_OTHER_NAMES = {"true": True, "false": False, "null": None}
_CALL = re.compile(r"(?<![\w.])([A-Za-z_]\w*)\(")


@dataclass(frozen=True)
class Literal:
    """A value in a text, and where it ends."""

    value: Any
    end: int


@dataclass(frozen=True)
class CallText:
    """A call with literal arguments in a text."""

    name: str
    arguments: tuple[Any, ...]
    keywords: tuple[tuple[str, Any], ...]
    start: int
    end: int


def straight(text: str) -> str:
    """A text with typographic quotes made plain, character for character."""
    return text.translate(_CURLY)


def closing(text: str, start: int) -> int | None:
    """Where the bracket or quote that opens at `start` has ended, or None."""
    stack: list[str] = []
    position, end = start, min(len(text), start + LONGEST)
    while position < end:
        quote = _QUOTE.match(text, position)
        if quote and (position == start or not text[position - 1].isalnum()):
            close = _string_end(text, quote.end(), quote.group(1))
            if close is None:
                return None
            position = close
        else:
            letter = text[position]
            if letter in _OPENERS:
                stack.append(_OPENERS[letter])
            elif letter in _OPENERS.values() and (not stack or stack.pop() != letter):
                return None
            position += 1
        if not stack:
            return position
    return None


def _string_end(text: str, position: int, quote: str) -> int | None:
    while position < min(len(text), position + LONGEST):
        if text.startswith(quote, position):
            return position + len(quote)
        if text[position] == "\n" and len(quote) == 1:
            return None
        position += 2 if text[position] == "\\" else 1
    return None


def literal_at(text: str, start: int) -> Literal | None:
    """The Python (or JSON) literal that begins at a place of a text, read as far as it goes."""
    if plain := _PLAIN.match(text, start):
        written = plain.group()
        if written in _OTHER_NAMES:
            return Literal(_OTHER_NAMES[written], plain.end())
        return _evaluated(written, plain.end())
    if text[start : start + 1] in _OPENERS or _QUOTE.match(text, start):
        end = closing(text, start)
        return _evaluated(text[start:end], end) if end is not None else None
    return None


def _evaluated(written: str, end: int) -> Literal | None:
    try:
        return Literal(value_of(ast.parse(written.strip(), mode="eval").body), end)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def value_of(node: ast.expr) -> Any:
    """The value of an expression of literals; ValueError where it is none. JSON's names are known, and set()."""
    if isinstance(node, ast.Name) and node.id in _OTHER_NAMES:
        return _OTHER_NAMES[node.id]
    match node:
        case ast.List(elts=elements):
            return [value_of(element) for element in elements]
        case ast.Tuple(elts=elements):
            return tuple(value_of(element) for element in elements)
        case ast.Dict(keys=keys, values=values) if all(keys):
            try:
                pairs = zip(keys, values, strict=True)
                return {value_of(key): value_of(value) for key, value in pairs if key is not None}
            except TypeError as error:
                raise ValueError(str(error)) from None
    try:
        return ast.literal_eval(node)
    except TypeError as error:
        raise ValueError(str(error)) from None


def call_of(node: ast.AST, start: int = 0, end: int = 0) -> CallText | None:
    """A call node as data, where it is a plain name called with literals."""
    match node:
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=keywords):
            try:
                values = tuple(value_of(argument) for argument in arguments)
                named = tuple((word.arg, value_of(word.value)) for word in keywords if word.arg)
            except ValueError:
                return None
            return CallText(name, values, named, start, end) if len(named) == len(keywords) else None
    return None


def calls_in(text: str) -> Iterator[CallText]:
    """The calls with literal arguments in a text, in order. A definition is none."""
    for match in _CALL.finditer(text):
        if re.search(r"\b(?:def|class)\s+\Z", text[max(0, match.start() - 20) : match.start()]):
            continue
        end = closing(text, match.end() - 1)
        if end is None:
            continue
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                node = ast.parse(text[match.start() : end], mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        if call := call_of(node, match.start(), end):
            yield call
