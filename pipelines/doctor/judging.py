"""Can it judge: pairs with a known winner, in both orders, by the recipe's own judge prompt."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import combinations

import yaml

from warriorcoder.intervals import wilson_interval
from warriorcoder.pipelines.battles.judging import verdict_call
from warriorcoder.pipelines.battles.pairing import Pair, judges_of
from warriorcoder.pipelines.battles.verdicts import FORMS, Verdict, read_verdict
from warriorcoder.pipelines.doctor.findings import Cell, green, red, yellow
from warriorcoder.pipelines.endpoints.calls import Call, Reply
from warriorcoder.pipelines.mining.grading import graders_of
from warriorcoder.recipe import Expert, Recipe
from warriorcoder.recipe_battles import EXECUTION_JUDGE, Battles
from warriorcoder.tables import BANDS

FIRST_PAIRS = 3
"""So many pairs at first; the others where those do not settle the matter."""

COIN = 0.25
"""Who tosses a coin for each vote is right in both orders of a pair with this probability."""


@dataclass(frozen=True)
class KnownPair:
    """An instruction with a right and a wrong answer. `fault` says what is wrong, `test` is code that shows it."""

    name: str
    instruction: str
    right: str
    wrong: str
    fault: str
    test: str


@cache
def known_pairs() -> tuple[KnownPair, ...]:
    """The pairs, in the order in which they are asked."""
    text = files(__package__).joinpath("pairs.yaml").read_text(encoding="utf-8")
    return tuple(KnownPair(**entry) for entry in yaml.safe_load(text))


def judges_and_graders(recipe: Recipe, weights: Mapping[str, str]) -> tuple[set[str], set[str]]:
    """The experts that will judge battles, and those that will grade instructions."""
    experts = recipe.experts
    judges = {
        judge
        for one, other in combinations(experts, 2)
        for judge in judges_of(Pair("", one.name, other.name), experts, weights, recipe.battles)
    }
    graders = {grader.name for expert in experts for grader in graders_of(recipe, expert.name, dict(weights))}
    return judges - {EXECUTION_JUDGE}, graders


def calls_for(recipe: Recipe, judge: Expert, pairs: Sequence[KnownPair]) -> list[Call]:
    """Two votes a pair: the right answer shown first, then second."""
    return [
        verdict_call(recipe, judge, pair.instruction, shown, 0)
        for pair in pairs
        for shown in ((pair.right, pair.wrong), (pair.wrong, pair.right))
    ]


@dataclass(frozen=True)
class JudgeRecord:
    """A judge's verdicts on pairs with a known winner, `a` being the right answer: one tuple a pair, both orders."""

    verdicts: tuple[tuple[Verdict | None, Verdict | None], ...]
    cut_off: int
    out_of_form: int

    @property
    def votes(self) -> int:
        return 2 * len(self.verdicts)

    @property
    def right(self) -> int:
        return sum(verdict == "a" for both in self.verdicts for verdict in both)

    @property
    def missing(self) -> int:
        return sum(verdict is None for both in self.verdicts for verdict in both)

    @property
    def sure(self) -> int:
        """Pairs decided rightly in both orders."""
        return sum(both == ("a", "a") for both in self.verdicts)

    @property
    def consistent(self) -> int:
        """Pairs with the same verdict in both orders."""
        return sum(first is not None and first == second for first, second in self.verdicts)

    @property
    def for_first(self) -> int:
        """Verdicts for the answer that was shown first."""
        return sum((first == "a") + (second == "b") for first, second in self.verdicts)

    @property
    def for_second(self) -> int:
        return sum((first == "b") + (second == "a") for first, second in self.verdicts)

    @property
    def settled(self) -> bool:
        """Whether more pairs would hardly change it: all are right, all say nothing, or all are for one side."""
        return self.votes in (2 * self.sure, self.missing, self.for_first, self.for_second)


def record_of(replies: Sequence[Reply], battles: Battles) -> JudgeRecord:
    """The record of the replies to `calls_for`, in their order."""
    read = [
        read_verdict(reply.text, reply.finish_reason, swapped=bool(number % 2)) for number, reply in enumerate(replies)
    ]
    verdicts, form = [verdict for verdict, _ in read], FORMS[battles.prompt]
    return JudgeRecord(
        tuple(zip(verdicts[::2], verdicts[1::2], strict=True)),
        sum(reply.finish_reason == "length" for reply in replies),
        sum(battles.constrained and not re.fullmatch(form.regex, reply.text.strip()) for reply in replies),
    )


@dataclass(frozen=True)
class Office:
    """What a judge's verdicts are for. `only` says that without them nobody would be rated."""

    judges: bool
    only: bool


def judge_cell(record: JudgeRecord, recipe: Recipe, office: Office) -> Cell:
    """The verdict on a judge."""
    pairs, votes = len(record.verdicts), record.votes
    low, high = wilson_interval(record.sure, pairs)
    word = f"{record.sure}/{pairs}"
    found = (
        f"right in {record.right} of {votes} votes, and in both orders in {record.sure} of {pairs} pairs (between "
        f"{low:.0%} and {high:.0%} with so few; a coin: {COIN:.0%}); the same verdict in both orders in "
        f"{record.consistent} of {pairs}"
    )
    if record.missing / votes > recipe.battles.floor.missing:
        colour = red if office.only and record.missing == votes else yellow
        found = f"no readable verdict in {record.missing} of {votes} votes"
        return colour("no verdict", found, _unreadable(record, recipe))
    decided = record.for_first + record.for_second
    where, most = max(("first", record.for_first), ("second", record.for_second), key=lambda each: each[1])
    if decided and most / decided > recipe.battles.floor.same_place:
        return yellow(
            f"always {where}",
            f"chose the answer shown {where} in {most} of {decided} verdicts for one side; {found}",
            f"It does not read the answers. {_other_judges(recipe, office)}",
        )
    if low <= COIN:
        return yellow(
            word, found, f"That is no better than a coin, as far as so few pairs tell. {_other_judges(recipe, office)}"
        )
    return green(word, found)


def _other_judges(recipe: Recipe, office: Office) -> str:
    """What to do about a judge that cannot judge, given what the recipe has already."""
    if not office.judges:
        if set(recipe.curation.keep_bands) == set(BANDS):
            return "It judges no battle here. It grades instructions, which does no harm while all bands are kept."
        return (
            "It judges no battle here, but its grades decide which instructions are kept, and may be no better: name "
            "others in curation.graders, or keep all bands (curation.keep_bands)."
        )
    leave_out = "Leave it out of battles.judges (a list of those who can)"
    if recipe.battles.execution_weight:
        return f"{leave_out}; the execution judge votes beside it, wherever running the answers' code tells something."
    return f"{leave_out}, and set battles.execution_weight: 1, which votes on what running the answers' code shows."


def _unreadable(record: JudgeRecord, recipe: Recipe) -> str:
    battles = recipe.battles
    if battles.constrained and record.out_of_form:
        return "battles.constrained is set, yet the answers are out of form: is endpoint.structured this server's way?"
    if 2 * record.cut_off > record.votes:
        return f"Its answers are cut off before the verdict: raise battles.max_tokens ({battles.max_tokens})."
    return (
        "Set battles.constrained: true where its server can bind an answer's form (endpoint.structured), leave it out "
        "of battles.judges, or set battles.execution_weight: 1."
    )
