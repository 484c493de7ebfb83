"""The recipe's sections on the arena: who fights and judges, how experts are rated, and what the battles lead to."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from warriorcoder.endpoint_kinds import Positive, Section
from warriorcoder.recipe_mining import Fraction, Name

EXECUTION_JUDGE = "execution"
"""The name under which the execution judge votes; no expert may take it."""


class Floor(Section):
    """Where a judge is worth too little: the share of battles with one verdict in both orders, of votes without a
    verdict, and of verdicts for the same place."""

    consistency: Fraction = 0.6
    missing: Fraction = 0.5
    same_place: Annotated[float, Field(ge=0.5, le=1)] = 0.9


SHARE_OF_CALLS = 0.4
"""Of round robin's judge calls: so many does `active` pairing make where the recipe gives no number."""


class Battles(Section):
    """Who fights whom, and who judges."""

    pairing: Literal["round_robin", "attacker", "active"] = "round_robin"
    # The most judge calls of `active` pairing, votes that are asked again included.
    calls: Positive | None = None
    judges: Literal["uninvolved"] | list[Name] = "uninvolved"
    orders: Literal["both"] = "both"
    execution_judge: bool = False
    floor: Floor = Floor()
    below_floor: Literal["flag", "down_weight", "leave_out"] = "flag"
    constrained: bool = False
    attempts: Positive = 3
    max_tokens: Positive = 512

    @model_validator(mode="after")
    def _calls_are_for_active_pairing(self) -> Self:
        if self.calls is not None and self.pairing != "active":
            raise ValueError(
                f"calls is {self.calls}, but the pairing {self.pairing} fights every battle that it has; give "
                "pairing: active, or leave calls out (budget.calls ends a whole run in order)"
            )
        if self.pairing == "active" and not self.judges:
            raise ValueError(
                "pairing: active spends judge calls where they tell most, but judges is empty; name judges, or give "
                "pairing: round_robin, which costs nothing here"
            )
        return self

    def calls_of(self, round_robin: int) -> int:
        """The most judge calls of `active` pairing, where all battles together take `round_robin`."""
        return int(SHARE_OF_CALLS * round_robin) if self.calls is None else self.calls


class Rating(Section):
    """Elo's constants and the weight of the final score (arXiv 2412.17395)."""

    k: Annotated[float, Field(gt=0)] = 40
    start: float = 1000
    alpha: Fraction = 0.7
    bootstrap: Positive = 200


class Outcomes(Section):
    """Which answers the training tables take: a loser lost a battle and is this much of final score below gold."""

    margin: Fraction = 0.05
