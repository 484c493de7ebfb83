"""Who fights whom, and who may judge."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from warriorcoder.errors import RecipeError
from warriorcoder.recipe import Expert, Recipe
from warriorcoder.recipe_battles import EXECUTION_JUDGE, Battles


@dataclass(frozen=True)
class Pair:
    """A battle to fight: two experts that both answered an instruction."""

    instruction_id: str
    attacker: str
    defender: str


def pairs(instruction_id: str, miner: str | None, experts: Sequence[str], pairing: str) -> list[Pair]:
    """The battles on one instruction among the experts that answered it, in the experts' order.

    `attacker` (arXiv 2412.17395): the miner against each other expert. `round_robin`: every pair, the
    miner attacking where it fights; elsewhere the expert named first in the recipe attacks. An instruction that was
    brought has no miner, and every pair fights on it. `active` chooses among round robin's battles (`campaign`).

    Nothing is drawn, and a battle depends on nothing but its own instruction and experts: with more of either, the
    battles that there were stay as they are.
    """
    both = [(a, b) if b != miner else (b, a) for a, b in combinations(experts, 2)]
    return [Pair(instruction_id, a, b) for a, b in both if miner is None or pairing != "attacker" or a == miner]


def judges_of(pair: Pair, experts: Sequence[Expert], weights: Mapping[str, str], battles: Battles) -> list[str]:
    """The names of those who judge a battle: never a contestant, nor a twin of one, compared by weights.

    `weights` has every expert; models that a server has under two names count as two, unless the recipe declares their
    `weights`. Twins judge alike, so of several judges with the same weights the first named one judges.
    The execution judge comes last where the recipe asks for it.
    """
    taken = {weights[pair.attacker], weights[pair.defender]}
    judges = []
    for expert in experts:
        named = battles.judges == "uninvolved" or expert.name in battles.judges
        if named and weights[expert.name] not in taken:
            taken.add(weights[expert.name])
            judges.append(expert.name)
    return judges + [EXECUTION_JUDGE] * (battles.execution_weight is not None)


def counting(judges: Sequence[str], battles: Battles) -> list[str]:
    """Those of a battle's judges whose votes count."""
    return [judge for judge in judges if judge != EXECUTION_JUDGE or battles.execution_weight]


def require_judges(recipe: Recipe, weights: Mapping[str, str]) -> None:
    """Raise RecipeError where no battle of any two experts would have a judge whose vote counts."""
    experts = recipe.experts
    for one, other in combinations(experts, 2):
        if counting(judges_of(Pair("", one.name, other.name), experts, weights, recipe.battles), recipe.battles):
            return
    named = recipe.battles.judges
    judges = "every expert that does not fight" if named == "uninvolved" else ", ".join(named) or "nobody"
    alike: dict[str, list[str]] = {}
    for expert in experts:
        alike.setdefault(weights[expert.name], []).append(expert.name)
    raise RecipeError(
        f"battles.judges: {judges} would judge, but no battle has a judge: judges must have other weights than both "
        f"contestants, and the {len(experts)} experts have {len(alike)} "
        f"({'; '.join(', '.join(names) for names in alike.values())}). Add an expert with weights of its own, "
        "name other judges, or set battles.execution_weight: 1, which has the answers' code run."
    )
