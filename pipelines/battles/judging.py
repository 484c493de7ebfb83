"""The votes of a battle: every judge, both orders."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from warriorcoder.arena_folder import Row
from warriorcoder.ids import value_digest
from warriorcoder.pipelines.battles.execution_judge import judge_by_evidence
from warriorcoder.pipelines.battles.pairing import Pair
from warriorcoder.pipelines.battles.verdicts import FORM, read_verdict
from warriorcoder.pipelines.endpoints.asking import Judgement, judgement_call
from warriorcoder.pipelines.endpoints.calls import Call, Reply
from warriorcoder.pipelines.mining.privacy import masked
from warriorcoder.pipelines.prompts import fill, neutralise, prompt_digest, read_prompt
from warriorcoder.recipe import Expert, Recipe
from warriorcoder.recipe_battles import EXECUTION_JUDGE
from warriorcoder.tables import Missing

PROMPT = "judge_v1"


@dataclass(frozen=True)
class Ballot:
    """One vote to be cast: a judge, a battle and an order. `swapped` shows the defender's answer first."""

    pair: Pair
    judge: str
    swapped: bool

    @property
    def shown_first(self) -> str:
        return self.pair.defender if self.swapped else self.pair.attacker


def ballots(pairs_and_judges: Iterable[tuple[Pair, Sequence[str]]]) -> list[Ballot]:
    """Both orders of every battle for each of its judges."""
    return [
        Ballot(pair, judge, swapped)
        for pair, judges in pairs_and_judges
        for judge in judges
        for swapped in (False, True)
    ]


def verdict_call(recipe: Recipe, judge: Expert, instruction: str, shown: tuple[str, str], attempt: int) -> Call:
    """Ask a judge which of two answers, in the order shown, is better."""
    text = fill(
        read_prompt(PROMPT),
        instruction=neutralise(instruction),
        answer_a=neutralise(shown[0]),
        answer_b=neutralise(shown[1]),
    )
    form = FORM if recipe.battles.constrained else None
    return judgement_call(recipe, judge, Judgement(text, "judge", recipe.battles.max_tokens, form), attempt)


def vote_row(ballot: Ballot, reply: Reply) -> Row:
    """The vote that a judge's reply is; a failed call is a vote without a verdict."""
    verdict, missing = read_verdict(reply.text, reply.finish_reason, swapped=ballot.swapped)
    if reply.error is not None:
        missing = Missing.ENDPOINT_ERROR
    return _row(ballot, verdict, missing, reply.error or masked(reply.text), prompt_digest(PROMPT))


def execution_vote(ballot: Ballot, answer_a: str, answer_b: str, instruction: str) -> Row:
    """The execution judge's vote; it does not depend on the order."""
    verdict, reason = judge_by_evidence(answer_a, answer_b, instruction)
    return _row(ballot, verdict, None, reason, value_digest(EXECUTION_JUDGE)[:16])


def _row(ballot: Ballot, verdict: str | None, missing: Missing | None, reason: str, prompt: str) -> Row:
    return {
        "instruction_id": ballot.pair.instruction_id,
        "model_a": ballot.pair.attacker,
        "model_b": ballot.pair.defender,
        "judge": ballot.judge,
        "shown_first": ballot.shown_first,
        "verdict": verdict,
        "missing": missing.value if missing else None,
        "reason": reason,
        "prompt_digest": prompt,
    }
