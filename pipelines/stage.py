"""What every stage of the run shares: a distilabel step that works on the arena folder."""

from abc import abstractmethod
from typing import Any

from distilabel.steps import GlobalStep, StepInput
from pydantic import PrivateAttr

from warriorcoder.arena_folder import ArenaFolder, Row
from warriorcoder.pipelines.accounting import require_all_accounted
from warriorcoder.pipelines.endpoints.panel import ExpertPanel
from warriorcoder.pipelines.endpoints.traces import record_failure, record_finished
from warriorcoder.recipe import Recipe, load_recipe


class Stage(GlobalStep):
    """A step that receives all rows of the stage before, writes its tables, and passes rows on.

    A subclass says what it reads and passes on (`inputs`, `outputs`) and does its work in `work`.
    `arena` is the arena folder; the recipe in force is the one that lies in it.
    """

    arena: str

    _folder: ArenaFolder = PrivateAttr()
    _recipe: Recipe = PrivateAttr()

    def load(self) -> None:
        super().load()
        self._folder = ArenaFolder(self.arena)
        self._recipe = load_recipe(self._folder.recipe_path)

    def process(self, inputs: StepInput) -> Any:
        try:
            rows = self.work(inputs)
            self.finish()
            record_finished(self._folder, str(self.name))
            yield rows
        except Exception as error:
            record_failure(self._folder, str(self.name), error)
            raise

    def finish(self) -> None:
        """What is left to do when the stage's tables are written."""

    def record_counts(self, counts: dict[str, int], **others: Any) -> None:
        """Put the stage's counts into the manifest, with what else it has to say. Raises RunFailed for a lost row."""
        require_all_accounted(str(self.name), counts)
        self._folder.update_manifest({"counts": {str(self.name): counts}, **others})

    @abstractmethod
    def work(self, rows: list[Row]) -> list[Row]:
        """Turn the rows of the stage before into this stage's, writing its tables on the way."""


class AskingStage(Stage):
    """A stage that asks the experts, through the panel."""

    panel: ExpertPanel

    def load(self) -> None:
        super().load()
        self.panel.load()

    def finish(self) -> None:
        self.panel.finish()

    def record_cost(self) -> None:
        """Put what this stage's answers cost into the manifest."""
        self._folder.update_manifest({"cost": {self.panel.stage: self.panel.cost()}})
