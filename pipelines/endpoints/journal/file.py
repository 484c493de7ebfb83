"""The journal's file: how it is made and connected to, whether it is sound, and who holds it open."""

import fcntl
import os
import random
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from warriorcoder.errors import ArenaError
from warriorcoder.pipelines.endpoints.journal.log import log_of, log_trouble
from warriorcoder.pipelines.endpoints.journal.rows import (
    MAGIC,
    PAGE_BYTES,
    SCHEMA,
    SEALED,
    SPENT_COLUMNS,
    VERSION,
    BrokenSeal,
    check,
    to_spent,
)

BUSY_SECONDS = 60.0
"""How long a process waits for another one's transaction."""

MEND_SECONDS = 20.0
"""How long a process waits until no other one has a damaged journal open."""

ABSENT = "absent"
"""What `trouble` says of a journal that is yet to be made."""

# Random keys touch a leaf of the index each: the longer the log, the more of these are written back at once.
_CHECKPOINT_PAGES = 2000
_CACHE_KIB = 32 * 1024
_QUICKLY_CHECKED_BYTES = 100_000_000

_HEADER_AFTER_MAGIC = PAGE_BYTES.to_bytes(2, "big") + bytes([2, 2, 0, 64, 32, 32])
"""The size of a page, a write-ahead log for readers and writers, no room kept back on pages, and three constants."""

_NOT_THE_FILES_FAULT = {
    sqlite3.SQLITE_AUTH,
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_INTERRUPT,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_MISUSE,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_READONLY,
}


READING_ERRORS = (sqlite3.DatabaseError, BrokenSeal, UnicodeDecodeError)
"""What reading a journal raises; UnicodeDecodeError where SQLite quotes damaged bytes in its message."""


def connect(path: Path, mode: str = "rw") -> sqlite3.Connection:
    """A connection to a journal that exists; its transactions are on disk when they return."""
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
    )
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
    connection.execute(f"PRAGMA wal_autocheckpoint={_CHECKPOINT_PAGES}")
    return connection


def close_untouched(connection: sqlite3.Connection, path: Path) -> None:
    """Close a connection to a damaged journal without moving its log into the file, as the last one to close does."""
    with closing(connect(path, "ro")) as other, suppress(sqlite3.Error):
        other.execute("PRAGMA user_version").fetchone()
        connection.close()
    connection.close()


@contextmanager
def made(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that fills a new journal, which is put at `path` once it is complete and on disk."""
    beside = path.with_name(f"{path.stem}.new{path.suffix}")
    beside.unlink(missing_ok=True)
    try:
        with closing(sqlite3.connect(beside, isolation_level=None)) as connection:
            connection.execute(f"PRAGMA page_size={PAGE_BYTES}")
            # Nobody sees the file before it is complete, so there is nothing to roll back to.
            connection.execute("PRAGMA journal_mode=OFF")
            connection.execute("PRAGMA synchronous=OFF")
            connection.execute(f"PRAGMA cache_size=-{8 * _CACHE_KIB}")
            connection.execute("BEGIN")
            for statement in SCHEMA:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version={VERSION}")
            yield connection
            connection.execute("COMMIT")
            connection.execute("PRAGMA journal_mode=WAL")
        _flush(beside)
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    _flush(path.parent)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def is_damage(error: Exception) -> bool:
    """Whether an error means that the file's bytes are not what was written."""
    if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.ProgrammingError):
        return getattr(error, "sqlite_errorcode", 0) & 0xFF not in _NOT_THE_FILES_FAULT
    return isinstance(error, BrokenSeal | UnicodeDecodeError)


def trouble(path: Path, alone: bool = False) -> str | None:
    """Why the journal cannot be used as it is, `ABSENT` where there is none; None where a glance finds nothing.

    Only reads. `alone`: nobody else has the journal open, this process included, so that its header and its log
    are looked at too. Raises ArenaError for a journal of a newer version, and for a file that cannot be opened.
    """
    if marked := marker(path):
        return marked[0]
    if not path.exists():
        return "its log is there without the file" if _size(log_of(path)) else ABSENT
    try:
        if not _size(path):
            return "the file is empty" if _size(log_of(path)) else ABSENT
        header = _header(path) if alone else None
        if header is not None and not header.startswith(MAGIC):
            return "it is no SQLite file"
        with closing(connect(path, "ro")) as connection:
            return _trouble_inside(path, connection, header) or (log_trouble(path) if alone else None)
    except (*READING_ERRORS, OSError) as error:
        if is_damage(error):
            return str(error)
        raise ArenaError(f"{path}: the journal cannot be opened: {_words(error)}.") from error


def _header(path: Path) -> bytes:
    """The beginning of the file, which nobody has open.

    Closing a file takes away all locks that the process has on it (POSIX), SQLite's included. The next process to
    close the journal would take itself for the last one then, and delete the log that others go on writing into.
    """
    with path.open("rb") as file:
        return file.read(len(MAGIC) + len(_HEADER_AFTER_MAGIC))


def _trouble_inside(path: Path, connection: sqlite3.Connection, header: bytes | None) -> str | None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    tables = [sql for (sql,) in connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")]
    ours = sorted(tables) == sorted(SCHEMA)
    if version > VERSION and not ours:
        raise ArenaError(
            f"{path}: the journal was made by a newer version of warriorcoder: its format is {version}, this version "
            f"keeps format {VERSION}. Update warriorcoder, or name another arena folder with --into."
        )
    if version != VERSION:
        return f"its format is {version}"
    if not ours:
        return "its tables are not those of a journal"
    if header is not None and header != MAGIC + _HEADER_AFTER_MAGIC:
        return "its header is damaged"
    for (root,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        connection.execute(f"SELECT * FROM {root} LIMIT 1").fetchone()
    # Damaged pages can lead in a circle for ever.
    for row in connection.execute(f"SELECT {SPENT_COLUMNS} FROM spent LIMIT 10000"):
        to_spent(row)
    return None


def damage_within(connection: sqlite3.Connection, seconds: float) -> str | None:
    """What is wrong with the pages and the answers, as far as the time goes to look; None where nothing was found."""
    end = time.monotonic() + seconds
    connection.set_progress_handler(lambda: time.monotonic() > end, 10_000)
    try:
        # It cannot be broken off, and reads some hundred MB a second.
        if connection.execute("PRAGMA page_count").fetchone()[0] * PAGE_BYTES < _QUICKLY_CHECKED_BYTES:
            found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            if found != "ok":
                return str(found)
        for row in connection.execute(f"SELECT {SEALED} FROM answers"):
            check(row)
    except READING_ERRORS as error:
        return str(error) if is_damage(error) else None
    finally:
        connection.set_progress_handler(None, 0)
    return None


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _words(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


def marker(path: Path) -> tuple[str, str] | None:
    """Why the journal is known to be damaged, and the name under which the old file is set aside.

    The name is "" while none is chosen. None where no word of damage was left.
    """
    try:
        why, _, aside = _marker(path).read_text(encoding="utf-8").partition("\n")
    except FileNotFoundError:
        return None
    return why or "its end was not written", aside


def mark(path: Path, why: str, aside: str = "") -> None:
    """Leave word that the journal is damaged, for whoever opens it next."""
    _marker(path).write_text(f"{' '.join(why.split())}\n{aside}", encoding="utf-8")
    _flush(_marker(path))


def unmark(path: Path) -> None:
    """Take the word of damage back."""
    _marker(path).unlink(missing_ok=True)


def _marker(path: Path) -> Path:
    return path.with_suffix(".damaged")


def hold(path: Path, mend: Callable[[Path, str], str | None]) -> tuple[int, str | None]:
    """Hold the journal open, so that nobody moves it away, once it is sound; and what `mend` said, if it was called.

    `mend` gets the path and the trouble while nobody else has the journal open. Returns the descriptor that holds it.
    """
    descriptor = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        return descriptor, _sound(path, descriptor, mend)
    except BaseException:
        os.close(descriptor)
        raise


def _sound(path: Path, descriptor: int, mend: Callable[[Path, str], str | None]) -> str | None:
    said, mended, deadline = None, False, time.monotonic() + MEND_SECONDS
    while True:
        if _alone(descriptor) and (why := trouble(path, alone=True)):
            said, mended = mend(path, why), True
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        why = trouble(path)
        if why is None:
            return said
        if mended:
            raise ArenaError(f"{path}: the journal was made anew and is not sound all the same: {why}. Check the disk.")
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        if time.monotonic() > deadline:
            raise ArenaError(
                f"{path}: the journal is damaged ({why}), and another process has it open. End that process, "
                "then run the same command again."
            )
        # Two that wait for each other must not do so in step.
        time.sleep(random.uniform(0.01, 0.05))


def _alone(descriptor: int) -> bool:
    """Whether nobody else has the journal open; nobody can open it then before this lock is given up."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
