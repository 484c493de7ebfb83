"""Examples: inputs with what should come out, as an instruction gives them and as an answer claims them."""

import ast
import doctest
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from warriorcoder.pipelines.battles.execution.literals import (
    CallText,
    call_of,
    calls_in,
    literal_at,
    straight,
    value_of,
)
from warriorcoder.pipelines.battles.execution.signature import Signature, signature_of

MOST = 24
_SHOULD = r"(?:should|would|must|will)"
# What stands between a call and its result: `f(1) -> 2`, `f(1) should return 2`, `f(1)  # Output: 2`.
_ARROW = re.compile(
    r"[ \t`]*(?:->|=>|→|➞|⇒|==>|==|=(?!=)|\bis\b"
    r"|(?:#|//)[ \t]*(?:(?:->|=>|→|==|=)|(?:expected[ \t]+|sample[ \t]+)?(?:outputs?|results?|returns?|prints?)[ \t]*:?"
    rf"|{_SHOULD}[ \t]+(?:return|be|print|output)[ \t]*:?)?"
    rf"|\b(?:{_SHOULD}[ \t]+)?(?:returns?|gives?|outputs?|equals?|evaluates?[ \t]+to|yields?)\b[ \t]*:?"
    rf"|{_SHOULD}[ \t]+be)[ \t`]*",
    re.I,
)
_IN_OUT = re.compile(
    r"\binputs?[ \t]*\d*[ \t]*(?:\*\*)?:(?:\*\*)?[ \t]*(?:\n[ \t]*)?(?P<given>[^\n]+?)[ \t]*"
    r"(?:\n+|,[ \t]+|;[ \t]*|[ \t]+)[ \t>*-]*(?:\*\*)?(?:the[ \t]+)?(?:expected[ \t]+|sample[ \t]+|example[ \t]+)?"
    r"outputs?[ \t]*\d*[ \t]*(?:\*\*)?:(?:\*\*)?[ \t]*(?:\n[ \t]*)?(?P<wanted>[^\n]+)",
    re.I,
)
_THINGS = r"(?:list|array|string|number|integer|tuple|dictionary|word|sentence|text)"
_GIVEN = re.compile(
    rf"\b(?:given|for|if|when|with)[ \t]+(?:the[ \t]+|an?[ \t]+)?(?:input[ \t]+)?(?:{_THINGS}[ \t]+)?"
    r"(?:(?:input|list|array|string|it|number)[ \t]+is[ \t]+)?(?:passed[ \t]+)?[`]?",
    re.I,
)
_THEN = re.compile(
    r"[`]?[ \t]*,?[ \t]*(?:then[ \t]+)?(?:the|your|it)?[ \t]*"
    rf"(?:(?:function|program|code|method|output|result|answer)[ \t]+)?(?:{_SHOULD}[ \t]+)?"
    rf"(?:returns?|outputs?|gives?|be|is|produces?)(?:[ \t]+(?:be|the[ \t]+{_THINGS}))?[ \t:]*[`]?",
    re.I,
)
_COMMENT = re.compile(
    r"(\)?)[ \t]*#[ \t]*(?:expected[ \t]+)?(?:outputs?|prints?|returns?|results?|should[ \t]+(?:return|print|be))?"
    r"[ \t]*(?::|->|=>|=)?[ \t]*(.+?)[ \t]*",
    re.I,
)
_REMARK = re.compile(r"[ .;]*\Z|\s*(?:\(|because|since|,|-|as\b)")
_LINE_END = re.compile(r"[ \t`.,;)]*(?:$|#|\n|because\b|since\b|as\b|and\b|but\b|while\b|whereas\b|\()", re.M)


@dataclass(frozen=True)
class Example:
    """A call's arguments and what should come of it.

    `by`: it equals `expected`, print shows it as `expected`, or its truth is `expected` (`assert not f(x)`).
    """

    arguments: tuple[Any, ...]
    expected: Any
    by: Literal["value", "print", "truth"] = "value"


def examples_of(instruction: str, signature: Signature | None = None) -> list[Example]:
    """The examples in an instruction, MOST at most, each input once: asserts, doctests, `f(1) -> 2`, "Input: …
    Output: …", "given [1, 2] it returns 3". Two that contradict each other are both left out."""
    text = straight(instruction)
    signature = signature or signature_of(instruction)
    found = [*_asserted(text, signature), *_doctests(text, signature), *_arrows(text, signature)]
    found += [*_in_out(text, signature), *(_given(text, signature) if not found else ())]
    return _consistent(found)


def claims_of(program: str, entry_point: str, signature: Signature | None = None) -> list[Example]:
    """What an answer's own program says of its function: asserts, doctests, and comments beside calls."""
    mine = Signature(entry_point, signature.parameters if signature else None, None)
    text = straight(program)
    return _consistent([*_asserted(text, mine), *_doctests(text, mine), *_comments(text, mine)])


def calls_of(program: str, entry_point: str) -> list[tuple[Any, ...]]:
    """The inputs that a program itself gives to its function, each once."""
    found = {repr(c.arguments): c.arguments for c in calls_in(program) if c.name == entry_point and not c.keywords}
    return [arguments for arguments in found.values() if arguments][:MOST]


def _consistent(found: list[Example]) -> list[Example]:
    by_input: dict[str, Example] = {}
    torn = set()
    for example in found:
        key = repr(example.arguments)
        if key in by_input and repr(by_input[key].expected) != repr(example.expected):
            torn.add(key)
        by_input.setdefault(key, example)
    return [example for key, example in by_input.items() if key not in torn][:MOST]


def _bound(call: CallText, signature: Signature | None) -> tuple[Any, ...] | None:
    """A call's arguments in the order of the parameters; None where the call is not one of this function."""
    if signature and signature.name is not None and call.name != signature.name:
        return None
    if signature is None or signature.name is None:
        return None
    return _ordered(call.arguments, dict(call.keywords), signature)


def _ordered(arguments: tuple[Any, ...], named: dict[str, Any], signature: Signature | None) -> tuple[Any, ...] | None:
    parameters = signature.parameters if signature else None
    if named:
        names = [parameter.name for parameter in parameters or ()][len(arguments) :]
        if set(named) - set(names) or [name for name in names if name in named] != names[: len(named)]:
            return None
        arguments = (*arguments, *(named[name] for name in names if name in named))
    if parameters is None:
        return arguments
    return arguments if sum(not p.optional for p in parameters) <= len(arguments) <= len(parameters) else None


def _asserted(text: str, signature: Signature | None) -> Iterator[Example]:
    for match in re.finditer(r"^[ \t]*(?:>>>[ \t]*)?assert[ \t(].*$", text, re.M):
        line = match.group().strip().removeprefix(">>>").strip()
        rest = text[match.start() :].split("\n")
        for lines in range(1, 8):
            tree = _parse("\n".join([line, *rest[1:lines]]))
            if tree and isinstance(tree.body[0], ast.Assert):
                yield from _of_test(tree.body[0].test, signature)
                break


def _of_test(test: ast.expr, signature: Signature | None) -> Iterator[Example]:
    match test:
        case ast.Compare(left=left, ops=[ast.Eq() | ast.Is()], comparators=[right]):
            for called, wanted in ((left, right), (right, left)):
                call = call_of(called)
                arguments = _bound(call, signature) if call else None
                if arguments is not None:
                    try:
                        yield Example(arguments, value_of(wanted))
                    except ValueError:
                        return
                    return
        case ast.UnaryOp(op=ast.Not(), operand=operand) if (call := call_of(operand)) is not None:
            if (arguments := _bound(call, signature)) is not None:
                yield Example(arguments, False, by="truth")
        case ast.Call() if (call := call_of(test)) is not None:
            if (arguments := _bound(call, signature)) is not None:
                yield Example(arguments, True, by="truth")


def _doctests(text: str, signature: Signature | None) -> Iterator[Example]:
    for found in _doctest_blocks(text):
        tree = _parse(found.source)
        if not tree or len(tree.body) != 1 or not isinstance(tree.body[0], ast.Expr):
            continue
        wanted = found.want.strip()
        expression = tree.body[0].value
        if isinstance(expression, ast.Compare) and wanted == "True":
            yield from _of_test(expression, signature)
            continue
        printing = (
            isinstance(expression, ast.Call) and isinstance(expression.func, ast.Name) and expression.func.id == "print"
        )
        if printing and isinstance(expression, ast.Call) and len(expression.args) == 1 and not expression.keywords:
            expression = expression.args[0]
        call = call_of(expression)
        arguments = _bound(call, signature) if call else None
        if arguments is None or found.exc_msg is not None or not wanted:
            continue
        if printing:
            yield Example(arguments, wanted, by="print")
        elif (literal := literal_at(wanted, 0)) and not wanted[literal.end :].strip(" \t`.;").split("#")[0].split("\n")[
            0
        ]:
            yield Example(arguments, literal.value)


def _doctest_blocks(text: str) -> list[doctest.Example]:
    """Doctests wherever they stand; a block that doctest cannot read (its indentation breaks) is read line by line."""
    parser = doctest.DocTestParser()
    # The closing of a docstring or of a fence is no output.
    cleaned = re.sub(r"^[ \t]*(?:```|\"\"\"|''').*$|(?:\"\"\"|''')[ \t]*$", "", text.expandtabs(), flags=re.M)
    # `>>>f(1)`, as many write.
    cleaned = re.sub(r"^([ \t]*>>>)(?=\S)", r"\1 ", cleaned, flags=re.M)
    try:
        return parser.get_examples(cleaned)
    except ValueError:
        pass
    found = []
    for match in re.finditer(r"^[ \t]*>>>[ \t]*(.+)\n[ \t]*(?!>>>)(\S.*)$", cleaned, re.M):
        found.append(doctest.Example(match.group(1) + "\n", match.group(2) + "\n"))
    return found


def _arrows(text: str, signature: Signature | None) -> Iterator[Example]:
    """`f(1) -> 2`, `f(1) returns 2`, `f(1) # 2`, in prose and in code."""
    for call in calls_in(text):
        before = text[text.rfind("\n", 0, call.start) + 1 : call.start]
        if (arguments := _bound(call, signature)) is None or re.search(r"\b(?:assert|not)\b[^`]*\Z|>>>", before):
            continue
        position = call.end
        if before.rstrip().endswith("print(") and text[position : position + 1] == ")":
            position += 1
        arrow = _ARROW.match(text, position)
        literal = literal_at(text, arrow.end()) if arrow else None
        if literal and _LINE_END.match(text, literal.end):
            yield Example(arguments, literal.value)


def _comments(text: str, signature: Signature) -> Iterator[Example]:
    """`print(f(1))  # Output: 2` and `f(1)  # 2` in an answer's code. What print shows has no quotes."""
    for call in calls_in(text):
        start = text.rfind("\n", 0, call.start) + 1
        before, after = text[start : call.start].strip(), text[call.end :].split("\n", 1)[0]
        comment = _COMMENT.fullmatch(after)
        arguments = _bound(call, signature)
        if not comment or arguments is None or before not in ("", "print("):
            continue
        written = comment.group(2)
        literal = literal_at(written, 0)
        if literal and _REMARK.match(written, literal.end):
            yield Example(arguments, literal.value)
        elif before == "print(" and re.match(r".*#[ \t]*(?:expected[ \t]+)?(?:output|prints?)[ \t]*:", after, re.I):
            yield Example(arguments, written, by="print")


def _in_out(text: str, signature: Signature | None) -> Iterator[Example]:
    for match in _IN_OUT.finditer(text):
        arguments = _input(match.group("given").strip(" `*"), signature)
        if arguments is None:
            continue
        wanted = match.group("wanted").strip(" `*")
        literal = literal_at(wanted, 0)
        if literal and _LINE_END.match(wanted, literal.end):
            yield Example(arguments, literal.value)
        elif literal is None and signature and signature.returns and signature.returns.kind == "str":
            yield Example(arguments, wanted, by="print")


def _input(given: str, signature: Signature | None) -> tuple[Any, ...] | None:
    """`nums = [2, 7], target = 9`, `[2, 7], 9`, or bare text where the one parameter is a text."""
    call = next(calls_in(f"f({given.rstrip('.;')})"), None)
    if call is not None and call.name == "f" and (call.arguments or call.keywords):
        ordered = _ordered(call.arguments, dict(call.keywords), signature)
        if ordered is None and not call.arguments:
            ordered = _ordered(tuple(value for _, value in call.keywords), {}, signature)
        return ordered
    parameters = signature.parameters if signature else None
    if (
        parameters
        and len(parameters) == 1
        and parameters[0].shape
        and parameters[0].shape.kind in ("str", "sentence", "word")
    ):
        return (given,)
    return None


def _given(text: str, signature: Signature | None) -> Iterator[Example]:
    """ "for example, given [1, 2] it returns 3": one value in, one value out."""
    for match in _GIVEN.finditer(text):
        taken = literal_at(text, match.end())
        then = _THEN.match(text, taken.end) if taken else None
        wanted = literal_at(text, then.end()) if then else None
        if taken and wanted and _LINE_END.match(text, wanted.end):
            arguments = _ordered((taken.value,), {}, signature)
            if arguments is not None:
                yield Example(arguments, wanted.value)


def _parse(code: str) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return tree if tree.body else None
