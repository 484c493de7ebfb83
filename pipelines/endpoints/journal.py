"""The journal: every answer that an endpoint gave, durable before anything uses it."""

import sqlite3
from pathlib import Path

from warriorcoder.errors import ArenaError
from warriorcoder.pipelines.endpoints.calls import Reply

VERSION = 1

_SCHEMA = """
CREATE TABLE IF NOT EXISTS replies (
    key TEXT PRIMARY KEY,
    expert TEXT NOT NULL,
    text TEXT NOT NULL,
    finish_reason TEXT NOT NULL,
    input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL
) WITHOUT ROWID
"""


class Journal:
    """Answers by the digest of their call, in one SQLite file (WAL) that several processes may share.

    Errors are never stored. Raises ArenaError for a file of another version or a damaged one.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._connection = sqlite3.connect(path, timeout=60, isolation_level=None)
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=FULL")
            version = self._connection.execute("PRAGMA user_version").fetchone()[0]
            if version not in (0, VERSION):
                raise ArenaError(
                    f"{path}: the journal has version {version}, this version of warriorcoder keeps version {VERSION}. "
                    "Use the version that made it, or move the file away; its answers are then asked again."
                )
            self._connection.execute(_SCHEMA)
            self._connection.execute(f"PRAGMA user_version={VERSION}")
        except sqlite3.DatabaseError as error:
            raise ArenaError(
                f"{path}: the journal cannot be opened: {error}. Move the file away; its answers are then asked again."
            ) from error

    def get(self, key: str) -> Reply | None:
        """The answer to a call, or None where it was never answered."""
        row = self._connection.execute(
            "SELECT text, finish_reason, input_tokens, output_tokens FROM replies WHERE key = ?", (key,)
        ).fetchone()
        return Reply(*row) if row else None

    def put(self, key: str, expert: str, reply: Reply) -> None:
        """Store an answer; on return it is on disk. The first answer to a call stands.

        Raises ArenaError where the disk is full or the file cannot be written.
        """
        if reply.error is not None:
            raise ValueError("an error is never stored as an answer")
        try:
            self._connection.execute(
                "INSERT OR IGNORE INTO replies VALUES (?, ?, ?, ?, ?, ?)",
                (key, expert, reply.text, reply.finish_reason, reply.input_tokens, reply.output_tokens),
            )
        except sqlite3.OperationalError as error:
            raise ArenaError(
                f"{self._path}: an answer cannot be written: {error}. What was written before is kept; "
                "make room, then run the same command again."
            ) from error

    def __len__(self) -> int:
        return int(self._connection.execute("SELECT COUNT(*) FROM replies").fetchone()[0])

    def close(self) -> None:
        self._connection.close()
