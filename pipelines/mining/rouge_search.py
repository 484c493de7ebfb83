"""The nearest text of many texts by ROUGE-L F1, exactly, without scoring most pairs.

Every pair gets an upper bound: the LCS of its folded spelling (`token_codes.py`), by rapidfuzz's
bit-parallel LCS. Only a pair whose bound reaches the best found so far is scored exactly, the one with
the highest bound first. Texts are searched in chunks of like length, the likest first: that finds high
values early, and a chunk whose lengths alone keep it below them is left out.
"""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import LCSseq
from rapidfuzz.process import cdist

from warriorcoder.pipelines.mining.rouge import f_measure
from warriorcoder.pipelines.mining.token_codes import Distinct, spelled

WORD = 64
"""Tokens that fit one machine word. rapidfuzz compares several such texts at once."""

BLOCK = 128
"""Texts that are compared at once."""

CHUNK = 4096
"""Texts that they are compared with at once. With `BLOCK` it bounds what a thread holds, at some 5 MB."""

_SLACK = 1 - 1e-6
"""More than what 32 bits can round off a bound."""

Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class _Chunk:
    """Texts of like length, the shortest first."""

    numbers: Numbers
    lengths: Numbers
    folded: list[bytes]


class Search:
    """Finds among `given` the nearest to texts of `asked`. `alone`: both are the same, and no text finds itself."""

    def __init__(self, asked: Distinct, given: Distinct, vocabulary: int, *, alone: bool) -> None:
        """`vocabulary` is the number of tokens. Raises ValueError for more than can be told apart, a million."""
        self._asked, self._given = spelled(asked, given, vocabulary)
        self._alone = alone
        self._chunks = [
            _Chunk(numbers, self._given.lengths[numbers], self._given.folded(numbers))
            for numbers in _alike(np.flatnonzero(self._given.lengths), self._given.lengths, CHUNK)
        ]
        longest = min(side.lengths.max(initial=0) for side in (asked, given))
        self._dtype = np.uint16 if longest < 2**16 else np.uint32

    def run(self, numbers: Numbers, workers: int | None) -> tuple[NDArray[np.float64], Numbers]:
        """The highest F1 of the texts of these numbers, none empty, and the number of the text that has it.

        Of equal ones it is the one that comes first; 0 and -1 where no text shares a token. `workers` is the
        number of threads, by default as many as the process has cores.
        """
        values, found = np.zeros(len(numbers)), np.full(len(numbers), -1)
        at = np.zeros(len(self._asked.lengths), dtype=np.int64)
        at[numbers] = np.arange(len(numbers))
        # The longest first: they take longest, and none should be left for the end.
        blocks = list(_alike(numbers, self._asked.lengths, BLOCK))[::-1]
        # rapidfuzz and most of numpy let other threads work.
        with ThreadPoolExecutor(workers or _cores()) as pool:
            for block, (block_values, block_found) in zip(blocks, pool.map(self._block, blocks), strict=True):
                values[at[block]], found[at[block]] = block_values, block_found
        return values, found

    def _block(self, numbers: Numbers) -> tuple[NDArray[np.float64], Numbers]:
        lengths = self._asked.lengths[numbers]
        # Half the F1, LCS / (length + length): one division, so equal values are equal to the last bit.
        best = np.zeros(len(numbers))
        lcs, found = np.zeros_like(numbers), np.full_like(numbers, -1)
        middle = np.median(lengths)
        for chunk in sorted(self._chunks, key=lambda chunk: abs(np.median(chunk.lengths) - middle)):
            closest = np.clip(lengths, chunk.lengths[0], chunk.lengths[-1])
            rows = np.flatnonzero(np.minimum(lengths, closest) / (lengths + closest) >= best)
            if not len(rows):
                continue
            bounds = self._bounds(numbers[rows], chunk)
            reached = bounds.max(axis=1) >= _at_least(best[rows])
            for row, row_bounds in zip(rows[reached], bounds[reached], strict=True):
                score, common, number = self._best(int(numbers[row]), chunk, row_bounds, best[row])
                if score > best[row] or (score == best[row] > 0 and number < found[row]):
                    best[row], lcs[row], found[row] = score, common, number
        return f_measure(lcs, lengths, self._given.lengths[found]), found

    def _bounds(self, numbers: Numbers, chunk: _Chunk) -> NDArray[np.float32]:
        """Upper bounds of half the F1: texts x chunk."""
        lengths = self._asked.lengths[numbers]
        folded = self._asked.folded(numbers)
        if lengths.max() > WORD >= chunk.lengths[-1]:
            common = cdist(chunk.folded, folded, scorer=LCSseq.similarity, dtype=self._dtype).T
        else:
            common = cdist(folded, chunk.folded, scorer=LCSseq.similarity, dtype=self._dtype)
        bounds = np.empty(common.shape, dtype=np.float32)
        np.add(lengths[:, None], chunk.lengths, out=bounds, casting="unsafe")
        np.divide(common, bounds, out=bounds, casting="unsafe")
        if self._alone:
            bounds[numbers[:, None] == chunk.numbers] = 0
        return bounds

    def _best(self, number: int, chunk: _Chunk, bounds: NDArray[np.float32], least: float) -> tuple[float, int, int]:
        """The highest half F1 of a text in a chunk, its LCS, and the first text that has it."""
        _, scores = self._scored(number, chunk, bounds.argmax(0, keepdims=True))
        near = np.flatnonzero(bounds >= _at_least(max(least, scores[0])))
        common, scores = self._scored(number, chunk, near)
        equal = np.flatnonzero(scores == scores.max())
        first = equal[chunk.numbers[near[equal]].argmin()]
        return float(scores[first]), int(common[first]), int(chunk.numbers[near[first]])

    def _scored(self, number: int, chunk: _Chunk, places: Numbers) -> tuple[Numbers, NDArray[np.float64]]:
        """The exact LCS, and half the F1, of a text and those at some places of a chunk."""
        others = [self._given.exact(other) for other in chunk.numbers[places]]
        common = cdist([self._asked.exact(number)], others, scorer=LCSseq.similarity, dtype=np.int64)[0]
        return common, common / (self._asked.lengths[number] + chunk.lengths[places])


def _cores() -> int:
    """The cores that this process may use, where the system says so."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _at_least(score: Any) -> Any:
    """The bound that a pair of this score or a higher one is sure to have. A pair without a match has none."""
    return np.maximum(score * _SLACK, np.finfo(np.float32).tiny)


def _alike(numbers: Numbers, lengths: Numbers, size: int) -> Iterator[Numbers]:
    """Numbers of texts in parts of like length, at most so many in each. No part is on both sides of `WORD`."""
    ordered = numbers[np.argsort(lengths[numbers], kind="stable")]
    cut = np.searchsorted(lengths[ordered], WORD, side="right")
    for part in (ordered[:cut], ordered[cut:]):
        for start in range(0, len(part), size):
            yield part[start : start + size]
