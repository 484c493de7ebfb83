"""A judge's request and its verdict."""

import re
from typing import Literal

from warriorcoder.tables import Missing

Verdict = Literal["a", "b", "tie"]

GRAMMAR = r'root ::= [^\[\]]{1,200} "[[" ("A" | "B" | "Tie") "]]"'

_MARKER = re.compile(r"\[\[\s*(A|B|Tie)\s*\]\]", re.I)
_ANY_MARKER = re.compile(r"\[\[|\]\]|</?(?:answer_[AB]|instruction)>|<\|[^|<>\n]{1,40}\|>", re.I)


def neutralise(answer: str) -> str:
    """An answer as a judge may see it: without anything that could pass for a verdict or for the prompt's own frame."""
    return _ANY_MARKER.sub(lambda found: " ".join(found.group(0)), answer)


def read_verdict(text: str, finish_reason: str, *, swapped: bool) -> tuple[Verdict | None, Missing | None]:
    """The verdict of a judge's own turn: its last marker, mapped back to the battle's a and b.

    `swapped` says that the defender's answer was shown as A. Without a marker the verdict is
    missing, never a tie; the second value says why.
    """
    markers = _MARKER.findall(text)
    if not markers:
        return None, Missing.CUT_OFF if finish_reason == "length" else Missing.NO_MARKER
    shown = markers[-1].lower()
    if shown == "tie":
        return "tie", None
    return ("a" if (shown == "a") != swapped else "b"), None
