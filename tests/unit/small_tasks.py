"""Tasks small enough to be read, and a source of answers that follows a script."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from warriorcoder.code_extraction import Style
from warriorcoder.eval.questions import Answer, Question, Sampling
from warriorcoder.eval.tasks import Benchmark, Task

RIGHT = "    return 2 * x\n"
WRONG = "    return x\n"

DOUBLED = Task(
    "small+",
    "Small/0",
    'def doubled(x):\n    """Twice it."""\n',
    "doubled",
    f"def doubled(x):\n{RIGHT}",
    [[1], [2]],
    [[3], [4]],
    digest="0",
)
"""By inputs: base and plus."""

CODED = Task(
    "small",
    "Small/1",
    'def thrice(x):\n    return 3 * x\n\n\ndef doubled(x):\n    """Twice it."""\n',
    "doubled",
    f"def doubled(x):\n{RIGHT}",
    test="def check(candidate):\n    assert candidate(1) == 2, 'wanted 2'\n    assert thrice(candidate(1)) == 6\n",
    digest="1",
)
"""By test code, which uses a helper of the prompt."""


def coded(number: int) -> Task:
    """A task by test code: `times_<number>(x)`."""
    name = f"times_{number}"
    prompt = f'def {name}(x):\n    """{number} times it."""\n'
    test = f"def check(candidate):\n    assert candidate(2) == {2 * number}\n"
    reference = f"{prompt}    return {number} * x\n"
    return Task("small", f"Small/{number}", prompt, name, reference, test=test, digest=str(number))


def benchmark(*tasks: Task, name: str = "small") -> Benchmark:
    return Benchmark(name, "d" * 64, list(tasks), "a test")


def right(question: Question) -> str:
    """The body of a function of `coded`."""
    return f"    return {question.task.task_id.removeprefix('Small/')} * x\n"


class Scripted:
    """Answers by a script, a list of `size` at a time, and remembers what it was asked."""

    model = "scripted"

    def __init__(
        self,
        script: Callable[[Question], str | BaseException] = right,
        *,
        style: Style = "completion",
        size: int = 1,
        identity: Mapping[str, Any] | None = None,
    ) -> None:
        self.script = script
        self.style: Style = style
        self.size = size
        self.identity: Mapping[str, Any] = {"model": "scripted"} if identity is None else identity
        self.asked: list[tuple[str, int]] = []

    def answers(self, questions: Sequence[Question], sampling: Sampling) -> Iterator[list[Answer]]:
        for start in range(0, len(questions), self.size):
            batch = []
            for question in questions[start : start + self.size]:
                text = self.script(question)
                if isinstance(text, BaseException):
                    raise text
                self.asked.append((question.task.task_id, question.draw))
                batch.append(Answer(question.task.task_id, question.draw, question.text, text, "stop", 7))
            yield batch
