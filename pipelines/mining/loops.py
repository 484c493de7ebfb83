"""Does a text go round in circles? Words, phrases and lines, at its end or in its middle."""

import re
import zlib

LONGEST_PHRASE = 60
"""Words. A loop of longer phrases shows in how well the text compresses."""

COMPRESSION = 0.2
COMPRESSION_FROM = 300

_LETTERS_AGAIN = re.compile(r"([^\W\d_])\1{19}|([^\W\d_]{2,20}?)\2{5}")
_FENCED = re.compile(r"```.*?(?:```|\Z)", re.S)
_LINE_OF_CODE = re.compile(
    r"[;{}=\\]|\w[(\[]|[)\]},;]\s*$|^\s*(?:[#<>|$\-+*\"'\[]|//|import |from |return |def |class )"
)
# In scripts without spaces every character counts as a word.
_WORD = re.compile(r"[぀-ヿ一-鿿]|[^\W_぀-ヿ一-鿿]+")
_LETTER = re.compile(r"[^\W\d_]")
_LEADING_NUMBER = re.compile(r"^\W*\d+\W+")


def loop_in(text: str) -> str | None:
    """What a text says over and over; None where it does not.

    Code and data repeat themselves by nature: rows of zeros, records, calls. There only whole lines count,
    and only lines that have letters in them.
    """
    if found := _LETTERS_AGAIN.search(text):
        return found.group(0)[:40]
    prose = "\n".join(line for line in _FENCED.sub("\n", text).splitlines() if not _LINE_OF_CODE.search(line))
    lines = [line.strip() for line in text.splitlines() if _LETTER.search(line)]
    return _phrase_again(_WORD.findall(prose.lower())) or _line_again(lines) or _compressed("\n".join(lines))


def _enough(length: int, times: float) -> bool:
    """Whether a phrase of so many words, said so often in a row, is a loop."""
    return times >= (5 if length == 1 else 4 if length <= 4 else 3)


def _phrase_again(words: list[str]) -> str | None:
    """A phrase that follows upon itself.

    One pass: where the three words at hand were last seen tells how long the phrase is that may be
    repeating, and how many words in a row agree on that length tells how often.
    """
    last: dict[tuple[str, ...], int] = {}
    length = again = 0
    for place in range(2, len(words)):
        three = tuple(words[place - 2 : place + 1])
        back = place - last.get(three, -LONGEST_PHRASE - 1)
        last[three] = place
        again = again + 1 if back == length else 1
        length = back
        if length <= LONGEST_PHRASE and _enough(length, (again + 2) / length + 1):
            phrase = " ".join(words[place - length + 1 : place + 1])
            # Numbers in a row are data.
            if _LETTER.search(phrase):
                return phrase
    return None


def _line_again(lines: list[str]) -> str | None:
    """A line that stands six times in a row, but for its number, or six times among less than twelve lines."""
    if len(lines) < 6:
        return None
    counts: dict[str, int] = {}
    run = 0
    previous = None
    for line in lines:
        counts[line] = counts.get(line, 0) + 1
        bare = _LEADING_NUMBER.sub("", line)
        run = run + 1 if bare == previous else 1
        previous = bare
        if run >= 6:
            return line
    most = max(counts, key=counts.__getitem__)
    return most if counts[most] >= 6 and 2 * counts[most] > len(lines) else None


def _compressed(text: str) -> str | None:
    encoded = text.encode("utf-8", "replace")
    if len(text) < COMPRESSION_FROM or len(zlib.compress(encoded, 6)) >= COMPRESSION * len(encoded):
        return None
    return f"it compresses to less than {COMPRESSION:.0%}"
