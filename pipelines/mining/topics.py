"""Is a text about programming?"""

import re
from functools import cache
from importlib.resources import files

import yaml

ENOUGH_WEAK = 2
"""So many different weak words say what one strong word says, and one more for every WORDS_A_WEAK words of text."""

WORDS_A_WEAK = 30

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
    """Whether a text has a strong word of programming, two different weak ones, or what looks like code in it."""
    topics = _topics()
    if topics["strong"].search(text) or _IDENTIFIER.search(text):
        return True
    # A word in the plural is no other word.
    weak = {found.group(0).lower().removesuffix("s") for found in topics["weak"].finditer(text)}
    words = sum(map(str.isalpha, text.split()))
    return len(weak) >= ENOUGH_WEAK + words // WORDS_A_WEAK
