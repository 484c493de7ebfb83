"""A row that a stage lost is noticed there and then."""

import pytest

from warriorcoder.errors import RunFailed
from warriorcoder.pipelines.accounting import require_all_accounted
from warriorcoder.tables import LeftOut

LEFT_OUT = dict.fromkeys(LeftOut, 0) | {LeftOut.UNDECIDED: 1, LeftOut.MIX: 1}

WHOLE = {
    "mine": {"draws": 8, "brought": 2, "kept": 6, "rejected": 4},
    "curate": {"entered": 6, "kept": 5, "rejected": 1},
    "answer": {"asked": 15, "answers": 14, "rejected": 1},
    "judge": {"battles": 5, "judges": 5, "votes": 7, "missing": 3},
    "rate": {"battles": 5, "decided": 3, "undecided": 2},
    "build": {"desirable": 3, "undesirable": 1, "left_out": 2, "sft": 3, "preference": 1} | LEFT_OUT,
}


@pytest.mark.parametrize("stage", WHOLE)
def test_counts_that_add_up_pass(stage: str) -> None:
    require_all_accounted(stage, WHOLE[stage])


@pytest.mark.parametrize("stage", ["mine", "curate", "answer", "judge", "rate", "build"])
@pytest.mark.parametrize("by", [-1, 1])
def test_a_row_too_few_or_too_many_ends_the_run(stage: str, by: int) -> None:
    counts = {**WHOLE[stage]}
    last = list(counts)[-1]
    counts[last] += by
    with pytest.raises(RunFailed, match=f"the counts of {stage} do not add up"):
        require_all_accounted(stage, counts)
