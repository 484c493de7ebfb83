"""The mining report on a screen: 80 columns are enough, and a pipe gets the same in plain text."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from warriorcoder.pipelines.mining.diversity_measures import Diversity
from warriorcoder.pipelines.mining.mining_report import Drop, MiningReport, Yield, excerpt

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

BAR = 30
NAME = 22


def print_mining_report(report: MiningReport, console: "Console") -> None:
    """Findings first, then funnel, yields, shares, novelty, diversity and samples. Mined text is shown as text only."""
    for finding in report.findings:
        _line(console, f"WARNING: {finding['subject']}: {finding['message']}.", style="yellow")
    if report.findings:
        _line(console, "")
    _funnel(console, report)
    _yields(console, report)
    shares = (("band", report.bands), ("task", report.tasks), ("language", report.languages))
    for name, counts in shares if report.kept else ():
        _shares(console, name, counts, report.kept)
    _novelty(console, report)
    if report.diversity is not None:
        _line(console, f"Diversity: {said_of(report.diversity, report.embedding)}.")
        _line(console, "")
    if report.samples:
        _line(console, f"{len(report.samples)} of the {report.kept:,} kept, at random:", style="bold")
        _listed(
            console,
            [
                (
                    f"{row['grade']}",
                    f"({row['task']}, {row['language'] or 'no language'}, {row['miner'] or row['source']})",
                    row["instruction"],
                )
                for row in report.samples
            ],
        )


def said_of(diversity: Diversity, embedding: str | None) -> str:
    """The measures in words, without those that could not be had. `embedding` says what the spread was measured by."""
    said = []
    if diversity.self_rouge is not None:
        said.append(f"median self-ROUGE {diversity.self_rouge:.2f}")
    grams = (diversity.distinct_1, diversity.distinct_2, diversity.distinct_3)
    said += [f"distinct-{n} {value:.2f}" for n, value in enumerate(grams, 1) if value is not None]
    if diversity.distinct_2_of_1000 is not None:
        said.append(f"distinct-2 of 1,000 bigrams {diversity.distinct_2_of_1000:.2f}")
    if diversity.spread is not None:
        said.append(f"embedding spread {diversity.spread:.2f}" + (f" (by {embedding})" if embedding else ""))
    return "; ".join(said) or "too few instructions to say"


def percent(share: float) -> str:
    """A share in whole percent, with a tenth where it is small."""
    return f"{100 * share:.1f} %" if 0 < share < 0.1 else f"{100 * share:.0f} %"


def begins_with(report: MiningReport) -> str:
    """What the funnel begins with."""
    brought = f"{report.brought_rows:,} rows brought"
    if not report.brought_rows:
        return f"{report.draws:,} draws"
    return f"{report.draws:,} draws and {brought}" if report.draws else brought


def _funnel(console: "Console", report: MiningReport) -> None:
    _line(console, f"{begins_with(report)} -> {report.kept:,} kept", style="bold")
    screen = _screen("stage", "dropped as", numbers=("rows", "left"))
    screen.add_column("")
    whole = report.draws + report.brought_rows
    stage = ""
    for drop in report.funnel:
        bar = "█" * round(BAR * drop.left / whole)
        screen.add_row(drop.stage if drop.stage != stage else "", *_numbers(drop), bar)
        stage = drop.stage
    console.print(screen)


def _numbers(drop: Drop) -> tuple[str, str, str]:
    return drop.reason, f"{drop.dropped:,}", f"{drop.left:,}"


def _yields(console: "Console", report: MiningReport) -> None:
    if not report.experts:
        return
    tokens = any(each.tokens is not None for each in report.experts)
    screen = _screen("expert", numbers=("draws", "good", "kept", "good, 95 %", *(["tokens each"] * tokens)))
    for each in report.experts:
        a_good_one = [f"{each.tokens:,.0f}" if each.tokens is not None else "–"] * tokens
        screen.add_row(_text(excerpt(each.expert, NAME)), *_drawn(each), *a_good_one)
    for name, (rows, kept) in report.brought.items():
        screen.add_row(_text(excerpt(name, NAME)), f"{rows:,}", "", f"{kept:,}", "brought", *([""] * tokens))
    console.print(screen)
    # All cells of a large grid are too many for a screen, and single ones say little.
    shown = [*report.settings, *(each for each in report.cells if each.wasteful)]
    screen = _screen("expert", "setting", numbers=("draws", "good", "kept", "good, 95 %"))
    screen.add_column("")
    expert = ""
    for each in sorted(shown, key=lambda each: [whole.expert for whole in report.experts].index(each.expert)):
        name = excerpt(each.expert, NAME) if each.expert != expert else ""
        wasteful = ("wasteful", "yellow") if each.wasteful else ("", "")
        screen.add_row(_text(name), each.setting, *_drawn(each), wasteful[0], style=wasteful[1])
        expert = each.expert
    if shown:
        console.print(screen)
    for number, text in enumerate(report.systems, 1) if len(report.systems) > 1 else ():
        said = excerpt(text, console.width - 12) or "(the model's own)"
        _line(console, f"system {number}: {said}", style="dim")
    _line(console, "good: kept, or dropped only because enough were there.", style="dim")
    if any(each.wasteful for each in shown):
        _line(console, "wasteful: surely fewer good ones than the expert's draws on the whole.", style="dim")
    _line(console, "")


def _drawn(each: Yield) -> tuple[str, str, str, str]:
    interval = f"{100 * each.low:.0f} to {100 * each.high:.0f} %" if each.draws else "–"
    return f"{each.draws:,}", f"{each.good:,}", f"{each.kept:,}", interval


def _shares(console: "Console", name: str, counts: Mapping[str, int], whole: int) -> None:
    screen = _screen(name, numbers=("rows", "share"))
    screen.add_column("")
    for value, count in counts.items():
        screen.add_row(_text(value), f"{count:,}", percent(count / whole), "█" * round(BAR * count / whole))
    console.print(screen)


def _novelty(console: "Console", report: MiningReport) -> None:
    if not report.novelty:
        return
    _line(console, "Novelty: the highest ROUGE-L F1 of each instruction against the references", style="bold")
    screen = _screen("ROUGE-L", numbers=("rows",))
    screen.add_column("")
    most = max(part["count"] for part in report.novelty)
    for part in report.novelty:
        count = int(part["count"])
        screen.add_row(f"{part['low']:.1f} to {part['high']:.1f}", f"{count:,}", "█" * round(BAR * count / most))
    console.print(screen)
    _line(console, f"The {len(report.nearest)} least novel:", style="bold")
    _listed(console, [(f"{near.rouge:.2f}", f"({near.reference})", near.instruction) for near in report.nearest])
    _line(console, "")


def _listed(console: "Console", rows: list[tuple[str, str, str]]) -> None:
    """A number, mined text, and in brackets what it is; two lines each at most."""
    from rich.table import Table

    room = 2 * (console.width - 6)
    screen = Table.grid(padding=(0, 1))
    screen.add_column(justify="right", no_wrap=True)
    screen.add_column(overflow="fold")
    for number, about, text in rows:
        end = excerpt(about, room // 2)
        screen.add_row(number, _text(f"{excerpt(text, room - len(end) - 4)} {end}"))
    console.print(screen)


def _screen(*labels: str, numbers: tuple[str, ...]) -> "Table":
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    screen = Table(box=SIMPLE_HEAD, pad_edge=False)
    for label in labels:
        screen.add_column(label, overflow="fold")
    for number in numbers:
        screen.add_column(number, justify="right", no_wrap=True)
    return screen


def _text(text: str) -> "Text":
    from rich.text import Text

    return Text(text)


def _line(console: "Console", text: str, style: str = "") -> None:
    console.print(text, style=style, markup=False, highlight=False, emoji=False)
