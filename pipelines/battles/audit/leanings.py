"""What a judge leans to beside the answers' worth: the place, its own kin, the longer answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from warriorcoder.arena_folder import Row
from warriorcoder.pipelines.battles.audit.measures import (
    Measure,
    Reals,
    Resampling,
    by_instruction,
    nothing,
    ratio,
    share,
)
from warriorcoder.pipelines.battles.audit.rulings import Bools, Rulings, mean_of

CLEARLY = 1.25
"""Answers differ clearly in length where the longer has at least this many times the shorter's characters."""


@dataclass(frozen=True)
class Length:
    """`longer`: share of the verdicts for one side that go to the clearly longer answer.

    `beyond`: the mean score that the judge gives the longer answer minus what the other judges give
    it, -1 to 1. The first alone is no bias, since the longer answer may be the better one.
    """

    longer: Measure
    beyond: Measure


def consistency(rulings: Rulings, judge: int) -> Measure:
    """The share of the battles judged in both orders with the same verdict in both.

    Its chance is that of a judge with these shares of verdicts in either order, drawn at random.
    """
    one, other = rulings.attacker_first[:, judge], rulings.defender_first[:, judge]
    both = ~np.isnan(one) & ~np.isnan(other)
    one, other = one[both], other[both]
    chance = (
        sum(float((one == value).mean() * (other == value).mean()) for value in (0.0, 0.5, 1.0)) if len(one) else None
    )
    return _share(one == other, both, rulings, chance, "no battle has its verdict in both orders")


def first(rulings: Rulings, judge: int) -> Measure:
    """The share of the verdicts for one side that go to the answer shown first; 0.5 is even-handed."""
    hits, trials = np.zeros(rulings.instructions), np.zeros(rulings.instructions)
    for scores, chosen in ((rulings.attacker_first[:, judge], 1.0), (rulings.defender_first[:, judge], 0.0)):
        decided = ~np.isnan(scores) & (scores != 0.5)
        hits += by_instruction((scores == chosen).astype(float), rulings.instruction, rulings.instructions)
        trials += by_instruction(decided.astype(float), rulings.instruction, rulings.instructions)
    return share(hits, trials, 0.5, "no verdict is for one side")


def self_preference(rulings: Rulings, judge: int, kin: Mapping[str, frozenset[str]], draws: Resampling) -> Measure:
    """How much more the judge gives its own kin than the other judges do: a mean difference of scores, -1 to 1.

    Over the battles in which exactly one contestant is kin to the judge: the score (win 1, tie 0.5,
    loss 0, mean of both orders) that the judge gives its kin, minus the mean score by judges that are
    kin to neither or both contestants. 0 is no preference (Panickssery et al., arXiv 2404.13076, ask
    the same of two judges).
    """
    names = [kin.get(name, frozenset()) for name in rulings.judges]
    # +1 where the attacker is the judge's kin and the defender is not, -1 the other way round, else 0.
    for_kin = np.array([[(a in own) - (b in own) for own in names] for _, a, b in rulings.battles], dtype=float)
    for_kin = for_kin.reshape(len(rulings.battles), len(names))
    if not for_kin[~np.isnan(rulings.scores[:, judge]), judge].any():
        return nothing("no contestant is of its family")
    return _beyond(rulings, judge, for_kin[:, judge], for_kin == 0, draws, "no other judge ruled on its kin's battles")


def length(rulings: Rulings, judge: int, lengths: Reals, draws: Resampling) -> Length:
    """The judge's leaning to the clearly longer answer; `lengths` as `longer_side` gives it."""
    hits, trials = np.zeros(rulings.instructions), np.zeros(rulings.instructions)
    for scores in (rulings.attacker_first[:, judge], rulings.defender_first[:, judge]):
        decided = ~np.isnan(scores) & (scores != 0.5) & (lengths != 0)
        for_longer = decided & ((scores > 0.5) == (lengths > 0))
        hits += by_instruction(for_longer.astype(float), rulings.instruction, rulings.instructions)
        trials += by_instruction(decided.astype(float), rulings.instruction, rulings.instructions)
    why = f"no verdict for one side where one answer is {CLEARLY:g} times as long as the other"
    every = np.ones(rulings.attacker_first.shape, dtype=bool)
    beyond = _beyond(rulings, judge, lengths, every, draws, "no other judge ruled where lengths differ clearly")
    return Length(share(hits, trials, 0.5, why), beyond)


def longer_side(rulings: Rulings, answers: Sequence[Row]) -> Reals:
    """Whose answer is clearly longer in characters: 1 attacker, -1 defender, 0 neither; shape (battles,)."""
    size = {(row["instruction_id"], row["expert"]): len(row["answer"]) for row in answers}
    of_a = np.array([size.get((key, a), 0) for key, a, _ in rulings.battles], dtype=float)
    of_b = np.array([size.get((key, b), 0) for key, _, b in rulings.battles], dtype=float)
    clear = np.maximum(of_a, of_b) >= CLEARLY * np.minimum(of_a, of_b)
    return np.where(clear, np.sign(of_a - of_b), 0.0)


def _beyond(rulings: Rulings, judge: int, favoured: Reals, may_compare: Bools, draws: Resampling, why: str) -> Measure:
    """The judge's mean score for the favoured side (1 attacker, -1 defender, 0 none) minus that of the others."""
    scores = rulings.scores
    mine = scores[:, judge]
    others = may_compare & ~np.isnan(scores)
    others[:, judge] = False
    theirs = mean_of(scores, others)
    compared = (favoured != 0) & ~np.isnan(mine) & ~np.isnan(theirs)
    if not compared.any():
        return nothing(why)
    difference = np.where(compared, favoured * (mine - theirs), 0.0)
    sums = [by_instruction(column, rulings.instruction, rulings.instructions) for column in (difference, compared)]
    value = float(difference.sum() / compared.sum())
    return draws.measure(value, np.stack(sums, axis=1), ratio, int(compared.sum()), chance=0.0)


def _share(hits: Bools, chosen: Bools, rulings: Rulings, chance: float | None, why: str) -> Measure:
    where = rulings.instruction[chosen]
    return share(
        by_instruction(hits.astype(float), where, rulings.instructions),
        by_instruction(np.ones(len(where)), where, rulings.instructions),
        chance,
        why,
    )
