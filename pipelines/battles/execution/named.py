"""Names of functions and classes that an instruction asks for in words."""

import re

_ASKED = re.compile(r"(?:function|method|class|def)\s+(?:named\s+|called\s+)?[`'\"]?([A-Za-z_]\w*)\s*(?=\(|[`'\"])")
_CALLED = re.compile(r"(?:function|method|class)\b[^.\n`'\"]{0,20}?\b(?:named|called)\s+[`'\"]?([A-Za-z_]\w*)")
# "a function called by another", "a class named after its author"
_NO_NAME = re.compile(
    r"a|after|an|and|as|at|before|by|each|every|for|from|if|in|into|is|it|its|on|once|only|or|recursively|so|that|the"
    r"|their|this|to|twice|what|when|whenever|where|which|while|whose|with|without"
)


def names_asked(instruction: str) -> set[str]:
    """Names of functions or classes that the instruction asks for by name."""
    called = {name for name in _CALLED.findall(instruction) if not _NO_NAME.fullmatch(name)}
    return set(_ASKED.findall(instruction)) | called
