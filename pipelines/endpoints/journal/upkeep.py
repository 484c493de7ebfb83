"""What lies in a journal, what of it nobody needs any more, and how that is dropped."""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from warriorcoder.pipelines.endpoints.journal.rows import SEALED, BrokenSeal, Entry, to_entry
from warriorcoder.pipelines.endpoints.journal.store import Journal

ROW_BYTES = 240
"""About what an answer takes beside its text: its other columns, its place in the index, the room left on pages."""

_AT_ONCE = 500
_USED_LAST = "MAX(asked_run, COALESCE(used.run, 0))"
_JOINED = "answers LEFT JOIN used ON used.id = answers.id LEFT JOIN finished ON finished.stage = answers.stage"
_UNUSED = f"{_USED_LAST} < COALESCE(finished.run, 0)"


@dataclass(frozen=True)
class Choice:
    """Answers to drop: all that fit what is given; with nothing given, those that no run needs any more.

    No run needs an answer that the last finished run of its stage did not use. `before` is a Unix time.
    """

    expert: str | None = None
    stage: str | None = None
    before: float | None = None

    @property
    def condition(self) -> tuple[str, list[Any]]:
        """As SQL over answers, used and finished, and its parameters."""
        given = [
            (clause, value)
            for clause, value in (
                ("answers.expert = ?", self.expert),
                ("answers.stage = ?", self.stage),
                ("asked_at < ?", self.before),
            )
            if value is not None
        ]
        if not given:
            return _UNUSED, []
        return " AND ".join(clause for clause, _ in given), [value for _, value in given]


@dataclass
class Group:
    """The answers of one stage and expert: tokens, times in seconds, moments in Unix seconds, sizes in bytes.

    `uncounted` are those whose tokens nobody counted, `unused` those that `prune` would drop.
    """

    stage: str
    expert: str
    answers: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    uncounted: int = 0
    bytes: int = 0
    unused: int = 0
    unused_bytes: int = 0
    first_asked: int = 0
    last_asked: int = 0
    times: "array[float]" = field(default_factory=lambda: array("d"))

    def seconds(self, share: float) -> float:
        """The time within which this share of the answers came (nearest rank)."""
        ordered = sorted(self.times)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


class Upkeep(Journal):
    """A journal as those see it who look after it."""

    def groups(self) -> list[Group]:
        """What lies here, by stage and expert."""
        groups: dict[tuple[str, str], Group] = {}
        select = (
            "SELECT answers.id, answers.stage, answers.expert, input_tokens, output_tokens, seconds, asked_at, "
            f"LENGTH(text) + {ROW_BYTES}, {_UNUSED} FROM {_JOINED}"
        )
        for _, stage, expert, tokens_in, tokens_out, seconds, asked_at, size, unused in self._pages(select):
            group = groups.get((stage, expert))
            if group is None:
                group = groups[stage, expert] = Group(stage, expert, first_asked=asked_at)
            group.answers += 1
            group.input_tokens += tokens_in or 0
            group.output_tokens += tokens_out or 0
            group.uncounted += tokens_in is None or tokens_out is None
            group.bytes += size
            group.unused += unused
            group.unused_bytes += size * unused
            group.first_asked = min(group.first_asked, asked_at)
            group.last_asked = max(group.last_asked, asked_at)
            group.times.append(seconds)
        return [groups[place] for place in sorted(groups)]

    def entries(self) -> Iterator[tuple[Entry, int]]:
        """Every answer and the Unix time at which it was stored, in the order of arrival."""
        for row in self._pages(f"SELECT answers.id, {SEALED.replace(', stage', ', answers.stage')} FROM answers"):
            with self._reported("an answer cannot be read"):
                yield to_entry(row[1:]), row[9]

    def chosen(self, choice: Choice) -> dict[tuple[str, str], tuple[int, int]]:
        """How many answers fit a choice, and their bytes, by stage and expert."""
        condition, values = choice.condition
        with self._reported("the answers cannot be counted"):
            rows = self._connection.execute(
                f"SELECT answers.stage, answers.expert, COUNT(*), SUM(LENGTH(text) + {ROW_BYTES}) "
                f"FROM {_JOINED} WHERE {condition} GROUP BY answers.stage, answers.expert ORDER BY 1, 2",
                values,
            ).fetchall()
        return {(stage, expert): (answers, size) for stage, expert, answers, size in rows}

    def finished_stages(self) -> list[str]:
        """The stages that came to an end in some run."""
        with self._reported("the stages cannot be read"):
            return [stage for (stage,) in self._connection.execute("SELECT stage FROM finished ORDER BY stage")]

    def drop(self, choice: Choice) -> int:
        """Drop the answers that fit, and say how many they were. The running totals stay: the money is spent."""
        condition, values = choice.condition
        with self._reported("answers cannot be dropped"), self._transaction():
            going = f"SELECT answers.id FROM {_JOINED} WHERE {condition}"
            self._connection.execute(f"CREATE TEMP TABLE going AS {going}", values)
            dropped = self._connection.execute("DELETE FROM answers WHERE id IN (SELECT id FROM going)").rowcount
            self._connection.execute("DELETE FROM used WHERE id IN (SELECT id FROM going)")
            self._connection.execute("DROP TABLE going")
        return dropped

    def compact(self) -> None:
        """Give the room of dropped answers back to the disk. Raises ArenaError where the disk is too full for it."""
        with self._reported("the file cannot be made smaller"):
            self._connection.execute("VACUUM")
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def bytes(self) -> int:
        """The size of the file and its log."""
        files = (self.path, self.path.with_name(self.path.name + "-wal"))
        return sum(file.stat().st_size for file in files if file.exists())

    def _pages(self, select: str) -> Iterator[tuple[Any, ...]]:
        """The rows of a select over the answers that begins with their id, read so that no run has to wait."""
        last = 0
        while True:
            with self._reported("an answer cannot be read"):
                rows = self._connection.execute(
                    f"{select} WHERE answers.id > ? ORDER BY answers.id LIMIT {_AT_ONCE}", (last,)
                ).fetchall()
                if not rows:
                    return
                if rows[-1][0] <= last:
                    raise BrokenSeal("the answers are not in order")
            last = rows[-1][0]
            yield from rows
