"""Rows of each form in which the benchmarks come, as tasks."""

import ast
import hashlib
import json
import warnings
from typing import Any

from warriorcoder.eval.tasks.hub_tests import inputs_and_atol
from warriorcoder.eval.tasks.mbpp_inputs import as_python
from warriorcoder.eval.tasks.rows import Row
from warriorcoder.eval.tasks.task import Arguments, Task


def task_of(benchmark: str, row: Row) -> Task:
    """The task of a row, by the columns it has.

    KeyError names a column that is missing; TypeError, ValueError, AttributeError and SyntaxError tell of a wrong one.
    """
    if "base_input" in row:
        task = _evalplus(benchmark, row)
    elif benchmark == "humaneval":
        task = _humaneval(benchmark, row)
    elif benchmark == "humaneval+":
        task = _humaneval_plus_of_the_hub(benchmark, row)
    elif benchmark == "mbpp+":
        task = _mbpp_plus_of_the_hub(benchmark, row)
    else:
        task = _mbpp(benchmark, row)
    for name in ("prompt", "entry_point", "reference", "test", "contract"):
        if not isinstance(value := getattr(task, name), str):
            raise TypeError(f"its {name} is no text but {type(value).__name__}")
    if not task.entry_point.isidentifier():
        raise ValueError(f"its entry point {task.entry_point!r} is no name")
    if not task.inputs and not task.test:
        raise ValueError("it has neither inputs nor tests")
    return task


def _evalplus(benchmark: str, row: Row) -> Task:
    """evalplus's release: the same columns for both of its benchmarks."""
    task_id = _text(row, "task_id")
    base, plus = _inputs(row, "base_input"), _inputs(row, "plus_input")
    if benchmark == "mbpp+":
        base, plus = as_python(task_id, base), as_python(task_id, plus)
    return Task(
        benchmark,
        task_id,
        row["prompt"],
        row["entry_point"],
        _text(row, "prompt") + _text(row, "canonical_solution"),
        base,
        plus,
        row["contract"],
        float(row["atol"]),
        next((_text(row, column) for column in ("test", "assertion") if column in row), ""),
        digest=_digest(row),
    )


def _inputs(row: Row, column: str) -> list[Arguments]:
    # Where there are none, a release has {} for it.
    inputs = row[column] or []
    if not isinstance(inputs, list) or not all(isinstance(arguments, list) for arguments in inputs):
        raise TypeError(f"its {column} is no list of argument lists")
    return inputs


def _humaneval(benchmark: str, row: Row) -> Task:
    """HumanEval as it was published: the tests are code."""
    prompt, entry_point = _text(row, "prompt"), row["entry_point"]
    if f"def {entry_point}(" not in prompt:
        raise ValueError(f"its prompt does not begin the function {entry_point}")
    reference = prompt + _text(row, "canonical_solution")
    test = _text(row, "test")
    return Task(benchmark, _text(row, "task_id"), prompt, entry_point, reference, test=test, digest=_digest(row))


def _humaneval_plus_of_the_hub(benchmark: str, row: Row) -> Task:
    task = _humaneval(benchmark, row)
    inputs, atol = inputs_and_atol(task.test)
    return Task(
        benchmark,
        task.task_id,
        task.prompt,
        task.entry_point,
        task.reference,
        plus_inputs=inputs,
        atol=atol,
        digest=task.digest,
    )


def _mbpp_plus_of_the_hub(benchmark: str, row: Row) -> Task:
    """The inputs are Python's there, nothing is to be converted. The base tests are MBPP's own asserts."""
    inputs, atol = inputs_and_atol(_text(row, "test"))
    plain = _mbpp(benchmark, row)
    return Task(
        benchmark,
        f"Mbpp/{row['task_id']}",
        plain.prompt,
        plain.entry_point,
        plain.reference,
        plus_inputs=inputs,
        atol=atol,
        test=plain.test,
        digest=plain.digest,
    )


def _mbpp(benchmark: str, row: Row) -> Task:
    """MBPP as it was published (`text`, `test_setup_code`) and its sanitised part (`prompt`, `test_imports`).

    The prompt is evalplus's: the text and the first assert in a docstring, which name the function. The challenge
    tests are left out, as in the paper's evaluation.
    """
    text = _text(row, "text" if "text" in row else "prompt")
    asserts = row["test_list"]
    if not isinstance(asserts, list) or not asserts or not all(isinstance(line, str) for line in asserts):
        raise TypeError("its test_list is no list of asserts")
    test = "\n".join([*(row.get("test_imports") or []), *asserts]).replace("\r\n", "\n")
    reference = _text(row, "code").replace("\r\n", "\n")
    return Task(
        benchmark,
        f"Mbpp/{row['task_id']}",
        f'"""\n{text.strip()}\n{asserts[0]}\n"""\n',
        _called(reference, "\n".join(asserts)),
        reference,
        test=test + "\n",
        # It makes objects of the program's classes, so it belongs into the program's process.
        setup=(row.get("test_setup_code") or "").replace("\r\n", "\n"),
        digest=_digest(row),
    )


def _called(program: str, tests: str) -> str:
    """The function, or class, of the program that the tests call first."""
    with warnings.catch_warnings():
        # MBPP's regular expressions have escapes that Python warns of.
        warnings.simplefilter("ignore")
        tree, test_tree = ast.parse(program), ast.parse(tests)
    defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    calls = [node.func for node in ast.walk(test_tree) if isinstance(node, ast.Call)]
    for name in (function.id for function in calls if isinstance(function, ast.Name)):
        if name in defined:
            return name
    raise ValueError("its tests call nothing that its program defines")


def _text(row: Row, column: str) -> str:
    if not isinstance(value := row[column], str):
        raise TypeError(f"its {column} is no text but {type(value).__name__}")
    return value


def _digest(row: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(row, sort_keys=True, default=str).encode()).hexdigest()
