"""A judge's request and its verdict."""

import re
from typing import Literal

from warriorcoder.pipelines.endpoints.calls import Constraint
from warriorcoder.tables import Missing

Verdict = Literal["a", "b", "tie"]

FORM = Constraint(
    gbnf=r'root ::= [^\[\]]{1,200} "[[" ("A" | "B" | "Tie") "]]"',
    regex=r"[^\[\]]{1,200}\[\[(A|B|Tie)\]\]",
)

_MARKER = re.compile(r"\[\[\s*(A|B|Tie)\s*\]\]", re.I)
_TURN_ENDS = re.compile(r"<\|(?:im_end|eot_id|end|endoftext|end_of_text)\|>|^<instruction>$", re.M)


def read_verdict(text: str, finish_reason: str, *, swapped: bool) -> tuple[Verdict | None, Missing | None]:
    """The verdict of a judge's own turn: its last marker, mapped back to the battle's a and b.

    `swapped` says that the defender's answer was shown as A. Without a marker the verdict is
    missing, never a tie; the second value says why.
    """
    # A judge that does not stop goes on with a turn of its own invention, and judges that too.
    markers = _MARKER.findall(_TURN_ENDS.split(text, maxsplit=1)[0])
    if not markers:
        return None, Missing.CUT_OFF if finish_reason == "length" else Missing.NO_MARKER
    shown = markers[-1].lower()
    if shown == "tie":
        return "tie", None
    return ("a" if (shown == "a") != swapped else "b"), None
