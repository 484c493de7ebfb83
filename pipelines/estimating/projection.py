"""What a run will come to in the end, while it runs: by the estimate's arithmetic on what it has counted so far."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from warriorcoder.arena_folder import ArenaFolder
from warriorcoder.errors import WarriorError
from warriorcoder.pipelines.endpoints.progress import Progress
from warriorcoder.pipelines.endpoints.traces import read_addresses
from warriorcoder.pipelines.estimating.ahead import Ask, answering_ahead, grading_ahead, judging_ahead
from warriorcoder.pipelines.estimating.averages import Averages, PromptTokens, Sample
from warriorcoder.pipelines.estimating.costing import lines
from warriorcoder.pipelines.estimating.outlook import NO_OUTLOOK, Outlook, expected
from warriorcoder.pipelines.estimating.questions import ASKING_STAGES
from warriorcoder.pipelines.estimating.spans import Span
from warriorcoder.recipe import Recipe

STAGES_OF: dict[str, tuple[str, ...]] = {
    "run": ASKING_STAGES,
    "mine": ("mine", "curate"),
    "battle": ("answer", "judge"),
}
"""The stages of each part of a run that ask the experts."""


@dataclass(frozen=True)
class Projected:
    """What a stage will have come to: calls and dollars, those of the journal included."""

    calls: float
    dollars: float


class Projection:
    """Projects a part of a run in the arena at `path`, as it goes. Reads the arena's manifest, asks nobody."""

    def __init__(self, recipe: Recipe, path: Path, part: str) -> None:
        self.stages = STAGES_OF.get(part, ())
        self.priced = any(expert.price for expert in recipe.experts)
        self._recipe = recipe
        self._folder = ArenaFolder(path)
        self._known_at: tuple[str, ...] = ()
        self._outlook: Outlook = NO_OUTLOOK
        self._weights: dict[str, str] = {}

    def project(self, progress: Mapping[str, Progress]) -> dict[str, Projected]:
        """Every stage of the part: as it is where it is over, as it will likely be elsewhere. Nothing at first."""
        last = max((place for place, stage in enumerate(self.stages) if stage in progress), default=None)
        if last is None:
            return {}
        begun, waiting = self.stages[: last + 1], self.stages[last + 1 :]
        self._learn(begun)
        over = [progress.get(stage, Progress(stage)) for stage in begun[:-1]]
        found = {counts.stage: Projected(counts.done, counts.dollars) for counts in over}
        now = progress[begun[-1]]
        calls = max(now.total, self._draws() if now.stage == "mine" else 0.0, self._campaign(now, progress))
        found[now.stage] = Projected(calls, now.dollars / now.done * calls if now.done else 0.0)
        asks = self._to_come(begun, waiting, progress)
        averages = Averages(_samples(progress), {})
        for line in lines(self._recipe, asks, averages, PromptTokens({}), {}):
            before = found.get(line.stage, Projected(0.0, 0.0))
            dollars = line.dollars.likely if line.dollars else 0.0
            found[line.stage] = Projected(before.calls + line.calls.likely, before.dollars + dollars)
        return found

    def _learn(self, begun: tuple[str, ...]) -> None:
        """Read anew what the arena knows, where another stage has begun."""
        if begun == self._known_at:
            return
        try:
            self._outlook = expected(self._folder)
            self._weights = {name: address.weights for name, address in read_addresses(self._folder).items()}
        except (OSError, ValueError, WarriorError):
            # A projection is worth no run: what cannot be read now is read the next time.
            return
        self._known_at = begun

    def _draws(self) -> float:
        """The draws that are likely needed."""
        mining = self._recipe.mining
        share = max(self._outlook.mined.share, 1e-6)
        return len(self._recipe.experts) * min(mining.draws, mining.per_expert / share)

    def _campaign(self, now: Progress, progress: Mapping[str, Progress]) -> float:
        """The judge calls that `active` pairing will likely make: its rounds are not known before the last."""
        if now.stage != "judge" or self._recipe.battles.pairing != "active":
            return 0.0
        asks = self._to_come(("judge",), ("judge",), progress)["judge"].values()
        return sum(ask.number.likely for each in asks for ask in each)

    def _to_come(
        self, begun: tuple[str, ...], waiting: tuple[str, ...], progress: Mapping[str, Progress]
    ) -> dict[str, dict[str, list[Ask]]]:
        """What the stages that have not begun will likely ask."""
        experts = [expert.name for expert in self._recipe.experts]
        mined = self._outlook.kept if "curate" in begun else self._draws() * self._outlook.mined.share
        entering = min(mined * self._outlook.curated.share, self._recipe.curation.size or mined)
        if "answer" in progress:
            entering = progress["answer"].total / len(experts)
        each = Span.exactly(max(mined, entering) / len(experts))
        number = Span.exactly(entering)
        weights = self._weights or {name: name for name in experts}
        asks = {
            "curate": lambda: grading_ahead(self._recipe, weights, dict.fromkeys(experts, each)),
            "answer": lambda: answering_ahead(self._recipe, number),
            "judge": lambda: judging_ahead(self._recipe, weights, number, dict.fromkeys(experts, each)),
        }
        return {stage: {name: [ask] for name, ask in asks[stage]().items()} for stage in waiting}


def _samples(progress: Mapping[str, Progress]) -> dict[tuple[str, str], Sample]:
    """The answers of this run, by stage and expert."""
    return {
        (stage, expert): Sample(
            share["calls"], counted=share["calls"] - share["unmetered"], output_tokens=share["output_tokens"]
        )
        for stage, counts in progress.items()
        for expert, share in counts.experts.items()
    }
