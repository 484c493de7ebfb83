"""Masking who wrote an answer: names of models and makers, and what a model says of itself."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from warriorcoder.pipelines.battles.fences import fenced_blocks
from warriorcoder.pipelines.battles.naming import Names

MODEL, MAKER = "[model]", "[maker]"

_PROSE = frozenset({"text", "txt", "plain", "plaintext", "markdown", "md", "none"})
_INLINE_CODE = re.compile(r"(?<!`)(`{1,2})(?!`)[^`\n]+(?<!`)\1(?!`)")
_LINE_COMMENT = re.compile(r"^[ \t]*(?:#(?!!|\w)|//|--[ \t]|;;|%[ \t]).*$", re.M)
_MARKUP = r"[*_`\"'“]{0,3}"
_KIND = r"(?i:AI|A\.I\.|LLM|language model|(?:coding|programming|virtual|digital|code) assistant|chatbot)\b"
_MADE = (
    r"(?i:created|developed|trained|made|built|designed|provided|powered|released|fine-?tuned|offered|owned|maintained)"
)
_CAPITALS = r"[A-Z][\w&-]*(?:\.\w+)*(?:[ ][A-Z][\w&-]*(?:\.\w+)*){0,3}"
_TO_THE_KIND = rf"{_MARKUP},?\s+(?:an?|the|your)\s+(?:[\w-]+\s+){{0,4}}?{_KIND}"
# Others are made by somebody, too; with one of these before it in its sentence, an answer speaks of its author.
_OF_ITSELF = re.compile(
    rf"\b(?:I am|I['’]m|I was|I['’]ve been|my name is|as an?\b[^.!?\n]{{0,40}}?{_KIND})"
    r"|\b(?:AI|language) (?:model|assistant)|\[model\]",
    re.I,
)
# Without one of these no text speaks of its author. Most have none, and this is the quickest to look for.
_CUE = re.compile(
    r"\bi am\b|\bi['’]|\bi was\b|my name is|call me|my (?:cr|dev|mak)|\[model\]"
    r"|\bai\b|a\.i\.|\bllm|language model|assistant|chatbot"
    r"|\bas [^a-z\n]{0,3}[a-z][^\n]{0,60}?\s(?:i|an?|the|your|created|developed|trained|made|built|designed)\b"
)
_SENTENCE_ENDS = re.compile(r"[.!?](?=\s)|\n[ \t]*\n")
_SENTENCE_LENGTH = 240


def masked_names(text: str, names: Names, instruction: str) -> str:
    """The text with its author's traces as [model] and [maker]. Code keeps its meaning.

    Where a model speaks of itself ("I am Qwen, created by Alibaba Cloud") names go everywhere; names that mean nothing
    else also go in prose and in comments. What the instruction speaks of is what the answer is about: such a name goes
    only where a model says in prose that it is its own.
    """
    asked, small = instruction.lower(), text.lower()
    text = _masked_as_author(text, names, asked)
    if any(stem in small for stem in names.stems):
        before, text = text, _masked_anywhere(text, names.anywhere, asked)
        if text != before:
            # "Qwen, created by Llama": only a model that is masked is known for one.
            text = _masked_as_author(text, names, asked)
    return text


def _masked_as_author(text: str, names: Names, asked: str) -> str:
    """Names by which a text speaks of its author."""
    if _CUE.search(text.lower()):
        author = _author(names)
        for patterns, mask in ((author.models, MODEL), (author.makers, MAKER)):
            for pattern in patterns:
                text = _masked_own(text, pattern, mask, asked)
    return text


@dataclass(frozen=True)
class _Author:
    """How a text speaks of its author: patterns with a group `name`."""

    models: tuple[re.Pattern[str], ...]
    makers: tuple[re.Pattern[str], ...]


@lru_cache(maxsize=16)
def _author(names: Names) -> _Author:
    own = r"\b(?i:I am|I['’]m|my name is|call me)[ \t]+(?i:called |named |the |an? |your )?"
    made = (
        rf"{_MADE}\s+(?i:by)\s+(?i:the\s+)?(?i:(?:team|researchers|engineers|scientists|people)\s+(?:at|of|from)\s+)?"
    )
    return _Author(
        models=(
            re.compile(rf"{own}{_MARKUP}(?P<name>{names.models})"),
            re.compile(
                rf"\b[Aa]s[ \t]+(?:the )?{_MARKUP}(?P<name>{names.models})"
                rf"(?={_TO_THE_KIND}|{_MARKUP},?\s+(?:I\b|an?\s+(?:\w+\s+)?model\b|{_MADE}\s+by))"
            ),
            re.compile(rf"(?:{own}|\b[Aa]s[ \t]+){_MARKUP}(?P<name>{_CAPITALS})(?={_TO_THE_KIND})"),
        ),
        makers=(
            re.compile(rf"{made}{_MARKUP}(?P<name>{names.makers}|{_CAPITALS})"),
            re.compile(rf"(?i:model|assistant|AI|LLM)\s+(?i:from|by|of)\s+{_MARKUP}(?P<name>{names.makers})"),
            re.compile(
                rf"\b(?i:my (?:creators?|developers?|makers?))\b[^.\n]{{0,20}}?\s{_MARKUP}(?P<name>{names.makers})"
            ),
        ),
    )


def _masked_own(text: str, pattern: re.Pattern[str], mask: str, asked: str) -> str:
    """Names where the text speaks of its author; in code not those that the instruction speaks of."""
    code = [*_code(text)]

    def replaced(found: re.Match[str]) -> str:
        name, (start, end) = found["name"], found.span("name")
        in_code = any(first <= start < last for first, last in code)
        if (in_code and _is_asked(name, asked)) or not (name[0].isupper() or any(map(str.isdigit, name))):
            return found[0]
        if mask == MAKER and not _speaks_of_itself(text, found.start()):
            return found[0]
        return f"{found[0][: start - found.start()]}{mask}{found[0][end - found.start() :]}"

    return pattern.sub(replaced, text)


def _speaks_of_itself(text: str, at: int) -> bool:
    before = text[max(0, at - _SENTENCE_LENGTH) : at + 3]
    return bool(_OF_ITSELF.search(_SENTENCE_ENDS.split(before)[-1])) or bool(re.match("my ", text[at : at + 3], re.I))


def _masked_anywhere(text: str, pattern: re.Pattern[str], asked: str) -> str:
    """Names that mean nothing else, in prose and in comments."""

    def replaced(found: re.Match[str]) -> str:
        return found[0] if _is_asked(found[0], asked) else MODEL

    parts, at = [], 0
    for start, end in (*_parts_without_names(text, pattern), (len(text), len(text))):
        parts += [pattern.sub(replaced, text[at:start]), text[start:end]]
        at = end
    return "".join(parts)


def _is_asked(name: str, asked: str) -> bool:
    """Whether the instruction speaks of a model or maker of that name, whatever the version."""
    word = re.match(r"[A-Za-z]{2,}", name)
    return word is not None and re.search(rf"(?<![a-z]){word[0].lower()}", asked) is not None


def _code(text: str) -> Iterator[tuple[int, int]]:
    """Where code is: fenced blocks that are no prose, and code within a line."""
    at = 0
    for block in fenced_blocks(text):
        yield from ((at + found.start(), at + found.end()) for found in _INLINE_CODE.finditer(text[at : block.start]))
        if block.language not in _PROSE:
            yield block.start, block.end
        at = block.end
    yield from ((at + found.start(), at + found.end()) for found in _INLINE_CODE.finditer(text[at:]))


def _parts_without_names(text: str, pattern: re.Pattern[str]) -> Iterator[tuple[int, int]]:
    """Where a model's name is code: in code, its comments left out."""
    languages = {block.start: block.language for block in fenced_blocks(text)}
    for start, end in _code(text):
        at = start
        # Finding comments takes longer than everything else here.
        if start in languages and pattern.search(text, start, end):
            for first, last in _comments(text[start:end], languages[start]):
                yield at, start + first
                at = start + last
        yield at, end


def _comments(code: str, language: str) -> Iterator[tuple[int, int]]:
    """Comments and docstrings; where the language is not known, lines that are comments in most languages."""
    from pygments.lexers import get_lexer_by_name
    from pygments.token import Comment, String
    from pygments.util import ClassNotFound

    try:
        lexer = get_lexer_by_name(language, ensurenl=False, stripnl=False)
    except ClassNotFound:
        yield from (found.span() for found in _LINE_COMMENT.finditer(code))
        return
    for at, kind, value in lexer.get_tokens_unprocessed(code):
        said = kind in Comment and kind not in Comment.Preproc and kind not in Comment.PreprocFile
        if (said and kind not in Comment.Hashbang) or kind in String.Doc:
            yield at, at + len(value)
