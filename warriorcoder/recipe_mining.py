"""The recipe's sections on instructions: where they come from, and which of them enter the arena."""

from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BeforeValidator, Field, model_validator

from warriorcoder.endpoint_kinds import Positive, Section
from warriorcoder.tables import BANDS

Band = Literal["poor", "average", "good", "excellent"]
assert get_args(Band) == BANDS

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=64)]
Temperature = Annotated[float, Field(ge=0, le=5)]
TopP = Annotated[float, Field(gt=0, le=1)]
Fraction = Annotated[float, Field(ge=0, le=1)]


class TextSource(Section):
    """A set of texts: a file or folder (`path`) or a Hub dataset (`hub`), and the column that has them.

    Without a column it is the only one with text. `config`, `split` and `revision` are a dataset's; only the
    first `limit` rows are read.
    """

    path: str | None = None
    hub: str | None = None
    column: str | None = None
    config: str | None = None
    split: str | None = None
    revision: str | None = None
    limit: Positive | None = None

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.path is None) == (self.hub is None):
            raise ValueError("give one of path (a file or a folder) and hub (a dataset's id)")
        return self


def _listed(given: Any) -> Any:
    return [] if given is None else given if isinstance(given, list) else [given]


Sources = Annotated[list[str | TextSource], BeforeValidator(_listed)]
"""Sets of texts, or one: a benchmark's name, a file's path, a Hub dataset's id, or a section that says more."""


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
    """How many instructions each expert brings, the draws it may take for them, and sets that others made.

    `from` names sets of instructions that pass the same curation, beside the mined ones, or alone where
    `per_expert` is 0; `column` is their column of texts. `language: asked` drops what is for another programming
    language than the system prompt names; `natural_languages` are ISO 639-1 codes, none allow all.
    """

    per_expert: Annotated[int, Field(ge=0)] = 200
    max_draws: Positive | None = None
    language: Literal["asked", "any"] = "asked"
    natural_languages: list[Annotated[str, Field(pattern="^[a-z]{2}$")]] = Field(default=[])
    brought: Sources = Field(default=[], alias="from")
    column: str | None = None

    @property
    def draws(self) -> int:
        """The cap on draws for one expert."""
        return self.max_draws or 5 * self.per_expert

    @model_validator(mode="after")
    def _instructions_come_from_somewhere(self) -> Self:
        if not self.per_expert and not self.brought:
            raise ValueError("per_expert is 0 and from names no set, so there would be no instruction")
        if self.column is not None and not self.brought:
            raise ValueError("column is given, but from names no set")
        return self


class Novelty(Section):
    """Sets of known instructions that new ones are compared with, and the ROUGE-L F1 from which one is not new."""

    references: Sources = Field(default=[])
    threshold: Fraction | None = None

    @model_validator(mode="after")
    def _threshold_has_references(self) -> Self:
        if self.threshold is not None and not self.references:
            raise ValueError("threshold is given, but references names no set to compare with")
        return self


class Curation(Section):
    """Which instructions enter the arena.

    `near_duplicate` is a Jaccard similarity of words, `semantic_duplicate` a cosine of embeddings; 0 and null look
    for none. `size` instructions are chosen by k-center on embeddings, `strata` apart. `embedding` is a
    sentence-transformers model; null: TF-IDF. `ngram` words in common with a task of `decontaminate` are too many.
    `tasks: graders` lets graders overrule the rules on an instruction's task class; models of a few hundred million
    weights say the same of everything.
    """

    keep_bands: list[Band] = Field(default=["good", "excellent"], min_length=1)
    near_duplicate: Fraction = 0.5
    semantic_duplicate: Annotated[float, Field(gt=0, le=1)] | None = None
    novelty: Novelty = Novelty()
    decontaminate: Sources = Field(default=["humaneval"])
    ngram: Positive = 10
    privacy: Literal["mask", "drop", "keep"] = "mask"
    graders: Literal["uninvolved"] | list[Name] = "uninvolved"
    tasks: Literal["rules", "graders"] = "rules"
    constrained: bool = False
    attempts: Positive = 3
    size: Positive | None = None
    strata: list[Literal["band", "task"]] = Field(default=[])
    embedding: str | None = None
