"""From votes to battles, and from battles to the final score of each answer."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from warriorcoder.arena_folder import Row
from warriorcoder.pipelines.battles.ratings.elo import expected_score
from warriorcoder.pipelines.battles.ratings.games import (
    Bools,
    Game,
    Games,
    Places,
    Reals,
    Votes,
    Whole,
    places_of,
    vote_table,
)

VERDICTS = ("a", "b", "tie")
VOTED = ["instruction_id", "model_a", "model_b", "judge", "shown_first", "verdict", "missing"]
"""The columns of `votes` that ratings and audits read; what the judges wrote is most of the table."""
EVEN = 1e-9
"""A local score this close to a half is a tie: sums of judges' weights round."""


class Battle(NamedTuple):
    """The votes of one battle, counted. `local_a` is None without a verdict, `consistency` where no judge gave two."""

    instruction_id: str
    attacker: str
    defender: str
    votes_a: int
    votes_b: int
    ties: int
    missing: int
    local_a: float | None
    consistency: float | None

    @property
    def decided(self) -> bool:
        return self.local_a is not None

    @property
    def winner(self) -> str | None:
        """Who has the higher local score, or tie; None where no vote counts."""
        names = {1.0: self.attacker, 0.5: "tie", 0.0: self.defender}
        return None if self.local_a is None else names[battle_score(self.local_a)]

    @property
    def game(self) -> Game:
        """The battle as ratings see it: S is 1, 0.5 or 0. Raises ValueError where it is undecided."""
        if self.local_a is None:
            raise ValueError(f"the battle on {self.instruction_id} is undecided")
        return Game(self.instruction_id, self.attacker, self.defender, battle_score(self.local_a))


def battle_score(local_a: float) -> float:
    """S of the attacker, 1, 0.5 or 0, from its local score: who has more than half won."""
    return 0.5 if abs(local_a - 0.5) <= EVEN else float(local_a > 0.5)


@dataclass(frozen=True)
class Battles:
    """Battles as arrays of one length; iterating gives each as a `Battle`.

    `instruction` are places in `ids`, `attacker` and `defender` in `models`, both sorted. `local_a` and
    `consistency` are NaN where a `Battle` has None.
    """

    ids: tuple[str, ...]
    models: tuple[str, ...]
    instruction: Whole
    attacker: Whole
    defender: Whole
    votes_a: Whole
    votes_b: Whole
    ties: Whole
    missing: Whole
    local_a: Reals
    consistency: Reals

    def __len__(self) -> int:
        return len(self.local_a)

    def __iter__(self) -> Iterator[Battle]:
        for row in zip(*(column.tolist() for column in self._columns()), strict=True):
            instruction, attacker, defender, for_a, for_b, ties, missing, local_a, consistency = row
            yield Battle(
                self.ids[instruction],
                self.models[attacker],
                self.models[defender],
                for_a,
                for_b,
                ties,
                missing,
                None if local_a != local_a else local_a,
                None if consistency != consistency else consistency,
            )

    def take(self, places: Whole) -> "Battles":
        """The battles at these places, in that order."""
        return Battles(self.ids, self.models, *(column[places] for column in self._columns()))

    def in_order_of_names(self) -> "Battles":
        """By instruction, attacker, defender: the same order, whatever order the votes came in."""
        return self.take(np.lexsort((self.defender, self.attacker, self.instruction)))

    @property
    def decided(self) -> Bools:
        return ~np.isnan(self.local_a)

    def score_a(self) -> Reals:
        """`battle_score` of each battle; undecided ones have NaN."""
        wins = np.where(np.abs(self.local_a - 0.5) <= EVEN, 0.5, (self.local_a > 0.5).astype(np.float64))
        return np.where(self.decided, wins, np.nan)

    def games(self, models: Sequence[str]) -> Games:
        """The decided battles in their order. Raises KeyError for a model that is not among `models`."""
        place = {model: number for number, model in enumerate(models)}
        names = np.array([place[model] for model in self.models], dtype=np.int32)
        kept = self.take(np.flatnonzero(self.decided))
        return Games(
            tuple(models),
            kept.instruction.astype(np.int32),
            names[kept.attacker],
            names[kept.defender],
            kept.score_a(),
            np.ones(len(kept)),
        )

    def _columns(self) -> tuple[Any, ...]:
        return (
            self.instruction,
            self.attacker,
            self.defender,
            self.votes_a,
            self.votes_b,
            self.ties,
            self.missing,
            self.local_a,
            self.consistency,
        )


def count_votes(votes: Votes, weights: Mapping[str, float] | None = None) -> Battles:
    """The battles of the table `votes`, in the order of their first votes.

    `weights` are what the votes of each judge count, 1 where it is not named: they make the local scores,
    and by these the winners. Votes of weight 0 count nowhere, all others are one vote each in the counts of votes and
    the consistency. With 0 for all its judges a battle is undecided.
    """
    table = vote_table(votes)
    ids = tuple(sorted(pc.unique(table["instruction_id"]).to_pylist()))
    models = tuple(sorted({*pc.unique(table["model_a"]).to_pylist(), *pc.unique(table["model_b"]).to_pylist()}))
    judges = sorted(pc.unique(table["judge"]).to_pylist())
    instruction, a, b = (
        places_of(table[name], names)
        for name, names in (("instruction_id", ids), ("model_a", models), ("model_b", models))
    )
    key = (instruction.astype(np.int64) * len(models) + a) * len(models) + b
    _, first, battle = np.unique(key, return_index=True, return_inverse=True)
    order = np.argsort(first)
    battle = np.argsort(order)[battle]
    first = first[order]
    judge = places_of(table["judge"], judges)
    verdict = np.asarray(pc.fill_null(pc.index_in(table["verdict"], pa.array(VERDICTS)), -1), dtype=np.int8)
    weight = np.array([(weights or {}).get(name, 1.0) for name in judges])[judge]
    counts = weight > 0
    votes_a, votes_b, tied, missing = (
        np.bincount(battle[counts & (verdict == code)], minlength=len(first)).astype(np.int32) for code in (0, 1, 2, -1)
    )
    for_a, for_b, ties = (
        np.bincount(battle[verdict == code], weight[verdict == code], len(first)) for code in range(len(VERDICTS))
    )
    with np.errstate(invalid="ignore"):
        local_a = (for_a + ties / 2) / (for_a + for_b + ties)
    consistency = _consistency(battle[counts], judge[counts], verdict[counts], len(first))
    sides = instruction[first], a[first], b[first]
    return Battles(ids, models, *sides, votes_a, votes_b, tied, missing, local_a, consistency)


def _consistency(battle: Whole, judge: Places, verdict: Whole, battles: int) -> Reals:
    """For each battle the share of the judges with two verdicts whose verdicts agree; NaN where there is none."""
    given = np.flatnonzero(verdict >= 0)
    given = given[np.lexsort((judge[given], battle[given]))]
    seat = battle[given] * (int(judge.max(initial=0)) + 1) + judge[given]
    _, begin, count = np.unique(seat, return_index=True, return_counts=True)
    begin = begin[count == 2]
    agree = verdict[given[begin]] == verdict[given[begin + 1]] if len(begin) else np.empty(0, dtype=np.bool_)
    both = np.bincount(battle[given[begin]], minlength=battles)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.bincount(battle[given[begin]], agree, battles) / both)


def local_score(votes_for: float, votes_against: float, ties: float = 0) -> float | None:
    """x(A>B) = t_A / (t_A + t_B), t being votes, a tie half a vote for each (arXiv 2412.17395); None without votes."""
    total = votes_for + votes_against + ties
    return (votes_for + ties / 2) / total if total else None


def final_score(battles: Iterable[tuple[float, float]], alpha: float) -> float:
    """e(A) = mean over A's battles with each B of alpha X(A>B) + (1 - alpha) x(A>B) (arXiv 2412.17395).

    `battles` are pairs (X, x): the expected score by the final Elo ratings, and the local score. The paper
    sums; the mean compares answers that fought unequal numbers of battles. Raises ValueError without battles.
    """
    parts = [alpha * expected + (1.0 - alpha) * local for expected, local in battles]
    if not parts:
        raise ValueError("an answer without a decided battle has no final score")
    return sum(parts) / len(parts)


def final_scores(battles: Iterable[Row], ratings: Mapping[str, float], alpha: float) -> dict[tuple[str, str], float]:
    """The `final_score` of each answer, by (instruction_id, expert), from rows of the table `battles`.

    Answers without a decided battle have none. Values lie in [0, 1].
    """
    fought: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for battle in battles:
        if battle["local_a"] is None:
            continue
        a, b = battle["attacker"], battle["defender"]
        expected_a = expected_score(ratings[a], ratings[b])
        fought.setdefault((battle["instruction_id"], a), []).append((expected_a, battle["local_a"]))
        fought.setdefault((battle["instruction_id"], b), []).append((1.0 - expected_a, battle["local_b"]))
    return {key: final_score(pairs, alpha) for key, pairs in fought.items()}


def gold_answer(scores: Mapping[str, float], ratings: Mapping[str, float]) -> str:
    """The expert whose answer to an instruction becomes the gold answer: max over A of e(A) (arXiv 2412.17395).

    `scores` are the final scores of the answers by expert. Among equals the higher rating has it, then the name.
    """
    return min(scores, key=lambda expert: (-scores[expert], -ratings[expert], expert))
