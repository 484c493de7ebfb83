"""Entries and journal files for tests: sound ones, ones of version 1, and ways to damage them."""

import hashlib
import shutil
import sqlite3
from pathlib import Path

from warriorcoder.pipelines.endpoints.calls import Reply
from warriorcoder.pipelines.endpoints.journal import Entry, Journal
from warriorcoder.pipelines.endpoints.journal.rows import PAGE_BYTES


def key(name: object) -> str:
    return hashlib.sha256(str(name).encode()).hexdigest()


def entry(
    name: object,
    text: str = "an answer",
    *,
    expert: str = "one",
    stage: str = "mine",
    tokens: tuple[int | None, int | None] = (3, 4),
    seconds: float = 1.5,
) -> Entry:
    return Entry(key(name), expert, f"{expert}-7b", stage, Reply(text, "stop", *tokens), seconds)


def many(count: int) -> list[Entry]:
    """Answers of all lengths, from none to several pages, by two experts in two stages."""
    return [
        entry(
            number,
            f"é{number} " * (1500 if number % 40 == 0 else number % 400),
            expert=("one", "two")[number % 2],
            stage=("mine", "judge")[number % 3 == 0],
            tokens=(None, None) if number % 7 == 0 else (number, 2),
            seconds=number / 4,
        )
        for number in range(count)
    ]


def write(path: Path, entries: list[Entry], at_once: int = 20) -> None:
    with Journal(path) as journal:
        for start in range(0, len(entries), at_once):
            journal.put_many(entries[start : start + at_once])


def write_with_log(path: Path, entries: list[Entry]) -> None:
    """A journal as kill -9 leaves it: its last answers are in the log alone."""
    beside = path.with_name("beside") / path.name
    write(beside, entries[: len(entries) // 2])
    with Journal(beside) as journal:
        for start in range(len(entries) // 2, len(entries), 20):
            journal.put_many(entries[start : start + 20])
        for part in ("", "-wal"):
            shutil.copy(f"{beside}{part}", f"{path}{part}")
    shutil.rmtree(beside.parent)


def write_version_1(path: Path, entries: list[Entry]) -> None:
    """A journal of the first release, by that release's statements."""
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute(
        "CREATE TABLE IF NOT EXISTS replies (key TEXT PRIMARY KEY, expert TEXT NOT NULL, text TEXT NOT NULL, "
        "finish_reason TEXT NOT NULL, input_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL) WITHOUT ROWID"
    )
    connection.execute("PRAGMA user_version=1")
    connection.execute("BEGIN")
    connection.executemany(
        "INSERT OR IGNORE INTO replies VALUES (?, ?, ?, ?, ?, ?)",
        [
            (
                entry.key,
                entry.expert,
                entry.reply.text,
                entry.reply.finish_reason,
                entry.reply.input_tokens or 0,
                entry.reply.output_tokens or 0,
            )
            for entry in entries
        ],
    )
    connection.execute("COMMIT")
    connection.close()


def overwrite(path: Path, offset: int, contents: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(contents)


def page_at(path: Path, contents: bytes) -> int:
    """The offset of the page on which some bytes stand."""
    return path.read_bytes().index(contents) // PAGE_BYTES * PAGE_BYTES


def statement(path: Path, sql: str) -> None:
    """Change a journal behind its back."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(sql)
    connection.close()


def quarantined(path: Path) -> list[Path]:
    return sorted(path.parent.glob("*.quarantined-*.sqlite"))
