"""Bradley-Terry strengths by maximum likelihood, and what is known of their errors."""

import numpy as np

from warriorcoder.pipelines.battles.ratings.connected import can_be_ranked
from warriorcoder.pipelines.battles.ratings.elo import NATS_PER_POINT
from warriorcoder.pipelines.battles.ratings.games import Games, Reals

PRIOR_TIES = 0.1
"""Ties that every two models are given beside their games.

Without them the strength of who won or lost everything is infinite. A tenth of a tie holds whoever
won all of w games 400 log10((w + 0.05) / 0.05) points above who lost them (800 points for five), and
moves a model with hundreds of games by less than a point or two.
"""

MAX_ITERATIONS = 1000
TOLERANCE = 1e-10
"""The largest step, in nats, after which Newton's iteration is at its end."""


def bradley_terry(games: Games, start: float, prior_ties: float = PRIOR_TIES) -> Reals:
    """The strengths of `games.models` on the Elo scale, their mean being `start`; shape (models,).

    A tie counts half a win for each side. Raises ValueError as `strengths` does.
    """
    return on_elo_scale(strengths(games.wins(), prior_ties), start)


def on_elo_scale(logs: Reals, start: float) -> Reals:
    """Strengths in nats as Elo points: 400 / ln 10 of them a nat, their mean being `start`."""
    points = logs / NATS_PER_POINT
    return np.asarray(points - points.mean(axis=-1, keepdims=True) + start)


def strengths(wins: Reals, prior_ties: float = PRIOR_TIES, guess: Reals | None = None) -> Reals:
    """The maximum-likelihood strengths s of P(i beats j) = 1 / (1 + exp(s_j - s_i)), in nats, their mean being 0.

    `wins[..., i, j]` of shape (..., models, models) is the weight of i's wins over j, ties as half a
    win for each; a stack of tables gives a stack of strengths of shape (..., models). `guess`, of
    the same shape or (models,), is where the search begins. Newton's method on the concave
    log-likelihood, steps cut to one nat: Zermelo's iteration needs thousands of rounds where groups
    of models hardly met.

    Raises ValueError where `prior_ties` is 0 and a table has no finite maximum: that needs every
    model to have won, by way of others, against every other (Ford 1957; `connected.can_be_ranked`).
    """
    size = wins.shape[-1]
    tables = wins.reshape(-1, size, size) + prior_ties / 2
    tables[:, range(size), range(size)] = 0.0
    if prior_ties == 0 and not all(can_be_ranked(table) for table in tables):
        raise ValueError("some models won or lost everything against the rest: no finite strengths fit their games")
    logs = np.zeros(tables.shape[:2])
    if guess is not None:
        logs += guess - guess.mean(axis=-1, keepdims=True)
    open_ = np.arange(len(tables)) if size > 1 else np.arange(0)
    for _ in range(MAX_ITERATIONS):
        if not open_.size:
            break
        won = tables[open_]
        gradient, hessian = derivatives(won, logs[open_])
        # Only differences matter: the constant makes the matrix regular and keeps the mean where it is.
        hessian += hessian.max(axis=(1, 2), keepdims=True) / size
        step = np.linalg.solve(hessian, gradient[:, :, None])[:, :, 0]
        largest = np.abs(step).max(axis=1)
        logs[open_] += step / np.maximum(1.0, largest)[:, None]
        open_ = open_[largest >= TOLERANCE]
    return np.asarray((logs - logs.mean(axis=1, keepdims=True)).reshape(wins.shape[:-1]))


def derivatives(wins: Reals, logs: Reals) -> tuple[Reals, Reals]:
    """The gradient (draws, models) of the log-likelihood and its negated second derivatives (draws, models, models)."""
    meetings = wins + wins.swapaxes(1, 2)
    chances = 1.0 / (1.0 + np.exp(logs[:, None, :] - logs[:, :, None]))
    gradient = (wins - meetings * chances).sum(axis=2)
    return gradient, _laplacian(meetings * chances * (1.0 - chances))


def _laplacian(edges: Reals) -> Reals:
    laplacian = -edges
    places = range(edges.shape[-1])
    laplacian[..., places, places] += edges.sum(axis=-1)
    return laplacian


def information(meetings: Reals, logs: Reals) -> Reals:
    """Fisher's information on the strengths, in nats^-2, of shape (models, models): sum of m p (1 - p) v v^T.

    `meetings[i, j]` is how often i met j, both ways round alike, its diagonal 0 (`wins + wins.T` of
    `Games.wins`); add `PRIOR_TIES` off the diagonal for the posterior; `logs` are strengths in nats.
    v is +1 at i and -1 at j. Its rows sum to 0: only differences of strengths can be known.
    """
    chances = 1.0 / (1.0 + np.exp(logs[None, :] - logs[:, None]))
    return _laplacian(meetings * chances * (1.0 - chances))


def covariance(known: Reals) -> Reals:
    """The covariance, in nats^2, of strengths that sum to 0, from their information: its pseudo-inverse.

    The variance of a difference is c[i, i] + c[j, j] - 2 c[i, j]; for models that are not connected
    it is infinite, and what stands here says nothing of it.
    """
    return np.asarray(np.linalg.pinv(known, hermitian=True))


def standard_errors(games: Games, start: float, prior_ties: float = PRIOR_TIES) -> Reals:
    """The standard errors of `bradley_terry` in Elo points, of shape (models,), as if all games were independent.

    Games of one instruction are not: the bootstrap over instructions is wider, and what is published.
    """
    wins = games.wins()
    meetings = wins + wins.T + prior_ties
    np.fill_diagonal(meetings, 0.0)
    logs = bradley_terry(games, start, prior_ties) * NATS_PER_POINT
    return np.asarray(np.sqrt(np.diag(covariance(information(meetings, logs)))) / NATS_PER_POINT)
