"""Text from elsewhere made safe for a page: a model, a person's prompt or a finding cannot break the page."""

import re

_SPECIAL = re.compile(r"[\\`*\[\]<>|~$&]|(?<!\w)_|_(?!\w)")
_PLAIN = re.compile(r"[\w./:@+=-]+")


def inline(text: object) -> str:
    """Any text as one line of plain Markdown, in a paragraph or a table's cell: nothing in it is markup."""
    return _SPECIAL.sub(r"\\\g<0>", " ".join(str(text).split()))


def code(text: object) -> str:
    """A name as code; one with characters that code cannot hold safely in a cell, as plain text."""
    return f"`{text}`" if _PLAIN.fullmatch(str(text)) else inline(text)


def shortened(text: str, length: int = 160) -> str:
    """A text on one line, cut with an ellipsis where it is longer than `length` characters."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1] + "…"
