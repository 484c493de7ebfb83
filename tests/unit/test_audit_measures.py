"""Figures with intervals where trials come in groups, and agreement held to the libraries."""

import numpy as np
import pytest
from nltk.metrics.agreement import AnnotationTask
from sklearn.metrics import cohen_kappa_score
from unit.cast_votes import votes

from warriorcoder.intervals import wilson_interval
from warriorcoder.pipelines.battles.audit.agreement import agreement, alphas, kappas, panel_alpha
from warriorcoder.pipelines.battles.audit.measures import Resampling, effective_trials, ratio, share
from warriorcoder.pipelines.battles.audit.rulings import Rulings

DRAWS = 400


def test_single_trials_give_the_wilson_interval() -> None:
    hits = np.array([1.0, 0.0] * 10)
    found = share(hits, np.ones(20), 0.5, "")
    # Of single trials the design effect is n / (n - 1): as good as none.
    assert (found.low, found.high) == pytest.approx(wilson_interval(9.5, 19))
    assert (found.value, found.of, found.chance) == (0.5, 20, 0.5)


def test_trials_that_repeat_each_other_count_once() -> None:
    hits = np.array([4.0, 0.0] * 10)
    assert effective_trials(hits, np.full(20, 4.0)) == pytest.approx(19, abs=0.1)
    found = share(hits, np.full(20, 4.0), None, "")
    alone = share(hits / 4, np.ones(20), None, "")
    assert (found.low, found.high) == pytest.approx((alone.low, alone.high))


def test_where_all_trials_are_alike_an_instruction_counts_once() -> None:
    found = share(np.full(10, 8.0), np.full(10, 8.0), None, "")
    assert (found.low, found.high) == wilson_interval(10, 10)


def test_nothing_divides_by_nothing() -> None:
    found = share(np.zeros(3), np.zeros(3), 0.5, "no verdict")
    assert (found.value, found.low, found.high, found.why) == (None, None, None, "no verdict")


def test_the_clustered_interval_covers_the_truth() -> None:
    random, covered = np.random.default_rng(0), 0
    for _ in range(400):
        # Votes of one instruction are alike: 60 instructions with six votes each around a share of their own.
        own = random.beta(1.2, 0.8, size=60)
        found = share(random.binomial(6, own).astype(float), np.full(60, 6.0), None, "")
        assert found.low is not None
        assert found.high is not None
        covered += found.low <= 0.6 <= found.high
    assert 0.92 <= covered / 400 <= 0.98


def test_a_bootstrap_hangs_on_the_seed_alone() -> None:
    sums = np.stack([np.arange(30.0), np.full(30, 30.0)], axis=1)
    one, again, other = (Resampling(30, DRAWS, seed).measure(14.5 / 30, sums, ratio, 30) for seed in (1, 1, 2))
    assert one == again
    assert one != other
    assert one.low is not None
    assert one.high is not None
    # The standard error of the mean of 0..29 over 30.
    wide = 1.96 * np.arange(30).std() / 30 / np.sqrt(30)
    assert (one.low, one.high) == pytest.approx((14.5 / 30 - wide, 14.5 / 30 + wide), abs=0.02)


def test_few_instructions_give_no_bootstrap_interval() -> None:
    found = Resampling(7, DRAWS, 0).measure(0.5, np.ones((7, 2)), ratio, 7)
    assert (found.value, found.low) == (0.5, None)
    assert "7 instructions" in (found.why or "")


def test_draws_that_never_have_the_figure_give_no_interval() -> None:
    found = Resampling(9, DRAWS, 0).measure(0.5, np.ones((9, 2)), lambda totals: np.full(len(totals), np.nan), 9)
    assert (found.value, found.low, found.why) == (0.5, None, "no draw of the bootstrap has the figure")


def panel(seed: int, battles: int = 60, judges: int = 3, missing: float = 0.2) -> list[dict[str, object]]:
    random = np.random.default_rng(seed)
    truth = random.choice(["a", "b", "tie"], battles)
    cast = []
    for judge in range(judges):
        said = np.where(random.random(battles) < 0.6, truth, random.choice(["a", "b", "tie"], battles))
        there = random.random(battles) > missing
        cast += votes(
            f"j{judge}", *[(str(one), str(one)) if has else (None, None) for one, has in zip(said, there, strict=True)]
        )
    return cast


@pytest.mark.parametrize("seed", range(5))
def test_kappa_and_alpha_are_the_libraries(seed: int) -> None:
    rulings = Rulings.of(panel(seed))
    draws = Resampling(rulings.instructions, DRAWS, 0)
    one, other = rulings.sides[:, 0], rulings.sides[:, 1]
    both = ~np.isnan(one) & ~np.isnan(other)
    kappa = agreement(one, other, rulings, draws, "").kappa
    assert kappa.value == pytest.approx(cohen_kappa_score(one[both], other[both]))
    cells = np.zeros((1, 9))
    np.add.at(cells[0], (3 * (one[both] + 1) + other[both] + 1).astype(int), 1)
    assert kappas(cells)[0] == pytest.approx(kappa.value)
    assert kappa.low is not None
    assert kappa.high is not None
    assert kappa.low < kappa.value < kappa.high  # type: ignore[operator]

    alpha = panel_alpha(rulings, [0, 1, 2], draws)
    told = [
        (judge, battle, side)
        for battle, row in enumerate(rulings.sides)
        for judge, side in enumerate(row)
        if not np.isnan(side)
    ]
    assert alpha.value == pytest.approx(AnnotationTask(told).alpha())
    counts = np.stack([(rulings.sides == side).sum(axis=1) for side in (-1, 0, 1)], axis=1)[
        (~np.isnan(rulings.sides)).sum(axis=1) > 1
    ].astype(float)
    size = counts.sum(axis=1)
    disagreeing = (size**2 - (counts**2).sum(axis=1)) / (size - 1)
    assert alphas(np.array([[disagreeing.sum(), *counts.sum(axis=0)]]))[0] == pytest.approx(alpha.value)


def test_agreement_beside_its_chance() -> None:
    rulings = Rulings.of(votes("j", *[("a", "a")] * 10, *[("b", "b")] * 10) + votes("k", *[("a", "a")] * 20))
    found = agreement(rulings.sides[:, 0], rulings.sides[:, 1], rulings, Resampling(20, DRAWS, 0), "")
    assert (found.share.value, found.share.chance, found.kappa.value) == (0.5, 0.5, 0.0)


def test_two_judges_that_say_one_thing_only_have_no_kappa() -> None:
    rulings = Rulings.of(votes("j", *[("a", "a")] * 10) + votes("k", *[("a", "a")] * 10))
    draws = Resampling(10, DRAWS, 0)
    kappa = agreement(rulings.sides[:, 0], rulings.sides[:, 1], rulings, draws, "").kappa
    alpha = panel_alpha(rulings, [0, 1], draws)
    assert (kappa.value, alpha.value) == (None, None)
    assert "chance" in (kappa.why or "")
    assert "chance" in (alpha.why or "")


def test_judges_that_never_met_have_no_agreement() -> None:
    rulings = Rulings.of(votes("j", *[("a", "a")] * 10) + votes("k", *[("a", "a")] * 10, start=50))
    draws = Resampling(20, DRAWS, 0)
    found = agreement(rulings.sides[:, 0], rulings.sides[:, 1], rulings, draws, "no battle in common")
    assert (found.share.value, found.share.why, found.kappa.why) == (None, "no battle in common", "no battle in common")
    assert panel_alpha(rulings, [0, 1], draws).value is None
