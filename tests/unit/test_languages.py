"""The languages of a text: named, shown by code, written in, asked for."""

import pytest

from warriorcoder.pipelines.mining.languages import (
    Wish,
    language_named,
    languages_named,
    natural_language,
    unwished,
    wish_of,
)


@pytest.mark.parametrize(
    ("instruction", "language"),
    [
        ("Write a Python function.", "python"),
        ("Use pandas to group rows.", "python"),
        ("```py\nx = 1\n```", "python"),
        ("def f(x):\n    return x", "python"),
        ("Write a JavaScript function", "javascript"),
        ("Write a Java class", "java"),
        ("public class Main { }", "java"),
        ("a TypeScript interface", "typescript"),
        ("Sort a vector in C++.", "c++"),
        ("A C# property", "c#"),
        ("SELECT name FROM users does not work", "sql"),
        ("Can you provide a SQLite schema?", "sql"),
        ("a Rust crate", "rust"),
        ("A goroutine in Go", "go"),
        ("Write a C program that adds.", "c"),
        ("Reverse a string in C.", "c"),
        ("a bash one-liner", "bash"),
        ("Plot the residuals in R.", "r"),
        ("Convert this Java class to Kotlin.", "kotlin"),
        ("Translate the following Perl script into Python 3.", "python"),
        ("Write a Python script that stores rows in a MySQL table.", "python"),
        # Words of every day.
        ("I go home", None),
        ("How would you react to a swift reply?", None),
        ("Wait for the rust to go away.", None),
        ("Reverse a string.", None),
        ("See example.net for the files.", None),
    ],
)
def test_language_named(instruction: str, language: str | None) -> None:
    assert language_named(instruction) == language


def test_languages_come_in_the_order_in_which_they_are_named() -> None:
    assert languages_named("From Java to Python, with a little SQL; again Java.") == ["java", "python", "sql"]
    assert languages_named("Use Ruby.\n```python\nx\n```") == ["ruby", "python"]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Write a function that reverses a string.", "en"),
        ("Escribe una función en Python que invierta una cadena.", "es"),
        ("Écris une fonction qui renvoie la somme des nombres dans une liste.", "fr"),
        ("Schreibe eine Funktion, die das größte Element der Liste und den Index zurückgibt.", "de"),
        ("Escreva uma função que não usa a biblioteca e retorna o maior dos números.", "pt"),
        ("写一个Python函数来反转字符串。", "zh"),
        ("Pythonで文字列を逆にする関数を書いてください。", "ja"),
        ("Напиши функцию на Python.", "ru"),
        ("Sort numbers", None),
        ("```python\nthe of and to in\n```", None),
    ],
)
def test_natural_language(text: str, language: str | None) -> None:
    assert natural_language(text) == language


def test_a_system_prompt_says_which_languages_are_wished() -> None:
    assert wish_of("You help users with Python and SQL.") == Wish(frozenset({"python", "sql"}))
    assert wish_of("You help users debug their code.") == Wish()


@pytest.mark.parametrize(
    ("wished", "text", "strange"),
    [
        ("java", "Write a Python function.", "python"),
        ("java", "Write a function.", None),
        ("java", "Rewrite this Python function in Java.", None),
        ("java", "Translate this Python function into MySQL.", "python"),
        ("java", "Write a class that reads rows from a SQL database.", None),
        ("sql", "Write a Python script that runs a SQL query.", None),
        ("sql", "Draw a gradient in CSS.", "html"),
        ("javascript", "Center a div with CSS.", None),
        ("c", "Use std::vector in C++.", None),
        ("c++", "Write a C program.", "c"),
    ],
)
def test_a_text_in_another_language_than_wished(wished: str, text: str, strange: str | None) -> None:
    assert unwished(text, Wish(frozenset({wished}))) == strange
    assert unwished(text, Wish()) is None


def test_a_natural_language_can_be_wished() -> None:
    english = Wish(natural=frozenset({"en"}))
    assert unwished("Escribe una función en Python que invierta una cadena.", english) == "es"
    assert unwished("Write a function that reverses a string.", english) is None
    assert unwished("Sort numbers", english) is None
