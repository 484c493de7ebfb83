"""k-center greedy over embeddings: at most a quarter of a plain numpy loop's time, and the same choice?

Rows of 384 numbers and length 1: topics of uneven sizes and widths, as embeddings of instructions have them, and,
as the hardest case, rows without any structure. The peer computes all distances to each new center in float32. It
may take two rows that are equally far but for its rounding in the other order, so the choice is compared with the
same loop in float64.
"""

import argparse
import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from _report import Claim, at_most, finish, ratio_at_most, say
from numpy.typing import NDArray

from warriorcoder.pipelines.mining.diversity import k_center

DIMENSIONS = 384
ROUNDS = 3
Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class Size:
    """Rows, centers, the growing numbers of rows, those for rows without structure, and the bar."""

    rows: int
    centers: int
    growing: tuple[int, int, int]
    centers_unstructured: int
    bar: float


FULL = Size(100_000, 5_000, (25_000, 50_000, 100_000), 2_000, 0.25)
QUICK = Size(20_000, 1_000, (5_000, 10_000, 20_000), 500, 0.5)


def topics(count: int, seed: int) -> Vectors:
    rng = np.random.default_rng(seed)
    middles = rng.standard_normal((max(count // 50, 1), DIMENSIONS), dtype=np.float32)
    which = (rng.random(count) ** 2 * len(middles)).astype(np.int64)
    spread = rng.gamma(2.0, 0.4, (count, 1)).astype(np.float32)
    return unit(middles[which] + spread * rng.standard_normal((count, DIMENSIONS), dtype=np.float32))


def unstructured(count: int, seed: int) -> Vectors:
    return unit(np.random.default_rng(seed).standard_normal((count, DIMENSIONS), dtype=np.float32))


def unit(vectors: Vectors) -> Vectors:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def plain(vectors: Vectors, size: int) -> list[int]:
    """Farthest-first in numpy, a center at a time."""
    nearest = np.full(len(vectors), np.inf, dtype=np.float32)
    places = [0]
    while len(places) < size:
        squares = 2 - 2 * (vectors @ vectors[places[-1]])
        np.minimum(nearest, squares, out=nearest)
        places.append(int(nearest.argmax()))
    return places


def plain_in_float64(vectors: Vectors, size: int) -> list[int]:
    rows = vectors.astype(np.float64)
    norms = np.einsum("ij,ij->i", rows, rows)
    nearest = np.full(len(rows), np.inf)
    places = [0]
    while len(places) < size:
        np.minimum(nearest, norms + norms[places[-1]] - 2 * (rows @ rows[places[-1]]), out=nearest)
        places.append(int(nearest.argmax()))
    return places


def ours(vectors: Vectors, size: int) -> list[int]:
    return k_center(vectors, size).places.tolist()


def timed(
    name: str, choose: Callable[[Vectors, int], list[int]], vectors: Vectors, size: int
) -> tuple[float, list[int]]:
    began, busy = time.perf_counter(), time.process_time()
    places = choose(vectors, size)
    seconds = time.perf_counter() - began
    say(
        f"  {name}, {len(vectors):,} rows to {size:,}: {seconds:.2f} s, "
        f"{time.process_time() - busy:.2f} s of processor, {seconds / size * 1e3:.2f} ms a center"
    )
    return seconds, places


def beside_the_loop(name: str, vectors: Vectors, size: int, bar: float) -> list[Claim]:
    say(f"{name}, ours and the loop in turn:")
    rounds = [(timed("loop", plain, vectors, size), timed("ours", ours, vectors, size)) for _ in range(ROUNDS)]
    (_, expected), (_, found) = rounds[0]
    _, exact = timed("loop in float64", plain_in_float64, vectors, size)
    differing = [sum(one != other for one, other in zip(found, each, strict=True)) for each in (exact, expected)]
    say(f"  not at the place of the float64 loop: {differing[0]}, of the float32 loop: {differing[1]}")
    words = f"{name}, {len(vectors):,} x {DIMENSIONS} to {size:,}"
    return [
        ratio_at_most(
            f"seconds for {words}, the best of {ROUNDS} rounds; peer: a numpy loop",
            min(seconds for _, (seconds, _) in rounds),
            min(seconds for (seconds, _), _ in rounds),
            bar,
        ),
        at_most(f"places of {words} that are not those of the loop in float64", differing[0], 0),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="20,000 rows to 1,000, in half of the loop's time")
    size = QUICK if parser.parse_args().quick else FULL
    vectors = topics(size.rows, 1)
    claims = beside_the_loop("topics", vectors, size.centers, size.bar)
    say("growth:")
    times = []
    for count in size.growing:
        rows, centers = topics(count, 1), count * size.centers // size.rows
        times.append(min(timed("ours", ours, rows, centers)[0] for _ in range(ROUNDS)))
    exponent = math.log(times[-1] / times[0]) / math.log(size.growing[-1] / size.growing[0])
    say(f"  time grows with the {exponent:.2f}th power of the rows, with as many centers in proportion")
    claims.append(at_most("power of rows and centers with which time grows", exponent, 2.2))
    del vectors
    hardest = unstructured(size.rows, 2)
    claims += beside_the_loop("rows without structure", hardest, size.centers_unstructured, 1.0)
    finish(claims)


if __name__ == "__main__":
    main()
