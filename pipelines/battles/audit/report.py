"""The audit of an arena folder: the judges, who is below the floor, and the ratings without those."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from warriorcoder.arena_folder import ArenaFolder, Row
from warriorcoder.errors import ArenaError
from warriorcoder.pipelines.battles.audit.floor import Breach, breaches, judge_weights, recipe_weights
from warriorcoder.pipelines.battles.audit.judges import Audit, audit
from warriorcoder.pipelines.battles.families import families_of, kin_of
from warriorcoder.pipelines.battles.rating import rate
from warriorcoder.pipelines.battles.scores import VOTED
from warriorcoder.recipe import Recipe, load_recipe


@dataclass(frozen=True)
class Compared:
    """An expert's rating by all judges' votes, and by those of the judges above the floor alone.

    Both with the recipe's weights alone, so that the floor is all that parts them.

    `without` is None where no battle of those judges has a verdict. Ranks begin at 1.
    """

    model: str
    elo: float
    rank: int
    without: float | None
    rank_without: int | None

    @property
    def moved(self) -> bool:
        """Whether its rank depends on the judges below the floor."""
        return self.rank_without is not None and self.rank_without != self.rank


@dataclass(frozen=True)
class AuditReport:
    """The audit; by judge the floors that it does not keep; what its votes count; the ratings with and without it.

    `compared` is empty where every judge keeps the floor.
    """

    audit: Audit
    below: Mapping[str, Sequence[Breach]]
    below_floor: str
    weights: Mapping[str, float]
    compared: Sequence[Compared]


def audit_of(folder: ArenaFolder) -> AuditReport:
    """The audit of an arena's votes. Raises ArenaError where there is none."""
    manifest = folder.manifest()
    votes = folder.read_columns("votes", VOTED).to_pylist()
    if not votes:
        raise ArenaError(
            f"{folder.path}: there is no vote to audit. `warrior battle {folder.path}` has the battles judged."
        )
    recipe = load_recipe(folder.recipe_path)
    weights = {name: expert["weights"] for name, expert in manifest["experts"].items()}
    kin = kin_of(families_of(recipe.experts), weights)
    found = audit(votes, folder.read_table("answers"), kin, recipe.rating.bootstrap, recipe.seed)
    standing = {judge.judge: judge.standing for judge in found.judges}
    below = {name: told for name, its in standing.items() if (told := breaches(its, recipe.battles.floor))}
    return AuditReport(
        found,
        below,
        recipe.battles.below_floor,
        judge_weights(standing, recipe.battles),
        compared(votes, list(below), recipe),
    )


def compared(votes: Sequence[Row], below: Sequence[str], recipe: Recipe) -> list[Compared]:
    """The ratings with all judges and without some of them, best first; none where there is nobody to leave out."""
    if not below:
        return []
    models = [expert.name for expert in recipe.experts]
    # Elo's one pass is what is compared: no draw is needed for it.
    rating = recipe.rating.model_copy(update={"bootstrap": 1, "shuffles": 1, "style": False, "judge_effects": False})
    weights = recipe_weights(recipe.battles)
    ratings = rate(votes, models, rating, recipe.seed, weights).ratings
    kept = [vote for vote in votes if vote["judge"] not in below]
    without = rate(kept, models, rating, recipe.seed, weights).ratings if kept else []
    others = {row["model"]: row["elo"] for row in without}
    rank = ranks({row["model"]: row["elo"] for row in ratings})
    rank_without = ranks(others)
    return [
        Compared(row["model"], row["elo"], rank[row["model"]], others.get(row["model"]), rank_without.get(row["model"]))
        for row in ratings
    ]


def ranks(elos: Mapping[str, float]) -> dict[str, int]:
    """Ranks from 1, best first; among equals in order of the names."""
    order = sorted(elos, key=lambda model: (-elos[model], model))
    return {model: place for place, model in enumerate(order, 1)}
