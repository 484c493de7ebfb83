"""What goes into a stage comes out of it: as rows, or as rows of `rejected`."""

from collections.abc import Mapping

from warriorcoder.errors import RunFailed
from warriorcoder.tables import LeftOut

_SUMS = {
    "mine": (1, ("draws", "brought"), ("kept", "rejected")),
    "curate": (1, ("entered",), ("kept", "rejected")),
    "answer": (1, ("asked",), ("answers", "rejected")),
    "judge": (2, ("judges",), ("votes", "missing")),
    "rate": (1, ("battles",), ("decided", "undecided")),
    "build": (1, ("left_out",), tuple(LeftOut)),
}
"""By stage: what came in, how many rows each of it makes (a judge votes in both orders), and what it came to."""


def require_all_accounted(stage: str, counts: Mapping[str, int]) -> None:
    """Raises RunFailed where rows of a stage are neither among what it made nor among what it dropped."""
    if stage not in _SUMS:
        return
    each, whole, parts = _SUMS[stage]
    if each * sum(counts[part] for part in whole) != sum(counts[part] for part in parts):
        came = " + ".join(f"{counts[part]} {part}" for part in whole)
        shown = " + ".join(f"{counts[part]} {part}" for part in parts)
        raise RunFailed(
            f"the counts of {stage} do not add up: {each} x ({came}), but {shown}. This is a defect of "
            "warriorcoder; please report it. The answers are in the journal."
        )
