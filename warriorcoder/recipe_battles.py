"""The recipe's sections on the arena: who fights and judges, how experts are rated, and what the battles lead to."""

from typing import Annotated, Literal, Self, get_args

from pydantic import Field, field_validator, model_validator

from warriorcoder.endpoint_kinds import Positive, Section
from warriorcoder.recipe_mining import Band, Fraction, Name
from warriorcoder.tables import TASKS

Task = Literal["generation", "theory", "debugging", "optimisation", "testing", "refactoring", "other"]
assert get_args(Task) == TASKS

ROUNDING = 0.01
"""What the shares of a mix may be off 1, since people write 0.33."""

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
    """Who fights whom, and who judges how.

    `prompt`: `verdict` asks for a comparison (arXiv 2412.17395), `rubric` weighs criteria one by one, `reference` has
    the judge solve the task first. `longest_answer` is in bytes of UTF-8, some four a token in English and code: both
    answers are shown up to there. `execution_weight` is what a vote of the execution judge counts, a model's being 1;
    0: it votes, and its votes count nowhere; None: nothing is run.
    """

    pairing: Literal["round_robin", "attacker", "active"] = "round_robin"
    # The most judge calls of `active` pairing, votes that are asked again included.
    calls: Positive | None = None
    judges: Literal["uninvolved"] | list[Name] = "uninvolved"
    orders: Literal["both"] = "both"
    execution_weight: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    floor: Floor = Floor()
    below_floor: Literal["flag", "down_weight", "leave_out"] = "flag"
    prompt: Literal["verdict", "rubric", "reference"] = "verdict"
    longest_answer: Annotated[int, Field(ge=500)] = 12_000
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
    """Elo's constants and the weight of the final score (arXiv 2412.17395).

    `order` of the battles: drawn from the seed, or that of the table of votes. `shuffles` of them give Elo's mean,
    `bootstrap` resamples of the instructions the intervals. `style` and `judge_effects` rate the experts once more with
    terms for the style of the answers, and for each judge's preference for a place and for its own family.
    """

    k: Annotated[float, Field(gt=0)] = 40
    start: float = 1000
    alpha: Fraction = 0.7
    bootstrap: Positive = 200
    order: Literal["seeded", "table"] = "seeded"
    shuffles: Positive = 100
    style: bool = False
    judge_effects: bool = False


class Outcomes(Section):
    """Which answers the training tables take, of which instructions, and which of them are for testing.

    A loser lost a battle and is `margin` of final score below gold. `mix` and `task_mix` are shares of the
    instructions by band and by task that sum to 1; a kind that is not named has none. `test` is the share of the
    instructions that is held back, whole clusters of them: `cluster_at` is the Jaccard similarity of words from which
    two are in one.
    """

    margin: Fraction = 0.05
    mix: dict[Band, Fraction] = Field(default={})
    task_mix: dict[Task, Fraction] = Field(default={})
    test: Annotated[float, Field(ge=0, le=0.5)] = 0.1
    cluster_at: Annotated[float, Field(gt=0, le=1)] = 0.4

    @field_validator("mix", "task_mix")
    @classmethod
    def _shares_sum_to_1(cls, mix: dict[str, float]) -> dict[str, float]:
        total = sum(mix.values())
        if mix and abs(total - 1) > ROUNDING:
            raise ValueError(f"the shares sum to {total:.4g}, and must sum to 1")
        return mix
