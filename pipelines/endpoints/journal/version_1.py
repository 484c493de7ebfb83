"""Reads journals of version 1, which had one table, `replies`, by its key."""

import sqlite3
from collections import deque
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from warriorcoder.pipelines.endpoints.calls import Reply
from warriorcoder.pipelines.endpoints.journal.rows import MAGIC, Entry, Row, to_row

UNKNOWN = "unknown"
"""The model and the stage of an answer of which nobody kept them."""

_SELECT = "SELECT key, expert, text, finish_reason, input_tokens, output_tokens FROM replies WHERE key > ? AND key < ?"
_BEFORE_ALL, _AFTER_ALL = "", "g"
_DIGITS = 16

_PROBES = 400
"""Reads that may end at a damaged page before the rest of a gap is given up."""


def answers_of_version_1(path: Path) -> Iterator[Row]:
    """The answers that a journal of version 1 holds, as far as SQLite can reach them; none of any other file.

    It did not keep the model, the stage, the time that an answer took nor when it came: model and
    stage are `UNKNOWN`, and it came at the latest when the file was last written. Nor did it seal its
    rows: of a damaged file, what cannot be an answer is dropped, and a changed letter goes unseen.
    """
    if not _is_sqlite(path):
        return
    asked_at = int(path.stat().st_mtime)
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)) as connection:
        # A damaged text would end the whole read, not only its row.
        connection.text_factory = bytes
        for values in _reachable(connection):
            try:
                yield _row(values, asked_at)
            except (AttributeError, TypeError, ValueError):
                continue


def _is_sqlite(path: Path) -> bool:
    """Whether SQLite would take it for a file of its own; of an empty one it deletes the log."""
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def _row(values: tuple[Any, ...], asked_at: int) -> Row:
    key, expert, text, reason = (value.decode() for value in values[:4])
    if len(bytes.fromhex(key)) != 32 or "\0" in text + reason + expert:
        raise ValueError("no answer")
    # A prompt has tokens: 0 meant that the server did not say.
    tokens = values[4:] if values[4] else (None, None)
    return to_row(Entry(key, expert, UNKNOWN, UNKNOWN, Reply(text, reason, *tokens), 0.0), asked_at)


def _reachable(connection: sqlite3.Connection) -> Iterator[tuple[Any, ...]]:
    """Every row before, after and between the pages that cannot be read, by halving the gaps."""
    gaps = deque([(_BEFORE_ALL, _AFTER_ALL)])
    probes = _PROBES
    while gaps and probes > 0:
        low, high = gaps.popleft()
        try:
            for row in connection.execute(f"{_SELECT} ORDER BY key", (low, high)):
                low = _next(row, low, high)
                yield row
            continue
        except (sqlite3.Error, ValueError, AttributeError):
            probes -= 1
        try:
            for row in connection.execute(f"{_SELECT} ORDER BY key DESC", (low, high)):
                high = _next(row, low, high)
                yield row
            continue
        except (sqlite3.Error, ValueError, AttributeError):
            probes -= 1
        middle = _between(low, high)
        if low < middle < high:
            gaps += [(low, middle), (middle, high)]


def _next(row: tuple[Any, ...], low: str, high: str) -> str:
    """The key of a row. Raises ValueError where it is not on its way: damaged pages can lead in a circle for ever."""
    key = str(row[0].decode("ascii"))
    if not low < key < high:
        raise ValueError("the keys are not in order")
    return key


def _between(low: str, high: str) -> str:
    """A key in the middle between two others, which are hexadecimal."""
    try:
        first = int(low[:_DIGITS].ljust(_DIGITS, "0"), 16)
        last = int(high[:_DIGITS].ljust(_DIGITS, "0"), 16) if high != _AFTER_ALL else 16**_DIGITS
    except ValueError:
        return low
    return f"{(first + last) // 2:0{_DIGITS}x}"
