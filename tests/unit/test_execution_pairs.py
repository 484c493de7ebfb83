"""Pairs of answers, run in the real sandbox: who wins, by which rule."""

import json
from collections.abc import Iterator

import pytest

from warriorcoder.pipelines.battles.execution.judge import judge_by_execution
from warriorcoder.sandbox.sandbox import Sandbox

OTHER = {"a": "b", "b": "a", "tie": "tie", None: None}

SUM = "Write a function that takes a list of integers and returns the sum."
VOWELS = "Write a function that counts the number of vowels in a string."
POWER = "I'm trying to create a function that checks if a given integer is a power of 2. Can you help me with that?"
EVEN = "I need a function that will check if a given number is an even number. Can you provide one?"
LARGEST = "Write a program that finds the largest number in a list of numbers."
SPACES = "Write a function that takes a string, removes the white spaces, and returns the new string."
DOUBLE = "Write a function `double` with def double(x: int) -> int.\ndouble(2) -> 4\ndouble(5) -> 10"
ADD = "Write a python function to add two numbers.\nassert add(1, 2) == 3\nassert add(2, 2) == 4"
EMPTY = "Write a function that takes a string.\nassert not full('')\nassert full('a')"
PLAIN = "Write a Python program that parses a config."

GOOD_SUM = "def total(xs):\n    return sum(xs)"
LOOP_SUM = "def add_all(numbers):\n    n = 0\n    for x in numbers:\n        n += x\n    return n"
COUNT = "def count_vowels(s):\n    return sum(c in 'aeiouAEIOU' for c in s)"
SLOW = "def total(xs):\n    while True:\n        pass"

# (what it shows, instruction, a's program, b's program, verdict, rule)
PAIRS = [
    ("no code loses", SUM, GOOD_SUM, None, "a", "runnable"),
    ("empty text is no code", SUM, GOOD_SUM, "  \n", "a", "runnable"),
    ("comments are no code", SUM, GOOD_SUM, "# sum(xs)", "a", "runnable"),
    ("broken code loses", SUM, GOOD_SUM, "def total(xs:\n  return", "a", "runnable"),
    ("a stub loses", SUM, GOOD_SUM, "def total(xs):\n    pass", "a", "runnable"),
    ("imports alone lose", SUM, GOOD_SUM, "import math\n", "a", "runnable"),
    ("a docstring alone loses", SUM, GOOD_SUM, 'def total(xs):\n    """Sum."""', "a", "runnable"),
    ("neither parses", SUM, "def (", "total =", None, "not run"),
    ("neither has code", SUM, None, None, None, "not run"),
    ("no code asked for", "Explain what a list is.", GOOD_SUM, None, None, "not asked"),
    ("another language", "Write a Rust function that adds two numbers.", GOOD_SUM, None, None, "not asked"),
    (
        "an example decides",
        ADD,
        "def add(a, b):\n    return a + b",
        "def add(a, b):\n    return a * b",
        "a",
        "examples",
    ),
    ("arrows decide", DOUBLE, "def double(x):\n    return 2 * x", "def double(x):\n    return x ** 2", "a", "examples"),
    (
        "another name fails",
        DOUBLE,
        "def double(x):\n    return 2 * x",
        "def twice(x):\n    return 2 * x",
        "a",
        "examples",
    ),
    ("truth of asserts", EMPTY, "def full(s):\n    return s or None", "def full(s):\n    return True", "a", "examples"),
    (
        "a crash breaks examples",
        ADD,
        "def add(a, b):\n    return a + b",
        "def add(a, b):\n    return c",
        "a",
        "examples",
    ),
    ("too few parameters", ADD, "def add(a, b):\n    return a + b", "def add(a):\n    return a", "a", "examples"),
    (
        "both hold",
        ADD,
        "def add(a, b):\n    return a + b",
        "def add(x, y):\n    return sum([x, y])",
        "tie",
        "agreement",
    ),
    (
        "examples before the demonstration",
        ADD,
        "def add(a, b):\n    return a + b\nprint(ad(1, 2))",
        "def add(a, b):\n    return a - b\nprint(add(1, 2))",
        "a",
        "examples",
    ),
    (
        "the name counts",
        "Write a function called `scan` that reads a file.",
        "def scan(path):\n    return open(path).read()",
        "def read(path):\n    return open(path).read()",
        "a",
        "name",
    ),
    ("the same by other means", SUM, GOOD_SUM, LOOP_SUM, "tie", "agreement"),
    ("floats within rounding", SUM, "def f(x):\n    return sum(x) * 1.1 / 1.1", GOOD_SUM, "tie", "agreement"),
    ("an unknown name inside", SUM, GOOD_SUM, "def total(xs):\n    return summe(xs)", "a", "crashes"),
    ("no such method", VOWELS, COUNT, "def f(s):\n    return sum(1 for c in s if c.is_vowel())", "a", "crashes"),
    ("never ends", SUM, GOOD_SUM, SLOW, "a", "crashes"),
    ("endless recursion", SUM, GOOD_SUM, "def total(xs):\n    return total(xs)", "a", "crashes"),
    ("memory without end", SUM, GOOD_SUM, "def total(xs):\n    return [0] * 10 ** 12", "a", "crashes"),
    ("leaving is a crash", SUM, GOOD_SUM, "import os\ndef total(xs):\n    os._exit(0)", "a", "crashes"),
    (
        "an error on purpose is none",
        SUM,
        GOOD_SUM,
        "def total(xs):\n    if len(xs) > 3:\n        raise ValueError('too long')\n    return sum(xs)",
        "tie",
        "agreement",
    ),
    (
        "an empty list names nobody",
        LARGEST,
        "def f(x):\n    return max(x, default=None)",
        "def f(x):\n    return max(x)",
        "tie",
        "agreement",
    ),
    ("printing is not returning", SUM, GOOD_SUM, "def total(xs):\n    print(sum(xs))", "a", "results"),
    (
        "the wrong type",
        "Write a function that takes a string and returns an integer.",
        "def f(s):\n    return len(s)",
        "def f(s):\n    return s",
        "a",
        "results",
    ),
    (
        "the annotation's type",
        "Complete: def longest(words: list[str]) -> str:",
        "def longest(words):\n    return max(words, key=len)",
        "def longest(words):\n    return len(words)",
        "a",
        "results",
    ),
    ("they differ, nobody is named", VOWELS, COUNT, "def f(s):\n    return s.count('a')", None, "disagreement"),
    ("types are not told", PLAIN, "def f(c):\n    return 1", "def f(c):\n    return 2", None, "no evidence"),
    (
        "a demonstration that fails",
        PLAIN,
        "def f(c):\n    return c\nprint(f(1))",
        "def f(c):\n    return c\nprint(g(1))",
        "a",
        "run",
    ),
    ("what nobody calls shows nothing", PLAIN, "def f(c):\n    return c", "print(g(1))", None, "no evidence"),
    ("it wants input", PLAIN, "x = input()\nprint(x)", "print(1)", None, "no evidence"),
    ("it wants a file", PLAIN, "print(open('there.cfg').read())", "print(1)", None, "no evidence"),
    ("it wants a package", PLAIN, "import pandas\nprint(pandas)", "print(1)", None, "no evidence"),
    ("it wants arguments", PLAIN, "import sys\nprint(sys.argv[1])", "print(1)", None, "no evidence"),
    ("the standard library has no such thing", PLAIN, "print(1)", "import math.random\nprint(2)", "a", "run"),
    ("a real syntax of Python 2", PLAIN, "print(1)", "print 1", "a", "runnable"),
    (
        "its own assertion breaks",
        EVEN,
        "def even(n):\n    return n % 2 == 0\nassert even(2) == True",
        "def even(n):\n    return n % 2\nassert even(2) == True",
        "a",
        "claims",
    ),
    (
        "its own comment breaks",
        POWER,
        "def p(n):\n    return n > 0 and n & (n - 1) == 0\nprint(p(8))  # True",
        "def q(n):\n    return n % 2 == 1\nprint(q(8))  # Output: True",
        "a",
        "claims",
    ),
    (
        "a claim without quotes",
        SPACES,
        "def f(s):\n    return s.replace(' ', '')\nprint(f('a b'))  # Output: ab",
        "def g(s):\n    return s.strip()\nprint(g('a b'))  # Output: ab",
        "a",
        "claims",
    ),
    (
        "its own doctest breaks",
        EVEN,
        "def f(n):\n    '''\n    >>> f(3)\n    False\n    '''\n    return n % 2 == 0",
        "def g(n):\n    '''\n    >>> g(3)\n    False\n    '''\n    return n % 2 == 1",
        "a",
        "claims",
    ),
    ("a generator is no data", SUM, "def f(x):\n    yield sum(x)", "def g(x):\n    yield sum(x)", None, "no evidence"),
    (
        "shapes out of both answers",
        "Write a function named scale that scales a vector.",
        "def scale(v: list[float], k: float):\n    return [k * x for x in v]",
        "def scale(v: list[float], k: float):\n    return [x * k for x in v]",
        "tie",
        "agreement",
    ),
    (
        "one that lies about its outcome wins nothing",
        ADD,
        "def add(a, b):\n    return a + b",
        "class Any(int):\n    def __eq__(self, other):\n        return True\ndef add(a, b):\n    return Any(9)",
        "a",
        "examples",
    ),
]

# Answers of SmolLM2 and Gemma 3 to instructions that were mined, as they stand.
REAL = [
    (
        "power of two",
        POWER,
        "def is_power_of_2(n):\n    return n & (n - 1) == 0\nprint(is_power_of_2(8))  # True\n"
        "print(is_power_of_2(10))  # False",
        "def is_power_of_two(n):\n    if n == 0:\n        return True\n    return (n & (n - 1)) == 1\n"
        "print(is_power_of_two(9))  # True\nprint(is_power_of_two(12))  # False",
        "a",
        "claims",
    ),
    (
        "vowels",
        VOWELS,
        "def count_vowels(input_str):\n    return len(str(input_str)) - 3",
        'def vowels(string):\n    """Return a string of all vowels in the string."""\n    count = 0\n'
        "    for c in string:\n        if c in vowels:\n            count += 1\n    return count",
        "a",
        "crashes",
    ),
    (
        "largest",
        LARGEST,
        "def find_largest_number(lst):\n    return max(lst, default=None)\n\n"
        "find_largest_number([3, 10, 40, 50])  # Output: 50",
        "import random\ndef largest(mylist):\n    length = len(mylist)\n    for i in range(0, length):\n"
        '        for j in range(0, i):\n            print(mylist[j], end = " ")\n    print()\n    return max(mylist)',
        "tie",
        "agreement",
    ),
    (
        "any number of arguments",
        "Can you provide a Python function that will accept any number of arguments and return the sum of those "
        "arguments?",
        "def sum_args(*args):\n    return sum(args)\n\nprint(sum_args(10, 2, 3, 4, 5, 6, 7, 8, 9, 10))  # Output: 55",
        "def sum(a, b):\n    return a + b",
        None,
        "no evidence",
    ),
]

CASES = PAIRS + REAL


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(workers=1) as opened:
        yield opened


@pytest.fixture(autouse=True)
def no_process_left() -> None:
    """The pool outlives the single test, and ends with this file."""


@pytest.mark.parametrize(
    ("instruction", "a", "b", "verdict", "rule"),
    [case[1:] for case in PAIRS + REAL],
    ids=[case[0] for case in PAIRS + REAL],
)
def test_the_vote(
    sandbox: Sandbox, instruction: str, a: str | None, b: str | None, verdict: str | None, rule: str
) -> None:
    vote, evidence = judge_by_execution(instruction, a, b, sandbox)
    assert (vote.verdict, vote.rule) == (verdict, rule), (vote.reason, evidence)
    json.dumps(evidence.as_data())


@pytest.mark.parametrize(("instruction", "a", "b"), [case[1:4] for case in REAL + PAIRS[11:40:4]])
def test_places_do_not_matter_and_a_second_time_is_the_same(sandbox: Sandbox, instruction: str, a: str, b: str) -> None:
    vote, evidence = judge_by_execution(instruction, a, b, sandbox)
    swapped, other = judge_by_execution(instruction, b, a, sandbox)
    assert swapped.verdict == OTHER[vote.verdict]
    assert other == evidence.swapped()
    assert judge_by_execution(instruction, a, b, sandbox) == (vote, evidence)
