"""A model's text as a judge or grader may see it: nothing in it passes for a verdict, the prompt's frame or a turn."""

import re
import unicodedata
from collections.abc import Callable

from warriorcoder.pipelines.endpoints.templates.control import TURN

FRAME = re.compile(r"<\s*/?\s*(?:answer[_ -]?[AB]|instruction)\b[^<>\n]{0,40}>?", re.I)
"""A tag of the prompts' frame, as a model that reads loosely may take it."""

# Verdicts and grades. Other double brackets stay: they are code, which a judge must see as it is.
_MARKER = re.compile(r"\[\[\s*(?:A|B|Tie|\d+)\s*\]\]", re.I)

# Characters that show nothing, or turn the order of what is shown: they hide a text from whoever reads the answer.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f"
    "\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
# Between letters of some scripts and between emoji these two belong to the spelling; beside ASCII they never do.
_JOINER = re.compile("(?<![^\x00-\x7f])[\u200c\u200d]|[\u200c\u200d](?![^\x00-\x7f])")

_LOOK_ALIKES = dict(
    zip(
        "АВТаеіѕостԁгɑıΑΒΤοι【】〔〕〖〗〚〛❲❳⁅⁆‹›〈〉❬❭⟨⟩",
        "ABTaeisoctdraiABToi[][][][][][]<><><><>",
        strict=True,
    )
)


class _Folding(dict[int, str]):
    """Every character as what it looks like, one for one, so that a place in the folded text is one in the text."""

    def __missing__(self, code: int) -> str:
        folded = unicodedata.normalize("NFKC", chr(code))
        folded = folded if len(folded) == 1 else chr(code)
        return self.setdefault(code, _LOOK_ALIKES.get(folded, folded))


_FOLDING = _Folding()


def neutralise(text: str) -> str:
    """The text with all that could pass for something else spelled out, so that it can still be read.

    Verdicts and grades get a space between their brackets, so that `x[[B]]` stays the code that it is. Tags of the
    frame and control tokens are spelled letter by letter, and a role at the beginning of a line gets a space.
    Characters that show nothing are shown by their numbers. Look-alikes count as what they look like.
    """
    text = _HIDDEN.sub(_numbered, text.replace("\r\n", "\n").replace("\r", "\n"))
    if not text.isascii():
        text = _JOINER.sub(_numbered, text)
    for pattern, spelled in ((FRAME, " ".join), (TURN, _turn_spelled), (_MARKER, _marker_spelled)):
        text = _replaced(pattern, spelled, text)
    return text


def _replaced(pattern: re.Pattern[str], spelled: Callable[[str], str], text: str) -> str:
    folded = text if text.isascii() else text.translate(_FOLDING)
    parts, end = [], 0
    for found in pattern.finditer(folded):
        parts += [text[end : found.start()], spelled(text[found.start() : found.end()])]
        end = found.end()
    return "".join([*parts, text[end:]])


def _turn_spelled(turn: str) -> str:
    if turn.startswith("#"):
        return re.sub("#(?=#)", "# ", turn)
    return f"{turn[:-1]} {turn[-1]}" if turn[0] not in "<[◁" and turn[-1] in ":：" else " ".join(turn)


def _marker_spelled(marker: str) -> str:
    return f"{marker[0]} {marker[1:-1]} {marker[-1]}"


def _numbered(hidden: re.Match[str]) -> str:
    return f"<U+{ord(hidden.group(0)):04X}>"
