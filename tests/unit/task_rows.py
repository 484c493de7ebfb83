"""Rows of benchmarks in each form in which they come, of tasks small enough to be read."""

import gzip
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

Row = dict[str, Any]

HUMANEVAL: Row = {
    "task_id": "HumanEval/2",
    "prompt": 'import math\n\ndef halves(x: float) -> float:\n    """ Half of it. """\n',
    "entry_point": "halves",
    "canonical_solution": "    return x / 2\n",
    "test": "def check(candidate):\n    assert candidate(3) == 1.5\n",
}
HUMANEVAL_PLUS: Row = HUMANEVAL | {
    "contract": "\n    assert x > 0\n",
    "base_input": [[3]],
    "plus_input": [[0.2], [7.0]],
    "atol": 0,
}
MBPP_PLUS: Row = {
    "task_id": "Mbpp/106",
    "prompt": '"""\nAppend a list to a tuple.\nassert add_lists([5], (9,)) == (9, 5)\n"""\n',
    "entry_point": "add_lists",
    "canonical_solution": "\ndef add_lists(xs, ys):\n    return ys + tuple(xs)\n",
    "base_input": [[[5], [9]]],
    "plus_input": {},
    "contract": "",
    "assertion": "\nassert add_lists([5], (9,)) == (9, 5)\n",
    "atol": 0,
}
MBPP: Row = {
    "task_id": 106,
    "text": "Append a list to a tuple.",
    "code": "def twice(x): \r\n\treturn x\r\ndef add_lists(xs, ys): \r\n\treturn ys + tuple(twice(xs))",
    "test_setup_code": "",
    "test_list": ["assert add_lists([5], (9,)) == (9, 5)", "assert add_lists([], ()) == ()"],
    "challenge_test_list": ["assert add_lists([], (1,)) == (1,)"],
}
SANITIZED: Row = {
    "source_file": "x",
    "task_id": 106,
    "prompt": MBPP["text"],
    "code": MBPP["code"],
    "test_imports": ["import math"],
    "test_list": MBPP["test_list"],
}

_HUB_TEST = """
from math import inf
import numpy as np

def assertion(out, exp, atol):
    exact_match = out == exp
    assert exact_match

{head}
{indent}inputs = {inputs}
{indent}results = {results}
{indent}for i, (inp, exp) in enumerate(zip(inputs, results)):
{indent}    {check}
"""


def hub_test(entry_point: str | None, inputs: list[Any], results: list[Any], atol: float) -> str:
    """Test code as evalplus's Hub datasets have it: in `check(candidate)`, or at the top for a named function."""
    called = entry_point or "candidate"
    return _HUB_TEST.format(
        head="" if entry_point else "def check(candidate):",
        indent="" if entry_point else "    ",
        inputs=inputs,
        results=results,
        check=f"assertion({called}(*inp), exp, {atol})",
    )


HUMANEVAL_PLUS_HUB: Row = HUMANEVAL | {"test": hub_test(None, [[3], [float("-inf")]], [1.5, float("-inf")], 1e-6)}
MBPP_PLUS_HUB: Row = SANITIZED | {"test": hub_test("add_lists", [[[5], (9,)], [[1j], ()]], [(9, 5), (1j,)], 0)}


def write_rows(path: Path, rows: Iterable[Any]) -> Path:
    """A file of JSON lines, packed where its name says so."""
    content = "".join(json.dumps(row) + "\n" for row in rows).encode()
    path.write_bytes(gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)
    return path
