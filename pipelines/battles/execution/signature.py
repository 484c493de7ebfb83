"""What an instruction fixes about the function that it asks for: its name, its parameters, their types."""

import ast
import re
import warnings
from collections import Counter
from dataclasses import dataclass, replace

from warriorcoder.pipelines.battles.execution import shapes
from warriorcoder.pipelines.battles.execution.literals import calls_in, straight
from warriorcoder.pipelines.battles.execution.named import names_asked
from warriorcoder.pipelines.battles.execution.shapes import Shape
from warriorcoder.pipelines.battles.execution.words import Phrase, phrases

_DEFINITION = re.compile(r"^([ \t]*)(?:>>>[ \t]*)?(?:async[ \t]+)?def[ \t]+([A-Za-z_]\w*)[ \t]*\(", re.M)
_CALL_FORM = re.compile(r"(?<![\w.])([A-Za-z_]\w*)\(([^()\n]*)\)(\s*->\s*[\w.]+(?:\[[\w., \[\]]*\])?(?:\s*\|\s*\w+)*)?")
_TAKES = re.compile(
    r"\b(?:takes?(?:\s+in)?|taking|accepts?|accepting|receives?|receiving|(?<!\ba )(?<!\bthe )given|gets"
    r"|whose\s+inputs?\s+(?:is|are)|(?:as|with)\s+(?:an?\s+)?(?:input|arguments?|parameters?))\b",
    re.I,
)
_RETURNS = re.compile(r"\b(?:returns?|returning|outputs?|outputting|prints?|gives?\s+back)\b", re.I)
_TOPIC = re.compile(r"\b(?:function|program|script|method|code|algorithm|given|return)\b", re.I)
_SENTENCE = re.compile(r"[.!?](?=\s|$)|\n\s*\n")
_YES_OR_NO = re.compile(r"\breturns?\s+(?:either\s+)?`?(?:True|False)\b", re.I)
_NOTHING = re.compile(r"\b(?:None|null|nothing)\b")
_CODE_NAMES = frozenset(
    [
        "print",
        "len",
        "range",
        "str",
        "int",
        "list",
        "dict",
        "set",
        "tuple",
        "sorted",
        "sum",
        "max",
        "min",
        "assert",
        "input",
        "open",
        "isinstance",
    ]
)


@dataclass(frozen=True)
class Parameter:
    """A parameter: its name ("" where none is given), its shape where it is told, and whether it may be left out."""

    name: str
    shape: Shape | None = None
    optional: bool = False


@dataclass(frozen=True)
class Signature:
    """What is fixed. `name` and `parameters` are None where the instruction leaves them open."""

    name: str | None
    parameters: tuple[Parameter, ...] | None
    returns: Shape | None

    @property
    def typed(self) -> bool:
        """Whether inputs can be made: every parameter that must be given has a complete shape."""
        needed = [p for p in self.parameters or () if not p.optional]
        return bool(needed) and all(p.shape is not None and p.shape.complete for p in needed)


def signature_of(instruction: str) -> Signature | None:
    """The signature that an instruction fixes, or None where it fixes nothing.

    Looked at in order: a `def` line with its annotations; a name and parameters in a call form (`f(text, n)`); a
    name asked for in words; types said in words ("takes a list of integers and returns"). Example calls fix a
    name where nothing else does, and fill in shapes; so do words, where a parameter has no annotation.
    """
    text = straight(instruction)
    defined = _definition(text)
    name = defined.name if defined else _name(text)
    defined = defined or _call_form(text, name)
    parameters = defined.parameters if defined else None
    inputs, returns = said(text)
    if parameters is not None:
        open_places = [place for place, parameter in enumerate(parameters) if parameter.shape is None]
        if len(parameters) == len(inputs) and open_places:
            parameters = tuple(
                replace(parameter, shape=parameter.shape or shape)
                for parameter, shape in zip(parameters, inputs, strict=True)
            )
    elif inputs:
        # Words leave inputs out; example calls do not.
        counts = {len(call.arguments) for call in calls_in(text) if call.name == name and not call.keywords}
        fitting = not counts or len(inputs) in counts
        parameters = tuple(Parameter("", shape) for shape in inputs) if fitting else None
    if defined and defined.returns:
        returns = defined.returns
    if name is None and not parameters and returns is None:
        return None
    return Signature(name, parameters or None, returns)


def said(text: str) -> tuple[tuple[Shape, ...], Shape | None]:
    """The shapes of inputs and of the result that an instruction says in words; () and None where it does not."""
    prose = re.sub(r"```.*?(?:```|\Z)", "\n\n", text, flags=re.S)
    inputs: tuple[Shape, ...] = ()
    returns: Shape | None = None
    for sentence in _SENTENCE.split(prose):
        if not _TOPIC.search(sentence) and inputs:
            continue
        taken, given = _of_sentence(sentence)
        inputs = inputs or taken
        returns = returns or given
    if returns is None and _YES_OR_NO.search(prose):
        returns = Shape("bool")
    if returns is not None and _NOTHING.search(text) and returns.kind != "optional":
        returns = Shape("optional", (returns,))
    return inputs, returns


def _of_sentence(sentence: str) -> tuple[tuple[Shape, ...], Shape | None]:
    found = phrases(sentence)
    takes, returns = _TAKES.search(sentence), _RETURNS.search(sentence)
    if takes and returns and returns.start() > takes.start():
        before = [p for p in found if takes.start() <= p.start and p.end <= returns.start()]
        after = [p for p in found if p.start >= returns.end()]
    elif takes:
        before = [p for p in found if p.start >= takes.start()]
        after = [p for p in found if returns and returns.end() <= p.start and p.end <= takes.start()]
    else:
        # "a function that counts the vowels in a string": one input, where one type is named before any result.
        before = [p for p in found if not returns or p.end <= returns.start()]
        before = _topic(sentence, before)
        after = [p for p in found if returns and p.start >= returns.end()]
    return _together(sentence, before), _result(sentence, returns, after)


# What comes before the one thing that a function is for: "counts the vowels in a string", "checks whether a number".
_PLACE = re.compile(
    r"\b(?P<word>in|of|from|whether|if|checks?|that|reverses?|sorts?|converts?)\s+(?:an?\s+|the\s+)?(?:given\s+)?\Z",
    re.I,
)


def _topic(sentence: str, found: list[Phrase]) -> list[Phrase]:
    placed = [(phrase, match) for phrase in found if (match := _PLACE.search(sentence[: phrase.start]))]
    if len(placed) > 1 and placed[-1][1]["word"].lower() in ("in", "of", "from"):
        # "reverses the words in a sentence"
        placed = placed[-1:]
    return [phrase for phrase, _ in placed] if len(placed) == 1 else []


def _together(sentence: str, found: list[Phrase]) -> tuple[Shape, ...]:
    """Inputs named side by side ("a string and an integer"); a type that comes later is another thing."""
    taken: list[Shape] = []
    for position, phrase in enumerate(found):
        between = sentence[found[position - 1].end : phrase.start] if position else ""
        if position and not re.fullmatch(
            r"[\s`'\"*\w,()]{0,40}?(?:,|\band\b)[\s`'\"*]*(?:another\s+|also\s+)?(?:an?\s+|the\s+)?", between
        ):
            break
        taken += phrase.shapes
    # "takes a string and a ..." where what comes next has no known type: the number of inputs is not told.
    if found and re.match(
        r"\s*(?:`\w+`\s*|\w+\s*)?(?:,|and)\s+(?:an?|another|the)\s+(?!new\b)\w+(?!\s+(?:of|in))",
        sentence[found[min(len(found), max(1, len(taken))) - 1].end :],
    ):
        return ()
    return tuple(taken)


def _result(sentence: str, returns: re.Match[str] | None, after: list[Phrase]) -> Shape | None:
    """The type named right after "returns", where one is: "returns the longest word" is none for sure."""
    if not returns or not returns.group().lower().startswith(("return", "output")) or not after:
        return None
    between = sentence[returns.end() : after[0].start]
    counted = re.match(r"\s*the\s+(?:total\s+)?(?:number|count)\s+of\b", sentence[returns.end() :], re.I)
    if counted:
        return Shape("number")
    if between.strip(" `*\"'") or len(after[0].shapes) != 1:
        return None
    shape = after[0].shapes[0]
    if shape.kind == "unknown":
        return None
    return Shape("number") if shape.kind in ("int", "float") else Shape("str") if shape.kind in shapes.TEXTS else shape


def _definition(text: str) -> Signature | None:
    """The function that a `def` line asks for: the last one. A prompt with helpers ends with what is to be written."""
    last: Signature | None = None
    for match in _DEFINITION.finditer(text):
        if (node := _parsed_head(text, match)) is not None:
            last = _of_node(node)
    return last


def _of_node(node: ast.FunctionDef) -> Signature:
    arguments = node.args
    returns = shapes.of_annotation(node.returns)
    if arguments.vararg or arguments.kwarg or arguments.kwonlyargs:
        return Signature(node.name, None, returns)
    plain = [*arguments.posonlyargs, *arguments.args]
    plain = [argument for argument in plain if argument.arg not in ("self", "cls")]
    required = len(plain) - len(arguments.defaults)
    parameters = tuple(
        Parameter(argument.arg, shapes.of_annotation(argument.annotation), place >= required)
        for place, argument in enumerate(plain)
    )
    return Signature(node.name, parameters, returns)


def _parsed_head(text: str, match: re.Match[str]) -> ast.FunctionDef | None:
    """The definition without its body."""
    lines = text[match.start() :].split("\n")[:12]
    head = ""
    for line in lines:
        head += line.strip().removeprefix(">>>").strip() + "\n"
        candidate = re.sub(r"\)\s*(->[^:]*)?:.*\Z", lambda m: f") {m.group(1) or ''}: pass", head.strip(), flags=re.S)
        for attempt in (candidate, f"{head.strip()}: pass"):
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    node = ast.parse(attempt.removeprefix("async ")).body[0]
            except (SyntaxError, ValueError, IndexError, RecursionError, MemoryError):
                continue
            if isinstance(node, ast.FunctionDef):
                return node
    return None


def _name(text: str) -> str | None:
    """The one name asked for in words, or else the one that all example calls use."""
    asked = names_asked(text)
    if asked:
        return next(iter(asked)) if len(asked) == 1 else None
    called = Counter(call.name for call in calls_in(text) if call.name not in _CODE_NAMES and call.arguments)
    return next(iter(called)) if len(called) == 1 else None


def _call_form(text: str, name: str | None) -> Signature | None:
    """`f(text, n=2)` or `f(text: str) -> bool` in prose: a call whose arguments are names is a head without `def`."""
    for match in _CALL_FORM.finditer(text):
        if match.group(1) != name or re.search(r"\b(?:True|False|None)\b(?<!= )", match.group(2).split("=")[0]):
            continue
        for head in (match.group(0), f"{name}({match.group(2)})"):
            try:
                node = ast.parse(f"def {head}: pass").body[0]
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                continue
            if isinstance(node, ast.FunctionDef):
                return _of_node(node)
    return None
