"""What a run may use, and what came of it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, overload

from warriorcoder.sandbox.inside import values
from warriorcoder.sandbox.inside.reports import Outcome, outcome_of

__all__ = ["Answer", "Answers", "Calls", "Limits", "Outcome", "Raised", "Result", "Returned"]


@dataclass(frozen=True)
class Limits:
    """What all processes of a run may use together.

    Memory and files are in bytes (of memory, what the interpreter had at the start is free; the files are in memory
    too, and counted apart), CPU and wall time in seconds. `output_bytes` bounds all that is printed, and what a
    single call returns; `answers_bytes` what all calls return together. CPU time is the limit that decides: wall
    time proves nothing on a busy machine.
    """

    memory_bytes: int = 1024**3
    cpu_s: float = 10.0
    wall_s: float = 60.0
    processes: int = 32
    file_bytes: int = 64 * 1024**2
    output_bytes: int = 16 * 1024**2
    answers_bytes: int = 256 * 1024**2

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if value <= 0:
                raise ValueError(f"the limit {name} must be above 0, not {value}")


@dataclass(frozen=True)
class Result:
    """How a run ended, one line on why, what the code printed, seconds of wall and CPU time, bytes of memory.

    CPU time is that of all processes. A run that cost nothing (no code) has zeros.
    """

    outcome: Outcome
    detail: str = ""
    stdout: str = ""
    stderr: str = ""
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_bytes: int = 0


@dataclass(frozen=True)
class Returned:
    """What a call returned, as inert data (`inside.values`), and its CPU seconds."""

    value: Any
    cpu_seconds: float


@dataclass(frozen=True)
class Raised:
    """The error that a call raised, by the name of its type, and its CPU seconds. `error` is "" for a broken answer.

    `outcome` and `detail` are what a run that ended by it would have.
    """

    error: str
    message: str
    cpu_seconds: float
    outcome: Outcome = Outcome.CRASHED
    detail: str = ""


Answer = Returned | Raised


@dataclass(frozen=True)
class Calls:
    """The answers to the first calls, in their order. `result` is `passed` where all of them were answered.

    Where it is not, the call after the last answer is the one that did not come back.
    """

    answers: "Answers"
    result: Result


class Answers(Sequence[Answer]):
    """Answers as they came, each read when it is asked for: as Python values they may be thirty times as large."""

    def __init__(self, texts: list[tuple[str, float]]) -> None:
        self._texts = texts

    def __len__(self) -> int:
        return len(self._texts)

    @overload
    def __getitem__(self, place: int) -> Answer: ...
    @overload
    def __getitem__(self, place: slice) -> "Answers": ...
    def __getitem__(self, place: int | slice) -> "Answer | Answers":
        if isinstance(place, slice):
            return Answers(self._texts[place])
        return _answer(*self._texts[place])


def _answer(text: str, cpu_seconds: float) -> Answer:
    """A call's answer, out of what the code's process wrote, which may be anything."""
    try:
        match values.decode(text):
            case ["returned", value]:
                return Returned(value, cpu_seconds)
            case ["raised", str(error), str(message), *_] as answer:
                return Raised(error, message, cpu_seconds, *outcome_of(answer[1:]))
    except ValueError as error:
        return Raised("", str(error), cpu_seconds, detail=str(error))
    return Raised("", "an answer that is none", cpu_seconds, detail="an answer that is none")
