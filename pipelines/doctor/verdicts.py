"""Asking a judge for its verdicts on the pairs with a known winner."""

from dataclasses import dataclass

from warriorcoder.pipelines.doctor.account import BudgetSpent
from warriorcoder.pipelines.doctor.blame import cell_of
from warriorcoder.pipelines.doctor.findings import Cell, Check, red
from warriorcoder.pipelines.doctor.judging import FIRST_PAIRS, JudgeRecord, calls_for, known_pairs, record_of
from warriorcoder.pipelines.doctor.line import Answered, Line
from warriorcoder.pipelines.doctor.measurements import Measured
from warriorcoder.pipelines.doctor.speed import kind_of, measured_of
from warriorcoder.pipelines.endpoints.faults import Fault, FaultKind
from warriorcoder.pipelines.endpoints.templates import template_of
from warriorcoder.recipe import Expert, Recipe


@dataclass
class Verdicts:
    """What a judge's examination brought: a record, or the trouble that prevented one."""

    record: JudgeRecord | None = None
    trouble: tuple[Check, Cell] | None = None
    measured: Measured | None = None
    throttled: int = 0
    budget_spent: str = ""


async def examine_judge(recipe: Recipe, expert: Expert, line: Line) -> Verdicts:
    """Ask for two votes a pair, several at once; more pairs where the first do not settle the matter."""
    found = Verdicts()
    answers: list[Answered] = []
    pairs = known_pairs()
    try:
        for some in (pairs[:FIRST_PAIRS], pairs[FIRST_PAIRS:]):
            for outcome in await line.ask_together(calls_for(recipe, expert, some)):
                if isinstance(outcome, Fault):
                    found.trouble = _trouble(recipe, outcome, line)
                    return found
                answers.append(outcome)
            replies = [answer.reply for answer in answers]
            found.record = record_of(replies, recipe.battles)
            if found.record.settled:
                break
    except BudgetSpent as spent:
        found.budget_spent = str(spent)
    finally:
        found.throttled = line.throttled
        if answers:
            together = min(line.together, 2 * FIRST_PAIRS)
            kind = kind_of(template_of(expert))
            found.measured = measured_of(line.address, "judge", kind, together, answers)
    return found


def _trouble(recipe: Recipe, fault: Fault, line: Line) -> tuple[Check, Cell]:
    check, cell = cell_of(fault, "judge", line.address, None)
    if fault.kind is FaultKind.REQUEST and recipe.battles.constrained:
        advice = (
            "Is endpoint.structured this server's way to bind an answer's form? If it has none, set constrained: false."
        )
        cell = red(cell.word, cell.found, advice)
    return check, cell
