"""Elo ratings: one pass over the games in their order, and many orders side by side."""

from math import exp, log

import numpy as np

from warriorcoder.pipelines.battles.ratings.connected import groups_of
from warriorcoder.pipelines.battles.ratings.games import Games, Reals, Whole

ELO_SCALE = 400.0
NATS_PER_POINT = log(10.0) / ELO_SCALE

TAIL_TOLERANCE = 1e-6
"""Points by which a rating may differ where only the end of an order is played."""
TAIL_RISK = 1e-9
"""The chance that it differs by more."""

NO_GAME = -1
"""In an order: nothing is played at this step."""


def expected_score(rating_a: float, rating_b: float) -> float:
    """X(A>B) = E_A = 1 / (1 + 10^((R_B - R_A) / 400)): what Elo expects A to score against B (arXiv 2412.17395)."""
    return float(1.0 / (1.0 + 10.0 ** ((rating_b - rating_a) / ELO_SCALE)))


def elo_update(rating_a: float, rating_b: float, score_a: float, k: float) -> tuple[float, float]:
    """R' = R + K (S - E), both sides from their ratings before the battle, so that nothing is gained in sum.

    S is 1, 0.5 or 0 (arXiv 2412.17395).
    """
    change = k * (score_a - expected_score(rating_a, rating_b))
    return rating_a + change, rating_b - change


def elo(games: Games, k: float, start: float) -> tuple[Reals, Reals]:
    """One pass over the games in their order: the paper's Elo.

    Gives the final ratings, of shape (models,), and both sides' ratings just before each game, of
    shape (games, 2). A game of weight w is played with w K.
    """
    ratings = [float(start)] * len(games.models)
    before = np.empty((2, len(games)))
    # Memory is spent on a slice at a time: a million games as Python floats are a hundred megabytes.
    for begin in range(0, len(games), _SLICE):
        part = slice(begin, begin + _SLICE)
        of_a, of_b = [], []
        columns = (games.a[part], games.b[part], games.score_a[part], k * games.weight[part])
        for a, b, score, step in zip(*(column.tolist() for column in columns), strict=True):
            rating_a, rating_b = ratings[a], ratings[b]
            of_a.append(rating_a)
            of_b.append(rating_b)
            change = step * (score - 1.0 / (1.0 + exp((rating_b - rating_a) * NATS_PER_POINT)))
            ratings[a], ratings[b] = rating_a + change, rating_b - change
        before[0, part], before[1, part] = of_a, of_b
    return np.array(ratings), before.T


_SLICE = 1 << 16


def elo_of_orders(games: Games, orders: Whole, k: float, start: float) -> Reals:
    """The final ratings of many orders, of shape (orders, models).

    `orders`, of shape (steps, orders), has in its columns the places of games as they are played,
    `NO_GAME` where none is. All orders take a step together; `games` are best the few kinds of them
    (`Games.kinds`), which stay in the processor's cache.
    """
    count, models = orders.shape[1], len(games.models)
    # One game more, which is played with K = 0, stands for no game at all: NO_GAME is its place from the end.
    side_a = np.append(games.a, 0).astype(np.intp) * count
    side_b = np.append(games.b, 0).astype(np.intp) * count
    score, step = np.append(games.score_a, 0.0), k * np.append(games.weight, 0.0)
    same = float(step[0]) if (step[:-1] == step[0]).all() and NO_GAME not in orders else None
    ratings = np.full(models * count, float(start))
    column = np.arange(count)
    rating_a, rating_b, change = np.empty(count), np.empty(count), np.empty(count)
    for begin in range(0, len(orders), _STEPS):
        played = orders[begin : begin + _STEPS]
        of_a, of_b, scores = side_a[played] + column, side_b[played] + column, score[played]
        steps = step[played] if same is None else np.full(len(played), same)
        for at_a, at_b, scored, size in zip(of_a, of_b, scores, steps, strict=True):
            # Clipping changes no place, but lets numpy write straight into the buffer.
            ratings.take(at_a, out=rating_a, mode="clip")
            ratings.take(at_b, out=rating_b, mode="clip")
            np.subtract(rating_b, rating_a, out=change)
            change *= NATS_PER_POINT
            np.exp(change, out=change)
            change += 1.0
            np.reciprocal(change, out=change)
            np.subtract(scored, change, out=change)
            change *= size
            rating_a += change
            rating_b -= change
            ratings[at_a] = rating_a
            ratings[at_b] = rating_b
    return np.ascontiguousarray(ratings.reshape(models, count).T)


_STEPS = 64


def tail_length(games: Games, before: Reals, k: float) -> int:
    """How many games of a random order decide its final ratings to `TAIL_TOLERANCE` points; len(games) where all do.

    `before` are the ratings before each game of a whole pass, of shape (games, 2), as `elo` gives them.

    Elo forgets. Let d be the difference of the ratings u and w of two runs over the same games. A game
    of a and b makes it (I - c v v^T) d, where v is +1 at a and -1 at b and, by the mean value theorem,
    c = K ln(10) / 400 p (1 - p) for an expected score p between those of the two runs; it is no smaller than
    at the wider of their two gaps. So |d|^2 loses 2 c (1 - c) (v^T d)^2. For a game drawn at random, the
    pair ab with frequency q_ab, the mean of |d|^2 falls to at most (1 - r) |d|^2, r(u, w) being the smallest
    positive eigenvalue of the sum of q_ab 2 c_ab (1 - c) v v^T: along its null space d is 0, since no game
    moves the sum of the ratings of a connected group, and all runs start alike. |d_T|^2 over the
    product of all (1 - r) is thus a supermartingale, and by Markov's inequality

        P(|d_T| > tolerance) <= exp(-T r) |d_0|^2 / tolerance^2

    where r is the mean along the way. It is taken over pairs of moments of the given pass, as if both
    runs were anywhere in it, and T is what makes the bound `TAIL_RISK`, and a quarter more. The bound
    holds while ratings move as in the given pass; tests hold the tail against the whole pass.
    """
    slope = k * NATS_PER_POINT * float(games.weight.max(initial=0.0))
    if len(games) <= _SHORT or slope / 4 >= 0.5:
        # With such steps two runs can overshoot each other and need not come closer.
        return len(games)
    size = len(games.models)
    counted = np.bincount(games.a * size + games.b, games.weight / len(games), size * size)
    share = np.asarray(counted.reshape(size, size), dtype=np.float64)
    times = np.random.default_rng(0).integers(len(games), size=2 * _MOMENTS)
    moments = _ratings_at(games, before, times)
    gaps = np.abs(moments[:, :, None] - moments[:, None, :])
    widest = np.maximum(gaps[:_MOMENTS], gaps[_MOMENTS:])
    chance = 1.0 / (1.0 + np.exp(widest * NATS_PER_POINT))
    # Edges weigh 2 c (1 - c); the largest c there can be is slope / 4.
    edges = (share + share.T) * 2.0 * k * NATS_PER_POINT * chance * (1.0 - chance) * (1.0 - slope / 4)
    laplacians = -edges
    laplacians[:, range(size), range(size)] += edges.sum(axis=2)
    values = np.linalg.eigvalsh(laplacians)
    groups = len(groups_of(share))
    if groups == size:
        return len(games)
    rate = float(values[:, groups].mean())
    distance = size * (2.0 * float(gaps.max()) + 1.0) ** 2
    needed = 1.25 * log(distance / TAIL_TOLERANCE**2 / TAIL_RISK) / max(rate, 1e-300)
    return int(min(len(games), np.ceil(needed)))


_MOMENTS = 200
_SHORT = 2000


def _ratings_at(games: Games, before: Reals, times: Whole) -> Reals:
    """Each model's rating before its latest game up to these places, of shape (times, models)."""
    ratings = np.empty((len(times), len(games.models)))
    for model in range(len(games.models)):
        places = np.flatnonzero((games.a == model) | (games.b == model))
        if not len(places):
            # It never moves, and its gaps to others weigh nothing: no pair has it.
            ratings[:, model] = before[0, 0]
            continue
        latest = places[np.maximum(np.searchsorted(places, times, side="right") - 1, 0)]
        ratings[:, model] = np.where(games.a[latest] == model, before[latest, 0], before[latest, 1])
    return ratings


def mean_elo(games: Games, before: Reals, k: float, start: float, shuffles: int, seed: int) -> Reals:
    """The mean of the final ratings over seeded shuffles of the games, of shape (models,).

    What a single pass gives hangs on its last games; the mean does so less and less. Of each shuffle
    only the end that matters is played (`tail_length`, which reads `before`).
    """
    random = np.random.default_rng(seed)
    length = tail_length(games, before, k)
    kinds, kind = games.kinds()
    total = np.zeros(len(games.models))
    for count in chunks(shuffles, length):
        orders = np.empty((length, count), dtype=kind.dtype)
        for shuffle in range(count):
            orders[:, shuffle] = kind[random.choice(len(games), length, replace=False)]
        total += elo_of_orders(kinds, orders, k, start).sum(axis=0)
    return np.asarray(total / shuffles)


def chunks(draws: int, length: int) -> list[int]:
    """How many draws to take at once, so that their orders of this length hold at most 32 million games."""
    at_once = max(1, min(draws, (1 << 25) // max(1, length)))
    return [min(at_once, draws - begin) for begin in range(0, draws, at_once)]
