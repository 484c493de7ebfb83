"""The run, readable in one sitting: a distilabel pipeline from the experts to the training tables.

`python -m warriorcoder.pipelines.arena FOLDER PART` runs it in the arena folder, in which the
recipe and the experts' addresses lie already. `run.py` starts that process and watches over it.
"""

import logging
import sys
from typing import Any, Literal, get_args

from distilabel.pipeline import Pipeline
from distilabel.steps import GeneratorStep

from warriorcoder.arena_folder import ArenaFolder, Row
from warriorcoder.pipelines.battles.stages import Answer, Build, Judge, Rate
from warriorcoder.pipelines.endpoints.panel import ExpertPanel
from warriorcoder.pipelines.endpoints.processes import die_with_parent, forks_die_with_parent
from warriorcoder.pipelines.endpoints.traces import record_failure
from warriorcoder.pipelines.mining.stages import Curate, Mine
from warriorcoder.pipelines.polling import poll_often
from warriorcoder.recipe import load_recipe
from warriorcoder.tables import TABLES

Part = Literal["run", "mine", "battle", "rate", "build"]
PARTS: tuple[Part, ...] = get_args(Part)


class Experts(GeneratorStep):
    """The experts of the recipe, one row each."""

    arena: str

    @property
    def outputs(self) -> list[str]:
        return ["expert"]

    def process(self, offset: int = 0) -> Any:
        recipe = load_recipe(ArenaFolder(self.arena).recipe_path)
        yield [{"expert": expert.name} for expert in recipe.experts], True


class FromArena(GeneratorStep):
    """The rows of a table that lies in the arena already."""

    arena: str
    table: str

    @property
    def outputs(self) -> list[str]:
        return list(TABLES[self.table].columns)

    def process(self, offset: int = 0) -> Any:
        rows: list[Row] = ArenaFolder(self.arena).read_table(self.table)
        yield rows, True


def arena_pipeline(folder: ArenaFolder, part: Part) -> Pipeline:
    """The graph of a run, or of the part of it that works on the tables before it."""
    arena = str(folder.path)

    def panel(stage: str) -> ExpertPanel:
        return ExpertPanel(arena=arena, stage=stage)

    with Pipeline("arena", cache_dir=folder.work / "distilabel") as pipeline:
        if part in ("run", "mine"):
            experts = Experts(name="experts", arena=arena)
            mine = Mine(name="mine", arena=arena, panel=panel("mine"))
            curate = Curate(name="curate", arena=arena, panel=panel("curate"))
        if part in ("run", "battle"):
            answer = Answer(name="answer", arena=arena, panel=panel("answer"))
            judge = Judge(name="judge", arena=arena, panel=panel("judge"))
        if part in ("run", "rate"):
            rate = Rate(name="rate", arena=arena)
        if part in ("run", "build"):
            build = Build(name="build", arena=arena)

        match part:
            case "run":
                experts >> mine >> curate >> answer >> judge >> rate >> build
            case "mine":
                experts >> mine >> curate
            case "battle":
                FromArena(name="instructions", arena=arena, table="instructions") >> answer >> judge
            case "rate":
                FromArena(name="votes", arena=arena, table="votes") >> rate
            case "build":
                FromArena(name="battles", arena=arena, table="battles") >> build
    return pipeline


def main() -> None:
    die_with_parent()
    forks_die_with_parent()
    poll_often()
    folder, part = ArenaFolder(sys.argv[1]), sys.argv[2]
    # distilabel silences httpx, not its successor, which would log a line a request.
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    try:
        # Its cache cannot be resumed and returns old rows for new ones; the journal is what makes a second run cheap.
        arena_pipeline(folder, part).run(use_cache=False)  # type: ignore[arg-type]
    except Exception as error:
        record_failure(folder, "run", error)
        raise


if __name__ == "__main__":
    main()
