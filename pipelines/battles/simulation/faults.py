"""What judges' faults do to the ratings and to the gold answers, and what each remedy leaves of it; where Elo fails."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from warriorcoder.ids import seed_from
from warriorcoder.pipelines.battles.information import Reals
from warriorcoder.pipelines.battles.ratings.bradley_terry import bradley_terry
from warriorcoder.pipelines.battles.ratings.elo import elo
from warriorcoder.pipelines.battles.simulation.rating import (
    Truth,
    decide,
    error_of_differences,
    gold_accuracy,
    rank_correlation,
    truth_of,
    with_judge_terms,
)
from warriorcoder.pipelines.battles.simulation.world import Setting, World, draw_world

FAIR: dict[str, Any] = {
    "position_bias": 0.0,
    "self_preference": 0.0,
    "length_preference": 0.0,
    "missing": 0.0,
    "lazy": 0,
}

ORDERS = 10
"""Orders of the same battles in which Elo is computed."""


@dataclass(frozen=True)
class Case:
    """A panel with a fault, and how it is asked and rated: in `orders` orders (one: the first expert's answer is always
    shown first), with or without judge `terms`."""

    name: str
    setting: Setting
    orders: int = 2
    terms: bool = False


@dataclass(frozen=True)
class Effect:
    """What a case does in one seed: points that the first expert gains on the mean of the others, against the truth
    (the first expert is the one always shown first, and the first judge's kin), rank correlation, gold accuracy."""

    seed: int
    case: str
    gain: float
    spearman: float
    gold: float


def cases(setting: Setting) -> list[Case]:
    """A fair panel, then one fault at a time, as large as the setting says, each without its remedy and with it."""
    fair = replace(setting, **FAIR)
    place = replace(fair, position_bias=setting.position_bias)
    lazy = replace(fair, lazy=max(1, setting.lazy))
    kin = replace(fair, self_preference=setting.self_preference)
    every = [
        Case("fair judges", fair),
        Case("position bias, one order", place, orders=1),
        Case("position bias, both orders", place),
        Case("position bias, both orders, judge terms", place, terms=True),
        Case("a judge that always says first, one order", lazy, orders=1),
        Case("a judge that always says first, both orders", lazy),
        Case("self-preference, contestants judge", replace(kin, panel="contestants")),
        Case("self-preference, contestants judge, judge terms", replace(kin, panel="contestants"), terms=True),
        Case("self-preference, uninvolved experts judge", replace(kin, panel="uninvolved")),
        Case("self-preference of a judge's kin outside", kin),
        Case("self-preference of kin outside, judge terms", kin, terms=True),
        Case("answers' length counts", replace(fair, length_preference=0.5)),
        Case("30 % of the votes missing", replace(fair, missing=0.3)),
    ]
    # Of two experts none is uninvolved.
    return [case for case in every if case.setting.judging().any(axis=1).all()]


def effects_of(every: Sequence[Case], seeds: int, seed: int) -> list[Effect]:
    """Every case in every seed, all battles fought; the same experts and answers in all cases of a seed."""
    found = []
    for number in range(seeds):
        own = seed_from(seed, "world", number)
        truths: dict[str, Truth] = {}
        for case in every:
            world = draw_world(case.setting, own)
            if case.setting.panel not in truths:
                truths[case.setting.panel] = truth_of(case.setting, world.skills, own)
            found.append(_effect(case, world, truths[case.setting.panel], number, own))
    return found


def _effect(case: Case, world: World, truth: Truth, number: int, seed: int) -> Effect:
    votes = world.votes[..., : case.orders]
    outcome = decide(votes, np.ones(votes.shape[:2], dtype=np.bool_), seed)
    rated = with_judge_terms(outcome.verdicts) if case.terms else bradley_terry(outcome.games, 0.0)
    gain = _ahead(rated) - _ahead(truth.of("effects" if case.terms else "bradley_terry"))
    return Effect(
        number,
        case.name,
        gain,
        rank_correlation(rated, world.skills),
        gold_accuracy(world, outcome.local, rated),
    )


def _ahead(rated: Reals) -> float:
    """How far the first expert is ahead of the mean of the others."""
    return float(rated[0] - rated[1:].mean())


STEPS_OF_ELO = (8.0, 40.0, 160.0)
"""Values of K."""

SIZES = (0.1, 1.0)
"""Shares of the battles that are fought."""


@dataclass(frozen=True)
class Orders:
    """Elo of one seed's battles in many orders: `spread` is the standard deviation of a rating over the orders and
    `error` that of differences (both points, means over experts and orders), `reversed` the share of orders in which
    the best expert is not the one that the mean over the orders has."""

    seed: int
    share: float
    k: float
    spread: float
    error: float
    reversed: float


def orders_of(setting: Setting, seeds: int, seed: int) -> list[Orders]:
    """How Elo hangs on the order of the same battles, by K and by the number of battles; judges are fair."""
    fair = replace(setting, **FAIR)
    found = []
    for number in range(seeds):
        own = seed_from(seed, "world", number)
        world = draw_world(fair, own)
        truth = truth_of(fair, world.skills, own).battles
        for share in SIZES:
            fought = np.random.default_rng((own, 3)).random(world.votes.shape[:2]) < share
            games = decide(world.votes, fought, own).games
            if not len(games):
                continue
            random = np.random.default_rng((own, 4))
            shuffles = [games.take(random.permutation(len(games))) for _ in range(ORDERS)]
            for k in STEPS_OF_ELO:
                rated = np.array([elo(shuffled, k, 0.0)[0] for shuffled in shuffles])
                best = rated.mean(axis=0).argmax()
                errors = [error_of_differences(each, truth) for each in rated]
                turned = float((rated.argmax(axis=1) != best).mean())
                found.append(Orders(number, share, k, float(rated.std(axis=0).mean()), float(np.mean(errors)), turned))
    return found
