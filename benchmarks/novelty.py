"""ROUGE-L F1 of mined instructions against references: as fast as claimed, and rouge-score's own values?

Candidates and references are coding instructions of 20-120 words (`_instruction_texts.py` says how like real
ones), or those of --candidates and --references. Ours is `nearest` on two threads, from texts to values; the peer
is rouge-score 0.1.2, a random sample of pairs, measured before and after every run of ours. The values are
compared with the peer's on random pairs, on the pairs found nearest and on whole rows; more rows are compared with
rapidfuzz's LCS of every pair, unfolded and without bounds. The same of self-ROUGE, `self_nearest`.
"""

import argparse
import json
import math
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from _instruction_texts import InstructionWriter
from _report import Claim, at_most, finish, ratio_at_most, say
from numpy.typing import NDArray
from rapidfuzz.distance import LCSseq
from rapidfuzz.process import cdist
from rouge_score.rouge_scorer import RougeScorer

from warriorcoder.pipelines.mining.novelty import histogram, nearest
from warriorcoder.pipelines.mining.references import read_references
from warriorcoder.pipelines.mining.rouge import f_measure, tokens
from warriorcoder.pipelines.mining.text_sets import open_set

WORKERS = 2
GIB = 2**30
SCORER = RougeScorer(["rougeL"], use_stemmer=False)


@dataclass(frozen=True)
class Size:
    """Texts a side, the growing sizes, what is extrapolated from, and how much is compared."""

    texts: int
    growing: tuple[int, int, int]
    large: int
    large_candidates: int
    rounds: int
    peer_pairs: int
    pairs: int
    rows: int
    unfolded_rows: int


FULL = Size(20_000, (5_000, 10_000, 20_000), 100_000, 2_000, 3, 500, 2_000, 3, 300)
QUICK = Size(8_000, (2_000, 4_000, 8_000), 20_000, 500, 3, 200, 500, 2, 100)


@dataclass(frozen=True)
class Ran:
    """A run of ours: wall-clock and processor seconds, peak bytes, and what it found."""

    seconds: float
    busy: float
    peak: int
    values: NDArray[np.float64]
    places: NDArray[np.int64]


def ours(candidates: list[str], references: list[str] | None) -> Ran:
    """A run against references, or of candidates among themselves."""
    with tempfile.TemporaryDirectory(prefix="novelty-") as name:
        folder = Path(name)
        (folder / "candidates.json").write_text(json.dumps(candidates))
        files = [str(folder / "candidates.json"), "-"]
        if references is not None:
            (folder / "references.json").write_text(json.dumps(references))
            files[1] = str(folder / "references.json")
        script = Path(__file__).with_name("_nearest_run.py")
        command = [sys.executable, str(script), *files, str(WORKERS), str(folder / "found.npz")]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        with np.load(folder / "found.npz") as found:
            ran = Ran(**json.loads(done.stdout), values=found["values"], places=found["places"])
    others = len(references) if references is not None else len(candidates) - 1
    pairs = len(candidates) * others
    say(
        f"  {len(candidates):,} x {others:,}: {ran.seconds:.1f} s, {ran.busy:.1f} s of processor; "
        f"{ran.seconds / pairs * 1e9:.1f} ns a pair; peak {ran.peak / GIB:.3f} GiB"
    )
    return ran


class Peer:
    """rouge-score on pairs of these texts."""

    def __init__(self, candidates: list[str], references: list[str], pairs: int) -> None:
        self._candidates, self._references, self._pairs = candidates, references, pairs
        self._rng = random.Random(3)

    def value(self, candidate: int, reference: int) -> float:
        score = SCORER.score(self._references[reference], self._candidates[candidate])
        return float(score["rougeL"].fmeasure)

    def random_pairs(self, count: int) -> list[tuple[int, int]]:
        sizes = len(self._candidates), len(self._references)
        return [(self._rng.randrange(sizes[0]), self._rng.randrange(sizes[1])) for _ in range(count)]

    def seconds(self) -> float:
        """For a pair, the mean of a random sample."""
        pairs = self.random_pairs(self._pairs)
        began = time.perf_counter()
        for pair in pairs:
            self.value(*pair)
        seconds = (time.perf_counter() - began) / len(pairs)
        say(f"  rouge-score: {seconds * 1e6:.0f} µs a pair")
        return seconds


def speed(candidates: list[str], references: list[str], peer: Peer, rounds: int) -> tuple[list[Claim], Ran]:
    say(f"{len(candidates):,} x {len(references):,} on {WORKERS} threads and rouge-score, in turn:")
    before = peer.seconds()
    runs, ratios, both = [], [], []
    for _ in range(rounds):
        runs.append(ours(candidates, references))
        after = peer.seconds()
        a_pair = runs[-1].seconds / (len(candidates) * len(references))
        both.append((a_pair, (before + after) / 2))
        ratios.append(both[-1][1] / a_pair)
        before = after
    say(f"  rouge-score's time a pair is ours times {', '.join(f'{ratio:,.0f}' for ratio in ratios)}")
    a_pair, peers = sorted(both, key=lambda each: each[0] / each[1])[len(both) // 2]
    claims = [
        ratio_at_most(
            f"nanoseconds a pair, {len(candidates):,} x {len(references):,}, {WORKERS} threads, the median of {rounds} "
            "rounds; peer: rouge-score; bar on the ratio: 1/5000",
            a_pair * 1e9,
            peers * 1e9,
            1 / 5000,
        ),
        at_most("GiB at the peak of the process", max(run.peak for run in runs) / GIB, 1.0),
    ]
    return claims, runs[-1]


def equality(candidates: list[str], references: list[str], peer: Peer, ran: Ran, size: Size) -> list[Claim]:
    say("values beside rouge-score's:")
    rng = random.Random(4)
    pairs = peer.random_pairs(size.pairs)
    apart = [
        abs(nearest([candidates[one]], [references[other]], workers=1)[0][0] - peer.value(one, other))
        for one, other in pairs
    ]
    some = rng.sample(range(len(candidates)), min(size.pairs, len(candidates)))
    apart_nearest = [abs(ran.values[one] - peer.value(one, int(ran.places[one]))) for one in some]
    beyond = [peer.value(one, other) - ran.values[one] for one, other in pairs]
    say(f"  {size.pairs:,} random pairs, {len(some):,} nearest pairs")
    rows = rng.sample(range(len(candidates)), size.rows)
    wrong, apart_rows = 0, []
    for one in rows:
        every = np.array([peer.value(one, other) for other in range(len(references))])
        apart_rows.append(abs(every.max() - ran.values[one]))
        # Equal fractions may differ in the last bit of rouge-score's arithmetic.
        wrong += int((every >= every.max() - 1e-12).argmax() != ran.places[one])
    say(f"  {size.rows} whole rows, {size.rows * len(references):,} pairs")
    unfolded = rng.sample(range(len(candidates)), size.unfolded_rows)
    every = _every(candidates, references, unfolded)
    highest = every.max(axis=1)
    apart_rows += list(np.abs(highest - ran.values[unfolded]))
    wrong += int(np.sum((every >= highest[:, None] - 1e-12).argmax(axis=1) != ran.places[unfolded]))
    say(f"  {size.unfolded_rows} whole rows by rapidfuzz, {every.size:,} pairs")
    return [
        at_most(f"largest difference from rouge-score over {size.pairs:,} random pairs", float(max(apart)), 1e-9),
        at_most(
            f"largest difference from rouge-score over {len(some):,} nearest pairs", float(max(apart_nearest)), 1e-9
        ),
        at_most(
            f"most by which a random pair, of {size.pairs:,}, is above its row's maximum", float(max(beyond)), 1e-9
        ),
        at_most(
            f"largest difference of maxima over {size.rows} whole rows by rouge-score and {size.unfolded_rows} by "
            "rapidfuzz",
            float(max(apart_rows)),
            1e-9,
        ),
        at_most("rows of these whose nearest reference is another one", wrong, 0),
    ]


def _every(candidates: list[str], references: list[str], rows: list[int]) -> NDArray[np.float64]:
    """ROUGE-L F1 of some candidates with all references, by rapidfuzz's LCS of every pair."""
    asked, given = [tokens(candidates[one]) for one in rows], [tokens(reference) for reference in references]
    common = cdist(asked, given, scorer=LCSseq.similarity, dtype=np.int32, workers=WORKERS)
    lengths, others = (np.array([len(each) for each in side]) for side in (asked, given))
    return f_measure(common, lengths[:, None], others[None, :])


def self_rouge(texts: list[str], peer: Peer, size: Size) -> list[Claim]:
    say("self-ROUGE, every text among all the others:")
    before = peer.seconds()
    ran = ours(texts, None)
    a_pair, peers = ran.seconds / (len(texts) * (len(texts) - 1)), (before + peer.seconds()) / 2
    say(f"  rouge-score's time a pair is ours times {peers / a_pair:,.0f}")
    chosen = random.Random(5).sample(range(len(texts)), min(size.unfolded_rows, len(texts)))
    every = _every(texts, texts, chosen)
    every[np.arange(len(chosen)), chosen] = -1
    highest = every.max(axis=1)
    wrong = int(np.sum((every >= highest[:, None] - 1e-12).argmax(axis=1) != ran.places[chosen]))
    say(f"  {len(chosen)} whole rows by rapidfuzz, {every.size:,} pairs; median {median(ran.values):.2f}")
    return [
        ratio_at_most(
            f"self-ROUGE: nanoseconds a pair of {len(texts):,} texts, {WORKERS} threads; peer: rouge-score; bar on the "
            "ratio: 1/5000",
            a_pair * 1e9,
            peers * 1e9,
            1 / 5000,
        ),
        at_most("self-ROUGE: GiB at the peak of the process", ran.peak / GIB, 1.0),
        at_most(
            f"self-ROUGE: largest difference of maxima over {len(chosen)} whole rows",
            float(np.abs(highest - ran.values[chosen]).max()),
            1e-9,
        ),
        at_most("self-ROUGE: rows of these whose nearest text is another one", wrong, 0),
    ]


def growth(candidates: list[str], references: list[str], size: Size) -> list[Claim]:
    say("growth:")
    runs = [ours(candidates[:count], references[:count]) for count in size.growing]
    exponent = math.log(runs[-1].busy / runs[0].busy) / math.log(size.growing[-1] / size.growing[0])
    say(f"  processor time grows with the {exponent:.2f}th power of the number of texts a side")
    large = ours(candidates[: size.large_candidates], references)
    times = len(references) / size.large_candidates
    say(
        f"  extrapolated from that: {len(references):,} x {len(references):,} in {large.seconds * times / 60:.1f} min, "
        f"{large.busy * times / 60:.1f} min of processor"
    )
    return [
        at_most("power of the number of texts a side with which processor time grows", exponent, 2.15),
        at_most(f"GiB at the peak with {len(references):,} references", large.peak / GIB, 1.0),
    ]


def show(ran: Ran) -> None:
    parts: list[dict[str, Any]] = histogram(ran.values, 10)
    counts = ", ".join(f"{part['low']:.1f}: {part['count']:,}" for part in parts if part["count"])
    say(f"  highest ROUGE-L F1 of the candidates: median {median(ran.values):.2f}; {counts}")


def written(size: Size) -> tuple[list[str], list[str]]:
    """Candidates, as many as are compared, and references, as many as are extrapolated to."""
    writer = InstructionWriter()
    references = writer.write(size.large, seed=1)
    return writer.write(size.texts, seed=2, known=references[: size.texts]), references


def read(path: str, column: str | None) -> list[str]:
    return read_references([open_set(path, column)]).texts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="8,000 x 8,000 texts: a minute")
    parser.add_argument("--candidates", metavar="FILE", help="texts of your own, in a .jsonl, .json or .parquet file")
    parser.add_argument("--references", metavar="FILE", help="what they are compared with")
    parser.add_argument("--column", help="the column of both that has the texts")
    given = parser.parse_args()
    if (given.candidates is None) != (given.references is None):
        parser.error("--candidates and --references go together")
    size = QUICK if given.quick else FULL
    if given.candidates:
        candidates, references = (read(path, given.column) for path in (given.candidates, given.references))
        all_references = None
    else:
        candidates, all_references = written(size)
        references = all_references[: size.texts]
    lengths = [len(text.split()) for text in references]
    say(f"references of {min(lengths)}-{max(lengths)} words, median {median(lengths):g}; {references[0]!r}")
    peer = Peer(candidates, references, size.peer_pairs)
    claims, ran = speed(candidates, references, peer, size.rounds)
    show(ran)
    claims += equality(candidates, references, peer, ran, size)
    claims += self_rouge(references, Peer(references, references, size.peer_pairs), size)
    if all_references is not None:
        claims += growth(candidates, all_references, size)
    finish(claims)


if __name__ == "__main__":
    main()
