"""The journal as its file: look up, store, mark, add up."""

import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from warriorcoder.errors import ArenaError
from warriorcoder.pipelines.endpoints.calls import Reply
from warriorcoder.pipelines.endpoints.journal.file import (
    BUSY_SECONDS,
    READING_ERRORS,
    close_untouched,
    connect,
    damage_within,
    hold,
    is_damage,
    mark,
)
from warriorcoder.pipelines.endpoints.journal.rescue import mend
from warriorcoder.pipelines.endpoints.journal.rows import (
    SEALED,
    SPENT_COLUMNS,
    BrokenSeal,
    Entry,
    Row,
    Spent,
    spent_row,
    to_reply,
    to_row,
    to_spent,
    total,
)

CHECK_SECONDS = 0.3
"""How long a run's beginning may be held up by looking for damage."""

_KEYS_AT_ONCE = 500
_ROWS_AT_ONCE = 64
_VALUES = "(?,?,?,?,?,?,?,?,?,?,?,?)"


class Journal:
    """Answers by the digest of their call, in one SQLite file (WAL) that several processes may share.

    `rescued` says in one sentence what was saved where the file was damaged or of an older version,
    and where the old file lies; None otherwise. A Journal is used by one thread at a time.

    Raises ArenaError where the file cannot be opened, or was made by a newer version.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rescued: str | None = None
        self._lock: int | None = None
        self._damaged = False
        self._open()

    def _open(self) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            lock, rescued = hold(self.path, mend)
            try:
                self._connection = connect(self.path)
            except BaseException:
                os.close(lock)
                raise
        except (OSError, sqlite3.Error) as error:
            reason = getattr(error, "strerror", None) or error
            raise ArenaError(f"{self.path}: the journal cannot be opened: {reason}.") from error
        self._lock, self._damaged = lock, False
        self.rescued = rescued or self.rescued

    def get(self, key: str) -> Reply | None:
        """The answer to a call, or None where it was never answered."""
        return self.get_many([key]).get(key)

    def get_many(self, keys: Sequence[str]) -> dict[str, Reply]:
        """The answers that are there, by key."""
        found = {}
        wanted = {bytes.fromhex(key): key for key in keys}
        blobs = list(wanted)
        with self._reported("an answer cannot be read"):
            for start in range(0, len(blobs), _KEYS_AT_ONCE):
                some = blobs[start : start + _KEYS_AT_ONCE]
                rows = self._connection.execute(
                    f"SELECT {SEALED} FROM answers WHERE key IN ({_marks(len(some))})", some
                ).fetchall()
                for row in rows:
                    if row[0] not in wanted:
                        raise BrokenSeal("the index leads to an answer that nobody asked for")
                    found[wanted[row[0]]] = to_reply(row)
        return found

    def put_many(self, entries: Sequence[Entry]) -> None:
        """Store answers; on return they are on disk, all or none. The first answer to a call stands.

        Raises ArenaError where the disk is full or the file cannot be written, ValueError for an error.
        """
        self.write([to_row(entry) for entry in entries], ())

    def mark_used(self, keys: Sequence[str]) -> None:
        """Keep that the current run used these answers. Those that it stored itself count as used."""
        self.write((), [bytes.fromhex(key) for key in keys])

    def write(self, rows: Sequence[Row], used: Sequence[bytes]) -> None:
        """Store answers as rows, and mark others as used by their digests, in one transaction. Raises ArenaError."""
        if not rows and not used:
            return
        with self._reported("an answer cannot be written"), self._transaction():
            run = self._run()
            if rows:
                self._store(rows, run)
            if used:
                self._mark(used, run)

    def _store(self, rows: Sequence[Row], run: int) -> None:
        first: dict[bytes, Row] = {}
        for row in rows:
            first.setdefault(row[0], row)
        keys = list(first)
        for start in range(0, len(keys), _KEYS_AT_ONCE):
            some = keys[start : start + _KEYS_AT_ONCE]
            known = f"SELECT key FROM answers WHERE key IN ({_marks(len(some))})"
            for (key,) in self._connection.execute(known, some).fetchall():
                del first[key]
        new = list(first.values())
        # A statement a row would hand the interpreter's lock over and back for each, against a busy event loop.
        for start in range(0, len(new), _ROWS_AT_ONCE):
            some_rows = new[start : start + _ROWS_AT_ONCE]
            values = [value for row in some_rows for value in (*row, run)]
            self._connection.execute(
                f"INSERT INTO answers ({SEALED}, asked_run) VALUES {','.join([_VALUES] * len(some_rows))}", values
            )
        for (stage, expert), spent in total(new).items():
            self._add(stage, expert, spent)

    def _add(self, stage: str, expert: str, more: Spent) -> None:
        """Add to a running total."""
        row = self._connection.execute(
            f"SELECT {SPENT_COLUMNS} FROM spent WHERE stage = ? AND expert = ?", (stage, expert)
        ).fetchone()
        if row is None:
            self._connection.execute(
                f"INSERT INTO spent ({SPENT_COLUMNS}) VALUES (?,?,?,?,?,?,?,?)", spent_row(stage, expert, more)
            )
            return
        spent = to_spent(row)[1]
        spent.calls += more.calls
        spent.input_tokens += more.input_tokens
        spent.output_tokens += more.output_tokens
        spent.unmetered += more.unmetered
        spent.seconds += more.seconds
        self._connection.execute(
            "UPDATE spent SET calls=?, input_tokens=?, output_tokens=?, unmetered=?, seconds=?, seal=? "
            "WHERE stage = ? AND expert = ?",
            (*spent_row(stage, expert, spent)[2:], stage, expert),
        )

    def _mark(self, used: Sequence[bytes], run: int) -> None:
        for start in range(0, len(used), _KEYS_AT_ONCE):
            some = used[start : start + _KEYS_AT_ONCE]
            self._connection.execute(
                f"INSERT INTO used (id, run) SELECT id, ? FROM answers WHERE key IN ({_marks(len(some))}) "
                "ON CONFLICT (id) DO UPDATE SET run = excluded.run WHERE run < excluded.run",
                (run, *some),
            )

    def spent(self) -> dict[tuple[str, str], Spent]:
        """What all answers ever stored took, by stage and expert: running totals, which `prune` does not lower."""
        with self._reported("the totals cannot be read"):
            return dict(to_spent(row) for row in self._connection.execute(f"SELECT {SPENT_COLUMNS} FROM spent"))

    @property
    def run(self) -> int:
        """The number of the current run; 0 before the first one."""
        with self._reported("the runs cannot be read"):
            return self._run()

    def _run(self) -> int:
        return int(self._connection.execute("SELECT COALESCE(MAX(number), 0) FROM runs").fetchone()[0])

    def begin_run(self) -> int:
        """Begin a run, and return its number. What is stored or marked from now on, by any process, is used by it.

        Looks for damage as long as `CHECK_SECONDS` allow, and mends the journal where there is some.
        """
        if damage := damage_within(self._connection, CHECK_SECONDS):
            self._leave_word(damage)
            self.close()
            self._open()
        with self._reported("a run cannot be noted"), self._transaction():
            number = self._run() + 1
            self._connection.execute("INSERT INTO runs VALUES (?, ?)", (number, int(time.time())))
        return number

    def finish_stage(self, stage: str, run: int) -> None:
        """Keep that a stage of a run came to its end: `prune` drops the stage's answers that it did not use."""
        with self._reported("the end of a stage cannot be noted"), self._transaction():
            # Numbers begin anew in a journal that was mended meanwhile, so an old one must not stand for a later run.
            self._connection.execute(
                "INSERT INTO finished SELECT ?, number FROM runs WHERE number = ? "
                "ON CONFLICT (stage) DO UPDATE SET run = MAX(run, excluded.run)",
                (stage, run),
            )

    def __len__(self) -> int:
        with self._reported("the answers cannot be counted"):
            return int(self._connection.execute("SELECT COUNT(*) FROM answers").fetchone()[0])

    def close(self) -> None:
        if self._lock is None:
            return
        if self._damaged:
            close_untouched(self._connection, self.path)
        else:
            self._connection.close()
        os.close(self._lock)
        self._lock = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            # SQLite has rolled back by itself where the disk was full.
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    def _leave_word(self, damage: str) -> None:
        """Have the next to open the journal mend it."""
        self._damaged = True
        with suppress(OSError):
            mark(self.path, damage)

    @contextmanager
    def _reported(self, what: str) -> Iterator[None]:
        """Turn SQLite's errors into one that a user can mend, and leave word of damage for who opens it next."""
        try:
            yield
        except READING_ERRORS as error:
            if isinstance(error, sqlite3.ProgrammingError):
                raise
            if is_damage(error):
                self._leave_word(str(error))
                advice = "Run the same command again: what can be read is then saved, and the old file is kept."
                what = "the journal is damaged"
            elif getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                advice = f"Another process has kept it busy for {BUSY_SECONDS:g} s. Run the same command again."
            else:
                advice = (
                    "What was written before is kept; make room, or see that the file may be written, "
                    "then run the same command again."
                )
            raise ArenaError(f"{self.path}: {what}: {error}. {advice}") from error


def _marks(count: int) -> str:
    return ",".join("?" * count)
