"""The lines of an ablation: one a variant; the drawn orders of the battles are one, with their mean."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import mean

from warriorcoder.pipelines.battles.ablation.results import Change
from warriorcoder.pipelines.battles.ablation.running import Ablation, Trial

FIGURES = ("tau", "moved", "gold", "flipped", "new", "gone")
MOVED = 3
"""How many experts are named whose rank changes."""

HEAD = ("varied", "to", "tau:", "ranks:", "gold:", "flipped:", "new:", "gone:")
MEANINGS = {
    "tau": "Kendall's, of the ratings to the recipe's; 1 is the same order",
    "ranks": "experts whose rank changes",
    "gold": "share of the instructions whose gold answer changes",
    "flipped": "share of the kto rows whose label changes; new and gone: rows that are added and lost",
}


@dataclass(frozen=True)
class Figure:
    """A figure of a line: `low` and `high` are its least and greatest over the trials of the line, else itself."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Line:
    """One line: what is varied, to what, and its figures by the names of `FIGURES`; `why` where there are none.

    A figure is None where it has no value: the tau of ratings that are all alike.
    """

    axis: str
    setting: str
    figures: dict[str, Figure | None]
    why: str | None

    @property
    def name(self) -> str:
        return f"{self.axis} {self.setting}"


def lines(ablation: Ablation) -> list[Line]:
    """The lines in the order of the trials."""
    return list(_lines(ablation.trials))


def _lines(trials: Sequence[Trial]) -> Iterator[Line]:
    drawn = [trial for trial in trials if trial.variant.order]
    for trial in trials:
        if trial.variant.order == 1:
            yield _line(trial.variant.axis, f"{len(drawn)} draws", drawn)
        elif not trial.variant.order:
            yield _line(trial.variant.axis, trial.variant.setting, [trial])


def _line(axis: str, setting: str, trials: Sequence[Trial]) -> Line:
    changes = [trial.change for trial in trials if trial.change is not None]
    if not changes:
        return Line(axis, setting, {}, trials[0].why)
    found = {}
    for name in FIGURES:
        values = [value for change in changes if (value := _value(change, name)) is not None]
        found[name] = Figure(mean(values), min(values), max(values)) if values else None
    return Line(axis, setting, found, None)


def _value(change: Change, name: str) -> float | None:
    if name == "moved":
        return float(len(change.moved))
    value: float | None = getattr(change, name)
    return value


def cells(line: Line) -> list[str]:
    """The line's figures as text, in the order of `FIGURES`."""

    def said(name: str) -> str:
        figure = line.figures.get(name)
        if figure is None:
            return "–"
        if name == "tau":
            return f"{figure.value:.2f}"
        return f"{figure.value:.1f}".removesuffix(".0") if name == "moved" else percent(figure.value)

    return [said(name) for name in FIGURES]


def percent(share: float) -> str:
    """A share in percent, with a tenth where it is small."""
    return f"{100 * share:.1f} %" if 0 < share < 0.1 else f"{100 * share:.0f} %"


def remarks(ablation: Ablation) -> Iterator[str]:
    """Which ranks change where, why variants have no result, and what matters most."""
    for line in lines(ablation):
        if line.why:
            yield f"{line.name}: no result, {line.why.rstrip('.')}."
    for trial in ablation.trials:
        if trial.change and trial.change.moved and not trial.variant.order:
            farthest = sorted(trial.change.moved.items(), key=lambda each: (-abs(each[1][0] - each[1][1]), each[0]))
            moved = ", ".join(f"{model} from {old} to {new}" for model, (old, new) in farthest[:MOVED])
            others = f" and {len(farthest) - MOVED} more" if len(farthest) > MOVED else ""
            yield f"{trial.variant.axis} {trial.variant.setting}: {moved}{others}."
    changing = [(figure.value, line) for line in lines(ablation) if (figure := line.figures.get("gold"))]
    if changing:
        most, line = max(changing, key=lambda each: each[0])
        yield f"What changes most gold answers: {line.name}, {percent(most)}." if most else "No gold answer changes."
