"""Whether an instruction asks for Python code: only then code, or none, says something about an answer."""

import re

_THING = (
    r"(?:functions?|programs?|scripts?|methods?|class(?:es)?|code|implementation|snippet|algorithm|one[- ]liner"
    r"|decorator|generator|solution|module|expression|loop|lambda|comprehension)"
)
_ASKS = re.compile(
    r"\b(?:write|writing|create|creating|implement\w*|provide|build|develop|code|complete|define|design|make|produce|generate"
    r"|give\s+me|show\s+me|fix|debug|refactor|rewrite|optimi[sz]e|finish|need|want|looking\s+for|help\s+me|trying\s+to"
    rf"|construct|craft|working\s+on|how\s+(?:can|do|would)\s+(?:i|you|we))\b[^.?!\n]{{0,80}}?\b{_THING}\b",
    re.I,
)
_DEFINES = re.compile(r"\bdef[ \t]+\w+\(|^[ \t]*class[ \t]+\w+[(:]|^[ \t]*assert[ \t]+\w+\(", re.M)
_EXPLAIN = re.compile(
    r"^\W*(?:(?:can|could|would)\s+you\s+(?:please\s+)?)?(?:please\s+)?"
    r"(?:explain|describe|what(?:'s|\s+(?:is|are|does|do))\b|why\b|summari[sz]e|discuss|compare|define\s+the\s+term"
    r"|(?:give|provide|tell)\s+(?:me\s+)?(?:an?\s+|some\s+|the\s+)?(?:\w+\s+)?(?:explanation|summary|overview|description|list|information)\b)",
    re.I,
)
# "in C++", "a JavaScript function"; a name that is a word as well counts after "in" or "using" alone.
_OTHER = re.compile(
    r"(?<![\w.])(?:javascript|typescript|java|c\+\+|c#|golang|rust|ruby|php|kotlin|swift|scala|haskell|perl|matlab|html|css"
    r"|sql|mysql|postgresql|bash|powershell|react|node\.?js|vba|assembly|solidity|dart|lua|julia|verilog)(?![\w+#])"
    r"|\b(?:in|using)\s+(?:C|R|Go)\b(?![\w+#])",
    re.I,
)
_PYTHON = re.compile(r"\bpython\b|\bdef\s+\w+\(", re.I)


def asks_for_python(instruction: str) -> bool:
    """Whether the instruction wants Python code: another language, or an explanation, is not it."""
    if _OTHER.search(instruction) and not _PYTHON.search(instruction):
        return False
    if _DEFINES.search(instruction):
        return True
    return _ASKS.search(instruction) is not None and _EXPLAIN.match(instruction) is None
