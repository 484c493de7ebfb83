"""What every method finds at which budget of judge calls, for battles drawn at random and for `active` pairing."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from warriorcoder.ids import seed_from
from warriorcoder.pipelines.battles.active import Active
from warriorcoder.pipelines.battles.information import Bools, Reals, pairs_of
from warriorcoder.pipelines.battles.ratings.bootstrap import bootstrap, interval
from warriorcoder.pipelines.battles.ratings.elo import elo
from warriorcoder.pipelines.battles.simulation.rating import K, Outcome, Truth, decide, measures, truth_of
from warriorcoder.pipelines.battles.simulation.world import Setting, World, draw_world

SHARES = (0.05, 0.1, 0.2, 0.4, 1.0)
DRAWS = 100
"""Of the bootstrap."""

PAIRINGS = ("random", "active")


@dataclass(frozen=True)
class Measured:
    """A method's figures in one seed: `share` of round robin's judge calls, the figures of `rating.measures`, and the
    share of experts whose 95 % interval holds the truth, None where no interval was drawn."""

    seed: int
    pairing: str
    share: float
    calls: int
    method: str
    spearman: float
    kendall: float
    error: float | None
    gold: float
    coverage: float | None


def at_budgets(setting: Setting, seeds: int, seed: int, shares: Sequence[float] = SHARES) -> list[Measured]:
    """All methods at all budgets. At the whole budget both pairings are round robin, which is measured once."""
    found: list[Measured] = []
    for number in range(seeds):
        own = seed_from(seed, "world", number)
        world = draw_world(setting, own)
        truth = truth_of(setting, world.skills, own)
        for share in shares:
            for pairing in PAIRINGS[: 1 if share == 1.0 else None]:
                fought = chosen(world, pairing, share, own)
                outcome = decide(world.votes, fought, own)
                covered = _coverage(outcome, truth, own)
                calls = int((fought * setting.costs()).sum())
                found += [
                    Measured(number, pairing, share, calls, method, **figures, coverage=covered.get(method))  # type: ignore[arg-type]
                    for method, figures in measures(outcome, world, truth, own).items()
                ]
    return found


def chosen(world: World, pairing: str, share: float, seed: int) -> Bools:
    """The battles that are fought for a share of round robin's judge calls, of shape (instructions, pairs)."""
    costs = world.setting.costs()
    possible = np.ones((world.setting.instructions, len(costs)), dtype=np.bool_)
    calls = int(share * (possible * costs).sum())
    if pairing == "active":
        return actively(world, possible, calls)
    order = np.random.default_rng((seed, 3)).permutation(possible.size)
    within = np.cumsum(np.broadcast_to(costs, possible.shape).ravel()[order]) <= calls
    fought = np.zeros(possible.size, dtype=np.bool_)
    fought[order[within]] = True
    return fought.reshape(possible.shape)


def actively(world: World, possible: Bools, calls: int) -> Bools:
    """The battles that `active` pairing has fought."""
    costs = world.setting.costs()
    local = decide(world.votes, possible, 0).local
    active = Active(possible, costs, calls)
    fought = np.zeros_like(possible)
    while len(round_ := active.next_round()):
        fought[round_[:, 0], round_[:, 1]] = True
        scores = (np.sign(local[round_[:, 0], round_[:, 1]] - 0.5) + 1.0) / 2.0
        active.learn([None if np.isnan(s) else float(s) for s in scores], int(costs[round_[:, 1]].sum()))
    return fought


def _coverage(outcome: Outcome, truth: Truth, seed: int) -> dict[str, float]:
    """By method: the share of differences between experts whose 95 % interval holds the true one."""
    if not len(outcome.games):
        return {}
    _, before = elo(outcome.games, K, 0.0)
    draws = bootstrap(outcome.games, before, K, 0.0, DRAWS, seed)
    return {name: _held(getattr(draws, name), truth.battles) for name in ("elo", "bradley_terry")}


def _held(draws: Reals, truth: Reals) -> float:
    first, second = pairs_of(len(truth)).T
    low, high = interval(draws[:, first] - draws[:, second])
    true = truth[first] - truth[second]
    return float(((low <= true) & (true <= high)).mean())
