"""Benchmark tasks: what is read from each form in which benchmarks come."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from warriorcoder.errors import RecipeError
from warriorcoder.pipelines.mining.benchmark_tasks import ON_THE_HUB, BenchmarkTask, read_tasks

MBPP = {
    "task_id": 11,
    "text": "Write a python function to remove first and last occurrence of a given character from the string.",
    "code": "def helper(s): \r\n\treturn s\r\ndef remove_Occ(s,ch): \r\n\treturn helper(s)",
    "test_list": ['assert remove_Occ("hello","l") == "heo"', 'assert remove_Occ("abcda","a") == "bcd"'],
}
EVALPLUS = {
    "task_id": "HumanEval/2",
    "prompt": 'def truncate_number(number: float) -> float:\n    """ Return the decimal part. """\n',
    "entry_point": "truncate_number",
    "canonical_solution": "\n    return number % 1.0\n",
    "plus_input": [[3.5]],
}


def lines(path: Path, *rows: dict[str, Any]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def test_humaneval_comes_from_its_package() -> None:
    tasks = read_tasks("humaneval")
    assert len(tasks) == 164
    first = tasks[0]
    assert (first.benchmark, first.task_id, first.entry_point) == ("humaneval", "HumanEval/0", "has_close_elements")
    assert first.program.startswith(first.prompt)
    compile(first.program, "program", "exec")


def test_mbpp_as_it_was_published(tmp_path: Path) -> None:
    task = read_tasks(lines(tmp_path / "mbpp.jsonl", MBPP))[0]
    # The function that the tests call, not its helper.
    assert task == BenchmarkTask(
        "mbpp.jsonl", "11", MBPP["text"], MBPP["code"], "remove_Occ", "\n".join(MBPP["test_list"])
    )


def test_evalplus_as_it_was_released(tmp_path: Path) -> None:
    task = read_tasks(lines(tmp_path / "HumanEvalPlus.jsonl", EVALPLUS))[0]
    assert task.program == EVALPLUS["prompt"] + EVALPLUS["canonical_solution"]
    assert (task.task_id, task.entry_point, task.tests) == ("HumanEval/2", "truncate_number", "")


def test_a_parquet_file_as_the_hub_has_it(tmp_path: Path) -> None:
    pq.write_table(pa.Table.from_pylist([MBPP, {**MBPP, "task_id": 12}]), tmp_path / "test.parquet")
    tasks = read_tasks(str(tmp_path / "test.parquet"))
    assert [task.task_id for task in tasks] == ["11", "12"]
    assert tasks[0].tests == "\n".join(MBPP["test_list"])


def test_a_set_of_prompts_alone(tmp_path: Path) -> None:
    path = lines(tmp_path / "own.jsonl", {"q": "Find the needle.", "n": 1}, {"q": None}, {"q": "  "})
    assert read_tasks(path, "q") == [BenchmarkTask("own.jsonl", "1", "Find the needle.")]


@pytest.mark.parametrize(
    ("rows", "column", "said"),
    [
        ([{"a": "b"}], None, "no column of prompts (prompt, text, question, instruction). Columns: a."),
        ([{"a": "b"}], "c", "no column 'c'. Columns: a. Give the prompts' one as column."),
        ([{"a": 3}], "a", "1 has no text as its prompt but int"),
        ([{"prompt": " "}], None, "no row has a prompt in the column 'prompt'"),
    ],
)
def test_a_set_without_prompts(tmp_path: Path, rows: list[dict[str, Any]], column: str | None, said: str) -> None:
    with pytest.raises(RecipeError) as error:
        read_tasks(lines(tmp_path / "own.jsonl", *rows), column)
    assert said in str(error.value)


@pytest.mark.parametrize("name", ON_THE_HUB)
def test_a_benchmark_of_the_hub_without_a_network(name: str) -> None:
    """Tests are offline, so this is what a user without a network sees."""
    with pytest.raises(RecipeError) as error:
        read_tasks(name)
    assert str(error.value).startswith(f"{name} is a Hub dataset, or give it as a file. {ON_THE_HUB[name][0]}: ")
    assert "\n" not in str(error.value)
