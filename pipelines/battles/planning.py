"""Which battles to fight next, so that they tell most about the ratings for the judge calls that they take."""

import numpy as np

from warriorcoder.pipelines.battles.information import (
    Bools,
    Places,
    Reals,
    battle_variances,
    doubts,
    gains,
    incidence_of,
    one_more,
    prior,
    told,
)
from warriorcoder.pipelines.battles.ratings.bradley_terry import covariance

STEPS = 64
"""A round is planned in at least so many steps; within one, a battle is taken on several like instructions at once."""

TOLERANCE = 1e-9
"""Gains that differ by so small a share are equal: the last digits differ from machine to machine."""


class Board:
    """The instructions by their state: which pairs fought, and which may yet fight. Those in one state are alike.

    `decided` and `possible` have the shape (instructions, pairs), pairs as `information.pairs_of` has them: battles
    with a verdict, and battles that may yet be fought. Of like instructions the first ones are taken first.
    """

    def __init__(self, decided: Bools, possible: Bools) -> None:
        both = np.concatenate([decided, possible], axis=1)
        _, first, state = np.unique(np.packbits(both, axis=1), axis=0, return_index=True, return_inverse=True)
        order = np.argsort(state.ravel(), kind="stable")
        ends = np.cumsum(np.bincount(state.ravel(), minlength=len(first)))
        self._decided = [decided[place] for place in first]
        self._possible = [possible[place] for place in first]
        # Taken from their ends, hence the last instruction first.
        self._members = [order[start:end][::-1].tolist() for start, end in zip([0, *ends[:-1]], ends, strict=True)]
        self._states = {
            _key(*each): number for number, each in enumerate(zip(self._decided, self._possible, strict=True))
        }

    def information(self, variances: Reals, experts: int) -> Reals:
        """What the prior and all decided battles tell about the skills, of shape (experts, experts)."""
        counts = np.array([len(members) for members in self._members], dtype=np.float64)
        return prior(experts) + np.tensordot(counts, told(np.array(self._decided), variances), 1)

    def plan(self, skills: Reals, costs: Places, number: int, calls: int) -> list[tuple[int, int]]:
        """The next `number` battles as (instruction, pair), as far as `calls` judge calls reach; `costs` has the calls
        of each pair.

        Battles are chosen one after another, given all before them, each for the greatest expected reduction, a call,
        of sum_ij w_ij Var(skill_i - skill_j), w_ij being the chance that the order of i and j is not the one found.
        Instructions on which nobody fought come first, so that each has a battle where the calls allow it.
        """
        experts = len(skills)
        even = np.full(len(costs), 4.0)
        variances = battle_variances(skills, covariance(self.information(even, experts)))
        information = self.information(variances, experts)
        known = told(np.array(self._decided), variances)
        step = max(1, number // STEPS)
        chosen: list[tuple[int, int]] = []
        while len(chosen) < number:
            spread = covariance(information)
            worth = gains(known, variances, spread, doubts(skills, spread)) / np.maximum(costs, 1)
            best = self._best(worth, costs, calls)
            if best is None:
                break
            state, pair = best
            taken = self._fight(state, pair, min(step, number - len(chosen), calls // int(costs[pair])))
            chosen += [(place, pair) for place in taken]
            calls -= len(taken) * int(costs[pair])
            left, rest = one_more(known[state], variances)
            term = left @ incidence_of(experts)[pair]
            information = information + len(taken) * np.outer(term, term) / rest[pair]
            if len(self._decided) > len(known):
                known = np.concatenate([known, told(self._decided[-1], variances)[None]])
        return chosen

    def _best(self, worth: Reals, costs: Places, calls: int) -> tuple[int, int] | None:
        """The state and the pair that are worth most, None where no battle is left that the calls reach for."""
        there = np.array([len(members) > 0 for members in self._members])
        may = np.array(self._possible) & there[:, None] & (costs <= calls)
        fresh = may & ~np.any(self._decided, axis=1, keepdims=True)
        may = fresh if fresh.any() else may
        states, pairs = np.nonzero(may)
        if not len(states):
            return None
        values = worth[states, pairs]
        best = int(np.argmax(values >= values.max() - TOLERANCE * abs(values.max())))
        return int(states[best]), int(pairs[best])

    def _fight(self, state: int, pair: int, most: int) -> list[int]:
        """Move up to `most` instructions on to the state in which the pair has fought."""
        members = self._members[state]
        taken = [members.pop() for _ in range(min(most, len(members)))]
        decided, possible = self._decided[state].copy(), self._possible[state].copy()
        decided[pair], possible[pair] = True, False
        after = self._states.setdefault(_key(decided, possible), len(self._decided))
        if after == len(self._decided):
            self._decided.append(decided)
            self._possible.append(possible)
            self._members.append([])
        self._members[after] = taken[::-1] + self._members[after]
        return taken


def _key(decided: Bools, possible: Bools) -> bytes:
    return decided.tobytes() + possible.tobytes()
