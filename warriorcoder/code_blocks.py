"""Code in a model's answer: its fenced blocks."""

import re
from dataclasses import dataclass

_FENCE = re.compile(r"^[ \t]*```[ \t]*([\w+#.-]*)[^\n]*\n(.*?)(^[ \t]*```|\Z)", re.S | re.M)
PYTHON = frozenset({"", "py", "python", "python3"})


@dataclass(frozen=True)
class Block:
    """A fenced block: its language in lower case, its code, and whether its closing fence is there."""

    language: str
    code: str
    closed: bool


def code_blocks(answer: str) -> list[Block]:
    """The fenced blocks of an answer in order; the last may be open, where the answer was cut off."""
    return [Block(language.lower(), code, closed=bool(end.strip())) for language, code, end in _FENCE.findall(answer)]


def prose(answer: str) -> str:
    """An answer without its fenced blocks."""
    return _FENCE.sub("", answer)
