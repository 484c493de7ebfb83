"""What battles on instructions tell about the experts' skills: Gaussian information in closed form, in logits."""

from itertools import combinations
from math import isqrt

import numpy as np
from numpy.typing import NDArray

from warriorcoder.pipelines.battles.ratings.bradley_terry import PRIOR_TIES

Bools = NDArray[np.bool_]
Places = NDArray[np.int64]
Reals = NDArray[np.float64]

ANSWER_VARIANCE = 1.0
"""The variance of an answer about its expert's skill: two answers make up half of an even battle's variance, 4, and
the judges the rest. With nothing, battles of one instruction would count as independent; with 2, judges never erred."""

PRIOR = PRIOR_TIES / 4
"""The information on every difference before any battle: that of the Bradley-Terry fit's prior."""


def pairs_of(experts: int) -> Places:
    """All pairs of experts, of shape (pairs, 2), the first before the second."""
    return np.array(list(combinations(range(experts), 2)), dtype=np.int64).reshape(-1, 2)


def incidence_of(experts: int) -> Reals:
    """x of every pair, of shape (pairs, experts): 1 at its first expert, -1 at its second."""
    pairs = pairs_of(experts)
    found = np.zeros((len(pairs), experts))
    rows = np.arange(len(pairs))
    found[rows, pairs[:, 0]], found[rows, pairs[:, 1]] = 1.0, -1.0
    return found


def prior(experts: int) -> Reals:
    """What is known before any battle, of shape (experts, experts)."""
    return PRIOR * (experts * np.eye(experts) - 1.0)


def on_pairs(matrix: Reals) -> Reals:
    """x' M x of every pair, of shape (..., pairs), from matrices M of shape (..., experts, experts)."""
    first, second = pairs_of(matrix.shape[-1]).T
    return (
        matrix[..., first, first]
        + matrix[..., second, second]
        - matrix[..., first, second]
        - matrix[..., second, first]
    )


def battle_variances(skills: Reals, covariance: Reals) -> Reals:
    """The variance of one battle's word on a difference of skills, of shape (pairs,): 1 / (p (1 - p)).

    p is the chance that the first one wins, by the logistic curve averaged over what the difference may be, N(d, s^2):
    about 1 / (1 + exp(-d / sqrt(1 + pi s^2 / 8))) (MacKay 1992). So a first lucky win makes no battle look decided.
    """
    first, second = pairs_of(len(skills)).T
    distances = (skills[first] - skills[second]) / np.sqrt(1 + np.pi * on_pairs(covariance) / 8)
    variances: Reals = 2.0 + 2.0 * np.cosh(distances)
    return variances


def told(fought: Bools, variances: Reals) -> Reals:
    """What the battles on an instruction tell about the skills, of shape (..., experts, experts).

    `fought` has the shape (..., pairs), `variances` (pairs,). A battle of a and b tells d = (skill_a + answer_a) -
    (skill_b + answer_b) + noise. Answers deviate with variance t^2 (`ANSWER_VARIANCE`), the same in every battle of
    the instruction; the noise has the rest of the battle's variance. With L the sum of x x' / noise over the battles,
    that is G = (I + t^2 L)^-1 L (Woodbury's identity).
    """
    experts = experts_of(len(variances))
    x = incidence_of(experts)
    weights = fought / noise(variances)
    spread = (weights[..., None] * x).swapaxes(-1, -2) @ x
    return np.asarray(np.linalg.solve(np.eye(experts) + ANSWER_VARIANCE * spread, spread))


def one_more(known: Reals, variances: Reals) -> tuple[Reals, Reals]:
    """W of shape (..., experts, experts) and v of shape (..., pairs): what a further battle adds is u u' / v, u = W x.

    `known` is G of the battles before it, `told`'s. W = I - t^2 G and v = noise + 2 t^2 - t^4 x' G x (Schur's
    complement). So the k-th battle on an instruction is worth less than the first, the less the nearer its two
    answers have been compared.
    """
    left = np.eye(known.shape[-1]) - ANSWER_VARIANCE * known
    return left, variances - ANSWER_VARIANCE**2 * on_pairs(known)


def noise(variances: Reals) -> Reals:
    """The part of the battles' variances that is not the answers'."""
    return variances - 2 * ANSWER_VARIANCE


def doubts(skills: Reals, covariance: Reals) -> Reals:
    """How open the order of every two experts is, of shape (experts, experts): 2 Phi(-|d| / s), 1 for an open one.

    The normal distribution by its logistic likeness, Phi(z) about 1 / (1 + exp(-1.702 z)).
    """
    spread = np.diag(covariance)[:, None] + np.diag(covariance)[None, :] - 2 * covariance
    sure = np.abs(skills[:, None] - skills[None, :]) / np.sqrt(np.maximum(spread, 1e-12))
    found: Reals = 2.0 / (1.0 + np.exp(np.minimum(1.702 * sure, 500.0)))
    return found


def gains(known: Reals, variances: Reals, covariance: Reals, weights: Reals) -> Reals:
    """By how much one more battle lessens sum_ij w_ij Var(skill_i - skill_j), i < j; of shape (..., pairs).

    `weights` has w, symmetric. A rank-one update each: with K the Laplacian of w, u' C K C u / (v + u' C u), C being
    the skills' covariance (Sherman and Morrison).
    """
    off = weights - np.diag(np.diag(weights))
    laplacian = np.diag(off.sum(axis=1)) - off
    left, rest = one_more(known, variances)
    right = left.swapaxes(-1, -2)
    found: Reals = on_pairs(right @ (covariance @ laplacian @ covariance) @ left) / (
        rest + on_pairs(right @ covariance @ left)
    )
    return found


def experts_of(pairs: int) -> int:
    """How many experts have so many pairs."""
    return (1 + isqrt(1 + 8 * pairs)) // 2
