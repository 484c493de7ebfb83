"""Task class of instructions: chosen examples, and accuracy on instructions that a person labelled."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from warriorcoder.pipelines.mining.classes import task_class
from warriorcoder.tables import TASKS


@pytest.mark.parametrize(
    ("instruction", "task"),
    [
        ("Write a function that reverses a string.", "generation"),
        ("Can you help me with a Python script to check if a given string is a palindrome?", "generation"),
        ("I need a function that will check if a given number is even. Can you provide one?", "generation"),
        ("Sort a list of tuples by the second entry.", "generation"),
        ("How can I write a class for a stack?", "generation"),
        ("Design a parking lot with classes.", "generation"),
        ("Explain the observer design pattern.", "theory"),
        ("What is polymorphism in object-oriented design?", "theory"),
        ("Can you provide a detailed explanation of the Bubble Sort algorithm with example?", "theory"),
        ("Please describe how a hash map works.", "theory"),
        ("How do I center a div?", "theory"),
        ("Fix this code: print('a'", "debugging"),
        ("Why do I get an IndexError: list index out of range error?", "debugging"),
        ("What is wrong with my loop?", "debugging"),
        ("Make this loop faster.", "optimisation"),
        ("How do I optimise this query?", "optimisation"),
        ("Write unit tests for a calculator.", "testing"),
        ("Refactor the class below into two.", "refactoring"),
        ("Python is nice.", "other"),
    ],
)
def test_task_class(instruction: str, task: str) -> None:
    assert task_class(instruction) == task


LABELS = Path(__file__).parents[1] / "data" / "draws"
OTHERS = Path(os.environ.get("REFERENCE_DATA", "no such folder"))
"""Where self_instruct/seed_tasks.jsonl and mbpp/mbpp.jsonl lie, which others published."""

FLOORS = {
    "generation": 0.95,
    "theory": 0.85,
    "debugging": 0.9,
    "optimisation": 0.9,
    "testing": 0.9,
    "refactoring": 0.9,
    "other": 0.4,
}
"""Share of a class's labelled instructions that the rules put into it. What is no request for code at all (other)
the rules often take for one by its verb; the topic check has dropped it before that matters."""


def drawn() -> list[tuple[str, str]]:
    lines = (LABELS / "tasks.jsonl").read_text(encoding="utf-8").splitlines()
    return [(row["task"], row["instruction"]) for row in map(json.loads, lines)]


def written() -> list[tuple[str, str]]:
    by_task = json.loads((LABELS / "tasks_written.json").read_text(encoding="utf-8"))
    return [(task, instruction) for task, instructions in by_task.items() for instruction in instructions]


def published() -> list[tuple[str, str]]:
    """Instructions of others, of which only the numbers and labels are kept here."""
    labels = json.loads((LABELS / "tasks_of_others.json").read_text(encoding="utf-8"))
    found = []
    for file, by_task in labels.items():
        rows = [json.loads(line) for line in (OTHERS / file).read_text(encoding="utf-8").splitlines()]
        texts = {row.get("task_id", place): _text(row) for place, row in enumerate(rows)}
        found += [(task, texts[number]) for task, numbers in by_task.items() for number in numbers]
    return found


def _text(row: dict[str, Any]) -> str:
    if "instances" not in row:
        return str(row["text"])
    return "\n\n".join(filter(None, [row["instruction"], row["instances"][0]["input"]]))


def right(labelled: list[tuple[str, str]]) -> float:
    return sum(task_class(instruction) == task for task, instruction in labelled) / len(labelled)


def test_the_rules_agree_with_the_labels_of_draws() -> None:
    assert len(drawn()) >= 60
    assert right(drawn()) >= 0.93
    assert right(written()) >= 0.93


def test_the_rules_agree_with_the_labels_class_by_class() -> None:
    if not (OTHERS / "self_instruct").is_dir():
        pytest.skip("REFERENCE_DATA names no folder with self_instruct/seed_tasks.jsonl and mbpp/mbpp.jsonl")
    labelled = drawn() + written() + published()
    assert len(labelled) >= 120
    accuracy = {task: right([each for each in labelled if each[0] == task]) for task in TASKS}
    assert all(accuracy[task] >= floor for task, floor in FLOORS.items()), accuracy
    assert right(labelled) >= 0.9
