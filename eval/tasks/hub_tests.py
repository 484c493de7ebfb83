"""The inputs in the test code of evalplus's Hub datasets.

There a task is one program of tests: a literal list `inputs`, the results beside it, and a comparison.
The inputs are read out of it as data, and nothing of it is run: the comparison that evalplus wrote
into it differs from the one it evaluates with, and by HumanEval/32 a right program fails.
"""

import ast
from typing import Any

from warriorcoder.eval.tasks.task import Arguments

_NAMES = {"inf": float("inf"), "nan": float("nan")}


def inputs_and_atol(test: str) -> tuple[list[Arguments], float]:
    """All inputs of a task, base and plus without a border between them, and its absolute tolerance.

    ValueError where the code assigns no literal list of argument lists to `inputs`.
    """
    tree = ast.parse(test)
    found = next(
        (
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign)
            and [target.id for target in node.targets if isinstance(target, ast.Name)] == ["inputs"]
        ),
        None,
    )
    if found is None:
        raise ValueError("its test has no list of inputs")
    inputs = ast.literal_eval(_Named().visit(found))
    if not isinstance(inputs, list) or not all(isinstance(arguments, list | tuple) for arguments in inputs):
        raise ValueError("its test's inputs are no list of argument lists")
    return [list(arguments) for arguments in inputs], _atol(tree)


class _Named(ast.NodeTransformer):
    """`inf` and `nan`, as repr() writes them, are names."""

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return ast.copy_location(ast.Constant(_NAMES[node.id]), node) if node.id in _NAMES else node


def _atol(tree: ast.AST) -> float:
    """The number that the comparison is given last, or that an assert stays below."""
    for node in ast.walk(tree):
        bound: Any = None
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "assertion":
            bound = node.args[-1] if node.args else None
        elif (
            isinstance(node, ast.Assert)
            and isinstance(node.test, ast.Compare)
            and isinstance(node.test.ops[0], ast.LtE | ast.Lt)
        ):
            bound = node.test.comparators[0]
        if isinstance(bound, ast.Constant) and isinstance(bound.value, int | float):
            return float(bound.value)
    return 0.0
