"""Types said in words: "a list of integers" is a shape."""

import re
from dataclasses import dataclass

from warriorcoder.pipelines.battles.execution.shapes import Shape

_ATOMS = {
    "int": "integer integers int ints",
    "float": "float floats decimal decimals",
    "number": "number numbers",
    "str": "string strings str text",
    "word": "word words",
    "sentence": "sentence sentences",
    "char": "character characters char chars letter letters",
    "bool": "boolean booleans bool bools",
}
_NOUNS = {noun: kind for kind, nouns in _ATOMS.items() for noun in nouns.split()}
_SERIES = {
    **dict.fromkeys(["list", "lists", "array", "arrays", "sequence", "sequences"], "list"),
    **dict.fromkeys(["set", "sets"], "set"),
    **dict.fromkeys(["tuple", "tuples"], "tuple_of"),
}
_DICTIONARIES = frozenset(["dictionary", "dictionaries", "dict", "dicts"])
_COUNTS = {"two": 2, "2": 2, "three": 3, "3": 3}
_FLAGS = {
    "positive": ("positive",),
    "natural": ("positive",),
    "non-negative": ("nonnegative",),
    "nonnegative": ("nonnegative",),
    "non-empty": ("nonempty",),
    "nonempty": ("nonempty",),
    "sorted": ("sorted",),
    "ordered": ("sorted",),
    "unique": ("distinct",),
    "distinct": ("distinct",),
}
# They change nothing about which values are meant.
_PASSED_OVER = frozenset(
    [
        "a",
        "an",
        "the",
        "given",
        "single",
        "input",
        "of",
        "one",
        "some",
        "any",
        "n",
        "m",
        "python",
        "whole",
        "random",
        "unsorted",
    ]
)
# "a binary string": a word between article and noun narrows the type, unless it is one of these.
_NARROWED = re.compile(r"\b(?:an?|the|each|every|two|three|of|containing)\s+([A-Za-z-]+)\s+\Z", re.I)
_HARMLESS = frozenset(
    ["large", "long", "longer", "short", "simple", "new", "first", "second", "third", "following", "mixed", "sample"]
)
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*")
_GAP = re.compile(r"[\s`'\"*]*")


@dataclass(frozen=True)
class Phrase:
    """Types named at a place of a text: one shape for each value, from `start` to `end`."""

    start: int
    end: int
    shapes: tuple[Shape, ...]


def phrases(text: str) -> list[Phrase]:
    """The types that a text names, in order: "two strings" are two shapes. Words that narrow a type in a way
    that is not known here ("a binary string") make it unknown."""
    found = []
    position = 0
    while match := _WORD.search(text, position):
        phrase = _read(text, match.start())
        position = phrase.end if phrase else match.end()
        if phrase:
            narrowed = _NARROWED.search(text[max(0, phrase.start - 40) : phrase.start])
            if narrowed and narrowed.group(1).lower() not in _HARMLESS:
                phrase = Phrase(phrase.start, phrase.end, (Shape("unknown"),) * len(phrase.shapes))
            found.append(phrase)
    return found


def _read(text: str, start: int) -> Phrase | None:
    flags: list[str] = []
    count = 1
    position = start
    while match := _WORD.match(text, position):
        word = match.group().lower()
        after = _GAP.match(text, match.end())
        assert after is not None
        if (shape := _container(text, word, after.end())) is not None:
            return Phrase(start, shape[1], (shape[0].flagged(flags),) * count)
        if word in _NOUNS:
            return Phrase(start, *_atom(text, word, match.end(), flags, count))
        if word in _FLAGS:
            flags += _FLAGS[word]
        elif word in _COUNTS:
            count = _COUNTS[word]
        elif word not in _PASSED_OVER:
            return None
        position = after.end()
    return None


def _container(text: str, word: str, after: int) -> tuple[Shape, int] | None:
    """A list and what it is said to hold: "list of lists of words". What it holds may stay open."""
    if word in _DICTIONARIES:
        return Shape("dict"), after
    if word not in _SERIES:
        return None
    of = re.compile(r"(?:of|containing|with)\s+", re.I).match(text, after)
    held = _read(text, of.end()) if of else None
    if held and len(held.shapes) == 1:
        # "a list of sorted lists" flags the inner ones alone; "a list of unique integers" flags the list.
        (item,) = held.shapes
        flags = item.flags & {"distinct"}
        return Shape(_SERIES[word], (Shape(item.kind, item.items, item.flags - flags),), flags), held.end
    return Shape(_SERIES[word]), after


def _atom(text: str, word: str, end: int, flags: list[str], count: int) -> tuple[int, tuple[Shape, ...]]:
    """A plain type, or "integer array", "string list"."""
    shape = Shape(_NOUNS[word])
    following = re.compile(r"[\s`]+([A-Za-z]+)").match(text, end)
    if following and following.group(1).lower() in _SERIES:
        return following.end(), (Shape(_SERIES[following.group(1).lower()], (shape,)).flagged(flags),) * count
    return end, (shape.flagged(flags),) * count
