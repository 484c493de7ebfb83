"""Near-duplicates among instructions: MinHash LSH over words (arXiv 2412.17395)."""

import re
from collections.abc import Sequence

from datasketch import MinHash, MinHashLSH

PERMUTATIONS = 128
_WORD = re.compile(r"\w+")


def words(text: str) -> frozenset[str]:
    """The set of words that two instructions are compared by, lower-cased."""
    return frozenset(_WORD.findall(text.lower()))


def jaccard(a: frozenset[str], b: frozenset[str]) -> float:
    """|a ∩ b| / |a ∪ b|; 1 for two empty sets."""
    return len(a & b) / len(a | b) if a or b else 1.0


def near_duplicates(texts: Sequence[str], threshold: float, seed: int) -> dict[int, tuple[int, float]]:
    """Which texts repeat an earlier one: place -> (place of the one kept, their Jaccard similarity).

    Earlier texts win, so sort by preference first. MinHash finds the candidates, the exact Jaccard
    similarity of the word sets decides. A threshold of 0 finds nothing.
    """
    if threshold == 0:
        return {}
    # A lower threshold for candidates: LSH misses many pairs right at its own.
    index = MinHashLSH(threshold=0.7 * threshold, num_perm=PERMUTATIONS)
    sets = [words(text) for text in texts]
    found: dict[int, tuple[int, float]] = {}
    for place, tokens in enumerate(sets):
        sketch = MinHash(num_perm=PERMUTATIONS, seed=seed % 2**32)
        sketch.update_batch([token.encode("utf-8") for token in sorted(tokens)])
        similar = [(jaccard(tokens, sets[other]), -other) for other in index.query(sketch)]
        best = max(similar, default=(0.0, 0))
        if similar and best[0] >= threshold:
            found[place] = (-best[1], best[0])
        else:
            index.insert(place, sketch)
    return found
