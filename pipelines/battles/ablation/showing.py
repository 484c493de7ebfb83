"""An ablation on the screen, in 80 columns or in a pipe; as ablation.json and as a figure in the arena folder."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from warriorcoder.arena_folder import REPORTS, ArenaFolder, write_atomically
from warriorcoder.drawing import BLUE, GREY, ORANGE, SKY, named_rows, panels_png
from warriorcoder.pipelines.battles.ablation.lines import FIGURES, HEAD, MEANINGS, cells, lines, remarks
from warriorcoder.pipelines.battles.ablation.running import Ablation

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from rich.console import Console


def print_ablation(ablation: Ablation, console: "Console") -> None:
    """A line for every variant, what the columns mean, and which ranks change."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    result = ablation.result
    _say(
        console,
        f"{ablation.battles:,} battles, {len(result.gold):,} gold answers, {len(result.labels):,} rows of kto "
        "by the recipe; each line changes one choice",
        "bold",
    )
    screen = Table(box=SIMPLE_HEAD, pad_edge=False)
    for label in HEAD:
        numbers: dict[str, Any] = {"justify": "right", "no_wrap": True} if label.endswith(":") else {"overflow": "fold"}
        screen.add_column(label.rstrip(":"), **numbers)
    axis = ""
    for line in lines(ablation):
        if line.axis != axis:
            screen.add_section()
        screen.add_row(line.axis if line.axis != axis else "", line.setting, *cells(line))
        axis = line.axis
    console.print(screen)
    for name, meaning in MEANINGS.items():
        _say(console, f"{name}: {meaning}.", "dim")
    _say(console, "")
    for remark in remarks(ablation):
        _say(console, remark)


def write_ablation(ablation: Ablation, folder: ArenaFolder) -> list[Path]:
    """Write ablation.json and figures/ablation.png, and return their paths. Raises ArenaError for a full disk."""
    data, figure = (folder.path / name for name in REPORTS["build"])
    folder.write_text(data, json.dumps(to_json(ablation), indent=2, ensure_ascii=False) + "\n")
    write_atomically(figure, ablation_png(ablation))
    return [data, figure]


def to_json(ablation: Ablation) -> dict[str, Any]:
    """The ablation for programs: the recipe's ratings and counts, and every trial; null where there is no figure."""
    return {
        "battles": ablation.battles,
        "ratings": dict(ablation.result.ratings),
        "gold": len(ablation.result.gold),
        "kto": len(ablation.result.labels),
        "trials": [
            {
                "varied": trial.variant.axis,
                "to": trial.variant.setting,
                **(asdict(trial.change) if trial.change else dict.fromkeys(FIGURES)),
                "why": trial.why,
            }
            for trial in ablation.trials
        ],
        "remarks": list(remarks(ablation)),
    }


def ablation_png(ablation: Ablation) -> bytes:
    """Kendall's tau, the gold answers and the rows of kto that change, for every variant, the first on top."""
    rows = [line for line in reversed(lines(ablation)) if not line.why]

    def points(name: str, colour: str, marker: str, scale: float) -> Callable[["Axes"], None]:
        def draw(axes: "Axes") -> None:
            for place, line in enumerate(rows):
                if (figure := line.figures.get(name)) is not None:
                    ends = scale * figure.low, scale * figure.high
                    told = "lowest to highest of the draws" if name == "gold" and figure.low < figure.high else ""
                    axes.hlines(place, *ends, color=colour, linewidth=3, alpha=0.45, label=told)
                    axes.plot(scale * figure.value, place, marker, color=colour, markersize=6, clip_on=False)

        return draw

    def tau(axes: "Axes") -> None:
        named_rows(axes, [line.name for line in rows], "one choice changed")
        points("tau", GREY, "s", 1)(axes)
        axes.set_xlabel("Kendall's tau\nto the recipe")
        axes.set_xlim(min(axes.get_xlim()[0], 0.0), 1.0)

    def gold(axes: "Axes") -> None:
        named_rows(axes, [line.name for line in rows], "")
        points("gold", BLUE, "o", 100)(axes)
        axes.tick_params(labelleft=False)
        axes.set_xlabel("gold answers\nthat change (%)")
        axes.set_xlim(0.0, max(axes.get_xlim()[1], 5.0))

    def kto(axes: "Axes") -> None:
        named_rows(axes, [line.name for line in rows], "")
        left = [0.0] * len(rows)
        shares = (("flipped", "other label", ORANGE), ("new", "new row", SKY), ("gone", "row gone", GREY))
        for name, told, colour in shares:
            wide = [100 * figure.value if (figure := line.figures.get(name)) else 0.0 for line in rows]
            axes.barh(range(len(rows)), wide, left=left, height=0.55, color=colour, label=told)
            left = [start + width for start, width in zip(left, wide, strict=True)]
        axes.tick_params(labelleft=False)
        axes.set_xlabel("rows of kto\n(% of the recipe's)")
        axes.set_xlim(0.0, max(*left, 5.0) * 1.05)

    title = "What changes when one choice of the method is another"
    return panels_png(title, 2.2 + 0.3 * max(len(rows), 2), [tau, gold, kto], share_y=True)


def _say(console: "Console", text: str, style: str = "") -> None:
    console.print(text, style=style, markup=False, highlight=False)
