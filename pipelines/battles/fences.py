"""Fenced blocks in Markdown, by their places in the text."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_FENCE = re.compile(r"^[ \t>]*(?P<fence>`{3,}|~{3,})[ \t]*(?P<info>[^`\n]*)$", re.M)


@dataclass(frozen=True)
class Fenced:
    """A block: `code` is `text[start:end]`. `closing` is the line that ends it; it is missing where `closed` is not."""

    start: int
    end: int
    language: str
    closing: str
    closed: bool


def fenced_blocks(text: str) -> Iterator[Fenced]:
    """The fenced blocks of a text, in order. A fence ends with one of its own kind that is as long (CommonMark 4.5)."""
    opened: re.Match[str] | None = None
    for found in _FENCE.finditer(text):
        if opened is None:
            opened = found
        elif found["fence"].startswith(opened["fence"]) and not found["info"].strip():
            yield _block(text, opened, found.start(), closed=True)
            opened = None
    if opened is not None:
        yield _block(text, opened, len(text), closed=False)


def _block(text: str, opened: re.Match[str], end: int, *, closed: bool) -> Fenced:
    words = opened["info"].split()
    indent = opened[0][: opened[0].index(opened["fence"])]
    return Fenced(min(opened.end() + 1, end), end, words[0].lower() if words else "", indent + opened["fence"], closed)
