"""The audit on a screen: 80 columns are enough, and a pipe gets the same in plain text."""

import math
from typing import TYPE_CHECKING

from warriorcoder.pipelines.battles.audit import words
from warriorcoder.pipelines.battles.audit.report import AuditReport

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table


MOST_PAIRS = 15
"""Pairs of judges on the screen: those of six judges."""


def print_audit(report: AuditReport, console: "Console") -> None:
    """The judges' figures, their kappas, the panel's alpha, and the ratings without the judges below the floor."""
    found = report.audit
    _line(
        console, f"{len(found.judges)} judges, {found.battles:,} battles on {found.instructions:,} instructions", "bold"
    )
    _judges(console, report)
    for name, meaning in words.FIGURES.items():
        _line(console, f"{name}: {meaning}.", "dim")
    _line(console, "chance: what verdicts as frequent as these would reach on battles at random.", "dim")
    _line(console, "")
    _kappas(console, report)
    _line(console, words.panel(report))
    _line(console, "")
    for sentence in words.below(report):
        _line(console, sentence, "yellow")
    if report.compared:
        screen = _screen("expert", numbers=("Elo, all judges", "rank", "Elo without", "rank"))
        for row in report.compared:
            screen.add_row(*words.rating_cells(row), style="bold" if row.moved else "")
        console.print(screen)
        _line(console, words.changes(report))


def _judges(console: "Console", report: AuditReport) -> None:
    from rich.text import Text

    screen = _screen("judge", "figure", numbers=("value",))
    screen.add_column("95 % interval", overflow="fold")
    for label in ("chance", "of"):
        screen.add_column(label, justify="right", no_wrap=True)
    for judge in report.audit.judges:
        warn = "yellow" if judge.judge in report.below else ""
        screen.add_section()
        had = [(name, measure) for name, measure in words.figures_of(judge) if measure.value is not None]
        for place, (name, measure) in enumerate(had):
            screen.add_row(
                Text(judge.judge if not place else "", style=f"bold {warn}"),
                name,
                words.value(measure),
                words.interval(measure),
                words.chance(measure),
                f"{measure.of:,}" if measure.of else "",
            )
    console.print(screen)
    for judge in report.audit.judges:
        _line(console, f"{judge.judge}: {words.votes_of(judge)}.")
    _line(console, "")
    for sentence in words.without_figure(report):
        _line(console, sentence, "dim")


def _kappas(console: "Console", report: AuditReport) -> None:
    pairs = [
        (judge.judge, other, found.kappa)
        for judge in report.audit.judges
        for other, found in judge.others.items()
        if judge.judge < other
    ]
    if not pairs:
        return
    shown = pairs
    if len(pairs) > MOST_PAIRS:
        shown = sorted(pairs, key=lambda pair: math.inf if pair[2].value is None else pair[2].value)[:MOST_PAIRS]
    screen = _screen("judge", "and", numbers=("kappa",))
    screen.add_column("95 % interval", overflow="fold")
    screen.add_column("battles", justify="right", no_wrap=True)
    for one, other, kappa in shown:
        screen.add_row(one, other, words.value(kappa), words.interval(kappa), f"{kappa.of:,}")
    console.print(screen)
    if len(shown) < len(pairs):
        _line(console, f"The {len(shown)} pairs that agree least; all {len(pairs)} are in audit.md.", "dim")
    _line(console, "kappa: Cohen's, agreement beyond chance; 0 is chance, 1 full agreement.", "dim")
    _line(console, "")


def _screen(*labels: str, numbers: tuple[str, ...]) -> "Table":
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    screen = Table(box=SIMPLE_HEAD, pad_edge=False)
    for label in labels:
        screen.add_column(label, overflow="fold")
    for number in numbers:
        screen.add_column(number, justify="right", no_wrap=True)
    return screen


def _line(console: "Console", text: str, style: str = "") -> None:
    console.print(text, style=style, markup=False, highlight=False)
