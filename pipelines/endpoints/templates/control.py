"""What begins or ends a turn in the chat of any family: control tokens, and lines that name a role."""

import re

from warriorcoder.pipelines.endpoints.templates.families import FAMILIES

# What control tokens look like, of families and tokenizers that are not in the registry too. None holds a space, so
# that F#'s and Haskell's operators are no tokens.
_SHAPES = (
    r"<[|｜][^\s|｜<>]{1,40}[|｜]>",
    r"<\|?[a-z_]{1,20}\|>|<\|[a-z_]{1,20}>",
    r"\[\|[^\s|\[\]]{1,30}\|\]",
    r"</?s>|<(?:bos|eos|pad|unk|mask|sop|eop)>|<unused\d+>|<extra_id_\d+>|<[A-Z]{3}_TOKEN>",
    r"<(?:start|end)_of_(?:turn|image|text)>",
    r"<(?:fim_\w+|file_sep|repo_?name|jupyter_\w+)>|</?tool_(?:call|response)>",
    r"\[/?(?:INST|SYSTEM_PROMPT|(?:AVAILABLE_)?TOOLS|TOOL_(?:CALLS|RESULTS|CONTENT)|THINK|ARGS|CALL_ID|IMG)\]|\[(?:gMASK|sMASK)\]",
    r"<</?SYS>>",
    r"</?(?:think|thinking|thought|reasoning)>|◁/?think▷",
)

# Families without control tokens tell a turn by a line of words; so do models that have no template.
_ROLE_LINES = (
    r"#{2,6}[ \t]*(?:Instruction|Response|Assistant|(?:User|Human):)",
    r"(?:\*\*)?(?:User|Human|Assistant|Instruction|USER|HUMAN|ASSISTANT|INSTRUCTION)(?:\*\*)?:",
)


def _of_the_registry() -> set[str]:
    templates = [template for template in FAMILIES.values() if template.chat]
    return {text.strip() for template in templates for text in (*template.stop, *template.markers)}


def _is_words(text: str) -> bool:
    """Whether a marker is made of words, which stand in other texts too, so that only a line's beginning tells."""
    return text[0].isalpha()


def _pattern() -> re.Pattern[str]:
    registry = sorted(_of_the_registry(), key=len, reverse=True)
    tokens = [re.escape(text) for text in registry if not _is_words(text)]
    lines = [re.escape(text) for text in registry if _is_words(text)]
    anywhere, at_a_line = "|".join([*tokens, *_SHAPES]), "|".join([*lines, *_ROLE_LINES])
    # What they can begin with is looked at first: most of a text is neither.
    return re.compile(rf"(?=[<\[◁#])(?:{anywhere})|^(?=[#*A-Z])(?:{at_a_line})", re.M)


TURN = _pattern()
"""Matches what begins or ends a turn: a control token anywhere, or a role's name at the beginning of a line."""


def control_tokens() -> set[str]:
    """Every control token and marker that the registry's chat families have."""
    return _of_the_registry()
