"""Is a text about programming?"""

import re
from functools import cache
from importlib.resources import files

import yaml

from warriorcoder.pipelines.mining.languages import languages_named

STRONG = 2
"""A strong word is worth so many weak ones."""

WORDS_A_POINT = 20
"""A text must come to STRONG, and to one more for every so many words: one word of programming does not make a long
letter a question about it."""

_IDENTIFIER = re.compile(
    r"\w+\(\)|\bdef \w+\(|>>> |\b\w+ = \[|\b[a-z]+_[a-z_]+\b|\b\w+\.\w+\(|\b[a-z]+[A-Z]\w*\(|\bSELECT\b.+\bFROM\b"
    r"|</?(?:html|head|body|div|span|table|script|form|input|button|img)\b",
    re.S,
)


@cache
def _topics() -> dict[str, re.Pattern[str]]:
    table = yaml.safe_load(files(__package__).joinpath("topics.yaml").read_text(encoding="utf-8"))
    return {
        strength: re.compile(rf"(?<![\w@/])(?:{'|'.join(lines)})(?!\w)", re.IGNORECASE)
        for strength, lines in table.items()
    }


def is_about_programming(text: str) -> bool:
    """Whether a text names a programming language, or has enough words of programming or pieces of code for its length.

    Each word counts once, however often it is said.
    """
    if languages_named(text):
        return True
    topics = _topics()
    strong = {found.group(0).lower() for rule in (topics["strong"], _IDENTIFIER) for found in rule.finditer(text)}
    # A word in the plural is no other word.
    weak = {found.group(0).lower().removesuffix("s") for found in topics["weak"].finditer(text)}
    words = sum(map(str.isalpha, text.split()))
    return STRONG * len(strong) + len(weak) >= STRONG + words // WORDS_A_POINT
