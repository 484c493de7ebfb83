"""How diverse a set of instructions is: pure measures, and the findings that follow from them."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from warriorcoder.intervals import wilson_interval
from warriorcoder.pipelines.mining.rouge import tokens


def ngrams(texts: Sequence[str], n: int) -> Counter[tuple[str, ...]]:
    """How often each run of n tokens (rouge-score's, see `rouge.py`) is there. None spans two texts."""
    found: Counter[tuple[str, ...]] = Counter()
    for text in texts:
        words = tokens(text)
        found.update(zip(*(words[start:] for start in range(n)), strict=False))
    return found


def distinct_n(texts: Sequence[str], n: int) -> float | None:
    """Distinct-n: different n-grams / all n-grams, 0-1; None where there is none.

    Li et al. 2016 (arXiv 1510.03055), over the whole set. It falls as a set grows: compare sets of like size, or
    `distinct_n_of`.
    """
    found = ngrams(texts, n)
    return len(found) / found.total() if found else None


def distinct_n_of(texts: Sequence[str], n: int, size: int) -> float | None:
    """Distinct-n as it is to be expected of `size` n-grams drawn at random from the set's; None where it has fewer.

    So sets of any size are compared. Of N n-grams, of which a kind has c, `size` drawn without replacement lack that
    kind with probability C(N - c, size) / C(N, size); the sum of one less that over the kinds is the number of kinds
    to expect (rarefaction: Hurlbert 1971, Ecology 52(4), equation 16).
    """
    found = ngrams(texts, n)
    total = found.total()
    if total < size:
        return None
    kinds = sum(
        many * -math.expm1(_log_choose(total - count, size) - _log_choose(total, size))
        for count, many in Counter(found.values()).items()
    )
    return kinds / size


def embedding_spread(vectors: NDArray[Any]) -> float | None:
    """The mean cosine distance, 0-2, of all pairs of n rows of unit length; None for fewer than two rows.

    A row of zeros is at distance 1 from all. Exact without the pairs: the dot products of all ordered pairs, each row
    with itself among them, sum up to the squared length of the rows' sum s, so the mean over pairs is
    1 - (|s|^2 - n) / (n (n - 1)).
    """
    count = len(vectors)
    if count < 2:
        return None
    together = vectors.sum(axis=0, dtype=np.float64)
    themselves = float(np.einsum("ij,ij->", vectors, vectors, dtype=np.float64))
    return 1 - (float(together @ together) - themselves) / (count * (count - 1))


def _log_choose(whole: int, part: int) -> float:
    """The logarithm of the number of ways to choose; minus infinity where there is none."""
    if part > whole:
        return -math.inf
    return math.lgamma(whole + 1) - math.lgamma(part + 1) - math.lgamma(whole - part + 1)


SAME_SIZE = 1000
"""Bigrams at which sets are compared by `distinct_n_of`: some 60 instructions have as many."""

MOST_SELF_ROUGE = 0.5
FEWEST_BIGRAMS = 0.4
LEAST_SPREAD = 0.6
"""On 500 texts each, embedded by all-MiniLM-L6-v2: median self-ROUGE 0.32-0.36, distinct-2 of 1,000 bigrams 0.84 and
spread 0.86-0.87 among Evol-Instruct's code instructions; 0.49-0.55, 0.71-0.74 and 0.86-0.88 in Code Alpaca; 0.74, 0.51
and 0.71 in MBPP, which words all its tasks alike; 0.89, 0.27 and 0.65 in eight tasks reworded; 1.00, 0.03 and 0.39 in
one template filled in. Other embedding models spread otherwise: TF-IDF is never low."""

FEWEST_READ = 0.2
"""An expert may draw five times for every instruction wanted; below this share that is not enough."""

FEWEST_TEXTS = 10


@dataclass(frozen=True)
class Diversity:
    """Measures of a set of instructions; None where they cannot be had. Plain numbers, fit for the manifest.

    `distinct_2_of_1000` is distinct-2 at a size that all sets share, `self_rouge` the median over the instructions of
    the highest ROUGE-L F1 against another one, `spread` the mean cosine distance of their embeddings.
    """

    instructions: int
    distinct_1: float | None
    distinct_2: float | None
    distinct_3: float | None
    distinct_2_of_1000: float | None
    self_rouge: float | None
    spread: float | None


def diversity_of(
    texts: Sequence[str], among: Sequence[float] | NDArray[Any], vectors: NDArray[Any] | None = None
) -> Diversity:
    """All measures of a set.

    `among` is the highest ROUGE-L F1 of each against the others (`self_nearest`), `vectors` are its embeddings,
    texts x dimensions, each of unit length.
    """
    return Diversity(
        instructions=len(texts),
        distinct_1=distinct_n(texts, 1),
        distinct_2=distinct_n(texts, 2),
        distinct_3=distinct_n(texts, 3),
        distinct_2_of_1000=distinct_n_of(texts, 2, SAME_SIZE),
        self_rouge=float(np.median(among)) if len(texts) > 1 else None,
        spread=None if vectors is None else embedding_spread(vectors),
    )


def diversity_findings(diversity: Diversity) -> list[dict[str, Any]]:
    """The finding `low_diversity`, where a measure says so: name, subject, message. Silent on fewer than ten texts."""
    low = []
    rouge, bigrams, spread = diversity.self_rouge, diversity.distinct_2_of_1000, diversity.spread
    if rouge is not None and rouge > MOST_SELF_ROUGE:
        low.append(f"half of them have a ROUGE-L of {rouge:.2f} or more with another one (above {MOST_SELF_ROUGE})")
    if bigrams is not None and bigrams < FEWEST_BIGRAMS:
        low.append(f"of 1,000 of their word pairs only {1000 * bigrams:.0f} differ (below {1000 * FEWEST_BIGRAMS:.0f})")
    if spread is not None and spread < LEAST_SPREAD:
        low.append(f"their embeddings are {spread:.2f} apart on average (below {LEAST_SPREAD})")
    if not low or diversity.instructions < FEWEST_TEXTS:
        return []
    message = f"they are much alike: {'; '.join(low)}. More system prompts, experts or temperatures bring others"
    return [{"name": "low_diversity", "subject": "instructions", "message": message}]


def junk_finding(expert: str, draws: int, reasons: Mapping[str, int]) -> list[dict[str, Any]]:
    """The finding `junk_expert`, where it is sure that too few draws were instructions; the cap allows five for one.

    `draws` are those that the endpoint answered, `reasons` counts the ones rejected as they were read, by reason.
    Sure: the whole 95 % interval of the share (Wilson) is below a fifth.
    """
    junk = sum(reasons.values())
    low, high = wilson_interval(draws - junk, draws) if draws else (0.0, 1.0)
    if high >= FEWEST_READ:
        return []
    most = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))[:3]
    message = (
        f"only {draws - junk:,} of {draws:,} draws were instructions ({100 * low:.1f} to {100 * high:.1f} %); the "
        f"others: {', '.join(f'{reason} {count:,}' for reason, count in most)}. Is its template right? "
        "`warrior doctor` looks"
    )
    return [{"name": "junk_expert", "subject": expert, "message": message}]
