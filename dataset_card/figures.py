"""The card's figures, drawn from an arena's manifest and tables. The same arena gives the same bytes."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from warriorcoder.arena_folder import ArenaFolder, Row
from warriorcoder.drawing import BLUE, GREY, ORANGE, named_rows, panels_png, rows_height
from warriorcoder.summary import JudgeRow, Step, funnel, judges

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FIGURES = ("ratings", "funnel", "judges", "novelty")
"""The figures that the card owns: figures/<name>.png."""

BINS = 20

NEARNESS = ("rouge_l_self", "rouge_l_max")
"""The columns of `instructions` that say how near another one is."""


def figures_of(
    folder: ArenaFolder, manifest: Mapping[str, Any], start: float, done: list[str], *, dark: bool = False
) -> dict[str, bytes]:
    """The figures for which an arena has numbers, by name. `start` is where ratings begin, `done` the stages run."""
    figures = {}
    if "rate" in done and (ratings := folder.read_table("ratings")):
        figures["ratings"] = ratings_png(ratings, start, dark=dark)
    if "curate" in done:
        rows = folder.read_columns("instructions", list(NEARNESS)).to_pylist()
        near = {column: [row[column] for row in rows if row[column] is not None] for column in NEARNESS}
        if near["rouge_l_self"]:
            figures["novelty"] = novelty_png(near["rouge_l_self"], near["rouge_l_max"], dark=dark)
    if done:
        figures["funnel"] = funnel_png(funnel(manifest["counts"], done), dark=dark)
    if any(judge.decisive for judge in judges(manifest, done)):
        figures["judges"] = judges_png(judges(manifest, done), dark=dark)
    return figures


def ratings_png(ratings: Sequence[Row], start: float, *, dark: bool = False) -> bytes:
    """Elo and Bradley-Terry of every expert, best Elo on top, each with the bootstrap's middle 95 %, and the start."""
    rows = sorted(ratings, key=lambda row: (row["elo"], row["model"]))
    kinds = (("elo", "Elo", BLUE, "o", 0.17), ("bradley_terry", "Bradley-Terry", ORANGE, "s", -0.17))

    def draw(axes: "Axes") -> None:
        for column, name, colour, marker, above in kinds:
            places = [place + above for place in range(len(rows))]
            low, high = [row[f"{column}_low"] for row in rows], [row[f"{column}_high"] for row in rows]
            axes.hlines(places, low, high, color=colour, linewidth=3, alpha=0.45)
            axes.plot([row[column] for row in rows], places, marker, color=colour, markersize=7, label=name)
            for place, row in zip(places, rows, strict=True):
                # On paper, so that the start line does not strike it out.
                axes.annotate(
                    f"{row[column]:.0f}",
                    (row[column], place),
                    (0, 7 if above > 0 else -17),
                    textcoords="offset points",
                    ha="center",
                    fontsize=9,
                    bbox={"facecolor": axes.get_facecolor(), "edgecolor": "none", "pad": 1},
                )
        axes.axvline(start, color=GREY, linestyle="--", linewidth=1, zorder=0, label=f"start, {start:g}")
        named_rows(axes, [row["model"] for row in rows], "expert")
        axes.set_xlabel("points; bars: the middle 95 % of the bootstrap")
        axes.margins(x=0.08)

    # Two lines an expert, with their figures between them.
    return panels_png("Ratings of the experts", rows_height(2 * len(rows)), [draw], dark=dark)


def funnel_png(steps: Sequence[Step], *, dark: bool = False) -> bytes:
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
            edgecolor=axes.get_facecolor(),
            label="drops out",
        )
        for place, step in zip(places, steps, strict=True):
            _beside(axes, f"{step.kept:,} of {step.entered:,}", (100, place), 6)
        axes.set_yticks(places, [f"{step.stage}: {step.unit}" for step in steps])
        axes.tick_params(axis="y", length=0)
        axes.set_ylabel("stage: what goes in")
        axes.set_xlim(0, 100)
        axes.set_xlabel("share of what went in (%)")

    return _png(len(steps), "What every stage kept", draw, dark)


def judges_png(judges: Sequence[JudgeRow], *, dark: bool = False) -> bytes:
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
        named_rows(axes, [judge.judge for judge in rows], "judge")
        axes.set_xlim(0, 1)
        axes.set_xticks([0, 0.25, 0.5, 0.75, 1])
        axes.set_xlabel("share of verdicts for the answer shown first (0 to 1, ties left out)")

    return _png(len(rows), "Do the judges favour the answer shown first?", draw, dark)


def novelty_png(among: Sequence[float], known: Sequence[float], *, dark: bool = False) -> bytes:
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

    return _png(4, "How new are the instructions?", draw, dark)


def _beside(axes: "Axes", text: str, point: tuple[float, float], distance: int) -> None:
    """Write right of the axes, `distance` points from a point at their edge."""
    axes.annotate(text, point, (distance, 0), textcoords="offset points", va="center", annotation_clip=False)


def _png(rows: int, title: str, draw: "Callable[[Axes], None]", dark: bool) -> bytes:
    return panels_png(title, rows_height(rows), [draw], dark=dark)
