"""Three experts that mine, answer and judge by script: what they say depends on the request alone."""

import random
import re
from typing import Any

from unit.scripted_server import Asked, Fault

from warriorcoder.ids import seed_from, text_digest
from warriorcoder.recipe import Recipe

KEY = "k3y-that-must-never-be-written-down"
KEY_VARIABLE = "SCRIPTED_KEY"

TASKS = (
    "reverses a singly linked list in place",
    "counts the vowels in a string and returns a dictionary",
    "merges two sorted arrays without extra memory",
    "validates an IPv4 address given as text",
    "finds the longest common prefix of several words",
    "parses a CSV line with quoted fields",
    "rotates a square matrix by ninety degrees",
    "computes the n-th Fibonacci number iteratively",
    "groups anagrams from a stream of tokens",
    "evaluates an arithmetic expression in postfix notation",
    "removes duplicates from a list while keeping its order",
    "converts Roman numerals to integers",
)
JUNK = ("Sure, here is a solution", "assistant\nHello", "Tell me about the weather in Paris in May, please", "")
ANSWERS = (
    'Here you go:\n\n```python\ndef solve(value):\n    """Solve it."""\n    return {seed}\n```\n\nIt works.',
    "```python\ndef solve(value:\n    return {seed}\n```",
    "You should think about it {seed} times.",
)


def script(asked: Asked) -> str | Fault:
    """What a model says, drawn from nothing but the request."""
    seed = seed_from(asked.model, asked.text, asked.body["seed"])
    drawn = random.Random(seed)
    if asked.text.startswith("You are grading an instruction"):
        return f"It is clear. [[{drawn.randint(4, 10)}]]" if seed % 7 else "I cannot say."
    if asked.text.startswith("Act as an impartial judge"):
        return verdict(asked, drawn)
    if asked.text.endswith("\n4. Write a"):
        return f" function that {drawn.choice(TASKS)}.\n5. Write a program that sleeps."
    if asked.text.startswith("Programming exercises, each with"):
        return f"def solve(value):\n    return {seed}\n```\n\nExercise: another one"
    if not asked.chat:
        kind = "Python function" if asked.model == "m-one" else "method of a class"
        text = f"Please write a {kind} that {drawn.choice(TASKS)}."
        return drawn.choice(JUNK) if seed % 4 == 0 else text
    return drawn.choice(ANSWERS).format(seed=seed % 100)


def verdict(asked: Asked, drawn: random.Random) -> str:
    """A judge that reads: the same answer wins in both orders. Now and then it says nothing."""
    shown = re.findall(r"<answer_[AB]>\n(.*?)\n</answer_[AB]>", asked.text, re.S)
    assert len(shown) == 2
    if drawn.random() < 0.2:
        return "Both have their points."
    if shown[0] == shown[1]:
        return "No difference. [[Tie]]"
    return f"A says [[A]], B says [[B]].\n\nThe better one is [[{'A' if worth(shown[0]) > worth(shown[1]) else 'B'}]]"


def worth(answer: str) -> tuple[bool, str]:
    """Code first; the rest is a matter of taste, but always of the same one."""
    return "def " in answer, text_digest(answer)


def is_judging(asked: Asked) -> bool:
    return asked.text.startswith("Act as an impartial judge")


def recipe(url: str, **sections: Any) -> Recipe:
    experts = [
        {
            "name": name,
            "template": template,
            "endpoint": {"kind": "openai", "base_url": url, "model": f"m-{name}", "api_key_env": KEY_VARIABLE},
            "price": {"input": 1.0, "output": 2.0},
        }
        for name, template in (("one", "chatml"), ("two", "chatml"), ("three", "base"))
    ]
    return Recipe.model_validate(
        {
            "name": "scripted",
            "experts": experts,
            "mining": {"per_expert": 6, "max_draws": 30, "max_tokens": 64},
            "battles": {"execution_weight": 1, "attempts": 2},
            "rating": {"bootstrap": 20},
            **sections,
        }
    )
