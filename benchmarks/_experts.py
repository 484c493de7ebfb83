"""What the server's models say: drawn from nothing but the request, in the forms that the stages read."""

import hashlib
import random
import re
from typing import Any

VERBS = (
    "reverses", "sorts", "validates", "merges", "counts", "compresses", "rotates", "searches", "filters", "caches",
    "parses", "encrypts", "shuffles", "flattens", "groups", "compares",
)  # fmt: skip
OBJECTS = (
    "a linked list of integers", "a matrix of floats", "the words of a text file", "the keys of nested dictionaries",
    "a stream of JSON records", "the nodes of a binary tree", "a queue of tasks", "the rows of a CSV file",
    "an array of time stamps", "the edges of a weighted graph", "a string of brackets", "a set of IPv4 addresses",
)  # fmt: skip
LIMITS = (
    "without extra memory", "in linear time", "and raises ValueError for bad input", "with a generator",
    "by recursion", "with unit tests", "and returns a tuple", "with type hints",
)  # fmt: skip
JUNK = ("Sure, here is a solution", "assistant\nHello", "Tell me about the weather in Paris in May, please", "")

_ANSWERS = re.compile(r"<answer_[AB]>\n(.*?)\n</answer_[AB]>", re.S)


def says(body: dict[str, Any], text: str, words: int) -> str:
    """The completion of a request: an instruction, a grade, a verdict or an answer of about `words` words."""
    drawn = random.Random(f"{body['model']} {body.get('seed')} {text}")
    if text.startswith("You are grading an instruction"):
        return f"It is clear. [[{drawn.randint(4, 10)}]]" if drawn.random() < 0.9 else "I cannot say."
    if text.startswith("Act as an impartial judge"):
        return _verdict(drawn, *_ANSWERS.findall(text))
    if text.startswith("Programming exercises, each with"):
        return f"def solve(value):\n    return {drawn.randrange(10**6)}\n```\n\nExercise: another one"
    if "messages" not in body:
        return _instruction(drawn, text)
    filler = " ".join(f"word{drawn.randrange(100)}" for _ in range(words))
    return f"```python\ndef solve(value):\n    return {drawn.randrange(10**6)}\n```\n{filler}"


def _instruction(drawn: random.Random, prompt: str) -> str:
    """What mining brings: mostly a task, continued in the form in which the prompt began it."""
    task = f"function that {drawn.choice(VERBS)} {drawn.choice(OBJECTS)} {drawn.choice(LIMITS)}."
    if prompt.endswith("Write a"):
        return f" {task}\n5. Write a program that sleeps."
    return drawn.choice(JUNK) if drawn.random() < 0.15 else f"Please write a Python {task}"


def _verdict(drawn: random.Random, first: str, second: str) -> str:
    """A judge that reads: the same answer wins in both orders. Now and then it says nothing."""
    if drawn.random() < 0.1:
        return "Both have their points."
    if first == second:
        return "No difference. [[Tie]]"
    return f"One is better: [[{'A' if _worth(first) > _worth(second) else 'B'}]]"


def _worth(answer: str) -> str:
    return hashlib.sha256(answer.encode()).hexdigest()
