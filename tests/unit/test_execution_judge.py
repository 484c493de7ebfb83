"""The execution judge: what can be checked in an answer without running it."""

import warnings

import pytest

from warriorcoder.pipelines.battles.execution_judge import Evidence, examine, judge_by_evidence, names_asked

NONE = Evidence(False, False, False, False)
BROKEN = Evidence(True, False, False, False)
IDLE = Evidence(True, True, False, False)
RUNS = Evidence(True, True, True, False)
FULL = Evidence(True, True, True, True)


def block(code: str, language: str = "python") -> str:
    return f"Here:\n\n```{language}\n{code}\n```\n\nDone."


@pytest.mark.parametrize(
    ("instruction", "names"),
    [
        ("Write a function is_prime(n).", {"is_prime"}),
        ("Write a function `is_prime` that tells primes.", {"is_prime"}),
        ("Write a function named is_prime.", {"is_prime"}),
        ("a class called Stack with a method push()", {"Stack", "push"}),
        ("Implement a class 'Stack'.", {"Stack"}),
        ("def add(a, b):", {"add"}),
        ("Write a function that adds.", set()),
        ("A function called when the button is clicked", set()),
        ("A class named after its author", set()),
        ("It is called by the main program", set()),
        ("a technique called dynamic programming", set()),
    ],
)
def test_names_that_an_instruction_asks_for(instruction: str, names: set[str]) -> None:
    assert names_asked(instruction) == names


@pytest.mark.parametrize(
    ("answer", "evidence"),
    [
        ("", NONE),
        ("Use a loop.", NONE),
        (block(""), NONE),
        (block("System.out.println(1);", "java"), NONE),
        (block("def add(a, b) return a"), BROKEN),
        (block("a\0b"), BROKEN),
        (block("(" * 500), BROKEN),
        (block("-" * 100_000 + "1"), BROKEN),
        (block("import os"), IDLE),
        (block("# nothing"), IDLE),
        (block("def add(a, b):\n    pass"), Evidence(True, True, False, True)),
        (block("def add(a, b):\n    '''Add.'''"), Evidence(True, True, False, True)),
        (block("print(1)"), RUNS),
        (block("def sub(a, b):\n    return a - b"), RUNS),
        (block("def add(a, b):\n    return a + b"), FULL),
        (block("def add(a, b):\n    return a + b", "py"), FULL),
        (block("def add(a, b):\n    return a + b", ""), FULL),
        (block("async def add(a, b):\n    return a + b"), FULL),
        (block("class A:\n    def add(self, b):\n        return b"), FULL),
        (block("import os") + block("def add(a, b):\n    return a + b"), FULL),
        (block("def add(a, b):\n    return a + b") + block("$ pip install x"), FULL),
        (block("def add(a, b):\n    return a + b") + block("ls", "bash"), FULL),
        ("1. First:\n\n   ```python\n   def add(a, b):\n       return a + b\n   ```\n", FULL),
        ("```python\ndef add(a, b):\n    return a + b", FULL),
        ("```python\r\ndef add(a, b):\r\n    return a + b\r\n```", FULL),
    ],
)
def test_evidence(answer: str, evidence: Evidence) -> None:
    assert examine(answer, "Write a function add(a, b).") == evidence


def test_where_no_name_is_asked_for_any_definition_will_do() -> None:
    assert examine(block("def plus(a, b):\n    return a + b"), "Write a function that adds.") == FULL
    assert examine(block("print(1 + 1)"), "Write a function that adds.") == RUNS


def test_more_evidence_wins_and_equal_evidence_is_a_tie() -> None:
    ranked = ["no code", block("def add(a, b) return"), block("import os"), block("print(1)")]
    ranked.append(block("def add(a, b):\n    return a + b"))
    for low, worse in enumerate(ranked):
        for high, better in enumerate(ranked):
            verdict, reason = judge_by_evidence(worse, better, "Write a function add(a, b).")
            assert verdict == ("tie" if low == high else "b" if high > low else "a")
            assert reason.startswith("a: ")


def test_evidence_is_described() -> None:
    described = [each.describe() for each in (NONE, BROKEN, IDLE, RUNS, FULL)]
    assert len(set(described)) == 5


def test_code_with_odd_escapes_warns_nobody() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert examine(block(r"print('\d')"), "print") == RUNS
