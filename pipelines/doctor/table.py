"""The doctor's report on one screen: the table, advice for every cell that is not green, what it took."""

from collections import Counter

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from warriorcoder.pipelines.doctor.findings import CHECKS, Cell, Colour, Report, Row, Spending
from warriorcoder.pipelines.doctor.words import one_line

FOUND_CHARACTERS = 400

_SIGNS = {Colour.GREEN: "✓", Colour.YELLOW: "!", Colour.RED: "✗", Colour.NONE: "–"}
_STYLES = {Colour.GREEN: "green", Colour.YELLOW: "yellow", Colour.RED: "bold red", Colour.NONE: "dim"}


def print_doctor(report: Report, console: Console) -> None:
    """Print a report; readable without colours, in 100 columns and in a pipe."""
    console.print(_table(report.rows))
    console.print()
    for (check, cell), whose in _ailments(report).items():
        _advise(console, whose, check, cell)
    _samples(console, report.rows)
    _line(console, _took(report.spending), style="dim")
    _line(console, _conclusion(report), style="bold red" if report.would_fail else "bold green")


def _table(rows: list[Row]) -> Table:
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("expert", overflow="fold", min_width=8)
    for check in CHECKS:
        table.add_column(check, min_width=len(check))
    before = ""
    for row in rows:
        name = "" if row.expert == before else f"{row.expert}\n"
        cells = (
            Text(f"{_SIGNS[cell.colour]} {cell.word}".rstrip(), _STYLES[cell.colour]) for cell in map(row.cell, CHECKS)
        )
        table.add_row(Text.assemble(name, (row.server, "dim")), *cells)
        before = row.expert
    return table


def _ailments(report: Report) -> dict[tuple[str, Cell], list[str]]:
    """Every red and yellow cell with those who have it, red ones first."""
    servers = Counter(row.expert for row in report.rows)
    found: dict[tuple[str, Cell], list[str]] = {}
    for row in report.rows:
        name = row.expert if servers[row.expert] == 1 else f"{row.expert} at {row.server}"
        for check in CHECKS:
            found.setdefault((check, row.cell(check)), []).append(name)
    for cell in report.whole:
        found[cell.word, cell] = ["the recipe"]
    ill = {what: whose for what, whose in found.items() if what[1].colour in (Colour.RED, Colour.YELLOW)}
    return dict(sorted(ill.items(), key=lambda each: each[0][1].colour is not Colour.RED))


def _advise(console: Console, whose: list[str], check: str, cell: Cell) -> None:
    sign = (f"{_SIGNS[cell.colour]} ", _STYLES[cell.colour])
    found = one_line(cell.found, FOUND_CHARACTERS)
    console.print(Text.assemble(sign, (f"{', '.join(whose)} · {check}: ", "bold"), found), highlight=False)
    console.print(Padding(Text(cell.advice, "italic"), (0, 0, 1, 2), expand=False), highlight=False)


def _samples(console: Console, rows: list[Row]) -> None:
    shown = [row for row in rows if row.sample]
    if not shown:
        return
    _line(console, "What they mined, a draw each. Is it what a user would write?")
    for row in shown:
        console.print(Text.assemble((f"  {row.expert}: ", "bold"), row.sample), highlight=False)
    console.print()


def _took(spent: Spending) -> str:
    calls = f"{spent.calls} calls" + (f", {spent.failed} of them without an answer" if spent.failed else "")
    tokens = f"{spent.input_tokens:,} tokens in, {spent.output_tokens:,} out"
    if spent.unmetered:
        tokens += f" ({spent.unmetered} answers uncounted)"
    unpriced = f" (no price is given for {', '.join(sorted(spent.unpriced))})" if spent.unpriced else ""
    dollars = f"${spent.dollars:.4f}{unpriced}" if spent.dollars or not spent.unpriced else "no prices are given"
    return f"This took {calls}, {tokens}; {dollars}; {spent.seconds:.0f} s."


def _conclusion(report: Report) -> str:
    colours = [cell.colour for (_, cell), whose in _ailments(report).items() for _ in whose]
    reds, yellows = colours.count(Colour.RED), colours.count(Colour.YELLOW)
    if reds:
        return f"A run would fail, or make junk: {reds} red, {yellows} yellow."
    return f"A run can begin{f'; {yellows} yellow' if yellows else ': all is well'}."


def _line(console: Console, text: str, style: str = "") -> None:
    console.print(text, style=style, markup=False, highlight=False)
