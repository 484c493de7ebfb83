"""What the card and the report both say about an arena: pure functions on the manifest, nothing read twice."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from warriorcoder.arena_folder import ArenaFolder
from warriorcoder.recount import RECORD
from warriorcoder.tables import STAGES, TABLES


@dataclass(frozen=True)
class Step:
    """What went into a stage, what stayed and what did not; `entered = kept + dropped`."""

    stage: str
    unit: str
    entered: int
    kept: int
    fate: str

    @property
    def dropped(self) -> int:
        return self.entered - self.kept


@dataclass(frozen=True)
class JudgeRow:
    """A judge's record, and what a vote of it counts. Shares are in 0..1, None where there is nothing to divide by."""

    judge: str
    votes: int
    missing: int
    ties: int
    first: int
    battles_judged: int
    consistent: int
    weight: float = 1.0

    @property
    def decisive(self) -> int:
        """Verdicts for one side."""
        return self.votes - self.ties

    @property
    def counts(self) -> str:
        """What its votes count, "" where they count in full."""
        if self.weight == 1:
            return ""
        return f"count {self.weight:.2g} each" if self.weight else "count nowhere"

    @property
    def share_first(self) -> float | None:
        """Of the verdicts for one side, the share for the answer shown first; 0.5 is even-handed."""
        return self.first / self.decisive if self.decisive else None

    @property
    def share_consistent(self) -> float | None:
        """Of the battles judged in both orders, the share with the same verdict twice."""
        return self.consistent / self.battles_judged if self.battles_judged else None


@dataclass(frozen=True)
class Concern:
    """A health finding: its name, whom it is about, and the sentence to print."""

    name: str
    subject: str
    text: str


@dataclass(frozen=True)
class Expense:
    """What an expert's calls in a stage cost. `dollars` is None without a price.

    `uncounted` of the calls' answers have no tokens here: neither the endpoint nor a tokenizer counted them.
    """

    stage: str
    expert: str
    calls: int
    input_tokens: int
    output_tokens: int
    uncounted: int
    dollars: float | None

    @property
    def known(self) -> bool:
        """Whether the tokens say anything: not where nobody counted a single answer's."""
        return not self.uncounted or self.calls > self.uncounted


@dataclass(frozen=True)
class Cost:
    """Calls and tokens of a run; dollars of the priced experts, the experts without a price, the answers uncounted."""

    calls: int
    input_tokens: int
    output_tokens: int
    uncounted: int
    dollars: float
    unpriced: tuple[str, ...]

    @property
    def known(self) -> bool:
        """Whether the tokens say anything."""
        return not self.uncounted or self.calls > self.uncounted

    @classmethod
    def of(cls, expenses: Iterable[Expense]) -> "Cost":
        """All expenses together."""
        every = list(expenses)
        return cls(
            calls=sum(each.calls for each in every),
            input_tokens=sum(each.input_tokens for each in every),
            output_tokens=sum(each.output_tokens for each in every),
            uncounted=sum(each.uncounted for each in every),
            dollars=sum(each.dollars or 0.0 for each in every),
            unpriced=tuple(sorted({each.expert for each in every if each.dollars is None})),
        )


def stages_done(folder: ArenaFolder, manifest: Mapping[str, Any]) -> list[str]:
    """The stages that the manifest counts and whose tables are all there, in order."""
    counts = manifest.get("counts", {})
    return [
        stage
        for stage in STAGES
        if stage in counts and all(folder.has_table(name) for name, table in TABLES.items() if table.stage == stage)
    ]


def funnel(counts: Mapping[str, Mapping[str, int]], stages: list[str]) -> list[Step]:
    """One step a stage, in order, from the manifest's counts."""

    def step(stage: str) -> Step:
        at = counts[stage]
        match stage:
            case "mine":
                unit = "draws" if not at["brought"] else "draws and rows" if at["draws"] else "rows"
                return Step(stage, unit, at["draws"] + at["brought"], at["kept"], "rejected")
            case "curate":
                return Step(stage, "instructions", at["entered"], at["kept"], "rejected")
            case "answer":
                return Step(stage, "answers asked for", at["asked"], at["answers"], "rejected")
            case "judge":
                return Step(stage, "votes asked for", at["votes"] + at["missing"], at["votes"], "missing")
            case "rate":
                return Step(stage, "battles", at["battles"], at["decided"], "undecided")
            case _:
                kept = at["desirable"] + at["undesirable"]
                return Step(stage, "answers", kept + at["left_out"], kept, "left out")

    return [step(stage) for stage in stages]


def headline(counts: Mapping[str, Mapping[str, int]], stages: list[str]) -> list[tuple[int, str]]:
    """The run in one line, draws to kto rows, as far as it came: (number, what)."""
    of = {
        "mine": [("draws", "draws"), ("brought", "brought"), ("kept", "kept")],
        "curate": [("kept", "in arena")],
        "answer": [("answers", "answers")],
        "judge": [("battles", "battles")],
        "build": [("desirable", "kto rows")],
    }
    line = [
        (counts[stage][key], what)
        for stage in stages
        for key, what in of.get(stage, [])
        if key != "brought" or counts[stage][key]
    ]
    if "build" in stages:
        line[-1] = (counts["build"]["desirable"] + counts["build"]["undesirable"], "kto rows")
    return line


def judges(manifest: Mapping[str, Any], stages: list[str]) -> list[JudgeRow]:
    """The judges' records, in order of their names; none before they are written, which the stage `rate` does."""
    recorded = manifest.get("judges", {}) if "rate" in stages else {}
    return [
        JudgeRow(name, **{key: recorded[name][key] for key in RECORD}, weight=recorded[name].get("weight", 1.0))
        for name in sorted(recorded)
    ]


def concerns(manifest: Mapping[str, Any], stages: list[str]) -> list[Concern]:
    """The health findings, as the stages wrote them; those of a stage's earlier run are left out."""
    by_stage = manifest.get("findings", {})
    found = [finding for stage in stages for finding in by_stage.get(stage, [])]
    return [
        Concern(finding["name"], finding["subject"], f"{finding['subject']}: {finding['message']}") for finding in found
    ]


def expenses(manifest: Mapping[str, Any]) -> list[Expense]:
    """What the tables cost to make, by stage and expert, in their order."""
    costs = manifest.get("cost", {})
    return [
        Expense(
            stage,
            expert,
            part["calls"],
            part["input_tokens"],
            part["output_tokens"],
            part.get("unmetered", 0),
            part["dollars"],
        )
        for stage in STAGES
        for expert, part in sorted(costs.get(stage, {}).items())
    ]


def share(value: float | None) -> str:
    """A share as it is printed: two decimals, or n/a where there was nothing to divide by."""
    return "n/a" if value is None else f"{value:.2f}"
