"""The recipe: one commented YAML a run, validated to the last key."""

import os
import re
from pathlib import Path
from typing import Annotated, Any, Self, get_args

import yaml
from pydantic import Discriminator, Field, Tag, ValidationError, model_validator

from warriorcoder.endpoint_kinds import EmbeddedEndpoint, Endpoint, Positive, Section, Structured
from warriorcoder.errors import RecipeError
from warriorcoder.ids import value_digest
from warriorcoder.local_models import LOCAL_MODELS, is_local_model
from warriorcoder.overrides import override_key, shown
from warriorcoder.recipe_battles import EXECUTION_JUDGE, Battles, Outcomes, Rating
from warriorcoder.recipe_mining import Curation, Grid, Mining, Name, Temperature, TopP
from warriorcoder.recipe_mistakes import mistakes


class LiteralTemplate(Section):
    """A chat template given literally: the text up to the open user turn, and what ends that turn.

    `prefix` may have a {system} slot. Without `chat` the model is a base model, asked everything by raw completion.
    """

    prefix: str
    stop: list[str] = Field(min_length=1)
    chat: bool = True

    @model_validator(mode="after")
    def _a_user_turn_is_opened_and_ends(self) -> Self:
        if not self.prefix.replace("{system}", "").strip():
            raise ValueError(
                f"prefix is {shown(self.prefix)}, which opens no user turn; it must end with what the model's chat "
                "template puts right before a user's message"
            )
        unfit = [text for text in self.stop if not (text.strip() if self.chat else text)]
        if unfit:
            raise ValueError(
                f"stop has {shown(unfit[0])}, which does not end a user's turn but stands in every message; give what "
                "the model's chat template puts right after one"
            )
        return self


class TokenizerTemplate(Section):
    """A tokenizer whose own chat template is used: its folder, a .gguf file, or a Hub id (also with @REVISION)."""

    tokenizer: Annotated[str, Field(min_length=1)]


def _form_of_template(given: Any) -> str:
    if isinstance(given, dict):
        return "of a tokenizer" if "tokenizer" in given and "prefix" not in given else "literal"
    if isinstance(given, TokenizerTemplate):
        return "of a tokenizer"
    return "literal" if isinstance(given, LiteralTemplate) else "family"


GivenTemplate = Annotated[
    Annotated[str, Tag("family")]
    | Annotated[LiteralTemplate, Tag("literal")]
    | Annotated[TokenizerTemplate, Tag("of a tokenizer")],
    Discriminator(_form_of_template),
]
"""A family's name, a template given literally, or a tokenizer that has one."""


class Sampling(Section):
    """How an answer is drawn. Defaults: the authors' released scripts."""

    temperature: Temperature = 1.0
    top_p: TopP = 0.95
    max_tokens: Positive = 1024


class Price(Section):
    """Dollars per million tokens."""

    input: Annotated[float, Field(ge=0)]
    output: Annotated[float, Field(ge=0)]


class Expert(Section):
    """A model in the arena, and how to speak to it. `family`: whose kin it is, where its model's name does not say."""

    name: Name
    endpoint: Endpoint
    template: GivenTemplate | None = None
    system: str | None = None
    weights: str | None = None
    family: Annotated[str, Field(min_length=1)] | None = None
    mining: Grid | None = None
    answers: Sampling | None = None
    extra: dict[str, Any] = Field(default_factory=dict)
    tokenizer: str | None = None
    price: Price | None = None

    @property
    def template_or_default(self) -> str | LiteralTemplate | TokenizerTemplate | None:
        """The template as given; for a local model known by name, its own."""
        if self.template is None and (known := LOCAL_MODELS.get(self.endpoint.model)):
            return known.template
        return self.template


class Publish(Section):
    """Where the dataset will live on the Hub, and under which of the Hub's licence ids."""

    repo_id: Annotated[str, Field(pattern=r"^[^/\s]+/[^/\s]+$")] | None = None
    private: bool = True
    license: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.+-]*$")] | None = None


class Budget(Section):
    """What an arena may cost in all, over every run in its folder. A run ends in order before one of them is passed."""

    dollars: Annotated[float, Field(gt=0)] | None = None
    calls: Positive | None = None
    tokens: Positive | None = None


class Recipe(Section):
    """A whole run. `digest` names it; secrets are never in it, only the names of their variables.

    `patience` is how many seconds an endpoint may be down before the run ends.
    """

    name: Name
    seed: Annotated[int, Field(ge=0)] = 0
    patience: Annotated[float, Field(gt=0)] = 600
    budget: Budget = Budget()
    experts: list[Expert] = Field(min_length=2)
    mining: Mining = Mining()
    curation: Curation = Curation()
    answers: Sampling = Sampling()
    battles: Battles = Battles()
    rating: Rating = Rating()
    outcomes: Outcomes = Outcomes()
    publish: Publish = Publish()

    @model_validator(mode="after")
    def _names_fit(self) -> Self:
        names = [expert.name for expert in self.experts]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two experts have the name {twice[0]}; every expert needs a name of its own")
        if EXECUTION_JUDGE in names:
            raise ValueError(f"an expert is named {EXECUTION_JUDGE}, which is the execution judge's name")
        for where, chosen in (("curation.graders", self.curation.graders), ("battles.judges", self.battles.judges)):
            unknown = [name for name in chosen if name not in names] if isinstance(chosen, list) else []
            if unknown:
                raise ValueError(f"{where} names {unknown[0]}, which is no expert; the experts are {', '.join(names)}")
        return self

    @model_validator(mode="after")
    def _templates_known(self) -> Self:
        for expert in self.experts:
            endpoint = expert.endpoint
            if isinstance(endpoint, EmbeddedEndpoint) and not is_local_model(endpoint.model):
                raise ValueError(
                    f"the expert {expert.name} has the model {shown(endpoint.model)}, which is no local model; known "
                    f"by name: {', '.join(LOCAL_MODELS)}; or give the path of a .gguf file"
                )
            if expert.template_or_default is None:
                raise ValueError(
                    f"the expert {expert.name} has no template; name its chat template's family (template: chatml), "
                    "its tokenizer (template: {tokenizer: folder or Hub id}), "
                    "or give it literally (template: {prefix: …, stop: […]}); mining needs it"
                )
        return self

    @model_validator(mode="after")
    def _forms_can_be_bound(self) -> Self:
        for where, bound, named in (
            ("curation", self.curation.constrained, self.curation.graders),
            ("battles", self.battles.constrained, self.battles.judges),
        ):
            for expert in self.experts if bound else []:
                if (named == "uninvolved" or expert.name in named) and expert.endpoint.structured is None:
                    raise ValueError(
                        f"{where}.constrained is set, but the endpoint of {expert.name} does not say how its server "
                        f"binds an answer's form; give endpoint.structured: {', '.join(get_args(Structured))}"
                    )
        return self

    @model_validator(mode="after")
    def _mix_is_of_bands_that_are_kept(self) -> Self:
        kept = self.curation.keep_bands
        for band in (band for band, share in self.outcomes.mix.items() if share and band not in kept):
            raise ValueError(
                f"outcomes.mix asks for {band}, and curation.keep_bands drops it; the bands kept are {', '.join(kept)}"
            )
        return self

    @model_validator(mode="after")
    def _budget_can_be_kept(self) -> Self:
        if self.budget.dollars is not None and not any(expert.price for expert in self.experts):
            raise ValueError("budget.dollars is given, but no expert has a price; give `price: {input: …, output: …}`")
        return self

    @property
    def digest(self) -> str:
        return value_digest(self.model_dump(mode="json"))

    def expert(self, name: str) -> Expert:
        return next(expert for expert in self.experts if expert.name == name)

    def sampling_of(self, expert: Expert) -> Sampling:
        return expert.answers or self.answers

    def grid_of(self, expert: Expert) -> Grid:
        return expert.mining or self.mining

    def to_yaml(self) -> str:
        dumped = self.model_dump(mode="json", by_alias=True)
        return yaml.safe_dump(dumped, sort_keys=False, allow_unicode=True, width=100)


def load_recipe(path: Path | str, overrides: list[str] | None = None) -> Recipe:
    """Read a recipe and apply `key.path=value` overrides, values read as YAML. Raises RecipeError."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise RecipeError(f"{path}: the recipe cannot be read: {reason}.") from error
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise RecipeError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from error
    if not isinstance(data, dict):
        raise RecipeError(f"{path}: a recipe is a YAML mapping with `name:` and `experts:`, found {shown(data)}.")
    for override in overrides or []:
        override_key(data, override)
    try:
        recipe = Recipe.model_validate(data)
    except ValidationError as error:
        raise RecipeError("\n".join(f"{path}: {line}" for line in mistakes(error, data, Recipe))) from error
    _refuse_written_secrets(path, data)
    return recipe


_SECRET = re.compile(r"\b(hf_[A-Za-z0-9]{20,}|sk-[A-Za-z0-9_-]{20,}|https?://[^/\s:@]*:[^/\s@]+@)")


def _refuse_written_secrets(path: Path | str, data: dict[str, Any]) -> None:
    """A key written into the recipe would be copied into the arena and published."""
    text = yaml.safe_dump(data)
    secrets = [value for name, value in os.environ.items() if name.endswith(("_TOKEN", "_KEY")) and len(value) >= 12]
    if _SECRET.search(text) or any(value in text for value in secrets):
        raise RecipeError(
            f"{path}: the recipe holds what looks like a secret. Put it into an environment variable "
            "and give the variable's name: api_key_env: HF_TOKEN."
        )
