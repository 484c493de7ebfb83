"""The card's figures, drawn from an arena's manifest and tables. The same arena gives the same bytes."""

from collections.abc import Callable, Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any

from warriorcoder.arena_folder import Row
from warriorcoder.summary import JudgeRow, Step

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FIGURES = ("ratings", "funnel", "judges", "novelty")
"""The figures that the card owns: figures/<name>.png."""

# Okabe and Ito's palette: told apart by every kind of colour vision, and by lightness alone.
BLUE, ORANGE, GREY = "#0072B2", "#E69F00", "#6E6E6E"
WIDTH = 8.0
BINS = 20
DOTS_PER_INCH = 150
STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GREY,
    "axes.titlesize": 12,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
}


def ratings_png(ratings: Sequence[Row], start: float) -> bytes:
    """Elo of every expert, best on top, with the bootstrap's middle 95 % and the value every expert started from."""
    rows = sorted(ratings, key=lambda row: (row["elo"], row["model"]))

    def draw(axes: "Axes") -> None:
        places = range(len(rows))
        low, high = [row["elo_low"] for row in rows], [row["elo_high"] for row in rows]
        axes.hlines(places, low, high, color=BLUE, linewidth=3, alpha=0.45, label="95 % of the bootstrap")
        axes.plot([row["elo"] for row in rows], places, "o", color=BLUE, markersize=8, label="Elo")
        axes.axvline(start, color=GREY, linestyle="--", linewidth=1, zorder=0, label=f"start, {start:g}")
        for place, row in zip(places, rows, strict=True):
            # On white, so that the start line does not strike it out.
            axes.annotate(
                f"{row['elo']:.0f}",
                (row["elo"], place),
                (0, 8),
                textcoords="offset points",
                ha="center",
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
            )
        _names(axes, [row["model"] for row in rows], "expert")
        axes.set_xlabel("Elo (points)")
        axes.margins(x=0.08)
        _legend(axes)

    return _png(len(rows), "Ratings of the experts", draw)


def funnel_png(steps: Sequence[Step]) -> bytes:
    """What every stage kept of what went into it, first stage on top; shares, since stages count different things."""

    def draw(axes: "Axes") -> None:
        places = range(len(steps), 0, -1)
        kept = [100 * step.kept / step.entered if step.entered else 0.0 for step in steps]
        lost = [100 - share if step.entered else 0.0 for step, share in zip(steps, kept, strict=True)]
        axes.barh(places, kept, height=0.6, color=BLUE, label="stays")
        axes.barh(
            places,
            lost,
            left=kept,
            height=0.6,
            color=ORANGE,
            alpha=0.55,
            hatch="//",
            edgecolor="white",
            label="drops out",
        )
        for place, step in zip(places, steps, strict=True):
            _beside(axes, f"{step.kept:,} of {step.entered:,}", (100, place), 6)
        axes.set_yticks(places, [f"{step.stage}: {step.unit}" for step in steps])
        axes.tick_params(axis="y", length=0)
        axes.set_ylabel("stage: what goes in")
        axes.set_xlim(0, 100)
        axes.set_xlabel("share of what went in (%)")
        _legend(axes)

    return _png(len(steps), "What every stage kept", draw)


def judges_png(judges: Sequence[JudgeRow]) -> bytes:
    """Each judge's share of verdicts for the answer shown first; a judge without a verdict for one side is left out."""
    rows = sorted((judge for judge in judges if judge.decisive), key=lambda judge: judge.judge, reverse=True)

    def draw(axes: "Axes") -> None:
        places = range(len(rows))
        shares = [judge.first / judge.decisive for judge in rows]
        axes.hlines(places, 0.5, shares, color=BLUE, linewidth=3, alpha=0.45)
        axes.plot(shares, places, "o", color=BLUE, markersize=9, clip_on=False, label="judge")
        axes.axvline(0.5, color=GREY, linestyle="--", linewidth=1, zorder=0, label="even-handed, 0.5")
        for place, judge in zip(places, rows, strict=True):
            _beside(axes, f"{judge.first:,} of {judge.decisive:,}", (1, place), 14)
        _names(axes, [judge.judge for judge in rows], "judge")
        axes.set_xlim(0, 1)
        axes.set_xticks([0, 0.25, 0.5, 0.75, 1])
        axes.set_xlabel("share of verdicts for the answer shown first (0 to 1, ties left out)")
        _legend(axes)

    return _png(len(rows), "Do the judges favour the answer shown first?", draw)


def novelty_png(among: Sequence[float], known: Sequence[float]) -> bytes:
    """How near the instructions are to others: the highest ROUGE-L F1 of each among themselves, and to known ones.

    Histograms in twentieths; without known ones the second is left out.
    """
    from matplotlib.ticker import MaxNLocator

    def draw(axes: "Axes") -> None:
        edges = [place / BINS for place in range(BINS + 1)]
        # A value that is an edge may come out one bit below it.
        axes.hist([value + 1e-9 for value in among], edges, color=BLUE, alpha=0.7, label="another one of the arena")
        if known:
            outline: dict[str, Any] = {"histtype": "step", "color": ORANGE, "linewidth": 2.5}
            axes.hist([value + 1e-9 for value in known], edges, label="the nearest known instruction", **outline)
        axes.set_xlim(0, 1)
        axes.set_xlabel("highest ROUGE-L F1 with (0 to 1; 1 is the same words in the same order)")
        axes.set_ylabel("instructions")
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
        _legend(axes)

    return _png(4, "How new are the instructions?", draw)


def _beside(axes: "Axes", text: str, point: tuple[float, float], distance: int) -> None:
    """Write right of the axes, `distance` points from a point at their edge."""
    axes.annotate(text, point, (distance, 0), textcoords="offset points", va="center", annotation_clip=False)


def _names(axes: "Axes", names: list[str], label: str) -> None:
    axes.set_yticks(range(len(names)), [name if len(name) <= 28 else name[:27] + "…" for name in names])
    axes.set_ylim(-0.6, len(names) - 0.4)
    axes.set_ylabel(label)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", color="#E5E5E5", linewidth=0.8)
    axes.set_axisbelow(True)


def _legend(axes: "Axes") -> None:
    # Below the axis label: over the data it would hide a point in one arena or another.
    axes.figure.legend(loc="outside lower center", ncols=3, frameon=False, fontsize=10)


def _png(rows: int, title: str, draw: "Callable[[Axes], None]") -> bytes:
    import matplotlib
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    size = (WIDTH, 1.7 + 0.42 * max(rows, 2))
    with matplotlib.rc_context(STYLE):
        layout = ConstrainedLayoutEngine(w_pad=0.1, h_pad=0.1)
        figure = Figure(figsize=size, dpi=DOTS_PER_INCH, layout=layout)
        axes = figure.add_subplot()
        axes.set_title(title)
        draw(axes)
        buffer = BytesIO()
        # Without the software's name, which holds its version and an address.
        figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()
