"""How sure a score is, and a difference between two: pass@k, the bootstrap over tasks, McNemar's test."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Reals = NDArray[np.float64]

DRAWS = 10_000
PERCENTILES = (2.5, 97.5)
"""Of the draws: the plain percentile interval at 95 %."""

_AT_ONCE = 4_000_000


def pass_at_k(samples: ArrayLike, passed: ArrayLike, k: int) -> Reals:
    """The chance that of k samples of a task at least one passes, for each task; shape (tasks,).

    From n samples of which c passed: 1 - C(n - c, k) / C(n, k), the unbiased estimator of Chen et
    al. 2021 (arXiv 2107.03374, section 2.1), as the product 1 - prod_{i=n-c+1..n} (1 - k / i).
    1 - (1 - c/n)^k is not unbiased. Raises ValueError unless 0 <= c <= n and 1 <= k <= n.
    """
    n, c = np.broadcast_arrays(np.asarray(samples, dtype=np.int64), np.asarray(passed, dtype=np.int64))
    if k < 1 or np.any(n < k) or np.any(c < 0) or np.any(c > n):
        raise ValueError(f"pass@{k} needs {k} samples a task or more, and 0 to all of them passed")
    every = [
        1.0 if left < k else 1.0 - float(np.prod(1.0 - k / np.arange(left + 1, total + 1)))
        for left, total in zip((n - c).ravel().tolist(), n.ravel().tolist(), strict=True)
    ]
    return np.array(every, dtype=np.float64)


@dataclass(frozen=True)
class Estimate:
    """A mean over tasks and its bootstrap interval at 95 %."""

    value: float
    low: float
    high: float


def mean_over_tasks(values: ArrayLike, seed: int, draws: int = DRAWS) -> Estimate:
    """The mean of one value a task, with the percentile interval of the bootstrap over tasks.

    Each draw takes as many tasks as there are, with replacement (Efron 1979). Values that are all
    equal give an interval without width: for a share near 0 or 1 Wilson's interval says more.
    Raises ValueError without tasks.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or not array.size:
        raise ValueError("a mean needs one value a task, of one task or more")
    size = array.size
    rng = np.random.default_rng(seed)
    at_once = max(1, _AT_ONCE // size)
    means = [
        rng.multinomial(size, np.full(size, 1 / size), size=min(at_once, draws - start)) @ array / size
        for start in range(0, draws, at_once)
    ]
    low, high = np.percentile(np.concatenate(means), PERCENTILES)
    value = float(array.mean())
    return Estimate(value, min(value, float(low)), max(value, float(high)))


def paired_difference(a: ArrayLike, b: ArrayLike, seed: int, draws: int = DRAWS) -> Estimate:
    """mean(b - a) over the tasks that both have, with its interval by the paired bootstrap.

    A draw takes a task's two values together, so that what makes a task hard for both cancels
    (Koehn 2004; Berg-Kirkpatrick et al. 2012). Raises ValueError where the shapes differ.
    """
    first, second = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if first.shape != second.shape:
        raise ValueError(f"{first.size} tasks cannot be paired with {second.size}")
    return mean_over_tasks(second - first, seed, draws)


@dataclass(frozen=True)
class Pairs:
    """Tasks by who did better: a win is one for b. `both` and `neither`: equal, above zero or at zero."""

    wins: int
    losses: int
    both: int
    neither: int


def pairs(a: Sequence[float], b: Sequence[float]) -> Pairs:
    """Count wins, losses and equal tasks of two runs' values on the same tasks, in the same order."""
    both = list(zip(a, b, strict=True))
    return Pairs(
        wins=sum(y > x for x, y in both),
        losses=sum(y < x for x, y in both),
        both=sum(x == y > 0 for x, y in both),
        neither=sum(x == y <= 0 for x, y in both),
    )


def mcnemar_exact(wins: int, losses: int) -> float:
    """The two-sided p value of McNemar's exact test of two paired shares.

    Of the n = wins + losses tasks on which two runs differ, either run wins each with a chance of
    1/2 if they are equally good: p = min(1, 2 * sum_{i=0..min(wins, losses)} C(n, i) / 2^n)
    (McNemar 1947; exact: Liddell 1983). Where tasks have several samples it is the sign test on
    the tasks' rates. Without a difference 1. Raises ValueError for a count below 0.
    """
    if wins < 0 or losses < 0:
        raise ValueError(f"{wins} wins and {losses} losses are no counts")
    total = wins + losses
    tail = term = 1
    for i in range(1, min(wins, losses) + 1):
        term = term * (total - i + 1) // i
        tail += term
    # Python divides whole numbers of any size; 2^n alone is beyond a float from 1024 on.
    return min(1.0, 2 * tail / (1 << total))
