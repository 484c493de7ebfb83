"""What mining brought: plain figures from an arena's rows, to be shown (`mining_screen.py`, `mining_markdown.py`)."""

import random
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Any

from warriorcoder.arena_folder import Row
from warriorcoder.ids import seed_from
from warriorcoder.intervals import wilson_interval
from warriorcoder.pipelines.mining.diversity_measures import Diversity, diversity_findings, junk_finding
from warriorcoder.pipelines.mining.draws import Cell, cell_of, cells
from warriorcoder.pipelines.mining.novelty import histogram
from warriorcoder.recipe_mining import Grid
from warriorcoder.tables import BANDS, Reason

SAMPLES = 20
LEAST_NOVEL = 10
BINS = 10

_STAGES = ("mine", "curate")
_NOT_JUNK = {Reason.EXACT_DUPLICATE.value, Reason.SURPLUS.value, Reason.ENDPOINT_ERROR.value}


@dataclass(frozen=True)
class Drop:
    """Rows that a stage dropped for a reason, and how many were left after it."""

    stage: str
    reason: str
    dropped: int
    left: int


@dataclass(frozen=True)
class Yield:
    """What draws came to. `good`: kept, or dropped only because enough were there; `low`, `high`: 95 % of its share.

    `setting` is empty for all draws of an expert, else a value of one axis of its grid, or of all: a cell.
    `wasteful`: surely below the share of the expert, however many settings are compared. `tokens` are those drawn for
    a good one; None for settings, and where nobody counted.
    """

    expert: str
    setting: str
    draws: int
    good: int
    kept: int
    low: float
    high: float
    wasteful: bool = False
    tokens: float | None = None

    @property
    def share(self) -> float:
        return self.good / self.draws if self.draws else 0.0


@dataclass(frozen=True)
class Near:
    """An instruction and the reference that it is nearest to, by ROUGE-L F1."""

    instruction: str
    reference: str
    rouge: float


@dataclass(frozen=True)
class MiningReport:
    """All figures. `experts`, `settings` and `cells` are yields; `brought` has by set its rows and those kept.

    `systems` are the system prompts, which settings number from 1. `bands`, `tasks` and `languages` count the kept
    instructions, bands from the best on, others the most frequent first.
    `novelty` (a histogram) and `nearest` are empty without references. `embedding`: what measured the spread.
    """

    draws: int
    brought_rows: int
    funnel: list[Drop]
    kept: int
    experts: list[Yield]
    settings: list[Yield]
    cells: list[Yield]
    systems: list[str]
    brought: dict[str, tuple[int, int]]
    bands: dict[str, int]
    tasks: dict[str, int]
    languages: dict[str, int]
    novelty: list[dict[str, float]]
    nearest: list[Near]
    diversity: Diversity | None
    embedding: str | None
    samples: list[Row]
    findings: list[dict[str, Any]]


def mining_report(
    instructions: Sequence[Row],
    rejected: Sequence[Row],
    grids: Mapping[str, Grid],
    *,
    tokens: Mapping[str, int] | None = None,
    diversity: Diversity | None = None,
    embedding: str | None = None,
    seed: int = 0,
) -> MiningReport:
    """The report on an arena's `instructions` and `rejected` rows; of the latter those of `mine` and `curate` count.

    `grids` has the sampling grid of every expert that mined. Rows without a miner, and of another origin, were
    brought. `tokens` are those drawn, by expert; `seed` chooses the samples.
    """
    dropped = [row for row in rejected if row["stage"] in _STAGES]
    funnel, left = [], len(instructions) + len(dropped)
    for (stage, reason), count in sorted(
        Counter((row["stage"], row["reason"]) for row in dropped).items(),
        key=lambda item: (_STAGES.index(item[0][0]), -item[1], item[0][1]),
    ):
        left -= count
        funnel.append(Drop(stage, reason, count, left))
    of_experts = [(row["miner"], row["draw"], None) for row in instructions if row["miner"] is not None]
    of_experts += [(row["origin"], row["draw"], row["reason"]) for row in dropped if row["origin"] in grids]
    systems = list(dict.fromkeys(cell.system for grid in grids.values() for cell in cells(grid)))
    experts, settings, by_cell = _yields(of_experts, grids, systems, tokens or {})
    sets = Counter(row["source"] for row in instructions if row["miner"] is None)
    lost = Counter(row["origin"] for row in dropped if row["origin"] not in grids)
    near = [
        Near(row["instruction"], row["nearest_reference"] or "", row["rouge_l_max"])
        for row in instructions
        if row["rouge_l_max"] is not None
    ]
    ordered = sorted(instructions, key=lambda row: row["instruction_id"])
    chosen = random.Random(seed_from(seed, "mining_report")).sample(ordered, min(SAMPLES, len(ordered)))
    return MiningReport(
        draws=len(of_experts),
        brought_rows=sets.total() + lost.total(),
        funnel=funnel,
        kept=len(instructions),
        experts=experts,
        settings=settings,
        cells=by_cell,
        systems=systems,
        brought={name: (sets[name] + lost[name], sets[name]) for name in sorted(sets | lost, key=str)},
        bands={band: sum(row["band"] == band for row in instructions) for band in reversed(BANDS)},
        tasks=_counts(row["task"] for row in instructions),
        languages=_counts(row["language"] or "none named" for row in instructions),
        novelty=histogram([each.rouge for each in near], BINS) if near else [],
        nearest=sorted(near, key=lambda each: (-each.rouge, each.instruction))[:LEAST_NOVEL],
        diversity=diversity,
        embedding=embedding,
        samples=chosen,
        findings=mining_findings(rejected, instructions, grids, diversity),
    )


def mining_findings(
    rejected: Sequence[Row], instructions: Sequence[Row], grids: Mapping[str, Grid], diversity: Diversity | None
) -> list[dict[str, Any]]:
    """The health findings on mining: `junk_expert` of an expert, `low_diversity` of the instructions.

    Each has `name`, `subject` and `message`, as those of the battles have.
    """
    found = []
    for expert in grids:
        its = [row for row in rejected if row["origin"] == expert and row["stage"] in _STAGES]
        reasons = Counter(row["reason"] for row in its if row["stage"] == "mine")
        answered = len(its) + sum(row["miner"] == expert for row in instructions) - reasons[Reason.ENDPOINT_ERROR.value]
        found += junk_finding(expert, answered, {name: reasons[name] for name in reasons if name not in _NOT_JUNK})
    return found + (diversity_findings(diversity) if diversity else [])


def excerpt(text: str, length: int) -> str:
    """The beginning of a text on one line, without what could steer a terminal: control, format and lone halves."""
    line = " ".join(text.split())
    line = "".join(
        "\N{REPLACEMENT CHARACTER}" if unicodedata.category(each) in ("Cc", "Cf", "Cs", "Co") else each
        for each in line[: length + 1]
    )
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"


def _yields(
    draws: Sequence[tuple[str, int, str | None]],
    grids: Mapping[str, Grid],
    systems: list[str],
    tokens: Mapping[str, int],
) -> tuple[list[Yield], list[Yield], list[Yield]]:
    """Of experts, settings and cells, in the grids' order; a draw is its expert, its number, why it was dropped."""
    made: Counter[tuple[str, str]] = Counter()
    good: Counter[tuple[str, str]] = Counter()
    kept: Counter[tuple[str, str]] = Counter()
    for expert, draw, reason in draws:
        names = _settings_of(cell_of(grids[expert], draw), systems)
        for setting in ("", *names, ", ".join(names)):
            made[expert, setting] += 1
            kept[expert, setting] += reason is None
            good[expert, setting] += reason is None or reason == Reason.SURPLUS.value
    experts: list[Yield] = []
    of_settings: list[Yield] = []
    of_cells: list[Yield] = []
    for expert, grid in grids.items():
        places = [_settings_of(cell, systems) for cell in cells(grid)]
        axes = [list(dict.fromkeys(values)) for values in zip(*places, strict=True)]
        whole = _yield(expert, "", made, good, kept)
        counted = tokens.get(expert)
        experts.append(replace(whole, tokens=counted / whole.good if counted and whole.good else None))
        for settings, into in (
            ([name for values in axes if len(values) > 1 for name in values], of_settings),
            ([", ".join(names) for names in places], of_cells),
        ):
            into += [_yield(expert, name, made, good, kept, whole.share, len(settings)) for name in settings]
    return experts, of_settings, of_cells


def _settings_of(cell: Cell, systems: list[str]) -> tuple[str, str, str]:
    return f"T {cell.temperature:g}", f"top_p {cell.top_p:g}", f"system {systems.index(cell.system) + 1}"


def _yield(
    expert: str,
    setting: str,
    made: Mapping[tuple[str, str], int],
    good: Mapping[tuple[str, str], int],
    kept: Mapping[tuple[str, str], int],
    share: float = 0.0,
    compared: int = 1,
) -> Yield:
    place = expert, setting
    drawn = made[place]
    low, high = wilson_interval(good[place], drawn) if drawn else (0.0, 1.0)
    # Of many settings some fall out of an interval of 95 % by chance (Bonferroni).
    _, surely = wilson_interval(good[place], drawn, NormalDist().inv_cdf(1 - 0.025 / compared)) if drawn else (0.0, 1.0)
    return Yield(expert, setting, drawn, good[place], kept[place], low, high, surely < share)


def _counts(values: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(values).items(), key=lambda item: (-item[1], item[0])))
