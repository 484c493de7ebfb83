"""Task class and language of instructions."""

import pytest

from warriorcoder.pipelines.mining.classes import task_class
from warriorcoder.pipelines.mining.languages import language_named


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


@pytest.mark.parametrize(
    ("instruction", "language"),
    [
        ("Write a Python function.", "python"),
        ("Use pandas to group rows.", "python"),
        ("```py\nx = 1\n```", "python"),
        ("Write a JavaScript function", "javascript"),
        ("Write a Java class", "java"),
        ("a TypeScript interface", "typescript"),
        ("Sort a vector in C++.", "c++"),
        ("A C# property", "c#"),
        ("SELECT name FROM users does not work", "sql"),
        ("a Rust crate", "rust"),
        ("A goroutine in Go", "go"),
        ("Write a C program that adds.", "c"),
        ("a bash one-liner", "bash"),
        ("I go home", None),
        ("Reverse a string.", None),
    ],
)
def test_language_named(instruction: str, language: str | None) -> None:
    assert language_named(instruction) == language
