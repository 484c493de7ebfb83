"""What a run may use, and what came of it."""

from dataclasses import asdict, dataclass
from typing import Any

from warriorcoder.sandbox.inside.reports import Outcome

__all__ = ["Answer", "Calls", "Limits", "Outcome", "Raised", "Result", "Returned"]


@dataclass(frozen=True)
class Limits:
    """What all processes of a run may use together.

    Memory and files are in bytes (of memory, what the interpreter had at the start is free; the files are in
    memory too, and counted apart), CPU and wall time in seconds. `output_bytes` bounds what is printed, and
    once more what calls return. CPU time is the limit that decides: wall time proves nothing on a busy machine.
    """

    memory_bytes: int = 1024**3
    cpu_s: float = 10.0
    wall_s: float = 60.0
    processes: int = 32
    file_bytes: int = 64 * 1024**2
    output_bytes: int = 8 * 1024**2

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
    """The error that a call raised, by the name of its type, and its CPU seconds. `error` is "" for a broken answer."""

    error: str
    message: str
    cpu_seconds: float


Answer = Returned | Raised


@dataclass(frozen=True)
class Calls:
    """The answers to the first calls, in their order. `result` is `passed` where all of them were answered.

    Where it is not, the call after the last answer is the one that did not come back.
    """

    answers: list[Answer]
    result: Result
