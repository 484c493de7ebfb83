"""The doctor's report on one screen: the table, advice for every cell that is not green, what it took."""

from collections import Counter
from textwrap import wrap

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from warriorcoder.pipelines.doctor.findings import CHECKS, Cell, Colour, Report, Row, Spending
from warriorcoder.pipelines.doctor.words import one_line

FOUND_CHARACTERS = 400
SHORTEST_NAME = 8

_SIGNS = {Colour.GREEN: "✓", Colour.YELLOW: "!", Colour.RED: "✗", Colour.NONE: "–"}
_STYLES = {Colour.GREEN: "green", Colour.YELLOW: "yellow", Colour.RED: "bold red", Colour.NONE: "dim"}


def print_doctor(report: Report, console: Console) -> None:
    """Print a report; readable without colours, in 80 columns and in a pipe."""
    console.print(_table(report.rows, console.width))
    if any(row.cell("speed").word for row in report.rows):
        _line(console, "speed: the median time of a call, and output tokens a second, one call at a time", style="dim")
    _line(console, "")
    for cell, whose in _ailments(report).items():
        _advise(console, whose, cell)
    _samples(console, report.rows)
    _line(console, _took(report.spending), style="dim")
    _line(console, _conclusion(report), style="bold red" if report.would_fail else "bold green")


def _table(rows: list[Row], width: int) -> Table:
    """A row a server. A sign stays with its word; where there is no room, only the experts' names are broken."""
    shown = [[_lines(row.cell(check)) for check in CHECKS] for row in rows]
    needed = [
        max(len(check), *(len(line) for row in shown for line in row[place])) for place, check in enumerate(CHECKS)
    ]
    names = max(len(name) for row in rows for name in (row.expert, row.server))
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=0)
    left = width - sum(needed) - len(needed)
    table.add_column("expert", overflow="fold", width=max(SHORTEST_NAME, min(names, left)))
    for check, needs in zip(CHECKS, needed, strict=True):
        table.add_column(check, width=needs, no_wrap=True)
    before = ""
    for row, lines in zip(rows, shown, strict=True):
        name = "" if row.expert == before else f"{row.expert}\n"
        cells = [
            Text("\n".join(each), _STYLES[row.cell(check).colour]) for check, each in zip(CHECKS, lines, strict=True)
        ]
        table.add_row(Text.assemble(name, (row.server, "dim")), *cells)
        before = row.expert
    return table


def _lines(cell: Cell) -> list[str]:
    """A cell on lines of a word each, the sign before the first."""
    first, *others = cell.word.split() or [""]
    return [f"{_SIGNS[cell.colour]} {first}".rstrip(), *(f"  {other}" for other in others)]


def _ailments(report: Report) -> dict[Cell, list[tuple[str, str]]]:
    """Every red and yellow cell with the experts and the checks that have it, red ones first."""
    servers = Counter(row.expert for row in report.rows)
    found: dict[Cell, list[tuple[str, str]]] = {}
    for row in report.rows:
        name = row.expert if servers[row.expert] == 1 else f"{row.expert} at {row.server}"
        for check in CHECKS:
            found.setdefault(row.cell(check), []).append((name, check))
    for cell in report.whole:
        found[cell] = [("the recipe", cell.word)]
    ill = {cell: whose for cell, whose in found.items() if cell.colour in (Colour.RED, Colour.YELLOW)}
    return dict(sorted(ill.items(), key=lambda each: each[0].colour is not Colour.RED))


def _advise(console: Console, whose: list[tuple[str, str]], cell: Cell) -> None:
    experts, checks = (", ".join(dict.fromkeys(names)) for names in zip(*whose, strict=True))
    head = Text(f"{_SIGNS[cell.colour]} ", _STYLES[cell.colour])
    head.append(f"{experts} · {checks}: ", "bold not dim" if cell.colour is Colour.RED else "bold yellow")
    head.append(one_line(cell.found, FOUND_CHARACTERS), "not bold default")
    console.print(head, highlight=False)
    for line in wrap(cell.advice, console.width - 4, break_long_words=False, break_on_hyphens=False):
        _line(console, f"    {line}", style="italic")
    _line(console, "")


def _samples(console: Console, rows: list[Row]) -> None:
    shown = [row for row in rows if row.sample]
    if not shown:
        return
    _line(console, "What they mined, a draw each. Is it what a user would write?")
    for row in shown:
        console.print(Text.assemble((f"  {row.expert}: ", "bold"), row.sample), highlight=False)
    console.print()


def _took(spent: Spending) -> str:
    calls = "1 call" if spent.calls == 1 else f"{spent.calls} calls"
    calls += f", {spent.failed} of them without an answer" if spent.failed else ""
    tokens = f"{spent.input_tokens:,} tokens in, {spent.output_tokens:,} out"
    if spent.unmetered:
        tokens += f" ({spent.unmetered} answers uncounted)"
    dollars = "no prices are given"
    if spent.dollars is not None:
        unpriced = f" (experts without a price: {len(spent.unpriced)})" if spent.unpriced else ""
        dollars = f"${spent.dollars:.4f}{unpriced}"
    return f"This took {calls}; {tokens}; {dollars}; {spent.seconds:.0f} s."


def _conclusion(report: Report) -> str:
    colours = [cell.colour for cell, whose in _ailments(report).items() for _ in whose]
    reds, yellows = colours.count(Colour.RED), colours.count(Colour.YELLOW)
    if reds:
        return f"A run would fail, or make junk: {reds} red, {yellows} yellow."
    return f"A run can begin{f'; {yellows} yellow' if yellows else ': all is well'}."


def _line(console: Console, text: str, style: str = "") -> None:
    console.print(text, style=style, markup=False, highlight=False)
