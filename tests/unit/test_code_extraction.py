"""The program in an answer: more than a hundred answers of every shape, and the samples of a published model."""

import ast
import gzip
import json
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from warriorcoder.code_candidates import MAX_CHARACTERS, Did
from warriorcoder.code_extraction import Style, extract_program
from warriorcoder.code_statements import split

HEAD = 'def add(a, b):\n    """Add two numbers.\n    >>> add(1, 2)\n    3\n    """\n'
PROMPTS = {
    "head": HEAD,
    "helper": 'import math\n\n\ndef plus(a, b):\n    return a + b\n\ndef add(a: int, b: int) -> int:\n    """Add."""\n',
    "text": "Write a function add that adds two numbers.",
}
CASES: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parents[1] / "data" / "code_answers.yaml").read_text(encoding="utf-8")
)
DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_an_answer_gives_its_program(case: dict[str, Any]) -> None:
    prompt = PROMPTS.get(case.get("prompt", "text"), case.get("prompt", ""))
    style: Style = case.get("style", "chat")
    entry = case.get("entry", "add")
    found = extract_program(case["completion"], prompt, entry, style)
    assert {Did[name] for name in case.get("did", ())} <= set(found.did), found
    if case.get("program") == "none":
        assert found.program is None
        assert not found.parses
        assert not found.defines
        return
    assert found.program is not None
    if "holds" not in case:
        assert (found.defines, found.parses) == (case["defines"], case["parses"])
        return
    assert found.parses, found
    assert found.defines, found
    if "lacks" in case:
        assert case["lacks"] not in found.program
    space: dict[str, Any] = {"__name__": "candidate"}
    exec(compile(found.program, "<answer>", "exec"), space)
    assert eval(case["holds"], space)
    again = extract_program(found.program, prompt, entry, style)
    assert again.program == found.program


def test_a_line_for_people_says_what_was_found() -> None:
    assert extract_program("", "", "add").describe() == "no code"
    assert extract_program("```python\ndef add(): return 1\n```", "", "add").describe() == f"parses; {Did.FENCED}"
    other = extract_program("```python\ndef plus(): return 1\n```", "", "add").describe()
    assert other == f"parses, does not define what was asked; {Did.FENCED}"


def test_pieces_of_a_text_join_to_the_text() -> None:
    source = "@a\n@b\ndef f():\n  '''\nx\n'''\n\n# c\nif x:\n  y\nelse:\n  z\nfoo(\n1)\nclass A: pass\n"
    pieces = split(source)
    assert "".join(pieces) == source
    assert [piece.split("\n")[0] for piece in pieces] == ["@a", "if x:", "foo(", "class A: pass"]


PIECES = {
    "prose": "The function doesn't do (much, and ends `here` or there.\n",
    "blocks": "```python\ndef add(a, b):\n    return helper(a)\n```\n",
    "open blocks": "```python\n",
    "open strings": '```python\nx = """\n```\n',
    "definitions": "def add(a, b):\n    return 1\n\n",
    "decorators": "@cache\n",
    "brackets": "((((\n",
    "lines of one function": "    add = [1, 2, 3]\n",
    "words without end": "add ",
    "spaces": "   \t",
    "backticks": "`",
    "quotes": "'''\n\"\"\"\n",
    "thoughts": "</think> ```python\n",
    "tags": "<code>[PYTHON]",
    "nested fences": "````markdown\n```python\n",
    "semicolons": "add;",
    "broken blocks": "~~~\ndef add(:\n  (\n~~~\n",
    "quoted": "> ",
    "tries": "def add():\n  try:\n    x = (\n",
}


@pytest.mark.parametrize("piece", PIECES.values(), ids=PIECES)
@pytest.mark.parametrize("style", ["chat", "completion"])
def test_time_grows_no_faster_than_the_answer(piece: str, style: Style) -> None:
    """Four times the answer takes about four times as long; what is quadratic takes 16 times."""
    seconds = []
    for size in (12_000, 48_000):
        text = piece * (size // len(piece))
        best = float("inf")
        for _ in range(2):
            began = time.process_time()
            extract_program(text, HEAD, "add", style)
            best = min(best, time.process_time() - began)
        seconds.append(best)
    assert seconds[1] < 8 * seconds[0] + 0.15, seconds


def test_ten_megabytes_are_read() -> None:
    code = "def add(a, b):\n    return a + b\n"
    prose = "Words and more words, (and a bracket.\n" * 270_000
    assert len(prose) > 10_000_000
    found = extract_program(f"{prose}```python\n{code}```\n", "", "add")
    assert found.program == code
    found = extract_program(f"```python\n{code}" + "x = 1\n" * 1_700_000, "", "add")
    assert found.program == code
    assert {Did.SHORTENED, Did.UNCLOSED, Did.TRIMMED} <= set(found.did)
    assert len(found.program) < MAX_CHARACTERS


@pytest.mark.parametrize(
    "text",
    [
        "(" * 100_000,
        "-" * 100_000 + "1",
        "[" * 5_000 + "]" * 5_000,
        "\x00def add(): pass",
        "\ud800",
        "x=" * 9_999 + "1",
    ],
    ids=["brackets", "signs", "nested lists", "null", "surrogate", "assignments"],
)
@pytest.mark.parametrize(
    "wrap", ["{}", "```python\n{}\n```", "def add():\n    return {}\n"], ids=["bare", "block", "def"]
)
def test_what_breaks_the_parser_breaks_nothing(text: str, wrap: str) -> None:
    for entry in ("add", None):
        for style in ("chat", "completion"):
            extract_program(wrap.replace("{}", text), HEAD, entry, style)


PUBLISHED = DATA / "starcoder2-15b-instruct"


@pytest.mark.skipif(not PUBLISHED.is_dir(), reason=f"the published samples are not in {PUBLISHED}")
@pytest.mark.parametrize(
    ("samples", "tasks", "others"),
    [
        ("humaneval.jsonl", "humaneval_plus/HumanEvalPlus-v0.1.10.jsonl.gz", []),
        # The model wrote is_Divisible where is_Diff was asked for.
        ("mbpp.jsonl", "mbpp_plus/MbppPlus-v0.1.0.jsonl.gz", ["Mbpp/77"]),
    ],
)
def test_published_samples_keep_their_programs(samples: str, tasks: str, others: list[str]) -> None:
    with gzip.open(DATA / tasks, "rt", encoding="utf-8") as file:
        asked = {task["task_id"]: task for task in map(json.loads, file)}
    undefined = []
    for line in (PUBLISHED / samples).read_text(encoding="utf-8").splitlines():
        sample = json.loads(line)
        task = asked[sample["task_id"]]
        for style in ("completion", "chat"):
            completion = sample["completion"]
            if style == "chat":
                head = task["prompt"] if "def " in task["prompt"] else ""
                completion = f"Here you are:\n\n```python\n{head}{completion}```\nTry it:\n```python\nprint()\n```"
            found = extract_program(completion, task["prompt"], task["entry_point"], style)
            assert found.program is not None
            assert found.parses, sample["task_id"]
            if found.defines:
                own = ast.parse(task["prompt"] + sample["completion"]).body
                got = ast.parse(found.program).body
                assert ast.dump(ast.Module(own[-len(got) :], [])) == ast.dump(ast.Module(got, [])), sample["task_id"]
            elif style == "chat":
                undefined.append(sample["task_id"])
    assert undefined == others
