"""`warrior report`, and the end of every run: an arena on one screen, readable in 80 columns and in a pipe."""

import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from warriorcoder.arena_folder import ArenaFolder
from warriorcoder.recipe_battles import EXECUTION_JUDGE
from warriorcoder.summary import (
    Cost,
    Expense,
    JudgeRow,
    concerns,
    expenses,
    funnel,
    headline,
    judges,
    share,
    stages_done,
)
from warriorcoder.tables import STAGES
from warriorcoder.wording import money

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table as Screen

RECIPE = "train/recipes/smollm2-135m/kto_lora.yaml"


def print_report(folder: ArenaFolder, console: "Console", spent: Cost | None = None) -> None:
    """The funnel, the ratings, the judges with their warnings, the cost, the place, what to try next.

    `spent` is what the arena has cost over all its runs, None where nobody knows. Shows as much as
    has run and says which stages have not. Raises ArenaError where there is no manifest.
    """
    manifest = folder.manifest()
    done = stages_done(folder, manifest)
    _line(console, f"Arena {manifest.get('name', folder.name)}", style="bold")
    if done:
        _funnel(console, manifest["counts"], done)
    if "rate" in done:
        _ratings(console, folder)
    if recorded := judges(manifest, done):
        _judges(console, recorded)
    if found := concerns(manifest, done):
        for concern in found:
            _line(console, f"WARNING: {concern.text}", style="yellow")
        _line(console, "")
    _cost(console, expenses(manifest), spent)
    _whole(console, f"The arena is in {folder.path}")
    if waiting := [stage for stage in STAGES if stage not in done]:
        _line(console, f"Not run yet: {', '.join(waiting)}. The same `warrior run` goes on from here.", style="yellow")
    _next(console, folder, built="build" in done)


def _funnel(console: "Console", counts: Mapping[str, Mapping[str, int]], done: list[str]) -> None:
    _line(console, " -> ".join(f"{number:,} {what}" for number, what in headline(counts, done)))
    screen = _screen("stage", "what goes in", numbers=("in", "stay", "drop"))
    screen.add_column("as")
    for step in funnel(counts, done):
        row = (step.stage, step.unit, f"{step.entered:,}", f"{step.kept:,}", f"{step.dropped:,}", step.fate)
        screen.add_row(*row)
    console.print(screen)


def _ratings(console: "Console", folder: ArenaFolder) -> None:
    screen = _screen("expert", numbers=("Elo", "95 %", "BT", "95 %", "rank", "W/T/L"))
    for row in sorted(folder.read_table("ratings"), key=lambda row: (-row["elo"], row["model"])):
        screen.add_row(
            _text(row["model"]),
            f"{row['elo']:.0f}",
            f"{row['elo_low']:.0f} to {row['elo_high']:.0f}",
            f"{row['bradley_terry']:.0f}",
            f"{row['bradley_terry_low']:.0f} to {row['bradley_terry_high']:.0f}",
            f"{row['bradley_terry_rank_low']} to {row['bradley_terry_rank_high']}",
            f"{row['wins']}/{row['ties']}/{row['losses']}",
        )
    console.print(screen)
    _line(console, "BT: Bradley-Terry; it knows no order of the battles. rank: 95 % by BT.", style="dim")
    _line(console, "")


def _judges(console: "Console", recorded: list[JudgeRow]) -> None:
    screen = _screen("judge", numbers=("votes", "missing", "ties", "for first", "consistent"))
    for judge in recorded:
        first = f"{share(judge.share_first)} of {judge.decisive:,}"
        same = f"{share(judge.share_consistent)} of {judge.battles_judged:,}"
        screen.add_row(_text(judge.judge), f"{judge.votes:,}", f"{judge.missing:,}", f"{judge.ties:,}", first, same)
    console.print(screen)
    _line(console, "for first: share of the verdicts for one side; 0.50 is even-handed.", style="dim")
    _line(console, "consistent: share of the battles with the same verdict in both orders.", style="dim")
    if any(judge.judge == EXECUTION_JUDGE for judge in recorded):
        said = "runs the code of both answers, and has no verdict where that shows nothing."
        _line(console, f"{EXECUTION_JUDGE}: {said}", style="dim")
    for judge in recorded:
        if judge.counts:
            _line(console, f"{judge.judge}: its votes {judge.counts}.")
    _line(console, "")


def _cost(console: "Console", paid: list[Expense], spent: Cost | None) -> None:
    cost = Cost.of(paid)
    if not cost.calls:
        return
    priced = any(each.dollars is not None for each in paid)
    uncounted = ("uncounted",) if cost.uncounted else ()
    dollars = ("dollars",) if priced else ()
    screen = _screen("cost", numbers=("calls", "tokens in", "tokens out", *uncounted, *dollars))

    def add(name: str, its: list[Expense], style: str = "") -> None:
        of = Cost.of(its)
        cells = [
            f"{of.calls:,}",
            *(f"{tokens:,}" if of.known else "–" for tokens in (of.input_tokens, of.output_tokens)),
        ]
        cells += [f"{of.uncounted:,} answers" if of.uncounted else ""] * len(uncounted)
        free = all(each.dollars is None for each in its)
        cells += ["no price" if free else money(of.dollars)] * len(dollars)
        screen.add_row(_text(name), *cells, style=style)

    for stage in dict.fromkeys(each.stage for each in paid):
        its = [each for each in paid if each.stage == stage]
        add(stage, its, "bold")
        for each in its:
            add(f"  {each.expert}", [each])
    console.print(screen)
    _line(console, f"Cost: {_said(cost, priced)}{_without(cost, priced)}")
    if spent and spent.calls > cost.calls:
        _line(console, f"Spent over all runs of the arena: {_said(spent, priced)}. The tables hold a part of it.")


def _said(cost: Cost, priced: bool) -> str:
    dollars = f", {money(cost.dollars)}" if priced else ""
    uncounted = f", {cost.uncounted:,} answers uncounted" if cost.uncounted else ""
    return f"{cost.calls:,} calls, {cost.input_tokens:,} tokens in, {cost.output_tokens:,} out{uncounted}{dollars}"


def _without(cost: Cost, priced: bool) -> str:
    return f" (no price given for {', '.join(cost.unpriced)})" if priced and cost.unpriced else ""


def _next(console: "Console", folder: ArenaFolder, *, built: bool) -> None:
    path = str(folder.path)
    commands = [f"warrior check {shlex.quote(path)}"]
    if built and folder.table_rows("kto"):
        load = f"from datasets import load_dataset; print(load_dataset({path!r}, 'kto')['train'][0])"
        commands += [f"python -c {_quoted(load)}", f"warrior train {shlex.quote(path)} --recipe {RECIPE}"]
    _line(console, "Try next:")
    for command in commands:
        _whole(console, f"  {command}")


def _quoted(code: str) -> str:
    """Code for a shell: in double quotes where that changes nothing, since it reads better."""
    return shlex.quote(code) if set(code) & set('"$`\\!') else f'"{code}"'


def _screen(*labels: str, numbers: tuple[str, ...]) -> "Screen":
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    screen = Table(box=SIMPLE_HEAD, pad_edge=False)
    for label in labels:
        screen.add_column(label, overflow="fold")
    for number in numbers:
        screen.add_column(number, justify="right", no_wrap=True)
    return screen


def _text(text: str) -> Any:
    from rich.text import Text

    return Text(text)


def _line(console: "Console", text: str, style: str = "") -> None:
    console.print(text, style=style, markup=False, highlight=False)


def _whole(console: "Console", text: str) -> None:
    """A line that is never wrapped: what is meant to be copied stays in one piece, also in a narrow pipe."""
    console.print(text, markup=False, highlight=False, soft_wrap=True)
