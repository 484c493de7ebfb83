"""Pairs of word sets that may be near-duplicates: MinHash signatures in overlapping bands, in numpy.

rensa 0.5 sketches as fast, but hands its sketches and pairs out as Python objects; datasketch does all of it in
Python. Both cut 128 permutations into disjoint bands, 128 / r of them, so that either pairs at the threshold are
missed or a million texts have billions of candidates. Here a permutation is in several bands: bands are as long as
the number of texts asks for, and as many as RECALL asks for.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice
from math import comb

import numpy as np
from numpy.typing import NDArray

from warriorcoder.pipelines.mining.word_sets import PAD, WordSets

PERMUTATIONS = 128
RECALL = 0.97
"""Of pairs right at the threshold, that share a band; of those above it more do."""

MOST_BANDS = 1024
_PAIRS_AT_ONCE = 1 << 16

Places = NDArray[np.int64]
Pairs = NDArray[np.uint64]
"""The earlier text and the later one of each pair, as one number (`unpacked`), increasing."""


@dataclass(frozen=True)
class Banding:
    """How many bands of how many permutations each."""

    bands: int
    rows: int


def banding(threshold: float, count: int) -> Banding:
    """The cheapest banding for so many texts that finds a pair at the threshold with a probability of RECALL.

    The times are those of one core in nanoseconds; 0.16 is what a random pair of coding instructions behaves like.
    """
    best = (float("inf"), Banding(MOST_BANDS, 1))
    for rows in range(1, 17):
        bands = _bands_needed(threshold, rows)
        cost = bands * (count * (6 + rows) + count**2 / 2 * 0.16**rows * 15)
        if bands <= MOST_BANDS or rows == 1:
            best = min(best, (cost, Banding(min(bands, MOST_BANDS), rows)), key=lambda each: each[0])
    return best[1]


def _bands_needed(threshold: float, rows: int) -> int:
    """MOST_BANDS + 1 where that many are too few."""
    equal = range(PERMUTATIONS + 1)
    chance = [comb(PERMUTATIONS, m) * threshold**m * (1 - threshold) ** (PERMUTATIONS - m) for m in equal]
    miss = [1 - comb(m, rows) / comb(PERMUTATIONS, rows) for m in equal]
    low, high = 1, MOST_BANDS + 1
    while low < high:
        bands = (low + high) // 2
        if sum(p * q**bands for p, q in zip(chance, miss, strict=True)) <= 1 - RECALL:
            high = bands
        else:
            low = bands + 1
    return low


def unpacked(pairs: Pairs) -> tuple[Places, Places]:
    """The earlier texts and the later ones."""
    return (pairs >> np.uint64(32)).astype(np.int64), (pairs & np.uint64(2**32 - 1)).astype(np.int64)


class Sketches:
    """The MinHash signatures of word sets, and the pairs that share a band and look alike as a whole."""

    def __init__(self, sets: WordSets, threshold: float, seed: int, pool: ThreadPoolExecutor) -> None:
        self._pool = pool
        rng = np.random.Generator(np.random.PCG64(seed))
        factors = rng.integers(0, 2**32, PERMUTATIONS, dtype=np.uint32) | np.uint32(1)
        self._rows = np.empty((len(sets.sizes), PERMUTATIONS), dtype=np.uint16)
        order = np.argsort(sets.sizes, kind="stable")
        parts = [order[low : low + 1024] for low in range(0, len(order), 1024)]
        list(pool.map(lambda part: self._sign(sets, part, factors), parts))
        self._columns = np.ascontiguousarray(self._rows.T)
        bits = np.packbits((self._rows & 1).astype(bool), axis=1).view(np.uint64)
        self._bits = [np.ascontiguousarray(half) for half in bits.T]
        shape = banding(threshold, len(sets.sizes))
        self._bands = list(islice(_bands(rng, shape.rows), shape.bands))
        self._least_equal, self._least_bits = _low(threshold, 2), _low((1 + threshold) / 2, 2.5)

    def _sign(self, sets: WordSets, part: Places, factors: NDArray[np.uint32]) -> None:
        table = sets.padded(part, max(int(sets.sizes[part].max()), 1))
        table = np.where(table == PAD, table[:, :1], table).astype(np.uint32)
        least = np.full((len(part), PERMUTATIONS), 2**32 - 1, dtype=np.uint32)
        hashed = np.empty_like(least)
        for column in table.T:
            np.multiply(column[:, None], factors, out=hashed)
            np.minimum(least, hashed, out=least)
        # The high bits of a minimum are nearly all 0.
        least *= np.uint32(0x9E3779B1)
        self._rows[part] = least >> np.uint32(16)

    def within(self, places: Places, most: int, most_looked_at: int) -> Pairs | None:
        """Pairs among increasing places. None where there are more than that, or more to look at."""
        return self._pairs(places, None, most, most_looked_at)

    def between(self, ones: Places, others: Places) -> Pairs:
        """Pairs of one of the first with one of the second, in this order."""
        found = self._pairs(np.concatenate([ones, others]), len(ones), 2**62, 2**62)
        if found is None:
            raise AssertionError("Without a limit there are never too many.")
        return found

    def _pairs(self, places: Places, split: int | None, most: int, most_looked_at: int) -> Pairs | None:
        found = np.empty(0, dtype=np.uint64)
        looked_at, batch = 0, 8
        for low in range(0, len(self._bands), batch):
            budget = (most_looked_at - looked_at) // batch
            bands = self._bands[low : low + batch]
            search = partial(self._of_band, places=places, split=split, most=most, budget=budget)
            fresh = list(self._pool.map(search, bands))
            if any(each is None for each in fresh):
                return None
            looked_at += sum(each[1] for each in fresh if each)
            found = np.concatenate([found, *(each[0] for each in fresh if each)])
            # np.unique goes by a hash table, ten times as slow.
            found.sort()
            found = found[np.append(True, found[1:] != found[:-1])[: len(found)]]
            if len(found) > most:
                return None
        return found

    def _of_band(
        self, band: NDArray[np.int64], places: Places, split: int | None, most: int, budget: int
    ) -> tuple[NDArray[np.uint64], int] | None:
        """The pairs that share a band and look alike, each as one number, and how many shared it."""
        count = len(places)
        whole = count == self._columns.shape[1] and split is None
        key = np.zeros(count, dtype=np.uint32)
        for permutation in band:
            key *= np.uint32(0x9E3779B1)
            key += self._columns[permutation] if whole else self._columns[permutation][places]
        key ^= key >> np.uint32(15)
        key *= np.uint32(0x85EBCA6B)
        packed = key.astype(np.uint64) << np.uint64(32)
        packed |= np.arange(count, dtype=np.uint64)
        packed.sort()
        at = packed.astype(np.uint32)
        key = (packed >> np.uint64(32)).astype(np.uint32)
        new = np.ones(count, dtype=bool)
        np.not_equal(key[1:], key[:-1], out=new[1:])
        first = np.flatnonzero(new)
        lengths = np.diff(first, append=count)
        # Each one's partners are those that stand before it in its run, or the first side's part of its run.
        runs = np.flatnonzero(lengths > 1)
        starts, lengths = first[runs], lengths[runs]
        members = np.repeat(starts, lengths)
        where = members + _ragged(lengths)
        if split is None:
            partners = where - members
        else:
            ones = np.add.reduceat(np.append(at[where] < split, False), _begins(lengths)) if len(runs) else lengths
            partners = np.where(at[where] < split, 0, np.repeat(ones, lengths))
        total = int(partners.sum())
        if total > budget:
            return None
        kept = [np.empty(0, dtype=np.uint64)]
        some = 0
        for part in _parts(partners):
            later = places[at[np.repeat(where[part], partners[part])]]
            earlier = places[at[np.repeat(members[part], partners[part]) + _ragged(partners[part])]]
            alike = self._alike(earlier, later)
            kept.append(earlier[alike].astype(np.uint64) << np.uint64(32) | later[alike].astype(np.uint64))
            some += len(kept[-1])
            if some > most:
                return None
        return np.concatenate(kept), total

    def _alike(self, ones: Places, others: Places) -> Places:
        """Which pairs may reach the threshold: by one bit of every permutation, then by all bits."""
        different = np.zeros(len(ones), dtype=np.uint8)
        for half in self._bits:
            different += np.bitwise_count(half[ones] ^ half[others])
        near = np.flatnonzero(different <= PERMUTATIONS - self._least_bits)
        equal = np.empty(len(near), dtype=np.int64)
        for low in range(0, len(near), 1024):
            part = near[low : low + 1024]
            same = self._rows.take(ones[part], axis=0) == self._rows.take(others[part], axis=0)
            equal[low : low + 1024] = np.count_nonzero(same, axis=1)
        return near[equal >= self._least_equal]


def _low(chance: float, deviations: float) -> int:
    """So many standard deviations below the mean number of permutations that agree with such a chance."""
    return int(PERMUTATIONS * (chance - deviations * (chance * (1 - chance) / PERMUTATIONS) ** 0.5))


def _bands(rng: np.random.Generator, rows: int) -> Iterator[NDArray[np.int64]]:
    while True:
        shuffled = rng.permutation(PERMUTATIONS)
        yield from (shuffled[low : low + rows] for low in range(0, PERMUTATIONS - rows + 1, rows))


def _begins(lengths: Places) -> Places:
    return np.cumsum(lengths) - lengths


def _ragged(lengths: Places) -> Places:
    """0, 1, … of each length, one after another."""
    return np.arange(int(lengths.sum())) - np.repeat(_begins(lengths), lengths)


def _parts(partners: Places) -> Iterator[slice]:
    """Slices whose partners are not too many at once, at least one each."""
    done, low = np.cumsum(partners), 0
    while low < len(partners):
        before = done[low - 1] if low else 0
        high = max(int(np.searchsorted(done, before + _PAIRS_AT_ONCE, side="right")), low + 1)
        yield slice(low, high)
        low = high
