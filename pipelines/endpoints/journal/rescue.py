"""What happens to a journal that is damaged or of an older version: it is set aside, and what can be read is saved.

Every step can be broken off and is gone on with by whoever opens the journal next: until the end the
marker (`file.mark`) lies there, and nobody uses the journal.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import chain, count
from pathlib import Path

from warriorcoder.errors import ArenaError
from warriorcoder.pipelines.endpoints.journal.file import ABSENT, connect, made, mark, marker, unmark
from warriorcoder.pipelines.endpoints.journal.pages import readable
from warriorcoder.pipelines.endpoints.journal.rows import SEALED, SPENT_COLUMNS, Row, Spent, spent_row
from warriorcoder.pipelines.endpoints.journal.version_1 import answers_of_version_1
from warriorcoder.recipe_battles import EXECUTION_JUDGE

_PARTS = ("", "-wal", "-shm")
_ROWS_AT_ONCE = 500
_TOTALS = """
SELECT stage, expert, COUNT(*), COALESCE(SUM(input_tokens), 0), COALESCE(SUM(output_tokens), 0),
    SUM(input_tokens IS NULL OR output_tokens IS NULL), SUM(seconds)
FROM answers WHERE expert != ? GROUP BY stage, expert
"""


def mend(path: Path, why: str) -> str | None:
    """Put a sound journal in the place of one that is absent, damaged or of an older version.

    Nothing of the old file is lost: it and its log become `journal.quarantined-<n>.sqlite`. Returns in
    one sentence what was saved and where the old file lies; None where there was no file. Raises
    ArenaError where the disk is full. To be called while nobody else has the journal open.
    """
    try:
        if why == ABSENT:
            with made(path):
                return None
        old = _set_aside(path, why)
        if not path.exists():
            with made(path) as fresh:
                _save(old, fresh)
        with closing(connect(path, "ro")) as connection:
            saved = connection.execute("SELECT COUNT(*) FROM answers").fetchone()[0]
        unmark(path)
    except (OSError, sqlite3.OperationalError) as error:
        raise ArenaError(
            f"{path}: the journal cannot be written: {getattr(error, 'strerror', None) or error}. Nothing that was "
            "there is lost; make room, then run the same command again."
        ) from error
    return (
        f"{path.name} could not be used ({why}): {saved:,} answers were read out of it into a fresh one, what is "
        f"missing is asked again, and the old file is kept as {old}."
    )


def _set_aside(path: Path, why: str) -> Path:
    """Rename the file and its log, as far as they still are in the old place, and say where they are."""
    aside = (marker(path) or ("", ""))[1] or _free_name(path)
    mark(path, why, aside)
    old = path.with_name(aside)
    # Once the old file is aside, the one in its place is the fresh one.
    if not (path.exists() and old.exists()):
        for part in _PARTS:
            source = path.with_name(path.name + part)
            if source.exists():
                source.rename(old.with_name(old.name + part))
    return old


def _free_name(path: Path) -> str:
    names = (f"{path.stem}.quarantined-{number}{path.suffix}" for number in count(1))
    return next(name for name in names if not any(path.with_name(name + part).exists() for part in _PARTS))


def _save(old: Path, fresh: sqlite3.Connection) -> None:
    """Store every answer that can be read, and running totals that count what is lost too, where they can be read."""
    # A log whose file was taken away is kept, but its answers are not brought back: somebody wanted them gone.
    if not old.exists():
        return
    totals: dict[tuple[str, str], Spent] = {}
    for rows in _portions(old, totals):
        fresh.executemany(f"INSERT OR IGNORE INTO answers ({SEALED}, asked_run) VALUES (?,?,?,?,?,?,?,?,?,?,?,0)", rows)
    for stage, expert, *counts in fresh.execute(_TOTALS, (EXECUTION_JUDGE,)).fetchall():
        found = Spent(*counts)
        if found.calls > totals.get((stage, expert), Spent()).calls:
            totals[stage, expert] = found
    fresh.executemany(
        f"INSERT INTO spent ({SPENT_COLUMNS}) VALUES (?,?,?,?,?,?,?,?)",
        [spent_row(stage, expert, spent) for (stage, expert), spent in totals.items()],
    )


def _portions(old: Path, totals: dict[tuple[str, str], Spent]) -> Iterator[list[Row]]:
    """The answers in portions; the running totals are put into `totals`, each as it was last."""
    rows: list[Row] = []
    for found in chain(readable(old), answers_of_version_1(old)):
        if len(found) == 2:
            place, spent = found
            if spent.calls > totals.get(place, Spent()).calls:
                totals[place] = spent
            continue
        rows.append(found)
        if len(rows) == _ROWS_AT_ONCE:
            yield rows
            rows = []
    yield rows
