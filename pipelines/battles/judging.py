"""The votes of a battle: every judge, both orders."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from warriorcoder.arena_folder import Row
from warriorcoder.ids import text_digest
from warriorcoder.pipelines.battles.cutting import Cut, cut
from warriorcoder.pipelines.battles.execution.cases import RULES, Ruling
from warriorcoder.pipelines.battles.masking import masked_names
from warriorcoder.pipelines.battles.naming import Names, names_of
from warriorcoder.pipelines.battles.pairing import Pair
from warriorcoder.pipelines.battles.verdicts import FORMS, read_verdict
from warriorcoder.pipelines.endpoints.asking import Judgement, judgement_call
from warriorcoder.pipelines.endpoints.calls import Call, Reply
from warriorcoder.pipelines.mining.privacy import masked
from warriorcoder.pipelines.prompts import fill, prompt_digest, read_prompt
from warriorcoder.pipelines.prompts.neutralising import neutralise
from warriorcoder.recipe import Expert, Recipe
from warriorcoder.tables import Missing

PROMPTS = {"verdict": "judge_v2", "rubric": "judge_rubric_v1", "reference": "judge_reference_v1"}
"""The prompt file of each choice of the recipe's `battles.prompt`."""

CUT_NOTE = "judge_cut_v1"

KEPT_ANSWERS = 256
"""So many texts are kept as judges see them: those of a few instructions, whose ballots come one after another."""


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
    battles, names = recipe.battles, names_of(recipe)
    a, b = (shown_answer(answer, instruction, names, battles.longest_answer) for answer in shown)
    text = fill(
        read_prompt(PROMPTS[battles.prompt]),
        instruction=_shown_instruction(instruction),
        answer_a=a.text,
        answer_b=b.text,
        cut_a=_note("A", a),
        cut_b=_note("B", b),
    )
    form = FORMS[battles.prompt] if battles.constrained else None
    return judgement_call(recipe, judge, Judgement(text, "judge", battles.max_tokens, form), attempt)


_shown_instruction = lru_cache(maxsize=KEPT_ANSWERS)(neutralise)


@lru_cache(maxsize=KEPT_ANSWERS)
def shown_answer(answer: str, instruction: str, names: Names, longest: int) -> Cut:
    """An answer as every judge sees it: its author masked, nothing in it live, `longest` bytes at most."""
    return cut(neutralise(masked_names(answer, names, instruction)), longest)


def _note(name: str, shown: Cut) -> str:
    """What stands below an answer that was cut. It is outside of the answer's frame, where no answer can write."""
    if not shown.left_out:
        return ""
    return "\n" + fill(read_prompt(CUT_NOTE).strip(), name=name, characters=f"{shown.left_out:,}")


def vote_row(recipe: Recipe, ballot: Ballot, reply: Reply) -> Row:
    """The vote that a judge's reply is; a failed call is a vote without a verdict."""
    verdict, missing = read_verdict(reply.text, reply.finish_reason, swapped=ballot.swapped)
    if reply.error is not None:
        missing = Missing.ENDPOINT_ERROR
    return _row(
        ballot, verdict, missing, reply.error or masked(reply.text), prompt_digest(PROMPTS[recipe.battles.prompt])
    )


def execution_vote(ballot: Ballot, ruling: Ruling) -> Row:
    """The execution judge's vote; it does not depend on the order."""
    missing = Missing.NO_EVIDENCE if ruling.verdict is None else None
    return _row(ballot, ruling.verdict, missing, ruling.reason, text_digest(RULES), ruling.evidence)


def _row(
    ballot: Ballot, verdict: str | None, missing: Missing | None, reason: str, prompt: str, evidence: str | None = None
) -> Row:
    return {
        "instruction_id": ballot.pair.instruction_id,
        "model_a": ballot.pair.attacker,
        "model_b": ballot.pair.defender,
        "judge": ballot.judge,
        "shown_first": ballot.shown_first,
        "verdict": verdict,
        "missing": missing.value if missing else None,
        "reason": reason,
        "evidence": evidence,
        "prompt_digest": prompt,
    }
