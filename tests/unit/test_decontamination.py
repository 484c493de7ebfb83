"""Decontamination: what gives a benchmark's task away, and what does not."""

import io
import json
import keyword
import re
import tokenize
from functools import cache
from pathlib import Path

import pytest

from warriorcoder.pipelines.mining.benchmark_tasks import BenchmarkTask, read_tasks
from warriorcoder.pipelines.mining.code_overlap import TEXTBOOK
from warriorcoder.pipelines.mining.decontamination import SHOWN, Check, Decontaminator, Hit
from warriorcoder.pipelines.mining.entry_points import is_distinctive

TASKS = read_tasks("humaneval")
BY_ID = {task.task_id: task for task in TASKS}

TRIVIAL = {2, 7, 13, 16, 22, 23, 27, 28, 29, 30, 34, 38, 41, 42, 45, 52, 53, 54, 60, 79, 83, 97, 100, 133, 138, 162}
"""HumanEval's solutions that are one line or two, under twenty tokens, or (38) a helper's that are."""


@cache
def humaneval() -> Decontaminator:
    return Decontaminator(TASKS)


def found(text: str, *checks: Check) -> set[str]:
    return {hit.task_id for hit in humaneval().hits(text) if not checks or hit.check in checks}


def renamed(code: str) -> str:
    """The code with other variables, comments in between and other whitespace."""
    names = dict.fromkeys(re.findall(r"\b([a-zA-Z_]\w*)\b(?=\s*(?:,\s*\w+\s*)*=[^=])|\bfor (\w+) in", code))
    others = {name: f"renamed_{i}" for i, pair in enumerate(names) for name in pair if name}
    tokens = tokenize.generate_tokens(io.StringIO(code).readline)
    parts: list[tuple[int, str]] = []
    for token in tokens:
        if token.type == tokenize.NEWLINE:
            parts.append((tokenize.COMMENT, "# so it goes"))
        attribute = bool(parts) and parts[-1][1] == "."
        is_ours = token.type == tokenize.NAME and not attribute and not keyword.iskeyword(token.string)
        parts.append((token.type, others.get(token.string, token.string) if is_ours else token.string))
    return tokenize.untokenize(parts)


def test_every_prompt_is_found() -> None:
    assert [task.task_id for task in TASKS if task.task_id not in found(task.prompt)] == []
    wrapped = ("Please complete this function.\n\n```python\n{}\n```\nThink step by step.", "{}", ">{}<")
    for wrapper in wrapped:
        assert all(task.task_id in found(wrapper.format(task.prompt.upper()), Check.NGRAM) for task in TASKS[:20])


def test_a_prompt_with_another_function_name_is_found() -> None:
    missed = []
    for task in TASKS:
        prompt = re.sub(rf"\b{task.entry_point}\b(?=\()", "solve_it", task.prompt)
        assert prompt != task.prompt
        if task.task_id not in found(prompt):
            missed.append(task.task_id)
    # "Return n-th Fibonacci number.", with three of them as examples.
    assert missed == ["HumanEval/55"]


def test_a_solution_with_other_names_is_found() -> None:
    missed = set()
    for task in TASKS:
        solution = renamed("def solve_it():\n" + task.program[len(task.prompt) :])
        if task.task_id not in found(f"Here you are:\n```python\n{solution}\n```", Check.CODE):
            missed.add(int(task.task_id.split("/")[1]))
    # The test for primes and the search for the largest are out of a textbook.
    assert missed == TRIVIAL | {31, 35}


@pytest.mark.parametrize(
    ("text", "task", "check"),
    [
        ("Explain what has_close_elements does.", "HumanEval/0", Check.ENTRY_POINT),
        ("const hasCloseElements = (numbers, threshold) => {", "HumanEval/0", Check.ENTRY_POINT),
        ("fn separate_paren_groups(s: String) -> Vec<String>", "HumanEval/1", Check.ENTRY_POINT),
        ("`strlen` shall return the length of given string, as an integer", "", None),
        ("longest(texts) shall return the first one in case of multiple strings!", "HumanEval/12", Check.ENTRY_POINT),
        (
            "Given a list of numbers,\n* Check if in given list of numbers, are any two numbers closer to each other\n"
            "than given threshold!",
            "HumanEval/0",
            Check.NGRAM,
        ),
        ("Explain median(l) and sort_array(l) to me, and is_palindrome.", "", None),
        ("Write a function to add two numbers.\ndef add(x, y):\n    return x + y", "", None),
        ("from typing import List, Tuple, Optional, Any\nimport math, hashlib, collections, string, re, os", "", None),
        ("print([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16])", "", None),
        ("[2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37] [0, 1, 1, 2, 3, 5, 8, 13, 21, 34, 55]", "", None),
        ("[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]]", "", None),
        ("def gcd(a, b):\n    while b:\n        a, b = b, a % b\n    return a", "", None),
        (
            "def is_prime(n):\n    if n < 2:\n        return False\n    for i in range(2, int(n ** 0.5) + 1):\n"
            "        if n % i == 0:\n            return False\n    return True",
            "",
            None,
        ),
        (
            "Return true if a given number is prime, and false otherwise.",
            "HumanEval/31",
            Check.NGRAM,
        ),
        ("Write `is_prime` in Java, which shall return true if a given number is a prime.", "", None),
        ("You may assume that each of the elements in the array will be in the range of [-1000, 1000].", "", None),
        ("", "", None),
    ],
)
def test_what_is_a_hit(text: str, task: str, check: Check | None) -> None:
    hits = humaneval().hits(text)
    assert [(hit.task_id, hit.check) for hit in hits] == ([(task, check)] if check else [])


_BEGINNINGS = ['"""', "'''\n", "def f", "def f():\n", "return ", "a_", "aB", "`", "x = f(", "\\", '"', "def f1\n"]


@pytest.mark.timeout(30)
@pytest.mark.parametrize("piece", _BEGINNINGS)
def test_no_text_takes_long(piece: str) -> None:
    """A hundred thousand characters of what a check begins with."""
    assert humaneval().hits("return " + piece * (100_000 // len(piece))) == []


def test_a_hit_says_what_it_is() -> None:
    hit = humaneval().hits("see has_close_elements")[0]
    assert hit == Hit("humaneval", "HumanEval/0", Check.ENTRY_POINT, "has_close_elements")
    assert str(hit) == "humaneval HumanEval/0, entry point: has_close_elements"
    for task in TASKS:
        assert all(0 < len(hit.matched) <= SHOWN and "\n" not in hit.matched for hit in humaneval().hits(task.program))


def test_an_odd_name_counts_as_it_is_spelt() -> None:
    decontaminator = Decontaminator([BenchmarkTask("own", "1", "Remove it.", entry_point="remove_Occ")])
    assert [hit.matched for hit in decontaminator.hits("def remove_Occ(s, ch): ...")] == ["remove_Occ"]
    assert decontaminator.hits("def remove_occ(s, ch): ...") == []
    assert decontaminator.hits("def removeOcc(s, ch): ...") == []


def test_a_short_wording_counts_as_a_whole_sentence_only() -> None:
    stock = [f"Write a function to find the {word} of the list." for word in ("sum", "mode", "end", "top")]
    tasks = [
        BenchmarkTask("own", str(i), prompt) for i, prompt in enumerate([*stock, "Write a function to merge cats."])
    ]
    decontaminator = Decontaminator(tasks)
    assert [hit.task_id for hit in decontaminator.hits("Hello!\nWrite a function to merge cats. Thanks.")] == ["4"]
    assert decontaminator.hits("Write a function to merge cats and dogs.") == []
    assert [hit.task_id for hit in decontaminator.hits("WRITE a function to find the mode, of the list?")] == ["1"]


def test_what_many_tasks_share_is_nobodys() -> None:
    shared = "You are an expert programmer and here is your task for today, my dear friend:"
    tasks = [BenchmarkTask("own", str(i), f"{shared} {word}") for i, word in enumerate(("red", "green", "blue"))]
    assert Decontaminator(tasks).hits(shared) == []
    # In two benchmarks it is one task's each.
    both = [BenchmarkTask(name, "1", shared) for name in ("own", "other")]
    assert [hit.benchmark for hit in Decontaminator(both).hits(shared)] == ["own", "other"]


@pytest.mark.parametrize("n", [5, 10, 13])
def test_the_length_of_an_ngram_is_given(n: int) -> None:
    words = re.findall(r"\w+", "alpha bravo charlie delta echo foxtrot golf hotel india juliett kilo lima mike nova")
    decontaminator = Decontaminator([BenchmarkTask("own", "1", " ".join(words))], n)
    assert decontaminator.hits("and " + " ".join(words[1:n]) + " end") == []
    assert (
        decontaminator.hits("and " + " ".join(words[1 : n + 1]) + " end")[0].matched
        == " ".join(words[1 : n + 1])[:SHOWN]
    )


@pytest.mark.parametrize(
    ("name", "alone"),
    [
        ("has_close_elements", True),
        ("car_race_collision", True),
        ("minSubArraySum", False),
        ("check_if_last_char_is_a_letter", False),
        ("remove_duplicates", False),
        ("greatest_common_divisor", False),
        ("rgb_to_hsv", False),
        ("is_palindrome", False),
        ("add", False),
        ("f", False),
        ("", False),
    ],
)
def test_a_name_is_distinctive_or_needs_another_sign(name: str, alone: bool) -> None:
    assert is_distinctive(name) is alone


@pytest.mark.parametrize("function", TEXTBOOK.split("\n\n"))
def test_textbook_code_is_nobodys(function: str) -> None:
    assert humaneval().hits(f"Translate this into C++:\n```python\n{function}\n```") == []


def test_instructions_that_models_wrote_are_no_hits() -> None:
    """The real draws that the tests have, from SmolLM2 and Gemma."""
    files = sorted((Path(__file__).parents[1] / "data" / "draws").glob("*.jsonl"))
    rows = [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    texts = [row.get("text") or row.get("instruction") for row in rows]
    assert len(texts) > 60
    assert [text for text in texts if humaneval().hits(text)] == []


DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


@pytest.mark.skipif(not DATA.is_dir(), reason=f"MBPP and self-instruct's seeds are not in {DATA}")
def test_mbpp_is_found_and_other_benchmarks_and_ordinary_instructions_are_not() -> None:
    mbpp = read_tasks(str(DATA / "mbpp" / "mbpp.jsonl"))
    decontaminator = Decontaminator(mbpp)
    for task in mbpp:
        text = re.sub(rf"\b{task.entry_point}\b(?=\s*\()", "solve_it", f"{task.prompt}\n{task.tests}")
        assert task.task_id in {hit.task_id for hit in decontaminator.hits(task.prompt)}
        assert task.task_id in {hit.task_id for hit in decontaminator.hits(text)}
    others = [task.prompt for task in TASKS] + [task.program[len(task.prompt) :] for task in TASKS]
    seeds = (DATA / "self_instruct" / "seed_tasks.jsonl").read_text(encoding="utf-8").splitlines()
    others += [json.loads(line)["instruction"] for line in seeds]
    assert [text for text in others if decontaminator.hits(text)] == []
    assert [task.task_id for task in mbpp if humaneval().hits(f"{task.prompt}\n{task.tests}\n{task.program}")] == []
