"""What is asked for a task, and what comes back: the same for every source of answers."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal, Protocol

from warriorcoder.code_extraction import Style
from warriorcoder.code_fences import PYTHON, fenced_blocks
from warriorcoder.eval.tasks import Task
from warriorcoder.ids import seed_from, text_digest

Message = dict[str, str]

STOPS_IN_FUNCTION = (
    "\ndef ",
    "\nclass ",
    "\nif ",
    "\nprint(",
    "\nassert ",
    "\n@",
    "\nfrom ",
    "\nimport ",
    "\n#",
    "\n```",
    "\n<",
)
"""Where a function that the prompt began is over, and a base model goes on with something else."""

STOPS_IN_PROGRAM = ("\nassert ", "\nprint(", "\nif __name__", '\n"""', "\n```", "\n<")
"""Where a whole program that the prompt only described is over."""


@dataclass(frozen=True)
class Sampling:
    """How answers are drawn: `samples` a task, each of at most `max_tokens` tokens. Temperature 0 is greedy."""

    samples: int = 1
    temperature: float = 0.0
    top_p: float = 1.0
    max_tokens: int = 512
    seed: int = 0


@dataclass(frozen=True)
class Question:
    """One draw of one task. `text` is the user's turn in chat style; in completion style it is to be gone on with.

    `stops` end a completion; chat answers end by themselves. `seed` is the draw's own.
    """

    task: Task
    draw: int
    style: Style
    text: str
    stops: tuple[str, ...]
    seed: int

    def is_answered_by(self, completion: str) -> bool:
        """Whether nothing that follows can change the program in it."""
        if self.style == "completion":
            return any(stop in completion for stop in self.stops)
        return any(
            block.closed and block.language in PYTHON and _defines(block.code, self.task.entry_point)
            for block in fenced_blocks(completion)
        )


@dataclass(frozen=True)
class Answer:
    """What a model wrote. `prompt` is the exact text that it was given, or the messages, where a server renders them.

    `finish` is stop or length; `output_tokens` None where nobody counted.
    """

    task_id: str
    draw: int
    prompt: str | list[Message]
    completion: str
    finish: Literal["stop", "length"]
    output_tokens: int | None


class Answerer(Protocol):
    """A source of answers. `identity` is what decides them besides question and sampling, as JSON values."""

    @property
    def model(self) -> str:
        """The model's name, for people."""

    @property
    def style(self) -> Style:
        """What suits the model."""

    @property
    def identity(self) -> Mapping[str, Any]: ...

    def answers(self, questions: Sequence[Question], sampling: Sampling) -> Iterator[list[Answer]]:
        """The answers, in any order, a list whenever some are there; each question exactly once.

        Raises WarriorError after all that could be had were given out.
        """


def questions(tasks: Sequence[Task], style: Style, sampling: Sampling) -> list[Question]:
    """All draws of all tasks: each task's first draw before any second one."""
    return [
        Question(
            task,
            draw,
            style,
            _text(task, style),
            _stops(task) if style == "completion" else (),
            seed_from(sampling.seed, "eval", task.task_id, draw),
        )
        for draw in range(sampling.samples)
        for task in tasks
    ]


def prompt_digest(tasks: Sequence[Task], style: Style) -> str:
    """A digest of all that turns these tasks into questions, the tasks' own texts aside."""
    kinds = sorted({_has_head(task) for task in tasks})
    if style == "chat":
        return text_digest("\0".join(_chat_prompt(head) for head in kinds))
    return text_digest("\0".join("\n".join(STOPS_IN_FUNCTION if head else STOPS_IN_PROGRAM) for head in kinds))


def _text(task: Task, style: Style) -> str:
    if style == "completion":
        # Code models see the newline after a docstring as part of the next token.
        return task.prompt.rstrip() + "\n"
    return _chat_prompt(_has_head(task)).replace("{prompt}", task.prompt.strip())


def _stops(task: Task) -> tuple[str, ...]:
    return STOPS_IN_FUNCTION if _has_head(task) else STOPS_IN_PROGRAM


def _has_head(task: Task) -> bool:
    """Whether the prompt begins the function, as HumanEval's do; MBPP's describe it."""
    return f"def {task.entry_point}(" in task.prompt


@cache
def _chat_prompt(head: bool) -> str:
    name = "humaneval_chat.txt" if head else "mbpp_chat.txt"
    return files("warriorcoder.eval").joinpath("prompts", name).read_text(encoding="utf-8").strip()


def _defines(code: str, name: str) -> bool:
    """Whether a function, class or variable of that name begins at the left margin."""
    return (
        re.search(rf"^(?:(?:async\s+)?def|class)\s+{re.escape(name)}\b|^{re.escape(name)}\s*=", code, re.M) is not None
    )
