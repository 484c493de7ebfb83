"""What ratings are made from, as arrays: decided battles (`Games`) and single votes (`Verdicts`)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from warriorcoder.arena_folder import Row

Bools = NDArray[np.bool_]
Places = NDArray[np.int32]
Reals = NDArray[np.float64]

SCORES = {"a": 1.0, "tie": 0.5, "b": 0.0}
"""What a verdict scores for the answer of model a."""


class Game(NamedTuple):
    """A decided battle: `score_a` is 1 where a won, 0 where b won, 0.5 for a tie."""

    instruction_id: str
    a: str
    b: str
    score_a: float
    weight: float = 1.0


@dataclass(frozen=True)
class Games:
    """Decided battles as arrays of one length.

    `instruction` numbers the instructions from 0, `a` and `b` are places in `models`, `score_a` is
    1, 0.5 or 0 (or a share), and a game of `weight` 2 counts as two.
    """

    models: tuple[str, ...]
    instruction: Places
    a: Places
    b: Places
    score_a: Reals
    weight: Reals

    @classmethod
    def of(cls, games: Iterable[Game], models: Sequence[str]) -> Self:
        """The games in their order. Raises KeyError for a model that is not among `models`."""
        rows = list(games)
        place = {model: number for number, model in enumerate(models)}
        return cls(
            tuple(models),
            _numbered([game.instruction_id for game in rows]),
            np.array([place[game.a] for game in rows], dtype=np.int32),
            np.array([place[game.b] for game in rows], dtype=np.int32),
            np.array([game.score_a for game in rows], dtype=np.float64),
            np.array([game.weight for game in rows], dtype=np.float64),
        )

    def __len__(self) -> int:
        return len(self.a)

    def take(self, places: NDArray[np.integer[Any]] | Bools) -> Self:
        """The games at these places, in that order; the instructions keep their numbers."""
        return type(self)(
            self.models,
            self.instruction[places],
            self.a[places],
            self.b[places],
            self.score_a[places],
            self.weight[places],
        )

    def wins(self) -> Reals:
        """wins[i, j], of shape (models, models): the weight of i's wins over j, a tie counting half for each."""
        size = len(self.models)
        flat = np.bincount(self.a * size + self.b, self.score_a * self.weight, size * size)
        flat += np.bincount(self.b * size + self.a, (1.0 - self.score_a) * self.weight, size * size)
        return flat.reshape(size, size)


@dataclass(frozen=True)
class Verdicts:
    """Votes that have a verdict as arrays of one length.

    `instruction` numbers the instructions from 0, `a` and `b` are places in `models`, `judge` a place
    in `judges`, `a_first` says whether the answer of a was shown first, `score_a` is 1, 0.5 or 0.
    """

    models: tuple[str, ...]
    judges: tuple[str, ...]
    instruction: Places
    a: Places
    b: Places
    judge: Places
    a_first: Bools
    score_a: Reals

    @classmethod
    def of(cls, votes: Iterable[Row], models: Sequence[str]) -> Self:
        """The votes with a verdict, in their order; judges are numbered in order of their names.

        Of a row of the table `votes` the columns instruction_id, model_a, model_b, judge, shown_first
        and verdict are read. Raises KeyError for a model that is not among `models`.
        """
        rows = [vote for vote in votes if vote["verdict"] is not None]
        place = {model: number for number, model in enumerate(models)}
        judges = tuple(sorted({vote["judge"] for vote in rows}))
        seat = {judge: number for number, judge in enumerate(judges)}
        return cls(
            tuple(models),
            judges,
            _numbered([vote["instruction_id"] for vote in rows]),
            np.array([place[vote["model_a"]] for vote in rows], dtype=np.int32),
            np.array([place[vote["model_b"]] for vote in rows], dtype=np.int32),
            np.array([seat[vote["judge"]] for vote in rows], dtype=np.int32),
            np.array([vote["shown_first"] == vote["model_a"] for vote in rows], dtype=np.bool_),
            np.array([SCORES[vote["verdict"]] for vote in rows], dtype=np.float64),
        )

    def __len__(self) -> int:
        return len(self.a)

    def take(self, places: NDArray[np.integer[Any]] | Bools) -> Self:
        """The votes at these places, in that order; instructions and judges keep their numbers."""
        return type(self)(
            self.models,
            self.judges,
            self.instruction[places],
            self.a[places],
            self.b[places],
            self.judge[places],
            self.a_first[places],
            self.score_a[places],
        )


def _numbered(names: Sequence[str]) -> Places:
    """Names as numbers from 0, in the order of the names: the same whatever order they come in."""
    number = {name: place for place, name in enumerate(sorted(set(names)))}
    return np.array([number[name] for name in names], dtype=np.int32)
