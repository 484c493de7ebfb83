"""Task class and programming language of an instruction, by rules. The first rule that fits wins."""

import re

TASKS = ("generation", "theory", "debugging", "optimisation", "testing", "refactoring", "other")
"""The task classes."""

_TASKS = (
    (
        "debugging",
        r"\b(?:debug|fix|bugs?|errors?|exception|traceback|stack trace|segmentation fault|doesn'?t work|not working"
        r"|(?:is|what's|going) wrong|wrong with|fails)\b",
    ),
    (
        "optimisation",
        r"\b(?:optimi[sz]e|speed up|faster|more efficient|performance|reduce (?:the )?(?:time|memory))\b",
    ),
    ("testing", r"\b(?:unit tests?|test cases?|pytest|unittest|mock)\b"),
    ("refactoring", r"\b(?:refactor|clean up|restructure|rewrite|simplify)\b"),
    (
        "theory",
        r"\A\W*(?:(?:can|could|would) you (?:please )?|please )?(?:explain|describe|compare|discuss"
        r"|tell me (?:about|what|why)|what(?:'s| is| are| does)|why"
        r"|(?:provide|give)\b.{0,30}\b(?:explanation|overview|summary|example of)"
        r"|how (?:does|is|are)|which)\b",
    ),
    (
        "generation",
        r"\b(?:write|create|implement|develop|build|generate|design|define|construct|make|complete|program"
        r"|convert|sort|reverse|merge|parse|solve|train|plot|given|need a|(?:provide|give me|help me with) an?"
        r"|(?:python|bash|shell) script)\b",
    ),
    (
        "theory",
        r"\b(?:expla(?:in|nation)|what(?:'s| is| are| does)|why|differences?|compare|describe|summary"
        r"|how (?:do|does|can|to|would)|tell me)\b",
    ),
)
_TASK_RULES = [(name, re.compile(pattern, re.I)) for name, pattern in _TASKS]

_LANGUAGES = (
    ("python", r"\bpython|\bpandas\b|\bnumpy\b|\bdjango\b|\bflask\b|```py|\bdef \w+\("),
    ("typescript", r"\btypescript\b|```ts"),
    ("javascript", r"\bjavascript\b|\bnode\.?js\b|\breact\b|```js"),
    ("java", r"\bjava\b|```java\b"),
    ("c++", r"\bc\+\+|```cpp|#include <(?:iostream|vector)>"),
    ("c#", r"\bc#|\.net\b|```csharp"),
    ("sql", r"\bsql\b|\bSELECT .+ FROM\b"),
    ("rust", r"\brust\b|```rust"),
    ("go", r"\bgolang\b|\bin go\b|```go"),
    ("php", r"\bphp\b"),
    ("ruby", r"\bruby\b"),
    ("bash", r"\bbash\b|\bshell script\b"),
    ("html", r"\bhtml\b|\bcss\b"),
    ("c", r"\bin c\b|\bc program\b|#include <"),
)
_LANGUAGE_RULES = [(name, re.compile(pattern, re.I)) for name, pattern in _LANGUAGES]


def task_class(instruction: str) -> str:
    """generation, theory, debugging, optimisation, testing, refactoring or other."""
    return next((name for name, rule in _TASK_RULES if rule.search(instruction)), "other")


def language_named(instruction: str) -> str | None:
    """The programming language that an instruction names or shows; None where there is no sign of one."""
    return next((name for name, rule in _LANGUAGE_RULES if rule.search(instruction)), None)
