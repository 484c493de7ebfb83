"""Pairing and outcomes for 100,000 instructions x 5 experts: how long, in how much memory, and are the labels right?

An arena of round robin (ten battles an instruction, answers of 1,200 characters) is written first, by a process that
does not count. Ours pairs the experts, reads the tables, labels the answers, finds the clusters of the instructions,
splits, orders and writes kto, sft and preference. The peer does the same labels and tables in pandas, with neither
clusters nor splits nor an order. Each side is a process of its own; seconds are those of the wall clock.
"""

import argparse
import json
import math
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from _report import at_most, finish, say

from warriorcoder.arena_folder import ArenaFolder
from warriorcoder.pipelines.battles.outcomes.row_order import spread_out

GIB = 2**30
SCRIPT = Path(__file__).with_name("_outcomes_run.py")


@dataclass(frozen=True)
class Ran:
    """Battles paired, seconds of pairing and of the tables, of processors for both, and the peak in bytes."""

    battles: int
    pairing: float
    tables: float
    busy: float
    peak: int

    @property
    def seconds(self) -> float:
        return self.pairing + self.tables


def run(side: str, arena: Path, out: Path) -> Ran:
    """One side on an arena, in a process of its own."""
    shutil.rmtree(out, ignore_errors=True)
    command = [sys.executable, str(SCRIPT), side, str(arena), str(out)]
    ran = Ran(**json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout))
    say(
        f"  {side}: {ran.pairing:.1f} s for {ran.battles:,} battles, {ran.tables:.1f} s for the tables, "
        f"{ran.busy:.1f} s of processor; peak {ran.peak / GIB:.2f} GiB"
    )
    return ran


def unlike(one: Path, other: Path) -> int:
    """Rows of kto and preference, whatever their order and split, that only one of two arenas has."""
    columns = {
        "kto": ["instruction_id", "expert", "label", "final_score"],
        "preference": ["instruction_id", "chosen_expert", "rejected_expert", "score_chosen", "score_rejected"],
    }
    found = 0
    for name, read in columns.items():
        mine, theirs = (ArenaFolder(path).read_columns(name, read) for path in (one, other))
        found += len(rows_of(mine) ^ rows_of(theirs))
    return found


def rows_of(table: pa.Table) -> set[tuple[object, ...]]:
    columns = [column.to_pylist() for column in table.columns]
    rounded = [[round(value, 9) if isinstance(value, float) else value for value in column] for column in columns]
    return set(zip(*rounded, strict=True))


def neighbours(out: Path) -> int:
    """Neighbouring rows of kto, in the files as they are, that answer the same instruction."""
    found = 0
    for file in ArenaFolder(out).table_files("kto"):
        ids = pq.read_table(file, columns=["instruction_id"])["instruction_id"].to_pylist()
        found += sum(one == other for one, other in pairwise(ids))
    return found


def ordering(rows: int) -> float:
    """Seconds to order so many rows, five an instruction."""
    began = time.perf_counter()
    spread_out(np.repeat(np.arange(rows // 5), 5), 0)
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="10,000 instructions")
    large = 10_000 if parser.parse_args().quick else 100_000
    sizes = (large // 4, large // 2, large)
    runs = []
    with tempfile.TemporaryDirectory(prefix="outcomes-") as name:
        folder = Path(name)
        for size in sizes:
            say(f"{size:,} instructions x 5 experts:")
            arena = folder / f"arena-{size}"
            subprocess.run([sys.executable, str(SCRIPT), "make", str(size), str(arena)], check=True)
            runs.append(run("ours", arena, folder / "ours"))
        peer = run("pandas", arena, folder / "pandas")
        wrong, together = unlike(folder / "ours", folder / "pandas"), neighbours(folder / "ours")
    ours = runs[-1]
    exponent = math.log(ours.busy / runs[0].busy) / math.log(sizes[-1] / sizes[0])
    rows = [5 * size for size in sizes]
    spread = [ordering(number) for number in rows]
    say(f"  processor time grows with the {exponent:.2f}th power of the number of instructions")
    say("  order of the rows: " + ", ".join(f"{s:.2f} s for {n:,}" for n, s in zip(rows, spread, strict=True)))
    finish(
        [
            at_most(f"seconds of pairing and outcomes, {large:,} x 5", ours.seconds, 60, peer.seconds),
            at_most(f"GiB at the peak, {large:,} x 5", ours.peak / GIB, 2, peer.peak / GIB),
            at_most("rows of kto and preference that are not pandas'", wrong, 0),
            at_most("neighbours in kto that answer the same instruction", together, 0),
            at_most("power of the number of instructions with which processor time grows", exponent, 1.5),
            at_most(f"seconds to order {rows[-1]:,} rows", spread[-1], 5),
        ]
    )


if __name__ == "__main__":
    main()
