"""Diversity: k-center greedy (Gonzalez 1985; to choose data: Sener, Savarese, arXiv 1708.00489), seeded by grade."""

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from warriorcoder.pipelines.mining.grading import band_of

Vectors = NDArray[np.float32]
Places = NDArray[np.int64]

POOL = 2048
"""Rows that are looked at from choice to choice."""

SEEDS = 0.5
"""Of the wanted size, the largest part that is chosen among excellent rows alone."""

_ROWS_AT_ONCE = 4096
_TOLERANCE = 2e-6
"""Squared distances of unit rows in float32 that differ by less are compared in float64."""


@dataclass(frozen=True)
class Choice:
    """Chosen places in order of choice, and after each choice the covering radius.

    That is the largest Euclidean distance of any row to the nearest of those chosen so far, to about 1e-3 where it
    is near 0 and to 1e-6 elsewhere.
    """

    places: Places
    radii: NDArray[np.float64]


def k_center(vectors: Vectors, size: int, first: int = 0) -> Choice:
    """Farthest-first: begin with row `first`, then always take the row that is farthest from all taken so far.

    `vectors` is (rows, dimensions), rows of length 1 or 0. Of equally far rows the lowest place is taken. The choice
    is that of computing every distance to every center in float64. All rows come out where `size` is as many or more.
    """
    size = min(size, len(vectors))
    if size <= 0:
        return Choice(np.zeros(0, dtype=np.int64), np.zeros(0))
    greedy = _Greedy(vectors)
    everything = np.ones(len(vectors), dtype=bool)
    greedy.take(first)
    greedy.choose(everything, size - 1)
    # The radius after a choice is the distance of the next one.
    radii = np.append(greedy.distances[1:], greedy.farthest())
    return Choice(np.array(greedy.centers), np.sqrt(np.maximum(radii, 0)))


def k_center_by_grade(
    vectors: Vectors, grades: Sequence[int], size: int, seed: int, strata: Sequence[Hashable] | None = None
) -> Choice:
    """k-center greedy to the wanted size, seeded by grade: excellent rows (grade 9-10) go first.

    The first center is the best-graded row, equal ones in an order drawn from the seed, and of equally far rows the
    better graded is taken. Up to half of the size is chosen among the excellent rows alone, the farthest from all
    chosen first; the rest among all rows, to cover what the excellent ones leave uncovered. With `strata`, say band
    and task of each row, each has a part of the size in proportion to its rows (`quotas`); distances are always
    those to the centers of all strata.
    """
    count = len(vectors)
    size = min(size, count)
    if size <= 0:
        return Choice(np.zeros(0, dtype=np.int64), np.zeros(0))
    drawn = np.random.Generator(np.random.PCG64(seed)).permutation(count)
    graded = np.asarray(grades, dtype=np.int64)
    order = np.lexsort((drawn, -graded))
    limits = None if strata is None else quotas(strata, size)
    names = None if strata is None else [strata[place] for place in order.tolist()]
    greedy = _Greedy(vectors[order], names, limits)
    excellent = np.array([band_of(grade) == "excellent" for grade in graded[order].tolist()])
    greedy.choose(excellent, int(SEEDS * size))
    greedy.choose(np.ones(count, dtype=bool), size - len(greedy.centers))
    places = order[np.array(greedy.centers)]
    return Choice(places, covering_radii(vectors, places))


def quotas(strata: Sequence[Hashable], size: int) -> dict[Hashable, int]:
    """How many of `size` rows each stratum has, in proportion to its rows: by the largest remainder.

    Of equal remainders the larger stratum's goes first, then that of the stratum that comes first.
    """
    counts = Counter(strata)
    total = sum(counts.values())
    parts = {name: divmod(size * count, total) for name, count in counts.items()}
    left = size - sum(whole for whole, _ in parts.values())
    more = sorted(counts, key=lambda name: (-parts[name][1], -counts[name]))[:left]
    return {name: whole + (name in more) for name, (whole, _) in parts.items()}


def covering_radii(vectors: Vectors, places: Places) -> NDArray[np.float64]:
    """After each of some centers, in this order: the largest distance of any row to the nearest center so far."""
    centers = vectors[places]
    radii = np.zeros(len(places))
    norms = _norms(vectors)
    for low in range(0, len(vectors), 1024):
        squares = norms[low : low + 1024, None] + norms[places] - 2 * (vectors[low : low + 1024] @ centers.T)
        np.minimum.accumulate(squares, axis=1, out=squares)
        np.maximum(radii, squares.max(axis=0), out=radii)
    return np.asarray(np.sqrt(radii))


def _norms(vectors: Vectors) -> Vectors:
    return np.asarray(np.einsum("ij,ij->i", vectors, vectors))


class _Greedy:
    """Centers chosen so far, and for every row a bound: its squared distance to the first `seen` of them.

    A bound only falls when more centers are seen, so a row whose bound is below the largest distance need not be
    looked at. The rows with the largest bounds are a pool that sees every center at once; when the pool's largest
    distance falls to the largest bound outside, rows catch up on the centers that they missed, many at a time.
    """

    def __init__(
        self, vectors: Vectors, strata: Sequence[Hashable] | None = None, limits: dict[Hashable, int] | None = None
    ) -> None:
        self._vectors = np.ascontiguousarray(vectors, dtype=np.float32)
        self._norms = _norms(self._vectors)
        count = len(vectors)
        names = list(dict.fromkeys(strata or ()))
        number = {name: at for at, name in enumerate(names)}
        self._stratum = np.array([number[each] for each in strata] if strata else [0] * count, dtype=np.int64)
        self._left = np.array([(limits or {})[name] for name in names] if names else [count], dtype=np.int64)
        self._bounds = np.full(count, np.inf, dtype=np.float32)
        self._seen = np.zeros(count, dtype=np.int64)
        self._free = np.ones(count, dtype=bool)
        self.centers: list[int] = []
        self.distances: list[float] = []

    def take(self, place: int, distance: float = float("inf")) -> None:
        self.centers.append(place)
        self.distances.append(distance)
        self._free[place] = False
        self._left[self._stratum[place]] -= 1

    def choose(self, allowed: NDArray[np.bool_], count: int) -> None:
        """Up to so many more centers among the allowed rows, within what is left of each stratum."""
        until, wanted = len(self.centers) + count, POOL
        while len(self.centers) < until:
            rows = np.flatnonzero(allowed & self._free & (self._left[self._stratum] > 0))
            if not len(rows):
                return
            if not self.centers:
                self.take(int(rows[0]))
                continue
            before = len(self.centers)
            pool, limit = self._pool(rows, wanted)
            self._choose_from(pool, limit, until)
            if len(self.centers) == before:
                wanted *= 2

    def farthest(self) -> float:
        """The largest squared distance of any row."""
        self._catch_up(np.arange(len(self._bounds)))
        return float(self._bounds.max(initial=0))

    def _pool(self, rows: Places, wanted: int) -> tuple[Places, float]:
        """Rows that have seen every center, and what the distance of no other row is above."""
        while len(rows) > wanted:
            # Most bounds fall below the limit once their rows have caught up.
            taken = min(4 * wanted, len(rows) - 1)
            bounds = self._bounds[rows]
            parted = np.argpartition(bounds, len(rows) - taken)
            top = np.sort(rows[parted[-taken:]])
            limit = float(bounds[parted[: len(rows) - taken]].max())
            fresh = bool(np.all(self._seen[top] == len(self.centers)))
            self._catch_up(top)
            pool = top[self._bounds[top] > limit]
            if len(pool) * 4 >= wanted:
                return pool, limit
            if fresh:
                # Equally far rows fill it: with the same number the same rows would come again.
                wanted *= 2
        self._catch_up(rows)
        return rows, -np.inf

    def _catch_up(self, rows: Places) -> None:
        seen = self._seen[rows]
        for since in np.unique(seen[seen < len(self.centers)]).tolist():
            missed = np.array(self.centers[since:])
            centers, norms = self._vectors[missed].T, self._norms[missed]
            late = rows[seen == since]
            for low in range(0, len(late), _ROWS_AT_ONCE):
                part = late[low : low + _ROWS_AT_ONCE]
                products = self._vectors[part] @ centers
                products *= -2
                products += norms
                self._bounds[part] = np.minimum(self._bounds[part], products.min(axis=1) + self._norms[part])
        self._seen[rows] = len(self.centers)

    def _choose_from(self, pool: Places, limit: float, until: int) -> None:
        vectors, norms, stratum = self._vectors[pool], self._norms[pool], self._stratum[pool]
        squares = self._bounds[pool].copy()
        open_ = np.ones(len(pool), dtype=bool)
        while len(self.centers) < until and len(pool):
            largest = float(squares.max())
            if largest <= limit + _TOLERANCE or not open_.any():
                break
            close = np.flatnonzero(squares >= largest - _TOLERANCE)
            at = int(close[0] if len(close) == 1 or largest <= _TOLERANCE else close[self._farthest_of(pool[close])])
            place = int(pool[at])
            self.take(place, largest)
            new = norms + self._norms[place] - 2 * (vectors @ self._vectors[place])
            np.minimum(squares, new, out=squares)
            open_[at] = False
            if not self._left[stratum[at]]:
                open_[stratum == stratum[at]] = False
            squares[~open_] = -np.inf
        still = pool[open_]
        self._bounds[still] = squares[open_]
        self._seen[still] = len(self.centers)

    def _farthest_of(self, rows: Places) -> int:
        """Which of some rows is the farthest, in float64; the first of equal ones."""
        centers = self._vectors[self.centers].astype(np.float64)
        norms = np.einsum("ij,ij->i", centers, centers)
        found = np.empty(len(rows))
        for low in range(0, len(rows), _ROWS_AT_ONCE):
            some = self._vectors[rows[low : low + _ROWS_AT_ONCE]].astype(np.float64)
            own = np.einsum("ij,ij->i", some, some)
            found[low : low + _ROWS_AT_ONCE] = (norms - 2 * (some @ centers.T)).min(axis=1) + own
        return int(np.round(found, 12).argmax())
