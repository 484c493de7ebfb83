"""Does a long run stay small? Memory and journal over 100,000 short calls through `warrior battle`.

Four experts answer 3,572 instructions and judge every battle in both orders: 100,016 calls to a
server that answers at once. Memory is the proportional set size (PSS: shared pages counted once) of
`warrior` and all its descendants, sampled every second. Flat means: what a call adds is no more than
what the run must hold of it to write its table at the end, 4 KiB, in the last half of the run.
The journal's share is the time its writer was busy, of the time from first request to last answer.
"""

import argparse
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from _arena import arena_with_instructions, instructions, recipe
from _loopback import Loopback, loopback
from _processes import adopt_orphans, proportional_memory, start, warrior
from _report import at_most, finish, say

from warriorcoder.arena_folder import ArenaFolder
from warriorcoder.pipelines.endpoints.progress import read_progress
from warriorcoder.pipelines.endpoints.traces import progress_folder

EXPERTS = 4
CALLS_AN_INSTRUCTION = 28
"""4 answers; 6 battles with 2 uninvolved judges in 2 orders."""

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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="10,000 calls instead of 100,000")
    count = -(-(10_000 if parser.parse_args().quick else 100_000) // CALLS_AN_INSTRUCTION)
    adopt_orphans()
    with tempfile.TemporaryDirectory(prefix="hundred-thousand-") as name, loopback() as server:
        # An unreadable verdict would be asked for again, and nobody could say how many calls come.
        made = recipe(server.url, EXPERTS, concurrency=64, battles={"attempts": 1})
        folder = arena_with_instructions(Path(name) / "arena", made, instructions(count))
        samples = sampled_run(server, folder)
        report = server.report()
        calls = count * CALLS_AN_INSTRUCTION
        rows = folder.table_rows("answers") + folder.table_rows("votes")
        if not len(report.requests) == len(report.answered) == rows == calls:
            raise RuntimeError(f"{calls} calls, {len(report.requests)} requests, {rows} rows")
        written = sum(stage.journal_seconds for stage in read_progress(progress_folder(folder)).values())
        say(f"{calls} calls in {report.seconds:.1f} s, {calls / report.seconds:.0f} a second")
    peak = max(sample.bytes for sample in samples)
    finish(
        [
            at_most(f"GiB of all our processes at the peak, {calls} calls", peak / GIB, 1.5),
            at_most("bytes that a call adds to memory in the last half of the run", bytes_a_call(samples, calls), 4096),
            at_most(
                "share of the time, first request to last answer, that the journal writes",
                written / report.seconds,
                0.1,
            ),
        ]
    )


if __name__ == "__main__":
    main()
