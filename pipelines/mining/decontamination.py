"""Decontamination: the tasks of benchmarks that a text, an instruction or an answer, gives away."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from warriorcoder.pipelines.mining.benchmark_tasks import BenchmarkTask
from warriorcoder.pipelines.mining.code_overlap import CodeIndex
from warriorcoder.pipelines.mining.entry_points import EntryPoints, is_distinctive, is_oddly_spelt
from warriorcoder.pipelines.mining.word_overlap import WordIndex, words_of

NGRAM = 10
"""Words of an n-gram, unless said otherwise."""

SHOWN = 80
"""Characters of what matched, at most."""


class Check(StrEnum):
    """What gave a task away."""

    NGRAM = "words"
    CODE = "code"
    ENTRY_POINT = "entry point"


@dataclass(frozen=True)
class Hit:
    """A task that a text gives away; `matched` is what they share, shortened."""

    benchmark: str
    task_id: str
    check: Check
    matched: str

    def __str__(self) -> str:
        return f"{self.benchmark} {self.task_id}, {self.check}: {self.matched}"


class Decontaminator:
    """Looks for tasks in texts, by three checks; each says what it takes for trivial.

    Words: an n-gram of the prompt (`word_overlap`). Code: a run of tokens of the canonical solution, whatever its
    variables' names (`code_overlap`). Entry point: the function's name, where it is distinctive or a shorter n-gram
    of the prompt is there too (`entry_points`). The time is linear in the text.
    """

    def __init__(self, tasks: Iterable[BenchmarkTask], n: int = NGRAM) -> None:
        self._tasks = list(tasks)
        self._words = WordIndex(self._tasks, n)
        self._code = CodeIndex(self._tasks)
        self._entry_points = EntryPoints(self._tasks)
        self._distinctive = [is_distinctive(task.entry_point) for task in self._tasks]

    def hits(self, text: str) -> list[Hit]:
        """What a text gives away: a hit for each task and check, words first, then code, then names."""
        words = words_of(text)
        found = [self._hit(number, Check.NGRAM, " ".join(gram)) for number, gram in self._words.find(words)]
        found += [self._hit(number, Check.CODE, " ".join(run.split())) for number, run in self._code.find(text)]
        for number, name in self._entry_points.find(text):
            as_spelt = name == self._tasks[number].entry_point and is_oddly_spelt(name)
            if self._distinctive[number] or as_spelt or self._words.shares_a_short_one(words, number):
                found.append(self._hit(number, Check.ENTRY_POINT, name))
        return list(dict.fromkeys(found))

    def _hit(self, number: int, check: Check, matched: str) -> Hit:
        task = self._tasks[number]
        shown = matched if len(matched) <= SHOWN else matched[: SHOWN - 1] + "…"
        return Hit(task.benchmark, task.task_id, check, shown)
