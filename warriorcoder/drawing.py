"""How every figure looks and is written: one style, one palette, the same bytes for the same data."""

from collections.abc import Callable, Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe and Ito's palette: told apart by every kind of colour vision, and by lightness alone.
BLUE, ORANGE, GREY = "#0072B2", "#E69F00", "#6E6E6E"
GREEN, PURPLE, SKY = "#009E73", "#CC79A7", "#56B4E9"
WIDTH = 8.0
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
    "grid.color": "#E5E5E5",
}
PAPER, INK, FINE = "#15181E", "#E3E6EA", "#30363F"
DARK: dict[Any, Any] = {
    **dict.fromkeys(("figure.facecolor", "savefig.facecolor", "axes.facecolor"), PAPER),
    **dict.fromkeys(("text.color", "axes.labelcolor", "xtick.color", "ytick.color"), INK),
    "grid.color": FINE,
}
"""What of the style is otherwise on a dark page."""


def panels_png(
    title: str, height: float, panels: Sequence[Callable[["Axes"], None]], *, share_y: bool = False, dark: bool = False
) -> bytes:
    """Axes side by side under one title, `height` inches high; each function draws one of them.

    `dark` is for a dark page: what is drawn takes paper and fine lines from the axes and the style, not as white.
    Labelled artists are named once, in a legend below all of them.
    """
    import matplotlib
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    with matplotlib.rc_context(STYLE | DARK if dark else STYLE):
        layout = ConstrainedLayoutEngine(w_pad=0.1, h_pad=0.1)
        figure = Figure(figsize=(WIDTH, height), dpi=DOTS_PER_INCH, layout=layout)
        row = figure.subplots(1, len(panels), sharey=share_y, squeeze=False)[0]
        if len(panels) > 1:
            figure.suptitle(title, fontsize=12, fontweight="bold", x=0.02, ha="left")
        else:
            row[0].set_title(title)
        for axes, draw in zip(row, panels, strict=True):
            draw(axes)
        every = [axes.get_legend_handles_labels() for axes in row]
        named = {name: artist for artists, names in every for artist, name in zip(artists, names, strict=True)}
        if named:
            # Below the axis label: over the data it would hide a point in one arena or another.
            figure.legend(named.values(), named, loc="outside lower center", ncols=3, frameon=False, fontsize=10)
        buffer = BytesIO()
        # Without the software's name, which holds its version and an address.
        figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()


def named_rows(axes: "Axes", names: Sequence[str], label: str) -> None:
    """One row a name, from the bottom, with a fine line each; long names are cut."""
    axes.set_yticks(range(len(names)), [name if len(name) <= 28 else name[:27] + "…" for name in names])
    axes.set_ylim(-0.6, len(names) - 0.4)
    axes.set_ylabel(label)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", linewidth=0.8)
    axes.set_axisbelow(True)


def rows_height(rows: int) -> float:
    """The height in inches of a figure with so many named rows."""
    return 1.7 + 0.42 * max(rows, 2)
