"""Novelty of instructions: the highest ROUGE-L F1 against reference texts, and which of them has it.

The values are those of rouge-score 0.1.2 (see `rouge.py`); the paper (arXiv 2412.17395) reports them for
mined instructions, most below 0.3 and none above 0.6.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from warriorcoder.pipelines.mining.rouge_search import Search
from warriorcoder.pipelines.mining.token_codes import Distinct, Vocabulary

Found = tuple[NDArray[np.float64], NDArray[np.int64]]
"""For each text its highest ROUGE-L F1, 0-1, and the place of the text that has it."""


def nearest(candidates: Sequence[str], references: Sequence[str], workers: int | None = None) -> Found:
    """The highest ROUGE-L F1 of each candidate against the references, and the place of the reference that has it.

    Of equal ones it is the first; where no reference shares a token it is 0 and place 0. `workers` is the
    number of threads, by default as many as the process has cores. Raises ValueError without references.
    """
    if not references:
        raise ValueError("There is no reference to compare with.")
    vocabulary = Vocabulary()
    asked, given = Distinct(candidates, vocabulary), Distinct(references, vocabulary)
    same = np.array([given.numbers.get(key, -1) for key in asked.numbers], dtype=np.int64)
    values, found = _search(asked, given, np.where(asked.lengths > 0, same, -1), vocabulary, workers)
    places = np.where(values > 0, given.first[found], 0)
    return values[asked.which], places[asked.which]


def self_nearest(texts: Sequence[str], workers: int | None = None) -> Found:
    """As `nearest`, for each text among all the others: self-ROUGE. A text that is there twice has 1.

    Where no other text shares a token it is 0 and the first other place; -1 where there is no other text.
    """
    vocabulary = Vocabulary()
    given = Distinct(texts, vocabulary)
    place, first = np.arange(len(texts)), given.first[given.which]
    # Backwards, so that of those that repeat a text the first one stays.
    again = place[place != first][::-1]
    second = np.full(len(given.first), -1)
    second[given.which[again]] = again
    same = np.where((second >= 0) & (given.lengths > 0), np.arange(len(second)), -1)
    found_values, found = _search(given, given, same, vocabulary, workers)
    values = found_values[given.which]
    places = np.where(found_values > 0, given.first[found], 0)[given.which]
    # The first of equal texts found itself. So did the first of all, if it found nothing.
    itself = (places == place) & (values > 0)
    places[itself] = second[given.which[itself]]
    if len(texts) and not values[0]:
        places[0] = 1 if len(texts) > 1 else -1
    return values, places


def histogram(values: Sequence[float] | NDArray[np.float64], bins: int = 20) -> list[dict[str, float]]:
    """How many values lie in each of so many equal parts of 0-1: `low`, `high`, `count` of each.

    A part has its lower edge, the last one both.
    """
    # A value that is an edge may come out one bit below it.
    parts = np.floor(np.asarray(values, dtype=np.float64) * bins + 1e-9).astype(np.int64)
    counts = np.bincount(np.clip(parts, 0, bins - 1), minlength=bins)
    return [{"low": part / bins, "high": (part + 1) / bins, "count": int(counts[part])} for part in range(bins)]


def _search(
    asked: Distinct, given: Distinct, same: NDArray[np.int64], vocabulary: Vocabulary, workers: int | None
) -> Found:
    """By distinct text: its value and the number of the nearest. `same` are the numbers known to be equal, or -1."""
    values, found = (same >= 0).astype(np.float64), same.copy()
    unknown = np.flatnonzero((same < 0) & (asked.lengths > 0))
    search = Search(asked, given, len(vocabulary), alone=asked is given)
    values[unknown], found[unknown] = search.run(unknown, workers)
    return values, found
