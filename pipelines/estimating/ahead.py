"""What will be asked about instructions and answers that nobody has written yet: so many questions, so long."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from warriorcoder.pipelines.battles.judging import ballots, verdict_call
from warriorcoder.pipelines.battles.pairing import judges_of, pairs
from warriorcoder.pipelines.endpoints.asking import answer_call
from warriorcoder.pipelines.estimating.held import Waiting, prompt_bytes
from warriorcoder.pipelines.estimating.spans import NOTHING, Span, shared, total
from warriorcoder.pipelines.mining.grading import graders_of, grading_call
from warriorcoder.recipe import Expert, Recipe
from warriorcoder.recipe_battles import EXECUTION_JUDGE


@dataclass(frozen=True)
class Ask:
    """Questions to one expert that the journal does not answer. Each takes one call, and up to `attempts`.

    `prompt_bytes` is the length of them all, less the `instructions` and the `answers` within them
    that are not written yet.
    """

    number: Span
    prompt_bytes: Span
    attempts: int = 1
    instructions: Span = NOTHING
    answers: Span = NOTHING

    @classmethod
    def waiting(cls, pile: Waiting) -> "Ask":
        return cls(
            Span.exactly(pile.questions),
            Span.exactly(pile.prompt_bytes),
            pile.attempts,
            Span.exactly(pile.open_instructions),
            Span.exactly(pile.open_answers),
        )


def grading_ahead(recipe: Recipe, weights: dict[str, str], mined: Mapping[str, Span]) -> dict[str, Ask]:
    """The grading of instructions to come, by grader; `mined` has their number by miner."""
    numbers: dict[str, Span] = {}
    for miner, number in mined.items():
        for grader in graders_of(recipe, miner, weights):
            numbers[grader.name] = numbers.get(grader.name, NOTHING) + number
    return {
        name: Ask(
            number,
            number * prompt_bytes(grading_call(recipe, recipe.expert(name), "", 0)),
            recipe.curation.attempts,
            instructions=number,
        )
        for name, number in numbers.items()
    }


def answering_ahead(recipe: Recipe, number: Span) -> dict[str, Ask]:
    """The answers to so many instructions to come, by expert."""
    return {
        expert.name: Ask(number, number * prompt_bytes(answer_call(recipe, expert, "")), instructions=number)
        for expert in recipe.experts
    }


def judging_ahead(
    recipe: Recipe, weights: Mapping[str, str], number: Span, by_miner: Mapping[str | None, Span]
) -> dict[str, Ask]:
    """The votes on so many instructions to come, by judge; `by_miner` says where they may come from, None: brought."""
    votes, calls = votes_ahead(recipe, weights, number, by_miner)
    attempts = recipe.battles.attempts
    if recipe.battles.pairing == "active":
        votes, attempts = by_judge(calls, {judge: span * Span(1, 1, attempts) for judge, span in votes.items()}), 1
    return {
        judge: Ask(
            asked,
            asked * question_bytes(recipe, recipe.expert(judge)),
            attempts,
            instructions=asked,
            answers=asked * 2,
        )
        for judge, asked in votes.items()
    }


def by_judge(calls: Span, most: Mapping[str, Span]) -> dict[str, Span]:
    """Whom so many calls may ask, `most` being what each judge could be asked: nobody knows, likely each its share."""
    whole = sum(span.likely for span in most.values()) or 1.0
    return {
        judge: Span.around(0, calls.likely * span.likely / whole, min(span.high, calls.high))
        for judge, span in most.items()
    }


def votes_ahead(
    recipe: Recipe, weights: Mapping[str, str], number: Span, by_miner: Mapping[str | None, Span]
) -> tuple[dict[str, Span], Span]:
    """The votes on so many instructions to come if all battles are fought, by judge; and the calls of `active` pairing
    for them, those that are asked again included."""
    by_miner = {miner: part for miner, part in by_miner.items() if part.high}
    votes = {miner: votes_on_one(recipe, weights, miner) for miner in by_miner}
    found = {}
    for judge in recipe.experts:
        each = {miner: votes[miner][judge.name] for miner in by_miner}
        if any(each.values()):
            found[judge.name] = shared(number, by_miner, each)
    every = total(found.values())
    limit = Span(*(recipe.battles.calls_of(int(amount)) for amount in (every.low, every.likely, every.high)))
    # What no longer pays for a battle is left.
    low = min(every.low, max(0, limit.low - 2 * len(recipe.experts)))
    likely, high = min(every.likely, limit.likely), min(every.high * recipe.battles.attempts, limit.high)
    return found, Span.around(low, likely, high)


def votes_on_one(recipe: Recipe, weights: Mapping[str, str], miner: str | None) -> Counter[str]:
    """How often each expert votes on one instruction of a miner that every expert answers."""
    battles = pairs("", miner, [expert.name for expert in recipe.experts], recipe.battles.pairing)
    cast = ballots((pair, judges_of(pair, recipe.experts, weights, recipe.battles)) for pair in battles)
    return Counter(ballot.judge for ballot in cast if ballot.judge != EXECUTION_JUDGE)


def question_bytes(recipe: Recipe, judge: Expert) -> int:
    """The length of a judge's prompt without the instruction and the answers."""
    return prompt_bytes(verdict_call(recipe, judge, "", ("", ""), 0))
