"""The order of the training rows."""

import numpy as np
from numpy.typing import NDArray

Places = NDArray[np.int64]


def spread_out(groups: Places, seed: int) -> Places:
    """A seeded order of the rows, places (rows,), in which the rows of a group are as far apart as can be.

    `groups` (rows,) names each row's group, its instruction. KTO's KL term pairs a prompt with its neighbour's
    completion, which must not be to the same instruction: no two neighbours are of one group wherever that is
    possible, and the m rows of a group are about 1/m of the table apart, so that a batch has it once.

    In expected time n log n: the k-th row of a group of m lies at (k + u) / m of the table, u drawn for the group.
    """
    if not len(groups):
        return np.empty(0, dtype=np.int64)
    rng = np.random.Generator(np.random.PCG64(seed))
    order = np.lexsort((rng.random(len(groups)), groups))
    _, begins, sizes = np.unique(groups[order], return_index=True, return_counts=True)
    turn = np.arange(len(groups)) - np.repeat(begins, sizes)
    at = (turn + np.repeat(rng.random(len(sizes)), sizes)) / np.repeat(sizes, sizes)
    spread = order[np.lexsort((rng.random(len(groups)), at))]
    if np.any(groups[spread[1:]] == groups[spread[:-1]]):
        return _every_other(order, sizes)
    return spread


def _every_other(order: Places, sizes: Places) -> Places:
    """For few instructions: the largest group on every other place, the next ones on the places that are left."""
    ranks = np.empty(len(sizes), dtype=np.int64)
    ranks[np.argsort(-sizes, kind="stable")] = np.arange(len(sizes))
    by_size = order[np.argsort(np.repeat(ranks, sizes), kind="stable")]
    places = np.arange(len(order))
    spread = np.empty_like(order)
    spread[np.concatenate([places[::2], places[1::2]])] = by_size
    return spread
