"""The battles of an arena, in rounds: all at once, or, for `active` pairing, each round where the verdicts lead."""

import json
from collections.abc import Iterable, Sequence

import numpy as np

from warriorcoder.arena_folder import ArenaFolder, Row
from warriorcoder.errors import RunFailed
from warriorcoder.ids import seed_from
from warriorcoder.pipelines.battles.active import Active
from warriorcoder.pipelines.battles.audit.floor import recipe_weights
from warriorcoder.pipelines.battles.information import Places, pairs_of
from warriorcoder.pipelines.battles.pairing import Pair
from warriorcoder.pipelines.battles.scores import count_votes
from warriorcoder.recipe import Recipe
from warriorcoder.recipe_battles import EXECUTION_JUDGE

Judged = tuple[Pair, Sequence[str]]
"""A battle and its judges."""


class Campaign:
    """`next_round`, have it judged, `learn`; until a round is empty.

    `left` is how many judge calls may yet be made, None without a limit.

    `judged` are the battles that there may be, as `pairing.pairs` gives them; those without a judge are left out.
    `active` pairing fights as many as `battles.calls` allows: after the rounds `before` of an earlier run, those that
    tell most. Instructions are taken in an order drawn from the seed and their ids, so that it does not matter how
    they came in. Raises RunFailed where the calls do not reach for one battle.
    """

    def __init__(self, recipe: Recipe, judged: Iterable[Judged], before: Sequence[Sequence[Pair]] = ()) -> None:
        self._every = [(pair, judges) for pair, judges in judged if judges]
        self._weights = recipe_weights(recipe.battles)
        self.rounds: list[list[Pair]] = []
        self._active: Active | None = None
        if recipe.battles.pairing == "active":
            self._name_places(recipe)
            self._active = self._prepared(recipe, before)

    @property
    def left(self) -> int | None:
        return None if self._active is None else self._active.left

    def next_round(self) -> list[Judged]:
        """The battles to judge now; none when it is over."""
        if self._active is None:
            found = [] if self.rounds else self._every
        else:
            places = map(tuple, self._active.next_round().tolist())
            found = [self._every[self._by_place[place]] for place in places]
        self.rounds.append([pair for pair, _ in found])
        return found

    def learn(self, votes: Iterable[Row], calls: int) -> None:
        """Take in the round's votes, and the judge calls that they took, those asked again included."""
        if self._active is None:
            return
        scores = {}
        for battle in count_votes(votes, self._weights):
            if battle.decided:
                first = self._experts[battle.attacker] < self._experts[battle.defender]
                score = battle.game.score_a
                scores[Pair(battle.instruction_id, battle.attacker, battle.defender)] = score if first else 1 - score
        self._active.learn([scores.get(pair) for pair in self.rounds[-1]], calls)

    def open_battles(self) -> list[Judged]:
        """The battles that have not been in a round."""
        fought = {pair for each in self.rounds for pair in each}
        return [each for each in self._every if each[0] not in fought]

    def _name_places(self, recipe: Recipe) -> None:
        """Number the experts, their pairs, the instructions; and the battles by them."""
        self._experts = {expert.name: place for place, expert in enumerate(recipe.experts)}
        self._pairs = {(a, b): place for place, (a, b) in enumerate(pairs_of(len(self._experts)).tolist())}
        identities = {pair.instruction_id for pair, _ in self._every}
        ordered = sorted(identities, key=lambda identity: (seed_from(recipe.seed, "active", identity), identity))
        self._instructions = {identity: place for place, identity in enumerate(ordered)}
        self._by_place = {self._place(pair): number for number, (pair, _) in enumerate(self._every)}

    def _place(self, pair: Pair) -> tuple[int, int]:
        first, second = sorted((self._experts[pair.attacker], self._experts[pair.defender]))
        return self._instructions[pair.instruction_id], self._pairs[first, second]

    def _prepared(self, recipe: Recipe, before: Sequence[Sequence[Pair]]) -> Active:
        possible = np.zeros((len(self._instructions), len(self._pairs)), dtype=np.bool_)
        costs = np.zeros(len(self._pairs), dtype=np.int64)
        for (instruction, pair), number in self._by_place.items():
            possible[instruction, pair] = True
            costs[pair] = calls_for(self._every[number][1])
        calls = recipe.battles.calls_of(int((possible * costs).sum()))
        cheapest = int(costs[possible.any(axis=0)].min(initial=np.iinfo(np.int64).max))
        if self._every and cheapest > calls:
            raise RunFailed(
                f"battles.calls allows {calls} judge calls, but a battle takes {cheapest}: {cheapest // 2} judges, "
                f"each in both orders. Give battles.calls: {cheapest} or more, or battles.pairing: round_robin."
            )
        return Active(possible, costs, calls, [self._places(each) for each in before])

    def _places(self, pairs: Iterable[Pair]) -> Places:
        known = [
            self._place(pair)
            for pair in pairs
            if pair.instruction_id in self._instructions and {pair.attacker, pair.defender} <= self._experts.keys()
        ]
        return np.array(known, dtype=np.int64).reshape(-1, 2)


def calls_for(judges: Sequence[str]) -> int:
    """The judge calls that a battle takes where none is asked again: both orders; the execution judge is free."""
    return 2 * sum(judge != EXECUTION_JUDGE for judge in judges)


def read_rounds(folder: ArenaFolder) -> list[list[Pair]]:
    """The rounds that the arena's last finished judging had; none where it had none or nobody can read them."""
    try:
        written = json.loads((folder.work / "rounds.json").read_text(encoding="utf-8"))
        return [[Pair(*fields) for fields in each] for each in written]
    except (OSError, ValueError, TypeError):
        return []


def write_rounds(folder: ArenaFolder, rounds: Sequence[Sequence[Pair]]) -> None:
    """Note the rounds of a finished judging, so that a larger arena begins with what is judged.

    It is not written before the end: a run that goes on after a stop takes the same way as one that was not stopped.
    """
    rows = [[[pair.instruction_id, pair.attacker, pair.defender] for pair in each] for each in rounds if each]
    folder.write_text(folder.work / "rounds.json", json.dumps(rows, ensure_ascii=False) + "\n")
