"""Which instructions are for testing: whole clusters, drawn so that an arena that grows keeps the old ones there."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from warriorcoder.ids import seed_from

Places = NDArray[np.int64]


def for_testing(ids: Sequence[str], clusters: Places, share: float, seed: int) -> NDArray[np.bool_]:
    """Which instructions are in the test split (instructions,): whole clusters, about `share` of all instructions.

    A cluster's place is drawn from the seed and the id of its representative, which is the member with the least
    digest, and so depends on no other cluster: an arena that grows keeps its old instructions in their splits, but
    where a cluster gets a new representative. That is a new member's with a chance of 1 in the cluster's size; of two
    clusters that a new instruction joins, one may change. A cluster larger than the whole share is never for testing.
    There is no test split where the share of the instructions is less than half of one, or would be all of them.
    """
    chosen = np.zeros(len(ids), dtype=bool)
    if round(share * len(ids)) < 1:
        return chosen
    _, cluster, sizes = np.unique(clusters, return_inverse=True, return_counts=True)
    digests = np.array([seed_from(seed, "representative", identity) for identity in ids], dtype=np.int64)
    order = np.lexsort((digests, cluster))
    representatives = order[np.cumsum(sizes) - sizes]
    drawn = np.array([seed_from(seed, "test", ids[place]) / 2**31 < share for place in representatives.tolist()])
    chosen = (drawn & (sizes <= max(1.0, share * len(ids))))[cluster]
    return chosen if not chosen.all() else np.zeros(len(ids), dtype=bool)
