"""The program in a model's answer: one function for evaluation and for the execution judge."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from warriorcoder.code_candidates import (
    CODE_BEGINS,
    MAX_CHARACTERS,
    Did,
    Found,
    continued,
    mended,
    of_blocks,
    unfenced,
    whole,
)
from warriorcoder.code_fences import PYTHON, fenced_blocks, tagged_blocks, unindented
from warriorcoder.code_statements import (
    is_substantial,
    longest_prefix,
    parse,
    split,
    statement,
)

Style = Literal["chat", "completion"]

_THOUGHT = re.compile(r"\s*<(think|thinking|thought|reasoning)>", re.I)
_THOUGHT_END = re.compile(r"</(?:think|thinking|thought|reasoning)>", re.I)
_RETURNS = re.compile(r"^[ \t]*(?:return|yield)\b", re.M)
_LINE_ENDS = re.compile(r"[ \t]*(?:\n|\Z)")
_ALONE = re.compile(r"\n</\w+>\Z")
_BLANK = re.compile(r"\A(?:[ \t\f]*\n)+")
_FUTURE = re.compile(r"^from[ \t]+__future__[ \t]+import[ \t]+[^\n(]+\n", re.M)


@dataclass(frozen=True)
class Extraction:
    """A program and how it was found.

    `program` is None where the answer has no Python. `parses`: it compiles. `defines`: it defines
    the entry point at the margin, with a body; without an entry point, it defines or does anything.
    """

    program: str | None
    did: tuple[Did, ...] = ()
    parses: bool = False
    defines: bool = False

    def describe(self) -> str:
        """One line for people."""
        if self.program is None:
            return "; ".join(["no code", *self.did])
        state = "parses" if self.parses else "does not parse"
        return "; ".join([state if self.defines else f"{state}, does not define what was asked", *self.did])


def extract_program(
    completion: str, prompt: str = "", entry_point: str | None = None, style: Style = "chat"
) -> Extraction:
    """The program that a completion gives.

    `prompt` is what was asked: a function's head and docstring (HumanEval) or plain text. Its
    imports and helpers go before the program, unless the program has them. `entry_point` is the
    function to be tested. `completion` style means that the text goes on where the prompt ends.

    With an entry point: of several blocks the last counts that defines it with a body and without
    broken text; what it uses of other blocks is put before it; usage, tests and statements behind
    it that it does not need are left out. A block that is a body only continues the prompt's head.
    Text that goes on too long or breaks off counts as far as it parses. Without an entry point all
    Python blocks count together, examples included, as a reader would paste them.

    The same call on the program that it gave gives that program. Never raises; time is linear.
    """
    text, did = _cleaned(completion)
    if not text.strip():
        return Extraction(None, did)
    if entry_point is None:
        return _everything(text, did)
    head = _head(prompt, entry_point)
    for way in _ways(text, prompt, head is not None, entry_point, style):
        if found := way():
            return _finished(found, head or "", entry_point, did)
    return _leftover(text, did)


def _ways(text: str, prompt: str, has_head: bool, name: str, style: Style) -> Iterator[Callable[[], Found | None]]:
    """The ways to a program, the surest first."""
    blocks = fenced_blocks(text)
    # A base model runs on, and what it defines again belongs to the next task that it makes up.
    first_only = style == "completion"
    goes_on = first_only and has_head
    if goes_on and _BLANK.sub("", text)[:1] in (" ", "\t"):
        yield lambda: continued(prompt, text, name)
    yield lambda: whole(text, name, first_only=first_only)
    yield lambda: of_blocks(blocks, name, first_only=first_only)
    yield lambda: unfenced(text, name, first_only=first_only)
    yield lambda: of_blocks(tagged_blocks(text), name, first_only=first_only)
    if has_head:
        bodies = [block for block in blocks if block.language in PYTHON and _RETURNS.search(block.code)]
        for block in reversed(bodies):
            yield lambda block=block: continued(prompt, block.code, name)  # type: ignore[misc]
        if goes_on or not blocks:
            yield lambda: continued(prompt, text, name) if goes_on or _RETURNS.search(text) else None


def _cleaned(completion: str) -> tuple[str, tuple[Did, ...]]:
    """A text with one kind of line end and without the model's thinking."""
    text = completion.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    opened = _THOUGHT.match(text)
    ends = [found.end() for found in _THOUGHT_END.finditer(text)] if opened or "</" in text else []
    if opened:
        return (text[ends[0] :] if ends else ""), (Did.THOUGHT,)
    # A template that opens the thinking leaves only its end in the answer; within a program it is a string.
    end = next((end for end in ends if _LINE_ENDS.match(text, end)), None)
    if end and parse(text[:MAX_CHARACTERS]) is None:
        blocks = fenced_blocks(text[:end])
        if not blocks or blocks[-1].closed or _ALONE.search(text, 0, end):
            return text[end:], (Did.THOUGHT,)
    return text, ()


def _head(prompt: str, name: str) -> str | None:
    """What stands before the function asked for in a prompt that ends with its head; None where there is none."""
    begins = list(re.finditer(rf"^(?:async[ \t]+)?def[ \t]+{re.escape(name)}\b", prompt.replace("\r\n", "\n"), re.M))
    return None if not begins else prompt.replace("\r\n", "\n")[: begins[-1].start()]


def _finished(found: Found, head: str, name: str, did: tuple[Did, ...]) -> Extraction:
    """The program of statements, behind the prompt's imports and helpers where they lack them."""
    code = _text(each.text for each in found.statements)
    steps = {*did, *found.did}
    if head.strip() and Did.CONTINUED not in steps and head.strip() not in code:
        before = [each for piece in split(head) if (each := statement(piece))]
        gives = {bound for each in before for bound in each.binds}
        has = {bound for each in found.statements for bound in each.binds}
        if not gives or not gives <= has or "import *" in head:
            joined = _text([head.rstrip() + "\n\n\n", code])
            hoisted = joined if parse(joined) else _text([*_FUTURE.findall(joined), _FUTURE.sub("", joined)])
            if parse(hoisted):
                code = hoisted
                steps.add(Did.PREAMBLE)
    order = tuple(step for step in Did if step in steps)
    return Extraction(code, order, parses=parse(code) is not None, defines=True)


def _everything(text: str, did: tuple[Did, ...]) -> Extraction:
    """All the Python of an answer."""
    if len(text) <= MAX_CHARACTERS and (tree := parse(text)) and is_substantial(tree):
        return Extraction(_text([text]), did, parses=True, defines=True)
    taken: list[str] = []
    steps: set[Did] = set(did)
    size = 0
    for block in fenced_blocks(text):
        if block.language not in PYTHON or not block.code.strip() or size > MAX_CHARACTERS:
            continue
        for version, how in mended(block.code[:MAX_CHARACTERS]):
            tree = parse(version)
            # An untagged block of a value alone is an output.
            if tree and (block.language or is_substantial(tree)):
                taken.append(version)
                size += len(version)
                steps |= how | ({Did.FENCED} if block.closed else {Did.FENCED, Did.UNCLOSED})
                break
        else:
            prefix = "" if block.closed else _parsing(block.code)
            if prefix:
                taken.append(prefix)
                steps |= {Did.FENCED, Did.UNCLOSED, Did.CUT}
    if not taken and (bare := _bare(text)):
        taken, steps = [bare], steps | {Did.UNFENCED}
    order = tuple(step for step in Did if step in steps)
    code = _text(f"{each.strip(chr(10))}\n" for each in taken)
    tree = parse(code)
    if tree is None and taken:
        code = _text([max(taken, key=len)])
        tree = parse(code)
    if tree is None or not taken:
        return _leftover(text, order)
    return Extraction(code, order, parses=True, defines=is_substantial(tree))


def _parsing(code: str) -> str:
    """The statements of a code that was cut off, up to the first that does not parse."""
    taken: list[str] = []
    for piece in split(unindented(code[:MAX_CHARACTERS]) + "\n"):
        if parse(piece) is None:
            return "".join([*taken, longest_prefix(piece) or ""])
        taken.append(piece)
    return "".join(taken)


def _bare(text: str) -> str:
    """Definitions, imports and assignments among prose; empty where nothing is defined."""
    read = [each for piece in split(text[:MAX_CHARACTERS] + "\n") if (each := statement(piece))]
    kept = [each for each in read if each.binds and (each.imports or is_substantial(each.tree))]
    return "".join(each.text for each in kept) if any(CODE_BEGINS.match(each.text) for each in kept) else ""


def _leftover(text: str, did: tuple[Did, ...]) -> Extraction:
    """What is Python by its fence or its looks, though it does not parse or does not define what was asked."""
    blocks = [block for block in fenced_blocks(text) if block.language in PYTHON and block.code.strip()]
    if not blocks and not re.search(r"^(?:def|class|import|from|@)\b", text, re.M):
        return Extraction(None, did)
    code = _text([max(blocks, key=lambda block: len(block.code)).code if blocks else text])[:MAX_CHARACTERS]
    order = tuple(step for step in Did if step in {*did, Did.FENCED if blocks else Did.UNFENCED})
    return Extraction(code, order, parses=parse(code) is not None, defines=False)


def _text(pieces: Iterable[str]) -> str:
    # A backslash at the end continues a line that was left out.
    return _BLANK.sub("", "".join(pieces)).rstrip(" \t\n\f\v\\") + "\n"
