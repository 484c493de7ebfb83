import pytest

from warriorcoder.code_blocks import code_blocks, extract_code
from warriorcoder.eval.benchmarks import Task, load_benchmark
from warriorcoder.eval.generation import chat_prompt, is_complete, program_source, render

SOLUTION = "def add(a, b):\n    return a + b\n"
FENCED = f"```python\n{SOLUTION}```"
TASK = Task(
    "T/0",
    'import math\n\n\ndef helper(x):\n    return x\n\n\ndef add(a, b):\n    """Add."""\n',
    "add",
    "def check(candidate):\n    assert candidate(1, 2) == 3\n",
    "    return a + b\n",
)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (FENCED, SOLUTION),
        (f"Sure!\n\n{FENCED}\n\nThis adds them.", SOLUTION),
        (f"```py\n{SOLUTION}```", SOLUTION),
        (f"``` Python\n{SOLUTION}```", SOLUTION),
        (f"```\n{SOLUTION}```", SOLUTION),
        (f"```python\n{SOLUTION}", SOLUTION),
        (f"  ```python\n{SOLUTION}  ```", SOLUTION),
        (f"{FENCED}\nor shorter:\n```python\nadd = sum\n```", SOLUTION),
        (f"```bash\npip install x\n```\n{FENCED}", SOLUTION),
        (f"An example:\n```python\nadd(1, 2)\n```\n{FENCED}", SOLUTION),
        (f"```python\nimport math\n```\n{FENCED}", f"import math\n\n{SOLUTION}"),
        (f"Here it is.\n{SOLUTION}", SOLUTION),
        ("```python\nadd = lambda a, b: a + b\n```", "add = lambda a, b: a + b\n"),
        ("```python\nasync def add(a, b):\n    pass\n```", "async def add(a, b):\n    pass\n"),
        ("", None),
        ("I would be happy to help.", None),
        ("```python\ndef added(a, b):\n    return a + b\n```", None),
        (f"```javascript\n{SOLUTION}```", None),
        ("```python\nclass A:\n    def add(self):\n        pass\n```", None),
        ("```", None),
        ("The function def add(a, b) adds.", None),
    ],
)
def test_the_block_that_defines_the_function_is_taken(answer: str, code: str | None) -> None:
    assert extract_code(answer, "add") == code


def test_blocks_know_their_language_and_their_end() -> None:
    blocks = code_blocks("```C++\nint x;\n```\ntext\n```\ny = '```'\n```\n```py\nz")
    assert [(block.language, block.code, block.closed) for block in blocks] == [
        ("c++", "int x;\n", True),
        ("", "y = '```'\n", True),
        ("py", "z", False),
    ]


def test_a_chat_answer_is_complete_once_its_block_is_closed() -> None:
    assert not is_complete(f"```python\n{SOLUTION}", TASK, "chat")
    assert not is_complete("```python\nadd(1, 2)\n```", TASK, "chat")
    assert is_complete(f"{FENCED}\nThis", TASK, "chat")
    # What a complete answer says further changes nothing.
    assert program_source(TASK, FENCED, "chat") == program_source(TASK, f"{FENCED}\n{FENCED}", "chat")


def test_a_chat_program_has_the_prompts_imports_and_helpers() -> None:
    assert program_source(TASK, FENCED, "chat") == f"{TASK.preamble}\n{SOLUTION}\n"
    assert TASK.preamble.rstrip().endswith("return x")
    assert program_source(TASK, "No.", "chat") is None


def test_a_completion_ends_at_the_first_stop() -> None:
    text = "    c = a + b\n\n    return c\n\n\ndef other():\n    pass\n\nprint(add(1, 2))"
    assert is_complete(text, TASK, "completion")
    assert program_source(TASK, text, "completion") == f"{TASK.prompt}    c = a + b\n\n    return c\n\n\n"
    assert not is_complete("    return a + b\n", TASK, "completion")
    assert program_source(TASK, " \n", "completion") is None


def test_the_prompt_holds_the_task_once() -> None:
    assert chat_prompt().count("{prompt}") == 1
    braces = Task("T/1", "def f(d={}):\n", "f", "", "")

    class Plain:
        def apply_chat_template(self, messages: list[dict[str, str]], **_: bool) -> str:
            return "".join(message["content"] for message in messages)

    assert "def f(d={}):" in render(braces, Plain(), "chat")
    assert render(TASK, Plain(), "completion") == TASK.prompt


def test_every_humaneval_prompt_splits_before_its_function() -> None:
    tasks = load_benchmark("humaneval").tasks
    assert len(tasks) == 164
    for task in tasks:
        assert (task.preamble + f"def {task.entry_point}(") in task.prompt
        compile(task.preamble, task.task_id, "exec")
    assert "def poly(" in tasks[32].preamble
