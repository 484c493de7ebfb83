"""How far judges agree: shares, Cohen's kappa and Krippendorff's alpha, each with its interval."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from warriorcoder.pipelines.battles.audit.measures import (
    Measure,
    Places,
    Reals,
    Resampling,
    by_instruction,
    nothing,
    share,
)
from warriorcoder.pipelines.battles.audit.rulings import Rulings

FEWEST_BATTLES = 8
"""Common battles that a kappa or an alpha needs."""

SIDES = 3


@dataclass(frozen=True)
class Agreement:
    """Two judges on the battles that both judged: the share of equal verdicts, beside chance, and Cohen's kappa."""

    share: Measure
    kappa: Measure


def agreement(one: Reals, other: Reals, rulings: Rulings, draws: Resampling, why: str) -> Agreement:
    """How two columns of sides, of shape (battles,), agree where both have one.

    The chance beside the share is that of two judges which say what these say, as often, but on
    battles at random: sum over sides v of p_one(v) p_other(v), Cohen's (1960, Educational and
    Psychological Measurement 20). `why` is the reason where they have no battle in common.
    """
    both = ~np.isnan(one) & ~np.isnan(other)
    common = int(both.sum())
    if not common:
        return Agreement(nothing(why), nothing(why))
    codes = (3 * (one[both] + 1) + (other[both] + 1)).astype(np.int64)
    cells = _by_instruction(codes, SIDES * SIDES, rulings.instruction[both], rulings.instructions)
    equal, trials = cells[:, :: SIDES + 1].sum(axis=1), cells.sum(axis=1)
    chance = float(_expected(cells.sum(axis=0, keepdims=True))[0])
    return Agreement(share(equal, trials, chance, why), _kappa(one[both], other[both], cells, draws, common))


def _kappa(one: Reals, other: Reals, cells: Reals, draws: Resampling, common: int) -> Measure:
    from sklearn.metrics import cohen_kappa_score

    if common < FEWEST_BATTLES:
        return nothing(f"{common} battles in common; kappa needs {FEWEST_BATTLES}", common)
    if len(np.unique(np.concatenate([one, other]))) == 1:
        return nothing("both give the same verdict on every battle, so that chance explains all", common)
    return draws.measure(float(cohen_kappa_score(one, other)), cells, kappas, common, chance=0.0)


def kappas(cells: Reals) -> Reals:
    """Cohen's kappa of many tables at once, of shape (draws, 9); NaN where chance explains all."""
    # scikit-learn takes one sample at a time, and a bootstrap has hundreds; a test holds the two together.
    total = cells.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        observed, expected = cells[:, :: SIDES + 1].sum(axis=1) / total, _expected(cells)
        values: Reals = (observed - expected) / (1 - expected)
    return np.where(expected < 1, values, np.nan)


def _expected(cells: Reals) -> Reals:
    """The share of equal verdicts by chance, of tables of shape (draws, 9)."""
    tables = cells.reshape(-1, SIDES, SIDES)
    with np.errstate(invalid="ignore", divide="ignore"):
        expected: Reals = (tables.sum(axis=1) * tables.sum(axis=2)).sum(axis=1) / cells.sum(axis=1) ** 2
    return expected


def panel_alpha(rulings: Rulings, seats: list[int], draws: Resampling) -> Measure:
    """Krippendorff's alpha (nominal: attacker, tie, defender) of the judges in the columns `seats`.

    1 is full agreement, 0 what chance gives. Battles with fewer than two of these judges say nothing.
    """
    from nltk.metrics.agreement import AnnotationTask

    sides = rulings.sides[:, seats]
    told = (~np.isnan(sides)).sum(axis=1) > 1
    sides, common = sides[told], int(told.sum())
    if common < FEWEST_BATTLES:
        return nothing(f"{common} battles with two judges or more; alpha needs {FEWEST_BATTLES}", common)
    counts = np.stack([(sides == value).sum(axis=1) for value in (-1, 0, 1)], axis=1).astype(np.float64)
    if (counts.sum(axis=0) > 0).sum() == 1:
        return nothing("all judges give the same verdict on every battle, so that chance explains all", common)
    battles, judges = np.nonzero(~np.isnan(sides))
    task = AnnotationTask(
        [(judge, battle, sides[battle, judge]) for battle, judge in zip(battles.tolist(), judges.tolist(), strict=True)]
    )
    # Of a battle: its disagreeing pairs by (judges - 1), and its verdicts.
    disagreeing = (counts.sum(axis=1) ** 2 - (counts**2).sum(axis=1)) / (counts.sum(axis=1) - 1)
    where = rulings.instruction[told]
    sums = [by_instruction(column, where, rulings.instructions) for column in (disagreeing, *counts.T)]
    return draws.measure(float(task.alpha()), np.stack(sums, axis=1), alphas, common, chance=0.0)


def alphas(sums: Reals) -> Reals:
    """Nominal alpha of many samples at once: 1 - observed by expected disagreement; NaN where only one verdict occurs.

    Columns: the sum of the battles' disagreeing pairs by (judges - 1), and how often each verdict occurs.
    """
    counts = sums[:, 1:]
    total = counts.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        expected = (total**2 - (counts**2).sum(axis=1)) / (total - 1)
        values: Reals = 1 - sums[:, 0] / expected
    return np.where(expected > 0, values, np.nan)


def _by_instruction(codes: NDArray[np.int64], kinds: int, where: Places, instructions: int) -> Reals:
    """How often each instruction has each code, of shape (instructions, kinds)."""
    flat = np.bincount(where.astype(np.int64) * kinds + codes, minlength=instructions * kinds)
    return flat.astype(np.float64).reshape(instructions, kinds)
