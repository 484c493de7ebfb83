"""`warrior eval compare`: two runs on the tasks that both have, and how sure the difference is."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from warriorcoder.drawing import BLUE, GREY, ORANGE, named_rows, panels_png
from warriorcoder.errors import EvaluationError
from warriorcoder.eval.report import percent, points
from warriorcoder.eval.runs import EvaluatedRun
from warriorcoder.eval.statistics import (
    DRAWS,
    Estimate,
    Pairs,
    mcnemar_exact,
    mean_over_tasks,
    paired_difference,
    pairs,
)
from warriorcoder.ids import seed_from
from warriorcoder.intervals import wilson_interval
from warriorcoder.markdown import code, inline

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class TaskPair:
    """A task in both runs: the share of its samples that passed, its outcomes, and what was found in the first."""

    task: str
    a: float
    b: float
    outcomes_a: Sequence[str]
    outcomes_b: Sequence[str]
    detail_a: str = ""
    detail_b: str = ""


@dataclass(frozen=True)
class Comparison:
    """Run b against run a, on `tasks`, which both have. `difference` is b minus a, as a share.

    `p_value`: McNemar's exact test; with several samples a task the sign test on its rates, and
    `single` is false. `same_benchmark` is None where a run does not tell its benchmark's digest.
    """

    a: str
    b: str
    benchmark: str
    same_benchmark: bool | None
    tasks: Sequence[TaskPair]
    only_a: Sequence[str]
    only_b: Sequence[str]
    score_a: Estimate
    score_b: Estimate
    difference: Estimate
    pairs: Pairs
    p_value: float
    single: bool
    draws: int


def compare(a: EvaluatedRun, b: EvaluatedRun, seed: int = 0, draws: int = DRAWS) -> Comparison:
    """Compare two runs of one benchmark on the tasks that both have. The same runs and seed give the same numbers.

    Raises EvaluationError for runs of different benchmarks or versions of one, and for runs
    without a common task.
    """
    if a.benchmark != b.benchmark:
        raise EvaluationError(
            f"{a.name} ran on {a.benchmark}, {b.name} on {b.benchmark}. Give two runs of one benchmark."
        )
    if a.digest and b.digest and a.digest != b.digest:
        raise EvaluationError(
            f"{a.benchmark} has another digest in {a.name} ({a.digest[:12]}) than in {b.name} ({b.digest[:12]}): "
            "these are two versions of it. Evaluate both on one."
        )
    common = sorted((task for task in a.tasks if task in b.tasks), key=_natural)
    if not common:
        raise EvaluationError(f"{a.name} and {b.name} have no task in common. Evaluate both on the same tasks.")
    rates_a, rates_b = a.rates, b.rates
    first, second = [rates_a[task] for task in common], [rates_b[task] for task in common]
    counted = pairs(first, second)
    single = all(len(run.tasks[task]) == 1 for run in (a, b) for task in common)
    seeded = seed_from(seed, "eval compare", common, first, second)
    return Comparison(
        a=f"{a.name} (first)" if a.name == b.name else a.name,
        b=f"{b.name} (second)" if a.name == b.name else b.name,
        benchmark=a.benchmark,
        same_benchmark=True if a.digest and b.digest else None,
        tasks=[
            TaskPair(
                task, x, y, list(a.tasks[task]), list(b.tasks[task]), a.details.get(task, ""), b.details.get(task, "")
            )
            for task, x, y in zip(common, first, second, strict=True)
        ],
        only_a=sorted((task for task in a.tasks if task not in b.tasks), key=_natural),
        only_b=sorted((task for task in b.tasks if task not in a.tasks), key=_natural),
        score_a=_score(first, seeded, draws, single),
        score_b=_score(second, seeded, draws, single),
        difference=paired_difference(first, second, seeded, draws),
        pairs=counted,
        p_value=mcnemar_exact(counted.wins, counted.losses),
        single=single,
        draws=draws,
    )


def _score(rates: Sequence[float], seed: int, draws: int, single: bool) -> Estimate:
    """A run's score with the interval that `report` gives it."""
    if not single:
        return mean_over_tasks(rates, seed, draws)
    return Estimate(sum(rates) / len(rates), *wilson_interval(round(sum(rates)), len(rates)))


def _natural(task: str) -> tuple[str, int, str]:
    """HumanEval/9 before HumanEval/10."""
    name, _, number = task.rpartition("/")
    return (name, int(number), "") if number.isdecimal() else (task, -1, number)


def comparison_json(comparison: Comparison) -> dict[str, Any]:
    """All of a comparison as plain JSON values."""
    return asdict(comparison)


def summary(comparison: Comparison) -> str:
    """One line for a terminal."""
    c = comparison
    return (
        f"{c.benchmark}, {len(c.tasks)} tasks: {c.a} {percent(c.score_a.value)}, {c.b} {percent(c.score_b.value)}; "
        f"difference {points(c.difference.value)} (95 % interval {points(c.difference.low)} to "
        f"{points(c.difference.high)}), {c.pairs.wins} won, {c.pairs.losses} lost, {p_text(c.p_value)}"
    )


def p_text(p: float) -> str:
    """A p value in two digits: "p = 0.07"."""
    return "p < 0.0001" if p < 0.0001 else f"p = {p:.2g}"


def comparison_markdown(comparison: Comparison, figure: str | None = None) -> str:
    """The comparison as a page: scores, difference, wins and losses with examples, and every task that differs."""
    c = comparison
    test = "McNemar's exact test" if c.single else "the exact sign test on the tasks' rates"
    scores = "Scores: Wilson's interval" if c.single else "Scores: bootstrap over tasks"
    lines = [
        f"# {inline(c.b)} against {inline(c.a)}",
        "",
        f"{inline(c.benchmark)}, {_count(len(c.tasks), 'task')} that both have.",
        "",
        "| run | pass@1 | 95 % interval |",
        "|---|---:|---|",
        *(
            f"| {inline(name)} | {percent(score.value)} | {percent(score.low)} to {percent(score.high)} |"
            for name, score in ((c.a, c.score_a), (c.b, c.score_b))
        ),
        f"| difference | {points(c.difference.value)} | {points(c.difference.low)} to {points(c.difference.high)} |",
        "",
        f"Better on {_count(c.pairs.wins, 'task')}, worse on {c.pairs.losses}, "
        f"equal on {c.pairs.both + c.pairs.neither} "
        f"({c.pairs.both} of them with a pass). {p_text(c.p_value)} by {test}. {scores}. Difference: paired bootstrap "
        f"over tasks, {c.draws:,} draws, which keeps a task's two results together.",
        "",
    ]
    if c.same_benchmark is None:
        lines += ["A run does not tell its benchmark's digest: the tasks are paired by their names alone.", ""]
    for name, only in ((c.a, c.only_a), (c.b, c.only_b)):
        if only:
            lines += [f"{_count(len(only), 'task')} only in {inline(name)}, left out: {_names(only)}.", ""]
    if figure:
        lines += [f"![Scores, and tasks by who passes them]({figure})", ""]
    for title, rows in (
        (f"Better in {inline(c.b)}", [row for row in c.tasks if row.b > row.a]),
        (f"Better in {inline(c.a)}", [row for row in c.tasks if row.a > row.b]),
    ):
        if rows:
            lines += [f"## {title}", "", f"| task | {inline(c.a)} | {inline(c.b)} | found |", "|---|---|---|---|"]
            lines += [_row(row) for row in rows]
            lines.append("")
    return "\n".join(lines)


def _row(row: TaskPair) -> str:
    detail = row.detail_a if row.a < row.b else row.detail_b
    first, second = _outcome(row.outcomes_a, row.a), _outcome(row.outcomes_b, row.b)
    return f"| {code(row.task)} | {first} | {second} | {inline(detail[:160])} |"


def _outcome(outcomes: Sequence[str], rate: float) -> str:
    return inline(outcomes[0]) if len(outcomes) == 1 else f"{rate:.0%} of {len(outcomes)}"


def _names(tasks: Sequence[str], most: int = 20) -> str:
    more = f" and {len(tasks) - most} more" if len(tasks) > most else ""
    return ", ".join(code(task) for task in tasks[:most]) + more


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def comparison_png(comparison: Comparison) -> bytes:
    """Both scores with their intervals, and the tasks by who does better on them."""
    c = comparison
    runs = ((c.b, c.score_b, ORANGE, "s"), (c.a, c.score_a, BLUE, "o"))

    def draw_scores(axes: "Axes") -> None:
        for place, (_, score, colour, marker) in enumerate(runs):
            low, high = 100 * score.low, 100 * score.high
            axes.hlines(place, low, high, color=colour, linewidth=3, alpha=0.45)
            axes.plot(100 * score.value, place, marker, color=colour, markersize=8)
            axes.annotate(
                f"{100 * score.value:.1f}", (100 * score.value, place), (0, 9), textcoords="offset points", ha="center"
            )
        named_rows(axes, [name for name, *_ in runs], "")
        axes.set_xlabel("pass@1 (%), 95 % interval")
        axes.margins(x=0.12)

    def draw_tasks(axes: "Axes") -> None:
        kinds = (
            ("equal, no pass", c.pairs.neither, GREY),
            ("first is better", c.pairs.losses, BLUE),
            ("second is better", c.pairs.wins, ORANGE),
            ("equal, with a pass", c.pairs.both, GREY),
        )
        for place, (_, number, colour) in enumerate(kinds):
            axes.barh(place, number, height=0.6, color=colour, alpha=0.45 if colour == GREY else 1)
            axes.annotate(f"{number:,}", (number, place), (5, 0), textcoords="offset points", va="center")
        named_rows(axes, [name for name, *_ in kinds], "")
        axes.grid(visible=False)
        axes.set_xlabel(f"tasks, of {len(c.tasks):,}; {p_text(c.p_value)}")
        axes.margins(x=0.15)

    low, high = points(c.difference.low).removesuffix(" points"), points(c.difference.high).removesuffix(" points")
    title = f"{c.benchmark[:30]}: {points(c.difference.value)} ({low} to {high})"
    return panels_png(title, 3.2, [draw_scores, draw_tasks])
