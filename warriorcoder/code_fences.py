"""Fenced blocks as models write them: CommonMark's, and what comes near to it."""

import re
from dataclasses import dataclass

from warriorcoder.code_statements import inside_string, parse

PYTHON = frozenset({"", "py", "python", "python2", "python3", "py3", "ipython", "ipython3", "sage", "code"})
_MARKDOWN = frozenset({"", "markdown", "md", "text", "txt", "plaintext"})
_INVISIBLE = "\ufeff\u200b\u200c\u200d\u2060"
_LINE = re.compile(
    rf"^(?P<lead>[ \t>{_INVISIBLE}]*(?:(?:[-*+]|\d{{1,3}}[.)])[ \t]+)?)"
    r"(?P<fence>`{3,}|~{3,})(?P<info>[^`\n]*)$",
    re.M,
)
_LATE = re.compile(r"[^`\n]*[^`\s][ \t]*(?P<fence>```)(?P<info>[ \t]*(?:python|py)3?[ \t]*)$", re.I | re.M)
_TAGS = re.compile(r"(?:</?(?:pre|code)\b[^<>\n]{0,200}>[ \t]*|\[/?PYTHON\][ \t]*)+", re.I)
_ONE_LINE = re.compile(r"(`{1,3})(?:(?:python|py)[ \t]+)?([^`\n]+)\1")
_INNER_TRIES = 8
_DEEPEST = 3


@dataclass(frozen=True)
class Fenced:
    """A block's language in lower case, its code at the margin, and whether its end was there."""

    language: str
    code: str
    closed: bool


@dataclass(frozen=True)
class _Mark:
    """A line that may open or close a block, from `start` to `end`; `code` begins behind it."""

    start: int
    end: int
    lead: str
    fence: str
    info: str


def fenced_blocks(text: str, depth: int = 0) -> list[Fenced]:
    """The blocks of a text in order, those within Markdown blocks too; the last may be open.

    A fence closes a block when it has its kind, is as long, says nothing more and is not indented
    deeper by four (CommonMark 4.5). A fence with a language inside a block begins another one: the
    first one's end was forgotten. Within a triple-quoted string no line is a fence.
    """
    blocks: list[Fenced] = []
    opened: _Mark | None = None
    tries = 0
    last_quotes = max(text.rfind('"""'), text.rfind("'''"))
    for mark in _marks(text):
        if opened is None:
            opened = mark
            tries = 0
            continue
        if not (_closes(opened, mark) or _reopens(opened, mark)):
            continue
        code = text[opened.end + 1 : mark.start]
        if tries < _INNER_TRIES and mark.end <= last_quotes and inside_string(code):
            tries += 1
            continue
        blocks += _block(opened, code, closed=_closes(opened, mark), depth=depth)
        opened, tries = (None if _closes(opened, mark) else mark), 0
    if opened is not None:
        blocks += _block(opened, text[opened.end + 1 :], closed=False, depth=depth)
    return blocks


def tagged_blocks(text: str) -> list[Fenced]:
    """Code between `<pre>` and `<code>` tags or between `[PYTHON]` and `[/PYTHON]`, and code within one line."""
    found = fenced_blocks(_TAGS.sub("\n```\n", text)) if _TAGS.search(text) else []
    return found + [Fenced("", code.strip() + "\n", True) for _, code in _ONE_LINE.findall(text)]


def outside_fences(text: str) -> str:
    """A text without its fence lines: what is left of a fence that was opened nowhere."""
    return _LINE.sub("", text)


def unindented(code: str, margin: str | None = None) -> str:
    """Code moved to the margin by its first line's indentation, or by a given one at most."""
    if margin is None:
        first = next((line for line in code.split("\n") if line.strip()), "")
        margin = first[: len(first) - len(first.lstrip(" \t"))]
    if not margin:
        return code
    lines = []
    for line in code.split("\n"):
        here = 0
        while here < len(margin) and here < len(line) and line[here] in " \t>":
            here += 1
        lines.append(line[here:])
    return "\n".join(lines)


def _marks(text: str) -> list[_Mark]:
    marks = [
        _Mark(m.start(), m.end(), m["lead"].strip(_INVISIBLE), m["fence"], m["info"].strip().lower())
        for m in _LINE.finditer(text)
    ]
    if "```" in text:
        late = (m for m in re.finditer(r"^.*```[ \t]*(?:python|py)3?[ \t]*$", text, re.I | re.M))
        marks += [
            _Mark(m.start(), m.end(), "", "```", "python") for m in late if _LATE.fullmatch(text, m.start(), m.end())
        ]
    marks.sort(key=lambda mark: mark.start)
    return [mark for at, mark in enumerate(marks) if not at or mark.start != marks[at - 1].start]


def _closes(opened: _Mark, mark: _Mark) -> bool:
    return mark.fence.startswith(opened.fence) and not mark.info and _width(mark.lead) <= _width(opened.lead) + 3


def _reopens(opened: _Mark, mark: _Mark) -> bool:
    return (
        mark.fence == opened.fence
        and _language(mark.info) in PYTHON - {""}
        and _language(opened.info) in PYTHON
        and _width(mark.lead) <= _width(opened.lead) + 3
    )


def _width(lead: str) -> int:
    return len(lead.expandtabs(4))


def _language(info: str) -> str:
    words = info.strip("{} .").split()
    return re.split(r"[,:={]", words[0])[0] if words else ""


def _block(opened: _Mark, code: str, *, closed: bool, depth: int) -> list[Fenced]:
    language = _language(opened.info)
    code = unindented(code, opened.lead) if opened.lead else code
    # A program may have fences in its docstrings.
    if language in _MARKDOWN and depth < _DEEPEST and _LINE.search(code) and parse(code) is None:
        return fenced_blocks(code, depth + 1)
    return [Fenced(language, code, closed)]
