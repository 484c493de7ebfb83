"""The run, readable in one sitting: a distilabel pipeline from the experts to the training tables.

`python -m warriorcoder.pipelines.arena [--unsafe-no-sandbox] FOLDER PART [RAY [OWN]]` runs it in the arena
folder, in which the recipe and the experts' addresses lie already, on this machine's processes or on
Ray: RAY is the cluster's address, or `local` for a Ray of our own with its files in the folder OWN.
`run.py` starts that process and watches over it.
"""

import logging
import os
import sys
from abc import abstractmethod
from pathlib import Path
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
from warriorcoder.pipelines.watching import end_for_a_worker, watch_workers
from warriorcoder.recipe import load_recipe
from warriorcoder.tables import TABLES

Part = Literal["run", "mine", "battle", "rate", "build"]
PARTS: tuple[Part, ...] = get_args(Part)

UNSAFE_NO_SANDBOX = "--unsafe-no-sandbox"
"""The option that has the execution judge run code with limits alone."""


class Source(GeneratorStep):
    """Where a graph begins: rows of the arena folder, in one batch."""

    arena: str

    def process(self, offset: int = 0) -> Any:
        try:
            yield self.rows(ArenaFolder(self.arena)), True
        except Exception as error:
            # On Ray nobody hears of it otherwise.
            record_failure(ArenaFolder(self.arena), str(self.name), error)
            raise

    @abstractmethod
    def rows(self, folder: ArenaFolder) -> list[Row]:
        """The rows."""


class Experts(Source):
    """The experts of the recipe, one row each."""

    @property
    def outputs(self) -> list[str]:
        return ["expert"]

    def rows(self, folder: ArenaFolder) -> list[Row]:
        return [{"expert": expert.name} for expert in load_recipe(folder.recipe_path).experts]


class FromArena(Source):
    """The rows of a table that lies in the arena already."""

    table: str

    @property
    def outputs(self) -> list[str]:
        return list(TABLES[self.table].columns)

    def rows(self, folder: ArenaFolder) -> list[Row]:
        return folder.read_table(self.table)


class Judges(Source):
    """The judges that voted, one row each. The votes themselves stay in the arena: they are many."""

    @property
    def outputs(self) -> list[str]:
        return ["judge"]

    def rows(self, folder: ArenaFolder) -> list[Row]:
        return [{"judge": name} for name in folder.read_columns("votes", ["judge"])["judge"].unique().to_pylist()]


def arena_pipeline(folder: ArenaFolder, part: Part, *, unsafe: bool, on_ray: bool = False) -> Pipeline:
    """The graph of a run, or of the part of it that works on the tables before it."""
    arena = str(folder.path)

    def panel(stage: str) -> ExpertPanel:
        return ExpertPanel(arena=arena, stage=stage, on_ray=on_ray)

    with Pipeline("arena", cache_dir=folder.work / "distilabel") as pipeline:
        if part in ("run", "mine"):
            experts = Experts(name="experts", arena=arena)
            mine = Mine(name="mine", arena=arena, panel=panel("mine"))
            curate = Curate(name="curate", arena=arena, panel=panel("curate"))
        if part in ("run", "battle"):
            answer = Answer(name="answer", arena=arena, panel=panel("answer"))
            judge = Judge(name="judge", arena=arena, panel=panel("judge"), unsafe_no_sandbox=unsafe)
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
                Judges(name="judges", arena=arena) >> rate
            case "build":
                FromArena(name="ratings", arena=arena, table="ratings") >> build
    return pipeline


def run_here(folder: ArenaFolder, part: Part, *, unsafe: bool) -> None:
    """Run the graph on processes of this machine."""
    # Inside a Ray cluster's container distilabel would go over to Ray, without the desk that keeps the journal there.
    os.environ.pop("RAY_CLUSTER_NAME", None)
    pipeline = arena_pipeline(folder, part, unsafe=unsafe)
    watch_workers(pipeline, lambda what: end_for_a_worker(folder, pipeline.dag, what))
    # Its cache cannot be resumed and returns old rows for new ones; the journal is what makes a second run cheap.
    pipeline.run(use_cache=False)


def run_on_ray(folder: ArenaFolder, part: Part, address: str, own: Path | None, *, unsafe: bool) -> None:
    """Run the graph on Ray; `own` is the folder for the files of a Ray of our own."""
    from warriorcoder.pipelines.on_ray.running import joined, watch_actors

    with joined(folder, address, own):
        pipeline = arena_pipeline(folder, part, unsafe=unsafe, on_ray=True).ray()
        watch_actors(pipeline, lambda what: end_for_a_worker(folder, pipeline.dag, what))
        pipeline.run(use_cache=False)


def main() -> None:
    # Under the guard of a Ray of our own; elsewhere `child` has seen to it.
    die_with_parent(os.getppid())
    forks_die_with_parent()
    poll_often()
    # On a cluster the steps' processes begin in other folders than this one.
    unsafe = sys.argv[1] == UNSAFE_NO_SANDBOX
    path, part, *on_ray = sys.argv[1 + unsafe :]
    folder = ArenaFolder(Path(path).absolute())
    # distilabel silences httpx, not its successor, which would log a line a request.
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    try:
        if on_ray:
            own = Path(on_ray[1]) if on_ray[1:] else None
            run_on_ray(folder, part, on_ray[0], own, unsafe=unsafe)  # type: ignore[arg-type]
        else:
            run_here(folder, part, unsafe=unsafe)  # type: ignore[arg-type]
    except Exception as error:
        record_failure(folder, "run", error)
        raise


if __name__ == "__main__":
    main()
