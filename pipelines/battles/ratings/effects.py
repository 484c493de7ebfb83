"""Bradley-Terry on single votes, beside terms for what should not decide: style, place, and the judge's own family.

log odds of a vote for a = s_a - s_b + sum of coefficient x value over the terms. The values of a term
change their sign when a and b are called otherwise, so that names mean nothing here either.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from warriorcoder.intervals import Z
from warriorcoder.pipelines.battles.ratings.bradley_terry import (
    MAX_ITERATIONS,
    PRIOR_TIES,
    TOLERANCE,
    derivatives,
)
from warriorcoder.pipelines.battles.ratings.elo import NATS_PER_POINT
from warriorcoder.pipelines.battles.ratings.games import Bools, Reals, Verdicts
from warriorcoder.pipelines.battles.ratings.style import STYLE

Kind = Literal["style", "position", "self_preference", "family_preference"]

RIDGE = 0.1
"""The penalty RIDGE / 2 x coefficient^2 on every term: a normal prior with a spread of three nats (550 points).

It keeps a term finite that always, or never, decides."""

_AT_ONCE = 1 << 16


@dataclass(frozen=True)
class Columns:
    """Terms of one kind: `subjects` name them, `values` is of shape (votes, subjects)."""

    kind: Kind
    subjects: tuple[str, ...]
    values: NDArray[Any]


@dataclass(frozen=True)
class Term:
    """A coefficient in Elo points, with its 95 % interval.

    What it means: `style`, points for one standard deviation more of it; `position`, points for the
    answer that the judge is shown first; `self_preference`, points that the judge gives to its own family beyond what
    others give it; `family_preference`, the same of all judges of a family together. `votes` are those it
    could have a part in. Where it is not `identified` the votes cannot tell it from strengths and other terms, and
    the number is no more than the ridge's.
    """

    kind: Kind
    subject: str
    points: float
    low: float
    high: float
    votes: int
    identified: bool


@dataclass(frozen=True)
class Effects:
    """Strengths in Elo points around 0 and their standard errors, of shape (models,), and the terms."""

    models: tuple[str, ...]
    strengths: Reals
    errors: Reals
    terms: tuple[Term, ...]


def position_columns(verdicts: Verdicts) -> Columns:
    """Of each judge: +1 where it was shown a first, -1 where b; 0 on the votes of others."""
    return Columns("position", verdicts.judges, _by_judge(verdicts, np.where(verdicts.a_first, 1, -1)))


def self_columns(verdicts: Verdicts, families: Mapping[str, str]) -> Columns:
    """Of each judge: +1 where a is of its own family and b is not, -1 where b is, else 0.

    `families` gives the family of models and judges by name; a judge without one has no term.
    """
    own = _own_family(verdicts, families)
    judges = tuple(judge for judge in verdicts.judges if judge in families)
    kept = [place for place, judge in enumerate(verdicts.judges) if judge in families]
    return Columns("self_preference", judges, _by_judge(verdicts, own)[:, kept])


def family_columns(verdicts: Verdicts, families: Mapping[str, str]) -> Columns:
    """Of each family that has judges: the values of `self_columns` of all its judges. Not to be fitted beside them."""
    own = _own_family(verdicts, families)
    names = tuple(sorted({families[judge] for judge in verdicts.judges if judge in families}))
    family = np.array([names.index(families[judge]) if judge in families else -1 for judge in verdicts.judges])
    mine = family[verdicts.judge][:, None] == np.arange(len(names))
    return Columns("family_preference", names, mine * own[:, None].astype(np.int8))


def style_columns(differences: Reals) -> Columns:
    """Differences of style (`style.differences`) over their root mean square: coefficients are per standard deviation.

    Nothing is subtracted: a difference of 0 must stay 0, since it favours nobody.
    """
    spread = np.sqrt(np.mean(differences**2, axis=0)) if len(differences) else np.ones(len(STYLE))
    return Columns("style", STYLE, differences / np.where(spread > 0, spread, 1.0))


def _by_judge(verdicts: Verdicts, values: NDArray[Any]) -> NDArray[np.int8]:
    columns = np.zeros((len(verdicts), len(verdicts.judges)), dtype=np.int8)
    columns[np.arange(len(verdicts)), verdicts.judge] = values
    return columns


def _own_family(verdicts: Verdicts, families: Mapping[str, str]) -> NDArray[np.int8]:
    kin = np.array(
        [[families.get(judge, "") == families.get(model) for model in verdicts.models] for judge in verdicts.judges]
    ).reshape(len(verdicts.judges), len(verdicts.models))
    mine = kin.astype(np.int8)
    return np.asarray(mine[verdicts.judge, verdicts.a] - mine[verdicts.judge, verdicts.b])


def fit_effects(verdicts: Verdicts, columns: Sequence[Columns], weights: Mapping[str, float] | None = None) -> Effects:
    """Fit strengths and terms together by maximum likelihood (Newton's method); a tie is half a vote for each.

    Strengths have the prior of `bradley_terry`, terms a small ridge. Standard errors are the sandwich's,
    clustered by instruction: the votes of one instruction are correlated, and count as one piece of evidence
    however many they are. `weights`: what each judge's votes count, 1 where it is not named. Raises
    ValueError without votes.
    """
    if not len(verdicts):
        raise ValueError("there is no vote with a verdict to fit")
    fit = _Fit(verdicts, columns, np.array([(weights or {}).get(judge, 1.0) for judge in verdicts.judges]))
    theta = fit.solve()
    covariance, size = fit.covariance(theta), len(verdicts.models)
    errors = np.sqrt(np.diag(covariance).clip(0.0)) / NATS_PER_POINT
    points = theta / NATS_PER_POINT
    known, votes = fit.identified(), fit.votes()
    terms, place = [], size
    for column in columns:
        for subject in column.subjects:
            low, high = points[place] - Z * errors[place], points[place] + Z * errors[place]
            part = (int(votes[place - size]), bool(known[place]))
            terms.append(Term(column.kind, subject, float(points[place]), float(low), float(high), *part))
            place += 1
    return Effects(verdicts.models, points[:size] - points[:size].mean(), errors[:size], tuple(terms))


class _Fit:
    """The likelihood of the votes. Parameters are the strengths, then the terms, in nats."""

    def __init__(self, verdicts: Verdicts, columns: Sequence[Columns], judge_weights: Reals) -> None:
        self._verdicts = verdicts
        self._columns = columns
        self._weight = judge_weights[verdicts.judge]
        self._size = len(verdicts.models)
        self._terms = sum(len(column.subjects) for column in columns)
        self._prior = np.full((1, self._size, self._size), PRIOR_TIES / 2)
        self._prior[:, range(self._size), range(self._size)] = 0.0

    def _rows(self, part: slice) -> Reals:
        """The values of all parameters in some votes: +1 at a, -1 at b, and the terms'."""
        a, b = self._verdicts.a[part], self._verdicts.b[part]
        models = np.zeros((len(a), self._size))
        models[np.arange(len(a)), a] = 1.0
        models[np.arange(len(a)), b] -= 1.0
        return np.concatenate([models, *(column.values[part] for column in self._columns)], axis=1)

    def _parts(self) -> list[slice]:
        # All rows at once would take gigabytes for millions of votes.
        return [slice(begin, begin + _AT_ONCE) for begin in range(0, len(self._verdicts), _AT_ONCE)]

    def _curve(self, theta: Reals) -> tuple[Reals, Reals]:
        """The gradient of the penalised log-likelihood and its negated second derivatives."""
        gradient, hessian = np.zeros(len(theta)), np.zeros((len(theta), len(theta)))
        for part in self._parts():
            rows, weight = self._rows(part), self._weight[part]
            chance = 1.0 / (1.0 + np.exp(-rows @ theta))
            gradient += rows.T @ (weight * (self._verdicts.score_a[part] - chance))
            hessian += rows.T @ (rows * (weight * chance * (1.0 - chance))[:, None])
        size = self._size
        prior_gradient, prior_hessian = derivatives(self._prior, theta[None, :size])
        gradient[:size] += prior_gradient[0]
        hessian[:size, :size] += prior_hessian[0]
        gradient[size:] -= RIDGE * theta[size:]
        hessian[range(size, len(theta)), range(size, len(theta))] += RIDGE
        # Only differences of strengths matter: the constant makes the matrix regular and moves nothing.
        hessian[:size, :size] += hessian[:size, :size].max() / size
        return gradient, hessian

    def solve(self) -> Reals:
        theta = np.zeros(self._size + self._terms)
        for _ in range(MAX_ITERATIONS):
            gradient, hessian = self._curve(theta)
            step = np.linalg.solve(hessian, gradient)
            largest = float(np.abs(step).max())
            theta += step / max(1.0, largest)
            if largest < TOLERANCE:
                break
        return theta

    def covariance(self, theta: Reals) -> Reals:
        """The sandwich A^-1 B A^-1, clustered by instruction, times G / (G - 1) of G instructions."""
        _, clusters = np.unique(self._verdicts.instruction, return_inverse=True)
        count = int(clusters.max()) + 1
        scores = np.zeros((count, len(theta)))
        for part in self._parts():
            rows = self._rows(part)
            residual = self._weight[part] * (self._verdicts.score_a[part] - 1.0 / (1.0 + np.exp(-rows @ theta)))
            for column in range(len(theta)):
                scores[:, column] += np.bincount(clusters[part], rows[:, column] * residual, count)
        bread = np.linalg.inv(self._curve(theta)[1])
        return np.asarray(bread @ (scores.T @ scores) @ bread * (count / max(1, count - 1)))

    def identified(self) -> Bools:
        """For each parameter whether votes, without prior and ridge, could give it one value.

        That is where no other mixture of parameters has the same values on all votes: where the null space of the
        rows does not touch it. Of strengths only differences are told, so that they never are.
        """
        gram = np.zeros((self._size + self._terms,) * 2)
        for part in self._parts():
            rows = self._rows(part)[self._weight[part] > 0]
            gram += rows.T @ rows
        length = np.sqrt(np.diag(gram))
        scale = np.where(length > 0, length, 1.0)
        values, vectors = np.linalg.eigh(gram / scale[:, None] / scale)
        null = vectors[:, values < 1e-9 * len(gram)]
        return np.asarray((null**2).sum(axis=1) < 1e-9)

    def votes(self) -> NDArray[np.intp]:
        """For each term the votes in which its value is not 0."""
        return np.concatenate(
            [np.count_nonzero(column.values, axis=0) for column in self._columns] or [np.zeros(0, dtype=np.intp)]
        )
