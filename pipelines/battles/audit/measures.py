"""A measured figure with its interval, where the trials come in groups: the votes of one instruction are correlated."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from warriorcoder.ids import seed_from
from warriorcoder.intervals import wilson_interval

Reals = NDArray[np.float64]
Places = NDArray[np.int32]

PERCENTILES = (2.5, 97.5)
FEWEST_INSTRUCTIONS = 8
"""A bootstrap over fewer groups says more about the groups than about the judge."""

BLOCK = 64


@dataclass(frozen=True)
class Measure:
    """A figure: `value` with its 95 % interval `low` to `high`, from `of` trials, beside `chance`.

    `chance` is what a judge that does not read the answers would reach; None where nobody can say.
    Where there is no figure, `value` is None and `why` says the reason; a figure without an interval
    also has its reason there.
    """

    value: float | None
    low: float | None
    high: float | None
    of: int
    chance: float | None = None
    why: str | None = None


def nothing(why: str, of: int = 0) -> Measure:
    """No figure, and the reason."""
    return Measure(None, None, None, of, None, why)


def share(hits: Reals, trials: Reals, chance: float | None, why: str) -> Measure:
    """A share of trials, with Wilson's interval at the effective number of trials.

    `hits` and `trials` are counts by instruction, of shape (instructions,). The effective number is
    n / deff, deff being Kish's design effect: the variance of the ratio estimator over instructions
    against that of n independent trials, never below 1 (Franco, Little, Louis and Slud 2019, J. Survey
    Statistics and Methodology 7). Where every trial came out alike, nothing shows how alike the trials
    of one instruction are, so each instruction counts as one. `why` is the reason where there is no trial.
    """
    total = float(trials.sum())
    if not total:
        return nothing(why)
    groups = trials > 0
    value = float(hits.sum()) / total
    effective = min(total, effective_trials(hits[groups], trials[groups]))
    low, high = wilson_interval(value * effective, effective)
    return Measure(value, low, high, round(total), chance)


def effective_trials(hits: Reals, trials: Reals) -> float:
    """The number of independent trials that would know as much; `hits` and `trials` of groups with trials."""
    count, total = len(trials), float(trials.sum())
    value = float(hits.sum()) / total
    if count == 1 or value in (0.0, 1.0):
        return float(count)
    variance = count / (count - 1) * float(((hits - value * trials) ** 2).sum()) / total**2
    return total / max(1.0, variance / (value * (1 - value) / total))


class Resampling:
    """Bootstrap draws over instructions, the same for every figure; figures are functions of sums over instructions."""

    def __init__(self, instructions: int, draws: int, seed: int) -> None:
        random = np.random.default_rng(seed_from(seed, "audit"))
        self.instructions = instructions
        # How often each draw took each instruction: far below 256 in any draw, since its mean is 1.
        self._times = np.zeros((draws, instructions), dtype=np.uint8)
        for draw in self._times:
            draw[:] = np.bincount(random.integers(instructions, size=instructions), minlength=instructions)

    def totals(self, sums: Reals) -> Reals:
        """Sums by instruction, of shape (instructions, columns), to sums by draw, of shape (draws, columns)."""
        blocks = range(0, len(self._times), BLOCK)
        return np.concatenate([self._times[start : start + BLOCK].astype(np.float64) @ sums for start in blocks])

    def measure(
        self,
        value: float,
        sums: Reals,
        figure: Callable[[Reals], Reals],
        of: int,
        chance: float | None = None,
    ) -> Measure:
        """The figure `value` with the middle 95 % of `figure` over the draws.

        `figure` maps sums, of shape (draws, columns), to one value a draw, NaN where it has none.
        The interval is left out where fewer than eight instructions have a trial.
        """
        groups = int((np.abs(sums).sum(axis=1) > 0).sum())
        if groups < FEWEST_INSTRUCTIONS:
            why = f"from {groups} instructions; an interval needs {FEWEST_INSTRUCTIONS}"
            return Measure(value, None, None, of, chance, why)
        drawn = figure(self.totals(sums))
        drawn = drawn[~np.isnan(drawn)]
        if not len(drawn):
            return Measure(value, None, None, of, chance, "no draw of the bootstrap has the figure")
        low, high = np.percentile(drawn, PERCENTILES)
        # In a skewed sample the middle of the draws may miss the value itself.
        return Measure(value, min(value, float(low)), max(value, float(high)), of, chance)


def by_instruction(values: Reals, instruction: Places, instructions: int) -> Reals:
    """Sums of values, of shape (battles,), over the battles of each instruction, of shape (instructions,)."""
    return np.bincount(instruction, weights=values, minlength=instructions).astype(np.float64)


def ratio(totals: Reals) -> Reals:
    """Column 0 by column 1, NaN where nothing divides."""
    with np.errstate(invalid="ignore", divide="ignore"):
        quotient: Reals = totals[:, 0] / totals[:, 1]
    return np.where(totals[:, 1] > 0, quotient, np.nan)
