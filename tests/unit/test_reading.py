"""Reading draws: a table of texts that models gave, each with the judgement that a person would make."""

import time

import pytest

from warriorcoder.pipelines.endpoints.templates import FAMILIES
from warriorcoder.pipelines.mining.classes import task_class
from warriorcoder.pipelines.mining.languages import Wish, wish_of
from warriorcoder.pipelines.mining.loops import loop_in
from warriorcoder.pipelines.mining.reading import read_draw
from warriorcoder.tables import Reason

CHAT, BASE = FAMILIES["chatml"], FAMILIES["base"]

INSTRUCTIONS = [
    # Mined from SmolLM2-135M-Instruct and Gemma 3 270M.
    "Python: How to print the maximum value among the numbers input by user? \n\n(Please provide a simple example)",
    "How do you use a list comprehension in Python to generate a new list with only those items that match a specified "
    "condition in a list?\n\nExample usage:\n```\nnumbers = [1, 2, 3, 4, 5]\ncondition = 5\n"
    "new_list = [x for x in numbers if condition == 5]\nprint(new_list)  # Output: [1, 3, 5]\n```",
    "Can you provide a detailed explanation of the Bubble Sort algorithm with example?",
    'Can you help me with the "Lazy-pickup-and-De-pick" algorithm in Python?',
    "I'm working on a Python function that takes in a list of integers and returns the sum of the product of the "
    "first n positive integers. How can I do this?\n\nHere's what I have so far:\n```\ndef sum_first_n_integers(lst):\n"
    "    return sum(i * lst[i+1] for i in range(1, int(lst.__len()) + 1))\n```\n\nI'm getting an error, specifically:\n"
    "```\nTypeError: can only concatenate str (',.', 's') to str\n```\n\nCan you help me?",
    "I need a function that will check if a given number is an even number. Can you provide one?",
    "I'm using a local Python installation on my server. I'm trying to install a Python 3.8.1 package, but I'm not "
    "sure what it actually means. Can you guide me through the process of installing Python 3.8.1?",
    "Write a function that determines whether a string of 0’s is a string.",
    "What are some of the key differences between a regular Python 2 and a Python 3. I am starting with a Python "
    "script that uses Python 3.2. What does the -v and -m do in Python?",
    # Of the kinds that larger models give.
    "Here is my Python code:\n```python\ndef f(x):\n    x + 1\n```\nWhy does it return None?",
    "Here's a function that should reverse a list, but it fails on empty input. Can you fix it?",
    'Here is the error I get when I run pip install numpy: "No module named setuptools". How do I solve it?',
    "To solve this exercise I need a function that multiplies two matrices. Can you write one in Python?",
    "How do I use Docker to run a Postgres container?",
    "Write a regular expression that matches an email address.",
    "Implement quicksort in Haskell and discuss its time complexity.",
    "What is polymorphism in object-oriented design?",
    "Write a shell command to find all files larger than 1 GB.",
    "How do I read a file line by line?",
    "Explain how Dijkstra's shortest path works, with an example.",
    "Create an LRU cache with O(1) get and put operations.",
    "What is the difference between a mutex and a semaphore?",
    "Explain closures and decorators.",
    "Write a web scraper with BeautifulSoup.",
    "Explain the observer design pattern.",
    "Sort a list in C.",
    "Solve the N-Queens problem with backtracking.",
    "How to center a div?",
    "Train a neural network in PyTorch on MNIST.",
    "How do I merge two dataframes on a column?",
    "Implement an HTTP server from scratch.",
    "How does garbage collection work in the JVM?",
    "写一个Python函数来反转字符串。",
    "实现一个快速排序算法，并分析其时间复杂度。",
    "Escribe una función en Python que invierta una cadena.",
    "Answer the following question: what is a deadlock, and how is it prevented?",
    "Write a system that handles user: human messages, in Java.",
    "Complete the body:\n```python\ndef add(a, b):\n    pass\n```\n\n```python\ndef sub(a, b):\n    pass\n```",
    "What does this print?\n```\n1\n1\n1\n0\n0\n0\n```",
]


# What a hasty rule would drop.
INSTRUCTIONS += [
    "Explain what this prints:\n```python\nprint('ha' * 3)\nprint('ha' * 3)\nprint('ha' * 3)\nprint('ha' * 3)\n```",
    "Find the mistake: grid = [[0, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 0]]",
    "Flatten this JSON:\n" + "\n".join('{"name": "a", "age": ' + str(age) + "}," for age in range(30, 38)),
    "Why is my table empty?\n```html\n<tr><td></td></tr>\n<tr><td></td></tr>\n<tr><td></td></tr>\n```",
    "Write a regular expression that matches a word said twice, as in the the.",
    "How do I use <b>bold</b> text inside a Jinja template in Flask?",
    "Write a function that maps α and β to their indices in Python.",
    "Translate 'привет' with a Python dictionary of Russian words.",
    "Напиши функцию на Python, которая переворачивает строку.",
    "What is AbstractSingletonProxyFactoryBean for, in Spring and Java?",
    'def add(x, y):\n    """Add two numbers.\n    >>> add(2, 3)\n    5\n    """',
    "I get `IndexError: list index out of range` from the last line of my loop.",
    "Here is a function that should add two numbers:\n```python\ndef add(a, b):\n    return a\n```\nCan you fix it?",
]


@pytest.mark.parametrize("text", INSTRUCTIONS)
def test_instructions_are_kept(text: str) -> None:
    reading = read_draw(f"\n{text}  \n", "stop", CHAT)
    assert (reading.reason, reading.detail) == (None, "")
    assert reading.text == text


REJECTED = [
    ("", Reason.EMPTY),
    (" \n\t", Reason.EMPTY),
    # Of SmolLM2's draws.
    (
        "I'm planning to launch a new product in 2024 and I'm looking for some advice on how to launch it "
        "successfully. I have a limited budget and need a solid plan to get the product out of the market quickly. "
        "Can you help me?",
        Reason.OFF_TOPIC,
    ),
    ("I'm on a ship on a solo trip to visit some friends. Can you help me with a problem?", Reason.OFF_TOPIC),
    ("Can you explain the concept of AI-driven marketing?", Reason.OFF_TOPIC),
    (
        "I'm planning to build a new home, and I've come across an option for a 500 sq. ft. commercial in my "
        "neighborhood. I'm not sure if this is the best place to build a home. I'm looking for a 10-year lease.",
        Reason.OFF_TOPIC,
    ),
    (
        "I'm a professional at a startup with a team of 5 people. The team consists of 3 leads and 2 support staff. I "
        "want to create a business plan. What steps should I take to prepare for the rest of this role, bit by bit?",
        Reason.OFF_TOPIC,
    ),
    # The signs of a wrong prefix, and of a model that answers itself.
    ("Write a function that adds.<|im_end|>\n<|im_start|>assistant\nSure", Reason.CONTROL_TOKENS),
    ("Write a function that adds.<end_of_turn>", Reason.CONTROL_TOKENS),
    ("[INST] Write a Python function that adds two numbers [/INST]", Reason.CONTROL_TOKENS),
    ("Write a Python function that prints a snowman \ufffd in a loop", Reason.GARBLED),
    ("assistant\nHere is the function you asked for.", Reason.ROLE_MARKER),
    ("Write a function that adds two numbers.\n\nAssistant:\nSure!", Reason.ROLE_MARKER),
    ("Write a function that adds two numbers.\nAssistant: def add(a, b): return a + b", Reason.ROLE_MARKER),
    ("### Human:\nWrite a function", Reason.ROLE_MARKER),
    ("Sure, here is a Python function that adds two numbers.", Reason.SELF_ANSWER),
    ("Certainly! A binary search halves the list in each step. Any questions?", Reason.SELF_ANSWER),
    ("Here's a Python function that adds two numbers:\n```python\nx = a if a else '?'\n```", Reason.SELF_ANSWER),
    ("Here is an example of how to use a list in Python.", Reason.SELF_ANSWER),
    ("To solve this problem, we can use a dictionary that maps each letter to its count.", Reason.SELF_ANSWER),
    ("Write a function that adds.\n\nSolution:\ndef add(a, b): return a + b", Reason.SELF_ANSWER),
    ("As an AI language model I can write Python code.", Reason.SELF_ANSWER),
    ("Write a function.\nhuman: hello\nAssistant: yes", Reason.ROLE_MARKER),
    ("Write a Python function.\n\nSure! Here is one.", Reason.SELF_ANSWER),
    (
        "How do I sort a list?\n\nHere is a Python function that sorts it:\n```python\nsorted(x)\n```",
        Reason.SELF_ANSWER,
    ),
    ("What is a Python list? Answer: a row of things.", Reason.SELF_ANSWER),
    ("Write a Python list of numbers. " * 30, Reason.REPETITION),
    (
        "I need a Python script that reads the file and the file and the file and the file and the file.",
        Reason.REPETITION,
    ),
    ("Write a function for maxmaxmaxmaxmaxmaxmax in Python.", Reason.REPETITION),
    ("Write a function.\n" + "\n".join(f"{n}. It must be fast." for n in range(7)), Reason.REPETITION),
    ("Translate ÃƒÂ© in this Python program.", Reason.GARBLED),
    ("Write a function that sub\u0430\u0435ses a string in Python.", Reason.GARBLED),
    ("Convert \u092e\u0939 and \u0d21 and \u05d1\u05e0 with a Python function.", Reason.GARBLED),
    ("Read the binary &#1283; line</h2> on a disk with Python.", Reason.GARBLED),
    (
        "Write a Python script. Grimgur town sheep lamp quick blue table Zorro seven market stone glass river paper "
        "hand green cloud train door rabbit fork window moon shoe pencil bread",
        Reason.GARBLED,
    ),
    ("Write a program that downloads an image and does the following:", Reason.CUT_OFF),
    ("Write a Python function that removes a character from the", Reason.CUT_OFF),
    ("Why does my Python code fail? It is this:\n```python\n", Reason.CUT_OFF),
    ("Write a loop:\n" + "print(x)\n" * 8, Reason.REPETITION),
    ("Python", Reason.NOT_AN_INSTRUCTION),
    ("Sort it now", Reason.NOT_AN_INSTRUCTION),
    ("def f(x): x = x + 1 and so on it goes with Python", Reason.NOT_AN_INSTRUCTION),
    ("12345 67890 != 23 + 5 == (7, 8, 9)", Reason.NOT_AN_INSTRUCTION),
]


@pytest.mark.parametrize(("text", "reason"), REJECTED)
def test_what_is_no_instruction_is_rejected_with_the_reason(text: str, reason: Reason) -> None:
    reading = read_draw(text, "stop", CHAT)
    assert reading.reason == reason
    assert reading.detail
    assert reading.text == text.strip()


def test_a_draw_that_hit_the_limit_is_cut_off() -> None:
    text = "Write a Python function that takes a list of integers and returns a list of the sa"
    assert read_draw(text, "length", CHAT).reason == Reason.CUT_OFF
    assert read_draw(text, "stop", CHAT).reason is None


def test_every_reason_of_reading_has_an_example() -> None:
    of_reading = {Reason.EMPTY, Reason.CONTROL_TOKENS, Reason.ROLE_MARKER, Reason.SELF_ANSWER, Reason.REPETITION}
    of_reading |= {Reason.GARBLED, Reason.CUT_OFF, Reason.NOT_AN_INSTRUCTION, Reason.OFF_TOPIC}
    assert {reason for _, reason in REJECTED} == of_reading


def test_a_base_model_gets_back_the_words_that_its_prompt_began_with() -> None:
    reading = read_draw(" function that counts the vowels in a string.", "stop", BASE)
    assert (reading.text, reading.reason) == ("Write a function that counts the vowels in a string.", None)
    assert read_draw("", "stop", BASE).reason == Reason.EMPTY


@pytest.mark.parametrize(
    ("text", "loops"),
    [
        ("", False),
        ("short " * 4, False),
        ("short " * 5, True),
        ("a line\n" * 3, False),
        ("a line\n" * 4, True),
        ("a line\nanother\n" * 3, False),
        ("{\n" + '  "key": "value",\n' * 3 + "}\n", False),
        ("over and over " * 30, True),
        ("\n".join(f"{number}. Write a function for case {number * 37 % 101}" for number in range(8)), False),
    ],
)
def test_what_goes_round_in_circles(text: str, loops: bool) -> None:
    assert bool(loop_in(text)) == loops


def test_another_language_than_wished_is_a_reason_where_there_is_a_wish() -> None:
    text, java = "Can you write a Python function that adds?", Wish(frozenset({"java"}))
    reading = read_draw(text, "stop", CHAT, java)
    assert (reading.reason, reading.detail) == (Reason.WRONG_LANGUAGE, "python, where java was asked for")
    assert read_draw(text, "stop", CHAT).reason is None


def test_a_marker_of_the_template_is_no_part_of_a_message() -> None:
    text = "Write a Python function.\n### Instruction:\nWrite another one."
    assert read_draw(text, "stop", FAMILIES["deepseek-coder"]).reason == Reason.ROLE_MARKER
    assert read_draw("Write a Python loop. <|eot_id|>", "stop", FAMILIES["llama3"]).reason == Reason.CONTROL_TOKENS


def test_a_character_that_the_limit_cut_in_two_does_not_make_a_text_garbled() -> None:
    reading = read_draw("Write a Python function that prints \ufffd", "length", CHAT)
    assert (reading.reason, reading.text) == (Reason.CUT_OFF, "Write a Python function that prints ")


@pytest.mark.parametrize(
    "piece", ["\n", " \n\t", " ", "a.", "```", "(", "write, ", "get x", "the ", "1\n", "here is a "]
)
def test_no_text_takes_long_to_read(piece: str) -> None:
    """A rule that goes back over the text takes minutes here, not a second."""
    start = time.process_time()
    text = f"Write {piece * 40_000} x"
    read_draw(text, "stop", CHAT, wish_of("Help with Java."))
    task_class(text)
    assert time.process_time() - start < 5
