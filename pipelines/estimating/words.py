"""What an estimate comes from, in sentences."""

import shlex
from collections.abc import Callable
from typing import TYPE_CHECKING

from warriorcoder.pipelines.estimating.averages import Basis
from warriorcoder.pipelines.estimating.budgeting import Reach
from warriorcoder.pipelines.estimating.costing import Line
from warriorcoder.pipelines.estimating.outlook import Expectation
from warriorcoder.wording import amount, between, money

if TYPE_CHECKING:
    from warriorcoder.pipelines.estimate import Estimate


def sentences(found: "Estimate", recipe_path: str) -> list[str]:
    """A paragraph each on what is spent, on the budget, on calls, tokens and time; only what applies.

    One that begins with a space is a command.
    """
    rescued = [found.rescued] if found.rescued else []
    if not found.together.calls.high:
        return [
            *rescued,
            f"Nothing is left to ask: the journal of {found.arena} has every answer of this run.",
            *_spent(found),
        ]
    return [
        *rescued,
        *_spent(found),
        *(_reach(reach) for reach in found.reaches),
        _instructions(found),
        *_calls(found),
        _tokens(found),
        *_prices(found),
        *_time(found, recipe_path),
    ]


def _spent(found: "Estimate") -> list[str]:
    spent = found.spent
    if not spent.calls:
        return []
    dollars = f", {money(spent.dollars)}" if any(expert.price for expert in found.recipe.experts) else ""
    return [f"Spent in this arena so far: {amount(spent.calls)} calls, {amount(spent.tokens)} tokens{dollars}."]


def _reach(reach: Reach) -> str:
    said = money if reach.key == "dollars" else amount
    limit = f"budget.{reach.key} ({said(reach.limit)}, of which {said(reach.spent)} is spent)"
    if reach.worst is None:
        return f"{limit} reaches to the end in any case."
    if reach.best is not None:
        return f"{limit} ends in the stage {reach.best} at the latest: the run stops there, and keeps what it has."
    likely = "it likely reaches to the end" if reach.likely is None else f"it likely ends in the stage {reach.likely}"
    return f"{limit}: {likely}; at worst it ends in the stage {reach.worst}."


def _instructions(found: "Estimate") -> str:
    number, mining = found.instructions, found.recipe.mining
    if number.is_exact:
        return f"The arena has {amount(number.high)} instructions, so what is asked about them is known."

    def of(share: Expectation) -> str:
        return f"{share.share:.0%} ({f'of {amount(share.measured)} here' if share.measured else 'assumed'})"

    return (
        f"How many instructions enter the arena is not known yet: {between(number.low, number.high, amount)}, likely "
        f"{amount(number.likely)}. That is where {of(found.mined)} of the draws become instructions, until "
        f"{amount(mining.per_expert)} of an expert are there or {amount(mining.draws)} are drawn, and "
        f"{of(found.curated)} of these pass the curation."
    )


def _calls(found: "Estimate") -> list[str]:
    """What makes a range of the calls."""
    recipe = found.recipe
    asked = {stage.stage for stage in found.stages if stage.lines}
    again = [
        f"{what} up to {times} times"
        for stage, what, times in (
            ("curate", "a grade", recipe.curation.attempts),
            ("judge", "a verdict", recipe.battles.attempts),
        )
        if stage in asked and times > 1
    ]
    if not again:
        return []
    which = " and ".join(again)
    return [f"What cannot be read is asked again: {which} in all. Calls given as one number are exact."]


def _tokens(found: "Estimate") -> str:
    by_basis = _by_basis(found, lambda line: line.lengths)
    if by_basis.keys() == {Basis.NOTHING}:
        where = "No answer was measured yet: at least a token each, likely half of max_tokens."
    else:
        where = f"The average answer: {_listed(by_basis)}."
    return f"Tokens: prompts by their length, answers from the average, less its uncertainty, to max_tokens. {where}"


def _prices(found: "Estimate") -> list[str]:
    unpriced = [expert.name for expert in found.recipe.experts if expert.price is None]
    if not unpriced:
        return []
    if len(unpriced) == len(found.recipe.experts):
        return ["Dollars are not known: no expert has a price in the recipe."]
    return [f"Dollars are without {', '.join(unpriced)}, which have no price in the recipe."]


def _time(found: "Estimate", recipe_path: str) -> list[str]:
    lines = [line for stage in found.stages for line in stage.lines]
    by_basis = _by_basis(found, lambda line: line.times)
    if Basis.NOTHING in by_basis:
        who = ", ".join(dict.fromkeys(line.expert for line in lines if line.times is Basis.NOTHING))
        return [f"Time: unknown for {who}; this measures it:", f"  warrior doctor {shlex.quote(recipe_path)}"]
    return [f"Time: the servers as busy as the recipe allows; how long an answer takes was {_listed(by_basis)}."]


def _by_basis(found: "Estimate", basis_of: Callable[[Line], Basis]) -> dict[Basis, list[str]]:
    """The stages by where their averages come from."""
    lines = [line for stage in found.stages for line in stage.lines]
    by_basis: dict[Basis, list[str]] = {}
    for basis in Basis:
        stages = dict.fromkeys(line.stage for line in lines if basis_of(line) is basis)
        if stages:
            by_basis[basis] = list(stages)
    return by_basis


def _listed(by_basis: dict[Basis, list[str]]) -> str:
    if len(by_basis) == 1:
        return str(next(iter(by_basis)))
    return "; ".join(f"{basis} ({', '.join(stages)})" for basis, stages in by_basis.items())
