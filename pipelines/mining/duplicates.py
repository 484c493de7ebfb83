"""Near-duplicates among instructions: by their words (arXiv 2412.17395), or by embeddings."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from warriorcoder.pipelines.mining.minhash import Pairs, Places, Sketches, unpacked
from warriorcoder.pipelines.mining.word_sets import WordSets, word_sets, words

__all__ = ["clusters", "jaccard", "near_duplicates", "semantic_duplicates", "words"]

Repeats = dict[int, tuple[int, float]]
"""Place of a text that repeats another -> (place of the one that stays, their similarity)."""

PAIRS = 48
LOOKS = 2000
"""Pairs a text to keep, and to look at, before a set of texts is halved."""

_BLOCK = 1024
_SUMMED_AT_ONCE = 1 << 16
_VERIFIED_AT_ONCE = 1 << 20


def jaccard(a: frozenset[str], b: frozenset[str]) -> float:
    """|a ∩ b| / |a ∪ b|; 1 for two empty sets."""
    return len(a & b) / len(a | b) if a or b else 1.0


def near_duplicates(texts: Sequence[str], threshold: float, seed: int, workers: int | None = None) -> Repeats:
    """Which texts repeat an earlier one: place -> (place of the one kept, their Jaccard similarity).

    Earlier texts win, so sort by preference first. Of those that stay, a text is a repeat of the most similar one,
    of equal ones the first; all that name the same one are its cluster. MinHash finds the candidates, the exact
    Jaccard similarity of the word sets decides, so nothing is a repeat by mistake; of pairs right at the threshold
    about 5 in 100 are missed. A threshold of 0 finds nothing. `workers` is the number of threads, by default as many
    as the process has cores; the result is the same with any.
    """
    if threshold == 0 or not texts:
        return {}
    sets = word_sets(texts)
    first = _first_equal(sets)
    distinct = np.flatnonzero(first == np.arange(len(texts)))
    sets = _taken(sets, distinct)
    with ThreadPoolExecutor(workers or len(os.sched_getaffinity(0))) as pool:
        search = _Search(sets, threshold, seed, pool)
        stays = search.run()
    return _repeats(first, distinct, search, stays)


def clusters(texts: Sequence[str], threshold: float, seed: int, workers: int | None = None) -> Places:
    """The cluster of each text (texts,), named by the place of its first one.

    Two texts are in one cluster where a chain of texts joins them, each with a Jaccard similarity of words to the
    next that is at least the threshold. Candidates and misses are those of `near_duplicates`; among many thousands of
    texts that are alike a few more pairs are missed. A threshold of 0 joins equal texts only.
    """
    if not texts:
        return np.empty(0, dtype=np.int64)
    sets = word_sets(texts)
    first = _first_equal(sets)
    distinct = np.flatnonzero(first == np.arange(len(texts)))
    found = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    if threshold > 0:
        with ThreadPoolExecutor(workers or len(os.sched_getaffinity(0))) as pool:
            search = _Search(_taken(sets, distinct), threshold, seed, pool)
            search.run()
        found = search.similar()[:2]
    names = distinct[_connected(len(distinct), *found)]
    return names[np.searchsorted(distinct, first)]


def semantic_duplicates(vectors: NDArray[np.float32], threshold: float) -> Repeats:
    """As `near_duplicates`, by the cosine of unit rows (texts, dimensions): which rows repeat an earlier one.

    Every row is compared with every one that stays: exact, in quadratic time, a block of products at a time.
    Rows of zeros are like nothing. A threshold of 0 finds nothing.
    """
    found: Repeats = {}
    if threshold == 0:
        return found
    stays = np.empty(0, dtype=np.int64)
    for low in range(0, len(vectors), _BLOCK):
        block = np.arange(low, min(low + _BLOCK, len(vectors)))
        best, place = np.full(len(block), -np.inf), np.zeros(len(block), dtype=np.int64)
        for start in range(0, len(stays), 4 * _BLOCK):
            some = stays[start : start + 4 * _BLOCK]
            cosines = vectors[block] @ vectors[some].T
            highest = cosines.argmax(axis=1)
            value = cosines[np.arange(len(block)), highest]
            better = value > best
            best[better], place[better] = value[better], some[highest[better]]
        own = vectors[block] @ vectors[block].T
        new: list[int] = []
        for row, at in enumerate(block.tolist()):
            if new:
                highest_new = int(own[row, new].argmax())
                if own[row, new[highest_new]] > best[row]:
                    best[row], place[row] = own[row, new[highest_new]], low + new[highest_new]
            # Rounding must not take two equal rows below a threshold of 1.
            if best[row] >= threshold - 1e-6 and vectors[at].any():
                found[at] = (int(place[row]), min(float(best[row]), 1.0))
            else:
                new.append(row)
        stays = np.concatenate([stays, low + np.array(new, dtype=np.int64)])
    return found


def _first_equal(sets: WordSets) -> Places:
    """For each text the first text that has the same words, told by two sums over their numbers."""
    keys = np.empty((2, len(sets.sizes)), dtype=np.uint64)
    for low in range(0, len(sets.sizes), _SUMMED_AT_ONCE):
        ends = sets.ends[low : low + _SUMMED_AT_ONCE]
        begins = ends - sets.sizes[low : low + _SUMMED_AT_ONCE]
        numbers = sets.numbers[begins[0] : ends[-1]]
        for key, values in zip(keys, (numbers, numbers * (numbers | np.uint64(1))), strict=True):
            sums = np.concatenate([np.zeros(1, dtype=np.uint64), np.cumsum(values)])
            key[low : low + len(ends)] = sums[ends - begins[0]] - sums[begins - begins[0]]
    # Stable: of equal ones the first text comes first.
    order = np.lexsort(keys)
    new = np.ones(len(order), dtype=bool)
    new[1:] = np.any([key[order[1:]] != key[order[:-1]] for key in keys], axis=0)
    first = np.empty(len(order), dtype=np.int64)
    first[order] = order[new][np.cumsum(new) - 1]
    return first


def _connected(count: int, ones: Places, others: Places) -> Places:
    """The least place that each place is joined to by pairs, directly or by way of others."""
    least = np.arange(count)
    while True:
        before = least.copy()
        for here, there in ((ones, others), (others, ones)):
            # A place's name learns as well, and with it all that bear this name.
            np.minimum.at(least, before[here], before[there])
            np.minimum.at(least, here, before[there])
        least = least[least]
        if np.array_equal(least, before):
            return least


def _taken(sets: WordSets, places: Places) -> WordSets:
    chosen = np.zeros(len(sets.sizes), dtype=bool)
    chosen[places] = True
    sizes = sets.sizes[places]
    return WordSets(sets.numbers[np.repeat(chosen, sets.sizes)], np.cumsum(sizes), sizes)


class _Search:
    """Which of some distinct word sets stay, and the similarities found on the way."""

    def __init__(self, sets: WordSets, threshold: float, seed: int, pool: ThreadPoolExecutor) -> None:
        self._sets, self._threshold = sets, threshold
        self._sketches = Sketches(sets, threshold, seed, pool)
        self._found: list[tuple[Places, Places, NDArray[np.float64]]] = []

    def run(self) -> Places:
        return self._stay(np.arange(len(self._sets.sizes)))

    def similar(self) -> tuple[Places, Places, NDArray[np.float64]]:
        """The pairs at or above the threshold that were found: ones, others, similarities."""
        parts = zip(*self._found, strict=True) if self._found else ((), (), ())
        ones, others, values = (np.concatenate([*part]) if part else np.empty(0) for part in parts)
        return ones.astype(np.int64), others.astype(np.int64), values

    def _stay(self, places: Places) -> Places:
        """Those of increasing places that stay, none of which is similar to one that stays already.

        A large cluster has too many pairs. Then the first half goes first, and most of the cluster in the second
        half is told by the few of it that stay.
        """
        if len(places) < 2:
            return places
        pairs = self._sketches.within(places, PAIRS * len(places), LOOKS * len(places))
        if pairs is not None:
            ones, others = self._verified(pairs)
            repeats = set()
            order = np.lexsort((ones, others))
            for one, other in zip(ones[order].tolist(), others[order].tolist(), strict=True):
                if one not in repeats:
                    repeats.add(other)
            return places[~np.isin(places, list(repeats))]
        half = len(places) // 2
        stay = self._stay(places[:half])
        _, hit = self._verified(self._sketches.between(stay, places[half:]))
        rest = np.isin(places[half:], hit)
        late = self._stay(places[half:][~rest])
        # Those of the second half may be more similar to one of their own half.
        self._verified(self._sketches.between(late, places[half:][rest]))
        return np.concatenate([stay, late])

    def _verified(self, pairs: Pairs) -> tuple[Places, Places]:
        """Those of packed pairs that reach the threshold; some at a time, since a million texts have many millions."""
        found = []
        for low in range(0, max(len(pairs), 1), _VERIFIED_AT_ONCE):
            ones, others = unpacked(pairs[low : low + _VERIFIED_AT_ONCE])
            values = self._sets.jaccard(ones, others)
            enough = values >= self._threshold
            found.append((ones[enough], others[enough], values[enough]))
        self._found += found
        return np.concatenate([ones for ones, _, _ in found]), np.concatenate([others for _, others, _ in found])


def _repeats(first: Places, distinct: Places, search: _Search, stays: Places) -> Repeats:
    """From distinct sets to texts: a text takes the most similar of those that stay before it, at once the first."""
    staying = np.zeros(len(distinct), dtype=bool)
    staying[stays] = True
    earlier, later, similarities = search.similar()
    ones, others = np.concatenate([earlier, later]), np.concatenate([later, earlier])
    values = np.concatenate([similarities, similarities])
    use = staying[ones] & ~staying[others]
    near: dict[int, list[tuple[float, int]]] = {}
    for one, other, value in zip(
        distinct[ones[use]].tolist(), distinct[others[use]].tolist(), values[use].tolist(), strict=True
    ):
        near.setdefault(other, []).append((-value, one))
    kept = np.zeros(len(first), dtype=bool)
    kept[distinct[stays]] = True
    found: Repeats = {}
    for place in np.flatnonzero(~kept).tolist():
        same = int(first[place])
        if kept[same]:
            found[place] = (same, 1.0)
        else:
            value, one = min(each for each in near[same] if each[1] < place)
            found[place] = (one, -value)
    return found
