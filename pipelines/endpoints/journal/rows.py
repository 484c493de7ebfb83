"""What the journal's file holds, and how an answer becomes a row of it and is read back."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from warriorcoder.pipelines.endpoints.calls import Reply
from warriorcoder.recipe_battles import EXECUTION_JUDGE

VERSION = 2

PAGE_BYTES = 8192
"""Every journal of this version has pages of this size: `pages` reads damaged files by it."""

MAGIC = b"SQLite format 3\0"
"""What an SQLite file begins with."""

ANSWERS = """CREATE TABLE answers (
    id INTEGER PRIMARY KEY,
    key BLOB NOT NULL,
    expert TEXT NOT NULL,
    model TEXT NOT NULL,
    stage TEXT NOT NULL,
    finish_reason TEXT NOT NULL,
    input_tokens INTEGER,
    output_tokens INTEGER,
    seconds REAL NOT NULL,
    asked_at INTEGER NOT NULL,
    seal BLOB NOT NULL,
    asked_run INTEGER NOT NULL,
    text BLOB NOT NULL
)"""
# Rows stand in the order of their arrival, so that random keys move 40 bytes of an index about and not the answers.
ANSWERS_BY_KEY = "CREATE UNIQUE INDEX answers_by_key ON answers (key)"
SPENT = """CREATE TABLE spent (
    id INTEGER PRIMARY KEY,
    stage TEXT NOT NULL,
    expert TEXT NOT NULL,
    calls INTEGER NOT NULL,
    input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    unmetered INTEGER NOT NULL,
    seconds REAL NOT NULL,
    seal BLOB NOT NULL,
    UNIQUE (stage, expert)
)"""
# Apart from the answers, so that a run that finds all its answers writes ten bytes for each and not a page.
USED = "CREATE TABLE used (id INTEGER PRIMARY KEY, run INTEGER NOT NULL)"
RUNS = "CREATE TABLE runs (number INTEGER PRIMARY KEY, began_at INTEGER NOT NULL)"
FINISHED = "CREATE TABLE finished (stage TEXT PRIMARY KEY, run INTEGER NOT NULL) WITHOUT ROWID"
SCHEMA = (ANSWERS, ANSWERS_BY_KEY, SPENT, USED, RUNS, FINISHED)

SEALED = "key, expert, model, stage, finish_reason, input_tokens, output_tokens, seconds, asked_at, seal, text"
"""The columns of an answer that its seal covers, in the order of `Row`."""

SPENT_COLUMNS = "stage, expert, calls, input_tokens, output_tokens, unmetered, seconds, seal"

Row = tuple[bytes, str, str, str, str, int | None, int | None, float, int, bytes, bytes]

_MOST_TOKENS = 10**12


@dataclass(frozen=True)
class Entry:
    """An answer and where it came from. `key` is the call's digest in hexadecimal, `seconds` the time of the try."""

    key: str
    expert: str
    model: str
    stage: str
    reply: Reply
    seconds: float


@dataclass
class Spent:
    """What answers took: `unmetered` are those whose tokens nobody counted, `seconds` their times added up."""

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    unmetered: int = 0
    seconds: float = 0.0


class BrokenSeal(Exception):
    """A row that is not as it was written."""


def to_row(entry: Entry, asked_at: int | None = None) -> Row:
    """The row of an answer; `asked_at` is in Unix seconds, now by default.

    Raises ValueError for an error, a key that is not hexadecimal, or tokens or seconds that nobody can have counted.
    """
    reply = entry.reply
    if reply.error is not None:
        raise ValueError("an error is never stored as an answer")
    tokens_in, tokens_out, seconds = reply.input_tokens, reply.output_tokens, float(entry.seconds)
    if not (0 <= (tokens_in or 0) <= _MOST_TOKENS and 0 <= (tokens_out or 0) <= _MOST_TOKENS and 0 <= seconds < 1e12):
        raise ValueError(f"{tokens_in} and {tokens_out} tokens in {seconds} s: no answer took that")
    key = bytes.fromhex(entry.key)
    # A server may cut an answer in the middle of a character; what came is kept as it came.
    text = reply.text.encode("utf-8", "surrogatepass")
    reason = reply.finish_reason
    if not reason.isascii():
        reason = reason.encode("utf-8", "replace").decode()
    moment = int(time.time()) if asked_at is None else asked_at
    about = (entry.expert, entry.model, entry.stage, reason, tokens_in, tokens_out, seconds, moment)
    return (key, *about, _seal(key, about, text), text)


def to_reply(row: Sequence[Any]) -> Reply:
    """The reply that a row (`Row`) holds. Raises BrokenSeal where the row is not as it was written."""
    check(row)
    return Reply(row[10].decode("utf-8", "surrogatepass"), row[4], row[5], row[6])


def to_entry(row: Sequence[Any]) -> Entry:
    """The answer that a row (`Row`) holds. Raises BrokenSeal where the row is not as it was written."""
    return Entry(row[0].hex(), row[1], row[2], row[3], to_reply(row), row[7])


def check(row: Sequence[Any]) -> None:
    """Raises BrokenSeal where a row (`Row`) is not as it was written."""
    key, text = row[0], row[10]
    if type(key) is not bytes or type(text) is not bytes or _seal(key, tuple(row[1:9]), text) != row[9]:
        raise BrokenSeal("an answer's bytes have changed since it was written")


def _seal(key: bytes, about: tuple[Any, ...], text: bytes) -> bytes:
    digest = blake2b(key, digest_size=8)
    digest.update(repr(about).encode("utf-8", "surrogatepass"))
    digest.update(text)
    return digest.digest()


def spent_row(stage: str, expert: str, spent: Spent) -> tuple[Any, ...]:
    """The row of a running total (`SPENT_COLUMNS`)."""
    row = (
        stage,
        expert,
        spent.calls,
        spent.input_tokens,
        spent.output_tokens,
        spent.unmetered,
        float(spent.seconds),
    )
    return (*row, _seal(b"spent", row, b""))


def to_spent(row: Sequence[Any]) -> tuple[tuple[str, str], Spent]:
    """The running total that a row (`SPENT_COLUMNS`) holds. Raises BrokenSeal."""
    if _seal(b"spent", tuple(row[:7]), b"") != row[7]:
        raise BrokenSeal("a running total's bytes have changed since it was written")
    return (row[0], row[1]), Spent(*row[2:7])


def total(rows: Sequence[Row]) -> dict[tuple[str, str], Spent]:
    """What the answers of these rows took, by stage and expert; what the execution judge found took no call."""
    totals: dict[tuple[str, str], Spent] = {}
    for row in rows:
        if row[1] == EXECUTION_JUDGE:
            continue
        spent = totals.get((row[3], row[1]))
        if spent is None:
            spent = totals[(row[3], row[1])] = Spent()
        spent.calls += 1
        spent.input_tokens += row[5] or 0
        spent.output_tokens += row[6] or 0
        spent.unmetered += row[5] is None or row[6] is None
        spent.seconds += row[7]
    return totals
