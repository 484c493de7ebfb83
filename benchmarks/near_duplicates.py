"""Near-duplicates among instructions: as fast as claimed, in so little memory, and how many are found?

Instructions of 20-120 words, some of them others with words changed. Ours is `near_duplicates`; the peer is
datasketch's MinHash LSH with 128 permutations and the same exact check of what it finds, once with the threshold
lowered so that it finds nearly as many (the bar), once with its own choice of bands. Recall is against comparing
all with all. Seconds are those of processors: the peer uses one, ours two.
"""

import argparse
import json
import math
import random
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from _instruction_texts import InstructionWriter
from _report import Claim, at_least, at_most, finish, say
from scipy.sparse import csr_matrix

from warriorcoder.pipelines.mining.duplicates import words

GIB = 2**30
THRESHOLD = 0.5


@dataclass(frozen=True)
class Size:
    """Texts beside the peer, of the memory bar, of the growing sizes, compared all with all; the speed wanted."""

    peer: int
    large: int
    growing: tuple[int, int, int]
    every: int
    times: float


FULL = Size(50_000, 1_000_000, (50_000, 100_000, 200_000), 10_000, 30)
# The peer looks at ever more texts for each, so a smaller job is the harder one to win.
QUICK = Size(5_000, 50_000, (12_500, 25_000, 50_000), 3_000, 5)


@dataclass(frozen=True)
class Ran:
    """Wall-clock and processor seconds, peak bytes, and what was found."""

    seconds: float
    busy: float
    peak: int
    found: dict[int, tuple[int, float]]


class Runs:
    """Runs a side in a process of its own on the first so many texts."""

    def __init__(self, folder: Path, texts: list[str]) -> None:
        self._folder = folder
        self._texts = folder / "texts.txt"
        self._texts.write_text("".join(f"{' '.join(text.split())}\n" for text in texts), encoding="utf-8")

    def run(self, side: str, count: int) -> Ran:
        script, result = Path(__file__).with_name("_near_duplicates_run.py"), self._folder / "found.json"
        command = [sys.executable, str(script), side, str(count), str(self._texts), str(result)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        found = {int(place): tuple(pair) for place, pair in json.loads(result.read_text()).items()}
        ran = Ran(**json.loads(done.stdout), found=found)
        say(
            f"  {side}, {count:,} texts: {ran.seconds:.1f} s, {ran.busy:.1f} s of processor, "
            f"{ran.busy / count * 1e6:.0f} µs a text; peak {ran.peak / GIB:.2f} GiB; {len(found):,} repeats"
        )
        return ran


def similar_pairs(texts: list[str]) -> dict[int, dict[int, float]]:
    """For each text the earlier texts whose Jaccard similarity is at least the threshold: all compared with all."""
    sets = [words(text) for text in texts]
    vocabulary: dict[str, int] = {}
    columns = [vocabulary.setdefault(word, len(vocabulary)) for each in sets for word in sorted(each)]
    sizes = np.array([len(each) for each in sets])
    rows = np.append(0, np.cumsum(sizes))
    table = csr_matrix((np.ones(len(columns), dtype=np.int32), columns, rows), shape=(len(sets), len(vocabulary)))
    pairs: dict[int, dict[int, float]] = {}
    for low in range(0, len(sets), 500):
        common = (table[low : low + 500] @ table.T).toarray()
        values = common / (sizes[low : low + 500, None] + sizes - common)
        for row, other in np.argwhere(values >= THRESHOLD).tolist():
            if other < low + row:
                pairs.setdefault(low + row, {})[other] = float(values[row, other])
    return pairs


def recall(found: dict[int, tuple[int, float]], pairs: dict[int, dict[int, float]], most: float) -> float:
    """Of the texts that repeat one which stayed, by at most that similarity, the part that was found."""
    true = set()
    for place, others in pairs.items():
        values = [value for other, value in others.items() if other not in found]
        if values and max(values) <= most:
            true.add(place)
    return len(true & set(found)) / len(true) if true else 1.0


def close_texts(writer: InstructionWriter, count: int) -> list[str]:
    """Instructions, every other one the one before with so many words changed that it is near the threshold."""
    rng = random.Random(11)
    texts: list[str] = []
    others = writer.write(count // 2, seed=5)
    fresh = [word for text in others[:200] for word in text.split()]
    for text in others:
        changed = [rng.choice(fresh) if rng.random() < 0.35 else word for word in text.split()]
        texts += [text, " ".join(changed)]
    return texts


def recalls(writer: InstructionWriter, size: Size, folder: Path) -> list[Claim]:
    texts = close_texts(writer, size.every)
    say(f"recall among {len(texts):,} texts, half of them another one with a third of its words changed:")
    pairs = similar_pairs(texts)
    runs, claims = Runs(folder, texts), []
    parts: dict[str, tuple[float, float]] = {}
    for side in ("ours", "lowered", "default"):
        ran = runs.run(side, len(texts))
        wrong = sum(pairs.get(place, {}).get(kept) != value for place, (kept, value) in ran.found.items())
        parts[side] = recall(ran.found, pairs, 1.0), recall(ran.found, pairs, 0.55)
        say(f"    finds {parts[side][0]:.4f} of all, {parts[side][1]:.4f} of those below 0.55; {wrong} wrongly")
        if side == "ours":
            claims.append(at_most("repeats of ours whose similarity is not the exact one", wrong, 0))
    claims.append(at_least("recall at Jaccard 0.5 and above", parts["ours"][0], 0.95, parts["lowered"][0]))
    claims.append(at_least("recall between 0.5 and 0.55", parts["ours"][1], 0.9, parts["lowered"][1]))
    return claims


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="5,000 texts beside the peer, 50,000 at most")
    size = QUICK if parser.parse_args().quick else FULL
    writer = InstructionWriter()
    with tempfile.TemporaryDirectory(prefix="near-duplicates-") as name:
        folder = Path(name)
        claims = recalls(writer, size, folder)
        runs = Runs(folder, writer.write(size.large, seed=1))
        say("beside datasketch:")
        ours, lowered, default = (runs.run(side, size.peer) for side in ("ours", "lowered", "default"))
        say(
            f"  datasketch's time is ours times {lowered.busy / ours.busy:.1f}; {default.busy / ours.busy:.1f} with its"
        )
        say("  own bands")
        # The smallest job is the hardest one: the peer's time grows with the square.
        claims.append(
            at_least(
                f"times as fast as datasketch at {size.peer:,} texts, by processor seconds",
                lowered.busy / ours.busy,
                size.times,
            )
        )
        say("growth:")
        grown = [runs.run("ours", count) for count in size.growing]
        exponent = math.log(grown[-1].busy / grown[0].busy) / math.log(size.growing[-1] / size.growing[0])
        say(f"  processor time grows with the {exponent:.2f}th power of the number of texts")
        large = runs.run("ours", size.large)
        claims.append(at_most("power of the number of texts with which processor time grows", exponent, 1.7))
        claims.append(at_most(f"GiB at the peak with {size.large:,} texts", large.peak / GIB, 3.0))
    finish(claims)


if __name__ == "__main__":
    main()
