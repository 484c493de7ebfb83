"""How sure ratings are: the bootstrap over instructions, and intervals of ratings and ranks from its draws.

Instructions are resampled with replacement, not games: the games of one instruction are correlated.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import factorial

import numpy as np
from numpy.typing import NDArray

from warriorcoder.ids import seed_from
from warriorcoder.pipelines.battles.ratings.bradley_terry import PRIOR_TIES, on_elo_scale, strengths
from warriorcoder.pipelines.battles.ratings.elo import NO_GAME, chunks, elo_of_orders, tail_length
from warriorcoder.pipelines.battles.ratings.games import Games, Reals, Whole

Counts = NDArray[np.float32]

PERCENTILES = (2.5, 97.5)
"""Of the draws: the plain percentile interval, as the public arenas give it."""

POISSON_FROM = 10_000
"""Instructions from which on each is taken a Poisson(1) number of times; fewer are drawn one by one."""


@dataclass(frozen=True)
class Bootstrap:
    """Ratings on resampled instructions, each of shape (draws, models)."""

    elo: Reals
    bradley_terry: Reals


def bootstrap(games: Games, before: Reals, k: float, start: float, draws: int, seed: int) -> Bootstrap:
    """Elo and Bradley-Terry ratings of `draws` resamples; `before` as `elo` gives it for a whole pass.

    The games' order is part of the seed. Raises ValueError without games.
    """
    if not len(games):
        raise ValueError("there is no game to resample")
    return Bootstrap(
        bootstrapped_elo(games, before, k, start, draws, seed_from(seed, "elo")),
        bootstrapped_bradley_terry(games, start, draws, seed_from(seed, "bradley_terry")),
    )


def bootstrapped_bradley_terry(
    games: Games, start: float, draws: int, seed: int, prior_ties: float = PRIOR_TIES
) -> Reals:
    """Bradley-Terry strengths on the Elo scale of each draw, of shape (draws, models).

    The wins of an instruction are a row of a sparse table, and a draw is how often each row is
    taken: draws are a product of tables, and Newton's method works on all of them together. Wins are
    summed in single precision, which is exact for scores of 1, 0.5 and 0 and eight million games a pair.
    """
    from scipy.sparse import csr_matrix

    size = len(games.models)
    instructions, instruction = np.unique(games.instruction, return_inverse=True)
    ways = (games.a * size + games.b, games.b * size + games.a)
    wins = (games.score_a * games.weight, (1.0 - games.score_a) * games.weight)
    won = [np.flatnonzero(values) for values in wins]
    table = csr_matrix(
        (
            np.concatenate([values[kept] for values, kept in zip(wins, won, strict=True)]).astype(np.float32),
            (
                np.concatenate([instruction[kept] for kept in won]),
                np.concatenate([way[kept] for way, kept in zip(ways, won, strict=True)]),
            ),
        ),
        shape=(len(instructions), size * size),
    )
    drawn = [(table.T @ taken).T for taken in resamples(len(instructions), draws, seed)]
    tables = np.concatenate(drawn).astype(np.float64).reshape(draws, size, size)
    return on_elo_scale(strengths(tables, prior_ties, strengths(games.wins())), start)


def resamples(instructions: int, draws: int, seed: int) -> Iterator[Counts]:
    """How often each instruction is taken, in blocks of shape (instructions, some draws).

    Fewer than `POISSON_FROM` instructions are drawn with replacement, as many as there are. Of more, each is
    taken a Poisson(1) number of times, the limit of that (the Poisson bootstrap; Hanley and MacGibbon 2006):
    the number taken in all varies by less than 1 %, which moves no rating, as ratings hang on shares.
    """
    random = np.random.default_rng(seed)
    at_once = 32
    for begin in range(0, draws, at_once):
        count = min(at_once, draws - begin)
        if instructions >= POISSON_FROM:
            yield _POISSON.take(_sixteen_bits(random, instructions * count)).reshape(instructions, count)
            continue
        places = random.integers(instructions, size=(instructions, count)) * count + np.arange(count)
        taken = np.bincount(places.ravel(), minlength=instructions * count)
        yield taken.astype(np.float32).reshape(instructions, count)


def _sixteen_bits(random: np.random.Generator, count: int) -> NDArray[np.uint16]:
    words = random.integers(0, 2**64 - 1, size=-(-count // 4), dtype=np.uint64, endpoint=True)
    # The order of the bytes is fixed, so that the draws are the same on every machine.
    return words.astype("<u8", copy=False).view("<u2")[:count]


def _poisson_table() -> Counts:
    """The Poisson(1) number at each of 65,536 equal steps of probability."""
    chances = np.exp(-1.0) / np.array([factorial(number) for number in range(12)])
    return np.searchsorted(np.cumsum(chances), (np.arange(65_536) + 0.5) / 65_536).astype(np.float32)


_POISSON = _poisson_table()


def bootstrapped_elo(games: Games, before: Reals, k: float, start: float, draws: int, seed: int) -> Reals:
    """Elo ratings of each draw, of shape (draws, models).

    Each draw has a random order of its own, so that Elo's interval holds its dependence on the order.
    Only the end of the order that decides the ratings is drawn and played (`tail_length`).
    """
    random = np.random.default_rng(seed)
    kinds, kind = games.kinds()
    by_instruction = np.argsort(games.instruction, kind="stable")
    kind = kind[by_instruction]
    _, first, sizes = np.unique(games.instruction[by_instruction], return_index=True, return_counts=True)
    length = tail_length(games, before, k)
    ratings, begin = np.empty((draws, len(games.models))), 0
    for count in chunks(draws, length):
        ends = [kind[end_of_order(random, first, sizes, length)] for _ in range(count)]
        orders = np.full((max(len(end) for end in ends), count), NO_GAME, dtype=kind.dtype)
        for draw, end in enumerate(ends):
            orders[len(orders) - len(end) :, draw] = end
        ratings[begin : begin + count] = elo_of_orders(kinds, orders, k, start)
        begin += count
    return ratings


def end_of_order(random: np.random.Generator, first: Whole, sizes: Whole, length: int) -> Whole:
    """The last games of a resample of the instructions, in a random order: `length` of them, or all.

    Instruction i has the games `first[i]` to `first[i] + sizes[i] - 1`. Where not nearly all games are
    wanted, a copy of an instruction and a place in it are drawn again and again, and what was drawn before, or
    is not there, is passed over: that is a random order, and its first games are as good an end of it as its
    last. Which instruction a copy is need only be known of the copies that are drawn.
    """
    count, games, widest = len(sizes), int(sizes.sum()), int(sizes.max())
    if 4 * length > games:
        chosen = random.integers(count, size=count)
        fought = sizes[chosen]
        places = np.arange(fought.sum()) + np.repeat(first[chosen] - np.cumsum(fought) + fought, fought)
        return random.permutation(places)
    size = int(-1.1 * count * widest * np.log1p(-length / games)) + 100
    while True:
        copy = random.integers(count, size=size)
        chosen = random.integers(count, size=size)[_first_seen(copy, count)]
        place = random.integers(widest, size=size) if widest > 1 else np.zeros(size, dtype=np.int64)
        new = _first_seen(copy * widest + place, count * widest) == np.arange(size)
        found = np.flatnonzero(new & (place < sizes[chosen]))[:length]
        if len(found) == length:
            return np.asarray(first[chosen[found]] + place[found])
        size *= 2


def _first_seen(values: Whole, limit: int) -> Whole:
    """Where each value, from 0 to below `limit`, appears first."""
    seen = np.empty(limit, dtype=np.int32)
    numbers = np.arange(len(values), dtype=np.int32)
    # What is written last stays.
    seen[values[::-1]] = numbers[::-1]
    return seen[values]


def interval(draws: Reals) -> tuple[Reals, Reals]:
    """The percentile interval (95 %) of each column of draws."""
    low, high = np.percentile(draws, PERCENTILES, axis=0)
    return low, high


def rank_interval(draws: Reals) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The best and the worst rank of each model in the middle 95 % of the draws, from 1; equals share both ends."""
    best = 1 + (draws[:, None, :] > draws[:, :, None]).sum(axis=2)
    worst = (draws[:, None, :] >= draws[:, :, None]).sum(axis=2)
    low = np.floor(np.percentile(best, PERCENTILES[0], axis=0)).astype(np.int64)
    high = np.ceil(np.percentile(worst, PERCENTILES[1], axis=0)).astype(np.int64)
    return low, high
