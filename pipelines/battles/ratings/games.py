"""What ratings are made from, as arrays: decided battles (`Games`) and single votes (`Verdicts`)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Self, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from warriorcoder.arena_folder import Row

Bools = NDArray[np.bool_]
Places = NDArray[np.int32]
Whole = NDArray[np.integer[Any]]
Reals = NDArray[np.float64]

Votes: TypeAlias = Iterable[Row] | pa.Table
"""Rows of the table `votes`, or the table itself; the columns of `VOTE` are read."""

VOTE = ("instruction_id", "model_a", "model_b", "judge", "shown_first", "verdict")

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

    def take(self, places: Whole | Bools) -> Self:
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
        won = np.bincount(self.a * size + self.b, self.score_a * self.weight, size * size)
        lost = np.bincount(self.b * size + self.a, (1.0 - self.score_a) * self.weight, size * size)
        return np.asarray((won + lost).reshape(size, size), dtype=np.float64)

    def kinds(self) -> tuple[Self, Whole]:
        """The distinct games, instructions aside, and the number of each game's kind among them.

        A million games of twenty models are of some thousand kinds. The kinds' instruction is 0.
        """
        pair = self.a.astype(np.int64) * len(self.models) + self.b
        scores, weights = np.unique(self.score_a), np.unique(self.weight)
        code = (pair * len(scores) + np.searchsorted(scores, self.score_a)) * len(weights)
        code += np.searchsorted(weights, self.weight)
        codes = np.unique(code)
        first, weight = np.divmod(codes, len(weights))
        pairs, score = np.divmod(first, len(scores))
        a, b = np.divmod(pairs.astype(np.int32), np.int32(len(self.models)))
        found = type(self)(self.models, np.zeros(len(codes), dtype=np.int32), a, b, scores[score], weights[weight])
        narrow = np.int16 if len(codes) < np.iinfo(np.int16).max else np.int32
        return found, np.searchsorted(codes, code).astype(narrow)


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
    def of(cls, votes: Votes, models: Sequence[str]) -> Self:
        """The votes with a verdict, in their order; judges and instructions are numbered in order of their names.

        Raises KeyError for a model that is not among `models`.
        """
        table = vote_table(votes)
        table = table.filter(pc.is_valid(table["verdict"]))
        judges = sorted(pc.unique(table["judge"]).to_pylist())
        return cls(
            tuple(models),
            tuple(judges),
            places_of(table["instruction_id"], sorted(pc.unique(table["instruction_id"]).to_pylist())),
            places_of(table["model_a"], models),
            places_of(table["model_b"], models),
            places_of(table["judge"], judges),
            np.asarray(pc.equal(table["shown_first"], table["model_a"]), dtype=np.bool_),
            np.array(list(SCORES.values()))[places_of(table["verdict"], list(SCORES))],
        )

    def __len__(self) -> int:
        return len(self.a)

    def take(self, places: Whole | Bools) -> Self:
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


def vote_table(votes: Votes) -> pa.Table:
    """The columns of `VOTE`; what a row does not have is null."""
    if isinstance(votes, pa.Table):
        return votes.select(VOTE)
    return pa.Table.from_pylist(list(votes), schema=pa.schema([(name, pa.string()) for name in VOTE]))


def places_of(column: pa.ChunkedArray, names: Sequence[str]) -> Places:
    """The place of each name in `names`. Raises KeyError for one that is not there."""
    places = pc.index_in(column, pa.array(names, pa.string()))
    if places.null_count:
        raise KeyError(column.filter(pc.is_null(places))[0].as_py())
    return np.asarray(places, dtype=np.int32)


def _numbered(names: Sequence[str]) -> Places:
    """Names as numbers from 0, in the order of the names: the same whatever order they come in."""
    number = {name: place for place, name in enumerate(sorted(set(names)))}
    return np.array([number[name] for name in names], dtype=np.int32)
