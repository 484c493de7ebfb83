"""How fast does the journal look up and store answers with a million of them in it?

Answers of 1 to 3 KB. Ours stores through the JournalWriter as the exchange does: 64 or 256 calls of
`keep` at once, each of which returns when its answer is on disk. It looks up 256 keys at a time, as the
exchange does, and one at a time, in random order; also after the file was pushed out of memory.
The peer, on a file of the same size beside it: the schema of the journal's first version, a table by
its key, and one commit an answer. Every commit of both is flushed to disk.
"""

import argparse
import asyncio
import hashlib
import os
import random
import shutil
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from _report import at_least, finish, say

from warriorcoder.pipelines.endpoints.calls import Reply
from warriorcoder.pipelines.endpoints.journal import Entry, Journal
from warriorcoder.pipelines.endpoints.journal.writer import JournalWriter

BAR = 5_000.0
"""Entries a second."""

EXPERTS = 4
LOOKED_UP_AT_ONCE = 256
BYTES_AN_ANSWER = 3_500
"""Of room on disk, in the larger of the two files."""

SCHEMA_OF_VERSION_1 = (
    "CREATE TABLE replies (key TEXT PRIMARY KEY, expert TEXT NOT NULL, text TEXT NOT NULL, "
    "finish_reason TEXT NOT NULL, input_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL) WITHOUT ROWID"
)
INSERT_OF_VERSION_1 = "INSERT OR IGNORE INTO replies VALUES (?, ?, ?, ?, ?, ?)"

_chance = random.Random(1)
_code = "\n".join(f"    total += weights[{_chance.randrange(1000)}] * values[{n}]" for n in range(200))
TEXTS = [_code[start : start + _chance.randint(1000, 3000)] for start in (_chance.randrange(3000) for _ in range(997))]


def key(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()


def entry(number: int) -> Entry:
    reply = Reply(TEXTS[number % len(TEXTS)], "stop", 120, 400)
    return Entry(key(number), f"expert-{number % EXPERTS}", "model", "answer", reply, 2.0)


def row(number: int) -> tuple[str, str, str, str, int, int]:
    answer = entry(number)
    return (answer.key, answer.expert, answer.reply.text, "stop", 120, 400)


class Ours:
    name = "ours"

    def __init__(self, path: Path) -> None:
        self.path = path

    def fill(self, count: int) -> None:
        with Journal(self.path) as journal:
            for start in range(0, count, 2_000):
                journal.put_many([entry(number) for number in range(start, min(start + 2_000, count))])

    def store(self, numbers: range, at_once: int) -> float:
        """Seconds for so many answers, `at_once` of them waiting at a time."""
        return asyncio.run(self._store(numbers, at_once))

    async def _store(self, numbers: range, at_once: int) -> float:
        rest = iter([entry(number) for number in numbers])

        async def caller() -> None:
            for answer in rest:
                await writer.keep(answer)

        with JournalWriter(self.path) as writer:
            begun, cpu = time.perf_counter(), time.process_time()
            await asyncio.gather(*(caller() for _ in range(at_once)))
            took, cpu = time.perf_counter() - begun, time.process_time() - cpu
            say(
                f"  ours, {at_once} at once: {len(numbers) / took:,.0f} stored a second, the writer busy "
                f"{writer.busy_seconds / took:.0%} of the time, {cpu / len(numbers) * 1e6:.0f} µs CPU an answer"
            )
        return took

    def look_up(self, keys: Sequence[str], at_once: int) -> float:
        with Journal(self.path) as journal:
            begun = time.perf_counter()
            found = 0
            for start in range(0, len(keys), at_once):
                found += len(journal.get_many(keys[start : start + at_once]))
            took = time.perf_counter() - begun
        if found != len(keys):
            raise RuntimeError(f"{len(keys)} keys were stored, {found} were found")
        return took


class Peer:
    name = "version 1, one commit an answer"

    def __init__(self, path: Path) -> None:
        self.path = path

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        return connection

    def fill(self, count: int) -> None:
        """In the order of the keys, in large transactions: how it came to be so large is not what is measured."""
        connection = self._connect()
        connection.execute(SCHEMA_OF_VERSION_1)
        numbers = sorted(range(count), key=key)
        for start in range(0, count, 20_000):
            connection.execute("BEGIN")
            connection.executemany(INSERT_OF_VERSION_1, [row(number) for number in numbers[start : start + 20_000]])
            connection.execute("COMMIT")
        connection.close()

    def store(self, numbers: range, at_once: int) -> float:
        rows = [row(number) for number in numbers]
        connection = self._connect()
        begun = time.perf_counter()
        for values in rows:
            connection.execute(INSERT_OF_VERSION_1, values)
        took = time.perf_counter() - begun
        connection.close()
        say(f"  {self.name}: {len(numbers) / took:,.0f} stored a second")
        return took

    def look_up(self, keys: Sequence[str], at_once: int) -> float:
        connection = self._connect()
        begun = time.perf_counter()
        for each in keys:
            if connection.execute("SELECT text FROM replies WHERE key = ?", (each,)).fetchone() is None:
                raise RuntimeError(f"{each} was stored and is not found")
        took = time.perf_counter() - begun
        connection.close()
        return took


def forget(path: Path) -> None:
    """Push a file out of memory, as far as the system does as it is asked."""
    descriptor = os.open(path, os.O_RDONLY)
    os.fsync(descriptor)
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(descriptor)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="20,000 answers instead of 1,000,000")
    parser.add_argument("--folder", type=Path, help="where the files go for the while; a disk, not memory")
    arguments = parser.parse_args()
    inside, measured, rounds = (20_000, 2_000, 2) if arguments.quick else (1_000_000, 20_000, 3)
    with tempfile.TemporaryDirectory(prefix="journal-", dir=arguments.folder) as name:
        if (free := shutil.disk_usage(name).free) < (room := 2 * BYTES_AN_ANSWER * inside):
            sys.exit(f"{name} has {free / 1e9:.1f} GB free, {room / 1e9:.1f} are needed: give another --folder.")
        contest(Path(name), inside, measured, rounds)


def contest(folder: Path, inside: int, measured: int, rounds: int) -> None:
    ours, peer = Ours(folder / "ours" / "journal.sqlite"), Peer(folder / "peer.sqlite")
    for side in (ours, peer):
        begun = time.perf_counter()
        side.fill(inside)
        took = time.perf_counter() - begun
        say(f"{side.name}: {inside:,} answers, {side.path.stat().st_size / 1e6:,.0f} MB, written in {took:.0f} s")

    say("storing, in turn:")
    numbers = iter(range(inside, inside + 10 * measured * rounds, measured))

    def rate(of: Callable[[range, int], float], at_once: int) -> float:
        first = next(numbers)
        return measured / of(range(first, first + measured), at_once)

    stored: dict[str, list[float]] = {"64": [], "256": [], "peer": []}
    for _ in range(rounds):
        stored["64"].append(rate(ours.store, 64))
        stored["256"].append(rate(ours.store, 256))
        stored["peer"].append(rate(peer.store, 1))

    say("looking up, in turn:")
    keys = [key(number) for number in random.Random(2).sample(range(inside), min(measured, inside))]
    found: dict[str, list[float]] = {"batches": [], "one by one": [], "peer": []}
    for _ in range(rounds):
        found["batches"].append(measured / ours.look_up(keys, LOOKED_UP_AT_ONCE))
        found["one by one"].append(measured / ours.look_up(keys, 1))
        found["peer"].append(measured / peer.look_up(keys, 1))
    for how, rates in found.items():
        say(f"  {how}: {statistics.median(rates):,.0f} found a second")
    for side in (ours, peer):
        forget(side.path)
        cold = measured / side.look_up(keys, LOOKED_UP_AT_ONCE)
        say(f"  {side.name}, the file not in memory: {cold:,.0f} found a second (no bar: it is the disk's)")

    middle = {
        name: statistics.median(rates) for name, rates in (stored | {f"found {k}": v for k, v in found.items()}).items()
    }
    words = f"with {inside:,} in it, the middle of {rounds}; peer: version 1's schema, one commit an answer"
    finish(
        [
            at_least(f"answers stored a second, 64 at once, {words}", middle["64"], BAR, middle["peer"]),
            at_least(f"answers stored a second, 256 at once, {words}", middle["256"], BAR, middle["peer"]),
            at_least(
                f"answers found a second, 256 keys at a time, {words}",
                middle["found batches"],
                BAR,
                middle["found peer"],
            ),
            at_least(
                f"answers found a second, one by one, {words}", middle["found one by one"], BAR, middle["found peer"]
            ),
        ]
    )


if __name__ == "__main__":
    main()
