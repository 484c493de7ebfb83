"""A program comes out of an answer as it went in, however it is wrapped."""

import ast
import textwrap

from hypothesis import given
from hypothesis import strategies as st

from warriorcoder.code_extraction import Style, extract_program

NAMES = st.sampled_from(["alpha", "beta", "gamma", "delta"])
STRINGS = st.text(alphabet="ab '\"\\\n`~#({[<>&;\t\u200d\ufeffé", max_size=30)
DOCSTRINGS = st.sampled_from(
    ["Add.", "Use it:\n\n    ```python\n    add(1)\n    ```\n", "Like\n```\nadd(1)\n```\n", "</think> it's ``` not"]
)
PROSE = st.text(alphabet="ab c'(.,:!\n#*-", max_size=60)


@st.composite
def statements(draw: st.DrawFn, name: str) -> str:
    """A definition of a name: a function, class or value, with strings of every kind and other names used."""
    used, text = draw(NAMES), draw(STRINGS)
    indent = draw(st.sampled_from(["    ", "  ", "\t"]))
    kind = draw(st.sampled_from(["function", "decorated", "value", "class"]))
    if kind == "value":
        return f"{name} = [\n{text!r},\n]\n"
    doc = draw(DOCSTRINGS)
    if "\n" in doc and not doc.startswith("Like"):
        doc = textwrap.indent(doc, indent)
    body = f'{indent}"""{doc}"""\n{indent}if {text!r}:\n{indent}{indent}return {used}\n{indent}return None\n'
    if kind == "class":
        return f"class {name}:\n{indent}def run(self):\n{textwrap.indent(f'return {used}', indent * 2)}\n"
    return f"{'@staticmethod' + chr(10) if kind == 'decorated' else ''}def {name}(x=0):\n{body}"


@st.composite
def programs(draw: st.DrawFn) -> str:
    """Imports and the definitions of all names, in any order, behind which `add` uses them all."""
    names = draw(st.permutations(["alpha", "beta", "gamma", "delta"]))
    parts = ["import math\n", *(draw(statements(name)) for name in names)]
    parts.append("def add(x):\n    return alpha, beta, gamma, delta, math\n")
    return draw(st.sampled_from(["\n", "\n\n", "# note\n\n"])).join(parts)


@st.composite
def wrappings(draw: st.DrawFn, program: str) -> str:
    fence = draw(st.sampled_from(["```", "````", "~~~"]))
    language = draw(st.sampled_from(["python", "py", "Python", ""]))
    end = draw(st.sampled_from([f"\n{fence}\n", f"\n{fence}"]))
    before, after = (draw(PROSE).replace("def", "") for _ in range(2))
    opening = f"{fence}{language}\n"
    text = f"{before}\n{opening}{program.rstrip()}{end}{after if end.endswith(chr(10)) else ''}"
    if draw(st.booleans()):
        text += f"\nUse it:\n{fence}python\nprint(add(1))\n{fence}\n"
    return text.replace("\n", "\r\n") if draw(st.booleans()) else text


def same(a: str, b: str) -> bool:
    return ast.dump(ast.parse(a)) == ast.dump(ast.parse(b))


@given(st.data(), programs())
def test_a_program_in_any_wrapping_comes_back(data: st.DataObject, program: str) -> None:
    found = extract_program(data.draw(wrappings(program)), "Write add.", "add")
    assert found.program is not None
    assert found.defines
    assert same(found.program, program)


@given(programs(), st.sampled_from(["add", None]), st.sampled_from(["chat", "completion"]))
def test_a_program_alone_is_itself(program: str, entry: str | None, style: Style) -> None:
    found = extract_program(program, "", entry, style)
    assert found.program is not None
    assert same(found.program, program)
    assert extract_program(found.program, "", entry, style) == found


@given(st.data(), programs())
def test_lists_indent_and_nothing_is_lost(data: st.DataObject, program: str) -> None:
    spaces = " " * data.draw(st.integers(1, 8))
    indented = "".join(f"{spaces}{line}" for line in program.splitlines(keepends=True))
    found = extract_program(f"1. So:\n\n{spaces}```python\n{indented}\n{spaces}```\n", "", "add")
    assert found.program is not None
    assert same(found.program, program)


@given(st.text(alphabet="def add(x):\n\t return'\"`~#>\\&lt;@", max_size=200), st.sampled_from(["chat", "completion"]))
def test_no_answer_raises_and_what_parses_is_stable(answer: str, style: Style) -> None:
    prompt = 'def add(x):\n    """Add."""\n'
    for entry in ("add", None):
        found = extract_program(answer, prompt, entry, style)
        if found.parses:
            assert found.program is not None
            ast.parse(found.program)
        if found.parses and found.defines:
            assert found.program is not None
            assert extract_program(found.program, prompt, entry, style).program == found.program
