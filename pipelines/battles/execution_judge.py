"""The execution judge: an uninvolved party that compares what can be checked in two answers.

This version reads code without running it: is there code, does it parse, does it define something,
does it define what was asked for.
"""

import ast
import re
import warnings
from dataclasses import dataclass
from textwrap import dedent

from warriorcoder.code_blocks import PYTHON, code_blocks
from warriorcoder.pipelines.battles.verdicts import Verdict

_ASKED = re.compile(r"(?:function|method|class|def)\s+(?:named\s+|called\s+)?[`'\"]?([A-Za-z_]\w*)\s*(?=\(|[`'\"])")
_CALLED = re.compile(r"(?:function|method|class)\b[^.\n`'\"]{0,20}?\b(?:named|called)\s+[`'\"]?([A-Za-z_]\w*)")
# "a function called by another", "a class named after its author"
_NO_NAME = re.compile(
    r"a|after|an|and|as|at|before|by|each|every|for|from|if|in|into|is|it|its|on|once|only|or|recursively|so|that|the"
    r"|their|this|to|twice|what|when|whenever|where|which|while|whose|with|without"
)


@dataclass(frozen=True, order=True)
class Evidence:
    """What can be said of one answer; compared field by field, the earlier field first."""

    has_code: bool
    parses: bool
    substantial: bool
    defines_asked: bool

    def describe(self) -> str:
        """One line for the vote's row."""
        if not self.has_code:
            return "no Python code"
        if not self.parses:
            return "code that does not parse"
        if not self.substantial:
            return "code that parses but defines and does nothing"
        return "code that parses and defines what was asked" if self.defines_asked else "code that parses"


def names_asked(instruction: str) -> set[str]:
    """Names of functions or classes that the instruction asks for by name."""
    called = {name for name in _CALLED.findall(instruction) if not _NO_NAME.fullmatch(name)}
    return set(_ASKED.findall(instruction)) | called


def examine(answer: str, instruction: str) -> Evidence:
    """The evidence in one answer. All its Python blocks are taken together, as a reader would paste them."""
    python = [block for block in code_blocks(answer) if block.language in PYTHON and block.code.strip()]
    # A block inside a list is indented as a whole.
    blocks = [dedent(block.code) for block in python]
    if not blocks:
        return Evidence(False, False, False, False)
    tree = _parse("\n".join(blocks)) or _parse(max(blocks, key=len))
    if tree is None:
        return Evidence(True, False, False, False)
    defined = {
        node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    }
    asked = names_asked(instruction)
    substantial = any(not _is_idle(node) for node in tree.body)
    return Evidence(True, True, substantial, bool(asked & defined) if asked else bool(defined))


def judge_by_evidence(answer_a: str, answer_b: str, instruction: str) -> tuple[Verdict, str]:
    """The verdict and its reason: the answer with more evidence wins, equal evidence is a tie."""
    a, b = examine(answer_a, instruction), examine(answer_b, instruction)
    verdict: Verdict = "a" if a > b else "b" if b > a else "tie"
    return verdict, f"a: {a.describe()}; b: {b.describe()}"


def _parse(code: str) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _is_idle(node: ast.stmt) -> bool:
    """Whether a statement of the top level does nothing: imports, constants, and functions with an empty body."""
    if isinstance(node, ast.Import | ast.ImportFrom | ast.Pass):
        return True
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return all(isinstance(inner, ast.Pass) or _is_idle(inner) for inner in node.body)
    return False
