"""The recipe's floor: which judges are below it, and what their votes are worth then."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from warriorcoder.arena_folder import Row
from warriorcoder.pipelines.battles.audit.leanings import consistency, first
from warriorcoder.pipelines.battles.audit.measures import Measure
from warriorcoder.pipelines.battles.audit.rulings import Rulings
from warriorcoder.recipe_battles import EXECUTION_JUDGE, Battles, Floor

FEWEST_VERDICTS = 8
"""Votes, battles or verdicts that a judge is measured by, before it can be below a floor."""


@dataclass(frozen=True)
class Standing:
    """What the floor is compared with: votes asked and missing, consistency, the share for the answer shown first."""

    judge: str
    asked: int
    missing: int
    consistency: Measure
    first: Measure

    @property
    def place(self) -> str:
        """The place that it chooses more often, first or second."""
        return "first" if self.first.value is None or self.first.value >= 0.5 else "second"

    @property
    def same_place(self) -> float | None:
        """The share of its verdicts for one side that go to that place; None without such verdicts."""
        return None if self.first.value is None else max(self.first.value, 1 - self.first.value)


@dataclass(frozen=True)
class Breach:
    """A floor that a judge does not keep: the recipe's key, the judge's figure and the recipe's."""

    key: str
    value: float
    floor: float


def standings(votes: Sequence[Row]) -> dict[str, Standing]:
    """How every judge of some votes stands, in order of their names."""
    rulings = Rulings.of(votes)
    asked, missing = dict.fromkeys(rulings.judges, 0), dict.fromkeys(rulings.judges, 0)
    for vote in votes:
        asked[vote["judge"]] += 1
        missing[vote["judge"]] += vote["verdict"] is None
    return {
        name: Standing(name, asked[name], missing[name], consistency(rulings, seat), first(rulings, seat))
        for seat, name in enumerate(rulings.judges)
    }


def breaches(standing: Standing, floor: Floor) -> list[Breach]:
    """The floors that a judge does not keep; the execution judge, which reads no prompt, is held to none.

    A figure from fewer than eight votes, battles or verdicts for one side is not compared.
    """
    if standing.judge == EXECUTION_JUDGE:
        return []
    found = []
    if standing.asked >= FEWEST_VERDICTS and standing.missing / standing.asked > floor.missing:
        found.append(Breach("missing", standing.missing / standing.asked, floor.missing))
    same_place = standing.same_place
    if same_place is not None and standing.first.of >= FEWEST_VERDICTS and same_place > floor.same_place:
        found.append(Breach("same_place", same_place, floor.same_place))
    steady = standing.consistency
    if steady.value is not None and steady.of >= FEWEST_VERDICTS and steady.value < floor.consistency:
        found.append(Breach("consistency", steady.value, floor.consistency))
    return found


def judge_weights(every: Mapping[str, Standing], battles: Battles) -> dict[str, float]:
    """What a vote of each judge counts; judges that are not named count 1. Everything that counts votes goes by it.

    The execution judge's votes count `recipe_weights`, those of judges below the floor 0 to 1. `flag`: 1, nobody is
    named. `leave_out`: 0. `down_weight`: max(0, 2 c - 1), c being the lower end of the 95 % interval of the judge's
    consistency. Where a judge decides a share w of the battles by their
    answers and the others by a coin, its two orders agree in c = w + (1 - w) / 2 of them, so w = 2 c - 1:
    Bennett, Alpert and Goldstein's S for two verdicts (1954, Public Opinion Quarterly 18). The lower end,
    since a judge is not to be trusted for having judged little. A judge without a battle in both orders
    counts 0.
    """
    weights = {judge: weight for judge, weight in recipe_weights(battles).items() if judge in every}
    if battles.below_floor == "flag":
        return weights
    for standing in every.values():
        if breaches(standing, battles.floor):
            steady = max(0.0, 2 * (standing.consistency.low or 0.0) - 1)
            weights[standing.judge] = 0.0 if battles.below_floor == "leave_out" else steady
    return weights


def recipe_weights(battles: Battles) -> dict[str, float]:
    """What votes count by the recipe alone: the execution judge's `battles.execution_weight`, 0 where there is none."""
    return {} if battles.execution_weight == 1 else {EXECUTION_JUDGE: battles.execution_weight or 0.0}
