"""A simulation on the screen, in files and drawn."""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from warriorcoder.arena_folder import write_atomically
from warriorcoder.drawing import BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, named_rows, panels_png, rows_height
from warriorcoder.pipelines.battles.simulation.rating import METHODS
from warriorcoder.pipelines.battles.simulation.running import Simulation, grouped, means

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from rich.console import Console

FIGURES = {
    "spearman": (
        "Rank correlation with the true order (Spearman), by budget",
        2,
        "1: the true order. Means over arenas.",
    ),
    "error": ("Mean error of rating differences, in Elo points", 0, "Against what endless fair votes would give."),
    "coverage": ("Differences whose 95 % interval holds the true one", 2, "0.95 is right; biased judges make it less."),
    "gold": (
        "Instructions whose gold answer is the best one",
        2,
        "A guess is right on one in as many as there are experts.",
    ),
}
"""By figure of `budgets.Measured`: a table's title, the digits of its numbers, and what stands below it."""

COLOURS = dict(zip(METHODS, (GREY, ORANGE, SKY, BLUE, GREEN), strict=True))


def print_simulation(found: Simulation, console: "Console") -> None:
    """Tables: methods by budget, faults and remedies, Elo by the order of battles."""
    setting = found.setting
    console.print(
        f"{found.seeds} arenas of {setting.experts} experts and {setting.instructions} instructions, "
        f"{setting.seats} judges ({setting.panel}): position bias {setting.position_bias:g}, self-preference "
        f"{setting.self_preference:g}, noise {setting.noise:g} (logits), {setting.missing:.0%} of the votes missing. "
        f"Round robin takes {_whole_calls(found):,} calls.",
        highlight=False,
    )
    budgets = means(found.budgets)
    for figure, (title, digits, below) in FIGURES.items():
        _table(
            console,
            title,
            ("calls", "pairing", *METHODS.values()),
            [
                (
                    f"{share:.0%}",
                    "round robin" if share == 1.0 else pairing,
                    *(_number({row["method"]: row[figure] for row in rows}[method], digits) for method in METHODS),
                )
                for (share, pairing), rows in grouped(budgets, lambda row: (row["share"], row["pairing"])).items()
            ],
            below,
        )
    _table(
        console,
        "What the judges' faults do, and what is left of it (Bradley-Terry, all battles)",
        ("judges", "first expert gains", "Spearman", "gold"),
        [
            (row["case"], _both(row, "gain", 0), _number(row["spearman"], 2), _number(row["gold"], 2))
            for row in means(found.faults)
        ],
        "Points that the first expert gains on the others, with standard errors: with one order it is always shown "
        "first, and it is the kin of the first judge.",
    )
    _table(
        console,
        "What Elo makes of the same battles in other orders (one pass, fair judges)",
        ("battles", "K", "spread", "error", "another best expert"),
        [
            (
                f"{row['share']:.0%}",
                f"{row['k']:g}",
                _number(row["spread"], 0),
                _number(row["error"], 0),
                f"{row['reversed']:.0%} of orders",
            )
            for row in means(found.orders)
        ],
        "Spread: standard deviation of a rating over the orders, in points. A K that is too small for few battles has "
        "not arrived yet; one that is too large never does.",
    )


def write_simulation(found: Simulation, out: Path) -> list[Path]:
    """Write simulation.json (the setting, means and standard errors), a csv of every seed's rows an experiment, and the
    figure simulation.png; return their paths. Raises ArenaError where the disk refuses."""
    parts = {"budgets": found.budgets, "faults": found.faults, "orders": found.orders}
    summed = {
        "setting": asdict(found.setting),
        "seeds": found.seeds,
        "seed": found.seed,
        **{name: means(rows) for name, rows in parts.items()},
    }
    written = {"simulation.json": (json.dumps(summed, indent=1, ensure_ascii=False) + "\n").encode()}
    written |= {f"{name}.csv": _csv(rows) for name, rows in parts.items()}
    written["simulation.png"] = simulation_png(found)
    for name, contents in written.items():
        write_atomically(out / name, contents)
    return [out / name for name in written]


def simulation_png(found: Simulation) -> bytes:
    """Left: rank correlation by budget. Right: what every fault adds to the first expert's rating."""
    budgets, faults = means(found.budgets), means(found.faults)[::-1]

    def curves(axes: "Axes") -> None:
        for method, name in METHODS.items():
            for pairing, line in (("random", "--"), ("active", "-")):
                rows = [row for row in budgets if row["method"] == method and pairing in (row["pairing"], _whole(row))]
                if method not in ("bradley_terry", "effects") and pairing == "active":
                    continue
                label = f"{name}, {pairing}"
                places, values = [100 * row["share"] for row in rows], [row["spearman"] for row in rows]
                axes.plot(places, values, line, marker="o", markersize=4, color=COLOURS[method], label=label)
        axes.set_xscale("log")
        shares = sorted({row["share"] for row in budgets})
        axes.set_xticks([100 * share for share in shares], [f"{100 * share:g}" for share in shares])
        axes.minorticks_off()
        axes.set_xlabel("judge calls (%)")
        axes.set_ylabel("Spearman's correlation with the true order")

    def gains(axes: "Axes") -> None:
        places = range(len(faults))
        for place, row in zip(places, faults, strict=True):
            colour = PURPLE if abs(row["gain"]) > 3 * (row["gain_error"] or 0.0) else BLUE
            width = 1.96 * (row["gain_error"] or 0.0)
            axes.hlines(place, row["gain"] - width, row["gain"] + width, color=colour, linewidth=3, alpha=0.45)
            axes.plot(row["gain"], place, "o", color=colour, markersize=6)
        axes.axvline(0.0, color=GREY, linestyle="--", linewidth=1, zorder=0)
        named_rows(axes, [row["case"] for row in faults], "")
        axes.set_yticks(places, [row["case"] for row in faults], fontsize=8)
        axes.yaxis.tick_right()
        axes.set_xlabel("points gained by one expert")

    return panels_png("What is found of a known truth", rows_height(len(faults)) + 1.0, [curves, gains])


def _whole_calls(found: Simulation) -> int:
    return max(row.calls for row in found.budgets)


def _whole(row: dict[str, Any]) -> str:
    """At the whole budget either pairing is round robin."""
    return "active" if row["share"] == 1.0 else ""


def _table(console: "Console", title: str, columns: Sequence[str], rows: Iterable[Sequence[str]], below: str) -> None:
    from rich import box
    from rich.table import Table

    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for name in columns:
        table.add_column(name, justify="left" if name in ("pairing", "judges") else "right")
    for row in rows:
        table.add_row(*row)
    console.print(table)
    console.print(below, highlight=False)
    console.print()


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _both(row: dict[str, Any], name: str, digits: int) -> str:
    error = row[f"{name}_error"]
    return f"{row[name]:+.{digits}f}" + ("" if error is None else f" ± {error:.{digits}f}")


def _csv(rows: Sequence[Any]) -> bytes:
    text = io.StringIO()
    if rows:
        writer = csv.DictWriter(text, list(asdict(rows[0])), lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)
    return text.getvalue().encode()
