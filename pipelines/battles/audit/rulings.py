"""The votes as the audit reads them: what each judge said on each battle, in each order."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from warriorcoder.arena_folder import Row
from warriorcoder.pipelines.battles.audit.measures import Places, Reals
from warriorcoder.pipelines.battles.ratings.games import SCORES
from warriorcoder.recount import Battle, fought

Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Rulings:
    """Votes as arrays of shape (battles, judges), battles and judges in order of their names.

    `attacker_first` and `defender_first` are the verdicts in the two orders as scores of the
    attacker: 1, 0.5 or 0, NaN where there is none. `instruction`, of shape (battles,), numbers the
    instructions from 0 to `instructions`.
    """

    judges: tuple[str, ...]
    battles: tuple[Battle, ...]
    instruction: Places
    instructions: int
    attacker_first: Reals
    defender_first: Reals

    @classmethod
    def of(cls, votes: Sequence[Row]) -> Self:
        """The rows of the table `votes`, in any order."""
        judges, battles = sorted({vote["judge"] for vote in votes}), sorted({fought(vote) for vote in votes})
        seat, place = _places(judges), _places(battles)
        scores = np.full((2, len(battles), len(judges)), np.nan)
        for vote in votes:
            if vote["verdict"] is not None:
                order = int(vote["shown_first"] != vote["model_a"])
                scores[order, place[fought(vote)], seat[vote["judge"]]] = SCORES[vote["verdict"]]
        number = _places(sorted({battle[0] for battle in battles}))
        instruction = np.array([number[battle[0]] for battle in battles], dtype=np.int32)
        return cls(tuple(judges), tuple(battles), instruction, len(number), scores[0], scores[1])

    @property
    def scores(self) -> Reals:
        """What a judge gives the attacker of a battle: the mean over the orders that have a verdict, NaN without."""
        both = np.stack([self.attacker_first, self.defender_first])
        given = (~np.isnan(both)).sum(axis=0)
        return np.where(given > 0, np.nansum(both, axis=0) / np.maximum(given, 1), np.nan)

    @property
    def sides(self) -> Reals:
        """The judge's verdict on a battle: 1 attacker, 0 tie, -1 defender, NaN none.

        A win in one order and a loss in the other is a tie, as in Zheng et al. (arXiv 2306.05685).
        """
        return side(self.scores)

    def judge(self, name: str) -> int:
        """The column of a judge."""
        return self.judges.index(name)


def side(scores: Reals) -> Reals:
    """Which side a score of the attacker is on: 1, 0 or -1; NaN stays."""
    sides: Reals = np.sign(scores - 0.5)
    return sides


def mean_of(scores: Reals, chosen: Bools) -> Reals:
    """The mean score of the attacker over the judges in a mask of the scores' shape; NaN where none of them voted."""
    scores = np.where(chosen, scores, np.nan)
    given = (~np.isnan(scores)).sum(axis=1)
    return np.where(given > 0, np.nansum(scores, axis=1) / np.maximum(given, 1), np.nan)


def _places(names: Iterable[str] | Iterable[Battle]) -> dict[object, int]:
    return {name: place for place, name in enumerate(names)}
