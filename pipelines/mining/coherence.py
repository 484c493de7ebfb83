"""Is a text garbled: scripts mixed as nobody mixes them, or a salad of words without grammar?"""

import re

from warriorcoder.pipelines.mining.languages import FUNCTION_WORDS, SCRIPTS

WINDOW = 24
"""Words in a row that are looked at together."""

FEWEST = 2
"""So many of them at least are small words in any sentence of a European language."""

LONGEST_WORD = 40

_FENCED = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`", re.S)
_LINE_OF_CODE = re.compile(
    r"[;{}=\\]|\w[(\[]|^\s*(?:[#<>|$+*\"'\[]|-\s*[|-]|//|import |from \w+ import|return |def |class )"
)
_WORD = re.compile(r"[^\W\d_]+(?:'[a-z]+)?")
_MIXED_WORD = re.compile(
    r"[a-zA-Z][\u0400-\u052f\u0600-\u06ff\u0900-\u0bff\u1f00-\u1fff]|[\u0400-\u052f\u0600-\u06ff\u0900-\u0bff\u1f00-\u1fff][a-zA-Z]"
)
_MOJIBAKE = re.compile(r"[ÃÂ][\u0080-\u00bf\u0192\u2018-\u201e\u2020-\u2026…]|â€|[\x80-\x9f\ufffd]")
_ENTITY = re.compile(r"&#\d+;")
_TAG = re.compile(r"<(/?)(u|b|i|em|h\d|li|ul|ol|p|strong|font|code|dist|div|span|a)>", re.I)


def garbled_in(text: str) -> str | None:
    """What shows that a text is garbled; None where nothing does."""
    prose = _FENCED.sub(" ", text)
    if found := _MOJIBAKE.search(prose) or _MIXED_WORD.search(prose):
        return f"in the wrong script: {_around(prose, found)}"
    if found := _ENTITY.search(prose) or _closed_unopened(prose):
        return f"left over of a web page: {_around(prose, found)}"
    if len(present := _scripts(prose)) > 1:
        return "scripts mixed: " + ", ".join(present)
    return _salad(prose)


def _closed_unopened(text: str) -> re.Match[str] | None:
    """The end of an element that never began."""
    opened = set()
    for tag in _TAG.finditer(text):
        name = tag.group(2).lower()
        if not tag.group(1):
            opened.add(name)
        elif name not in opened:
            return tag
    return None


def _around(text: str, found: re.Match[str]) -> str:
    return " ".join(text[max(0, found.start() - 12) : found.end() + 12].split())


def _scripts(text: str) -> list[str]:
    """The scripts beside the Latin one; Japanese and Korean are written in two."""
    if text.isascii():
        return []
    present = [script for script, rule in SCRIPTS.items() if rule.search(text)]
    return [script for script in present if script not in ("kana", "hangul") or "han" not in present]


def _salad(prose: str) -> str | None:
    """Words in a row without the small words that hold sentences together, where the text is no list and no code."""
    words: list[str] = []
    for line in prose.splitlines():
        if not _LINE_OF_CODE.search(line):
            words += _WORD.findall(line)
    if longest := next((word for word in words if len(word) > LONGEST_WORD), None):
        return f"no word: {longest[:40]}"
    if len(words) < WINDOW:
        return None
    small = [word.lower().split("'")[0] in FUNCTION_WORDS for word in words]
    inside = sum(small[:WINDOW])
    for place in range(WINDOW, len(small) + 1):
        if inside < FEWEST:
            return "a salad of words: " + " ".join(words[place - WINDOW : place - WINDOW + 8])
        if place < len(small):
            inside += small[place] - small[place - WINDOW]
    return None
