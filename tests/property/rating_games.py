"""Games for the tests of the ratings: drawn by hypothesis, and with known strengths."""

from collections.abc import Sequence

import numpy as np
from hypothesis import strategies as st

from warriorcoder.pipelines.battles.ratings.elo import NATS_PER_POINT
from warriorcoder.pipelines.battles.ratings.games import Game, Games, Reals

MODELS = ("a", "b", "c", "d", "e")
SCORE = st.sampled_from((0.0, 0.5, 1.0))


@st.composite
def games(draw: st.DrawFn, models: tuple[str, ...] = MODELS, least: int = 0, most: int = 40) -> Games:
    pair = st.lists(st.sampled_from(models), min_size=2, max_size=2, unique=True)
    drawn = draw(st.lists(st.tuples(st.integers(0, 9), pair, SCORE), min_size=least, max_size=most))
    return Games.of([Game(str(number), a, b, score) for number, (a, b), score in drawn], models)


def arena(strengths: Sequence[float], instructions: int, each: int, seed: int, ties: float = 0.1) -> Games:
    """`each` games on every instruction between random models of known strengths, in Elo points."""
    random, size, count = np.random.default_rng(seed), len(strengths), instructions * each
    instruction = np.repeat(np.arange(instructions, dtype=np.int32), each)
    a = random.integers(size, size=count, dtype=np.int32)
    b = np.asarray((a + random.integers(1, size, size=count)) % size, dtype=np.int32)
    points = np.asarray(strengths)
    chance = shares(points[a] - points[b])
    won = np.where(random.random(count) < ties, 0.5, (random.random(count) < chance).astype(np.float64))
    return Games(tuple(f"m{place:02}" for place in range(size)), instruction, a, b, won, np.ones(count))


def shares(points: Reals) -> Reals:
    """Expected scores at these leads."""
    return np.asarray(1.0 / (1.0 + np.exp(-NATS_PER_POINT * points)))


def turned(played: Games) -> Games:
    """The same games with their sides called otherwise."""
    return Games(played.models, played.instruction, played.b, played.a, 1.0 - played.score_a, played.weight)


def repeated(played: Games, times: int) -> Games:
    return played.take(np.tile(np.arange(len(played)), times))
