"""Python text as top-level statements: where each begins, which parse, which names they bind and use.

Everything here takes time proportional to the text, also on text that is no Python.
"""

import ast
import builtins
import re
import symtable
import warnings
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

_TOKEN = re.compile(
    r"""(?P<triple>\"""|''')|"(?:\\[\s\S]|[^"\\\n])*"?|'(?:\\[\s\S]|[^'\\\n])*'?|\#[^\n]*|\\\n"""
    r"""|(?P<open>[(\[{])|(?P<close>[)\]}])|(?P<line>\n)"""
)
_TRIPLE_END = {quotes: re.compile(rf"\\[\s\S]|{quotes}") for quotes in ('"""', "'''")}
_CONTINUES = re.compile(r"[ \t\n\f#)\]}]|(?:else|elif|except|finally)\b|\Z")
# No bracket can be open where such a line stands at the margin: one that is was never meant as code.
_BEGINS = re.compile(r"(?:async[ ]+def|def|class|import|from)[ ]+\w|@\w")
_BUILTINS = frozenset(dir(builtins)) | {"__name__", "__file__", "__doc__"}
_ACTS = (ast.Call, ast.Await, ast.Yield, ast.YieldFrom, ast.NamedExpr)
_LOOKED_UP = frozenset({"globals", "exec", "vars"})
"""Builtins that reach a module's names without naming them."""


@dataclass(frozen=True)
class Statement:
    """A top-level statement, or several on one line, with the comments behind it.

    `binds`: the module's names that it sets or changes; `sets`: those that calling its functions
    sets (`global`); `uses`: those it needs, from anywhere within it; `imports`: names it imports.
    """

    text: str
    tree: ast.Module
    binds: frozenset[str] = field(repr=False)
    sets: frozenset[str] = field(repr=False)
    uses: frozenset[str] = field(repr=False)
    imports: frozenset[str] = field(repr=False)

    def defines(self, name: str) -> bool:
        """Whether it defines a function, class or variable of that name; an import does not."""
        return name in self.binds and name not in self.imports


def parse(source: str) -> ast.Module | None:
    """The tree of a program that compiles, or None. Never raises."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source)
            for node in tree.body:
                # A `return` at the margin parses and does not compile. One by one: Python's compiler takes quadratic
                # time for many functions of one name.
                compile(ast.Module([node], []), "<answer>", "exec", dont_inherit=True)
            return tree if _future_first(tree) else None
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
        return None


def _future_first(tree: ast.Module) -> bool:
    """Whether imports of __future__ stand where Python wants them."""
    begun = False
    for at, node in enumerate(tree.body):
        future = isinstance(node, ast.ImportFrom) and node.module == "__future__"
        if future and begun:
            return False
        docstring = at == 0 and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        begun = begun or not (future or docstring)
    return True


def split(source: str) -> list[str]:
    """The top-level statements of a text: pieces that give it again when joined.

    A piece begins at the margin, outside strings and brackets; `else`, `except` and what follows a
    decorator belong to the piece before.
    """
    starts, line, depth, at = [0], 0, 0, 0
    decorated = source.startswith("@")
    while found := _TOKEN.search(source, at):
        at = found.end()
        if quotes := found["triple"]:
            at = _end_of_string(source, at, quotes)
        elif found["open"]:
            depth += 1
        elif found["close"]:
            depth = max(depth - 1, 0)
        elif found["line"]:
            line = at
            if depth and _BEGINS.match(source, line):
                depth = 0
            if depth or _CONTINUES.match(source, line):
                continue
            if not decorated:
                starts.append(line)
            decorated = source.startswith("@", line)
    return [source[start:end] for start, end in zip(starts, [*starts[1:], len(source)], strict=True) if start < end]


def inside_string(source: str) -> bool:
    """Whether a text ends within a triple-quoted string."""
    at = 0
    while found := _TOKEN.search(source, at):
        at = found.end()
        if quotes := found["triple"]:
            end = _end_of_string(source, at, quotes)
            if end == at:
                return True
            at = end
    return False


def _end_of_string(source: str, at: int, quotes: str) -> int:
    """Where a triple-quoted string ends; `at` itself where it does not."""
    return next((found.end() for found in _TRIPLE_END[quotes].finditer(source, at) if found[0] == quotes), at)


def statement(text: str) -> Statement | None:
    """A piece of `split` with its names, or None where it does not compile."""
    tree = parse(text)
    if tree is None:
        return None
    try:
        module = symtable.symtable(text, "<answer>", "exec")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    symbols = module.get_symbols()
    uses = {symbol.get_name() for symbol in symbols if symbol.is_referenced()}
    sets: set[str] = set()
    tables = list(module.get_children())
    while tables:
        table = tables.pop()
        tables += table.get_children()
        for symbol in table.get_symbols():
            if symbol.is_global():
                uses |= {symbol.get_name()} if symbol.is_referenced() else set()
                sets |= {symbol.get_name()} if symbol.is_assigned() else set()
    imports = frozenset(symbol.get_name() for symbol in symbols if symbol.is_imported())
    binds = {symbol.get_name() for symbol in symbols if symbol.is_assigned()} | imports | sets | _changed(tree)
    if _is_main_guard(tree):
        binds = set()
    return Statement(text, tree, frozenset(binds), frozenset(sets), frozenset(uses), imports)


def _changed(tree: ast.Module) -> set[str]:
    """Names whose values a statement changes: `x[0] = 1`, `x.y = 1`, `x.append(1)`."""
    changed = set()
    for node in tree.body:
        places: list[ast.expr] = []
        if isinstance(node, ast.Assign):
            places = node.targets
        elif isinstance(node, ast.AugAssign | ast.AnnAssign):
            places = [node.target]
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            places = [node.value.func]
        for place in places:
            base: ast.expr = place
            while isinstance(base, ast.Attribute | ast.Subscript | ast.Call):
                base = base.func if isinstance(base, ast.Call) else base.value
            if base is not place and isinstance(base, ast.Name):
                changed.add(base.id)
    return changed


def _is_main_guard(tree: ast.Module) -> bool:
    return all(
        isinstance(node, ast.If)
        and any(isinstance(part, ast.Name) and part.id == "__name__" for part in ast.walk(node.test))
        for node in tree.body
    )


def is_substantial(tree: ast.Module) -> bool:
    """Whether a program does or defines something: more than imports, constants, bare names and empty bodies."""
    todo: list[ast.stmt] = list(tree.body)
    while todo:
        node = todo.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            todo += node.body
        elif isinstance(node, ast.AnnAssign) and node.value is None:
            continue
        elif not isinstance(node, ast.Import | ast.ImportFrom | ast.Pass | ast.Expr) or (
            isinstance(node, ast.Expr) and any(isinstance(part, _ACTS) for part in ast.walk(node.value))
        ):
            return True
    return False


def has_body(statements: Iterable[Statement], name: str) -> bool:
    """Whether a definition of that name is more than a head with a docstring."""
    return any(is_substantial(each.tree) for each in statements if each.defines(name))


def missing_names(statements: Collection[Statement]) -> set[str]:
    """Names that statements use and that neither they nor Python's builtins give."""
    uses = {name for each in statements for name in each.uses}
    return uses - {name for each in statements for name in each.binds} - _BUILTINS


def needed(statements: Sequence[Statement], names: Iterable[str]) -> set[int]:
    """The places of the statements that names stand on: those that bind them, and what these need in turn."""
    setters: defaultdict[str, frozenset[str]] = defaultdict(frozenset)
    for each in statements:
        for name in each.binds if each.sets else ():
            setters[name] |= each.sets
    places: defaultdict[str, list[int]] = defaultdict(list)
    dynamic = False
    for place, each in enumerate(statements):
        dynamic = dynamic or bool(each.uses & _LOOKED_UP)
        called = _called(each.tree)
        for name in each.binds | setters.get(called, frozenset()):
            places[name].append(place)
    queue = [*names, *(places if dynamic else ())]
    known, kept = set(queue), set[int]()
    while queue:
        for place in places.get(queue.pop(), ()):
            if place not in kept:
                kept.add(place)
                queue += statements[place].uses - known
                known |= statements[place].uses
    return kept


def _called(tree: ast.Module) -> str:
    """The function that a statement only calls: `prepare()`."""
    node = tree.body[0] if len(tree.body) == 1 else None
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and isinstance(node.value.func, ast.Name):
        return node.value.func.id
    return ""


def longest_prefix(text: str) -> str | None:
    """The longest run of a broken statement's first lines that compiles, or None.

    It goes back line by line, for as long as all tries together stay in proportion to the text;
    a line of a bracket or string that is still open costs no try.
    """
    lines = text.split("\n")
    budget = 4 * len(text) + 50_000
    for end in range(len(lines) - 1, 0, -1):
        if lines[end - 1].rstrip().endswith((",", "(", "[", "{", "\\")):
            continue
        piece = "\n".join(lines[:end])
        budget -= len(piece)
        if budget < 0:
            return None
        if lines[end - 1].strip() and parse(piece):
            return piece + "\n"
    return None
