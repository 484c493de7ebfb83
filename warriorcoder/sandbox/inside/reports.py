"""What is said about an error, and which outcome it is. The process that says it may be lying about itself."""

import builtins
import errno
import linecache
import os
import signal
import traceback
from contextlib import suppress
from enum import StrEnum
from typing import Any

_LONGEST = 500
_FORBIDDEN = {errno.EPERM, errno.EACCES, errno.EROFS, errno.ENETUNREACH, errno.ENETDOWN}


class Outcome(StrEnum):
    """How a run ended. Only `passed` counts as solved."""

    PASSED = "passed"
    FAILED = "failed"
    TIMEOUT = "timeout"
    CRASHED = "crashed"
    OUT_OF_MEMORY = "out_of_memory"
    BLOCKED = "blocked"
    NO_CODE = "no_code"


def know_source(name: str, source: str) -> None:
    """Let tracebacks and `inspect` find the lines of a source that is no file."""
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)


def describe(error: BaseException, source: str) -> list[str]:
    """[type, message, kind, the line of `source` where it came up]. Kinds: assertion, memory, blocked, exit, other."""
    return [_name(error), _message(error), _kind(error), _line(error, source)]


def outcome_of(description: Any) -> tuple[Outcome, str]:
    """The outcome, and one line about it, for what `describe` made, or for whatever came in its place."""
    name, message, kind, line = (
        [*map(str, description), "", "", "", ""] if isinstance(description, list) else [""] * 4
    )[:4]
    text = ": ".join(part[:_LONGEST] for part in (name, message) if part)
    if kind == "assertion":
        return Outcome.FAILED, text if message or not line else f"{text}: {line[:_LONGEST]}"
    if kind == "memory":
        return Outcome.OUT_OF_MEMORY, text
    if kind == "blocked":
        return Outcome.BLOCKED, text
    if kind == "exit":
        return Outcome.CRASHED, f"{text} before its end"
    return Outcome.CRASHED, text or "an error that does not say what it is"


def outcome_of_status(status: int) -> tuple[Outcome, str]:
    """The outcome for a process that ended without a word, by its wait status."""
    if not os.WIFSIGNALED(status):
        return Outcome.CRASHED, f"exit code {os.waitstatus_to_exitcode(status)} before its end"
    number = os.WTERMSIG(status)
    if number == signal.SIGSYS:
        return Outcome.BLOCKED, "a system call that is forbidden here (SIGSYS)"
    try:
        return Outcome.CRASHED, f"ended by {signal.Signals(number).name}"
    except ValueError:
        return Outcome.CRASHED, f"ended by signal {number}"


def revive(description: Any) -> Exception:
    """An exception that tells of an error in another process: of its type, where that is one of Python's own."""
    name, message, kind = str(description[0]), str(description[1]), str(description[2])
    built_in = getattr(builtins, name, None)
    error: Exception = ForeignError(f"{name}: {message}" if message else name)
    if isinstance(built_in, type) and issubclass(built_in, Exception):
        with suppress(TypeError):
            error = built_in(message) if message else built_in()
    error.__dict__["foreign"] = kind
    return error


class ForeignError(Exception):
    """An error of a type that only the other process knows."""


def _kind(error: BaseException) -> str:
    if isinstance(kind := getattr(error, "__dict__", {}).get("foreign"), str):
        return kind
    if isinstance(error, AssertionError):
        return "assertion"
    if isinstance(error, MemoryError):
        return "memory"
    if isinstance(error, SystemExit | KeyboardInterrupt):
        return "exit"
    cause: BaseException | None = error
    for _ in range(8):
        if cause is None:
            break
        if isinstance(cause, OSError) and (cause.errno in _FORBIDDEN or type(cause).__name__ == "gaierror"):
            return "blocked"
        cause = cause.__cause__ or cause.__context__
    return "other"


def _name(error: BaseException) -> str:
    if isinstance(error, ForeignError):
        return ""
    return str(type.__getattribute__(type(error), "__name__"))[:_LONGEST]


def _message(error: BaseException) -> str:
    try:
        return str(error)[:_LONGEST]
    except BaseException:
        return "an error that cannot be shown"


def _line(error: BaseException, source: str) -> str:
    places = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == source]
    return (places[-1].line or "")[:_LONGEST] if places else ""
