"""What a run would still cost: its calls made, looked up in the arena's journal and counted. Nothing is sent."""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from warriorcoder.arena_folder import ArenaFolder
from warriorcoder.endpoint_kinds import EmbeddedEndpoint
from warriorcoder.pipelines.battles.campaign import read_rounds
from warriorcoder.pipelines.doctor.measurements import read_measurements
from warriorcoder.pipelines.endpoints.budget import Amount, spent_so_far
from warriorcoder.pipelines.endpoints.calls import Address
from warriorcoder.pipelines.endpoints.embedded import addresses_at_rest, weights_of
from warriorcoder.pipelines.endpoints.journal import Journal
from warriorcoder.pipelines.estimating.averages import Averages, PromptTokens, Sample
from warriorcoder.pipelines.estimating.budgeting import KEYS, Key, Reach, reaches
from warriorcoder.pipelines.estimating.costing import Amounts, Line, duration, lines, summed
from warriorcoder.pipelines.estimating.held import Held
from warriorcoder.pipelines.estimating.outlook import Expectation, expected
from warriorcoder.pipelines.estimating.questions import ASKING_STAGES, Questions, questions
from warriorcoder.pipelines.estimating.spans import NOTHING, Span, total
from warriorcoder.recipe import Recipe


@dataclass(frozen=True)
class StageEstimate:
    """What a stage would still ask, together and by expert."""

    stage: str
    together: Amounts
    experts: dict[str, Amounts]
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Estimate:
    """What a run of a recipe in an arena would still cost, together and by stage.

    `spent` is what the arena has cost so far, over all its runs. `instructions` is how many it will
    have, where `mined` of the draws become instructions and `curated` of these enter the arena.
    `rescued` is the journal's word on a file that was damaged or old, None for a sound one.
    """

    recipe: Recipe
    arena: Path
    together: Amounts
    stages: tuple[StageEstimate, ...]
    spent: Amount
    instructions: Span
    mined: Expectation
    curated: Expectation
    rescued: str | None = None

    @property
    def reaches(self) -> list[Reach]:
        """How far the recipe's budget reaches."""
        spent: dict[Key, float] = {key: getattr(self.spent, key) for key in KEYS}
        takes = [(each.stage, {key: getattr(each.together, key) or NOTHING for key in KEYS}) for each in self.stages]
        return reaches(self.recipe.budget, spent, takes)


def estimate(recipe: Recipe, path: Path) -> Estimate:
    """Estimate a run of the recipe in the arena at `path`, which may be absent. Sends no request, writes no table.

    Raises ArenaError for a folder or a journal that a run could not use, ModelError for a local model that is absent.
    """
    folder = ArenaFolder(path)
    if folder.manifest_path.exists():
        folder.manifest()
    weights = weights_of(recipe.experts)
    addresses = addresses_at_rest(recipe, weights)
    with ExitStack() as open_:
        there = folder.journal_path.exists()
        journal = open_.enter_context(Journal(folder.journal_path)) if there else None
        held = Held(journal, addresses)
        outlook = expected(folder)
        found = questions(recipe, weights, held, outlook, read_rounds(folder))
    averages = Averages(
        {key: Sample.of(spent) for key, spent in held.spent.items()},
        {
            (each.stage, each.expert): Sample.by_doctor(each)
            for each in read_measurements(folder)
            if weights.get(each.expert) == each.weights
        },
    )
    priced = lines(recipe, found.asks, averages, PromptTokens(held.seen), held.seen)
    stages = tuple(
        _stage(recipe, stage, priced, addresses, found.judge_calls if stage == "judge" else None)
        for stage in ASKING_STAGES
    )
    times = [stage.together.seconds for stage in stages]
    seconds = None if None in times else total(time for time in times if time is not None)
    return Estimate(
        recipe,
        path,
        replace(summed(priced, seconds), calls=total(stage.together.calls for stage in stages)),
        stages,
        spent_so_far(recipe, held.spent),
        found.instructions,
        _mined(found, outlook.mined),
        outlook.curated,
        journal.rescued if journal is not None else None,
    )


def _stage(
    recipe: Recipe, stage: str, priced: list[Line], addresses: Mapping[str, Address], calls: Span | None
) -> StageEstimate:
    local = {expert.name for expert in recipe.experts if isinstance(expert.endpoint, EmbeddedEndpoint)}
    its = tuple(line for line in priced if line.stage == stage)
    experts = {line.expert: summed([line], duration([line], addresses, local)) for line in its}
    together = summed(its, duration(its, addresses, local))
    return StageEstimate(stage, together if calls is None else replace(together, calls=calls), experts, its)


def _mined(found: Questions, of_last_run: Expectation) -> Expectation:
    """The share of draws that were kept, of those that the journal has; else of the last run's."""
    read = sum(mine.read for mine in found.mines)
    if any(mine.share is None for mine in found.mines):
        return of_last_run
    return Expectation(sum(len(mine.kept) for mine in found.mines) / read, read)
