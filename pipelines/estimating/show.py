"""An estimate as its reader sees it: a table, and what it comes from in words. Or as JSON, for programs."""

from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from warriorcoder.pipelines.estimating.costing import Amounts
from warriorcoder.pipelines.estimating.spans import Span
from warriorcoder.pipelines.estimating.words import sentences
from warriorcoder.wording import amount, between, lasting, money

if TYPE_CHECKING:
    from rich.console import Console

    from warriorcoder.pipelines.estimate import Estimate

Said = Callable[[Span | None, Callable[[float], str]], str]


def print_estimate(found: "Estimate", console: "Console", recipe_path: str) -> None:
    """Print an estimate; `recipe_path` is for the commands that it names."""
    from rich.text import Text

    if found.together.calls.high:
        console.print(Text(f"What a run into {found.arena} would still ask", style="bold"), soft_wrap=True)
        _print_table(found, console)
    for sentence in sentences(found, recipe_path):
        # A command is copied, so it stays in one piece.
        console.print(Text(sentence), soft_wrap=sentence.startswith(" "))


def _print_table(found: "Estimate", console: "Console") -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    priced = found.together.dollars is not None
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("stage, expert", overflow="fold")
    for label in ("calls", "tokens in", "tokens out", *(("dollars",) if priced else ()), "time"):
        table.add_column(label, justify="right", no_wrap=True)

    def add(name: str, of: Amounts, said: Said, style: str = "") -> None:
        cells = [said(of.calls, amount), said(of.input_tokens, amount), said(of.output_tokens, amount)]
        cells += [said(of.dollars, money) if of.dollars else "no price"] * priced
        table.add_row(Text(name), *cells, said(of.seconds, lasting), style=style)

    for stage in found.stages:
        add(stage.stage, stage.together, _range, "bold")
        for expert, amounts in stage.experts.items():
            add(f"  {expert}", amounts, _range)
    table.add_section()
    add("in all", found.together, _range, "bold")
    add("likely", found.together, _likely)
    console.print(table)


def _range(span: Span | None, said: Callable[[float], str]) -> str:
    return "unknown" if span is None else between(span.low, span.high, said)


def _likely(span: Span | None, said: Callable[[float], str]) -> str:
    return "unknown" if span is None else said(span.likely)


def to_json(found: "Estimate", recipe_path: str) -> dict[str, Any]:
    """The estimate for programs: every amount as low, likely and high; null for what nobody knows."""
    return {
        "recipe": found.recipe.name,
        "arena": str(found.arena),
        "instructions": asdict(found.instructions),
        "total": asdict(found.together),
        "stages": [
            {
                "stage": stage.stage,
                **asdict(stage.together),
                "experts": [
                    {
                        "expert": line.expert,
                        **asdict(stage.experts[line.expert]),
                        "lengths": line.lengths.value,
                        "times": line.times.value,
                    }
                    for line in stage.lines
                ],
            }
            for stage in found.stages
        ],
        "spent": asdict(found.spent),
        "budget": [asdict(reach) for reach in found.reaches],
        "words": sentences(found, recipe_path),
    }
