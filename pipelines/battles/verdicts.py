"""A judge's verdict: the forms that can bind it, and reading it out of what the judge wrote."""

import re
from dataclasses import dataclass
from typing import Literal

from warriorcoder.pipelines.battles.fences import Fenced, fenced_blocks
from warriorcoder.pipelines.endpoints.calls import Constraint
from warriorcoder.pipelines.endpoints.templates.control import TURN
from warriorcoder.tables import Missing

Verdict = Literal["a", "b", "tie"]


def _form(*parts: tuple[str, int]) -> Constraint:
    """Lines that begin with a given word and go on for so many characters at most, and then the verdict."""
    gbnf = " ".join(rf'{f""""{begin}" """ if begin else ""}[^\[\]\n]{{1,{most}}} [\n]' for begin, most in parts)
    regex = "".join(rf"{begin}[^\[\]\n]{{1,{most}}}\n" for begin, most in parts)
    return Constraint(
        gbnf=f'root ::= {gbnf} "[[" ("A" | "B" | "Tie") "]]"',
        regex=rf"{regex}\[\[(A|B|Tie)\]\]",
    )


FORMS = {
    "verdict": _form(("", 200)),
    "rubric": _form(("Correctness: ", 200), ("Completeness: ", 150), ("Clarity: ", 150), ("Efficiency: ", 150)),
    "reference": _form(("Reference: ", 300), ("Answer A: ", 200), ("Answer B: ", 200)),
}
"""By the recipe's `battles.prompt`: what a verdict is bound to where the recipe wants that."""

# A single pair of brackets, quotes, "[[A]] if answer A is better" from the prompt, and code such as x[[A]] are none.
_MARKER = re.compile(
    r"(?<![A-Za-z0-9_)\]\[])(?<![A-Za-z0-9_]\()\[\[[ \t]*(A|B|Tie)[ \t]*\]\](?![A-Za-z0-9_(\[\]])"
    r"(?!\W{0,6}(?:if|when|means|stands for)\b)",
    re.I,
)
_QUOTED = re.compile(r"[\"'`“‘«„]\Z")
_ENDS = re.compile(r"[\s*_`\"'”’»)~]*(?:\Z|[.!;](?:\s|\Z)|,?\s+(?:because|since|as)\b)")
_GOES_ON = re.compile(r"\W{0,6}(?:or|and|vs|versus|would|could|might|may|can|should|was|were)\b", re.I)
_WORD = re.compile(r"\w+")
MOST_LABEL_WORDS, MOST_ITEM_WORDS = 4, 2

_REASONING_BEGINS = re.compile(r"<(?:think|thinking|thought|reasoning)>|\[THINK\]|◁think▷", re.I)
_REASONING_ENDS = re.compile(r"</(?:think|thinking|thought|reasoning)>|\[/THINK\]|◁/think▷", re.I)
_OWN_LABEL = re.compile(r"\s*(?:<\|im_start\|>\s*assistant\b|(?:\*\*)?Assistant(?:\*\*)?:|#{2,6} Response:?)")
# "### Response A" is a headline over what a judge says of an answer.
_OF_AN_ANSWER = re.compile(r"(?<=[a-z]) [AB]\b")
_NEXT_QUESTION = re.compile(r"^[ \t]*</?(?:instruction|answer_[AB])>[ \t]*$", re.M)


@dataclass(frozen=True)
class _OwnTurn:
    """What a judge itself said, its thoughts left out. `ended` says that the text goes on with another turn."""

    text: str
    ended: bool
    thinking: bool = False


def read_verdict(text: str, finish_reason: str, *, swapped: bool) -> tuple[Verdict | None, Missing | None]:
    """The verdict of a judge's own turn, mapped back to the battle's a and b; without one, None and the reason.

    `swapped` says that the defender's answer was shown as A. The last marker counts where it ends its line or its
    sentence, or begins its line. Where another one stands beside it, or comes after it, the judge has not decided.
    What `finish_reason` "length" cut off counts only where the marker was all that was to come.
    """
    turn = _own_turn(text)
    cut = finish_reason == "length" and not turn.ended
    if turn.thinking:
        return None, Missing.UNFINISHED_REASONING
    if not turn.text.strip():
        return None, Missing.CUT_OFF if cut else Missing.EMPTY
    shown, missing = _decided(turn.text, cut=cut)
    if shown is None or shown == "tie":
        return ("tie" if shown else None), missing
    return ("a" if (shown == "a") != swapped else "b"), None


def _own_turn(text: str) -> _OwnTurn:
    text = text.replace("\r\n", "\n")
    if label := _OWN_LABEL.match(text):
        text = text[label.end() :]
    turns = [
        found
        for found in TURN.finditer(text)
        if not _is_reasoning(found.group(0)) and not _OF_AN_ANSWER.match(text, found.end())
    ]
    # Thoughts may hold lines that look like another's turn, but no control token.
    token = next((found.start() for found in turns if found.group(0)[0] in "<[◁"), None)
    said = text[:token]
    thoughts = max((found.end() for found in _REASONING_ENDS.finditer(said)), default=0)
    said = said[thoughts:]
    if _REASONING_BEGINS.search(said):
        return _OwnTurn("", ended=token is not None, thinking=True)
    lines = [found.start() - thoughts for found in turns if thoughts <= found.start() < thoughts + len(said)]
    lines += [found.start() for found in _NEXT_QUESTION.finditer(said)]
    end = min(lines, default=None)
    return _OwnTurn(said[:end], ended=token is not None or end is not None)


def _is_reasoning(tag: str) -> bool:
    return bool(_REASONING_BEGINS.fullmatch(tag) or _REASONING_ENDS.fullmatch(tag))


@dataclass(frozen=True)
class _Line:
    """A line with markers: those that it shows, and the one that is said as the verdict.

    `bare` says that there is no more than a label beside them, `item` that it could be one of a list.
    """

    shown: frozenset[str]
    said: str | None
    bare: bool
    item: bool
    ends_with_marker: bool


def _decided(text: str, *, cut: bool) -> tuple[str | None, Missing | None]:
    """a, b or tie as shown; else the reason."""
    nothing = Missing.CUT_OFF if cut else Missing.NO_MARKER
    code = {number for block in fenced_blocks(text) for number in _numbers(text, block)}
    rows = enumerate(text.rstrip().split("\n"))
    lines = [_line(line, number in code) for number, line in rows if line.strip()]
    last = next((number for number in reversed(range(len(lines))) if lines[number].said), None)
    if last is None:
        return None, nothing
    verdict = lines[last]
    beside = set().union(*(line.shown for line in lines[last:]))
    # Lines of nothing but a marker, one for each verdict that there is.
    before = last - 1
    while verdict.item and before >= 0 and lines[before].item and lines[before].said:
        beside |= lines[before].shown
        before -= 1
    if len(beside) > 1:
        return None, Missing.SEVERAL
    if cut and not (verdict.ends_with_marker and (verdict.bare or last == len(lines) - 1)):
        return None, nothing
    return verdict.said, None


def _numbers(text: str, block: Fenced) -> range:
    first = text.count("\n", 0, block.start)
    return range(first, first + text.count("\n", block.start, block.end) + 1)


def _line(line: str, in_code: bool) -> _Line:
    found = list(_MARKER.finditer(line))
    others = len(_WORD.findall(_MARKER.sub("", line)))
    bare = others <= (0 if in_code else MOST_LABEL_WORDS)
    counted = [each for each in found if bare or not (in_code or _is_quoted(line[: each.start()]))]
    said = [each for each in counted if _is_said(line, each)]
    return _Line(
        frozenset(each.group(1).lower() for each in counted),
        said[-1].group(1).lower() if said else None,
        bare,
        others <= MOST_ITEM_WORDS,
        bool(said) and not _WORD.search(line[said[-1].end() :]),
    )


def _is_quoted(before: str) -> bool:
    return bool(_QUOTED.search(before)) or before.count("`") % 2 == 1 or before.count('"') % 2 == 1


def _is_said(line: str, marker: re.Match[str]) -> bool:
    """Whether a marker is said as the verdict, not spoken of in the middle of a sentence."""
    after = line[marker.end() :]
    if _GOES_ON.match(after):
        return False
    return bool(_ENDS.match(after)) or not _WORD.search(line[: marker.start()])
