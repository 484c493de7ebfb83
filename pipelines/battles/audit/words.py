"""The audit in words: what each figure is called, and how it reads on a screen and in Markdown."""

from collections.abc import Iterator

from warriorcoder.pipelines.battles.audit.judges import JudgeAudit
from warriorcoder.pipelines.battles.audit.leanings import CLEARLY
from warriorcoder.pipelines.battles.audit.measures import Measure
from warriorcoder.pipelines.battles.audit.report import AuditReport, Compared
from warriorcoder.recipe_battles import EXECUTION_JUDGE

FIGURES = {
    "consistent": "share of the battles with the same verdict in both orders",
    "for first": "share of the verdicts for one side that go to the answer shown first",
    "majority": "share of the battles with the verdict of most other models that judged",
    "execution": "the same, with the execution judge where that names a winner",
    "own family": "score that it gives experts of its own family, less what the other judges give them",
    "for longer": f"share of the verdicts for one side that go to an answer {CLEARLY:g} times as long as the other",
    "beyond others": "score that it gives the longer answer, less what the other judges give it",
}


def figures_of(judge: JudgeAudit) -> list[tuple[str, Measure]]:
    """A judge's figures by their names, in the order of `FIGURES`."""
    found = (
        judge.standing.consistency,
        judge.standing.first,
        judge.majority.share,
        judge.execution.share,
        judge.self_preference,
        judge.length.longer,
        judge.length.beyond,
    )
    return [
        (name, measure)
        for name, measure in zip(FIGURES, found, strict=True)
        # Of itself there is nothing to say.
        if not (name == "execution" and judge.judge == EXECUTION_JUDGE)
    ]


def without_figure(report: AuditReport) -> Iterator[str]:
    """A sentence for every figure that cannot be had, with the reason and the judges that lack it."""
    lacking: dict[tuple[str, str], list[str]] = {}
    for judge in report.audit.judges:
        for name, measure in figures_of(judge):
            if measure.value is None:
                lacking.setdefault((name, measure.why or ""), []).append(judge.judge)
    for (name, why), judges in sorted(lacking.items(), key=lambda each: list(FIGURES).index(each[0][0])):
        who = "all judges" if len(judges) == len(report.audit.judges) else ", ".join(judges)
        yield f"no {name} of {who}: {why}."


def value(measure: Measure) -> str:
    return "–" if measure.value is None else _two(measure.value)


def interval(measure: Measure) -> str:
    if measure.value is None or measure.low is None or measure.high is None:
        return measure.why or ""
    return f"{_two(measure.low)} to {_two(measure.high)}"


def chance(measure: Measure) -> str:
    return "" if measure.chance is None or measure.value is None else _two(measure.chance)


def votes_of(judge: JudgeAudit) -> str:
    """Its votes in one line: given, ties, missing and why."""
    why = ", ".join(f"{reason} {count:,}" for reason, count in judge.missing.items())
    missing = f", {judge.standing.missing:,} missing ({why})" if judge.standing.missing else ", none missing"
    return f"{judge.standing.asked:,} votes: {judge.given:,} verdicts, {judge.ties:,} of them ties{missing}"


def below(report: AuditReport) -> Iterator[str]:
    """A sentence for every judge below the floor with what its votes count, and one for the execution judge's."""
    for name, breaches in report.below.items():
        told = ", ".join(f"{breach.key} is {breach.value:.2f}, the floor {breach.floor:g}" for breach in breaches)
        weight = report.weights.get(name, 1.0)
        count = "count in full" if weight == 1 else "do not count" if weight == 0 else f"count {weight:.2f} each"
        how = f"battles.below_floor: {report.below_floor}"
        yield f"{name} is below the recipe's floor: {told}. Its votes {count} ({how})."
    weight = report.weights.get(EXECUTION_JUDGE, 1.0)
    if weight != 1:
        count = f"count {weight:g} each" if weight else "count nowhere"
        yield f"The votes of the execution judge {count} (battles.execution_weight)."
    if report.below and report.below_floor == "flag":
        yield (
            "To have them count less, or not at all: warrior rate ARENA --set battles.below_floor=down_weight, "
            "or leave_out."
        )


def changes(report: AuditReport) -> str:
    """What becomes of the ranks without the judges below the floor."""
    if all(row.without is None for row in report.compared):
        return (
            "Without the judges below the floor no battle has a verdict: name judges that can judge in battles.judges."
        )
    moved = [f"{row.model} from {row.rank} to {row.rank_without}" for row in report.compared if row.moved]
    return f"Without them these ranks change: {', '.join(moved)}." if moved else "Without them no rank changes."


def rating_cells(row: Compared) -> tuple[str, ...]:
    """Expert, Elo and rank with all judges, Elo and rank without those below the floor."""
    without = ("–", "–") if row.without is None else (f"{row.without:.0f}", str(row.rank_without))
    return row.model, f"{row.elo:.0f}", str(row.rank), *without


def panel(report: AuditReport) -> str:
    """Krippendorff's alpha of the panel, and whose absence would change it most."""
    alpha = report.audit.alpha
    if alpha.value is None:
        return f"Krippendorff's alpha of all judges: none, {alpha.why}."
    said = f"Krippendorff's alpha of all judges: {value(alpha)} ({interval(alpha)}); 0 is chance, 1 full agreement."
    without = [(judge.alpha_without.value, judge.judge) for judge in report.audit.judges]
    known = [(figure, name) for figure, name in without if figure is not None]
    if len(known) > 2:
        best, name = max(known)
        said += f" Without {name} it would be {_two(best)}."
    return said


def _two(figure: float) -> str:
    """Two decimals, and no minus before a zero."""
    return f"{round(figure, 2) + 0:.2f}"
