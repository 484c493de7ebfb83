"""`active` pairing: rounds of battles, each where the verdicts so far say that it tells most, under a budget."""

from collections.abc import Sequence

import numpy as np

from warriorcoder.pipelines.battles.information import Bools, Places, experts_of, pairs_of
from warriorcoder.pipelines.battles.planning import Board
from warriorcoder.pipelines.battles.ratings.bradley_terry import strengths

OPENING = 4
"""Every two experts fight so often in the first round."""

GROWTH = 4
"""A later round has a quarter of the battles before it. Errors of ratings fall with the root of the battles, by a tenth
within a round: to plan anew more often would change little. And there are few rounds, their number growing with the
logarithm of the battles, so that the judges' endpoints seldom wait for a round's last call."""


class Active:
    """The rounds: `next_round`, have it judged, `learn`, until a round is empty.

    The same verdicts give the same rounds. `possible`, of shape (instructions, pairs), says which battles there may
    be, pairs as `information.pairs_of` has them; `costs` has the judge calls that each pair takes, `calls` is how many
    there may be in all. Battles that take none are fought first, then those of the rounds `before`, which an earlier
    run judged.
    """

    def __init__(self, possible: Bools, costs: Places, calls: int, before: Sequence[Places] = ()) -> None:
        self._open = possible.copy()
        self._costs = costs
        self._pairs = pairs_of(experts_of(len(costs)))
        self._before = [np.argwhere(possible & (costs == 0)), *before]
        self._decided = np.zeros_like(possible)
        self._wins = np.zeros((experts_of(len(costs)),) * 2)
        self._fought = 0
        self._round = np.empty((0, 2), dtype=np.int64)
        self.left = calls

    def next_round(self) -> Places:
        """The battles to judge now as (instruction, pair), of shape (battles, 2); none when it is over."""
        while self._before:
            known = self._before.pop(0)
            known = known[self._open[known[:, 0], known[:, 1]]]
            known = known[np.cumsum(self._costs[known[:, 1]]) <= self.left]
            if len(known):
                return self._begin(known)
        number = max(OPENING * len(self._pairs), self._fought // GROWTH)
        board = Board(self._decided, self._open)
        chosen = board.plan(strengths(self._wins), self._costs, number, self.left)
        return self._begin(np.array(chosen, dtype=np.int64).reshape(-1, 2))

    def learn(self, scores: Sequence[float | None], calls: int) -> None:
        """Take in the round's verdicts: 1 where a pair's first expert won, 0.5, 0, None where undecided; and the judge
        calls that were made for them, those that were asked again included."""
        self.left -= calls
        for (instruction, pair), score in zip(self._round.tolist(), scores, strict=True):
            if score is not None:
                self._decided[instruction, pair] = True
                a, b = self._pairs[pair]
                self._wins[a, b] += score
                self._wins[b, a] += 1.0 - score

    def _begin(self, chosen: Places) -> Places:
        self._open[chosen[:, 0], chosen[:, 1]] = False
        self._fought += len(chosen)
        self._round = chosen
        return chosen
