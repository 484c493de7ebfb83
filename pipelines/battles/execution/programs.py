"""What can be read off a program without running it: whether it does anything, which function is the one asked for."""

import ast
import sys
import warnings

from warriorcoder.pipelines.battles.execution.signature import Signature

_FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef


def parsed(program: str) -> ast.Module | None:
    """The program's tree, or None where it is no Python."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(program)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def idle(tree: ast.Module) -> bool:
    """Whether a program does nothing: imports, constants and empty bodies alone."""
    return all(_idle(node) for node in tree.body)


def _idle(node: ast.stmt) -> bool:
    if isinstance(node, ast.Import | ast.ImportFrom | ast.Pass):
        return True
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return all(_idle(inner) for inner in node.body)
    return False


def used(tree: ast.Module) -> bool:
    """Whether a program calls something at its top level: it is more than definitions and constants."""
    return any(
        isinstance(inner, ast.Call)
        for node in tree.body
        if not isinstance(node, _FUNCTION | ast.ClassDef | ast.Import | ast.ImportFrom)
        for inner in ast.walk(node)
    )


def entry_point(tree: ast.Module, signature: Signature | None) -> str | None:
    """The function that does what was asked: of the name asked for, or the only one that can be it.

    Without a name: a function of the top level that takes as many arguments as asked (any, where that is open), and
    that no other one calls; of several the one that the program itself uses. None where no function is it, or
    several may be.
    """
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    if signature and signature.name is not None:
        return signature.name if signature.name in functions else None
    count = len(signature.parameters) if signature and signature.parameters else None
    called = {
        inner.func.id
        for name, node in functions.items()
        for inner in ast.walk(node)
        if isinstance(inner, ast.Call) and isinstance(inner.func, ast.Name) and inner.func.id != name
    }
    able = [name for name, node in functions.items() if _able(node, count) and name not in called and name != "main"]
    used = {
        inner.func.id
        for node in tree.body
        if not isinstance(node, _FUNCTION | ast.ClassDef)
        for inner in ast.walk(node)
        if isinstance(inner, ast.Call) and isinstance(inner.func, ast.Name)
    }
    able = [name for name in able if name in used] or able if len(able) > 1 else able
    return able[0] if len(able) == 1 else None


def _able(node: ast.FunctionDef, count: int | None) -> bool:
    if count is None:
        return bool(node.args.posonlyargs or node.args.args) and not any(d is None for d in node.args.kw_defaults)
    return takes(node, count)


def takes(node: ast.FunctionDef, count: int) -> bool:
    """Whether a function can be called with so many arguments by place, and wants some."""
    arguments = node.args
    most = len(arguments.posonlyargs) + len(arguments.args)
    needed_names = [default for default in arguments.kw_defaults if default is None]
    return (
        not needed_names and most - len(arguments.defaults) <= count and (count <= most or arguments.vararg is not None)
    )


def function(tree: ast.Module, name: str) -> ast.FunctionDef | None:
    """The last function of a name at the top level: the one that a call reaches."""
    return next((n for n in reversed(tree.body) if isinstance(n, ast.FunctionDef) and n.name == name), None)


def defined(tree: ast.Module) -> set[str]:
    """The names of all functions and classes, methods too."""
    return {node.name for node in ast.walk(tree) if isinstance(node, _FUNCTION | ast.ClassDef)}


def raises(tree: ast.Module) -> frozenset[str]:
    """The errors that a program raises on purpose, by name; AssertionError where it asserts inside a function."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) and node.exc is not None:
            raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            if isinstance(raised, ast.Name):
                found.add(raised.id)
        if isinstance(node, _FUNCTION) and any(isinstance(inner, ast.Assert) for inner in ast.walk(node)):
            found.add("AssertionError")
    return frozenset(found)


def definitions(tree: ast.Module) -> str:
    """The program without its use: imports, definitions, and constants that nothing of its own computes.

    For a program whose demonstration does not run to its end; its functions can be called all the same. "" where it is
    nested too deep.
    """
    own = defined(tree)
    modules = {
        (alias.asname or alias.name).partition(".")[0]
        for node in tree.body
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }

    def kept(node: ast.stmt) -> bool:
        if isinstance(node, ast.Import | ast.ImportFrom | ast.ClassDef | _FUNCTION):
            return True
        if isinstance(node, ast.Try):
            return all(isinstance(inner, ast.Import | ast.ImportFrom | ast.Pass | ast.Assign) for inner in node.body)
        names = {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}
        if isinstance(node, ast.Assign | ast.AnnAssign):
            return not names & (own | {"input", "open"})
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            root = node.value.func
            while isinstance(root, ast.Attribute):
                root = root.value
            return isinstance(root, ast.Name) and root.id in modules and not names & own
        return False

    try:
        return "\n".join(ast.unparse(node) for node in tree.body if kept(node))
    except RecursionError:
        return ""


def wants_from_outside(tree: ast.Module, detail: str) -> bool:
    """Whether an error at the top only says that something is not here: input, arguments, files, packages."""
    error, _, message = detail.partition(": ")
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    attributes = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    if error in ("ModuleNotFoundError", "ImportError"):
        named = message.partition("'")[2].partition("'")[0].partition(".")[0]
        return bool(named) and named not in sys.stdlib_module_names
    if error in ("FileNotFoundError", "NotADirectoryError"):
        return True
    if error == "EOFError":
        return "input" in names or "stdin" in attributes
    if error in ("IndexError", "ValueError", "SystemExit") or detail.startswith("SystemExit"):
        return bool({"argv", "parse_args", "stdin"} & attributes) or "argv" in names or error == "SystemExit"
    return error in (
        "gaierror",
        "URLError",
        "ConnectionError",
        "ConnectionRefusedError",
        "TclError",
        "OSError",
        "KeyError",
    ) and (error != "KeyError" or "environ" in attributes)
