"""What will be asked about instructions and answers that nobody has written yet: so many questions, so long."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from warriorcoder.pipelines.battles.judging import ballots, verdict_call
from warriorcoder.pipelines.battles.pairing import judges_of, pairs
from warriorcoder.pipelines.endpoints.asking import answer_call
from warriorcoder.pipelines.estimating.held import Waiting, prompt_bytes
from warriorcoder.pipelines.estimating.spans import NOTHING, Span, shared
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
    by_miner = {miner: part for miner, part in by_miner.items() if part.high}
    votes = {miner: votes_on_one(recipe, weights, miner) for miner in by_miner}
    asks = {}
    for judge in recipe.experts:
        each = {miner: votes[miner][judge.name] for miner in by_miner}
        if any(each.values()):
            asked = shared(number, by_miner, each)
            asks[judge.name] = Ask(
                asked,
                asked * question_bytes(recipe, judge),
                recipe.battles.attempts,
                instructions=asked,
                answers=asked * 2,
            )
    return asks


def votes_on_one(recipe: Recipe, weights: Mapping[str, str], miner: str | None) -> Counter[str]:
    """How often each expert votes on one instruction of a miner that every expert answers."""
    battles = pairs("", miner, [expert.name for expert in recipe.experts], recipe.battles.pairing)
    cast = ballots((pair, judges_of(pair, recipe.experts, weights, recipe.battles)) for pair in battles)
    return Counter(ballot.judge for ballot in cast if ballot.judge != EXECUTION_JUDGE)


def question_bytes(recipe: Recipe, judge: Expert) -> int:
    """The length of a judge's prompt without the instruction and the answers."""
    return prompt_bytes(verdict_call(recipe, judge, "", ("", ""), 0))
