"""The recipe's sections on instructions: where they come from, and which of them enter the arena."""

from typing import Annotated, Literal, get_args

from pydantic import Field

from warriorcoder.endpoint_kinds import Positive, Section
from warriorcoder.tables import BANDS

Band = Literal["poor", "average", "good", "excellent"]
assert get_args(Band) == BANDS

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=64)]
Temperature = Annotated[float, Field(ge=0, le=5)]
TopP = Annotated[float, Field(gt=0, le=1)]
Fraction = Annotated[float, Field(ge=0, le=1)]


class WeightedSystem(Section):
    """A system prompt that gets `weight` times the draws of one without."""

    text: str
    weight: Annotated[float, Field(gt=0)] = 1.0


class Grid(Section):
    """The sampling grid of mining: every temperature with every top_p and system prompt.

    A system prompt may carry a weight; an empty one is the model's own default.
    """

    temperatures: list[Temperature] = Field(default=[1.0, 1.1, 1.2], min_length=1)
    top_ps: list[TopP] = Field(default=[0.99, 0.995, 1.0], min_length=1)
    systems: list[str | WeightedSystem] = Field(
        default=["You are an AI assistant that helps users with Python coding problems."], min_length=1
    )
    max_tokens: Positive = 1024


class Mining(Grid):
    """How many instructions each expert brings, and the draws it may take for them."""

    per_expert: Positive = 200
    max_draws: Positive | None = None

    @property
    def draws(self) -> int:
        """The cap on draws for one expert."""
        return self.max_draws or 5 * self.per_expert


class Curation(Section):
    """Which mined instructions enter the arena."""

    keep_bands: list[Band] = Field(default=["good", "excellent"], min_length=1)
    near_duplicate: Fraction = 0.5
    graders: Literal["uninvolved"] | list[Name] = "uninvolved"
    constrained: bool = False
    attempts: Positive = 3
    size: Positive | None = None
