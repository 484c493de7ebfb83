"""Code in a model's answer: its fenced blocks, and the one that defines a wanted function."""

import re
from dataclasses import dataclass

_FENCE = re.compile(r"^[ \t]*```[ \t]*([\w+#.-]*)[^\n]*\n(.*?)(^[ \t]*```|\Z)", re.S | re.M)
_TOP_LEVEL = re.compile(r"^(?:from\s+\S+\s+import\b|import\s|def\s|async\s+def\s|class\s|@)", re.M)
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


def defines(code: str, name: str) -> bool:
    """Whether a function, class or variable of that name begins at the left margin."""
    return (
        re.search(rf"^(?:(?:async\s+)?def|class)\s+{re.escape(name)}\b|^{re.escape(name)}\s*=", code, re.M) is not None
    )


def extract_code(answer: str, name: str) -> str | None:
    """The Python code of an answer that defines `name`, or None.

    Of the fenced blocks the first that defines it counts, preceded by earlier blocks only where
    they are Python as well; without such a block, an answer that is itself code counts from its
    first line of code on.
    """
    blocks = [block for block in code_blocks(answer) if block.language in PYTHON and block.code.strip()]
    for position, block in enumerate(blocks):
        if defines(block.code, name):
            helpers = [earlier.code for earlier in blocks[:position] if _TOP_LEVEL.search(earlier.code)]
            return "\n".join([*helpers, block.code])
    outside = prose(answer)
    begin = _TOP_LEVEL.search(outside)
    if begin and defines(outside, name):
        return outside[begin.start() :]
    return None
