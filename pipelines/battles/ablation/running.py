"""An arena rated and built once for every variant, by the functions that `rate` and `build` use."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from warriorcoder.arena_folder import ArenaFolder
from warriorcoder.errors import ArenaError, RunFailed
from warriorcoder.ids import seed_from
from warriorcoder.pipelines.battles.ablation.results import Change, Result, change
from warriorcoder.pipelines.battles.ablation.variants import Variant, variants
from warriorcoder.pipelines.battles.audit.floor import judge_weights, standings
from warriorcoder.pipelines.battles.outcomes.building import READ, build_outcomes
from warriorcoder.pipelines.battles.rating import rate
from warriorcoder.pipelines.battles.scores import VOTED
from warriorcoder.recipe import Recipe, load_recipe


@dataclass(frozen=True)
class Trial:
    """A variant and what it changes; `why` says why there is no result."""

    variant: Variant
    change: Change | None
    why: str | None = None


@dataclass(frozen=True)
class Ablation:
    """The recipe's own result and all trials, in the order of their axes."""

    result: Result
    trials: list[Trial]
    battles: int


def ablate(folder: ArenaFolder, tell: Callable[[str], None]) -> Ablation:
    """Try every variant on an arena's votes. Nobody is asked, and no table changes.

    `tell` is called before each axis. Raises ArenaError where no battle has a verdict.
    """
    recipe = load_recipe(folder.recipe_path)
    votes = folder.read_columns("votes", VOTED)
    weights = judge_weights(standings(votes.to_pylist()), recipe.battles)
    tables = {name: folder.read_columns(name, columns) for name, columns in READ.items() if name != "battles"}
    own = Variant("recipe", "", recipe.rating)
    base = result(own, votes, tables, weights, recipe)
    if base is None:
        raise ArenaError(
            f"{folder.path}: no battle has a verdict that counts, so there is nothing to vary. The votes are kept; "
            "look at their `reason` column, or name judges that can judge in battles.judges."
        )
    trials, axis = [], ""
    for variant in variants(recipe, sorted(votes["judge"].unique().to_pylist())):
        if variant.axis != axis:
            axis = variant.axis
            tell(axis)
        trials.append(_trial(base, variant, votes, tables, weights, recipe))
    battles = len(votes.group_by(["instruction_id", "model_a", "model_b"]).aggregate([]))
    return Ablation(base, trials, battles)


def _trial(
    base: Result,
    variant: Variant,
    votes: pa.Table,
    tables: Mapping[str, pa.Table],
    weights: Mapping[str, float],
    recipe: Recipe,
) -> Trial:
    try:
        other = result(variant, votes, tables, weights, recipe)
    except RunFailed as error:
        return Trial(variant, None, str(error))
    if other is None:
        return Trial(variant, None, "no battle has a verdict")
    return Trial(variant, change(base, other))


def result(
    variant: Variant, votes: pa.Table, tables: Mapping[str, pa.Table], weights: Mapping[str, float], recipe: Recipe
) -> Result | None:
    """What a variant leads to; None where no battle has a verdict. `tables` as `READ` names them, but for battles."""
    if variant.without is not None:
        votes = votes.filter(pc.not_equal(votes["judge"], variant.without))
    if variant.only is not None:
        shown = votes["model_a" if variant.only == "attacker first" else "model_b"]
        votes = votes.filter(pc.equal(votes["shown_first"], shown))
    if not len(votes):
        return None
    # Intervals change no label, and the mean over shuffles only where it is the score.
    least = {"bootstrap": 1, "style": False, "judge_effects": False}
    if variant.score != "elo_mean":
        least["shuffles"] = 1
    seed = seed_from(recipe.seed, "ablation", variant.order) if variant.order else recipe.seed
    models = [expert.name for expert in recipe.experts]
    rated = rate(votes, models, variant.rating.model_copy(update=least), seed, weights)
    if not rated.ratings:
        return None
    ratings = [{**row, "elo": row[variant.score]} for row in rated.ratings]
    # The splits are of no account here, and clustering for them takes long.
    outcomes = recipe.outcomes.model_copy(update={"test": 0})
    built = build_outcomes(
        {**tables, "battles": rated.battles.select(READ["battles"])},
        ratings,
        recipe.model_copy(update={"rating": variant.rating, "outcomes": outcomes}),
    )
    return Result({row["model"]: row["elo"] for row in ratings}, *_labels(built.tables["kto"]["train"]))


def _labels(batches: Iterable[pa.RecordBatch]) -> tuple[dict[str, str], dict[tuple[str, str], bool]]:
    gold, labels = {}, {}
    for batch in batches:
        columns = (batch.column(name).to_pylist() for name in ("instruction_id", "expert", "label"))
        for identity, expert, label in zip(*columns, strict=True):
            labels[identity, expert] = label
            if label:
                gold[identity] = expert
    return gold, labels
