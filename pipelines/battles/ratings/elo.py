"""Ratings of the experts from their battles: Elo, Bradley-Terry, and the bootstrap over instructions."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from warriorcoder.pipelines.battles.ratings.games import Game

Reals = NDArray[np.float64]

ELO_SCALE = 400.0
INTERVAL = (2.5, 97.5)
PRIOR_TIES = 0.1
MAX_ITERATIONS = 1000
TOLERANCE = 1e-10


def expected_score(rating_a: float, rating_b: float) -> float:
    """E_A = 1 / (1 + 10^((R_B - R_A) / 400)): what Elo expects A to score against B (arXiv 2412.17395)."""
    return float(1.0 / (1.0 + 10.0 ** ((rating_b - rating_a) / ELO_SCALE)))


def elo_update(rating_a: float, rating_b: float, score_a: float, k: float) -> tuple[float, float]:
    """R' = R + K (S - E), both sides from their ratings before the battle, so that nothing is gained in sum."""
    change = k * (score_a - expected_score(rating_a, rating_b))
    return rating_a + change, rating_b - change


def elo(
    games: Iterable[Game], models: Sequence[str], k: float, start: float
) -> tuple[dict[str, float], list[tuple[float, float]]]:
    """One pass over the games in their order: the final ratings, and both sides' ratings before each game."""
    ratings = dict.fromkeys(models, float(start))
    before = []
    for game in games:
        before.append((ratings[game.a], ratings[game.b]))
        ratings[game.a], ratings[game.b] = elo_update(ratings[game.a], ratings[game.b], game.score_a, k)
    return ratings, before


def bradley_terry(games: Iterable[Game], models: Sequence[str], start: float) -> dict[str, float]:
    """Maximum-likelihood Bradley-Terry strengths on the Elo scale, their mean being `start`.

    A tie counts half a win for each side. A tenth of a tie between every two models keeps the
    strengths finite for who won or lost everything. Newton's method: Zermelo's iteration needs
    thousands of rounds where groups of models hardly met.
    """
    index = {model: place for place, model in enumerate(models)}
    wins = np.full((len(models), len(models)), PRIOR_TIES / 2)
    np.fill_diagonal(wins, 0.0)
    for game in games:
        wins[index[game.a], index[game.b]] += game.score_a
        wins[index[game.b], index[game.a]] += 1.0 - game.score_a
    scaled = ELO_SCALE / np.log(10) * _strengths(wins)
    return dict(zip(models, (scaled - scaled.mean() + start).tolist(), strict=True))


def _strengths(wins: Reals) -> Reals:
    """The logarithms of the strengths, of shape (models,), from wins[i, j] of i over j, of shape (models, models)."""
    meetings = wins + wins.T
    logs = np.zeros(len(wins))
    for _ in range(MAX_ITERATIONS):
        chances = 1.0 / (1.0 + np.exp(logs[None, :] - logs[:, None]))
        gradient = (wins - meetings * chances).sum(axis=1)
        information = meetings * chances * (1.0 - chances)
        # Only differences matter: the constant makes the matrix regular and keeps the mean where it is.
        hessian = np.diag(information.sum(axis=1)) - information + information.mean()
        step = np.linalg.solve(hessian, gradient)
        logs = logs + step / max(1.0, float(np.max(np.abs(step))))
        if np.max(np.abs(step)) < TOLERANCE:
            break
    return logs


@dataclass(frozen=True)
class Spread:
    """What the bootstrap found for one model: 95 % intervals of both ratings, and of the rank by Elo."""

    elo: tuple[float, float]
    bradley_terry: tuple[float, float]
    rank: tuple[int, int]


def bootstrap(
    games: Sequence[Game], models: Sequence[str], k: float, start: float, draws: int, seed: int
) -> Mapping[str, Spread]:
    """Ratings on resampled instructions.

    Instructions are resampled, not battles: the battles of one instruction are correlated. Each
    draw also has an order of its own, so that Elo's interval holds its dependence on the order.
    """
    random = np.random.default_rng(seed)
    by_instruction: dict[str, list[Game]] = {}
    for game in games:
        by_instruction.setdefault(game.instruction_id, []).append(game)
    groups = list(by_instruction.values())
    elos, strengths = np.empty((draws, len(models))), np.empty((draws, len(models)))
    for draw in range(draws):
        sample = [game for place in random.integers(len(groups), size=len(groups)) for game in groups[place]]
        sample = [sample[place] for place in random.permutation(len(sample))]
        elos[draw] = list(elo(sample, models, k, start)[0].values())
        strengths[draw] = list(bradley_terry(sample, models, start).values())
    ranks = (-elos).argsort(axis=1).argsort(axis=1) + 1
    return {
        model: Spread(
            _interval(elos[:, place]),
            _interval(strengths[:, place]),
            (int(np.percentile(ranks[:, place], 2.5)), int(np.ceil(np.percentile(ranks[:, place], 97.5)))),
        )
        for place, model in enumerate(models)
    }


def _interval(values: Reals) -> tuple[float, float]:
    low, high = np.percentile(values, INTERVAL)
    return float(low), float(high)
