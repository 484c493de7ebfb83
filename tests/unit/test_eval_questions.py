"""What is asked for a task, by style, and when an answer is over."""

import ast
from collections import Counter

import pytest
from unit.small_tasks import CODED, DOUBLED, coded
from unit.task_rows import HUMANEVAL_PLUS, MBPP, MBPP_PLUS, SANITIZED, write_rows

from warriorcoder.code_extraction import Style, extract_program
from warriorcoder.eval.questions import (
    STOPS_IN_FUNCTION,
    STOPS_IN_PROGRAM,
    Question,
    Sampling,
    prompt_digest,
    questions,
)
from warriorcoder.eval.tasks import Task, load

FUNCTION = "def doubled(x):\n    return 2 * x\n"
FENCED = f"```python\n{FUNCTION}```"
BRACES = Task("small", "Small/2", "def keys(d={}):\n    '''{prompt} of {d}'''\n", "keys", "")


def question(task: Task, style: Style) -> Question:
    (asked,) = questions([task], style, Sampling())
    return asked


@pytest.fixture(scope="module")
def tasks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Task]:
    """A task of each benchmark."""
    folder = tmp_path_factory.mktemp("tasks")
    rows = {"humaneval+": HUMANEVAL_PLUS, "mbpp": MBPP, "mbpp-sanitized": SANITIZED, "mbpp+": MBPP_PLUS}
    return {
        "humaneval": load("humaneval").tasks[0],
        **{name: load(name, write_rows(folder / f"{name}.jsonl", [row])).tasks[0] for name, row in rows.items()},
    }


def test_each_task_s_first_draw_comes_before_any_second_one() -> None:
    asked = questions([DOUBLED, CODED], "chat", Sampling(samples=2, temperature=1.0))
    assert [(each.task.task_id, each.draw) for each in asked] == [
        ("Small/0", 0),
        ("Small/1", 0),
        ("Small/0", 1),
        ("Small/1", 1),
    ]


def test_each_draw_has_a_seed_of_its_own_whatever_else_is_asked() -> None:
    asked = questions([DOUBLED, CODED], "chat", Sampling(samples=20, temperature=1.0))
    assert len({each.seed for each in asked}) == 40
    alone = questions([CODED], "completion", Sampling(samples=3, temperature=0.2))
    seeds = {(each.task.task_id, each.draw): each.seed for each in asked}
    assert [each.seed for each in alone] == [seeds["Small/1", draw] for draw in range(3)]
    other = questions([DOUBLED, CODED], "chat", Sampling(samples=20, temperature=1.0, seed=1))
    assert not {each.seed for each in other} & {each.seed for each in asked}


def test_in_chat_the_prompt_holds_the_task_once_and_nothing_is_left_open(tasks: dict[str, Task]) -> None:
    for task in (*tasks.values(), BRACES):
        asked = question(task, "chat")
        assert asked.text.count(task.prompt.strip()) == 1
        assert asked.stops == ()
        assert asked.text.replace(task.prompt.strip(), "").count("{") == 0


def test_chat_asks_to_complete_a_head_and_to_follow_a_description(tasks: dict[str, Task]) -> None:
    kinds = {name: question(task, "chat").text.replace(task.prompt.strip(), "…") for name, task in tasks.items()}
    assert kinds["humaneval"] == kinds["humaneval+"]
    assert kinds["mbpp"] == kinds["mbpp-sanitized"] == kinds["mbpp+"] != kinds["humaneval"]


def test_a_completion_goes_on_behind_the_prompt(tasks: dict[str, Task]) -> None:
    for name, task in tasks.items():
        asked = question(task, "completion")
        assert asked.text == task.prompt.rstrip() + "\n"
        assert asked.stops == (STOPS_IN_FUNCTION if name.startswith("humaneval") else STOPS_IN_PROGRAM)


def test_every_text_that_is_asked_names_the_function(tasks: dict[str, Task]) -> None:
    for task in tasks.values():
        for style in ("chat", "completion"):
            assert task.entry_point in question(task, style).text


@pytest.mark.parametrize(
    ("completion", "over"),
    [
        (f"```python\n{FUNCTION}", False),
        (FENCED, True),
        (f"{FENCED}\nThis", True),
        ("```python\ndoubled(1)\n```", False),
        (f"```python\ndoubled(1)\n```\n{FENCED}", True),
        (f"```\n{FUNCTION}```", True),
        (f"```js\n{FUNCTION}```", False),
        ("```python\ndoubled = lambda x: 2 * x\n```", True),
        ("```python\nclass A:\n    def doubled(x):\n        pass\n```", False),
        ("```python\ndef doubled_twice(x):\n    pass\n```", False),
        (FUNCTION, False),
        ("", False),
    ],
)
def test_a_chat_answer_is_over_once_a_block_with_the_function_is_closed(completion: str, over: bool) -> None:
    asked = question(DOUBLED, "chat")
    assert asked.is_answered_by(completion) == over
    if over:
        # What is said further changes nothing.
        found = extract_program(completion, DOUBLED.prompt, "doubled", "chat")
        more = extract_program(f"{completion}\nFor example:\n```python\nprint(doubled(3))\n```", "", "doubled", "chat")
        assert found.program == more.program is not None


@pytest.mark.parametrize("stop", STOPS_IN_FUNCTION)
def test_a_completion_is_over_where_something_else_begins(stop: str) -> None:
    asked = question(DOUBLED, "completion")
    body = "    y = 2 * x\n    return y\n"
    assert not asked.is_answered_by(body)
    assert asked.is_answered_by(f"{body}{stop}")
    found = extract_program(body, DOUBLED.prompt, "doubled", "completion")
    more = extract_program(f"{body}{stop}tail of it", DOUBLED.prompt, "doubled", "completion")
    # But for a comment at its end.
    assert ast.dump(ast.parse(found.program or "")) == ast.dump(ast.parse(more.program or "no"))


@pytest.mark.parametrize("stop", STOPS_IN_PROGRAM)
def test_a_whole_program_may_have_helpers_before_it_is_over(stop: str, tasks: dict[str, Task]) -> None:
    task = tasks["mbpp+"]
    asked = question(task, "completion")
    program = "import math\n\ndef helper(x):\n    return x\n\ndef add_lists(xs, ys):\n    return ys + tuple(xs)\n"
    assert not asked.is_answered_by(program)
    assert asked.is_answered_by(f"{program}{stop}")
    found = extract_program(f"{program}{stop}tail", task.prompt, "add_lists", "completion")
    assert found.defines
    assert "tuple(xs)" in (found.program or "")


def test_the_prompts_digest_says_how_is_asked_and_not_what(tasks: dict[str, Task]) -> None:
    few, many = [coded(2)], [coded(number) for number in range(2, 9)]
    digests = [
        prompt_digest(few, "chat"),
        prompt_digest(few, "completion"),
        prompt_digest([tasks["mbpp"]], "chat"),
        prompt_digest([tasks["mbpp"]], "completion"),
    ]
    assert Counter(digests).most_common(1)[0][1] == 1
    assert prompt_digest(many, "chat") == digests[0]
    assert prompt_digest(many, "completion") == digests[1]


def test_only_the_seed_and_the_number_of_draws_reach_the_questions() -> None:
    drawn = Sampling(temperature=0.9, top_p=0.5, max_tokens=3)
    assert questions([CODED], "chat", drawn) == questions([CODED], "chat", Sampling())
