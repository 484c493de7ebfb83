"""Does a long run stay small? Memory and journal over 100,000 short calls through `warrior battle`.

Four experts answer 3,572 instructions and judge every battle in both orders: 100,016 calls to a
server that answers at once. Memory is the proportional set size (PSS: shared pages counted once) of
`warrior` and all its descendants, sampled every second. Flat means: what a call adds is no more than
what the run must hold of it to write its table at the end, 4 KiB, in the last half of the run.
Then the same again, with the journal and with one that keeps nothing, in turn: what the journal's
writes add to the time from the first request to the last answer. The bar is for calls that are short
for a model's, lognormal with a median of 50 ms and a 99th percentile of 200 ms, 16 in flight an expert.
Said beside it, without a bar: the same where the server answers at once, so that the processors are
the limit and nothing is free; and how long the journal's thread was at work or waited for the disk,
which calls do not wait for.
"""

import argparse
import sys
import tempfile
import time
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from statistics import median

from _arena import arena_with_instructions, instructions, recipe
from _loopback import HERE, Loopback, loopback
from _processes import adopt_orphans, proportional_memory, run, start, warrior
from _report import at_most, finish, ratio_at_most, say

from warriorcoder.arena_folder import ArenaFolder
from warriorcoder.pipelines.endpoints.embedded import serve, weights_of
from warriorcoder.pipelines.endpoints.progress import read_progress
from warriorcoder.pipelines.endpoints.traces import progress_folder, write_addresses
from warriorcoder.recipe import Recipe

EXPERTS = 4
CALLS_AN_INSTRUCTION = 28
"""4 answers; 6 battles with 2 uninvolved judges in 2 orders."""

SHORT = {"median": 0.05, "p99": 0.2}
"""Seconds of a short call."""

REPEATS = 2

GIB = 2**30


@dataclass(frozen=True)
class Sample:
    """How many requests had come, and the bytes of all our processes then."""

    calls: int
    bytes: int


def sampled_run(server: Loopback, folder: ArenaFolder) -> list[Sample]:
    """Run `warrior battle` to its end and sample its memory. Raises RuntimeError where it fails."""
    log = folder.path.parent / "warrior.log"
    process = start(warrior("battle", str(folder.path)), log)
    samples = []
    told = time.monotonic()
    while process.poll() is None:
        samples.append(Sample(server.count(), proportional_memory(process.pid)))
        if time.monotonic() - told > 20.0:
            told = time.monotonic()
            say(f"  {samples[-1].calls} calls, {samples[-1].bytes / GIB:.3f} GiB")
        time.sleep(1.0)
    if process.returncode != 0:
        raise RuntimeError(f"warrior battle: exit code {process.returncode}\n{log.read_text()[-2000:]}")
    return samples


def bytes_a_call(samples: list[Sample], calls: int) -> float:
    """What a call adds in the last half of the run: between the medians of its third and its last quarter.

    Samples from after the last request are left out: tables are written then, and that is counted in the peak.
    """

    def quarter(number: int) -> list[Sample]:
        low, high = calls * (number - 1) / 4, calls * number / 4
        return [sample for sample in samples if low <= sample.calls < high]

    third, last = quarter(3), quarter(4)
    added = median(sample.bytes for sample in last) - median(sample.bytes for sample in third)
    between = median(sample.calls for sample in last) - median(sample.calls for sample in third)
    return added / between


class Runs:
    """Runs of the same battles, each in a new arena."""

    def __init__(self, server: Loopback, folder: Path, calls: int) -> None:
        self.server = server
        self._folder = folder
        self._texts = instructions(-(-calls // CALLS_AN_INSTRUCTION))
        self.calls = len(self._texts) * CALLS_AN_INSTRUCTION
        self._numbers = count()

    def sampled(self) -> list[Sample]:
        """The memory of `warrior battle`, sampled."""
        self.server.behave()
        folder = self._arena(self._recipe(64))
        samples = sampled_run(self.server, folder)
        self._seconds("warrior battle", folder)
        return samples

    def timed(self, how: str, latency: dict[str, float] | None) -> float:
        """Seconds from the first request to the last answer; with the journal `kept` or `unkept`."""
        self.server.behave(latency=latency)
        made = self._recipe(64 if latency is None else 16)
        folder = self._arena(made)
        with serve(made, weights_of(made.experts), folder.work / "logs") as addresses:
            write_addresses(folder, addresses)
        run([sys.executable, str(HERE / "_unjournaled.py"), str(folder.path), how], folder.path.parent / "timed.log")
        return self._seconds(f"journal {how}, {'short calls' if latency else 'answered at once'}", folder)

    def _recipe(self, concurrency: int) -> Recipe:
        # An unreadable verdict would be asked for again, and nobody could say how many calls come.
        return recipe(self.server.url, EXPERTS, concurrency=concurrency, battles={"attempts": 1})

    def _arena(self, made: Recipe) -> ArenaFolder:
        return arena_with_instructions(self._folder / f"arena-{next(self._numbers)}", made, self._texts)

    def _seconds(self, name: str, folder: ArenaFolder) -> float:
        report = self.server.report()
        rows = folder.table_rows("answers") + folder.table_rows("votes")
        if not len(report.requests) == len(report.answered) == rows == self.calls:
            raise RuntimeError(f"{name}: {self.calls} calls, {len(report.requests)} requests, {rows} rows")
        busy = sum(stage.journal_seconds for stage in read_progress(progress_folder(folder)).values())
        rate = self.calls / report.seconds
        say(f"  {name}: {report.seconds:.1f} s, {rate:.0f} calls a second; the journal's thread at work {busy:.1f} s")
        return report.seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="10,000 calls instead of 100,000")
    quick = parser.parse_args().quick
    adopt_orphans()
    with tempfile.TemporaryDirectory(prefix="hundred-thousand-") as name, loopback() as server:
        runs = Runs(server, Path(name), 10_000 if quick else 100_000)
        calls = runs.calls
        say(f"{calls} calls:")
        samples = runs.sampled()
        kept, unkept = [], []
        for _ in range(REPEATS):
            unkept.append(runs.timed("unkept", SHORT))
            kept.append(runs.timed("kept", SHORT))
        ratio = runs.timed("kept", None) / runs.timed("unkept", None)
        say(f"  answered at once: {ratio:.2f} times the time of the journal that keeps nothing")
    peak = max(sample.bytes for sample in samples)
    finish(
        [
            at_most(f"GiB of all our processes at the peak, {calls} calls", peak / GIB, 1.5),
            at_most("bytes that a call adds to memory in the last half of the run", bytes_a_call(samples, calls), 4096),
            ratio_at_most(
                f"seconds from first request to last answer, {calls} short calls, the best of {REPEATS}; peer: the "
                "same with a journal that keeps nothing; bar on the ratio: the writes are under 10 % of the time",
                min(kept),
                min(unkept),
                1 / 0.9,
            ),
        ]
    )


if __name__ == "__main__":
    main()
