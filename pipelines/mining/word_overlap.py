"""Words that a text shares with a benchmark's tasks: n-grams that only one task has, and short tasks as a whole.

An n-gram overlap is how GPT-3 (https://arxiv.org/abs/2005.14165, appendix C) and most sets since then were cleaned.
"""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from warriorcoder.pipelines.mining.benchmark_tasks import BenchmarkTask

Gram = tuple[str, ...]

_SENTENCE_END = re.compile(r"[.!?:;\n\"]+")
_WORD = re.compile(r"[^\W_]+")
_NAME = re.compile(r"[^\W\d]\w*")
_DEFINED = re.compile(r"\bdef\s+(\w+)")
_IMPORT = re.compile(r"^[ \t]*(?:from[ \t]+[\w.]+[ \t]+)?import[ \t].*$", re.M)

SEVERAL = 3
"""Tasks of a benchmark that share something which then belongs to none of them."""

STOCK = 4
"""Words of a stock phrase: `write a function to`, `>>> f([1, 2, 3` …"""

SHORTEST_TASK = 5
"""Words of the shortest task that is known by its wording alone."""


_FUNCTION_WORDS = frozenset(Path(__file__).with_name("function_words.txt").read_text(encoding="utf-8").split())


@dataclass(frozen=True)
class Words:
    """A text's words in lower case without punctuation, and the same by sentence.

    `unnamed` are the words again, with the same one for every function that the text defines.
    """

    all: list[str]
    sentences: list[Gram]
    unnamed: list[str]


def words_of(text: str) -> Words:
    """Read a text's words; underscores part them, as in `has_close_elements`."""
    text = unicodedata.normalize("NFKC", text).lower()
    sentences = [tuple(_WORD.findall(part)) for part in _SENTENCE_END.split(text)]
    defined = set(_DEFINED.findall(text))
    unnamed = _NAME.sub(lambda name: "0def" if name[0] in defined else name[0], text) if defined else ""
    return Words([word for sentence in sentences for word in sentence], sentences, _WORD.findall(unnamed))


class WordIndex:
    """The tasks' n-grams, to be found again in texts. Tasks go by their places in the list.

    An n-gram is trivial, and left out, where `SEVERAL` tasks of the benchmark have it, or where less than four
    tenths of its words say something. A word says something that has two letters or more, is no article, pronoun,
    preposition or the like, and is in no stock phrase, which is one that a hundredth of the tasks have, and at least
    `SEVERAL`; numbers do where they go up and down. A task in plain language all of whose n-grams are trivial is
    found where a sentence is its wording.
    """

    def __init__(self, tasks: list[BenchmarkTask], n: int) -> None:
        self._n = n
        self._grams: dict[Gram, list[int]] = {}
        self._wordings: dict[Gram, list[int]] = {}
        self._short: dict[int, set[Gram]] = {}
        by_benchmark: dict[str, dict[int, BenchmarkTask]] = defaultdict(dict)
        for number, task in enumerate(tasks):
            by_benchmark[task.benchmark][number] = task
        for of_one in by_benchmark.values():
            self._take_in(of_one)

    @property
    def short(self) -> int:
        """Words of the n-grams that make a name certain."""
        return max(3, self._n - self._n // 4)

    def _take_in(self, tasks: dict[int, BenchmarkTask]) -> None:
        words = {number: words_of(_IMPORT.sub("", f"{task.prompt}\n{task.tests}")) for number, task in tasks.items()}
        common = max(SEVERAL, len(tasks) // 100)
        for read in ([found.all for found in words.values()], [found.unnamed for found in words.values()]):
            stock = _in_several(read, STOCK, common)
            shared = _in_several(read, self._n, SEVERAL)
            shared_short = _in_several(read, self.short, SEVERAL)
            for number, found in zip(words, read, strict=True):
                for gram in set(_telling(found, self._n, stock)) - shared:
                    self._grams.setdefault(gram, []).append(number)
                self._short.setdefault(number, set()).update(set(_telling(found, self.short, stock)) - shared_short)
        wordings: dict[Gram, list[int]] = defaultdict(list)
        for number, task in tasks.items():
            wordings[_wording(task)].append(number)
        for wording, numbers in wordings.items():
            if len(wording) >= SHORTEST_TASK and len(numbers) < SEVERAL:
                grams = [self._grams.get(gram, []) for gram in _grams(wording, self._n)]
                unseen = [number for number in numbers if not any(number in owners for owners in grams)]
                self._wordings.setdefault(wording, []).extend(unseen)

    def find(self, words: Words) -> Iterator[tuple[int, Gram]]:
        """The tasks of which a text has an n-gram or the whole wording, each once, and the words that they share."""
        found: set[int] = set()
        for numbers, gram in self._matches(words):
            for number in numbers:
                if number not in found:
                    found.add(number)
                    yield number, gram

    def _matches(self, words: Words) -> Iterator[tuple[list[int], Gram]]:
        for read in (words.all, words.unnamed):
            for gram in _grams(read, self._n):
                if gram in self._grams:
                    yield self._grams[gram], gram
        for sentence in words.sentences:
            if sentence in self._wordings:
                yield self._wordings[sentence], sentence

    def shares_a_short_one(self, words: Words, task: int) -> bool:
        """Whether a text has a shorter n-gram of a task that says something."""
        return not self._short[task].isdisjoint(_grams(words.all, self.short))


def _wording(task: BenchmarkTask) -> Gram:
    """The first sentence of a task in plain language; nothing of one that begins its function."""
    if re.search(rf"\bdef\s+{re.escape(task.entry_point)}\b", task.prompt):
        return ()
    return next((sentence for sentence in words_of(task.prompt).sentences if sentence), ())


def _grams(words: Sequence[str], n: int) -> Iterator[Gram]:
    return zip(*(words[start:] for start in range(n)), strict=False)


def _in_several(texts: list[list[str]], n: int, least: int) -> set[Gram]:
    counts = Counter(gram for words in texts for gram in set(_grams(words, n)))
    return {gram for gram, count in counts.items() if count >= least}


def _telling(words: list[str], n: int, stock: set[Gram]) -> Iterator[Gram]:
    """The n-grams of which enough words say something."""
    says = [len(word) > 1 and not word[0].isdigit() and word not in _FUNCTION_WORDS for word in words]
    for start, gram in enumerate(_grams(words, STOCK)):
        if gram in stock:
            says[start : start + STOCK] = [False] * STOCK
    for start, gram in enumerate(_grams(words, n)):
        if 5 * sum(says[start : start + n]) >= 2 * n or _goes_up_and_down(gram):
            yield gram


def _goes_up_and_down(gram: Gram) -> bool:
    """Whether at least half are different numbers in no order: no count, no series, no matrix, no `1.0, 2.0`."""
    numbers = [int(word) for word in gram if word.isdecimal()]
    if 2 * len(set(numbers)) < len(gram):
        return False
    return _falls(numbers) > 1 and all(
        _falls(part) and _falls(part[::-1]) for part in (numbers, numbers[::2], numbers[1::2])
    )


def _falls(numbers: list[int]) -> int:
    return sum(left > right for left, right in pairwise(numbers))
