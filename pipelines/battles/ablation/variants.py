"""What is varied: one choice of the method at a time, all others as in the recipe."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from warriorcoder.recipe import Recipe
from warriorcoder.recipe_battles import Rating

Score = Literal["elo", "elo_mean", "bradley_terry"]
Order = Literal["attacker first", "defender first"]

STARTS = (0.0, 500.0, 1500.0, 2000.0)
KS = (8.0, 16.0, 24.0, 40.0, 64.0, 80.0)
ALPHAS = (0.0, 0.25, 0.5, 0.7, 0.9, 1.0)
ORDERS = 10
"""How many other orders of the battles are drawn."""


@dataclass(frozen=True)
class Variant:
    """One choice that is another: of `axis` the value `setting`.

    `rating` are Elo's constants; `order` numbers the order of the battles, 0 being the recipe's;
    `score` is the rating in the final score; `without` names a judge whose votes are left out; `only`
    the order of the answers that is kept.
    """

    axis: str
    setting: str
    rating: Rating
    order: int = 0
    score: Score = "elo"
    without: str | None = None
    only: Order | None = None


def variants(recipe: Recipe, judges: Sequence[str]) -> list[Variant]:
    """The variants of a recipe, its own setting left out of every axis; `judges` are those that voted."""
    rating = recipe.rating

    def with_(axis: str, values: Sequence[float]) -> list[Variant]:
        return [
            Variant(axis, f"{value:g}", rating.model_copy(update={axis: value}))
            for value in values
            if value != getattr(rating, axis)
        ]

    made = [*with_("start", STARTS), *with_("k", KS), *with_("alpha", ALPHAS)]
    if rating.order == "table":
        rating = rating.model_copy(update={"order": "seeded"})
    made += [Variant("battle order", f"draw {number}", rating, order=number) for number in range(1, ORDERS + 1)]
    made += [
        Variant("rating", "mean Elo", recipe.rating, score="elo_mean"),
        Variant("rating", "Bradley-Terry", recipe.rating, score="bradley_terry"),
    ]
    made += [Variant("without", judge, recipe.rating, without=judge) for judge in sorted(judges)]
    made += [
        Variant("one order", "attacker first", recipe.rating, only="attacker first"),
        Variant("one order", "defender first", recipe.rating, only="defender first"),
    ]
    return made
