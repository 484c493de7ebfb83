"""Candidates for the program in an answer: the statements that a block, a text or a continued head gives."""

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from warriorcoder.code_fences import PYTHON, Fenced, outside_fences, unindented
from warriorcoder.code_statements import (
    Statement,
    has_body,
    longest_prefix,
    missing_names,
    needed,
    parse,
    split,
    statement,
)

MAX_CHARACTERS = 250_000
"""A program's longest text; of a longer one the beginning is read."""

_INVISIBLE = re.compile("[\ufeff\u200b\u200c\u200d\u2060\x00]")
CODE_BEGINS = re.compile(r"(?:async\s+def|def|class)\s+\w|@\w|\s")
_ENTITIES = frozenset({"lt", "gt", "amp", "quot"})
_TESTS = frozenset({"doctest", "pytest", "unittest"})


class Did(StrEnum):
    """What was done to find a program, and what it lacks."""

    FENCED = "taken from a fenced block"
    UNFENCED = "taken from text without a fence"
    CONTINUED = "the prompt's head, continued by the answer"
    PREAMBLE = "the prompt's imports and helpers put before it"
    HELPERS = "what it uses of other blocks put before it"
    TRIMMED = "usage, tests and what runs on left out"
    CUT = "broken text behind it cut off"
    UNCLOSED = "its block was not closed"
    REINDENTED = "its indentation mended"
    CLEANED = "unescaped, or invisible characters taken out"
    THOUGHT = "the model's thinking left out"
    SHORTENED = "read up to its first 250,000 characters"


@dataclass(frozen=True)
class Found:
    """Statements taken for a program, those of them that come from elsewhere left out."""

    statements: Sequence[Statement]
    did: frozenset[Did]
    broken: bool = False
    place: int = 0


def mended(code: str) -> Iterator[tuple[str, frozenset[Did]]]:
    """A code as it is, then mended in the ways that models break it."""
    yield code, frozenset()
    moved = unindented(code)
    if moved != code:
        yield moved, frozenset({Did.REINDENTED})
    if "```" in moved:
        yield moved[: moved.index("```")], frozenset({Did.CUT})
    clean = html.unescape(_INVISIBLE.sub("", moved)).replace("\u00a0", " ")
    if clean != moved:
        yield clean, frozenset({Did.CLEANED})
    if "\t" in clean:
        yield clean.expandtabs(4), frozenset({Did.REINDENTED})
    prompted = [line for line in clean.split("\n") if line.strip()]
    if prompted and prompted[0].startswith(">>> "):
        lines = [line[4:] for line in clean.split("\n") if line.startswith((">>> ", "... ", "..."))]
        yield "\n".join(lines) + "\n", frozenset({Did.CLEANED})


def _read(code: str, name: str, *, first_only: bool = False) -> Found | None:
    """The statements of a code that parse, up to the first broken one behind the definition of `name`."""
    did: set[Did] = set()
    if len(code) > MAX_CHARACTERS:
        code = code[: code.rfind("\n", 0, MAX_CHARACTERS) + 1]
        did.add(Did.SHORTENED)
    statements: list[Statement] = []
    broken = defined = False
    for piece in split(code if code.endswith("\n") else code + "\n"):
        read = statement(piece)
        if read is None:
            broken = True
            prefix = longest_prefix(piece) if CODE_BEGINS.match(piece) else None
            read = statement(prefix) if prefix else None
            if read is None:
                if defined:
                    break
                continue
        redefines = defined and read.defines(name) and name not in read.uses
        if not (redefines and first_only):
            statements.append(read)
        defined = defined or (read.defines(name) and has_body([read], name))
        if broken and defined:
            break
    if not any(each.defines(name) for each in statements):
        return None
    return Found(statements, frozenset(did | ({Did.CUT} if broken else set())), broken)


def _best(code: str, name: str, *, first_only: bool) -> Found | None:
    """The statements of a block's code, mended as far as that helps."""
    best = None
    for version, did in mended(code):
        found = _read(version, name, first_only=first_only)
        if found and not found.broken and not _is_escaped(found):
            return Found(found.statements, found.did | did)
        if found and best is None:
            best = Found(found.statements, found.did | did, True)
    return best


def _is_escaped(found: Found) -> bool:
    """Whether code that parses is escaped for HTML: `return a &lt; b` is `return a & lt` and `b`."""
    return bool(missing_names(found.statements) & _ENTITIES)


def whole(text: str, name: str, *, first_only: bool) -> Found | None:
    """An answer that is a program from its first character to its last."""
    if len(text) > MAX_CHARACTERS or parse(text) is None:
        return None
    found = _read(text, name, first_only=first_only)
    return _trimmed(found, name, strict=False) if found and has_body(found.statements, name) else None


def of_blocks(blocks: Sequence[Fenced], name: str, *, first_only: bool) -> Found | None:
    """The last block that defines the name best, with what it uses of the others."""
    for languages in (PYTHON, None):
        chosen: tuple[tuple[bool, bool, int], Found] | None = None
        for place, block in enumerate(blocks):
            if (block.language in PYTHON) != (languages is PYTHON) or name not in block.code:
                continue
            if found := _best(block.code, name, first_only=first_only):
                key = (has_body(found.statements, name), not found.broken, place)
                if chosen is None or key > chosen[0]:
                    chosen = key, found
        if chosen and chosen[0][0]:
            place, found = chosen[0][2], chosen[1]
            did = {Did.FENCED} | (set() if blocks[place].closed else {Did.UNCLOSED})
            taken = _trimmed(Found(found.statements, found.did | did, place=place), name, strict=False)
            return _with_helpers(taken, blocks, name)
    return None


def _with_helpers(found: Found, blocks: Sequence[Fenced], name: str) -> Found:
    """Statements behind those of other blocks that they stand on: the nearest blocks before first, then those after."""
    statements, missing = list(found.statements), missing_names(found.statements)
    helped = False
    order = [*range(found.place - 1, -1, -1), *range(found.place + 1, len(blocks))]
    for place in order:
        if not missing:
            break
        block = blocks[place]
        if block.language not in PYTHON or not any(each in block.code for each in missing):
            continue
        read = [each for piece in split(unindented(block.code) + "\n") if (each := statement(piece))]
        read = [each for each in read if name not in each.binds]
        kept = needed(read, missing)
        if kept:
            statements[:0] = [read[at] for at in sorted(kept)]
            missing = missing_names(statements)
            helped = True
    return Found(statements, found.did | ({Did.HELPERS} if helped else set()))


def unfenced(text: str, name: str, *, first_only: bool) -> Found | None:
    """Code among prose without a fence, also where it is indented as a whole."""
    if name not in text:
        return None
    plain = outside_fences(text)
    found = _read(plain, name, first_only=first_only)
    if not found or not has_body(found.statements, name):
        begin = re.search(rf"^([ \t]+)(?:async[ ]+)?def[ \t]+{re.escape(name)}\b.*", plain, re.M)
        # A method, or a function within another, is not the function asked for.
        apart = begin is not None and not any(begin[0] in piece and parse(piece) for piece in split(plain))
        found = _read(unindented(plain, begin[1]), name, first_only=True) if begin and apart else None
        if found is None or not has_body(found.statements, name):
            clean = html.unescape(_INVISIBLE.sub("", plain))
            found = _read(clean, name, first_only=True) if clean != plain else None
            if found is None or not has_body(found.statements, name):
                return None
    return _trimmed(Found(found.statements, found.did | {Did.UNFENCED}), name, strict=True)


def continued(prompt: str, text: str, name: str) -> Found | None:
    """The prompt's head with a body: as it is, else with its first line, or all of it, indented as a body."""
    ended = prompt.replace("\r\n", "\n")
    ended = ended.rstrip(" ") if ended.rstrip(" ").endswith("\n") else ended.rstrip() + "\n"
    best = None
    for body, did in _bodies(text):
        found = _read(ended + body, name, first_only=True)
        if found is None or not has_body(found.statements, name):
            continue
        taken = Found(found.statements, found.did | did | {Did.CONTINUED}, found.broken)
        if not found.broken:
            best = taken
            break
        best = best or taken
    return _trimmed(best, name, strict=False) if best else None


def _bodies(text: str) -> Iterator[tuple[str, frozenset[Did]]]:
    yield text, frozenset()
    lines = [line for line in text.split("\n") if line.strip()]
    start = text.index(lines[0])
    moved = frozenset({Did.REINDENTED})
    yield "    " + text[start:].lstrip(), moved
    if len(lines) > 1:
        margin = lines[1][: len(lines[1]) - len(lines[1].lstrip())]
        yield _indented(unindented(margin + text[start:].lstrip())), moved
    yield _indented(unindented(text[start:])), moved
    if "\t" in text:
        yield text.expandtabs(4), moved


def _indented(code: str) -> str:
    return "".join(f"    {line}\n" if line.strip() else "\n" for line in code.split("\n"))


def _trimmed(found: Found, name: str, *, strict: bool) -> Found:
    """Statements without those that the definition does not stand on.

    Imports and, unless strict, what stands before the definition stay, but for input and usage.
    """
    statements = list(found.statements)
    if any(each.defines(name) for each in statements):
        statements = [each for each in statements if name not in each.imports]
    kept = needed(statements, [name])
    first = next(at for at, each in enumerate(statements) if each.defines(name))
    for at, each in enumerate(statements):
        # An import of a test library may fail where only its tests need it.
        imports = each.imports and each.imports == each.binds and not each.imports & _TESTS
        if at < first and (imports or (not strict and not _is_usage(each) and not each.imports & _TESTS)):
            kept.add(at)
        if at > first and "sys" in each.binds and not each.imports:
            kept.add(at)
        if not each.tree.body:
            kept.add(at)
    left = [each for at, each in enumerate(statements) if at in kept]
    shorter = len(left) < len(found.statements)
    return Found(left, found.did | ({Did.TRIMMED} if shorter else set()), found.broken, found.place)


def _is_usage(each: Statement) -> bool:
    return (not each.binds and bool(each.uses & {"print", "input"})) or (
        "input" in each.uses and "def" not in each.text
    )
